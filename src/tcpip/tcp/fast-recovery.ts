/**
 * Loss: how it is noticed, what is sent again, and how much may be in flight meanwhile. With SACK by RFC 6675,
 * without by RFC 6582 (NewReno), both with RFC 3042 (limited transmit); time-outs by RFC 6298 §5 and RFC 5681
 * §3.1 (go back to the first unacknowledged byte). What a loss costs is the congestion control's decision.
 *
 * A time-out does not forget what the peer has reported (RFC 6675 §5.1 and its erratum 1610), or all of that
 * would go again, and its acknowledgement would let the window grow by what had arrived before. As on Linux
 * it does where the peer has thrown something away, which shows when the first byte that it asks for is one
 * that it had reported (RFC 2018 §8).
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { TCP_FAST_RETRANSMITS } from '../../ledger/counters.gen.ts';
import type { Environment } from '../environment.ts';
import { FIN, SYN } from '../header/tcp.ts';
import { after, atOrAfter, atOrBefore, before, earlier } from '../seq.ts';
import { type CongestionControl, CWND_MAX } from './congestion/congestion.ts';
import {
  DUE_FIRST,
  DUE_HOLES,
  DUE_NOTHING,
  RECOVERY_FAST,
  RECOVERY_NONE,
  RECOVERY_TIMEOUT,
  RESCUE_LEFT,
  RESCUE_NAMED,
  RESCUE_SENT,
} from './control-block/recovery-state.ts';
import { noteTimeoutReduction } from './ecn-timeout.ts';
import type { LossRecovery } from './loss-recovery.ts';
import { isProbeLost } from './mtu-probe.ts';
import { DUPLICATE_THRESHOLD, type Scoreboard } from './scoreboard.ts';
import type { SegmentIn } from './segment-in.ts';
import { flightBytes, type Tcb } from './tcb.ts';
import { forgetUse, isWindowUsed, noteLimited, noteSent } from './window-use.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/**
 * In slow start after a time-out an acknowledgement may cover much that had arrived before it, of which only
 * what was sent again says something: it counts for so many segments at most (RFC 3465 §2.3).
 */
const AFTER_TIMEOUT_SEGMENTS = 2;

export class FastRecovery implements LossRecovery {
  private readonly environment: Environment;
  private readonly scoreboard: Scoreboard;
  private readonly congestion: CongestionControl;

  constructor(environment: Environment, scoreboard: Scoreboard, congestion: CongestionControl) {
    this.environment = environment;
    this.scoreboard = scoreboard;
    this.congestion = congestion;
  }

  /** What was sent when is not needed, but how much was in flight then. // Hot path. */
  sent(tcb: Tcb): void {
    noteSent(tcb);
  }

  next(tcb: Tcb): number {
    const { recovery, mss } = tcb;
    if (recovery.due === DUE_NOTHING) return -1;
    if (recovery.due === DUE_HOLES && isSackRecovery(tcb)) return this.nextHole(tcb);
    if (flightBytes(tcb) <= 0) {
      recovery.due = isSackRecovery(tcb) ? DUE_HOLES : DUE_NOTHING;
      return -1;
    }
    // The first unacknowledged segment goes whatever the window says.
    recovery.lostSeq = tcb.sndUna;
    const outstanding = (earlier(tcb.sndMax, tcb.sndEnd) - tcb.sndUna) | 0;
    const length = outstanding < mss ? Math.max(0, outstanding) : mss;
    return recovery.sackHead < 0 ? length : this.scoreboard.bytesToRange(tcb, tcb.sndUna, length);
  }

  resent(tcb: Tcb, end: number): void {
    const { recovery } = tcb;
    assert(atOrBefore(end, tcb.sndMax), 'recovery: only what was sent before is sent again');
    if (recovery.rescue === RESCUE_NAMED) {
      // HighRxt stays where it is.
      recovery.rescue = RESCUE_SENT;
      return;
    }
    recovery.highRetransmitted = end;
    if (!isSackRecovery(tcb)) recovery.due = DUE_NOTHING;
    else if (recovery.due === DUE_FIRST) recovery.due = DUE_HOLES;
  }

  window(tcb: Tcb, resending: boolean): number {
    const { recovery, congestion, mss, sndWnd } = tcb;
    const flight = (tcb.sndNxt - tcb.sndUna) | 0;
    if (recovery.phase === RECOVERY_FAST && tcb.sackPermitted !== 0) {
      const left = (congestion.cwnd - this.scoreboard.pipe(tcb, false)) | 0;
      const offered = (sndWnd - flight) | 0;
      // Whole segments only, or the window would be spent on crumbs.
      return left < mss ? 0 : Math.min(left, offered);
    }
    let { cwnd } = congestion;
    const { dupAcks } = recovery;
    if (recovery.phase === RECOVERY_TIMEOUT && recovery.sackHead >= 0) {
      // What output goes back over, and skips, is not in the network.
      cwnd = (cwnd + this.scoreboard.heldBelow(tcb, tcb.sndNxt)) | 0;
    }
    if (dupAcks > 0 && recovery.phase === RECOVERY_NONE && !resending) {
      // RFC 3042: each of the first two duplicates lets a new segment out.
      cwnd += Math.imul(dupAcks < DUPLICATE_THRESHOLD ? dupAcks : DUPLICATE_THRESHOLD - 1, mss);
    }
    if (cwnd < sndWnd) {
      const left = (cwnd - flight) | 0;
      if (left < ((tcb.sndEnd - tcb.sndNxt) | 0)) noteLimited(tcb);
      return left;
    }
    return (sndWnd - flight) | 0;
  }

  heldUntil(tcb: Tcb, seq: number): number {
    return this.scoreboard.endOfRange(tcb, seq);
  }

  bytesToHeld(tcb: Tcb, seq: number, most: number): number {
    return this.scoreboard.bytesToRange(tcb, seq, most);
  }

  acknowledged(tcb: Tcb, segment: SegmentIn, bytes: number): boolean {
    const { recovery, congestion } = tcb;
    if (COSTLY) assert(bytes > 0, 'recovery: something new was acknowledged');
    const heldBefore = recovery.sackedBytes;
    if (recovery.sackHead >= 0) this.scoreboard.trim(tcb);
    if (segment.sackBlocks > 0 && tcb.sackPermitted !== 0) this.scoreboard.update(tcb, segment);
    if (recovery.phase === RECOVERY_FAST) return this.acknowledgedInRecovery(tcb, bytes);
    // As on Linux what duplicates have said before counts no second time: each of them was a segment.
    const known = tcb.sackPermitted === 0 ? Math.imul(recovery.dupAcks, tcb.mss) : 0;
    recovery.dupAcks = 0;
    let counted = Math.max(bytes - known, Math.min(bytes, tcb.mss));
    if (recovery.phase === RECOVERY_TIMEOUT) {
      // What had been reported before was delivered then.
      counted += recovery.sackedBytes - heldBefore;
      if (congestion.cwnd < congestion.ssthresh)
        counted = Math.min(counted, AFTER_TIMEOUT_SEGMENTS * tcb.mss);
      this.acknowledgedAfterTimeout(tcb);
    } else if (!isWindowUsed(tcb)) counted = 0;
    if (recovery.phase === RECOVERY_NONE) keepRecoverClose(tcb);
    const { nowUs } = this.environment;
    if (tcb.marks.reducing !== 0) return false;
    if (counted > 0) this.congestion.acknowledged(congestion, tcb.mss, counted, nowUs, tcb.rtt.srtt >> 3);
    else congestion.countedUs = nowUs;
    return false;
  }

  acknowledgedAgain(tcb: Tcb, segment: SegmentIn): boolean {
    assert(flightBytes(tcb) > 0, 'recovery: duplicates say something only while something is outstanding');
    // RFC 6675 §2: with SACK, what counts is that more has arrived; without, RFC 5681 §2.
    const isDuplicate =
      tcb.sackPermitted !== 0
        ? segment.sackBlocks > 0 && this.scoreboard.update(tcb, segment)
        : segment.length === 0 &&
          segment.window << tcb.sndScale === tcb.sndWnd &&
          (segment.flags & (SYN | FIN)) === 0;
    if (isDuplicate) this.countDuplicate(tcb);
    return isDuplicate;
  }

  timedOut(tcb: Tcb): boolean {
    const { recovery } = tcb;
    assert(flightBytes(tcb) > 0, 'recovery: the timer expires only while something is outstanding');
    const isFirst = tcb.timers.retries === 1 && tcb.marks.reducing === 0;
    this.congestion.timedOut(tcb.congestion, tcb.mss, flightBytes(tcb), isFirst);
    noteTimeoutReduction(tcb);
    recovery.phase = RECOVERY_TIMEOUT;
    recovery.recover = tcb.sndMax;
    recovery.dupAcks = 0;
    recovery.due = DUE_NOTHING;
    if (this.scoreboard.isReneged(tcb)) this.scoreboard.clear(tcb);
    return true;
  }

  wentBack(tcb: Tcb): boolean {
    tcb.recovery.due = DUE_NOTHING;
    return true;
  }

  probeDelayUs(): number {
    return -1;
  }

  probeDue(): number {
    assert(false, 'recovery: without RACK no probe is due');
    return 0;
  }

  /** The first that is not acknowledged. */
  askPeer(tcb: Tcb): void {
    assert(flightBytes(tcb) > 0, 'recovery: a peer is asked about what is outstanding');
    forgetUse(tcb);
    tcb.recovery.due = DUE_FIRST;
  }

  /** Nothing is put off to be looked at again. */
  lookAgain(): void {}

  forget(tcb: Tcb): void {
    this.scoreboard.clear(tcb);
  }

  /** RFC 6675 §4, NextSeg: rule 1, and where nothing new can be sent rules 3 and 4 (2 is the output's). */
  private nextHole(tcb: Tcb): number {
    const { scoreboard } = this;
    const { recovery, mss } = tcb;
    if (recovery.rescue === RESCUE_NAMED) recovery.rescue = RESCUE_LEFT;
    // Behind a FIN that is out `sndNxt` lies beyond.
    const nothingNew = atOrAfter(tcb.sndNxt, tcb.sndEnd) || ((tcb.sndWnd - flightBytes(tcb)) | 0) < mss;
    const room = (tcb.congestion.cwnd - scoreboard.pipe(tcb, nothingNew)) | 0;
    const { lostBytes } = scoreboard;
    if (lostBytes > 0 && room >= mss) {
      const data = (earlier(tcb.sndMax, tcb.sndEnd) - recovery.lostSeq) | 0;
      const length = Math.min(lostBytes, mss, data);
      if (length > 0) return length;
    }
    if (lostBytes === 0 && nothingNew && room >= mss && recovery.rescue === RESCUE_LEFT) {
      // Rule 4: the end may be lost as well, and only a time-out would tell. What went again already is left
      // out: by the letter the only segment that is missing would go twice at once.
      const length = scoreboard.endNotHeld(tcb, mss);
      recovery.rescue = length > 0 ? RESCUE_NAMED : RESCUE_SENT;
      if (length > 0) {
        const end = (recovery.lostSeq + length) | 0;
        return Math.max(0, (earlier(end, tcb.sndEnd) - recovery.lostSeq) | 0);
      }
    }
    recovery.due = DUE_NOTHING;
    return -1;
  }

  /** A duplicate acknowledgement (RFC 5681 §2) has arrived. */
  private countDuplicate(tcb: Tcb): void {
    const { recovery, congestion } = tcb;
    recovery.dupAcks += 1;
    if (recovery.dupAcks === 1) recovery.flightBefore = flightBytes(tcb);
    if (recovery.phase === RECOVERY_FAST) {
      // With SACK the scoreboard says what has left the network; without, each duplicate says that one
      // segment has (RFC 6582 §3.2 step 3).
      if (!isSackRecovery(tcb)) congestion.cwnd = Math.min(CWND_MAX, congestion.cwnd + tcb.mss);
      else if (recovery.due === DUE_NOTHING) recovery.due = DUE_HOLES;
      return;
    }
    const isLost =
      recovery.dupAcks >= DUPLICATE_THRESHOLD || (recovery.sackHead >= 0 && this.scoreboard.isFirstLost(tcb));
    // RFC 6582 §3.2 step 2, RFC 6675 §5.1: not for duplicates of what was sent again after a time-out.
    if (!isLost || recovery.phase !== RECOVERY_NONE) return;
    if (!after((tcb.sndUna - 1) | 0, recovery.recover) || isProbeLost(tcb)) return;
    this.environment.counters[TCP_FAST_RETRANSMITS] += 1;
    recovery.recover = tcb.sndMax;
    recovery.phase = RECOVERY_FAST;
    recovery.rescue = RESCUE_LEFT;
    recovery.highRetransmitted = tcb.sndUna;
    recovery.due = DUE_FIRST;
    // Unless an echoed mark has reduced the window already (RFC 3168 §6.1.2).
    if (tcb.marks.reducing === 0) {
      tcb.marks.reductionDue = 1;
      this.congestion.lossFound(congestion, tcb.mss, Math.min(recovery.flightBefore, flightBytes(tcb)));
    }
    // RFC 6582 §3.2 step 2: the duplicates say that this many segments have left the network.
    if (!isSackRecovery(tcb)) {
      congestion.cwnd = (congestion.cwnd + Math.imul(DUPLICATE_THRESHOLD, tcb.mss)) | 0;
    }
  }

  /** Recovery from a time-out ends when all that was outstanding then is acknowledged. */
  private acknowledgedAfterTimeout(tcb: Tcb): void {
    const { recovery } = tcb;
    if (atOrAfter(tcb.sndUna, recovery.recover)) recovery.phase = RECOVERY_NONE;
  }

  /** Something new was acknowledged in fast recovery. @returns whether something is to be sent again. */
  private acknowledgedInRecovery(tcb: Tcb, bytes: number): boolean {
    const { recovery, congestion, mss } = tcb;
    if (atOrAfter(tcb.sndUna, recovery.recover)) {
      recovery.phase = RECOVERY_NONE;
      recovery.dupAcks = 0;
      tcb.marks.reducing = 0;
      this.congestion.recovered(congestion, mss, flightBytes(tcb));
      return false;
    }
    // A partial acknowledgement: the next hole is to be sent again.
    if (tcb.sackPermitted !== 0) {
      recovery.due = DUE_HOLES;
      if (before(recovery.highRetransmitted, tcb.sndUna)) recovery.highRetransmitted = tcb.sndUna;
    } else {
      recovery.due = DUE_FIRST;
      // RFC 6582 §3.2 step 3 (2): deflate by what left the network, but for one segment.
      congestion.cwnd = Math.max(mss, congestion.cwnd - bytes + (bytes >= mss ? mss : 0));
    }
    return true;
  }
}

function isSackRecovery(tcb: Tcb): boolean {
  return tcb.recovery.phase === RECOVERY_FAST && tcb.sackPermitted !== 0;
}

/** Keeps `recover` close behind, so that its distance never wraps. */
export function keepRecoverClose(tcb: Tcb): void {
  const { recovery } = tcb;
  const behind = (tcb.sndUna - 2) | 0;
  if (before(recovery.recover, behind)) recovery.recover = behind;
}
