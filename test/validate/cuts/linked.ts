/**
 * A trace of a card that is linked to another by a wire that loses packets: what is sent again, ARP, and errors of
 * ICMP about datagrams that nobody is there for.
 */
import { READABLE, SOCK_DGRAM, WRITABLE } from '../../../src/socket/contract.ts';
import { VirtualWorld } from '../../../src/world/virtual/virtual-world.ts';
import { Tape } from '../../conformance/trace-surgery.ts';

const [PORT, UDP_PORT, NOBODY] = [9000, 9001, 9002];
const SEED = 5;
const STREAM_BYTES = 60_000;

/** @returns a whole trace of the card that serves. */
export function linkedGround(): Tape {
  const tape = new Tape();
  const pools = {
    transmitBuffers: 16,
    transmitBufferBytes: 2048,
    receiveBuckets: 32,
    receiveBucketBytes: 2048,
  };
  const card = { pools, packetSlots: 128, driver: { socketsMax: 16 } } as const;
  const world = new VirtualWorld({
    cards: [card, card],
    seed: SEED,
    link: { delayNs: 50_000, lossProbability: 0.06 },
    traces: [{ sink: new Tape() }, { sink: tape, snapBytes: 65_535 }],
  });
  const [{ stack: near }, { stack: far, host, config }] = world.cards;
  const { address } = config.stack;
  const until = (done: () => boolean): void => {
    for (let i = 0; i < 400 && !done(); i++) near.wait(20);
    if (!done()) throw new Error('the linked cards do not get on');
  };
  const listener = far.socket();
  far.bind(listener, address, PORT);
  far.listen(listener, 2);
  const client = near.socket();
  near.connect(client, address, PORT);
  until(() => (far.readiness(listener) & READABLE) !== 0 && (near.readiness(client) & WRITABLE) !== 0);
  const server = far.accept(listener);
  const bytes = Uint8Array.from({ length: STREAM_BYTES }, (_, i) => (i * 13 + (i >> 7)) & 255);
  const room = new Uint8Array(STREAM_BYTES);
  let [sent, read, back, got] = [0, 0, 0, 0];
  until(() => {
    sent += Math.max(0, near.send(client, bytes, sent, STREAM_BYTES - sent));
    back += Math.max(0, far.send(server, bytes, back, STREAM_BYTES - back));
    read += Math.max(0, far.recv(server, room, 0, room.length));
    got += Math.max(0, near.recv(client, room, 0, room.length));
    return read === STREAM_BYTES && got === STREAM_BYTES;
  });
  const [from, to] = [near.socket(SOCK_DGRAM), far.socket(SOCK_DGRAM)];
  far.bind(to, address, UDP_PORT);
  near.wait(20);
  for (let i = 0; i < 6; i++) {
    near.sendTo(from, bytes, 0, 100 + i, address, UDP_PORT);
    near.sendTo(from, bytes, 0, 30, address, NOBODY);
    far.sendTo(to, bytes, 0, 40 + i, world.cards[0].config.stack.address, NOBODY);
    near.wait(2000);
    far.recv(to, room, 0, room.length);
  }
  for (const socket of [client, from]) near.close(socket);
  until(() => far.recv(server, room, 0, room.length) === 0);
  for (const socket of [server, listener, to]) far.close(socket);
  near.wait(5000);
  host.bringUp.quiesce();
  world.run(() => false, 1e9);
  for (const one of world.cards) one.endTrace();
  return tape;
}
