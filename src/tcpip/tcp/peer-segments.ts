/**
 * What a connection learns of its peer from the segments that carry text: how large a full one is, and whether
 * the peer may wait for an acknowledgement, since it has nothing more to send at once. Both decide when an
 * acknowledgement goes that may wait, as on Linux (net/ipv4/tcp_input.c, tcp_measure_rcv_mss).
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { ACK_DELAYED, type Acknowledgements } from './control-block/acknowledgements.ts';
import { MSS_DEFAULT, type Tcb } from './tcb.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** No path carries less in a full segment (Linux, TCP_MIN_MSS). */
const MSS_LEAST = 88;
/** More segments that end a write than this make no difference. */
const PUSHED_MAX = 2;

/** The handshake is complete: a full segment is taken to be this large until one has come. */
export function expectSegments(tcb: Tcb, advertised: number): void {
  const { received } = tcb;
  const likely = Math.min(advertised, tcb.mss, received.bufferBytes >> 1, MSS_DEFAULT);
  received.segmentBytesMax = Math.max(likely, MSS_LEAST);
}

/**
 * A segment has come in order. @param bytes its payload. @param pushed whether it has PSH. // Hot path: a
 * compare and a store for full ones.
 */
export function measureSegment(tcb: Tcb, bytes: number, pushed: boolean): void {
  const { received, acks } = tcb;
  if (COSTLY) assert(bytes > 0, 'peer segments: what is measured carries text');
  if (bytes >= received.segmentBytesMax) {
    received.segmentBytesMax = bytes;
    // The end of a write that happens to fill its segment: nothing may follow soon.
    if (pushed && acks.pushed === 0) acks.pushed = 1;
    return;
  }
  if (acks.pushed < PUSHED_MAX) acks.pushed += 1;
}

/**
 * Whether an acknowledgement that waits goes now, since the user has taken all there was: for one segment that
 * ended a write, and in a conversation, where the answer would carry it, for two. // Hot path.
 */
export function isAwaited(acks: Acknowledgements): boolean {
  return acks.owed === ACK_DELAYED && acks.pushed > acks.pingPong;
}
