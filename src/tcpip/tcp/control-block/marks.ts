/** Explicit congestion notification (RFC 3168) of one connection. */
export class CongestionMarks {
  /** 1 while our own SYN asks for it, or has asked. */
  asked = 0;
  /** 1 when both sides use it. */
  on = 0;
  /** 1 once data has come that says its sender can take marks: it may bear one. */
  seen = 0;
  /** 1 from a segment with a mark until the peer says that it has slowed down: acknowledgements echo it. */
  echo = 0;
  /** 1: the next new data tells the peer that our window was reduced. */
  reductionDue = 0;
  /** 1 while the window is being reduced for an echo: until `reducedUntil` and more is acknowledged. */
  reducing = 0;
  reducedUntil = 0;

  reset(): void {
    this.asked = 0;
    this.on = 0;
    this.seen = 0;
    this.echo = 0;
    this.reductionDue = 0;
    this.reducing = 0;
    this.reducedUntil = 0;
  }
}
