/**
 * Seeded storms of readers that read fast, so that their windows grow, and then all stop at once: the store
 * bears what they were promised, a new connection always gets its bytes through, and when they read again
 * every byte is there.
 */

import { describe, expect, it } from 'vitest';
import { EAGAIN } from '../../src/socket/errno.ts';
import { Random } from '../../src/time/random.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { LONG } from '../long.ts';

const ADDRESS = 0x7f000001;
const PORT = 80;
const STEP_NS = 1e6;
const CHUNK = new Uint8Array(8192);

interface Pair {
  readonly client: number;
  readonly server: number;
  sent: number;
  received: number;
}

const byteAt = (pair: number, place: number): number => (pair * 37 + place * 11 + (place >>> 8)) & 0xff;

class Readers {
  readonly world: VirtualWorld;
  readonly pairs: Pair[] = [];
  private readonly listener: number;
  private readonly random: Random;

  constructor(seed: number, socketsMax: number, storeBlocks: number) {
    this.random = new Random(seed);
    this.world = new VirtualWorld({
      cards: [
        {
          mtu: 1500,
          pools: {
            receiveBuckets: 16 + this.random.below(32),
            receiveBucketBytes: 2048,
            transmitBuffers: 2048,
            transmitBufferBytes: 2048,
            storeBlocks,
          },
          driver: { socketsMax, transmitReserve: 256, sendBufferBytes: 1 << 18 },
          stack: { receiveBufferBytes: 1 << 17, receiveWindowBytes: 2048 << this.random.below(2), seed },
        },
      ],
    });
    this.listener = this.stack.socket();
    expect(this.stack.bind(this.listener, 0, PORT) || this.stack.listen(this.listener, 64)).toBe(0);
  }

  get host() {
    return this.world.cards[0].host;
  }

  get stack() {
    return this.host.sockets;
  }

  settle(ns = STEP_NS): void {
    this.world.cards[0].start({ step: () => 0 });
    this.world.run(() => false, ns);
    this.host.receive.check();
  }

  connect(): number {
    const client = this.stack.socket();
    this.stack.connect(client, ADDRESS, PORT);
    let server = -EAGAIN;
    for (let i = 0; server === -EAGAIN && i < 1000; i++) {
      this.settle();
      server = this.stack.accept(this.listener);
    }
    expect(server).toBeGreaterThanOrEqual(0);
    return this.pairs.push({ client, server, sent: 0, received: 0 }) - 1;
  }

  send(index: number): number {
    const pair = this.pairs[index];
    for (let i = 0; i < CHUNK.length; i++) CHUNK[i] = byteAt(index, pair.sent + i);
    const taken = this.stack.send(pair.client, CHUNK, 0, 1 + this.random.below(CHUNK.length));
    expect(taken === -EAGAIN || taken > 0).toBe(true);
    pair.sent += Math.max(0, taken);
    return Math.max(0, taken);
  }

  receive(index: number): number {
    const pair = this.pairs[index];
    const got = this.stack.recv(pair.server, CHUNK, 0, CHUNK.length);
    expect(got === -EAGAIN || got > 0).toBe(true);
    for (let i = 0; i < got; i++) {
      if (CHUNK[i] !== byteAt(index, pair.received + i)) throw new Error(`byte ${pair.received + i}`);
    }
    pair.received += Math.max(0, got);
    return Math.max(0, got);
  }

  /** All send, and those of `reads` read, for some turns. */
  flow(turns: number, reads: (index: number) => boolean): void {
    for (let turn = 0; turn < turns; turn++) {
      for (let i = 0; i < this.pairs.length; i++) {
        this.send(i);
        if (reads(i)) while (this.receive(i) > 0) {}
      }
      this.settle();
    }
  }

  /** Sends until no socket's bytes move any more, and nobody reads. */
  stop(): void {
    for (let idle = 0; idle < 20; idle++) {
      for (let i = 0; i < this.pairs.length; i++) if (this.send(i) > 0) idle = 0;
      this.settle(10 * STEP_NS);
      expect(this.host.receive.spare).toBeGreaterThan(0);
    }
  }

  /** A connection that comes now sends, and is read, as if it were alone. */
  newcomer(bytes: number): void {
    const index = this.connect();
    const pair = this.pairs[index];
    for (let turn = 0; pair.received < bytes; turn++) {
      expect(turn).toBeLessThan(1000);
      if (pair.sent < bytes) this.send(index);
      this.receive(index);
      this.settle();
    }
  }

  drain(): void {
    for (let idle = 0; idle < 200 && this.pairs.some(({ sent, received }) => received < sent); idle++) {
      for (let i = 0; i < this.pairs.length; i++) while (this.receive(i) > 0) idle = 0;
      this.settle(idle < 10 ? STEP_NS : 50 * STEP_NS);
    }
    for (const { sent, received } of this.pairs) expect(received).toBe(sent);
  }

  close(): void {
    for (const { client, server } of this.pairs) {
      this.stack.close(client);
      this.stack.close(server);
    }
    this.settle(200e9);
    const { receive, driver } = this.host;
    expect(receive.spare).toBe(receive.count);
    const windows = driver.credits['windows'];
    expect(windows.free).toBe(windows['totalBytes']);
    expect(this.world.books().lines).toEqual([]);
  }
}

describe('readers that read fast and then all stop', () => {
  it.each([
    [1, 24, 400],
    [5, 12, 2000],
    ...(LONG
      ? [
          [3, 64, 700],
          [4, 90, 1000],
        ]
      : []),
  ])('storm %i: %i readers, %i blocks', (seed, readers, blocks) => {
    const storm = new Readers(seed, 2 * readers + 60, blocks);
    for (let i = 0; i < readers; i++) storm.connect();
    storm.flow(40, () => true);
    storm.stop();
    for (let i = 0; i < 3; i++) storm.newcomer(20_000);
    // A half goes on, and stops again.
    storm.flow(30, (index) => index % 2 === 0);
    storm.stop();
    storm.newcomer(20_000);
    storm.drain();
    storm.close();
  });

  it('grow their windows by what is free, and a credit is counted that finds none', () => {
    const storm = new Readers(9, 100, 800);
    for (let i = 0; i < 40; i++) storm.connect();
    storm.flow(100, () => true);
    expect(storm.host.ledger.snapshot()['receiveWindowsHeld']).toBeGreaterThan(0);
    const { sockets } = storm.stack['table'];
    expect(storm.pairs.every(({ server }) => sockets[server].widenedBytes > 0)).toBe(true);
    storm.drain();
    storm.close();
  });

  it('count none where a window grows by all whole steps of what was read', () => {
    const storm = new Readers(9, 10, 800);
    storm.connect();
    storm.flow(10, () => true);
    const { sockets } = storm.stack['table'];
    expect(sockets[storm.pairs[0].server].widenedBytes).toBeGreaterThan(0);
    expect(storm.host.ledger.snapshot()['receiveWindowsHeld']).toBe(0);
    storm.drain();
    storm.close();
  });
});
