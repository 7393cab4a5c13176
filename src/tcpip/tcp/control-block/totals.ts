/**
 * What one connection has sent and received since it was opened, and for how long it was sending: what
 * TCP_INFO tells beside the present state (Linux, include/uapi/linux/tcp.h; RFC 4898 has most of it). Nothing
 * is decided by any of it. Bytes are sums of sequence numbers, as Linux counts them: a SYN and a FIN count.
 */

/** `Totals.sendingAs`: nothing is to be sent or acknowledged. */
export const SENDING_NOTHING = 0;
/** Something is, and neither of the following holds it back. */
export const SENDING_BUSY = 1;
/** The peer's window holds it back. */
export const SENDING_WINDOW = 2;
/** All that is queued has been sent, and the program waits for room in its send buffer. */
export const SENDING_BUFFER = 3;

export class Totals {
  bytesAcked = 0;
  bytesReceived = 0;
  /** Payload sent, each time that it was; and what of it was sent again. */
  bytesSent = 0;
  bytesRetransmitted = 0;
  segmentsOut = 0;
  segmentsIn = 0;
  dataSegmentsOut = 0;
  dataSegmentsIn = 0;
  /** Segments of which the peer has said that it has them, in order or not. */
  delivered = 0;
  /** And of those that it acknowledged with an echo of a mark (RFC 3168). */
  deliveredMarked = 0;
  /** `SACK` bytes that are counted in `delivered` already. */
  deliveredHeld = 0;
  /** Segments that came out of order. */
  outOfOrderIn = 0;
  /** Times that the retransmission timer expired, losses of contact that it found, and their milliseconds. */
  timeouts = 0;
  timeoutRecoveries = 0;
  timeoutMs = 0;
  /** Microseconds of sending, by SENDING_ number, up to `sendingSinceUs`; and what it is since then. */
  busyUs = 0;
  windowLimitedUs = 0;
  bufferLimitedUs = 0;
  sendingAs = SENDING_NOTHING;
  sendingSinceUs = 0;
  /** 1 while the program waits for room in its send buffer. */
  awaitsRoom = 0;
  lastDataSentMs = 0;
  /** The smoothed round trip as the receiver sees it, in microseconds times 8; 0: none was measured. */
  receiverRtt = 0;
  /** How that is measured: the echo seen last; without timestamps a window's end, and since when it comes. */
  echoSeen = 0;
  windowEnd = 0;
  windowSinceUs = 0;

  reset(): void {
    this.bytesAcked = 0;
    this.bytesReceived = 0;
    this.bytesSent = 0;
    this.bytesRetransmitted = 0;
    this.segmentsOut = 0;
    this.segmentsIn = 0;
    this.dataSegmentsOut = 0;
    this.dataSegmentsIn = 0;
    this.delivered = 0;
    this.deliveredMarked = 0;
    this.deliveredHeld = 0;
    this.outOfOrderIn = 0;
    this.timeouts = 0;
    this.timeoutRecoveries = 0;
    this.timeoutMs = 0;
    this.busyUs = 0;
    this.windowLimitedUs = 0;
    this.bufferLimitedUs = 0;
    this.sendingAs = SENDING_NOTHING;
    this.sendingSinceUs = 0;
    this.awaitsRoom = 0;
    this.lastDataSentMs = 0;
    this.receiverRtt = 0;
    this.echoSeen = 0;
    this.windowEnd = 0;
    this.windowSinceUs = 0;
  }
}
