/**
 * A trace of another program: short outbound frames, sends that share messages, aborts, closes with bytes unread,
 * connects that are given up, listeners that overflow and are closed, and in the midst of it a reset of the card,
 * after which it is used again.
 */
import type { Transport } from '../../../src/dma/card-layout.ts';
import { SOCKET_CLASS_ID } from '../../../src/i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../../src/i2o/tids.ts';
import type { CardSockets } from '../../../src/osm/user/card-sockets.ts';
import { READABLE, SHUT_RDWR, SHUT_WR, SOCK_DGRAM, WRITABLE } from '../../../src/socket/contract.ts';
import { errnoName } from '../../../src/socket/errno.ts';
import { SO_LINGER_SECONDS, SO_REUSEADDR, TCP_NODELAY } from '../../../src/socket/options.ts';
import { VirtualWorld } from '../../../src/world/virtual/virtual-world.ts';
import { Tape } from '../../conformance/trace-surgery.ts';

const LOOPBACK = 0x7f000001;
const [PORT, SMALL_PORT, UDP_PORT, NOBODY] = [5000, 5001, 5002, 5999];
const OUTBOUND_WORDS = 20;
const ALL_EVENTS = 7;
/** No handler of the driver's: it drops the answers. */
const CONTEXT = 78;
const STEP_NS = 50e6;

/** @returns a whole trace of two lives of a card. */
export function variedGround(transport: Transport, classVersion: 2 | 3): Tape {
  const tape = new Tape();
  const pools = {
    inboundFrames: 32,
    outboundFrames: 32,
    transmitBuffers: 24,
    transmitBufferBytes: 1024,
    receiveBuckets: 16,
    receiveBucketBytes: 1024,
    immediateSlots: 32,
  };
  const driver = {
    socketsMax: 40,
    outboundFrameWords: OUTBOUND_WORDS,
    batchSends: true,
    classVersion,
  };
  const card = { transport, pools, packetSlots: 96, driver } as const;
  const world = new VirtualWorld({ cards: [card], seed: 11, traces: [{ sink: tape, snapBytes: 65_535 }] });
  const [made] = world.cards;
  let transaction = 5000;
  const raw = (functionCode: number, ...words: readonly number[]): void => {
    const { requests } = made.host;
    const frame = requests.acquire();
    if (frame < 0) throw new Error('no inbound frame is free');
    transaction += 1;
    const route = (functionCode << 24) | (HOST_TID << 12) | DEVICE_TID;
    requests.words.set([((4 + words.length) << 16) | 1, route, CONTEXT, transaction, ...words], frame);
    requests.post();
    world.run(() => false, STEP_NS);
  };
  new VariedProgram(made.stack, raw).run();
  made.host.restartCard(SOCKET_CLASS_ID);
  world.run(() => false, STEP_NS);
  new VariedProgram(made.stack, raw).run();
  made.host.bringUp.quiesce();
  world.run(() => false, 1e9);
  made.endTrace();
  return tape;
}

class VariedProgram {
  private readonly stack: CardSockets;
  private readonly raw: (functionCode: number, ...words: readonly number[]) => void;
  private readonly bytes = Uint8Array.from({ length: 9000 }, (_, i) => (i * 11 + (i >> 7)) & 255);
  private readonly room = new Uint8Array(20_000);

  constructor(stack: CardSockets, raw: (functionCode: number, ...words: readonly number[]) => void) {
    this.stack = stack;
    this.raw = raw;
  }

  run(): void {
    const { stack } = this;
    stack.device.registerEvents(ALL_EVENTS);
    const listener = this.listen(PORT, 8);
    const pairs = Array.from({ length: 5 }, () => this.pair(listener));
    for (const [i, [client, server]] of pairs.entries()) {
      // Short sends, which share messages; then long ones both ways.
      for (let k = 0; k < 4; k++) stack.send(client, this.bytes, k, 20 + i + k);
      stack.wait(20);
      this.read(server, 4 * (20 + i) + 6);
      this.move(client, server, 2500 + 100 * i);
      this.move(server, client, 1500 + 10 * i);
    }
    this.names(listener, pairs[0]);
    this.options(pairs[0][0]);
    this.datagrams();
    this.ends(pairs);
    this.trouble();
    stack.close(listener);
    stack.wait(60);
    stack.device.registerEvents(0);
    stack.wait(60);
  }

  private names(listener: number, [client, server]: readonly [number, number]): void {
    const idle = this.stack.socket();
    for (const socket of [listener, client, server, idle]) {
      this.raw(0x94, socket);
      this.raw(0x96, socket, 0);
      this.raw(0x96, socket, 1);
    }
    this.stack.close(idle);
  }

  private options(socket: number): void {
    for (const option of [SO_REUSEADDR, TCP_NODELAY]) {
      this.stack.setOption(socket, option, 1);
      this.stack.getOption(socket, option);
    }
    this.raw(0x92, socket, 12_345);
    this.raw(0x93, socket, 12_345, 1);
  }

  /** Every way a stream ends. */
  private ends(pairs: readonly (readonly [number, number])[]): void {
    const { stack } = this;
    const [[a, aPeer], [b, bPeer], [c, cPeer], [d, dPeer], [e, ePeer]] = pairs;
    stack.shutdown(a, SHUT_WR);
    this.until(() => stack.recv(aPeer, this.room, 0, 1) === 0);
    this.move(aPeer, a, 700);
    stack.close(aPeer);
    this.until(() => stack.recv(a, this.room, 0, 1) === 0);
    stack.close(a);
    stack.setOption(b, SO_LINGER_SECONDS, 0);
    stack.close(b); // a reset
    stack.wait(40);
    stack.close(bPeer);
    stack.send(c, this.bytes, 0, 900);
    this.until(() => (stack.readiness(cPeer) & READABLE) !== 0);
    stack.close(cPeer); // bytes unread: a reset, too
    stack.wait(40);
    stack.close(c);
    stack.shutdown(d, SHUT_RDWR);
    stack.wait(40);
    stack.close(dPeer);
    stack.close(d);
    stack.close(e);
    stack.close(ePeer);
    stack.wait(60);
  }

  /** Refusals, a connect that is given up, a listener that is full and goes. */
  private trouble(): void {
    const { stack } = this;
    const small = this.listen(SMALL_PORT, 1);
    const waiting = Array.from({ length: 4 }, () => {
      const socket = stack.socket();
      stack.connect(socket, LOOPBACK, SMALL_PORT);
      return socket;
    });
    stack.wait(40);
    stack.close(small);
    stack.wait(40);
    for (const socket of waiting) stack.close(socket);
    const refused = stack.socket();
    stack.connect(refused, LOOPBACK, NOBODY);
    stack.wait(20);
    stack.close(refused);
    const given = stack.socket();
    stack.connect(given, LOOPBACK, PORT);
    stack.close(given);
    stack.wait(40);
    const twice = [stack.socket(), stack.socket()];
    for (const socket of twice) stack.bind(socket, LOOPBACK, SMALL_PORT + 100);
    for (const socket of twice) stack.close(socket);
    stack.wait(40);
  }

  private datagrams(): void {
    const { stack } = this;
    const [from, to, other] = [0, 1, 2].map(() => stack.socket(SOCK_DGRAM));
    stack.bind(to, LOOPBACK, UDP_PORT);
    stack.bind(other, LOOPBACK, 0);
    for (const size of [0, 5, 90, 400, 1000, 3000]) {
      stack.sendTo(from, this.bytes, 0, size, LOOPBACK, UDP_PORT);
      this.until(() => stack.recv(to, this.room, 0, this.room.length) >= 0);
    }
    stack.connect(other, LOOPBACK, UDP_PORT);
    for (const size of [7, 600]) {
      stack.send(other, this.bytes, 0, size);
      this.until(() => stack.recv(to, this.room, 0, this.room.length) >= 0);
    }
    stack.sendTo(from, this.bytes, 0, 30, LOOPBACK, NOBODY);
    stack.wait(20);
    for (const socket of [from, to, other]) stack.close(socket);
    stack.wait(20);
  }

  private listen(port: number, backlog: number): number {
    const { stack } = this;
    const listener = stack.socket();
    stack.setOption(listener, SO_REUSEADDR, 1);
    stack.bind(listener, LOOPBACK, port);
    stack.listen(listener, backlog);
    return listener;
  }

  private pair(listener: number): readonly [client: number, server: number] {
    const { stack } = this;
    const client = stack.socket();
    stack.connect(client, LOOPBACK, PORT);
    this.until(() => (stack.readiness(listener) & READABLE) !== 0);
    const server = stack.accept(listener);
    if (server < 0) throw new Error(`accept: ${errnoName(server)}`);
    this.until(() => (stack.readiness(client) & WRITABLE) !== 0);
    return [client, server];
  }

  private read(socket: number, length: number): void {
    let read = 0;
    this.until(() => {
      read += Math.max(0, this.stack.recv(socket, this.room, 0, this.room.length));
      return read >= length;
    });
  }

  private move(from: number, to: number, length: number): void {
    const { stack } = this;
    let [read, sent] = [0, 0];
    this.until(() => {
      if (sent < length) sent += Math.max(0, stack.send(from, this.bytes, 0, length - sent));
      read += Math.max(0, stack.recv(to, this.room, 0, this.room.length));
      return read === length;
    });
  }

  private until(done: () => boolean): void {
    for (let i = 0; i < 80 && !done(); i++) this.stack.wait(20);
  }
}
