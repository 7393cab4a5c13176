/**
 * Loss: how it is noticed, what is sent again, and how much may be in flight meanwhile. With SACK by RFC 6675
 * (all but the rescue of its rule 4), without by RFC 6582 (NewReno), both with RFC 3042 (limited transmit);
 * time-outs by RFC 6298 §5 and RFC 5681 §3.1 (go back to the first unacknowledged byte). What a loss costs is
 * the congestion control's decision.
 */
import { TCP_FAST_RETRANSMITS } from '../../ledger/counters.gen.ts';
import { after, before, earlier } from '../seq.ts';
import { CWND_MAX } from './congestion/congestion.ts';
import { RECOVERY_FAST, RECOVERY_NONE, RECOVERY_TIMEOUT } from './state.ts';
import { markReady, type TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import { startRetransmit } from './timers.ts';

const DUPLICATES_MAX = 3;
/** `Tcb.retransmitDue`: what the scoreboard finds lost; the first unacknowledged segment in any case. */
const NEXT = 1;
const FIRST = 2;

/** Bytes sent and not acknowledged, the FIN included. */
export function flightBytes(tcb: Tcb): number {
  return (tcb.sndMax - tcb.sndUna) | 0;
}

function isSackRecovery(tcb: Tcb): boolean {
  return tcb.recovery === RECOVERY_FAST && tcb.sackPermitted !== 0;
}

/** How many bytes from `sndNxt` on the windows allow now; may be negative. // Hot path. */
export function sendWindow(tcp: TcpTables, tcb: Tcb, resending: boolean): number {
  const flight = (tcb.sndNxt - tcb.sndUna) | 0;
  if (tcb.recovery === RECOVERY_FAST && tcb.sackPermitted !== 0) {
    const left = (tcb.cwnd - tcp.scoreboard.pipe(tcb, false)) | 0;
    const offered = (tcb.sndWnd - flight) | 0;
    // Whole segments only, or the window would be spent on crumbs.
    return left < tcb.mss ? 0 : Math.min(left, offered);
  }
  let congestion = tcb.cwnd;
  if (tcb.dupAcks > 0 && tcb.recovery === RECOVERY_NONE && !resending) {
    // RFC 3042: a new segment for each of the first two duplicates.
    congestion += Math.imul(tcb.dupAcks < DUPLICATES_MAX ? tcb.dupAcks : DUPLICATES_MAX - 1, tcb.mss);
  }
  if (congestion < tcb.sndWnd) {
    const left = (congestion - flight) | 0;
    if (left < ((tcb.sndEnd - tcb.sndNxt) | 0)) tcb.cwndLimited = 1;
    return left;
  }
  return (tcb.sndWnd - flight) | 0;
}

/**
 * The next segment to send again; its start is put in `lostSeq`.
 * @returns its payload bytes (0: only the FIN), or -1 when there is none.
 */
export function nextRetransmission(tcp: TcpTables, tcb: Tcb): number {
  if (tcb.retransmitDue === 0) return -1;
  if (isSackRecovery(tcb) && tcb.retransmitDue !== FIRST) return nextHole(tcp, tcb);
  // The first unacknowledged segment goes whatever the window says.
  tcb.retransmitDue = isSackRecovery(tcb) ? NEXT : 0;
  const outstanding = (earlier(tcb.sndMax, tcb.sndEnd) - tcb.sndUna) | 0;
  if (flightBytes(tcb) <= 0) return -1;
  tcb.lostSeq = tcb.sndUna;
  const length = outstanding < tcb.mss ? Math.max(0, outstanding) : tcb.mss;
  return tcb.sackHead < 0 ? length : tcp.scoreboard.bytesToRange(tcb, tcb.sndUna, length);
}

/** RFC 6675 §4, NextSeg: rule 1, and rule 3 where there is no new data to send (rule 2 is `outputData`'s). */
function nextHole(tcp: TcpTables, tcb: Tcb): number {
  const { scoreboard } = tcp;
  const nothingNew = tcb.sndNxt === tcb.sndEnd || ((tcb.sndWnd - flightBytes(tcb)) | 0) < tcb.mss;
  const room = (tcb.cwnd - scoreboard.pipe(tcb, nothingNew)) | 0;
  const { lostBytes } = scoreboard;
  if (lostBytes === 0 || room < tcb.mss) {
    tcb.retransmitDue = 0;
    return -1;
  }
  const data = (earlier(tcb.sndMax, tcb.sndEnd) - tcb.lostSeq) | 0;
  const length = Math.min(lostBytes, tcb.mss, data);
  if (length > 0) return length;
  tcb.retransmitDue = 0;
  return -1;
}

/** A duplicate acknowledgement (RFC 5681 §2) has arrived. */
export function duplicateAcknowledgement(tcp: TcpTables, tcb: Tcb): void {
  tcb.dupAcks += 1;
  markReady(tcp, tcb);
  if (tcb.recovery === RECOVERY_FAST) {
    // With SACK the scoreboard says what has left the network; else RFC 6582 §3.2 step 3.
    if (isSackRecovery(tcb)) tcb.retransmitDue = Math.max(tcb.retransmitDue, NEXT);
    else tcb.cwnd = Math.min(CWND_MAX, tcb.cwnd + tcb.mss);
    return;
  }
  const isLost = tcb.dupAcks >= DUPLICATES_MAX || (tcb.sackHead >= 0 && tcp.scoreboard.isFirstLost(tcb));
  // RFC 6582 §3.2 step 2, RFC 6675 §5.1: not for duplicates of what was sent again after a time-out.
  if (!isLost || tcb.recovery !== RECOVERY_NONE || !after((tcb.sndUna - 1) | 0, tcb.recover)) return;
  tcp.environment.counters[TCP_FAST_RETRANSMITS] += 1;
  tcb.ssthresh = tcp.congestion.threshold(tcb, flightBytes(tcb));
  tcb.recover = tcb.sndMax;
  tcb.recovery = RECOVERY_FAST;
  const inflation = isSackRecovery(tcb) ? 0 : Math.imul(DUPLICATES_MAX, tcb.mss);
  tcb.cwnd = (tcb.ssthresh + inflation) | 0;
  tcb.highRetransmitted = tcb.sndUna;
  tcb.retransmitDue = FIRST;
}

/**
 * New data has been acknowledged; `sndUna` has moved already. @param bytes at least 1.
 * @param wasLimited whether the congestion window was what held the sender back. // Hot path.
 */
export function newAcknowledgement(tcp: TcpTables, tcb: Tcb, bytes: number, wasLimited: boolean): void {
  if (tcb.recovery !== RECOVERY_FAST) {
    tcb.dupAcks = 0;
    if (tcb.recovery === RECOVERY_TIMEOUT && !before(tcb.sndUna, tcb.recover)) tcb.recovery = RECOVERY_NONE;
    // Keeps `recover` close behind, so that its distance never wraps.
    if (tcb.recovery === RECOVERY_NONE && before(tcb.recover, (tcb.sndUna - 2) | 0)) {
      tcb.recover = (tcb.sndUna - 2) | 0;
    }
    if (wasLimited) tcp.congestion.acknowledged(tcb, bytes);
    return;
  }
  if (!before(tcb.sndUna, tcb.recover)) {
    // Full acknowledgement, RFC 6582 §3.2 step 3 (1): no burst.
    tcb.cwnd = Math.min(tcb.ssthresh, Math.max(flightBytes(tcb), tcb.mss) + tcb.mss);
    tcb.recovery = RECOVERY_NONE;
    tcb.dupAcks = 0;
    tcb.cwndAcked = 0;
    return;
  }
  tcb.retransmitDue = isSackRecovery(tcb) ? NEXT : FIRST;
  startRetransmit(tcp, tcb);
  markReady(tcp, tcb);
  if (tcb.sackPermitted !== 0) {
    if (before(tcb.highRetransmitted, tcb.sndUna)) tcb.highRetransmitted = tcb.sndUna;
    return;
  }
  // Partial acknowledgement: the next hole; deflate by what left, but for one segment.
  tcb.cwnd = Math.max(tcb.mss, tcb.cwnd - bytes + (bytes >= tcb.mss ? tcb.mss : 0));
}

/** The retransmission timer has expired (RFC 6298 §5.4 to §5.6, RFC 5681 §3.1). */
export function retransmissionTimedOut(tcp: TcpTables, tcb: Tcb): void {
  // RFC 5681 §3.1: only the first expiry of a segment lowers the threshold.
  if (tcb.retries === 1) tcb.ssthresh = tcp.congestion.threshold(tcb, flightBytes(tcb));
  tcb.cwnd = tcb.mss;
  tcb.cwndAcked = 0;
  tcb.recovery = RECOVERY_TIMEOUT;
  tcb.recover = tcb.sndMax;
  tcb.dupAcks = 0;
  tcb.retransmitDue = 0;
  tcp.scoreboard.clear(tcb);
  tcb.sndNxt = tcb.sndUna;
  tcp.sendQueue.rewind(tcb);
}
