/**
 * A trace with something of every message, on a card in virtual time, from bring-up to quiesce: what
 * surgeries are done on. The driver's own traffic first, streams and datagrams; then the messages it never
 * sends, as the vectors have them.
 */

import type { Transport } from '../../src/dma/card-layout.ts';
import { FLAG_MULTIPLE } from '../../src/i2o/frame.ts';
import { REPLY_MODE_BATCH, writeSocketSend } from '../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import { READABLE, SHUT_WR, SOCK_DGRAM, WRITABLE } from '../../src/socket/contract.ts';
import { SO_KEEPALIVE } from '../../src/socket/options.ts';
import type { VirtualCard } from '../../src/world/virtual/virtual-card.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { Tape } from './trace-surgery.ts';
import { type Vector, vectorFile, wordsOf } from './vectors.ts';

const LOOPBACK = 0x7f000001;
const PORT = 7000;
const BYTES = new Uint8Array(20_000).fill(66);
const ROOM = new Uint8Array(30_000);
/** No handler of the driver's: it drops the answers. */
export const CONTEXT = 77;
const BATCH_BYTES = 4;
const STEP_NS = 50e6;
/** Control buffers of the vectors lie so far apart. */
const CONTROL_STRIDE = 1280;
const ALL_EVENTS = 7;
/** Messages that take from the driver what it needs, or that its own traffic has already. */
const LEFT_OUT = new RegExp(
  'Exec(OutboundInit|IopReset|IopClear|SysTabSet|SysModify|SysQuiesce|StaticMf|Path|Ddm)' +
    '|UtilReplyFaultNotify|PrivateEcho',
);
const EXEC_DDM_SUSPEND = 'ExecDdmSuspend';
const EXEC_DDM_ENABLE = 'ExecDdmEnable';

/** @returns the trace, whole. */
export function grandTour(transport: Transport): Tape {
  const tape = new Tape();
  const pools = {
    inboundFrames: 32,
    outboundFrames: 32,
    transmitBuffers: 16,
    transmitBufferBytes: 2048,
    receiveBuckets: 32,
    receiveBucketBytes: 2048,
    immediateSlots: 16,
  };
  const cards = [{ transport, pools, mtu: 65535, packetSlots: 128, driver: { socketsMax: 64 } }] as const;
  const world = new VirtualWorld({ cards, traces: [{ sink: tape, snapBytes: 65_535 }] });
  const card = world.cards[0];
  const { control } = tape.start!.memory;
  const send = (vector: Vector): void => {
    post(card, vector, control.offset);
    world.run(() => false, STEP_NS);
  };
  drive(card, (socket) => {
    // The last two slots: the driver takes the first of those that are free.
    const { transmit, immediate } = tape.start!.memory;
    const slots = transmit.count + immediate.count - 2;
    card.host.requests.words.set(batch(socket, slots), acquire(card));
    card.host.requests.post();
    world.run(() => false, STEP_NS);
  });
  const typical = ['utility.json', 'executive.json', 'socket.json'].flatMap((file) =>
    vectorFile(file).vectors.filter(({ id }) => id.endsWith('/request/typical')),
  );
  const named = (name: string): Vector => typical.find(({ message }) => message === name)!;
  for (const vector of typical) {
    if (!vector.message.startsWith('Socket') && !LEFT_OUT.test(vector.message)) send(vector);
  }
  send(named('SocketCreate'));
  for (const name of ['SocketOptionGet', 'SocketNameGet', 'SocketStatusGet']) send(named(name));
  // What is sent to a suspended device is not delivered: a failure, its frame preserved.
  send(named(EXEC_DDM_SUSPEND));
  send(named('SocketOptionGet'));
  send(named(EXEC_DDM_ENABLE));
  send(named('SocketClose'));
  card.host.bringUp.quiesce();
  world.run(() => false, 1e9);
  card.endTrace();
  // The batch was not the driver's: its books do not have it.
  const host = tape.finish!.host as Record<string, number>;
  for (const counter of ['bytesSent', 'immediateCopiesBytes']) host[counter] += 2 * BATCH_BYTES;
  host['memoryTransmitReturned'] += 2;
  host['memoryTransmitTaken'] += 2;
  return tape;
}

/** What the driver sends of itself. */
function drive({ stack }: VirtualCard, batched: (socket: number) => void): void {
  const until = (done: () => boolean): void => {
    for (let i = 0; i < 40 && !done(); i++) stack.wait(20);
  };
  stack.device.registerEvents(ALL_EVENTS);
  const listener = stack.socket();
  stack.bind(listener, LOOPBACK, PORT);
  stack.listen(listener, 4);
  const pair = (): [number, number] => {
    const client = stack.socket();
    stack.connect(client, LOOPBACK, PORT);
    until(() => (stack.readiness(listener) & READABLE) !== 0);
    const server = stack.accept(listener);
    until(() => (stack.readiness(client) & WRITABLE) !== 0);
    return [client, server];
  };
  const move = (from: number, to: number, length: number): void => {
    let read = 0;
    let sent = 0;
    until(() => {
      if (sent < length) sent += Math.max(0, stack.send(from, BYTES, 0, length - sent));
      read += Math.max(0, stack.recv(to, ROOM, 0, ROOM.length));
      return read === length;
    });
  };
  const [client, server] = pair();
  move(client, server, 40);
  move(server, client, 12_000);
  stack.setOption(client, SO_KEEPALIVE, 1);
  stack.getOption(client, SO_KEEPALIVE);
  stack.localEndpoint(client);
  stack.remoteEndpoint(server);
  stack.shutdown(client, SHUT_WR);
  until(() => stack.recv(server, ROOM, 0, 1) === 0);
  move(server, client, 3000);
  stack.close(server);
  until(() => stack.recv(client, ROOM, 0, 1) === 0);
  stack.close(client);
  const [other, otherServer] = pair();
  // What the card still holds back must come home first: the driver drops what comes with the batch's answer.
  stack.wait(20);
  batched(other);
  stack.send(other, BYTES, 0, 3000);
  until(() => (stack.readiness(otherServer) & READABLE) !== 0);
  stack.close(otherServer); // unread: an abort, an error at the other end
  stack.wait(20);
  stack.close(other);
  const asking = stack.socket(SOCK_DGRAM);
  const answering = stack.socket(SOCK_DGRAM);
  stack.bind(answering, LOOPBACK, PORT);
  for (const size of [0, 10, 1500]) {
    stack.sendTo(asking, BYTES, 0, size, LOOPBACK, PORT);
    until(() => stack.recv(answering, ROOM, 0, ROOM.length) >= 0);
  }
  stack.connect(asking, LOOPBACK, PORT);
  stack.send(asking, BYTES, 0, 100);
  until(() => stack.recv(answering, ROOM, 0, ROOM.length) >= 0);
  stack.close(asking);
  stack.close(answering);
  stack.close(listener);
  stack.device.statistics();
  stack.wait(100);
  stack.device.registerEvents(0);
  stack.wait(100);
}

/** Posts a vector's frame as the host. @param control where the control area is. */
function post(card: VirtualCard, vector: Vector, control: number): void {
  const { requests } = card.host;
  const frame = acquire(card);
  const words = wordsOf(vector);
  for (const place of vector.places ?? []) words[place.word] = control + place.number * CONTROL_STRIDE;
  words[2] = CONTEXT;
  if (/Ddm/.test(vector.message)) words[4] = DEVICE_TID;
  requests.words.set(words, frame);
  requests.post();
}

function acquire({ host }: VirtualCard): number {
  const frame = host.requests.acquire();
  if (frame < 0) throw new Error('no inbound frame is free');
  return frame;
}

/** Two transactions of a batched send. @param slot of card memory. */
function batch(socket: number, slot: number): Int32Array {
  const words = new Int32Array(16);
  writeSocketSend(words, 0, DEVICE_TID, HOST_TID, CONTEXT, 5, 0, REPLY_MODE_BATCH, 0, 0, 0, 16);
  words[0] = words[0] | (FLAG_MULTIPLE << 8);
  for (let i = 0; i < 2; i++) {
    const immediate = (i === 0 ? 0x4c000000 : 0xcc000000) | BATCH_BYTES;
    words.set([0x70010000 | socket, 101 + i, immediate, slot + i, 65 + i], 6 + 5 * i);
  }
  return words;
}
