/** The timestamps option of one connection (RFC 7323 §4 and §5). */
export class Timestamps {
  /** 1 when both sides send timestamps. */
  on = 0;
  /** The peer's timestamp that is echoed (TS.Recent), and when it was taken. */
  recent = 0;
  recentMs = 0;
  /** What is added to our millisecond clock, so that a peer cannot read from it how long we have run. */
  offset = 0;

  reset(): void {
    this.on = 0;
    this.recent = 0;
    this.recentMs = 0;
    this.offset = 0;
  }
}
