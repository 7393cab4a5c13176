/**
 * Explicit congestion notification (RFC 3168), as Linux has it: a router that would drop a packet marks it
 * instead, its receiver echoes the mark, and its sender slows down as if the packet had been lost.
 *
 *   the SYN asks with ECE and CWR, the SYN-ACK agrees with ECE
 *   new data says in its IPv4 header that it may be marked, and nothing else does (§6.1.2, §6.1.4 to §6.1.6)
 *   a mark comes: each acknowledgement has ECE until a segment with CWR has come (§6.1.3)
 *   ECE comes: the window is reduced, once for each window of data, and the next new data has CWR (§6.1.2)
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { IP_IN_CE_PKTS, TCP_ECN_REDUCTIONS } from '../../ledger/counters.gen.ts';
import type { StackConfig } from '../config.ts';
import { ECN_BITS, ECN_CE, ECN_NOT_CAPABLE, IPV4_TOS } from '../header/ipv4.ts';
import { ACK, CWR, ECE, SYN } from '../header/tcp.ts';
import { after } from '../seq.ts';
import { forbidUndo } from './congestion/congestion.ts';
import { RECOVERY_NONE } from './control-block/recovery-state.ts';
import { beginReduction } from './proportional-rate.ts';
import { acknowledgeNow } from './ready.ts';
import type { SegmentIn } from './segment-in.ts';
import { SYN_SENT } from './state.ts';
import type { TcpTables } from './tables.ts';
import { flightBytes, type Tcb } from './tcb.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** `StackConfig.ecn`: not at all; asked for and agreed to; agreed to where the peer asks (tcp_ecn). */
export const ECN_OFF = 0;
export const ECN_ASK = 1;
export const ECN_AGREE = 2;

/** Linux, on a mark: so many segments are acknowledged at once, since a small window may wait for it. */
const QUICK_ACKS = 2;

/** A connection is being opened from here. */
export function askForEcn({ marks }: Tcb, { ecn }: StackConfig): void {
  assert(marks.on === 0, 'ECN: it is asked for before it is agreed on');
  marks.asked = ecn === ECN_ASK ? 1 : 0;
}

/**
 * The flags of our SYN for this. One that goes again does without, as on Linux (tcp_ecn_fallback): there are
 * devices that drop a SYN that asks (RFC 3168 §6.1.1.1).
 */
export function synFlags(tcb: Tcb, again: boolean, config: StackConfig): number {
  const { marks, timers } = tcb;
  assert(tcb.sndUna === tcb.iss, 'ECN: a SYN is sent only until it is acknowledged');
  if (tcb.state !== SYN_SENT) return marks.on !== 0 ? ECE : 0;
  const gaveIn = again && config.ecnFallback && timers.retries >= config.ecnSynTimeouts;
  return marks.asked !== 0 && !gaveIn ? ECE | CWR : 0;
}

/** The peer's SYN or SYN-ACK: whether both sides use ECN (RFC 3168 §6.1.1). */
export function agreeOnEcn({ ecn }: StackConfig, tcb: Tcb, segment: SegmentIn): void {
  const { marks } = tcb;
  const said = segment.flags & (ECE | CWR);
  assert((segment.flags & SYN) !== 0, 'ECN: it is agreed on by SYNs');
  // A peer that only sends back what it got has both flags set: it knows nothing of this.
  if ((segment.flags & ACK) !== 0) marks.on = marks.asked !== 0 && said === ECE ? 1 : 0;
  else if (tcb.state === SYN_SENT) marks.on = marks.asked !== 0 && said === (ECE | CWR) ? 1 : 0;
  // As Linux has it: a SYN that may be marked is not one of RFC 3168.
  else marks.on = ecn !== ECN_OFF && said === (ECE | CWR) && segment.ecn === ECN_NOT_CAPABLE ? 1 : 0;
}

/** The flags of a segment that is no SYN, where ECN is on. @param isNew of data sent first. // Hot path. */
export function segmentFlags({ marks }: Tcb, isNew: boolean): number {
  if (COSTLY) assert(marks.on !== 0, 'ECN: flags are for a connection that has agreed on it');
  const echo = marks.echo !== 0 ? ECE : 0;
  if (!isNew || marks.reductionDue === 0) return echo;
  marks.reductionDue = 0;
  return echo | CWR;
}

/** What an IPv4 header says of marks goes with its segment. @param at the header. // Hot path. */
export function noteEcnBits({ environment, segment }: TcpTables, at: number): void {
  if (COSTLY) assert(at > 0, 'ECN: the header of a segment lies in the region');
  const octet = environment.view.getUint8(at + IPV4_TOS);
  segment.ecn = octet & ECN_BITS;
  segment.tos = octet & ~ECN_BITS;
  if (segment.ecn === ECN_CE) environment.counters[IP_IN_CE_PKTS] += 1;
}

/** Data has come where ECN is on. @param isOld whether all of it had been here before. // Hot path. */
export function takeMark(tcp: TcpTables, tcb: Tcb, segment: SegmentIn, isOld: boolean): void {
  const { marks } = tcb;
  const { ecn, flags, length } = segment;
  if (COSTLY) assert(marks.on !== 0, 'ECN: marks are taken by a connection that has agreed on it');
  if ((flags & CWR) !== 0) {
    // The peer has slowed down: it may wait for this acknowledgement to send at all.
    marks.echo = 0;
    acknowledgeNow(tcp, tcb);
  }
  // RFC 3168 §6.1.5: a mark of what is not in the window says nothing.
  if (isOld || length === 0) return;
  if (ecn === ECN_NOT_CAPABLE) {
    // What is sent again cannot be marked: something was lost.
    if (marks.seen !== 0) acknowledgeQuickly(tcb);
    return;
  }
  marks.seen = 1;
  if (ecn !== ECN_CE || marks.echo !== 0) return;
  marks.echo = 1;
  acknowledgeQuickly(tcb);
}

function acknowledgeQuickly({ acks }: Tcb): void {
  acks.quick = Math.max(acks.quick, QUICK_ACKS);
  acks.pingPong = 0;
}

/**
 * An acknowledgement has come where ECN is on; `sndUna` has been moved already.
 * @param bytes how far it was. // Hot path.
 */
export function takeEcho(tcp: TcpTables, tcb: Tcb, segment: SegmentIn, bytes: number): void {
  const { marks, recovery, congestion, mss } = tcb;
  if (COSTLY) assert(marks.on !== 0, 'ECN: an echo is taken by a connection that has agreed on it');
  const isOpen = recovery.phase === RECOVERY_NONE;
  if (marks.reducing !== 0 && after(tcb.sndUna, marks.reducedUntil)) {
    // The peer has our CWR: what it says from now on is of new data.
    marks.reducing = 0;
    if (isOpen) tcp.congestion.recovered(congestion, mss, congestion.ssthresh);
  }
  if ((segment.flags & ECE) === 0) return;
  // There was congestion, whatever proves not to have been lost.
  forbidUndo(congestion);
  if (!isOpen || marks.reducing !== 0) return;
  tcp.environment.counters[TCP_ECN_REDUCTIONS] += 1;
  const flight = (flightBytes(tcb) + bytes) | 0;
  marks.reducing = 1;
  marks.reducedUntil = tcb.sndMax;
  marks.reductionDue = 1;
  tcp.congestion.lossFound(congestion, mss, Math.min(congestion.cwnd, flight));
  forbidUndo(congestion);
  beginReduction(tcb, (flight - recovery.sackedBytes) | 0);
}
