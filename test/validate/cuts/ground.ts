/**
 * The traces that are cut into: what a driver does of itself on a card in virtual time, with packets, and what
 * it never says to a device: other claims, locks, reservations, statuses, aborts.
 */
import type { Transport } from '../../../src/dma/card-layout.ts';
import { SNAPSHOT_PART_WORDS, SNAPSHOT_WORDS } from '../../../src/i2o/tcp-info.ts';
import { DEVICE_TID, HOST_TID } from '../../../src/i2o/tids.ts';
import type { CardSockets } from '../../../src/osm/user/card-sockets.ts';
import { READABLE, SHUT_WR, SOCK_DGRAM, WRITABLE } from '../../../src/socket/contract.ts';
import { MSG_EOR } from '../../../src/socket/message-flags.ts';
import {
  SO_KEEPALIVE,
  TCP_CONGESTION,
  TCP_CORK,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
} from '../../../src/socket/options.ts';
import { VirtualWorld } from '../../../src/world/virtual/virtual-world.ts';
import { Tape } from '../../conformance/trace-surgery.ts';
import { scatterNumbers, WIDE_SOCKETS } from '../../world/wide-numbers.ts';

const LOOPBACK = 0x7f000001;
const PORT = 7000;
const OTHER_PORT = 7010;
const DATAGRAM_PORT = 7001;
const OTHER_DATAGRAM_PORT = 7002;
const CLOSED_PORT = 7999;
const CLIENT_PORT = 6000;
const ALL_EVENTS = 7;
const STEP_NS = 50e6;
/** No handler of the driver's: it drops the answers. */
const CONTEXT = 77;

/**
 * @param wide sockets have numbers on both sides of 16 bits, and short sends share messages.
 * @returns a whole trace; the driver's half is as a program makes it.
 */
export function cutGround(transport: Transport, wide = false): Tape {
  const tape = new Tape();
  const pools = {
    inboundFrames: 64,
    outboundFrames: 64,
    transmitBuffers: 16,
    transmitBufferBytes: 2048,
    receiveBuckets: 32,
    receiveBucketBytes: 2048,
    immediateSlots: 16,
    ...(wide && { storeBlocks: 256 }),
  };
  const cards = [
    {
      transport,
      pools,
      packetSlots: 128,
      driver: { socketsMax: wide ? WIDE_SOCKETS : 48, batchSends: wide },
    },
  ] as const;
  const world = new VirtualWorld({ cards, traces: [{ sink: tape, snapBytes: 65_535 }] });
  const card = world.cards[0];
  if (wide) scatterNumbers(card);
  let transaction = 1000;
  const raw = (target: number, functionCode: number, ...words: readonly number[]): void => {
    const { requests } = card.host;
    const frame = requests.acquire();
    if (frame < 0) throw new Error('no inbound frame is free');
    transaction += 1;
    const size = 4 + words.length;
    const route = (functionCode << 24) | (HOST_TID << 12) | target;
    requests.words.set([(size << 16) | 1, route, CONTEXT, transaction, ...words], frame);
    requests.post();
    world.run(() => false, STEP_NS);
  };
  const program = new Program(card.stack);
  program.run((socket) => {
    raw(DEVICE_TID, 0x94, socket);
    raw(DEVICE_TID, 0x96, socket, 0);
    raw(DEVICE_TID, 0x96, socket, 1);
    raw(DEVICE_TID, 0x9a, socket);
    raw(DEVICE_TID, 0x9c, socket);
    for (let first = 0; first < SNAPSHOT_WORDS; first += SNAPSHOT_PART_WORDS)
      raw(DEVICE_TID, 0x9e, socket, first);
  });
  // Claims of every kind, a lock, a reservation; each twice, each given back twice.
  raw(DEVICE_TID, 0x0b, 1 << 24);
  for (const type of [2, 1, 4, 2, 3, 2]) raw(DEVICE_TID, 0x09, type << 24);
  for (const functionCode of [0x17, 0x17, 0x0d]) raw(DEVICE_TID, functionCode);
  raw(DEVICE_TID, 0x0b, (2 << 24) | 1);
  for (const functionCode of [0x19, 0x19, 0x0f, 0x0f]) raw(DEVICE_TID, functionCode);
  for (const type of [2, 3, 4, 4, 1]) raw(DEVICE_TID, 0x0b, type << 24);
  for (const code of [0x92, 0x84]) raw(DEVICE_TID, 0x01, (code << 24) | (1 << 16), 0);
  card.host.bringUp.quiesce();
  world.run(() => false, 1e9);
  card.endTrace();
  // The driver did not ask for its buckets back, and does not count them as used.
  const ended = tape
    .frames(1, 0x84, ({ words }) => words[4] !== 0)
    .reduce((sum, { words }) => sum + (words[3] & 0xff), 0);
  (tape.finish!.host as Record<string, number>)['memoryBucketsUsed'] += ended;
  return tape;
}

/** What a program does with sockets: two listeners, several connections at once, datagrams, refusals. */
class Program {
  private readonly stack: CardSockets;
  private readonly bytes = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
  private readonly room = new Uint8Array(30_000);

  constructor(stack: CardSockets) {
    this.stack = stack;
  }

  /** @param status asks the card for the state of a socket. */
  run(status: (socket: number) => void): void {
    const { stack } = this;
    stack.device.registerEvents(ALL_EVENTS);
    const listener = this.listen(PORT);
    const other = this.listen(OTHER_PORT);
    status(listener);
    const pairs = [this.pair(listener, PORT), this.pair(other, OTHER_PORT), this.pair(listener, PORT)];
    for (const [client, server] of pairs) {
      status(client);
      status(server);
    }
    for (const [i, [client, server]] of pairs.entries()) {
      this.move(client, server, 40 + 30 * i);
      this.move(server, client, 7000 + 1000 * i);
      this.move(client, server, 5000);
    }
    const [[client, server], [second, secondServer], [third, thirdServer]] = pairs;
    const idle = stack.socket();
    status(idle);
    stack.close(idle);
    this.bound(listener, status);
    stack.setOption(client, SO_KEEPALIVE, 1);
    stack.setOption(client, TCP_NODELAY, 1);
    stack.getOption(client, SO_KEEPALIVE);
    stack.getOption(second, TCP_NODELAY);
    stack.localEndpoint(client);
    stack.remoteEndpoint(server);
    this.together(pairs);
    stack.device.statistics();
    this.datagrams();
    stack.shutdown(client, SHUT_WR);
    this.until(() => stack.recv(server, this.room, 0, 1) === 0);
    status(client);
    this.move(server, client, 3000);
    stack.close(server);
    this.until(() => stack.recv(client, this.room, 0, 1) === 0);
    stack.wait(40);
    stack.close(client);
    stack.send(second, this.bytes, 0, 3000);
    this.until(() => (stack.readiness(secondServer) & READABLE) !== 0);
    stack.close(secondServer); // unread: an abort, an error at the other end
    stack.wait(20);
    stack.close(second);
    this.laterOptions(listener);
    this.refusals(listener);
    this.move(thirdServer, third, 300);
    stack.close(third);
    this.until(() => stack.recv(thirdServer, this.room, 0, 1) === 0);
    stack.wait(40);
    stack.close(thirdServer);
    stack.wait(20);
    stack.close(listener);
    stack.close(other);
    stack.wait(100);
    stack.device.registerEvents(0);
    stack.wait(100);
  }

  /** What came with version 3 of the class: options, records, and what they have the card tell. */
  private laterOptions(listener: number): void {
    const { stack } = this;
    const [client, server] = this.pair(listener, PORT);
    stack.setOption(client, TCP_CORK, 1);
    stack.send(client, this.bytes, 0, 70);
    stack.setOption(client, TCP_CORK, 0);
    stack.getOption(client, TCP_CORK);
    stack.setOption(client, TCP_CONGESTION, 2);
    stack.setOption(client, TCP_CONGESTION, 99);
    stack.send(client, this.bytes, 0, 80, MSG_EOR);
    stack.send(client, this.bytes, 0, 90, MSG_EOR);
    let read = 0;
    this.until(() => {
      read += Math.max(0, stack.recv(server, this.room, 0, this.room.length));
      return read === 240;
    });
    stack.setOption(client, TCP_NOTSENT_LOWAT, 2048);
    this.move(client, server, 9000);
    this.move(client, server, 3000);
    stack.setOption(client, TCP_NOTSENT_LOWAT, 0);
    stack.close(client);
    this.until(() => stack.recv(server, this.room, 0, 1) === 0);
    stack.close(server);
    stack.wait(20);
  }

  /** All streams at once, different lengths of each. */
  private together(pairs: readonly (readonly [number, number])[]): void {
    const { stack } = this;
    for (let round = 0; round < 3; round++) {
      pairs.forEach(([client], i) => void stack.send(client, this.bytes, 0, 200 + 100 * i + round));
      stack.wait(1);
      for (const [, server] of pairs)
        this.until(() => stack.recv(server, this.room, 0, this.room.length) > 0);
    }
    stack.wait(40);
  }

  /** A client that is bound before it connects. */
  private bound(listener: number, status: (socket: number) => void): void {
    const { stack } = this;
    const client = stack.socket();
    stack.bind(client, LOOPBACK, CLIENT_PORT);
    stack.connect(client, LOOPBACK, PORT);
    this.until(() => (stack.readiness(listener) & READABLE) !== 0);
    const server = stack.accept(listener);
    status(client);
    this.move(client, server, 50);
    stack.close(client);
    this.until(() => stack.recv(server, this.room, 0, 1) === 0);
    stack.close(server);
  }

  private listen(port: number): number {
    const { stack } = this;
    const listener = stack.socket();
    stack.bind(listener, LOOPBACK, port);
    stack.listen(listener, 4);
    return listener;
  }

  private pair(listener: number, port: number): readonly [client: number, server: number] {
    const { stack } = this;
    const client = stack.socket();
    stack.connect(client, LOOPBACK, port);
    this.until(() => (stack.readiness(listener) & READABLE) !== 0);
    const server = stack.accept(listener);
    this.until(() => (stack.readiness(client) & WRITABLE) !== 0);
    return [client, server];
  }

  private move(from: number, to: number, length: number): void {
    const { stack } = this;
    let read = 0;
    let sent = 0;
    this.until(() => {
      if (sent < length) sent += Math.max(0, stack.send(from, this.bytes, 0, length - sent));
      read += Math.max(0, stack.recv(to, this.room, 0, this.room.length));
      return read === length;
    });
    stack.wait(1);
  }

  private datagrams(): void {
    const { stack } = this;
    const asking = stack.socket(SOCK_DGRAM);
    const answering = stack.socket(SOCK_DGRAM);
    const bystander = stack.socket(SOCK_DGRAM);
    stack.bind(answering, LOOPBACK, DATAGRAM_PORT);
    stack.bind(bystander, LOOPBACK, OTHER_DATAGRAM_PORT);
    for (const size of [0, 10, 1000, 1900, 4000]) {
      stack.sendTo(asking, this.bytes, 0, size, LOOPBACK, DATAGRAM_PORT);
      this.until(() => stack.recv(answering, this.room, 0, this.room.length) >= 0);
    }
    stack.sendTo(asking, this.bytes, 0, 77, LOOPBACK, OTHER_DATAGRAM_PORT);
    this.until(() => stack.recv(bystander, this.room, 0, this.room.length) >= 0);
    stack.connect(asking, LOOPBACK, DATAGRAM_PORT);
    stack.send(asking, this.bytes, 0, 100);
    this.until(() => stack.recv(answering, this.room, 0, this.room.length) >= 0);
    for (const socket of [asking, answering, bystander]) stack.close(socket);
  }

  /** What a card must refuse. */
  private refusals(listener: number): void {
    const { stack } = this;
    const taken = stack.socket();
    stack.bind(taken, LOOPBACK, PORT);
    stack.bind(taken, 0x01020304, 0);
    stack.bind(taken, LOOPBACK, 0);
    stack.setOption(taken, 12_345, 1);
    stack.localEndpoint(taken);
    stack.close(taken);
    const nobody = stack.socket();
    stack.connect(nobody, LOOPBACK, CLOSED_PORT);
    stack.wait(20);
    stack.close(nobody);
    const unanswered = stack.socket();
    stack.connect(unanswered, LOOPBACK, PORT);
    stack.close(unanswered);
    stack.wait(20);
    const late = stack.accept(listener);
    if (late >= 0) stack.close(late);
    stack.close(stack.socket());
    stack.wait(20);
  }

  private until(done: () => boolean): void {
    for (let i = 0; i < 60 && !done(); i++) this.stack.wait(20);
  }
}
