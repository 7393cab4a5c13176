/**
 * RACK (RFC 8985): a segment is lost when one that was sent later has arrived, and a little more time has
 * passed than reordering may take. It is asked with each acknowledgement, and by a timer for what may only
 * be late. It also takes the peer's SACK blocks (RFC 2018), and D-SACKs (RFC 2883), which say that something
 * arrived twice.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { Environment } from '../environment.ts';
import { after, atOrAfter, atOrBefore, before, earlier, later } from '../seq.ts';
import { splitRecord } from './coarsen.ts';
import { PERSIST_RECOVERIES, REORDERED_MAX, REORDERING_MAX } from './control-block/rack-state.ts';
import { RECOVERY_NONE } from './control-block/recovery-state.ts';
import { DUPLICATE_THRESHOLD } from './scoreboard.ts';
import type { SegmentIn } from './segment-in.ts';
import { HELD, RESENT, type SentSegments, segmentsOf } from './sent-segments.ts';
import type { Tcb } from './tcb.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** The least round trip is measured anew after so long, as Linux does (tcp_min_rtt_wlen). */
const LEAST_RTT_MS = 300_000;
/** The factor of the reordering window grows no further: four least round trips, far above any mean. */
export const FACTOR_MAX = 16;

export class Rack {
  private readonly environment: Environment;
  private readonly sent: SentSegments;
  // Of the acknowledgement that is being taken:
  /** Bytes that it says were delivered. */
  deliveredBytes = 0;
  /** Bytes of those that it reports by SACK. */
  heldBytes = 0;
  /** The round trip of what was sent last of that, where it was sent once; 0: there is none. */
  sampleUs = 0;
  /** Whether it delivers what was sent once, and before the latest loss was found. */
  deliversOriginal = false;
  /** Whether it says that something arrived twice. */
  reportsDuplicate = false;
  /** Whether it shows that the peer has thrown away what it held. */
  private isThrownAway = false;
  /** Up to where everything had been delivered before it, at the highest. */
  private highest = 0;
  /** The first of what it delivers late, behind what was sent after it; with whether there is any. */
  private lateFrom = 0;
  private isLate = false;

  constructor(environment: Environment, sent: SentSegments) {
    this.environment = environment;
    this.sent = sent;
  }

  /** Takes an acknowledgement: `sndUna` has been moved already. */
  take(tcb: Tcb, segment: SegmentIn): void {
    const { rack } = tcb;
    this.deliveredBytes = 0;
    this.heldBytes = 0;
    this.sampleUs = 0;
    this.deliversOriginal = false;
    this.reportsDuplicate = false;
    this.highest = rack.highestDelivered;
    const rttBeforeUs = rack.rttUs;
    this.takeAcknowledged(tcb, segment);
    const rttUs = rack.rttUs;
    this.noteReordering(tcb);
    if (segment.sackBlocks > 0) {
      this.takeBlocks(tcb, segment);
      this.noteReordering(tcb);
      // What is acknowledged in order counts as the latest.
      if (rttUs !== rttBeforeUs) rack.rttUs = rttUs;
    }
    this.forgetThrownAway(tcb);
    assert(this.heldBytes <= this.deliveredBytes, 'rack: what SACK reports anew is delivered');
  }

  /**
   * RFC 8985 §6.2 step 5: what was sent long enough before something that was delivered is lost. For what was
   * sent before it, and not long enough, `rack.lookAfterUs` says when to look again.
   * @returns whether anything was found lost.
   */
  detect(tcb: Tcb): boolean {
    const { rack } = tcb;
    const { sent } = this;
    const { nowUs } = this.environment;
    rack.lookAfterUs = 0;
    // What the peer has thrown away is lost already.
    let found = this.isThrownAway;
    this.isThrownAway = false;
    if (rack.known === 0 || tcb.sent.oldest < 0) return found;
    const reorderingUs = this.reorderingUs(tcb);
    let record = tcb.sent.oldest;
    while (record >= 0) {
      const following = sent.later[record];
      const sentUs = sent.sentUs[record];
      if (!atOrBefore(sentUs, rack.sentUs)) break;
      if (sentAfter(rack.sentUs, rack.end, sentUs, sent.end[record])) {
        const leftUs = (sentUs + rack.rttUs + reorderingUs - nowUs) | 0;
        if (leftUs <= 0) {
          sent.lose(tcb, record);
          found = true;
        } else if (leftUs > rack.lookAfterUs) rack.lookAfterUs = leftUs;
      }
      record = following;
    }
    return found;
  }

  /**
   * RFC 8985 §6.3: a time-out shows the first segment lost, and what was sent so long ago that it should have
   * arrived.
   */
  timedOut(tcb: Tcb): void {
    const { sent } = this;
    const { rack } = tcb;
    const { nowUs } = this.environment;
    const patienceUs = rack.known === 0 ? 0 : rack.rttUs + this.reorderingUs(tcb);
    // What was sent before this instant, or at it, should have arrived.
    const dueUs = (nowUs - patienceUs) | 0;
    let record = tcb.sent.oldest;
    while (record >= 0) {
      const following = sent.later[record];
      if (atOrBefore(sent.sentUs[record], dueUs) || record === tcb.sent.head) sent.lose(tcb, record);
      record = following;
    }
    rack.lookAfterUs = 0;
  }

  /** RFC 8985 §6.2 step 4: how long what comes late may be late, grown by D-SACKs. */
  adapt(tcb: Tcb, recoveryEnded: boolean): void {
    const { rack } = tcb;
    assert(rack.factor >= 1, 'rack: what may be late is given its time');
    if (this.reportsDuplicate) {
      if (rack.roundOn !== 0 && before(tcb.sndUna, rack.roundEnds)) return;
      rack.roundOn = 1;
      rack.roundEnds = tcb.sndMax;
      rack.factor = Math.min(FACTOR_MAX, rack.factor + 1);
      rack.persist = PERSIST_RECOVERIES;
    } else if (recoveryEnded && rack.factor > 1) {
      rack.persist -= 1;
      if (rack.persist > 0) return;
      rack.factor = 1;
      rack.persist = PERSIST_RECOVERIES;
    }
    if (rack.roundOn !== 0 && atOrAfter(tcb.sndUna, rack.roundEnds)) rack.roundOn = 0;
  }

  /** Without any sign of reordering, three segments delivered beyond show a loss at once, as ever. */
  private reorderingUs(tcb: Tcb): number {
    const { rack } = tcb;
    const isSure = tcb.recovery.phase !== RECOVERY_NONE || tcb.sent.heldSegments >= DUPLICATE_THRESHOLD;
    if (rack.reordered === 0 && isSure) return 0;
    return Math.min((rack.factor * rack.leastRttUs) >> 2, tcb.rtt.srtt >> 3);
  }

  /** Records below `sndUna` have served. // Hot path. */
  private takeAcknowledged(tcb: Tcb, segment: SegmentIn): void {
    const { sent } = this;
    const { sndUna } = tcb;
    let record = tcb.sent.head;
    while (record >= 0 && before(sent.start[record], sndUna)) {
      const until = earlier(sent.end[record], sndUna);
      if ((sent.flags[record] & HELD) === 0) {
        this.deliveredBytes += (until - sent.start[record]) | 0;
        this.delivered(tcb, segment, record, until);
      }
      if (until !== sent.end[record]) {
        sent.cutFirst(tcb, until);
        return;
      }
      sent.dropFirst(tcb);
      record = tcb.sent.head;
    }
  }

  /** Blocks are believed only between `sndUna` and `sndMax`. One below, or within the second, is a D-SACK. */
  private takeBlocks(tcb: Tcb, segment: SegmentIn): void {
    const { view } = this.environment;
    for (let i = 0; i < segment.sackBlocks; i++) {
      const start = view.getInt32(segment.sackAt + i * 8);
      const end = view.getInt32(segment.sackAt + i * 8 + 4);
      if (!before(start, end)) continue;
      if (i === 0 && this.isDuplicate(segment, start, end)) {
        this.takeDuplicate(tcb, start, end);
        continue;
      }
      if (before(start, tcb.sndUna) || after(end, tcb.sndMax)) continue;
      this.takeBlock(tcb, segment, start, end);
    }
  }

  /** RFC 2883 §4. */
  private isDuplicate(segment: SegmentIn, start: number, end: number): boolean {
    if (before(start, segment.ack)) return atOrBefore(end, segment.ack);
    if (segment.sackBlocks < 2) return false;
    const { view } = this.environment;
    const holds = view.getInt32(segment.sackAt + 8);
    const until = view.getInt32(segment.sackAt + 12);
    return atOrAfter(start, holds) && atOrBefore(end, until);
  }

  private takeDuplicate(tcb: Tcb, start: number, end: number): void {
    const { rack } = tcb;
    // What lies further back than any window is an old block, or a lie.
    if (((tcb.sndUna - start) | 0) > tcb.sndWndMax || after(end, tcb.sndMax)) return;
    this.reportsDuplicate = true;
    if (rack.undoable === 0 || !after(end, rack.undoFrom)) return;
    rack.undoSegments = Math.max(0, rack.undoSegments - segmentsOf((end - start) | 0, tcb.mss));
  }

  private takeBlock(tcb: Tcb, segment: SegmentIn, start: number, end: number): void {
    const { sent } = this;
    let record = tcb.sent.head;
    while (record >= 0 && before(sent.start[record], end)) {
      const isBefore = atOrBefore(sent.end[record], start);
      if (isBefore || (sent.flags[record] & HELD) !== 0) {
        record = sent.next[record];
        continue;
      }
      const from = this.wholeFrom(tcb, record, start);
      const until = this.wholeUntil(tcb, record, end);
      if (!before(from, until)) {
        record = sent.next[record];
        continue;
      }
      if (from !== sent.start[record]) {
        // The part that the block begins with becomes a record of its own, where there is one.
        if (!splitRecord(sent, tcb, record, from, false)) return;
        record = sent.next[record];
      }
      if (until !== sent.end[record] && !splitRecord(sent, tcb, record, until, false)) return;
      const bytes = (until - from) | 0;
      this.deliveredBytes += bytes;
      this.heldBytes += bytes;
      this.delivered(tcb, segment, record, until);
      record = sent.next[sent.hold(tcb, record)];
    }
  }

  /**
   * Where a block holds whole segments of a record from on: as Linux has it, what a block has of a part of a
   * segment only says nothing, since it goes again as a whole.
   */
  private wholeFrom(tcb: Tcb, record: number, start: number): number {
    const { sent } = this;
    const first = sent.start[record];
    const bytes = (start - first) | 0;
    if (bytes <= 0) return first;
    const size = this.segmentBytes(tcb, record);
    return earlier(sent.end[record], (first + Math.imul(Math.ceil(bytes / size), size)) | 0);
  }

  /** And until where. */
  private wholeUntil(tcb: Tcb, record: number, end: number): number {
    const { sent } = this;
    const last = sent.end[record];
    if (!before(end, last)) return last;
    const first = sent.start[record];
    const size = this.segmentBytes(tcb, record);
    return (first + Math.imul(Math.floor(((end - first) | 0) / size), size)) | 0;
  }

  /** Bytes of each segment of a record, but for the last. */
  private segmentBytes(tcb: Tcb, record: number): number {
    const { sent } = this;
    const bytes = (sent.end[record] - sent.start[record]) | 0;
    const segments = sent.segments[record];
    assert(segments > 0, 'rack: a record stands for at least one segment');
    return segmentsOf(bytes, tcb.mss) === segments && segments > 1 ? tcb.mss : Math.ceil(bytes / segments);
  }

  /** What was sent once, from `start` on, arrives behind what was sent after it. */
  private noteLate(start: number): void {
    if (!this.isLate || before(start, this.lateFrom)) this.lateFrom = start;
    this.isLate = true;
  }

  /** How far what was late has fallen behind, in segments (Linux: tcp_check_sack_reordering). */
  private noteReordering(tcb: Tcb): void {
    if (!this.isLate) return;
    const { rack, mss, sndUna } = tcb;
    const bytes = (later(rack.highestDelivered, sndUna) - this.lateFrom) | 0;
    assert(bytes > 0, 'rack: what is late lies behind what was delivered before it');
    this.isLate = false;
    rack.reordered = Math.min(REORDERED_MAX, rack.reordered + 1);
    const segments = Math.min(REORDERING_MAX, segmentsOf(bytes, mss));
    if (segments > rack.reordering) rack.reordering = segments;
  }

  /** RFC 8985 §6.2 steps 1 to 3, for one record that arrived, up to `end`. */
  private delivered(tcb: Tcb, segment: SegmentIn, record: number, end: number): void {
    const { rack } = tcb;
    const { sent } = this;
    const { nowUs } = this.environment;
    const sentUs = sent.sentUs[record];
    const rttUs = (nowUs - sentUs) | 0;
    if (COSTLY) assert(rttUs >= 0, 'rack: nothing arrives before it was sent');
    if ((sent.flags[record] & RESENT) !== 0) {
      if (rttUs < rack.leastRttUs || this.echoesEarlier(tcb, segment, sentUs, end)) return;
    } else {
      this.measureLeast(tcb, rttUs);
      if (atOrBefore(end, tcb.recovery.recover)) this.deliversOriginal = true;
      if (rack.highestKnown !== 0 && before(end, this.highest)) this.noteLate(sent.start[record]);
    }
    if (rack.highestKnown === 0 || after(end, rack.highestDelivered)) rack.highestDelivered = end;
    rack.highestKnown = 1;
    rack.rttUs = rttUs;
    if (rack.known !== 0 && !sentAfter(sentUs, end, rack.sentUs, rack.end)) return;
    rack.known = 1;
    rack.sentUs = sentUs;
    rack.end = end;
    this.sampleUs = (sent.flags[record] & RESENT) === 0 ? rttUs : 0;
  }

  /**
   * The peer echoes a timestamp older than the transmission: it answers an earlier one. Of what it holds out of
   * order that says nothing, since it echoes what came last in order (RFC 7323 §4.3).
   */
  private echoesEarlier(tcb: Tcb, segment: SegmentIn, sentUs: number, end: number): boolean {
    if (after(end, tcb.sndUna)) return false;
    if (segment.timestamps === 0 || tcb.stamps.on === 0 || segment.tsEcho === 0) return false;
    const { nowMs, nowUs } = this.environment;
    const agoMs = Math.ceil(((nowUs - sentUs) | 0) / 1000);
    return before(segment.tsEcho, (nowMs + tcb.stamps.offset - agoMs - 1) | 0);
  }

  private measureLeast(tcb: Tcb, rttUs: number): void {
    const { rack } = tcb;
    const { nowMs } = this.environment;
    const isOld = ((nowMs - rack.leastRttMs) | 0) > LEAST_RTT_MS;
    if (rack.leastRttUs !== 0 && rttUs > rack.leastRttUs && !isOld) return;
    rack.leastRttUs = Math.max(1, rttUs);
    rack.leastRttMs = nowMs;
  }

  /**
   * RFC 2018 §8: a peer that holds the first segment would have acknowledged it. It has thrown away what it
   * held, and that is lost.
   */
  private forgetThrownAway(tcb: Tcb): void {
    const { sent } = this;
    if (tcb.sent.head < 0 || (sent.flags[tcb.sent.head] & HELD) === 0) return;
    this.isThrownAway = true;
    for (let record = tcb.sent.head; record >= 0; record = sent.next[record]) {
      if ((sent.flags[record] & HELD) !== 0) sent.release(tcb, record);
    }
  }
}

/**
 * Whether one segment was sent after another: by time, and where both went at once by number (RFC 8985 §6.2).
 */
function sentAfter(us: number, end: number, otherUs: number, otherEnd: number): boolean {
  return after(us, otherUs) || (us === otherUs && !atOrBefore(end, otherEnd));
}
