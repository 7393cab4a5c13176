/**
 * The acknowledgement of a segment that has been found acceptable: RFC 9293 §3.10.7.4, fifth check. Bytes
 * leave the send queue, the round-trip time is measured (RFC 6298), windows move.
 */
import { BYTES_ACKNOWLEDGED } from '../../ledger/counters.gen.ts';
import { FIN, SYN } from '../header/tcp.ts';
import { earlier } from '../seq.ts';
import { duplicateAcknowledgement, newAcknowledgement } from './recovery.ts';
import type { SegmentIn } from './segment-in.ts';
import { TIMER_PERSIST } from './state.ts';
import { markReady, type TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';
import { startRetransmit, stopRetransmit } from './timers.ts';

/** Clock granularity, the G of RFC 6298. */
const GRANULARITY_US = 1000;

/** @param segment its acknowledgement lies between `sndUna` - `sndWndMax` and `sndMax`. // Hot path. */
export function acknowledge(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const acked = (segment.ack - tcb.sndUna) | 0;
  const window = segment.window << tcb.sndScale;
  if (acked > 0) {
    acknowledgeNew(tcp, tcb, segment, acked);
  } else if (acked === 0 && tcb.sndUna !== tcb.sndMax) {
    // RFC 6675 §2: with SACK, what counts is that more has arrived; without, RFC 5681 §2.
    const isDuplicate =
      tcb.sackPermitted !== 0
        ? segment.sackBlocks > 0 && tcp.scoreboard.update(tcb, segment)
        : segment.length === 0 && window === tcb.sndWnd && (segment.flags & (SYN | FIN)) === 0;
    if (isDuplicate) duplicateAcknowledgement(tcp, tcb);
    // SHLD-17: a peer that answers with a closed window is not dead.
    if (window === 0) tcb.retries = 0;
  }
  if (acked >= 0) updateSendWindow(tcp, tcb, segment, window);
  if (tcb.sndNxt !== tcb.sndEnd || (tcb.finQueued !== 0 && tcb.sndNxt === tcb.sndEnd)) markReady(tcp, tcb);
}

/** RFC 9293 §3.10.7.4: only from segments at least as new as the last one used. */
function updateSendWindow(tcp: TcpTables, tcb: Tcb, segment: SegmentIn, window: number): void {
  const newer = (segment.seq - tcb.sndWl1) | 0;
  if (newer < 0 || (newer === 0 && ((segment.ack - tcb.sndWl2) | 0) < 0)) return;
  tcb.sndWl1 = segment.seq;
  tcb.sndWl2 = segment.ack;
  if (window === tcb.sndWnd) return;
  tcb.sndWnd = window;
  if (window > tcb.sndWndMax) tcb.sndWndMax = window;
  if (window > 0 && (tcb.timers & TIMER_PERSIST) !== 0) {
    stopRetransmit(tcb);
    tcb.retries = 0;
    markReady(tcp, tcb);
  }
}

function acknowledgeNew(tcp: TcpTables, tcb: Tcb, segment: SegmentIn, acked: number): void {
  const { ack } = segment;
  const bytes = (earlier(ack, tcb.sndEnd) - tcb.sndUna) | 0;
  if (tcb.rttTiming !== 0) {
    if (((ack - tcb.rttSeq) | 0) >= 0) {
      tcb.rttTiming = 0;
      sampleRoundTrip(tcp, tcb, (tcp.environment.nowUs - tcb.rttUs) | 0);
    }
  } else if (segment.timestamps !== 0 && tcb.timestamps !== 0 && segment.tsEcho !== 0) {
    // Only timestamps can tell which transmission was acknowledged (RFC 7323 §4).
    const ms = (tcp.environment.nowMs + tcb.tsOffset - segment.tsEcho) | 0;
    if (ms >= 0 && ms < 1_000_000) sampleRoundTrip(tcp, tcb, Math.max(1, ms) * 1000);
  }
  // RFC 7661's concern in short: a window that was not used says nothing, so it does not grow.
  const flight = (tcb.sndMax - tcb.sndUna) | 0;
  const wasLimited =
    tcb.cwndLimited !== 0 || flight >= (tcb.cwnd < tcb.ssthresh ? tcb.cwnd >> 1 : tcb.cwnd - tcb.mss);
  tcb.sndUna = ack;
  tcb.retries = 0;
  if (bytes > 0) {
    tcp.environment.counters[BYTES_ACKNOWLEDGED] += bytes;
    tcp.sendQueue.acknowledge(tcb, bytes);
  }
  if (((tcb.sndNxt - ack) | 0) < 0) {
    tcb.sndNxt = ack;
    tcp.sendQueue.rewind(tcb);
  }
  if (tcb.urgent !== 0 && ((ack - tcb.sndUp) | 0) >= 0) tcb.urgent = 0;
  if (ack === tcb.sndMax) {
    stopRetransmit(tcb);
    tcb.cwndLimited = 0;
  } else {
    startRetransmit(tcp, tcb);
  }
  if (tcb.sackHead >= 0) tcp.scoreboard.trim(tcb);
  if (segment.sackBlocks > 0 && tcb.sackPermitted !== 0) tcp.scoreboard.update(tcb, segment);
  newAcknowledgement(tcp, tcb, acked, wasLimited);
}

/** RFC 6298 §2 with the usual scaling: `srtt` times 8, `rttvar` times 4. @param us one round trip. */
export function sampleRoundTrip(tcp: TcpTables, tcb: Tcb, us: number): void {
  const { rtoMinUs, rtoMaxUs } = tcp.environment.config;
  // Beyond two minutes a sample is no measurement; the limit also keeps the scaled sums int32.
  const sample = us < 1 ? 1 : Math.min(us, 120_000_000);
  if (tcb.srtt === 0) {
    tcb.srtt = sample << 3;
    tcb.rttvar = sample << 1;
  } else {
    const error = (sample - (tcb.srtt >> 3)) | 0;
    tcb.rttvar = (tcb.rttvar + (error < 0 ? -error : error) - (tcb.rttvar >> 2)) | 0;
    tcb.srtt = (tcb.srtt + error) | 0;
  }
  const rto = ((tcb.srtt >> 3) + Math.max(tcb.rttvar, GRANULARITY_US)) | 0;
  tcb.rto = rto < rtoMinUs ? rtoMinUs : Math.min(rto, rtoMaxUs);
}
