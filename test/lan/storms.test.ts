/**
 * Random requests at a port, good and bad, while its device takes packets or takes none: each context
 * comes back exactly once where its mode asks for it, each bucket exactly once, and no
 * more than was lent is ever told of.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as lan from '../../src/i2o/lan.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { LONG } from '../long.ts';
import { contexts, filled, PortBed } from './bed.ts';

const BUCKETS = 32;
const BUFFERS = 8;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      packets: fc.array(
        fc.record({
          bytes: fc.constantFrom(13, 14, 60, 300, 1514, 1515),
          cut: fc.integer({ min: 0, max: 3 }),
          to: fc.boolean(),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      mode: fc.nat(3),
      control: fc.constantFrom(0, 0x20, 0x40),
      bad: fc.nat(9),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('lend' as const),
      count: fc.integer({ min: 1, max: 9 }),
      bytes: fc.constantFrom(64, 1536),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('end' as const), suspend: fc.boolean(), resources: fc.nat(3) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('abort' as const),
      type: fc.nat(7),
      code: fc.constantFrom(0x3b, 0x3e),
      context: fc.nat(60),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      field: fc.constantFrom(0, 5, 6, 7, 8),
      value: fc.nat(9),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time' as const), us: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('block' as const), open: fc.boolean() }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A host that keeps account of what the card has. */
class Account {
  readonly bed = new PortBed({ packetSlots: BUCKETS });
  private readonly packets = new Map<number, number>();
  private readonly freeBuckets = Array.from({ length: BUCKETS }, (_, i) => i);
  private readonly withCard = new Set<number>();
  private context = 1000;
  private readonly claim = this.bed.module['device'].claim;

  take(one: Step): void {
    const { bed } = this;
    switch (one.kind) {
      case 'send':
        this.send(one);
        break;
      case 'lend':
        this.lend(one.count, one.bytes);
        break;
      case 'end':
        this.read(bed.end(one.suspend ? lan.LAN_SUSPEND : lan.LAN_RESET, one.resources));
        break;
      case 'abort':
        this.read(
          bed.send(util.UTIL_ABORT, [(one.type << 16) | (one.code << 24), 1000 + one.context], DEVICE_TID),
        );
        break;
      case 'batch':
        this.set(one.field, one.value);
        break;
      case 'time':
        bed.clock.set(bed.clock.nowNs + one.us * 1000);
        break;
      case 'block':
        bed.module['device'].claim = one.open ? this.claim : () => -1;
        break;
    }
    this.read(bed.run());
  }

  private send({ packets, mode, control, bad }: Extract<Step, { kind: 'send' }>): void {
    const { bed } = this;
    const list = packets.map(({ bytes, cut, to }, i): [number, [number, number][]] => {
      const at = bed.out(i % BUFFERS);
      bed.frame(at, Math.min(Math.max(bytes, 64), 1514), to ? bed.mac : [2, 9, 9, 9, 9, 9]);
      const first = cut === 0 ? bytes : Math.min(bytes - 1, cut * 5);
      this.context += 1;
      const rest: [number, number][] = first === bytes ? [] : [[at + first, bytes - first]];
      return [this.context, [[at, first], ...rest]];
    });
    const words = bed.list(list);
    const refused = bad === 0;
    if (refused) words[words.length - 1] = 4;
    for (const [context] of list) if (!refused) this.packets.set(context, mode);
    const replies = bed.sendList(words, mode, control);
    // A request that is refused has a reply without MULTIPLE, and nothing of it is the card's.
    const single = replies.filter((reply) => reply[1] >>> 24 === 0x3b && (reply[0] & 0x1000) === 0);
    expect(single.length).toBeLessThanOrEqual(1);
    if (refused) expect(single).toHaveLength(1);
    if (single.length === 1) for (const [context] of list) this.packets.delete(context);
    this.read(replies);
  }

  private lend(count: number, bytes: number): void {
    const { bed, withCard, freeBuckets } = this;
    const numbers = freeBuckets.splice(0, count);
    if (numbers.length === 0) return;
    for (const number of numbers) withCard.add(100 + number);
    const replies = bed.lend(numbers, bytes);
    const single = replies.filter((reply) => reply[1] >>> 24 === 0x3e && (reply[0] & 0x1000) === 0);
    if (single.length === 1) {
      for (const number of numbers) withCard.delete(100 + number);
      freeBuckets.push(...numbers);
    }
    this.read(replies);
  }

  private set(field: number, value: number): void {
    const { bed } = this;
    const words = [1, 6 | (3 << 16), 1 | (field << 16), value];
    bed.words.set(words, (bed.control + 2048) >> 2);
    this.read(
      bed.ask((frame, at) => {
        util.writeUtilParamsSet(frame, at, DEVICE_TID, HOST_TID, 0, 0, 9);
        frame.set([0x54000010, bed.control + 2048, 0xd0000100, bed.control + 3072], at + 5);
      }),
    );
  }

  /** What came back was lent, and comes once. */
  read(replies: readonly Int32Array[]): void {
    for (const [context] of contexts(replies)) expect(this.packets.delete(context)).toBe(true);
    for (const { context, length, offset } of filled(replies)) {
      expect(this.withCard.delete(context)).toBe(true);
      expect(offset + length).toBeLessThanOrEqual(this.bed.bucketBytes);
      this.freeBuckets.push(context - 100);
    }
  }

  /** Everything comes home, but for what was to come back only if it failed. */
  close(): void {
    this.bed.module['device'].claim = this.claim;
    this.read(this.bed.end(lan.LAN_RESET, 0));
    for (let i = 0; i < 4; i++) {
      this.bed.clock.set(this.bed.clock.nowNs + 2e9);
      this.read(this.bed.run());
    }
    this.read(this.bed.end(lan.LAN_RESET, 3));
    expect([...this.packets.values()].filter((mode) => mode < 2)).toEqual([]);
    expect(this.withCard.size).toBe(0);
    const { lanBucketsPosted, lanBucketsReturned, lanPlacements } = this.bed.ledger.snapshot();
    expect(lanBucketsPosted).toBe(lanBucketsReturned + lanPlacements);
    expect(this.bed.parts.packets.available).toBe(BUCKETS - this.bed.parts.packetsInDevice);
  }
}

it('a storm of requests leaves nothing behind', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const account = new Account();
      for (const one of steps) account.take(one);
      account.close();
    }),
    { numRuns: LONG ? 3000 : 60 },
  );
});
