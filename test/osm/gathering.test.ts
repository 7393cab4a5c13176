/** Small sends of a socket of which the card has many already go together, and nothing else changes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SHUT_WR } from '../../src/socket/contract.ts';
import { EAGAIN } from '../../src/socket/errno.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const ADDRESS = 0x7f000001;
const SECOND_NS = 1e9;

class Bench {
  readonly world: VirtualWorld;
  readonly client: number;
  readonly server: number;
  readonly got: number[] = [];
  private readonly bytes = new Uint8Array(65_536);

  constructor(overrides: CardOverrides = {}) {
    this.world = new VirtualWorld({ cards: [{ mtu: 1500, ...overrides }] });
    const { stack } = this;
    const listener = stack.socket();
    expect(stack.bind(listener, 0, 80) || stack.listen(listener, 8)).toBe(0);
    this.client = stack.socket();
    stack.connect(this.client, ADDRESS, 80);
    this.settle();
    this.server = stack.accept(listener);
    expect(this.server).toBeGreaterThanOrEqual(0);
  }

  get host() {
    return this.world.cards[0].host;
  }

  get stack() {
    return this.host.sockets;
  }

  counter(name: string): number {
    return this.world.snapshot()[0][name] ?? 0;
  }

  settle(ns = SECOND_NS): void {
    this.world.cards[0].start({ step: () => 0 });
    this.world.run(() => false, ns);
  }

  /** Reads what has come. @returns whether the end of the stream has. */
  read(): boolean {
    for (;;) {
      const count = this.stack.recv(this.server, this.bytes, 0, this.bytes.length);
      if (count <= 0) return count === 0;
      for (let i = 0; i < count; i++) this.got.push(this.bytes[i]);
    }
  }
}

describe('a thousand small sends in one turn', () => {
  it('take few buffers and few messages, and arrive as they were sent', () => {
    const bench = new Bench();
    const before = bench.counter('inboundPosted');
    for (let i = 0; i < 1000; i++) {
      expect(bench.stack.send(bench.client, Uint8Array.of(i, i >> 8, 3, 4, 5), 0, 5)).toBe(5);
    }
    expect(bench.host.transmit.inUse).toBeLessThan(20);
    bench.settle();
    expect(bench.counter('inboundPosted') - before).toBeLessThan(40);
    expect(bench.counter('sendsGathered')).toBeGreaterThan(950);
    bench.read();
    expect(bench.got.length).toBe(5000);
    for (let i = 0; i < 1000; i++) expect(bench.got[5 * i] | (bench.got[5 * i + 1] << 8)).toBe(i);
    expect(bench.host.transmit.inUse).toBe(0);
  });

  it('go one by one to a card of class version 1', () => {
    const bench = new Bench({ classVersion: 1 });
    for (let i = 0; i < 200; i++) bench.stack.send(bench.client, Uint8Array.of(i), 0, 1);
    bench.settle();
    bench.read();
    expect(bench.got).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(bench.counter('sendsGathered')).toBe(0);
  });

  it('that wait go before a shutdown, and before what the program has filled itself', () => {
    const bench = new Bench();
    const { stack, client } = bench;
    for (let i = 0; i < 100; i++) stack.send(client, Uint8Array.of(i), 0, 1);
    const context = stack.sender.allocate(client);
    bench.world.region.bytes[stack.sender.addressOf(context)] = 100;
    expect(stack.sender.sendAllocated(client, context, 1)).toBe(1);
    for (let i = 101; i < 150; i++) stack.send(client, Uint8Array.of(i), 0, 1);
    expect(stack.shutdown(client, SHUT_WR)).toBe(0);
    bench.settle();
    expect(bench.read()).toBe(true);
    expect(bench.got).toEqual(Array.from({ length: 150 }, (_, i) => i));
  });
});

describe('sends of any sizes, with any pools', () => {
  it('arrive whole and in order', () => {
    const size = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 96 }) },
      { weight: 2, arbitrary: fc.integer({ min: 97, max: 2048 }) },
      { weight: 1, arbitrary: fc.integer({ min: 2049, max: 20_000 }) },
    );
    const pools = fc.record({
      transmitBuffers: fc.integer({ min: 1, max: 64 }),
      transmitBufferBytes: fc.constantFrom(64, 512, 4096),
      immediateSlots: fc.integer({ min: 1, max: 64 }),
    });
    const sizes = fc.array(size, { minLength: 1, maxLength: 150 });
    fc.assert(
      fc.property(pools, sizes, fc.boolean(), (sized, lengths, batchSends) => {
        const bench = new Bench({ pools: sized, driver: { transmitReserve: 1, batchSends } });
        const { stack, client } = bench;
        const sent: number[] = [];
        for (const length of lengths) {
          const bytes = Uint8Array.from({ length }, (_, i) => (sent.length + i * 7) & 0xff);
          for (let at = 0, round = 0; at < length; round++) {
            expect(round).toBeLessThan(10_000);
            const taken = stack.send(client, bytes, at, length - at);
            if (taken < 0) {
              expect(taken).toBe(-EAGAIN);
              bench.settle(1e6);
              bench.read();
            } else at += taken;
          }
          for (const byte of bytes) sent.push(byte);
        }
        expect(stack.shutdown(client, SHUT_WR)).toBe(0);
        for (let round = 0; !bench.read(); round++) {
          expect(round).toBeLessThan(1000);
          bench.settle(SECOND_NS / 10);
        }
        expect(Buffer.from(bench.got).equals(Buffer.from(sent))).toBe(true);
        bench.settle();
        expect(bench.host.transmit.inUse).toBe(0);
      }),
      { numRuns: 10 },
    );
  });
});
