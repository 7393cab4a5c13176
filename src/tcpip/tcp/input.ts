/**
 * A segment arrives: RFC 9293 §3.10.7, with RFC 5961 (resets, SYNs and acknowledgements out of place get a
 * challenge) and RFC 7323 (PAWS). Input only changes state and marks connections; what must be sent goes with
 * the next flush.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { HAND_OFF_SEGMENTS_DROPPED, TCP_IN_ERRS, TCP_IN_SEGS } from '../../ledger/counters.gen.ts';
import { ECONNREFUSED, ECONNRESET } from '../../socket/errno.ts';
import { RX_CHECKSUM_CHECKED, RX_MERGED } from '../contract.ts';
import { addressSum, fold, PROTOCOL_TCP } from '../header/ipv4.ts';
import { ACK, checkTcpHeader, FIN, RST, SYN, URG } from '../header/tcp.ts';
import { after, atOrAfter, before, hasPassed } from '../seq.ts';
import { acknowledge } from './acknowledge.ts';
import { failByReset, receiveBehindFin, refuseRepeat } from './behind-fin.ts';
import { mayChallenge } from './challenge.ts';
import { acceptCookie, acceptSyn, receiveInSynReceived, receiveInSynSent, replyReset } from './handshake.ts';
import { checkTcb } from './identities.ts';
import { closeTcb, failTcb } from './lifecycle.ts';
import { acknowledgeNow, markReady } from './ready.ts';
import { receiveMerged, receiveText } from './receive.ts';
import type { SegmentIn } from './segment-in.ts';
import { setState } from './set-state.ts';
import {
  CLOSED,
  CLOSING,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  LAST_ACK,
  SYN_RECEIVED,
  SYN_SENT,
} from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import {
  acknowledgeFromTimeWait,
  challengeFromTimeWait,
  endTimeWait,
  enterTimeWait,
  successorIss,
} from './time-wait-state.ts';
import { startFinWait } from './timers.ts';
import { receiveUrgent, URGENT_AWAITED } from './urgent.ts';
import { awakeTcb } from './wake.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** RFC 7323 §5.5: after 24 days without a segment the peer's timestamp may have wrapped. */
const TIMESTAMP_VALID_MS = 24 * 24 * 3600 * 1000;

/**
 * @param at the TCP header. @param length of header and payload. @param flags RX_ bits.
 * @returns true when the packet slot is kept. // Hot path.
 */
export function tcpInput(
  tcp: TcpTables,
  packet: number,
  at: number,
  length: number,
  source: number,
  destination: number,
  flags: number,
): boolean {
  const { environment, segment, demux } = tcp;
  const { counters, view } = environment;
  counters[TCP_IN_SEGS] += 1;
  const headerLength = checkTcpHeader(view, at, length);
  if (
    headerLength < 0 ||
    ((flags & RX_CHECKSUM_CHECKED) === 0 && !isSumGood(tcp, at, length, source, destination))
  ) {
    counters[TCP_IN_ERRS] += 1;
    return false;
  }
  segment.parse(environment, packet, at, headerLength, length);
  segment.source = source;
  segment.destination = destination;
  segment.merged = (flags & RX_MERGED) !== 0;
  const found = demux.find(source, destination, segment.ports);
  if (found > 0) {
    const tcb = awakeTcb(tcp, found - 1);
    const kept = segmentArrives(tcp, tcb, segment);
    if (COSTLY) checkTcb(tcp, tcb);
    return kept;
  }
  if (found < 0) receiveInTimeWait(tcp, -found - 1, segment);
  else if ((segment.flags & (SYN | ACK)) !== SYN && tcp.departed.has(source, destination, segment.ports)) {
    // It was on its way when the connection left: who has that now is not to be reset for it.
    counters[HAND_OFF_SEGMENTS_DROPPED] += 1;
  } else return receiveForListener(tcp, segment, 0);
  return false;
}

function isSumGood(tcp: TcpTables, at: number, length: number, source: number, destination: number): boolean {
  const pseudo = fold(addressSum(source) + addressSum(destination) + PROTOCOL_TCP + length);
  return tcp.environment.sum(at, length, pseudo) === 0xffff;
}

/**
 * No connection: a listener's (RFC 9293 §3.10.7.2), or nobody's (§3.10.7.1). @param iss see `acceptSyn`.
 * @returns true when the packet slot is kept.
 */
function receiveForListener(tcp: TcpTables, segment: SegmentIn, iss: number): boolean {
  const listener = findListener(tcp, segment.destination, segment.ports & 0xffff);
  const { flags } = segment;
  if (listener === undefined) {
    replyReset(tcp, segment);
  } else if ((flags & RST) !== 0) {
    return false;
  } else if ((flags & ACK) !== 0) {
    const tcb = acceptCookie(tcp, listener, segment);
    if (tcb !== undefined) return segmentArrives(tcp, tcb, segment);
  } else if ((flags & (SYN | FIN)) === SYN) {
    acceptSyn(tcp, listener, segment, iss);
  }
  return false;
}

/** The listener of exactly this address, else the one of any. */
export function findListener(tcp: TcpTables, address: number, port: number): Tcb | undefined {
  const { holders, tcbs } = tcp;
  const own = holders.listener(port, address);
  const index = own >= 0 ? own : holders.listener(port, 0);
  return index < 0 ? undefined : tcbs[index];
}

/**
 * TIME-WAIT: RFC 9293 §3.10.7.4 with RFC 6191 (a newer SYN begins anew) and, unless a setting says otherwise,
 * RFC 1337 (resets change nothing).
 */
function receiveInTimeWait(tcp: TcpTables, entry: number, segment: SegmentIn): void {
  const { timeWait, environment } = tcp;
  const { flags, seq, length } = segment;
  if ((flags & RST) !== 0) {
    if (environment.config.resetEndsTimeWait && seq === timeWait.rcvNxt[entry]) endTimeWait(tcp, entry);
    return;
  }
  const stamped = timeWait.timestamps[entry] === 1 && segment.timestamps !== 0;
  const tsAhead = stamped ? (segment.tsValue - timeWait.tsRecent[entry]) | 0 : 0;
  if ((flags & (SYN | ACK)) === SYN) {
    if (tsAhead > 0 || (tsAhead === 0 && after(seq, timeWait.rcvNxt[entry]))) {
      // The peer opens a new connection of the same pair.
      const iss = successorIss(tcp, entry);
      endTimeWait(tcp, entry);
      receiveForListener(tcp, segment, iss === 0 ? 1 : iss);
    } else {
      acknowledgeFromTimeWait(tcp, entry);
    }
    return;
  }
  if ((flags & FIN) !== 0 && tsAhead >= 0) {
    // The peer sends its FIN again: our last acknowledgement was lost.
    timeWait.renew(entry, (environment.nowUs + environment.config.timeWaitUs) | 0);
  }
  // A bare acknowledgement in place needs no answer; anything else does (RFC 9293 §3.10.7.4, first check).
  if (length > 0 || (flags & (SYN | FIN)) !== 0) acknowledgeFromTimeWait(tcp, entry);
  else if (seq !== timeWait.rcvNxt[entry] || tsAhead < 0) challengeFromTimeWait(tcp, entry);
}

/**
 * A segment of a known connection, by the checks of RFC 9293 §3.10.7.4 in their order.
 * @returns true when the packet slot is kept. // Hot path.
 */
function segmentArrives(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): boolean {
  if (COSTLY)
    assert(tcb.hashed !== 0 && tcb.state !== CLOSED, 'input: a segment finds a connection that lives');
  // Its user has gone with a reset: as on Linux there is no connection any more that could take anything.
  if (tcb.resetDue !== 0) return false;
  if (tcb.moving !== 0) {
    // Whoever has the connection next acknowledges what has come by then: its peer sends this again.
    tcp.environment.counters[HAND_OFF_SEGMENTS_DROPPED] += 1;
    return false;
  }
  if (tcb.state === SYN_SENT) {
    receiveInSynSent(tcp, tcb, segment);
    return false;
  }
  const { flags, seq, length } = segment;
  tcb.totals.segmentsIn += 1;
  if (length > 0) tcb.totals.dataSegmentsIn += 1;
  // First check: the window, with PAWS before it (RFC 7323 §5.3 R1).
  if (tcb.stamps.on !== 0 && (flags & RST) === 0 && !isTimestampGood(tcp, tcb, segment)) return false;
  const end = (seq + length + (flags & FIN)) | 0;
  if (
    before(end, tcb.rcvNxt) ||
    after(seq, tcb.rcvAdv) ||
    (after(end, tcb.rcvAdv) && isRefusedWhole(tcp, tcb, segment))
  ) {
    refuseSegment(tcp, tcb, segment);
    return false;
  }
  // Second to fourth check: RST and SYN (there is no security to check).
  if ((flags & (RST | SYN)) !== 0) {
    if ((flags & RST) !== 0) receiveReset(tcp, tcb, segment);
    // RFC 5961 §4.2.
    else challenge(tcp, tcb);
    return false;
  }
  if ((flags & ACK) === 0) return false;
  tcb.timers.lastReceiveMs = tcp.environment.nowMs;
  tcb.timers.probes = 0;

  // Fifth check: the acknowledgement.
  if (!takeAcknowledgement(tcp, tcb, segment)) return false;

  // Sixth check: urgent data.
  if ((flags & URG) !== 0 || tcb.rcvUrgent === URGENT_AWAITED) receiveUrgent(tcp, tcb, segment);
  // Seventh and eighth: text and FIN.
  if (end === seq) return false;
  const { state } = tcb;
  if (state !== ESTABLISHED && state !== FIN_WAIT_1 && state !== FIN_WAIT_2) {
    receiveBehindFin(tcp, tcb, segment);
    return false;
  }
  if (length > 0 && after(end, tcb.rcvNxt) && isUnwanted(tcb)) {
    // RFC 9293 SHLD-3, RFC 1122 §4.2.2.13. As Linux does, by a reset that acknowledges nothing, for whatever
    // is still to be sent; a user who is there hears of it.
    replyReset(tcp, segment);
    failTcb(tcp, tcb, ECONNRESET);
    return false;
  }
  return segment.merged ? receiveMerged(tcp, tcb, segment) : receiveText(tcp, tcb, segment);
}

/** Whether nobody will ever read what comes: the user has closed, or has ended both halves. // Hot path. */
function isUnwanted(tcb: Tcb): boolean {
  if (tcb.owner < 0) return tcb.parent < 0;
  return tcb.received.shutdown !== 0 && tcb.state !== ESTABLISHED;
}

/** The fifth check of RFC 9293 §3.10.7.4. @returns false: the segment has been dealt with. // Hot path. */
function takeAcknowledgement(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): boolean {
  if (tcb.state === SYN_RECEIVED && !receiveInSynReceived(tcp, tcb, segment)) return false;
  const acked = (segment.ack - tcb.sndUna) | 0;
  if (after(segment.ack, tcb.sndMax) || (acked < 0 && acked < -tcb.sndWndMax)) {
    // Of what was never sent, or too old to be believed: RFC 5961 §5.2.
    challenge(tcp, tcb);
    return false;
  }
  if (tcb.stamps.on !== 0 && segment.timestamps !== 0) takeTimestamp(tcp, tcb, segment);
  acknowledge(tcp, tcb, segment);
  return tcb.finQueued === 0 || !after(tcb.sndUna, tcb.sndEnd) || finAcknowledged(tcp, tcb, segment);
}

/**
 * Whether a segment that begins in the window and reaches beyond it is refused as a whole, by a stack that takes
 * none in part. A FIN alone takes no room, whatever the window.
 */
function isRefusedWhole(tcp: TcpTables, tcb: Tcb, { seq, length }: SegmentIn): boolean {
  if (!tcp.environment.config.takesBeyondWindow || !after((seq + length) | 0, tcb.rcvAdv)) return false;
  return tcb.received.head >= 0 || tcb.rcvNxt === tcb.rcvAdv;
}

/** RFC 7323 §5.3. @returns false when the segment is to be dropped. // Hot path. */
function isTimestampGood(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): boolean {
  if (segment.timestamps === 0) return tcp.environment.config.takesUnstamped;
  if (atOrAfter(segment.tsValue, tcb.stamps.recent)) return true;
  if (isRecentOutdated(tcp, tcb)) return true;
  // As on Linux an old acknowledgement, which another has overtaken, is answered by nothing.
  const isOldAck =
    segment.length === 0 && (segment.flags & (SYN | FIN)) === 0 && before(segment.seq, tcb.rcvNxt);
  if (!isOldAck) refuseSegment(tcp, tcb, segment);
  return false;
}

/** Whether the peer's latest timestamp is so old that it may have wrapped since. */
function isRecentOutdated(tcp: TcpTables, tcb: Tcb): boolean {
  return hasPassed(tcp.environment.nowMs, tcb.stamps.recentMs, TIMESTAMP_VALID_MS + 1);
}

/** RFC 7323 §4.3 (2): only segments that cover the last acknowledgement sent. // Hot path. */
function takeTimestamp(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const { stamps } = tcb;
  if (after(segment.seq, tcb.acks.lastSent)) return;
  if (atOrAfter(segment.tsValue, stamps.recent) || isRecentOutdated(tcp, tcb)) {
    stamps.recent = segment.tsValue;
    stamps.recentMs = tcp.environment.nowMs;
  }
}

/**
 * The segment is not acceptable: an acknowledgement says what is expected. Those that answer a segment
 * without data are limited, or two ends that disagree would answer each other for ever.
 */
function refuseSegment(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const { flags, length } = segment;
  if ((flags & RST) !== 0) return;
  if (tcb.state === SYN_RECEIVED && (flags & SYN) !== 0 && segment.seq === tcb.irs) {
    if ((flags & ACK) === 0) {
      // The peer sends its SYN again: our SYN-ACK was lost.
      tcb.sndNxt = tcb.iss;
      markReady(tcp, tcb);
    } else if (receiveInSynReceived(tcp, tcb, segment)) {
      // The other half of a simultaneous open (RFC 9293 §3.5, figure 8).
      acknowledgeNow(tcp, tcb);
    }
    return;
  }
  if (length > 0 || (flags & FIN) !== 0) {
    refuseRepeat(tcp, tcb, segment.seq, (segment.seq + length + (flags & FIN)) | 0);
  } else {
    challenge(tcp, tcb);
  }
}

/** A challenge acknowledgement (RFC 5961). */
function challenge(tcp: TcpTables, tcb: Tcb): void {
  const { environment } = tcp;
  const { acks } = tcb;
  if (!mayChallenge(environment, acks.challenged, acks.challengeUs)) return;
  acks.challenged = 1;
  acks.challengeUs = environment.nowUs;
  acknowledgeNow(tcp, tcb);
}

/** Second check, RFC 5961 §3.2: only a reset with exactly the number that is expected resets. */
function receiveReset(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  if (segment.seq !== tcb.rcvNxt) {
    challenge(tcp, tcb);
  } else if (tcb.state === SYN_RECEIVED) {
    // The peer has given up before the handshake was complete.
    failTcb(tcp, tcb, ECONNREFUSED);
  } else {
    failByReset(tcp, tcb);
  }
}

/** The peer has acknowledged our FIN. @returns false when the connection is over. */
function finAcknowledged(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): boolean {
  switch (tcb.state) {
    case FIN_WAIT_1:
      // The peer's half is still open; where nobody waits for its end, it may not last for ever.
      setState(tcp, tcb, FIN_WAIT_2);
      if (tcb.owner >= 0) return true;
      if (tcb.options.finWaitSeconds >= 0) {
        startFinWait(tcp, tcb);
        return true;
      }
      // TCP_LINGER2: nobody waits for the peer's end, which hears so, as from Linux.
      replyReset(tcp, segment);
      closeTcb(tcp, tcb);
      return false;
    case CLOSING:
      // The peer had closed at the same time.
      enterTimeWait(tcp, tcb, false);
      return false;
    case LAST_ACK:
      // The peer had closed first.
      closeTcb(tcp, tcb);
      return false;
    default:
      return true;
  }
}
