/**
 * The round trip as a receiver sees it, TCP_INFO's rcv_rtt, as Linux measures it (net/ipv4/tcp_input.c): from
 * the echo of our timestamps in full segments, else from how long a window takes to come.
 */

import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { atOrAfter } from '../seq.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

const SAMPLE_MAX_MS = 120_000;
const US_PER_MS = 1000;

/**
 * `length` bytes have come in order, with the segment that is being looked at. // Hot path: two compares for
 * most segments.
 */
export function measureReceiver(tcp: TcpTables, tcb: Tcb, length: number): void {
  const { totals } = tcb;
  const { environment, segment } = tcp;
  if (COSTLY) assert(length > 0, 'receiver round trip: it is measured by bytes that have come');
  if (tcb.stamps.on !== 0) {
    const { tsEcho } = segment;
    if (segment.timestamps === 0) return;
    if (tsEcho === totals.echoSeen || length < tcb.received.segmentBytesMax) return;
    totals.echoSeen = tsEcho;
    const ms = (environment.nowMs + tcb.stamps.offset - tsEcho) | 0;
    if (ms >= 0 && ms < SAMPLE_MAX_MS) {
      const us = Math.max(1, ms) * US_PER_MS;
      totals.receiverRtt += totals.receiverRtt === 0 ? us << 3 : us - (totals.receiverRtt >> 3);
    }
    return;
  }
  if (totals.windowSinceUs !== 0) {
    if (!atOrAfter(tcb.rcvNxt, totals.windowEnd)) return;
    const us = Math.max(1, (environment.nowUs - totals.windowSinceUs) | 0);
    const scaled = us < SAMPLE_MAX_MS * US_PER_MS ? us << 3 : 0;
    // A window's time is no less than a round trip, and often more: only less of it is believed.
    const less = totals.receiverRtt === 0 || scaled < totals.receiverRtt;
    if (scaled > 0 && less) totals.receiverRtt = scaled;
  }
  totals.windowEnd = tcb.rcvAdv;
  // 0 says that no window is timed.
  totals.windowSinceUs = environment.nowUs || 1;
}
