/**
 * What the peer's SACK blocks say it holds (RFC 2018), and what follows for recovery (RFC 6675): per
 * connection a sorted list of ranges without overlaps, from one bounded table. Blocks are believed only
 * between `sndUna` and `sndMax`; those below are D-SACKs (RFC 2883) and ignored. When the table or a
 * connection's share is full, news is ignored: SACK is advice.
 */
import type { Environment } from '../environment.ts';
import { earlier } from '../seq.ts';
import type { SegmentIn } from './segment-in.ts';
import type { Tcb } from './tcb.ts';

const RANGES_MAX = 128;
/** RFC 6675 DupThresh: so many duplicates, or ranges held above, show a loss. */
export const DUPLICATE_THRESHOLD = 3;

export class Scoreboard {
  private readonly environment: Environment;
  private readonly start: Int32Array;
  private readonly end: Int32Array;
  private readonly next: Int32Array;
  private free = 0;
  /** Set by `pipe`. */
  lostBytes = 0;

  constructor(environment: Environment, count: number) {
    this.environment = environment;
    this.start = new Int32Array(count);
    this.end = new Int32Array(count);
    this.next = new Int32Array(count);
    for (let i = 0; i < count; i++) this.next[i] = i + 1 < count ? i + 1 : -1;
  }

  /**
   * Takes a segment's blocks; `sndUna` has been moved already. @returns whether the peer holds more than we
   * knew.
   */
  update(tcb: Tcb, segment: SegmentIn): boolean {
    const { view } = this.environment;
    const before = tcb.recovery.sackedBytes;
    for (let i = 0; i < segment.sackBlocks; i++) {
      const start = view.getInt32(segment.sackAt + i * 8);
      const end = view.getInt32(segment.sackAt + i * 8 + 4);
      const fromUna = (start - tcb.sndUna) | 0;
      const length = (end - start) | 0;
      const outstanding = (tcb.sndMax - tcb.sndUna) | 0;
      if (fromUna <= 0 || length <= 0 || fromUna > outstanding - length) continue;
      this.add(tcb, start, end);
    }
    return tcb.recovery.sackedBytes > before;
  }

  /** Forgets what lies below `sndUna`. */
  trim(tcb: Tcb): void {
    while (tcb.recovery.sackHead >= 0) {
      const head = tcb.recovery.sackHead;
      if (((this.end[head] - tcb.sndUna) | 0) > 0) {
        const passed = (tcb.sndUna - this.start[head]) | 0;
        if (passed > 0) {
          this.start[head] = tcb.sndUna;
          tcb.recovery.sackedBytes -= passed;
        }
        return;
      }
      this.drop(tcb, -1, head);
    }
  }

  /** Forgets everything (RFC 2018 §8: after a time-out the peer may have reneged). */
  clear(tcb: Tcb): void {
    while (tcb.recovery.sackHead >= 0) this.drop(tcb, -1, tcb.recovery.sackHead);
  }

  /**
   * SetPipe and NextSeg of RFC 6675 §4 in one pass: bytes thought to be in the network are returned, and the
   * first hole above `highRetransmitted` that may be sent again is put in `tcb.recovery.lostSeq` with its length in
   * `lostBytes` (0: none).
   * @param anyHole rule 3: also holes that are not surely lost.
   */
  pipe(tcb: Tcb, anyHole: boolean): number {
    let pipe = 0;
    let position = tcb.sndUna;
    let rangesAbove = tcb.recovery.sackCount;
    let bytesAbove = tcb.recovery.sackedBytes;
    this.lostBytes = 0;
    for (let range = tcb.recovery.sackHead; range >= 0; range = this.next[range]) {
      const start = this.start[range];
      const hole = (start - position) | 0;
      if (hole > 0) {
        const lost = rangesAbove >= DUPLICATE_THRESHOLD || bytesAbove > (DUPLICATE_THRESHOLD - 1) * tcb.mss;
        const repaired = (earlier(tcb.recovery.highRetransmitted, start) - position) | 0;
        if (!lost) pipe += hole;
        if (repaired > 0) pipe += repaired;
        if ((lost || anyHole) && this.lostBytes === 0 && repaired < hole) {
          const from = Math.max(repaired, 0);
          tcb.recovery.lostSeq = (position + from) | 0;
          this.lostBytes = hole - from;
        }
      }
      position = this.end[range];
      rangesAbove -= 1;
      bytesAbove -= (this.end[range] - start) | 0;
    }
    return pipe + ((tcb.sndMax - position) | 0);
  }

  /** Whether the first unacknowledged byte must be taken for lost (RFC 6675 §5, step 2). */
  isFirstLost(tcb: Tcb): boolean {
    return (
      tcb.recovery.sackCount >= DUPLICATE_THRESHOLD ||
      tcb.recovery.sackedBytes > (DUPLICATE_THRESHOLD - 1) * tcb.mss
    );
  }

  /** The end of the range that holds `seq`; `seq` itself when none does. */
  endOfRange(tcb: Tcb, seq: number): number {
    for (let range = tcb.recovery.sackHead; range >= 0; range = this.next[range]) {
      if (((this.start[range] - seq) | 0) > 0) return seq;
      if (((this.end[range] - seq) | 0) > 0) return this.end[range];
    }
    return seq;
  }

  /**
   * How many bytes lie between `seq`, which no range holds, and the next range; `most` when there is none
   * that near.
   */
  bytesToRange(tcb: Tcb, seq: number, most: number): number {
    for (let range = tcb.recovery.sackHead; range >= 0; range = this.next[range]) {
      const distance = (this.start[range] - seq) | 0;
      if (distance > 0) return Math.min(distance, most);
    }
    return most;
  }

  private add(tcb: Tcb, start: number, end: number): void {
    let before = -1;
    let range = tcb.recovery.sackHead;
    while (range >= 0 && ((this.end[range] - start) | 0) < 0) {
      before = range;
      range = this.next[range];
    }
    if (range >= 0 && ((this.start[range] - end) | 0) <= 0) {
      this.extend(tcb, range, start, end);
      return;
    }
    if (this.free < 0 || tcb.recovery.sackCount >= RANGES_MAX) return;
    const added = this.free;
    this.free = this.next[added];
    this.start[added] = start;
    this.end[added] = end;
    this.next[added] = range;
    if (before < 0) tcb.recovery.sackHead = added;
    else this.next[before] = added;
    tcb.recovery.sackCount += 1;
    tcb.recovery.sackedBytes += (end - start) | 0;
  }

  /** Widens a range, and swallows those it then touches. */
  private extend(tcb: Tcb, range: number, start: number, end: number): void {
    const ahead = (this.start[range] - start) | 0;
    if (ahead > 0) {
      this.start[range] = start;
      tcb.recovery.sackedBytes += ahead;
    }
    const beyond = (end - this.end[range]) | 0;
    if (beyond <= 0) return;
    this.end[range] = end;
    tcb.recovery.sackedBytes += beyond;
    for (let after = this.next[range]; after >= 0; after = this.next[range]) {
      const overlap = (this.end[range] - this.start[after]) | 0;
      if (overlap < 0) return;
      const rest = (this.end[after] - this.end[range]) | 0;
      if (rest > 0) this.end[range] = this.end[after];
      this.drop(tcb, range, after);
      // `drop` took all of it off; what lies beyond the widened range is still held.
      tcb.recovery.sackedBytes += Math.max(rest, 0);
    }
  }

  private drop(tcb: Tcb, before: number, range: number): void {
    if (before < 0) tcb.recovery.sackHead = this.next[range];
    else this.next[before] = this.next[range];
    tcb.recovery.sackCount -= 1;
    tcb.recovery.sackedBytes -= (this.end[range] - this.start[range]) | 0;
    this.next[range] = this.free;
    this.free = range;
  }
}
