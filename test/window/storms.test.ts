/**
 * Random requests at a card with the TCP window, good and bad, while its device takes packets or takes none:
 * what the card holds is what an account of the host's says, each context comes back once, and every request
 * is taken whole or refused whole.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import * as spec from '../../src/i2o/window.gen.ts';
import { LONG } from '../long.ts';
import { ALL, contexts, type Frame, frames, HEADERS, type Piece, single, WindowBed } from './bed.ts';

/** The window is used in stretches of so many bytes, so that requests meet. */
const UNIT = 100;
const UNITS = 24;

const stretch = fc.record({ at: fc.nat(UNITS), units: fc.integer({ min: 1, max: 4 }) });
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('fill' as const), stretches: fc.array(stretch, some(3)) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      stretches: fc.array(stretch, some(3)),
      segment: fc.constantFrom(0, 0, 150),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('place' as const),
      frames: fc.array(fc.record({ which: fc.nat(9), from: fc.nat(99), beyond: fc.nat(9) }), some(3)),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      stretches: fc.array(stretch, { maxLength: 2 }),
      frames: fc.array(fc.nat(11), { maxLength: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      suspend: fc.boolean(),
      resources: fc.nat(ALL),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('block' as const), open: fc.boolean() }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function some(most: number): { minLength: number; maxLength: number } {
  return { minLength: 1, maxLength: most };
}

/** A host that keeps account of what the card has. */
class Account {
  readonly bed = new WindowBed({ packetSlots: 14 });
  private readonly filled = new Set<number>();
  private held: Frame[] = [];
  private readonly packets = new Set<number>();
  private context = 100;
  private suspended = false;
  private readonly claim = this.bed.module['device'].claim;

  take(one: Step): void {
    switch (one.kind) {
      case 'fill':
        this.fill(one.stretches.map(pieceOf(this.bed)));
        break;
      case 'send':
        this.send(one.stretches.map(pieceOf(this.bed)), one.segment);
        break;
      case 'place':
        this.place(one.frames);
        break;
      case 'release':
        this.release(one.stretches.map(pieceOf(this.bed)), one.frames);
        break;
      case 'end':
        this.end(one.suspend, one.resources);
        break;
      case 'block':
        this.bed.module['device'].claim = one.open ? this.claim : () => -1;
        break;
    }
    this.read(this.bed.run());
  }

  /** Nothing is left that was not accounted for. */
  settle(): void {
    const { bed } = this;
    this.end(false, ALL);
    this.read(bed.run());
    expect(this.packets.size).toBe(0);
    bed.balance();
    expect(bed.module['memory'].filledBytes).toBe(0);
    expect(bed.module['memory'].framesHeld).toBe(0);
  }

  private fill(pieces: readonly Piece[]): void {
    const { bed, filled } = this;
    const transactions = pieces.map((piece, i) => [i, [bed.out(), piece[1]], [piece]] as const);
    const replies = bed.fill(transactions);
    const bytes = pieces.flatMap(bytesOf);
    const good = bytes.every((byte) => !filled.has(byte)) && new Set(bytes).size === bytes.length;
    const done = this.whole(replies, spec.WINDOW_FILL, pieces.length, good && pieces.every(isInside(bed)));
    if (done) for (const byte of bytes) filled.add(byte);
  }

  private send(pieces: readonly Piece[], segmentBytes: number): void {
    const { bed, filled } = this;
    const payload = pieces.reduce((sum, piece) => sum + piece[1], 0);
    this.context += 1;
    bed.tcp(bed.out(8192), payload);
    const whole = [this.context, [bed.out(8192), HEADERS], pieces] as const;
    const replies = bed.sendPackets([whole], 0x60 | (segmentBytes << 8));
    const good = pieces.flatMap(bytesOf).every((byte) => filled.has(byte));
    this.packets.add(this.context);
    if (single(replies).length > 0) {
      expect(good && !this.suspended && pieces.every(isInside(bed))).toBe(false);
      this.packets.delete(this.context);
    }
    this.read(replies);
  }

  private place(which: readonly { which: number; from: number; beyond: number }[]): void {
    const { bed, held } = this;
    if (held.length === 0) return;
    const parts = which.map(({ which: index, from, beyond }) => {
      const { address, length } = held[index % held.length];
      const at = from % length;
      return { piece: [address + at, length - at + (beyond === 0 ? 1 : 0)] as Piece, good: beyond > 0 };
    });
    const transactions = parts.map(({ piece }, i) => [i, [bed.into(2048 * i), piece[1]], [piece]] as const);
    const replies = bed.place(transactions);
    const good = parts.every((part) => part.good);
    if (!this.whole(replies, spec.WINDOW_PLACE, parts.length, good)) return;
    parts.forEach(({ piece }, i) => {
      expect(bed.at(bed.into(2048 * i), piece[1])).toEqual(bed.at(piece[0], piece[1]));
    });
  }

  private release(pieces: readonly Piece[], indices: readonly number[]): void {
    const { bed, filled, held } = this;
    const given = held.length === 0 ? [] : indices.map((index) => held[index % held.length]);
    const all: Piece[] = [...pieces, ...given.map(({ address, length }): Piece => [address, length])];
    if (all.length === 0) return;
    const replies = bed.release(all);
    const bytes = pieces.flatMap(bytesOf);
    const good =
      bytes.every((byte) => filled.has(byte)) &&
      new Set(bytes).size === bytes.length &&
      new Set(given).size === given.length &&
      pieces.every(isInside(bed));
    expect(single(replies)).toHaveLength(good ? 0 : 1);
    this.read(replies);
    if (!good) return;
    for (const byte of bytes) filled.delete(byte);
    this.held = this.held.filter((frame) => !given.includes(frame));
  }

  private end(suspend: boolean, resources: number): void {
    const { bed } = this;
    const ofFrames = (resources & spec.WINDOW_RESOURCE_FRAMES) !== 0;
    if (ofFrames) this.held = [];
    this.read(bed.end(suspend ? spec.WINDOW_SUSPEND : spec.WINDOW_RESET, resources));
    this.suspended = suspend;
    if ((resources & spec.WINDOW_RESOURCE_TRANSMITS) !== 0) expect(this.packets.size).toBe(0);
    if (ofFrames) expect(this.held).toEqual([]);
    if ((resources & spec.WINDOW_RESOURCE_FILLS) !== 0) this.filled.clear();
    if (suspend) return;
    expect(single(bed.openWindow())).toEqual([0]);
    this.read(bed.headers());
  }

  /** @returns whether the request was done. @param good whether it must be, but for a suspension. */
  private whole(replies: readonly Int32Array[], code: number, count: number, good: boolean): boolean {
    this.read(replies);
    const done = contexts(replies, code);
    const refused = single(replies);
    expect(refused).toHaveLength(good && !this.suspended ? 0 : 1);
    expect(done.map(([context]) => context)).toEqual(
      refused.length === 1 ? [] : Array.from({ length: count }, (_, i) => i),
    );
    return refused.length === 0;
  }

  private read(replies: readonly Int32Array[]): void {
    const { bed } = this;
    for (const [context] of contexts(replies, spec.WINDOW_SEND))
      expect(this.packets.delete(context)).toBe(true);
    this.held.push(...frames(replies));
    const memory = bed.module['memory'];
    expect(this.held.length).toBeLessThanOrEqual(memory.framesHeld);
    bed.balance();
  }
}

function pieceOf(bed: WindowBed): (of: { at: number; units: number }) => Piece {
  // Now and then beyond the window's end.
  return ({ at, units }) => [
    at === UNITS ? bed.window(bed.windowBytes - UNIT) : bed.window(at * UNIT),
    units * UNIT,
  ];
}

function bytesOf([address, length]: Piece): number[] {
  return Array.from({ length: length / UNIT }, (_, i) => address + i * UNIT);
}

function isInside(bed: WindowBed): (piece: Piece) => boolean {
  return ([address, length]) => address + length <= bed.window(bed.windowBytes);
}

it('holds what its host fills and has not released, whatever the host asks for', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const account = new Account();
      for (const one of steps) account.take(one);
      account.settle();
    }),
    { numRuns: LONG ? 1500 : 30 },
  );
});
