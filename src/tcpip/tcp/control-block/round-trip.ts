/** The round-trip time of one connection and what follows from it (RFC 6298). */
import type { StackConfig } from '../../config.ts';

export class RoundTrip {
  /** The smoothed round-trip time in microseconds, times 8; 0 before the first sample. */
  srtt = 0;
  /** Its variation in microseconds, times 4. */
  rttvar = 0;
  /** The retransmission time-out in microseconds. */
  rto = 0;
  /** The least sample in microseconds; 0 before the first. */
  leastUs = 0;
  /** 1 while a segment is timed; then the number whose acknowledgement ends it, and when it was sent. */
  timing = 0;
  timedSeq = 0;
  timedUs = 0;
  /** 1 when our SYN was sent more than once (RFC 6298 §5.7). */
  synRetransmitted = 0;

  reset(config: StackConfig): void {
    this.srtt = 0;
    this.rttvar = 0;
    this.rto = config.rtoInitialUs;
    this.leastUs = 0;
    this.timing = 0;
    this.timedSeq = 0;
    this.timedUs = 0;
    this.synRetransmitted = 0;
  }
}
