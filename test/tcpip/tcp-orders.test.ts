/**
 * Every order in which segments that overlap in any way can arrive, against a set of units: what is
 * acknowledged, what is reported as held and as come twice (RFC 9293 §3.10.7.4, RFC 2018 §4, RFC 2883 §4).
 */
import { expect, it } from 'vitest';
import { LONG } from '../long.ts';
import { established } from './openings.ts';

/** A stretch of the stream: from the first unit to the one behind the last. */
type Stretch = readonly [from: number, end: number];

const UNIT_BYTES = 7;
const UNITS = LONG ? 6 : 4;

/** What a receiver must answer, kept as plainly as can be. */
class Oracle {
  private readonly held = new Set<number>();
  /** Where segments out of order began, the latest first. */
  private late: number[] = [];

  /** First unit that is missing. */
  get missing(): number {
    let unit = 0;
    while (this.held.has(unit)) unit += 1;
    return unit;
  }

  /** @returns the blocks of the answer; undefined where it may wait. */
  arrives([from, end]: Stretch): readonly Stretch[] | undefined {
    const before = this.missing;
    const hadHole = this.held.size > before;
    const duplicate = this.firstHeld(from, end);
    for (let unit = from; unit < end; unit++) this.held.add(unit);
    if (from > before) this.late = [from, ...this.late.filter((unit) => unit !== from)];
    if (duplicate === undefined && from <= before && !hadHole) return undefined;
    return [...(duplicate === undefined ? [] : [duplicate]), ...this.blocks()];
  }

  /** The first stretch of a segment that had been here before. */
  private firstHeld(from: number, end: number): Stretch | undefined {
    let first = from;
    while (first < end && !this.held.has(first)) first += 1;
    let last = first;
    while (last < end && this.held.has(last)) last += 1;
    return first === last ? undefined : [first, last];
  }

  /** What is held behind a hole, by how lately something of it came. */
  private blocks(): readonly Stretch[] {
    const found = this.late.filter((unit) => unit > this.missing).map((unit) => this.blockOf(unit));
    return found.filter(([from], index) => found.findIndex(([other]) => other === from) === index);
  }

  private blockOf(unit: number): Stretch {
    let [from, end] = [unit, unit];
    while (this.held.has(from - 1)) from -= 1;
    while (this.held.has(end)) end += 1;
    return [from, end];
  }
}

const stretches: readonly Stretch[] = Array.from({ length: UNITS }, (_, from) =>
  Array.from({ length: UNITS - from }, (__, more): Stretch => [from, from + more + 1]),
).flat();

/** One connection serves all orders: what an order leaves missing is sent and read before the next begins. */
class Orders {
  private readonly opening = established({ peer: { sackOk: true }, config: { quickAcks: 0 } });
  private base = 1;

  /** The segments arrive one after the other, each answered as the oracle says. */
  arrive(order: readonly Stretch[]): void {
    const { peer, script, socket } = this.opening;
    const oracle = new Oracle();
    const said = order.map(([from, end]) => `${from}-${end}`).join(' ');
    for (const stretch of order) {
      const blocks = oracle.arrives(stretch);
      this.sends(stretch);
      if (blocks === undefined) {
        peer.ignores();
        continue;
      }
      const answer = peer.relative(peer.takes());
      const sack = blocks.slice(0, 4).map(([first, last]) => [this.seqOf(first), this.seqOf(last)]);
      const wanted = [said, this.seqOf(oracle.missing), sack];
      expect([said, answer.ack, answer.options.sack ?? []]).toEqual(wanted);
      peer.expectsNothing();
    }
    const missing = oracle.missing;
    expect([said, socket.reads()]).toEqual([said, missing * UNIT_BYTES]);
    this.sends([missing, UNITS]);
    expect([said, socket.reads()]).toEqual([said, (UNITS - missing) * UNIT_BYTES]);
    script.passes(40_000);
    peer.ignores();
    this.base = this.seqOf(UNITS);
  }

  private sends([from, end]: Stretch): void {
    if (end > from) this.opening.peer.sends({ seq: this.seqOf(from), length: (end - from) * UNIT_BYTES });
  }

  private seqOf(unit: number): number {
    return this.base + unit * UNIT_BYTES;
  }
}

it(`three segments within ${UNITS} units in any order are answered by what is held, twice, missing`, () => {
  const orders = new Orders();
  for (const a of stretches) {
    for (const b of stretches) for (const c of stretches) orders.arrive([a, b, c]);
  }
});

it('so are four segments of two units, in every order', () => {
  const orders = new Orders();
  const pairs = stretches.filter(([from, end]) => end - from === 2);
  for (const a of pairs) {
    for (const b of pairs) for (const c of pairs) for (const d of pairs) orders.arrive([a, b, c, d]);
  }
});
