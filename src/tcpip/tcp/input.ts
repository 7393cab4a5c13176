/**
 * A segment arrives: RFC 9293 §3.10.7, with RFC 5961 (resets, SYNs and acknowledgements out of place get a
 * challenge) and RFC 7323 (PAWS). Input only changes state and marks connections; what must be sent goes with
 * the next flush.
 */

import { TCP_CHALLENGE_ACKS, TCP_DUPLICATES, TCP_IN_ERRS, TCP_IN_SEGS } from '../../ledger/counters.gen.ts';
import { ECONNREFUSED, ECONNRESET, EPIPE } from '../../socket/errno.ts';
import { RX_CHECKSUM_CHECKED } from '../contract.ts';
import { addressSum, fold, PROTOCOL_TCP } from '../header/ipv4.ts';
import { ACK, checkTcpHeader, FIN, RST, SYN, URG } from '../header/tcp.ts';
import { acknowledge } from './acknowledge.ts';
import { ACK_NOW } from './control-block/acknowledgements.ts';
import { acceptSyn, receiveInSynReceived, receiveInSynSent, replyReset } from './handshake.ts';
import {
  abortTcb,
  acknowledgeFromTimeWait,
  acknowledgeNow,
  closeTcb,
  endTimeWait,
  enterTimeWait,
  failTcb,
} from './lifecycle.ts';
import { receiveText } from './receive.ts';
import type { SegmentIn } from './segment-in.ts';
import { setState } from './set-state.ts';
import {
  CLOSE_WAIT,
  CLOSING,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  LAST_ACK,
  LISTEN,
  SYN_RECEIVED,
  SYN_SENT,
} from './state.ts';
import { markReady, type TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import { startFinWait } from './timers.ts';

/** RFC 7323 §5.5: after 24 days without a segment the peer's timestamp may have wrapped. */
const TIMESTAMP_VALID_MS = 24 * 24 * 3600 * 1000;
/** Linux's step from the last sequence number of a TIME-WAIT pair to the first of its successor. */
const SUCCESSOR_STEP = 65537;

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
  const found = demux.find(source, destination, segment.ports);
  if (found > 0) return segmentArrives(tcp, tcp.tcbs[found - 1], segment);
  if (found < 0) receiveInTimeWait(tcp, -found - 1, segment);
  else receiveForListener(tcp, segment, 0);
  return false;
}

function isSumGood(tcp: TcpTables, at: number, length: number, source: number, destination: number): boolean {
  const pseudo = fold(addressSum(source) + addressSum(destination) + PROTOCOL_TCP + length);
  return tcp.environment.kernels.sum(at, length, pseudo) === 0xffff;
}

/** No connection: a listener's (RFC 9293 §3.10.7.2), or nobody's (§3.10.7.1). @param iss see `acceptSyn`. */
function receiveForListener(tcp: TcpTables, segment: SegmentIn, iss: number): void {
  const listener = findListener(tcp, segment.destination, segment.ports & 0xffff);
  const { flags } = segment;
  if (listener === undefined) {
    replyReset(tcp, segment);
  } else if ((flags & RST) !== 0) {
    return;
  } else if ((flags & ACK) !== 0) {
    replyReset(tcp, segment);
  } else if ((flags & (SYN | FIN)) === SYN) {
    acceptSyn(tcp, listener, segment, iss);
  }
}

/** The listener of exactly this address, else the one of any. */
export function findListener(tcp: TcpTables, address: number, port: number): Tcb | undefined {
  let wildcard: Tcb | undefined;
  for (let index = tcp.bound.first(port); index >= 0; index = tcp.tcbs[index].boundNext) {
    const tcb = tcp.tcbs[index];
    if (tcb.state !== LISTEN || tcb.localPort !== port) continue;
    if (tcb.localAddress === address) return tcb;
    if (tcb.localAddress === 0) wildcard = tcb;
  }
  return wildcard;
}

/**
 * TIME-WAIT: RFC 9293 §3.10.7.4 with RFC 1337 (resets change nothing) and RFC 6191 (a newer SYN begins anew).
 */
function receiveInTimeWait(tcp: TcpTables, entry: number, segment: SegmentIn): void {
  const { timeWait, environment } = tcp;
  const { flags, seq, length } = segment;
  if ((flags & RST) !== 0) return;
  const rcvNxt = timeWait.rcvNxt[entry];
  const stamped = timeWait.timestamps[entry] === 1 && segment.timestamps !== 0;
  const tsAhead = stamped ? (segment.tsValue - timeWait.tsRecent[entry]) | 0 : 0;
  if ((flags & (SYN | ACK)) === SYN) {
    if (tsAhead > 0 || (tsAhead === 0 && ((seq - rcvNxt) | 0) > 0)) {
      const iss = (timeWait.sndNxt[entry] + SUCCESSOR_STEP) | 0;
      endTimeWait(tcp, entry);
      receiveForListener(tcp, segment, iss === 0 ? 1 : iss);
    } else {
      acknowledgeFromTimeWait(tcp, entry);
    }
    return;
  }
  if ((flags & FIN) !== 0 && tsAhead >= 0) {
    timeWait.renew(entry, (environment.nowUs + environment.config.timeWaitUs) | 0);
  }
  // A bare acknowledgement in place needs no answer; anything else does.
  if (length > 0 || (flags & (SYN | FIN)) !== 0) acknowledgeFromTimeWait(tcp, entry);
}

/** A segment of a known connection. @returns true when the packet slot is kept. // Hot path. */
function segmentArrives(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): boolean {
  if (tcb.state === SYN_SENT) {
    receiveInSynSent(tcp, tcb, segment);
    return false;
  }
  const { flags, seq, length } = segment;
  const { environment } = tcp;
  // First check, with PAWS before it (RFC 7323 §5.3 R1).
  if (tcb.stamps.on !== 0 && (flags & RST) === 0 && !isTimestampGood(tcp, tcb, segment)) return false;
  const end = (seq + length + (flags & FIN)) | 0;
  if (((end - tcb.rcvNxt) | 0) < 0 || ((seq - tcb.rcvAdv) | 0) > 0) {
    refuseSegment(tcp, tcb, segment);
    return false;
  }
  // Second to fourth check.
  if ((flags & (RST | SYN)) !== 0) {
    // Fourth: RFC 5961 §4.2.
    if ((flags & RST) !== 0) receiveReset(tcp, tcb, segment);
    else challenge(tcp, tcb);
    return false;
  }
  if ((flags & ACK) === 0) return false;
  tcb.timers.lastReceiveMs = environment.nowMs;
  tcb.timers.probes = 0;

  // Fifth check.
  if (tcb.state === SYN_RECEIVED && !receiveInSynReceived(tcp, tcb, segment)) return false;
  const acked = (segment.ack - tcb.sndUna) | 0;
  if (((segment.ack - tcb.sndMax) | 0) > 0 || (acked < 0 && acked < -tcb.sndWndMax)) {
    // RFC 5961 §5.2.
    challenge(tcp, tcb);
    return false;
  }
  if (tcb.stamps.on !== 0) takeTimestamp(tcp, tcb, segment);
  acknowledge(tcp, tcb, segment);
  if (tcb.finQueued !== 0 && ((tcb.sndUna - tcb.sndEnd) | 0) > 0 && !finAcknowledged(tcp, tcb)) return false;

  // Sixth check.
  if ((flags & URG) !== 0) receiveUrgent(tcb, segment);
  // Seventh and eighth.
  if (end === seq) return false;
  const { state } = tcb;
  if (state !== ESTABLISHED && state !== FIN_WAIT_1 && state !== FIN_WAIT_2) {
    // The peer's FIN has been taken: what comes now has been here before.
    acknowledgeNow(tcp, tcb, ACK_NOW);
    return false;
  }
  if (tcb.owner < 0 && tcb.parent < 0 && length > 0 && ((end - tcb.rcvNxt) | 0) > 0) {
    // Nobody will ever read it (RFC 9293 SHLD-3).
    abortTcb(tcp, tcb);
    return false;
  }
  return receiveText(tcp, tcb, segment);
}

/** RFC 7323 §5.3. @returns false when the segment is to be dropped. // Hot path. */
function isTimestampGood(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): boolean {
  if (segment.timestamps === 0) return false;
  if (((segment.tsValue - tcb.stamps.recent) | 0) >= 0) return true;
  if (((tcp.environment.nowMs - tcb.stamps.recentMs) | 0) > TIMESTAMP_VALID_MS) return true;
  refuseSegment(tcp, tcb, segment);
  return false;
}

/** RFC 7323 §4.3 (2): only segments that cover the last acknowledgement sent. // Hot path. */
function takeTimestamp(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  if (((segment.seq - tcb.acks.lastSent) | 0) > 0) return;
  const ahead = (segment.tsValue - tcb.stamps.recent) | 0;
  if (ahead >= 0 || ((tcp.environment.nowMs - tcb.stamps.recentMs) | 0) > TIMESTAMP_VALID_MS) {
    tcb.stamps.recent = segment.tsValue;
    tcb.stamps.recentMs = tcp.environment.nowMs;
  }
}

/**
 * Not acceptable: an acknowledgement says what is expected. Those that answer a segment without data are
 * limited, or two ends that disagree would answer each other for ever.
 */
function refuseSegment(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const { flags, length } = segment;
  if ((flags & RST) !== 0) return;
  if (tcb.state === SYN_RECEIVED && (flags & SYN) !== 0 && segment.seq === tcb.irs) {
    // The other half of a simultaneous open (RFC 9293 §3.5, figure 8), or our SYN-ACK was lost.
    if ((flags & ACK) === 0) {
      tcb.sndNxt = tcb.iss;
      markReady(tcp, tcb);
    } else if (receiveInSynReceived(tcp, tcb, segment)) {
      acknowledgeNow(tcp, tcb, ACK_NOW);
    }
    return;
  }
  if (length > 0 || (flags & FIN) !== 0) {
    if (length > 0 && ((segment.seq + length - tcb.rcvNxt) | 0) <= 0) {
      tcp.environment.counters[TCP_DUPLICATES] += 1;
      if (tcb.sackPermitted !== 0) {
        tcb.received.duplicateStart = segment.seq;
        tcb.received.duplicateEnd = (segment.seq + length) | 0;
      }
    }
    acknowledgeNow(tcp, tcb, ACK_NOW);
  } else {
    challenge(tcp, tcb);
  }
}

/**
 * A challenge acknowledgement, at most one in a while for each connection (RFC 5961 §7; a global limit could
 * be probed).
 */
function challenge(tcp: TcpTables, tcb: Tcb): void {
  const { nowUs, config, counters } = tcp.environment;
  if (tcb.acks.challenged !== 0 && ((nowUs - tcb.acks.challengeUs) | 0) < config.challengeAckUs) return;
  tcb.acks.challenged = 1;
  tcb.acks.challengeUs = nowUs;
  counters[TCP_CHALLENGE_ACKS] += 1;
  acknowledgeNow(tcp, tcb, ACK_NOW);
}

/** Second check, RFC 5961 §3.2: only an exact reset resets. */
function receiveReset(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  if (segment.seq !== tcb.rcvNxt) {
    challenge(tcp, tcb);
  } else if (tcb.state === SYN_RECEIVED) {
    failTcb(tcp, tcb, ECONNREFUSED);
  } else if (tcb.state === CLOSING || tcb.state === LAST_ACK) {
    closeTcb(tcp, tcb);
  } else {
    failTcb(tcp, tcb, tcb.state === CLOSE_WAIT ? EPIPE : ECONNRESET);
  }
}

/** Our FIN has been acknowledged. @returns false when the connection is over. */
function finAcknowledged(tcp: TcpTables, tcb: Tcb): boolean {
  switch (tcb.state) {
    case FIN_WAIT_1:
      setState(tcp, tcb, FIN_WAIT_2);
      if (tcb.owner < 0) startFinWait(tcp, tcb);
      return true;
    case CLOSING:
      enterTimeWait(tcp, tcb, false);
      return false;
    case LAST_ACK:
      closeTcb(tcp, tcb);
      return false;
    default:
      return true;
  }
}

/** RFC 9293 §3.10.7.4, sixth check, with MUST-62: the pointer names the octet after the urgent data. */
function receiveUrgent(tcb: Tcb, segment: SegmentIn): void {
  const up = (segment.seq + segment.urgent) | 0;
  if (tcb.rcvUrgent === 0 || ((up - tcb.rcvUp) | 0) > 0) {
    tcb.rcvUrgent = 1;
    tcb.rcvUp = up;
  }
}
