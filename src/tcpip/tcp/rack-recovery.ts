/**
 * Loss recovery that rests on time: RACK finds what is lost and tail loss probes find it where nothing more
 * comes (RFC 8985), the rate falls in proportion (RFC 9937), and what proves to have been no loss is taken
 * back: by timestamps (RFC 3522), by D-SACKs (RFC 3708), and after a time-out by what arrives that was sent
 * once (RFC 5682). What was sent stays where it is: output never goes back, it sends again what is marked.
 *
 * A peer without SACK has none of this: its connections recover as `FastRecovery` has it (RFC 6582).
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { TCP_FAST_RETRANSMITS, TCP_LOSS_PROBES, TCP_LOSS_UNDOS } from '../../ledger/counters.gen.ts';
import type { Environment } from '../environment.ts';
import type { Routes } from '../route.ts';
import { after, atOrAfter, before, earlier } from '../seq.ts';
import { makeRoomAtEnd, splitRecord } from './coarsen.ts';
import { type CongestionControl, SSTHRESH_START } from './congestion/congestion.ts';
import { noteRoundTrip } from './congestion/hystart.ts';
import {
  FRTO_FIRST,
  FRTO_OFF,
  PROBE_LAST,
  PROBE_NEW,
  PROBE_NONE,
  REORDERING_START,
} from './control-block/rack-state.ts';
import {
  DUE_HOLES,
  DUE_NOTHING,
  RECOVERY_FAST,
  RECOVERY_NONE,
  RECOVERY_TIMEOUT,
} from './control-block/recovery-state.ts';
import { noteTimeoutReduction } from './ecn-timeout.ts';
import { type FastRecovery, keepRecoverClose } from './fast-recovery.ts';
import { isStillInDoubt } from './frto.ts';
import type { LossRecovery } from './loss-recovery.ts';
import { isProbeLost } from './mtu-probe.ts';
import { beginReduction, isReducing, pipeBytes, reduce } from './proportional-rate.ts';
import { Rack } from './rack.ts';
import type { SegmentIn } from './segment-in.ts';
import { HELD, LOST, type SentSegments } from './sent-segments.ts';
import { isOffered, tailProbeDelayUs } from './tail-probe.ts';
import { flightBytes, type Tcb } from './tcb.ts';
import { forgetUse, isWindowUsed, noteLimited, noteSent } from './window-use.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

export class RackRecovery implements LossRecovery {
  private readonly environment: Environment;
  private readonly routes: Routes;
  private readonly records: SentSegments;
  private readonly congestion: CongestionControl;
  private readonly withoutSack: FastRecovery;
  private readonly rack: Rack;

  constructor(
    environment: Environment,
    routes: Routes,
    records: SentSegments,
    congestion: CongestionControl,
    withoutSack: FastRecovery,
  ) {
    this.environment = environment;
    this.routes = routes;
    this.records = records;
    this.congestion = congestion;
    this.withoutSack = withoutSack;
    this.rack = new Rack(environment, records);
  }

  /** // Hot path. */
  sent(tcb: Tcb, start: number, end: number, segments: number): void {
    noteSent(tcb);
    if (tcb.sackPermitted === 0) return;
    if (this.records.isShort(tcb)) makeRoomAtEnd(this.records, tcb);
    this.records.append(tcb, start, end, segments, this.environment.nowUs);
    if (isReducing(tcb)) tcb.rack.sentBytes += (end - start) | 0;
    if (tcb.rack.probe === PROBE_NEW) this.probeSent(tcb, 0, end);
  }

  next(tcb: Tcb): number {
    if (tcb.sackPermitted === 0) return this.withoutSack.next(tcb);
    const { recovery, mss } = tcb;
    if (tcb.rack.probe === PROBE_LAST) return this.nextProbe(tcb);
    const record = tcb.sent.firstLost;
    if (record >= 0 && recovery.due !== DUE_NOTHING) {
      const start = this.records.start[record];
      const length = Math.min(mss, (this.records.end[record] - start) | 0);
      const room = (tcb.congestion.cwnd - pipeBytes(tcb)) | 0;
      // The window that the peer offers holds for what is sent again, too, but for the first segment of it.
      const offered = start === tcb.sndUna || ((start + length - tcb.sndUna) | 0) <= tcb.sndWnd;
      if (room >= length && offered) {
        recovery.lostSeq = start;
        return Math.max(0, (earlier((start + length) | 0, tcb.sndEnd) - start) | 0);
      }
    }
    recovery.due = DUE_NOTHING;
    return -1;
  }

  resent(tcb: Tcb, end: number): void {
    if (tcb.sackPermitted === 0) {
      this.withoutSack.resent(tcb, end);
      return;
    }
    const { records, environment } = this;
    const { rack, sent, recovery } = tcb;
    const isProbe = rack.probe === PROBE_LAST;
    let record = isProbe ? sent.tail : sent.firstLost;
    assert(record >= 0, 'rack recovery: what is sent again is recorded');
    if (isProbe && before(records.start[record], recovery.lostSeq)) {
      splitRecord(records, tcb, record, recovery.lostSeq, true);
      record = sent.tail;
    } else if (before(end, records.end[record])) splitRecord(records, tcb, record, end, true);
    rack.undoSegments += records.segments[record];
    if (rack.undoStampKnown === 0) {
      rack.undoStampKnown = 1;
      rack.undoStamp = (environment.nowMs + tcb.stamps.offset) | 0;
    }
    if (isReducing(tcb)) rack.sentBytes += (end - recovery.lostSeq) | 0;
    records.resend(tcb, record, environment.nowUs);
    if (isProbe) this.probeSent(tcb, 1, tcb.sndMax);
  }

  window(tcb: Tcb, resending: boolean): number {
    if (tcb.sackPermitted === 0) return this.withoutSack.window(tcb, resending);
    const { congestion, mss, recovery } = tcb;
    if (COSTLY) assert(!resending, 'rack recovery: output does not go back');
    const offered = (tcb.sndWnd - flightBytes(tcb)) | 0;
    if (tcb.rack.probe === PROBE_NEW) return Math.min(offered, mss);
    const left = (congestion.cwnd - pipeBytes(tcb)) | 0;
    // Whole segments only, or in recovery the window would be spent on crumbs.
    if (recovery.phase !== RECOVERY_NONE) return left < mss ? 0 : Math.min(left, offered);
    if (left >= offered) return offered;
    if (left < ((tcb.sndEnd - tcb.sndNxt) | 0)) noteLimited(tcb);
    return left;
  }

  heldUntil(tcb: Tcb, seq: number): number {
    return this.withoutSack.heldUntil(tcb, seq);
  }

  bytesToHeld(tcb: Tcb, seq: number, most: number): number {
    return this.withoutSack.bytesToHeld(tcb, seq, most);
  }

  acknowledged(tcb: Tcb, segment: SegmentIn, bytes: number): boolean {
    if (tcb.sackPermitted === 0) return this.withoutSack.acknowledged(tcb, segment, bytes);
    return this.take(tcb, segment, bytes);
  }

  acknowledgedAgain(tcb: Tcb, segment: SegmentIn): boolean {
    if (tcb.sackPermitted === 0) {
      return flightBytes(tcb) > 0 && this.withoutSack.acknowledgedAgain(tcb, segment);
    }
    const isDue = this.take(tcb, segment, 0);
    return isDue || this.rack.heldBytes > 0;
  }

  timedOut(tcb: Tcb): boolean {
    if (tcb.sackPermitted === 0) return this.withoutSack.timedOut(tcb);
    const { recovery, rack } = tcb;
    assert(flightBytes(tcb) > 0, 'rack recovery: the timer expires only while something is outstanding');
    const isFirst = tcb.timers.retries === 1;
    const isNew = recovery.phase === RECOVERY_NONE;
    if (isNew) this.beginUndo(tcb);
    // As Linux has it: in doubt is the time-out that nothing has led up to, and one that is repeated.
    rack.suspicion = isNew || !isFirst ? FRTO_FIRST : FRTO_OFF;
    // Tries at a closed window may have been counted before it. Where nothing was lost yet, this is new all the same.
    const reduces = (isNew || isFirst) && tcb.marks.reducing === 0;
    this.congestion.timedOut(tcb.congestion, tcb.mss, flightBytes(tcb), reduces);
    noteTimeoutReduction(tcb);
    this.rack.timedOut(tcb);
    recovery.phase = RECOVERY_TIMEOUT;
    recovery.recover = tcb.sndMax;
    recovery.due = DUE_HOLES;
    rack.probe = PROBE_NONE;
    rack.probing = 0;
    if (tcb.congestion.ssthresh !== SSTHRESH_START) tcb.congestion.cwnd = (pipeBytes(tcb) + tcb.mss) | 0;
    return false;
  }

  wentBack(tcb: Tcb): boolean {
    if (tcb.sackPermitted === 0) return this.withoutSack.wentBack(tcb);
    const { records } = this;
    const { recovery } = tcb;
    let record = tcb.sent.oldest;
    while (record >= 0) {
      const following = records.later[record];
      const bytes = (records.end[record] - records.start[record]) | 0;
      if (bytes > tcb.mss * records.segments[record]) records.lose(tcb, record);
      record = following;
    }
    if (tcb.sent.firstLost < 0) return false;
    // It was no congestion: the window stays as it is.
    recovery.phase = RECOVERY_TIMEOUT;
    recovery.recover = tcb.sndMax;
    recovery.due = DUE_HOLES;
    tcb.rack.undoable = 0;
    tcb.rack.suspicion = FRTO_OFF;
    return false;
  }

  forget(tcb: Tcb): void {
    this.records.forget(tcb);
    this.withoutSack.forget(tcb);
  }

  probeDelayUs(tcb: Tcb, isAnew: boolean): number {
    return tailProbeDelayUs(this.environment, this.routes, this.records, tcb, isAnew);
  }

  probeDue(tcb: Tcb): number {
    assert(flightBytes(tcb) > 0, 'rack recovery: a probe is for what is outstanding');
    const { sent, rtt } = tcb;
    const queued = (tcb.sndEnd - tcb.sndNxt) | 0;
    const offered = (tcb.sndWnd - flightBytes(tcb)) | 0;
    const hasNew = queued > 0 && offered >= Math.min(queued, tcb.mss);
    if (!hasNew && sent.tail >= 0 && !isOffered(tcb, this.records.start[sent.tail])) {
      // The peer has shrunk its window: as on Linux nothing behind it goes, and the time-out counts.
      const agoUs = (this.environment.nowUs - this.records.sentUs[sent.head]) | 0;
      return Math.max(1, (rtt.rto - agoUs) | 0);
    }
    tcb.rack.probe = hasNew ? PROBE_NEW : PROBE_LAST;
    if (!hasNew) tcb.recovery.due = DUE_HOLES;
    return 0;
  }

  /** The last, as a tail loss probe. Where it cannot, recovery, which is under way, says what goes. */
  askPeer(tcb: Tcb): void {
    if (tcb.sackPermitted === 0) {
      this.withoutSack.askPeer(tcb);
      return;
    }
    forgetUse(tcb);
    tcb.rack.probe = PROBE_LAST;
    tcb.recovery.due = DUE_HOLES;
  }

  lookAgain(tcb: Tcb): void {
    if (!this.rack.detect(tcb)) return;
    const { recovery } = tcb;
    recovery.due = DUE_HOLES;
    if (recovery.phase !== RECOVERY_NONE) return;
    this.enter(tcb, (flightBytes(tcb) - recovery.sackedBytes) | 0);
    // As Linux has it: what shows that something is lost counts as one segment delivered. A lost probe of the
    // path's MTU shows none.
    if (isReducing(tcb)) reduce(tcb, tcb.mss, false, pipeBytes(tcb));
  }

  /** Takes what an acknowledgement says. @returns whether something is to be sent again. */
  private take(tcb: Tcb, segment: SegmentIn, bytes: number): boolean {
    const { recovery, rack } = tcb;
    const inNetworkBefore = ((flightBytes(tcb) + bytes) | 0) - recovery.sackedBytes;
    this.rack.take(tcb, segment);
    if (rack.probing !== 0) this.answerProbe(tcb, segment, bytes);
    if (rack.undoable !== 0 && this.isSpurious(tcb, segment, bytes)) this.undo(tcb);
    const { phase } = recovery;
    const ends = phase !== RECOVERY_NONE && atOrAfter(tcb.sndUna, recovery.recover);
    if (ends) this.leave(tcb);
    if (ends || rack.roundOn !== 0 || this.rack.reportsDuplicate) this.rack.adapt(tcb, ends);
    const found = this.rack.detect(tcb);
    const isHeldBack = rack.suspicion !== FRTO_OFF && isStillInDoubt(tcb, bytes, this.rack.heldBytes);
    if (found && recovery.phase === RECOVERY_NONE) this.enter(tcb, inNetworkBefore);
    if (before(segment.ack, tcb.sndUna)) {
      // What was overtaken tells what is held, and moves no window, as on Linux.
    } else if (isReducing(tcb)) {
      reduce(tcb, this.rack.deliveredBytes, bytes > 0 && !found, pipeBytes(tcb));
    } else if ((bytes > 0 || rack.reordering > REORDERING_START) && phase !== RECOVERY_FAST) {
      this.grow(tcb, isWindowUsed(tcb) || phase === RECOVERY_TIMEOUT);
    }
    if (recovery.phase === RECOVERY_NONE) keepRecoverClose(tcb);
    const isDue = tcb.sent.firstLost >= 0 && !isHeldBack;
    recovery.due = isDue ? DUE_HOLES : DUE_NOTHING;
    return isDue;
  }

  /** By what was delivered: what SACK has reported before counts no second time, as on Linux. */
  private grow(tcb: Tcb, isUsed: boolean): void {
    const { congestion, sndUna, sndNxt } = tcb;
    const { nowUs } = this.environment;
    const bytes = this.rack.deliveredBytes;
    if (this.rack.sampleUs > 0) noteRoundTrip(congestion, sndUna, sndNxt, this.rack.sampleUs);
    if (isUsed && bytes > 0)
      this.congestion.acknowledged(congestion, tcb.mss, bytes, nowUs, tcb.rtt.srtt >> 3);
    else congestion.countedUs = nowUs;
  }

  /** A loss was found. @param inNetwork bytes in the network before the acknowledgement that showed it. */
  private enter(tcb: Tcb, inNetwork: number): void {
    const { recovery, congestion } = tcb;
    assert(recovery.phase === RECOVERY_NONE, 'rack recovery: a loss is found while none was known');
    if (isProbeLost(tcb)) return;
    this.environment.counters[TCP_FAST_RETRANSMITS] += 1;
    this.beginUndo(tcb);
    recovery.phase = RECOVERY_FAST;
    recovery.recover = tcb.sndMax;
    if (tcb.marks.reducing !== 0) return;
    tcb.marks.reductionDue = 1;
    // What acknowledgements by SACK let out beyond the window does not raise what a loss leaves of it.
    this.congestion.lossFound(congestion, tcb.mss, Math.min(congestion.cwnd, flightBytes(tcb)));
    beginReduction(tcb, inNetwork);
  }

  /** All that was outstanding when the loss was found is acknowledged. */
  private leave(tcb: Tcb): void {
    const { recovery, congestion } = tcb;
    assert(recovery.phase !== RECOVERY_NONE, 'rack recovery: what ends was under way');
    if (recovery.phase === RECOVERY_FAST) {
      // The reduction has made the window what it is to be: no burst waits.
      this.congestion.recovered(congestion, tcb.mss, congestion.ssthresh);
    }
    recovery.phase = RECOVERY_NONE;
    tcb.marks.reducing = 0;
    tcb.rack.suspicion = FRTO_OFF;
  }

  private beginUndo(tcb: Tcb): void {
    const { rack } = tcb;
    rack.undoable = 1;
    rack.undoFrom = tcb.sndUna;
    rack.undoSegments = 0;
    rack.undoStampKnown = 0;
  }

  /** Whether nothing was lost after all. */
  private isSpurious(tcb: Tcb, segment: SegmentIn, bytes: number): boolean {
    const { rack, recovery, stamps } = tcb;
    if (rack.undoStampKnown === 0) return false;
    // RFC 3708: of all that was sent again, each has arrived twice.
    if (this.rack.reportsDuplicate && rack.undoSegments === 0) return true;
    if (bytes === 0 || recovery.phase === RECOVERY_NONE) return false;
    // RFC 3522: what is acknowledged was sent before anything was sent again.
    if (segment.timestamps !== 0 && stamps.on !== 0 && segment.tsEcho !== 0) {
      if (before(segment.tsEcho, rack.undoStamp)) return true;
    }
    return rack.suspicion !== FRTO_OFF && this.rack.deliversOriginal;
  }

  /** Nothing was lost: all is as before. */
  private undo(tcb: Tcb): void {
    const { records } = this;
    const { recovery, rack } = tcb;
    assert(rack.undoable !== 0, 'rack recovery: what is taken back was done');
    while (tcb.sent.firstLost >= 0) records.findAgain(tcb, tcb.sent.firstLost, this.environment.nowUs);
    this.congestion.undo(tcb.congestion);
    this.environment.counters[TCP_LOSS_UNDOS] += 1;
    recovery.phase = RECOVERY_NONE;
    recovery.due = DUE_NOTHING;
    rack.undoable = 0;
    rack.suspicion = FRTO_OFF;
  }

  /** The last segment goes again, to see whether anything is answered. */
  private nextProbe(tcb: Tcb): number {
    const { records } = this;
    const { recovery, rack, sent, mss } = tcb;
    const record = sent.tail;
    if (record < 0 || (records.flags[record] & (HELD | LOST)) !== 0) {
      rack.probe = PROBE_NONE;
      recovery.due = DUE_NOTHING;
      return -1;
    }
    const end = records.end[record];
    const bytes = Math.min((end - records.start[record]) | 0, mss);
    recovery.lostSeq = (end - bytes) | 0;
    return Math.max(0, (earlier(end, tcb.sndEnd) - recovery.lostSeq) | 0);
  }

  private probeSent(tcb: Tcb, resent: number, end: number): void {
    const { rack } = tcb;
    assert(rack.probe !== PROBE_NONE, 'rack recovery: a probe that is sent was due');
    this.environment.counters[TCP_LOSS_PROBES] += 1;
    rack.probe = PROBE_NONE;
    rack.probing = 1;
    rack.probeResent = resent;
    rack.probeEnd = end;
    if (resent !== 0 && tcb.sent.firstLost < 0) tcb.recovery.due = DUE_NOTHING;
  }

  /** RFC 8985 §7.4: what an acknowledgement says about a probe. */
  private answerProbe(tcb: Tcb, segment: SegmentIn, bytes: number): void {
    const { rack, congestion, recovery } = tcb;
    if (before(segment.ack, rack.probeEnd)) return;
    if (rack.probeResent === 0 || this.rack.reportsDuplicate) {
      rack.probing = 0;
    } else if (after(segment.ack, rack.probeEnd)) {
      // No duplicate was reported: the probe has repaired a loss, which counts as any other.
      rack.probing = 0;
      if (recovery.phase !== RECOVERY_NONE || tcb.marks.reducing !== 0) return;
      tcb.marks.reductionDue = 1;
      this.congestion.lossFound(congestion, tcb.mss, Math.max(tcb.mss, flightBytes(tcb)));
      this.congestion.recovered(congestion, tcb.mss, congestion.ssthresh);
    } else if (bytes === 0 && this.rack.heldBytes === 0 && segment.length === 0) {
      // A second acknowledgement of the same: the probe and its original have arrived.
      rack.probing = 0;
    }
  }
}
