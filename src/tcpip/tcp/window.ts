/**
 * The receive window: what the buffer has room for, without retreating (RFC 9293 SHLD-14) and without growing
 * in silly steps (§3.8.6.2.2). `rcvBuffer` less what is queued less what was taken and not yet consumed.
 */
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

const FIELD_MAX = 65535;

/** The largest window there can be: the whole buffer, or what the field can say. // Hot path. */
function windowBytesMax(tcb: Tcb): number {
  return Math.min(tcb.received.bufferBytes, FIELD_MAX << tcb.rcvScale);
}

/** Smallest step by which the right edge moves on by itself. */
function stepBytes(tcb: Tcb): number {
  const half = windowBytesMax(tcb) >> 1;
  const full = Math.max(tcb.received.segmentBytesMax, 536);
  return Math.min(half, full);
}

/** The window to offer now, in bytes from `rcvNxt`. // Hot path. */
export function windowBytes(tcp: TcpTables, tcb: Tcb): number {
  const offered = (tcb.rcvAdv - tcb.rcvNxt) | 0;
  const { bufferBytes, queuedBytes, unconsumedBytes } = tcb.received;
  // Without the cap every read would look like a wide step to a peer that does not scale windows.
  const room = Math.min(FIELD_MAX << tcb.rcvScale, (bufferBytes - queuedBytes - unconsumedBytes) | 0);
  if (((room - offered) | 0) < stepBytes(tcb)) return Math.max(offered, 0);
  if (tcb.received.head >= 0 && tcp.receiveQueue.isShort(tcb)) return Math.max(offered, 0);
  return room;
}

/** The window field of the next segment, scaled; takes the new right edge down. // Hot path. */
export function advertiseWindow(tcp: TcpTables, tcb: Tcb, scale: number): number {
  const bytes = windowBytes(tcp, tcb);
  const offered = (tcb.rcvAdv - tcb.rcvNxt) | 0;
  let field = bytes >> scale;
  // RFC 7323 §2.4: rounding down must not pull an edge back that was promised.
  if (field << scale < offered) field += 1;
  if (field > FIELD_MAX) field = FIELD_MAX;
  const edge = (tcb.rcvNxt + (field << scale)) | 0;
  if (((edge - tcb.rcvAdv) | 0) > 0) tcb.rcvAdv = edge;
  return field;
}

/**
 * Whether the peer should be told of a wider window by itself: the step is worth it, and either it is half
 * the largest window or the peer might be near the edge it knows.
 */
export function windowUpdateDue(tcp: TcpTables, tcb: Tcb): boolean {
  const offered = (tcb.rcvAdv - tcb.rcvNxt) | 0;
  const growth = (windowBytes(tcp, tcb) - offered) | 0;
  if (growth < stepBytes(tcb)) return false;
  const half = windowBytesMax(tcb) >> 1;
  return growth >= half || offered < half;
}

/** RFC 7323 §2.2: the least shift with which a window of the whole buffer can be told. */
export function windowShift(bufferBytes: number): number {
  let shift = 0;
  while (shift < 14 && FIELD_MAX << shift < bufferBytes) shift += 1;
  return shift;
}
