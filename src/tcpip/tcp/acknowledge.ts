/**
 * The acknowledgement of a segment that has been found acceptable: RFC 9293 §3.10.7.4, fifth check. Bytes
 * leave the send queue, the round-trip time is measured (RFC 6298), windows move.
 */

import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { BYTES_ACKNOWLEDGED } from '../../ledger/counters.gen.ts';
import { ECE } from '../header/tcp.ts';
import { after, atOrAfter, atOrBefore, before, earlier } from '../seq.ts';
import { TIMER_PERSIST, TIMER_PROBE, TIMER_REORDER } from './control-block/timers.ts';
import { takeEcho } from './ecn.ts';
import { probeAcknowledged, probeFailed } from './mtu-search.ts';
import { markReady } from './ready.ts';
import type { SegmentIn } from './segment-in.ts';
import { noteSending } from './sending-time.ts';
import type { TcpTables } from './tables.ts';
import { segmentMost, type Tcb } from './tcb.ts';
import { startReorder, startRetransmit, startTimeout, stopRetransmit } from './timers.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** Clock granularity, the G of RFC 6298. */
const GRANULARITY_US = 1000;
/** Beyond two minutes a sample is no measurement; the limit also keeps the scaled sums int32. */
const SAMPLE_MAX_US = 120_000_000;

/** @param segment its acknowledgement lies between `sndUna` - `sndWndMax` and `sndMax`. // Hot path. */
export function acknowledge(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  if (COSTLY)
    assert(atOrBefore(segment.ack, tcb.sndMax), 'acknowledgement: only what was sent is acknowledged');
  const acked = (segment.ack - tcb.sndUna) | 0;
  const window = segment.window << tcb.sndScale;
  // As on Linux: something gets there, whatever a router has said before.
  tcb.softError = 0;
  if (acked > 0) {
    // The peer has received something new.
    acknowledgeNew(tcp, tcb, segment, acked);
  } else if (saysMore(tcb, segment, acked)) {
    // The peer still waits for the same byte, or has answered a probe; or what it reports has been overtaken.
    if (tcb.marks.on !== 0) takeEcho(tcp, tcb, segment, 0);
    if (tcp.recovery.acknowledgedAgain(tcb, segment)) markReady(tcp, tcb);
    setLossTimer(tcp, tcb);
    // SHLD-17: a peer that answers with a closed window is not dead.
    if (window === 0) tcb.timers.retries = 0;
  }
  if (tcb.mtuSearch.lost !== 0) probeFailed(tcp, tcb);
  if (acked >= 0) updateSendWindow(tcp, tcb, segment, window, acked);
  noteDelivered(tcb, acked, tcb.marks.on !== 0 && (segment.flags & ECE) !== 0);
  noteSending(tcb, tcp.environment.nowUs);
  // The window may have opened for what is queued.
  if (tcb.sndNxt === tcb.sndEnd && tcb.finQueued === 0) return;
  if (before(tcb.sndNxt, tcb.sndEnd)) tcp.sendQueue.letGo(tcb);
  markReady(tcp, tcb);
}

/**
 * Whether an acknowledgement of nothing new may say more: one that another has overtaken on its way only by
 * what it reports as held (as Linux has it).
 */
function saysMore({ sndUna, sndMax, sackPermitted, rack }: Tcb, segment: SegmentIn, acked: number): boolean {
  if (acked < 0) return segment.sackBlocks > 0 && sackPermitted !== 0 && sndUna !== sndMax;
  return acked === 0 && (sndUna !== sndMax || rack.probing !== 0);
}

/** What TCP_INFO tells of acknowledgements of something new. // Hot path. */
function noteAcknowledged({ environment }: TcpTables, { totals, timers }: Tcb, acked: number): void {
  totals.bytesAcked += acked;
  if (timers.retries > 0) totals.timeoutMs += (environment.nowMs - timers.stalledMs) | 0;
}

/** And of what has been delivered, in order or not: a segment for each MSS and the rest. // Hot path. */
function noteDelivered({ totals, recovery, mss }: Tcb, acked: number, isMarked: boolean): void {
  const held = recovery.sackedBytes;
  if (COSTLY) assert(mss > 0, 'acknowledgement: what is delivered is counted in segments');
  const bytes = Math.max(0, acked) + held - totals.deliveredHeld;
  totals.deliveredHeld = held;
  if (bytes <= 0) return;
  const segments = bytes <= mss ? 1 : ((bytes + mss - 1) / mss) | 0;
  totals.delivered += segments;
  if (isMarked) totals.deliveredMarked += segments;
}

/**
 * RFC 9293 §3.10.7.4: only segments at least as new as the last one used move the send window. As on Linux
 * one that acknowledges something new is new enough, though it be data sent again, whose number is old: else
 * the edge would follow `sndUna` by a window that was offered from an earlier one, to where the peer has no
 * room.
 */
function updateSendWindow(tcp: TcpTables, tcb: Tcb, segment: SegmentIn, window: number, acked: number): void {
  const newer = (segment.seq - tcb.sndWl1) | 0;
  if (acked === 0 && (newer < 0 || (newer === 0 && before(segment.ack, tcb.sndWl2)))) return;
  tcb.sndWl1 = segment.seq;
  tcb.sndWl2 = segment.ack;
  if (window === tcb.sndWnd) return;
  tcb.sndWnd = window;
  if (window > tcb.sndWndMax) tcb.sndWndMax = window;
  if (window > 0 && (tcb.timers.armed & TIMER_PERSIST) !== 0) {
    stopRetransmit(tcb);
    // As on Linux a window too small for the next segment is probed on at the interval that has been reached.
    if (window >= Math.min((tcb.sndEnd - tcb.sndNxt) | 0, segmentMost(tcb))) tcb.timers.retries = 0;
    markReady(tcp, tcb);
  }
}

/** The segment acknowledges `acked` sequence numbers that were outstanding. // Hot path. */
function acknowledgeNew(tcp: TcpTables, tcb: Tcb, segment: SegmentIn, acked: number): void {
  const { ack } = segment;
  const bytes = (earlier(ack, tcb.sndEnd) - tcb.sndUna) | 0;
  measureRoundTrip(tcp, tcb, segment);
  noteAcknowledged(tcp, tcb, acked);
  tcb.sndUna = ack;
  tcb.timers.retries = 0;
  tcp.neighbours.confirm(tcb.neighbour, tcb.nextHop);
  if (tcb.mtuSearch.probeBytes !== 0) probeAcknowledged(tcp, tcb);
  if (bytes > 0) {
    tcp.environment.counters[BYTES_ACKNOWLEDGED] += bytes;
    tcp.sendQueue.acknowledge(tcb, bytes);
  }
  // The peer had received what was about to be sent again.
  if (after(ack, tcb.sndNxt)) tcp.sendQueue.rewind(tcb);
  if (tcb.sndUrgent !== 0 && atOrAfter(ack, tcb.sndUp)) tcb.sndUrgent = 0;
  if (tcb.marks.on !== 0) takeEcho(tcp, tcb, segment, acked);
  if (tcp.recovery.acknowledged(tcb, segment, acked)) markReady(tcp, tcb);
  // What may go next, a probe or a time-out, follows from the state that recovery is in now. As on Linux it may
  // just have ended: after a time-out that proved to be none, what is still out is probed for.
  if (ack === tcb.sndMax) {
    stopRetransmit(tcb);
    tcb.congestion.pricedWindow = 0;
  } else if (tcb.rack.lookAfterUs > 0) startReorder(tcp, tcb, tcb.rack.lookAfterUs);
  else startRetransmit(tcp, tcb);
}

/** What loss recovery has found may want another timer than the one that runs. */
function setLossTimer(tcp: TcpTables, tcb: Tcb): void {
  const { armed } = tcb.timers;
  const { lookAfterUs } = tcb.rack;
  if (lookAfterUs > 0) startReorder(tcp, tcb, lookAfterUs);
  else if ((armed & TIMER_PROBE) !== 0 && tcp.recovery.probeDelayUs(tcb, true) < 0) startTimeout(tcp, tcb);
  else if ((armed & TIMER_REORDER) !== 0) startRetransmit(tcp, tcb);
}

/** Takes a round-trip sample from a segment that acknowledges something new, if it can tell one. */
function measureRoundTrip(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const { rtt } = tcb;
  if (rtt.timing !== 0) {
    if (before(segment.ack, rtt.timedSeq)) return;
    rtt.timing = 0;
    sampleRoundTrip(tcp, tcb, (tcp.environment.nowUs - rtt.timedUs) | 0);
  } else if (segment.timestamps !== 0 && tcb.stamps.on !== 0 && segment.tsEcho !== 0) {
    // Only timestamps can tell which transmission was acknowledged (RFC 7323 §4).
    measureByTimestamp(tcp, tcb, segment);
  }
}

/** A round trip by what the peer echoes; a millisecond at least. */
export function measureByTimestamp(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const ms = (tcp.environment.nowMs + tcb.stamps.offset - segment.tsEcho) | 0;
  if (ms >= 0 && ms < 1_000_000) sampleRoundTrip(tcp, tcb, Math.max(1, ms) * 1000);
}

/** RFC 6298 §2 with the usual scaling: `srtt` times 8, `rttvar` times 4. @param us one round trip. */
export function sampleRoundTrip(tcp: TcpTables, tcb: Tcb, us: number): void {
  const { config } = tcp.environment;
  const { rtt } = tcb;
  const rtoMinUs = tcp.routes.rtoMinUs(tcb.remoteAddress, config.rtoMinUs);
  // A connection that another stack has timed (its image may say anything) can have begun in the future.
  const sample = Math.max(0, Math.min(us, SAMPLE_MAX_US));
  if (rtt.leastUs === 0 || sample < rtt.leastUs) rtt.leastUs = Math.max(1, sample);
  if (rtt.srtt === 0) {
    rtt.srtt = sample << 3;
    rtt.rttvar = sample << 1;
  } else {
    const error = (sample - (rtt.srtt >> 3)) | 0;
    rtt.rttvar = (rtt.rttvar + (error < 0 ? -error : error) - (rtt.rttvar >> 2)) | 0;
    rtt.srtt = (rtt.srtt + error) | 0;
  }
  // 0 says that nothing was measured.
  if (rtt.srtt === 0) rtt.srtt = 1;
  if (COSTLY) assert(rtt.srtt > 0, 'round trip: its scaled mean does not overflow');
  // As on Linux the least RTO is one of the variance's term, or at a steady round trip of 300 ms an
  // acknowledgement that the peer delays would come after it.
  const rto = ((rtt.srtt >> 3) + Math.max(rtt.rttvar, rtoMinUs, GRANULARITY_US) + config.rtoSlopUs) | 0;
  rtt.rto = Math.min(rto, config.rtoMaxUs);
}
