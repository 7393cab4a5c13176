/** The search for the largest packet that a connection's path carries (RFC 4821, tcp_mtu_probing). */
export class MtuSearch {
  /** 1 once it has begun. */
  on = 0;
  /** 1 while segments are no longer than what is known to pass. */
  binds = 0;
  /** The largest packet that is known to pass, and the largest that may; bytes with all headers. */
  low = 0;
  high = 0;
  /** When the search began last, in the stack's milliseconds. */
  sinceMs = 0;
  /** The packet whose fate is awaited: its bytes with all headers (0: none), and its sequence numbers. */
  probeBytes = 0;
  probeStart = 0;
  probeEnd = 0;
  /** 1: it has been found lost, and nothing else has. */
  lost = 0;

  reset(): void {
    this.on = 0;
    this.binds = 0;
    this.low = 0;
    this.high = 0;
    this.sinceMs = 0;
    this.probeBytes = 0;
    this.probeStart = 0;
    this.probeEnd = 0;
    this.lost = 0;
  }
}
