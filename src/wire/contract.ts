/**
 * A wire carries frames one way, from the device that puts them in to the device that takes them out. The
 * frames in flight lie in slots of the region, so that what leaves a device is what arrives, byte for byte,
 * unless the wire damages it. Times are clock nanoseconds.
 */
export interface WireSource {
  /** Frames that `reserve` would still find space for. */
  readonly room: number;
  /** Whoever drives the sender is told once there is space for so many frames; the latest call counts. */
  awaitRoom(frames: number): void;
  /**
   * @returns the address of space for a frame of `length` bytes, or -1 when the queue is full (the frame is
   * lost, counted).
   */
  reserve(length: number): number;
  /** Sends the frame that was written where `reserve` said. */
  commit(length: number): void;
}

export interface WireSink {
  /** @returns the address of the next frame that has arrived, or -1. It stays the wire's until `release`. */
  receive(): number;
  /** Bytes of the frame that `receive` returned. */
  readonly receivedLength: number;
  /** Gives the received frame's slot back to the wire. */
  release(): void;
  /** When the next frame arrives; `NEVER` when none is in flight. */
  nextArrivalNs(): number;
}

/** Whether the link that a device is plugged into is whole, as its device sees it. */
export interface LinkSignal {
  /** Whether it changes by itself at described times. */
  readonly timed: boolean;
  isUp(nowNs: number): boolean;
  /** When that next changes by itself, in clock nanoseconds; `NEVER` when it does not. */
  nextChangeNs(nowNs: number): number;
}

/** What one device plugs into: where its frames go and where frames for it come from. */
export interface WireEnd {
  readonly source: WireSource;
  readonly sink: WireSink;
  /** Absent: it is whole for ever. */
  readonly signal?: LinkSignal;
}

/** Sees each frame go by; must not change it. */
export interface FrameTap {
  frame(address: number, length: number): void;
}

/** An end whose frames can be watched, both those that leave by it and those that arrive at it. */
export interface TappedEnd extends WireEnd {
  readonly source: WireSource & { tapSent(tap: FrameTap | null): void };
  readonly sink: WireSink & { tapArrived(tap: FrameTap | null): void };
}
