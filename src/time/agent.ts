/**
 * An agent is a body of code that can run in a thread of its own, or be invoked inline by an event queue.
 * It cannot tell which. Whoever drives it sets the clock, calls `poll`, and calls again at once while that
 * returns work; when it does not, `arm` asks to be notified, and the agent then rests until it is notified
 * or its deadline comes.
 */
export interface Agent {
  /** Its role, for reports. */
  readonly name: string;
  /** Does a bounded amount of work at the clock's time. @returns how many items it worked on; 0 when idle. */
  poll(): number;
  /**
   * Asks whoever gives the agent work to notify it of the next item, then looks once more.
   * @returns true when there was nothing, so that the agent may rest; false when it should poll again.
   */
  arm(): boolean;
  /**
   * When it next wants to run without being notified, in clock nanoseconds; `NEVER` if only on
   * notification.
   */
  nextDeadlineNs(): number;
}

/** A deadline that never comes. */
export const NEVER: number = Number.POSITIVE_INFINITY;
