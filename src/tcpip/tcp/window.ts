/**
 * The receive window: what the buffer has room for, without retreating (RFC 9293 SHLD-14) and without growing
 * in silly steps (§3.8.6.2.2). The buffer is taken up by what is queued and by what was taken and is not yet
 * consumed.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { after } from '../seq.ts';
import type { Received } from './control-block/received.ts';
import type { TcpTables } from './tables.ts';
import { MSS_DEFAULT, type Tcb } from './tcb.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

const FIELD_MAX = 65535;
/** RFC 7323 §2.3: the largest shift. */
const SHIFT_MAX = 14;

/** The largest window there can be: the whole buffer, or what the field can say. // Hot path. */
function windowBytesMax(tcb: Tcb): number {
  return Math.min(tcb.received.bufferBytes, FIELD_MAX << tcb.rcvScale);
}

/** The smallest step by which the right edge moves on by itself. */
function stepBytes(tcb: Tcb): number {
  return Math.min(windowBytesMax(tcb) >> 1, Math.max(tcb.received.segmentBytesMax, MSS_DEFAULT));
}

/** The window to offer now, in bytes from `rcvNxt`. // Hot path. */
export function windowBytes(tcp: TcpTables, tcb: Tcb): number {
  const { received } = tcb;
  const offered = (tcb.rcvAdv - tcb.rcvNxt) | 0;
  // What was taken lies with the user, and in no slot: a window that was cut for want of slots is not the
  // narrower for it, as long as the whole buffer has room. The user may say what it has consumed only when
  // that is much of the buffer it knows of, and would else be waited for in vain.
  const taken = Math.max(0, (received.unconsumedBytes - received.withheldBytes) | 0);
  const free = (received.bufferBytes - received.queuedBytes - taken) | 0;
  // Without the cap every read would look like a wide step to a peer that does not scale windows.
  const room = Math.min(FIELD_MAX << tcb.rcvScale, free);
  const growth = (room - offered) | 0;
  if (growth < stepBytes(tcb)) {
    // The widest window that the field can say is not silly, however little it has moved on (a FIN moves it
    // by one): as Linux does where windows are not scaled.
    return growth > 0 && room === FIELD_MAX << tcb.rcvScale ? room : Math.max(offered, 0);
  }
  if (received.head >= 0 && tcp.receiveQueue.isShort(tcb)) return Math.max(offered, 0);
  return room;
}

/**
 * A connection begins: where the configuration says so, its window is a whole number of segments of `bytes`,
 * as Linux's is.
 */
export function roundFirstWindow(tcp: TcpTables, { received, remoteAddress }: Tcb, bytes: number): void {
  received.bufferBytes = firstWindow(tcp, received, bytes, remoteAddress);
}

/** The window that a connection of such a buffer begins with: a route may let it have less. */
export function firstWindow(tcp: TcpTables, received: Received, bytes: number, remote: number): number {
  assert(bytes > 0, 'window: the segments that it is counted in hold bytes');
  const segments = tcp.routes.metricOf(remote, 'initrwnd');
  if (segments > 0 && segments * bytes < received.bufferBytes) return segments * bytes;
  if (!tcp.environment.config.wholeSegmentWindow || received.bufferBytes <= bytes)
    return received.bufferBytes;
  let window = received.bufferBytes - (received.bufferBytes % bytes);
  // What the field cannot say of it in a SYN comes in whole units of the scaled one afterwards.
  if (window > FIELD_MAX && tcp.environment.config.windowScaling) {
    const shift = windowShift(received.bufferBytesMax);
    window = Math.min(received.bufferBytes, ((window + (1 << shift) - 1) >> shift) << shift);
  }
  return window;
}

/** The window field of the next segment, scaled; takes the new right edge down. // Hot path. */
export function advertiseWindow(tcp: TcpTables, tcb: Tcb, scale: number): number {
  const bytes = windowBytes(tcp, tcb);
  const offered = (tcb.rcvAdv - tcb.rcvNxt) | 0;
  let field = bytes >> scale;
  // RFC 7323 §2.4: rounding down must not pull an edge back that was promised.
  if (field << scale < offered) field += 1;
  if (field > FIELD_MAX) field = FIELD_MAX;
  if (COSTLY) checkField(tcb, bytes, field, scale);
  const edge = (tcb.rcvNxt + (field << scale)) | 0;
  if (after(edge, tcb.rcvAdv)) tcb.rcvAdv = edge;
  return field;
}

function checkField(tcb: Tcb, bytes: number, field: number, scale: number): void {
  const offered = (tcb.rcvAdv - tcb.rcvNxt) | 0;
  assert(bytes >= 0, 'window: it is not negative');
  // A SYN sent again is never scaled, and may offer less than an acknowledgement sent meanwhile.
  assert(field << scale >= offered || scale !== tcb.rcvScale, 'window: its right edge does not move back');
}

/** Full segments that a window is never cut below for want of memory. */
const SEGMENTS_LEAST = 4;
/** One byte in so many that are consumed comes back to a window that was cut. */
const RESTORED_SHIFT = 3;

/**
 * A segment within the window has found no slot: more was promised than card memory holds. From now on less
 * is offered, what the connection's share of the slots holds or half as much as before; at most once for all
 * that was offered already, since that edge stays (RFC 9293 §3.8.6). It grows again as bytes are consumed.
 */
export function withholdWindow(tcp: TcpTables, tcb: Tcb): void {
  const { received } = tcb;
  if (received.withheldBytes > 0 && after(received.withheldEdge, tcb.rcvNxt)) return;
  const segment = Math.max(received.segmentBytesMax, MSS_DEFAULT);
  const held = Math.min(tcp.receiveQueue.shareBytes(segment), received.bufferBytes >> 1);
  const cut = received.bufferBytes - Math.max(SEGMENTS_LEAST * segment, held);
  if (cut <= 0) return;
  received.bufferBytes -= cut;
  received.withheldBytes += cut;
  received.withheldEdge = tcb.rcvAdv;
}

/** The program has used `bytes`: some of what was withheld may be offered again. */
export function restoreWindow({ received }: Tcb, bytes: number): void {
  assert(received.withheldBytes > 0, 'window: what is restored was withheld');
  const back = Math.min(received.withheldBytes, 1 + (bytes >> RESTORED_SHIFT));
  received.withheldBytes -= back;
  received.bufferBytes = Math.min(received.bufferBytesMax, received.bufferBytes + back);
}

/**
 * Whether the peer should be told of a wider window by itself: the step is worth it, and either it is half
 * the largest window or the peer might be near the edge that it knows.
 */
export function windowUpdateDue(tcp: TcpTables, tcb: Tcb): boolean {
  const offered = (tcb.rcvAdv - tcb.rcvNxt) | 0;
  // As the peer will see it, in whole units of the scaled field. One that it does not see would be one more
  // acknowledgement like the last, and four of those look like a loss (RFC 5681 §2).
  const seen = (windowBytes(tcp, tcb) >> tcb.rcvScale) << tcb.rcvScale;
  const growth = (seen - offered) | 0;
  if (growth < stepBytes(tcb)) return false;
  const half = windowBytesMax(tcb) >> 1;
  return growth >= half || offered < half;
}

/** RFC 7323 §2.2: the least shift with which a window of the whole buffer can be told. */
export function windowShift(bufferBytes: number): number {
  let shift = 0;
  while (shift < SHIFT_MAX && FIELD_MAX << shift < bufferBytes) shift += 1;
  assert(FIELD_MAX << shift >= bufferBytes, 'window: the largest buffer can be told with the largest shift');
  return shift;
}
