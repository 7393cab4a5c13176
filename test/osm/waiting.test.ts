/**
 * What waits for room, a number, a bucket or a frame goes on once there is one, however the program waits.
 */
import { describe, expect, it } from 'vitest';
import { READABLE } from '../../src/socket/contract.ts';
import { EAGAIN, EMFILE, ENOBUFS } from '../../src/socket/errno.ts';
import { SO_RCVBUF } from '../../src/socket/options.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const ADDRESS = 0x7f000001;
const PORT = 80;
const SECOND_NS = 1e9;

/** One card looped to itself, and calls made from outside its turns. */
class Bench {
  readonly world: VirtualWorld;
  readonly listener: number;
  readonly bytes = new Uint8Array(8192);

  constructor(overrides: CardOverrides, rcvbuf = 0) {
    this.world = new VirtualWorld({ cards: [{ mtu: 1500, ...overrides }] });
    const { stack } = this;
    this.listener = stack.socket();
    if (rcvbuf > 0) expect(stack.setOption(this.listener, SO_RCVBUF, rcvbuf)).toBe(0);
    expect(stack.bind(this.listener, 0, PORT) || stack.listen(this.listener, 64)).toBe(0);
  }

  get host() {
    return this.world.cards[0].host;
  }

  get stack() {
    return this.host.sockets;
  }

  /** The host gets a turn, as after every call of a program, then the world goes on. */
  settle(ns = SECOND_NS): void {
    this.world.cards[0].start({ step: () => 0 });
    this.world.run(() => false, ns);
  }

  connect(): number {
    const socket = this.stack.socket();
    expect(socket).toBeGreaterThanOrEqual(0);
    this.stack.connect(socket, ADDRESS, PORT);
    this.settle();
    return socket;
  }

  accept(): number {
    expect(this.stack.readiness(this.listener) & READABLE).toBe(READABLE);
    return this.stack.accept(this.listener);
  }

  pair(): { client: number; server: number } {
    return { client: this.connect(), server: this.accept() };
  }

  read(socket: number): number {
    let received = 0;
    for (;;) {
      const got = this.stack.recv(socket, this.bytes, 0, 8192);
      if (got > 0) received += got;
      else return received;
    }
  }

  /** Moves `total` bytes by turns of sending and reading. @returns bytes received. */
  move(client: number, server: number, total: number): number {
    let sent = 0;
    let received = 0;
    for (let round = 0; round < 2000 && received < total; round++) {
      if (sent < total)
        sent += Math.max(0, this.stack.send(client, this.bytes, 0, Math.min(8192, total - sent)));
      this.settle(1e6);
      received += this.read(server);
    }
    return received;
  }
}

describe('receive windows', () => {
  it('go on opening at a connection whose listener has a smaller buffer', () => {
    const bench = new Bench({}, 8192);
    const { client, server } = bench.pair();
    expect(bench.move(client, server, 100_000)).toBe(100_000);
  });
});

describe('buckets', () => {
  const pools = { receiveBuckets: 32, receiveBucketBytes: 2048 };

  it('go back to the card that has few, so that slow readers do not stop a fast one', () => {
    const bench = new Bench({ pools });
    for (let i = 0; i < 9; i++) bench.stack.send(bench.pair().client, bench.bytes, 0, 8192);
    bench.settle();
    const { client, server } = bench.pair();
    expect(bench.move(client, server, 50_000)).toBe(50_000);
  });

  it('that are all out do not keep a closed socket from coming home', () => {
    const bench = new Bench({ pools: { ...pools, receiveBuckets: 2 }, driver: { acceptsPosted: 1 } });
    const { client } = bench.pair();
    const other = bench.pair();
    bench.stack.send(client, bench.bytes, 0, 8192);
    bench.settle();
    const before = bench.stack.socketsInUse;
    bench.stack.close(other.client);
    bench.stack.close(other.server);
    bench.settle();
    expect(bench.stack.socketsInUse).toBe(before - 2);
  });
});

describe('inbound frames', () => {
  it('that were missing for a credit are used for it when they come, without any reply', () => {
    const bench = new Bench({ pools: { inboundFrames: 4 } }, 16384);
    const { host, stack } = bench;
    const { client, server } = bench.pair();
    for (let i = 0; i < 2; i++) stack.send(client, bench.bytes, 0, 8192);
    bench.settle();
    // No reply comes of these.
    while (host.requests.framesFree > 0) host.requests.shutdown(host.requests.acquire(), 47, 1);
    expect(bench.read(server)).toBe(16384);
    bench.settle();
    for (let i = 0; i < 2; i++) stack.send(client, bench.bytes, 0, 8192);
    bench.settle();
    expect(bench.read(server)).toBe(16384);
  });

  it('that a close waits for may bring data: its bucket is not lost', () => {
    const bench = new Bench({ pools: { inboundFrames: 4 } });
    const { host, stack } = bench;
    const { client, server } = bench.pair();
    while (stack.send(client, bench.bytes, 0, 2000) > 0) {}
    expect(host.requests.framesFree).toBe(0);
    stack.close(server);
    stack.close(client);
    bench.settle(200 * SECOND_NS);
    expect(host.receive.waiting + host.receive.withCard).toBe(host.receive.count);
  });
});

describe('senders and listeners', () => {
  it('are told of room although the pool is smaller than the low watermark', () => {
    const bench = new Bench({ pools: { transmitBuffers: 16, transmitBufferBytes: 2048 } });
    const { stack } = bench;
    const { client } = bench.pair();
    while (stack.send(client, bench.bytes, 0, 8192) > 0) {}
    while (stack.nextReady() >= 0) {}
    bench.settle();
    const told: number[] = [];
    for (let id = stack.nextReady(); id >= 0; id = stack.nextReady()) told.push(id);
    expect(told).toContain(client);
  });

  it('are told of room that an offered buffer makes when it is given back unsent', () => {
    const bench = new Bench({
      pools: { transmitBuffers: 2, transmitBufferBytes: 2048 },
      driver: { transmitReserve: 0, immediateBytesMax: 0 },
    });
    const { stack } = bench;
    const { client } = bench.pair();
    const offered = [stack.sender.allocate(client), stack.sender.allocate(client)];
    expect(stack.send(client, bench.bytes, 0, 100)).toBe(-EAGAIN);
    while (stack.nextReady() >= 0) {}
    for (const context of offered) expect(stack.sender.releaseAllocated(context)).toBe(0);
    expect(stack.nextReady()).toBe(client);
    expect(stack.send(client, bench.bytes, 0, 100)).toBe(100);
  });

  it('that wait in the call for a buffer get one, however often it takes', () => {
    const bench = new Bench({
      pools: { transmitBuffers: 2, transmitBufferBytes: 2048 },
      driver: {
        transmitReserve: 0,
        immediateBytesMax: 0,
        transmitDryPolicy: 'block',
        sendBufferBytes: 1 << 20,
      },
    });
    const { client, server } = bench.pair();
    let received = 0;
    for (let i = 0; i < 200; i++) {
      expect(bench.stack.send(client, bench.bytes, 0, 2048)).toBe(2048);
      received += bench.read(server);
    }
    bench.settle();
    expect(received + bench.read(server)).toBe(200 * 2048);
  });

  it('that wait in the call to send an answer credit the card at once with what they have read', () => {
    const bench = new Bench({
      pools: { transmitBuffers: 2, transmitBufferBytes: 2048 },
      driver: { transmitReserve: 0, immediateBytesMax: 0, transmitDryPolicy: 'block', controlTimeoutNs: 1e9 },
    });
    const { client, server } = bench.pair();
    const { stack } = bench;
    expect(stack.send(client, bench.bytes, 0, 100)).toBe(100);
    bench.settle();
    const offered = [stack.sender.allocate(client), stack.sender.allocate(client)];
    expect(bench.read(server)).toBe(100);
    const socket = stack['table'].sockets[server];
    expect(socket.creditBytes).toBe(100);
    expect(stack.send(server, bench.bytes, 0, 100)).toBe(-ENOBUFS);
    expect(socket.creditBytes).toBe(0);
    for (const context of offered) expect(stack.sender.releaseAllocated(context)).toBe(0);
  });

  it('that wait in the call are told ENOBUFS when no buffer ever comes', () => {
    const bench = new Bench({
      pools: { transmitBuffers: 1, transmitBufferBytes: 2048 },
      driver: { transmitReserve: 0, immediateBytesMax: 0, transmitDryPolicy: 'block', controlTimeoutNs: 1e9 },
    });
    const { client } = bench.pair();
    const offered = bench.stack.sender.allocate(client);
    expect(bench.stack.send(client, bench.bytes, 0, 100)).toBe(-ENOBUFS);
    expect(bench.stack.sender.releaseAllocated(offered)).toBe(0);
  });

  it('that listen again have the new backlog on the card too', () => {
    const bench = new Bench({ driver: { acceptsPosted: 1 } });
    const { stack } = bench;
    expect(stack.listen(bench.listener, 1)).toBe(0);
    for (let i = 0; i < 8; i++) stack.connect(stack.socket(), ADDRESS, PORT);
    bench.settle(SECOND_NS / 2);
    expect(bench.world.snapshot()[1]['tcpListenOverflows']).toBeGreaterThan(0);
  });

  it('get accepts posted when a number comes free, unasked', () => {
    const bench = new Bench({ driver: { socketsMax: 8, acceptsPosted: 1 } });
    const { stack } = bench;
    const first = bench.pair();
    const second = bench.connect();
    const third = bench.accept();
    // The first of these gets the number that is posted, and none is left for the other.
    const late = [stack.socket(), stack.socket()];
    expect(stack.socket()).toBe(-EMFILE);
    for (const socket of late) stack.connect(socket, ADDRESS, PORT);
    bench.settle();
    expect(bench.accept()).toBeGreaterThanOrEqual(0);
    expect(stack.readiness(bench.listener)).toBe(0);
    for (const socket of [first.client, first.server, second, third]) stack.close(socket);
    bench.settle();
    expect(stack.readiness(bench.listener)).toBe(READABLE);
  });
});

describe('two hosts that wait at once', () => {
  it('are not run within each other’s calls', () => {
    const world = new VirtualWorld({ cards: [{}, {}], doorbellNs: 5000, interruptNs: 5000 });
    let depth = 0;
    let deepest = 0;
    for (const card of world.cards) {
      let calls = 0;
      let inside = 0;
      card.start({
        step() {
          inside += 1;
          depth += 1;
          deepest = Math.max(deepest, inside);
          if (inside === 1 && calls++ < 50) {
            const socket = card.stack.socket();
            expect(card.stack.bind(socket, 0, 0)).toBe(0);
            card.stack.close(socket);
          }
          inside -= 1;
          return calls < 50 ? 1 : 0;
        },
      });
    }
    world.run(() => false, SECOND_NS);
    expect(deepest).toBe(1);
    expect(depth).toBeGreaterThan(99);
  });
});
