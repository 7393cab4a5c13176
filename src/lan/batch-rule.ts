/**
 * When what waits for a reply is told: the LAN class's batching, for one direction. The host sets it by the
 * group LanBatchControl, and may do so while the device runs. Replies are never held without a delay: then
 * what one turn of the card has gathered shares replies. With a delay, something that comes alone is still
 * told at once, and only what comes within the delay of the last reply waits; `forced` makes everything wait.
 * (That the load is judged so is ours: I2O 1.5 leaves it to the device.)
 */
export class BatchRule {
  /** So much of it waits for no more; 0: as much as one reply holds. */
  count = 0;
  /** The longest that the first waits for others, in nanoseconds; 0: until the turn ends. */
  delayNs = 0;
  /** Batching is off: each is told in a reply of its own. */
  disabled = false;
  /** All wait, whatever the load is. */
  forced = false;
  /** The most that one reply holds. */
  readonly perReply: number;

  /** @param perReply the most that one reply holds. */
  constructor(perReply: number) {
    this.perReply = perReply;
  }

  /** The most that shares one reply. */
  get shared(): number {
    if (this.disabled) return 1;
    return this.count === 0 ? this.perReply : Math.min(this.count, this.perReply);
  }

  /** So much waits for nothing any more. */
  get enough(): number {
    if (this.disabled) return 1;
    return this.count === 0 ? this.perReply : this.count;
  }

  /**
   * @param lastNs when something was last told. @param nowNs when the first of what waits has come.
   * @returns when it is to be told at the latest.
   */
  deadlineNs(lastNs: number, nowNs: number): number {
    if (this.disabled || this.delayNs === 0) return nowNs;
    if (this.forced) return nowNs + this.delayNs;
    return Math.max(nowNs, lastNs + this.delayNs);
  }
}
