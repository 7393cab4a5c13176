/**
 * What the peer's SACK blocks say it holds (RFC 2018), and what follows for recovery (RFC 6675): per
 * connection a sorted list of ranges without overlaps (`Tcb.recovery`), from one bounded table. Blocks are
 * believed only between `sndUna` and `sndMax`; those below are D-SACKs (RFC 2883) and ignored. When the table
 * or a connection's share is full, news is ignored: SACK is advice.
 */
import { assert } from '../../assert/assert.ts';
import type { Environment } from '../environment.ts';
import { after, atOrBefore, before, earlier } from '../seq.ts';
import type { SegmentIn } from './segment-in.ts';
import type { Tcb } from './tcb.ts';

/** Ranges that one connection may have. */
const RANGES_MAX = 128;
/** RFC 6675 DupThresh: so many duplicates, or so many ranges held above, show a loss. */
export const DUPLICATE_THRESHOLD = 3;

export class Scoreboard {
  private readonly environment: Environment;
  private readonly start: Int32Array;
  private readonly end: Int32Array;
  private readonly next: Int32Array;
  /** The first of the ranges that nobody uses, linked by `next`; -1: none. */
  private free = 0;
  /** Set by `pipe`: bytes of the hole that starts at `recovery.lostSeq`; 0: there is none. */
  lostBytes = 0;

  constructor(environment: Environment, count: number) {
    this.environment = environment;
    this.start = new Int32Array(count);
    this.end = new Int32Array(count);
    this.next = new Int32Array(count);
    for (let i = 0; i < count; i++) this.next[i] = i + 1 < count ? i + 1 : -1;
  }

  /**
   * Takes a segment's blocks; `sndUna` has been moved already.
   * @returns whether more is held than was known.
   */
  update(tcb: Tcb, segment: SegmentIn): boolean {
    const { view } = this.environment;
    const known = tcb.recovery.sackedBytes;
    for (let i = 0; i < segment.sackBlocks; i++) {
      const start = view.getInt32(segment.sackAt + i * 8);
      const end = view.getInt32(segment.sackAt + i * 8 + 4);
      const fromUna = (start - tcb.sndUna) | 0;
      const length = (end - start) | 0;
      const outstanding = (tcb.sndMax - tcb.sndUna) | 0;
      if (fromUna <= 0 || length <= 0 || fromUna > outstanding - length) continue;
      this.add(tcb, start, end);
    }
    return tcb.recovery.sackedBytes > known;
  }

  /** Forgets what lies below `sndUna`. */
  trim(tcb: Tcb): void {
    const { recovery } = tcb;
    while (recovery.sackHead >= 0) {
      const head = recovery.sackHead;
      if (after(this.end[head], tcb.sndUna)) {
        const passed = (tcb.sndUna - this.start[head]) | 0;
        if (passed > 0) {
          this.start[head] = tcb.sndUna;
          recovery.sackedBytes -= passed;
        }
        return;
      }
      this.drop(tcb, -1, head);
    }
  }

  /** Forgets everything. */
  clear(tcb: Tcb): void {
    const { recovery } = tcb;
    while (recovery.sackHead >= 0) this.drop(tcb, -1, recovery.sackHead);
    assert(recovery.sackedBytes === 0, 'scoreboard: no byte is counted once every range is forgotten');
  }

  /**
   * SetPipe and NextSeg of RFC 6675 §4 in one pass: bytes thought to be in the network are returned, and the
   * first hole above `highRetransmitted` that may be sent again is put in `recovery.lostSeq`, with its length
   * in `lostBytes` (0: none).
   * @param anyHole rule 3: also holes that are not surely lost.
   */
  pipe(tcb: Tcb, anyHole: boolean): number {
    const { recovery } = tcb;
    let pipe = 0;
    let position = tcb.sndUna;
    let rangesAbove = recovery.sackCount;
    let bytesAbove = recovery.sackedBytes;
    this.lostBytes = 0;
    for (let range = recovery.sackHead; range >= 0; range = this.next[range]) {
      const start = this.start[range];
      const hole = (start - position) | 0;
      if (hole > 0) {
        const lost = rangesAbove >= DUPLICATE_THRESHOLD || bytesAbove > (DUPLICATE_THRESHOLD - 1) * tcb.mss;
        const repaired = (earlier(recovery.highRetransmitted, start) - position) | 0;
        if (!lost) pipe += hole;
        if (repaired > 0) pipe += repaired;
        if ((lost || anyHole) && this.lostBytes === 0 && repaired < hole) {
          const from = Math.max(repaired, 0);
          recovery.lostSeq = (position + from) | 0;
          this.lostBytes = hole - from;
        }
      }
      position = this.end[range];
      rangesAbove -= 1;
      bytesAbove -= (this.end[range] - start) | 0;
    }
    assert(bytesAbove === 0, 'scoreboard: the ranges hold the bytes that are counted');
    return pipe + ((tcb.sndMax - position) | 0);
  }

  /**
   * The end of what was sent, where the peer holds nothing of it and it was not sent again: `recovery.lostSeq`
   * becomes the start of the segment that ends there.
   * @param most sequence numbers of that segment. @returns how many it has; 0: there is none.
   */
  endNotHeld(tcb: Tcb, most: number): number {
    const { recovery, sndUna, sndMax } = tcb;
    let from = after(recovery.highRetransmitted, sndUna) ? recovery.highRetransmitted : sndUna;
    for (let range = recovery.sackHead; range >= 0; range = this.next[range]) {
      if (after(this.end[range], from)) from = this.end[range];
    }
    const length = Math.min((sndMax - from) | 0, most);
    assert(length >= 0, 'scoreboard: nothing is held or sent again behind what was sent');
    recovery.lostSeq = (sndMax - length) | 0;
    return length;
  }

  /** Bytes below `seq` that ranges hold. */
  heldBelow(tcb: Tcb, seq: number): number {
    let bytes = 0;
    for (let range = tcb.recovery.sackHead; range >= 0; range = this.next[range]) {
      const held = (earlier(this.end[range], seq) - this.start[range]) | 0;
      if (held <= 0) break;
      bytes += held;
    }
    assert(bytes <= tcb.recovery.sackedBytes, 'scoreboard: no more is held below than is held');
    return bytes;
  }

  /** Whether the peer has thrown away what it held: it acknowledges less than that (RFC 2018 §8). */
  isReneged({ recovery, sndUna }: Tcb): boolean {
    return recovery.sackHead >= 0 && this.start[recovery.sackHead] === sndUna;
  }

  /** Whether the first unacknowledged byte must be taken for lost (RFC 6675 §5, step 2). */
  isFirstLost(tcb: Tcb): boolean {
    const { recovery } = tcb;
    return (
      recovery.sackCount >= DUPLICATE_THRESHOLD || recovery.sackedBytes > (DUPLICATE_THRESHOLD - 1) * tcb.mss
    );
  }

  /** The end of the range that holds `seq`; `seq` itself when none does. */
  endOfRange(tcb: Tcb, seq: number): number {
    for (let range = tcb.recovery.sackHead; range >= 0; range = this.next[range]) {
      if (after(this.start[range], seq)) return seq;
      if (after(this.end[range], seq)) return this.end[range];
    }
    return seq;
  }

  /** Bytes between `seq`, which no range holds, and the next range; `most` when none is that near. */
  bytesToRange(tcb: Tcb, seq: number, most: number): number {
    for (let range = tcb.recovery.sackHead; range >= 0; range = this.next[range]) {
      const distance = (this.start[range] - seq) | 0;
      if (distance > 0) return Math.min(distance, most);
    }
    return most;
  }

  /** Goes over the ranges that the peer holds, from the first on. */
  eachRange(tcb: Tcb, visit: (start: number, end: number) => void): void {
    let range = tcb.recovery.sackHead;
    let count = 0;
    for (; range >= 0; range = this.next[range]) {
      visit(this.start[range], this.end[range]);
      count += 1;
    }
    assert(count === tcb.recovery.sackCount, 'scoreboard: every range that is counted is gone over');
  }

  /** Another stack has known of a range: as with a block of a segment, it is forgotten for want of room. */
  restore(tcb: Tcb, start: number, end: number): void {
    assert(!before(start, tcb.sndUna), 'scoreboard: a range that is restored is not acknowledged');
    this.add(tcb, start, end);
  }

  /** A connection's ranges against its sequence numbers and counts. Costs a walk over them. */
  check(tcb: Tcb): void {
    const { recovery } = tcb;
    let count = 0;
    let bytes = 0;
    let last = -1;
    for (let range = recovery.sackHead; range >= 0; range = this.next[range]) {
      assert(before(this.start[range], this.end[range]), 'scoreboard: a range holds at least one byte');
      assert(
        last < 0 ? !before(this.start[range], tcb.sndUna) : after(this.start[range], this.end[last]),
        'scoreboard: ranges are sorted, do not touch, and lie above sndUna',
      );
      bytes += (this.end[range] - this.start[range]) | 0;
      count += 1;
      last = range;
    }
    assert(
      last < 0 || !after(this.end[last], tcb.sndMax),
      'scoreboard: the peer holds nothing that was not sent',
    );
    assert(count === recovery.sackCount, 'scoreboard: as many ranges are linked as are counted');
    assert(bytes === recovery.sackedBytes, 'scoreboard: the ranges together are as long as is counted');
  }

  /** The free list. @param used ranges in all connections' lists. Costs a walk over the table. */
  checkFree(used: number): void {
    let count = used;
    for (let range = this.free; range >= 0 && count <= this.next.length; range = this.next[range]) count += 1;
    assert(count === this.next.length, 'scoreboard: each range is free or in one list');
  }

  private add(tcb: Tcb, start: number, end: number): void {
    const { recovery } = tcb;
    assert(before(start, end) && !after(end, tcb.sndMax), 'scoreboard: a block that is taken was checked');
    let previous = -1;
    let range = recovery.sackHead;
    while (range >= 0 && before(this.end[range], start)) {
      previous = range;
      range = this.next[range];
    }
    if (range >= 0 && atOrBefore(this.start[range], end)) {
      this.extend(tcb, range, start, end);
      return;
    }
    if (this.free < 0 || recovery.sackCount >= RANGES_MAX) return;
    const added = this.free;
    this.free = this.next[added];
    this.start[added] = start;
    this.end[added] = end;
    this.next[added] = range;
    if (previous < 0) recovery.sackHead = added;
    else this.next[previous] = added;
    recovery.sackCount += 1;
    recovery.sackedBytes += (end - start) | 0;
  }

  /** Widens a range, and swallows those that it then touches. */
  private extend(tcb: Tcb, range: number, start: number, end: number): void {
    const { recovery } = tcb;
    const ahead = (this.start[range] - start) | 0;
    if (ahead > 0) {
      this.start[range] = start;
      recovery.sackedBytes += ahead;
    }
    const beyond = (end - this.end[range]) | 0;
    if (beyond <= 0) return;
    this.end[range] = end;
    recovery.sackedBytes += beyond;
    for (let following = this.next[range]; following >= 0; following = this.next[range]) {
      if (before(this.end[range], this.start[following])) return;
      const further = (this.end[following] - this.end[range]) | 0;
      if (further > 0) this.end[range] = this.end[following];
      this.drop(tcb, range, following);
      // `drop` took all of it off; what lies beyond the widened range is still held.
      recovery.sackedBytes += Math.max(further, 0);
    }
  }

  private drop(tcb: Tcb, previous: number, range: number): void {
    const { recovery } = tcb;
    assert(recovery.sackCount > 0, 'scoreboard: a range that is dropped was counted');
    if (previous < 0) recovery.sackHead = this.next[range];
    else this.next[previous] = this.next[range];
    recovery.sackCount -= 1;
    recovery.sackedBytes -= (this.end[range] - this.start[range]) | 0;
    this.next[range] = this.free;
    this.free = range;
  }
}
