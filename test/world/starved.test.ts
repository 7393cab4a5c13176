/**
 * Seeded storms on a card with far fewer buckets and buffers than sockets, where some readers rest for ever:
 * every other connection's bytes arrive in full and in order, and at the end the books balance.
 */
import { describe, expect, it } from 'vitest';
import { EAGAIN } from '../../src/socket/errno.ts';
import { Random } from '../../src/time/random.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const ADDRESS = 0x7f000001;
const PORT = 80;
const SECOND_NS = 1e9;
const STEP_NS = 2e6;
/** Turns without a byte moved after which a storm has stopped. */
const TURNS_IDLE = 1000;

/** One connection: what was sent, what was read, and whether its reader ever reads. */
interface Pair {
  readonly client: number;
  readonly server: number;
  readonly rests: boolean;
  readonly total: number;
  sent: number;
  received: number;
}

/** The byte at a place of a connection's stream. */
const byteAt = (pair: number, place: number): number => (pair * 31 + place * 7 + (place >>> 8)) & 0xff;

class Storm {
  readonly world: VirtualWorld;
  readonly pairs: Pair[] = [];
  private readonly random: Random;
  private readonly bytes = new Uint8Array(20_000);

  constructor(seed: number, sockets: number, resting: number, buckets: number, buffers: number) {
    this.random = new Random(seed);
    const { random } = this;
    this.world = new VirtualWorld({
      cards: [
        {
          mtu: 1500,
          pools: {
            receiveBuckets: buckets,
            receiveBucketBytes: 2048,
            transmitBuffers: buffers,
            transmitBufferBytes: 2048,
          },
          driver: { socketsMax: 2 * sockets + 8, acceptsPosted: 2, sendBufferBytes: 1 << 16 },
          stack: { receiveBufferBytes: 1 << 16, receiveWindowBytes: 2048 << random.below(2), seed },
        },
      ],
    });
    const { stack } = this;
    const listener = stack.socket();
    expect(stack.bind(listener, 0, PORT) || stack.listen(listener, 64)).toBe(0);
    for (let i = 0; i < sockets; i++) {
      const client = stack.socket();
      stack.connect(client, ADDRESS, PORT);
      this.settle(SECOND_NS / 10);
      const server = stack.accept(listener);
      expect(server).toBeGreaterThanOrEqual(0);
      const total = 1 + random.below(12_000);
      this.pairs.push({ client, server, rests: i < resting, total, sent: 0, received: 0 });
    }
  }

  get host() {
    return this.world.cards[0].host;
  }

  get stack() {
    return this.host.sockets;
  }

  settle(ns: number): void {
    this.world.cards[0].start({ step: () => 0 });
    this.world.run(() => false, ns);
  }

  /** Sends a piece of a connection's bytes. @returns bytes taken. */
  send(index: number): number {
    const pair = this.pairs[index];
    const length = Math.min(pair.total - pair.sent, 1 + this.random.below(8000));
    if (length === 0) return 0;
    for (let i = 0; i < length; i++) this.bytes[i] = byteAt(index, pair.sent + i);
    const taken = this.stack.send(pair.client, this.bytes, 0, length);
    expect(taken === -EAGAIN || taken > 0).toBe(true);
    if (taken > 0) pair.sent += taken;
    return Math.max(0, taken);
  }

  /** Reads some of what has come. @returns bytes. */
  receive(index: number): number {
    const pair = this.pairs[index];
    const got = this.stack.recv(pair.server, this.bytes, 0, 1 + this.random.below(20_000));
    expect(got === -EAGAIN || got > 0).toBe(true);
    for (let i = 0; i < got; i++) {
      if (this.bytes[i] !== byteAt(index, pair.received + i)) {
        throw new Error(`connection ${index} has another byte at ${pair.received + i}`);
      }
    }
    if (got > 0) pair.received += got;
    return Math.max(0, got);
  }

  /** Runs until everything that is read has arrived, or nothing moves any more. */
  run(reads: (pair: Pair) => boolean): void {
    for (let idle = 0; idle < TURNS_IDLE && this.pairs.some((pair) => reads(pair) && left(pair)); idle++) {
      for (let i = 0; i < this.pairs.length; i++) {
        if (this.send(i) > 0) idle = 0;
        if (reads(this.pairs[i]) && this.receive(i) > 0) idle = 0;
      }
      this.settle(STEP_NS);
      this.host.receive.check();
      this.host.transmit.check();
    }
    for (const pair of this.pairs.filter(reads)) expect(pair.received).toBe(pair.total);
  }

  /** Closes all sockets and looks whether everything is back. */
  close(): void {
    for (const { client, server } of this.pairs) {
      this.stack.close(client);
      this.stack.close(server);
    }
    this.settle(200 * SECOND_NS);
    const { receive, transmit } = this.host;
    expect(transmit.inUse).toBe(0);
    expect(receive.spare).toBe(receive.count);
    receive.check();
    expect(receive.blocksFree).toBe(receive.next.length - receive.count);
    const { balanced, lines } = this.world.books();
    expect(lines).toEqual([]);
    expect(balanced).toBe(true);
  }
}

const left = ({ received, total }: Pair): boolean => received < total;

describe('a card with fewer buckets and buffers than sockets', () => {
  it.each([
    [1, 40, 20, 4, 4],
    [2, 40, 36, 4, 4],
    [3, 24, 12, 1, 2],
    [4, 30, 29, 2, 1],
    [5, 40, 10, 16, 8],
    [6, 12, 0, 1, 1],
  ])(
    'storm %i: %i connections, %i readers at rest, %i buckets, %i buffers',
    (seed, sockets, resting, b, t) => {
      const storm = new Storm(seed, sockets, resting, b, t);
      storm.run(({ rests }) => !rests);
      // Then those at rest wake up, and find every byte.
      storm.run(() => true);
      storm.close();
    },
  );
});
