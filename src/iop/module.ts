/** A module behind a device TID: it gets the requests sent there, and a turn in the run loop for work of its own. */
export interface Module {
  /** Class the logical configuration table names. */
  readonly classId: number;
  readonly classVersion: number;
  /**
   * One request, its header checked. The frame is the module's until it returns. Four outbound frames are free.
   * @param frame word index. @param functionCode word 1 bits 24-31. @param sizeWords words the message has, 4 to 32.
   */
  request(frame: number, functionCode: number, sizeWords: number): void;
  /** Own work: device, timers, replies that waited. @returns items worked on. */
  poll(): number;
  /** When it next wants a turn by itself, in clock nanoseconds; `NEVER` if only for requests. */
  nextDeadlineNs(): number;
  /** SysQuiesce or reset: every open request is answered or withdrawn, and everything held is given back. */
  quiesce(): void;
}
