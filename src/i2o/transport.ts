/**
 * What every transport of frames offers, whether the ring or I2O's four FIFOs lie beneath (i2o/queues). Each
 * side has one of these two ends for each direction. A frame is named by the word index of its first word in
 * the shared region, wherever the transport keeps it.
 *
 * A frame that is acquired must be posted or cancelled, and a frame that is received must be released.
 * Release is not completion: a request may be answered long after its frame is free again.
 */

/**
 * `acquire` and `receive` answer this when there is no frame: I2O's own empty answer, 0xFFFFFFFF, as an
 * int32.
 */
export const NO_FRAME = -1;

/** What a notifier publishes: a producer's frames, or a consumer's releases. */
export interface Publisher {
  /** @returns 0 nothing was published; 1 published quietly; 2 the other side asked to be notified. */
  publish(): number;
  /** Frames that were posted and stay unseen for now; absent: none do. */
  readonly unshown?: number;
}

/** The sending end: acquire, write the frame, then post or cancel; publish once per batch. */
export interface FrameProducer {
  /**
   * Takes a free frame, which must be posted or cancelled before the next `acquire`.
   * @returns its word index or NO_FRAME.
   */
  acquire(): number;
  /**
   * The acquired frame is complete. It is visible to the other side with the next `publish` at the latest.
   */
  post(): void;
  /** Gives the acquired frame back unused. */
  cancel(): void;
  /**
   * Makes posted frames visible.
   * @returns 0 nothing was posted; 1 published and no notification is wanted; 2 the consumer asked to be
   *   notified.
   */
  publish(): number;
  /**
   * Frames that can be acquired now, as far as this end knows. It looks again when it knows of fewer than
   * `wanted`.
   */
  available(wanted: number): number;
  /**
   * Asks to be notified when frames are free again, then looks once more.
   * @param wanted at least 1, at most the frames there are. @returns true when fewer than `wanted` are free.
   */
  armForFree(wanted: number): boolean;
  /**
   * Takes a frame whose delivery failed, or a copy of it, to be read. It must be cancelled before the next
   * `acquire`. Not to be called between `acquire` and `post`.
   * @param address PreservedMFA of the failure record, as the other side wrote it.
   * @returns the frame's word index, good until the record is released; NO_FRAME when the transport has kept
   *   no frame there.
   */
  adopt(address: number): number;
  /**
   * Gives back every frame that was taken ahead of its use. Called before the card is quiesced; frames may
   * follow later.
   */
  surrender(): void;
  /**
   * The IOP is reset. The card calls this while it serves the reset: what was posted and not received is
   * destroyed. The host calls it once it has seen the reset answered: what was acquired is forgotten, and the
   * indices are read anew.
   * @param destroyed is called with each frame destroyed, which can still be read during the call.
   * @returns frames destroyed.
   */
  restart(destroyed?: (frame: number) => void): number;
  /** Frames posted that the consumer has not released: a look, which takes nothing from a queue. */
  readonly inUse: number;
  /** The other side has written something impossible, so the transport is used no further until a reset. */
  readonly broken: boolean;
}

/** The receiving end: receive, read the frame, release; publish once per batch. */
export interface FrameConsumer {
  /** The next frame, the caller's until `release`. @returns its word index or NO_FRAME. */
  receive(): number;
  /** The received frame has been read; the producer may have it again after the next `publish`. */
  release(): void;
  /**
   * Called between `receive` and `release` for a frame that could not be delivered. The frame is kept, and
   * `release` does not give it back; or a copy of it is kept beside the failure record. The producer adopts
   * it by the address in the record (PreservedMFA of I2O 1.5).
   * @param record word index of the outbound frame that will hold the failure record.
   * @returns the address to put there as PreservedMFA; NO_FRAME when nothing is kept.
   */
  preserve(record: number): number;
  /**
   * Only on a transport by which addresses are posted. An address at which `find` knows a static frame (I2O
   * 1.5, ExecStaticMfCreate) is received like a frame, and its release frees nothing.
   * @param find gives the word index of the static frame at an address; −1 where there is none.
   */
  keepStatic?(find: (address: number) => number): void;
  /**
   * Lends the producer its frames, where the consumer has them to lend. Called once the other side is ready
   * for them.
   * @param spacing how many frames of the transport each that is lent takes: more than 1, the default, where
   *   the host has chosen larger ones by OutboundInit.
   */
  supply(spacing?: number): void;
  /**
   * The IOP is reset. The card calls this while it serves the reset: what was posted and not received is
   * destroyed, and no frame is free until `supply`. The host calls it once it has seen the reset answered:
   * what it has not received is destroyed, and every frame it lent is its own again.
   * @param holding whether a frame is received and will be released later, to no effect.
   * @returns frames destroyed, the one held not among them.
   */
  restart(holding: boolean): number;
  /**
   * Makes releases visible.
   * @returns 0 nothing was released; 1 no notification is wanted; 2 the producer waits for a frame.
   */
  publish(): number;
  /** Asks to be notified of the next frame. @returns true when there is none, after looking once more. */
  arm(): boolean;
  /** Frames posted and not released yet, as far as the transport knows. */
  readonly waiting?: number;
  /** As of the producer. */
  readonly broken: boolean;
}

/** An end whose frames, or releases, can be made visible up to a mark; what is behind it is kept back. */
export interface Marked {
  /** A mark behind the last frame posted or released. */
  readonly next: number;
  /**
   * As `publish`, for what there was when `next` was `mark`. Only whoever keeps frames back calls it, in the
   * order of the marks, and never with one from before a `restart`.
   */
  publishTo(mark: number): number;
  readonly broken: boolean;
  /** From now on nothing is visible before `publishTo`, also where a transport would show it at once. */
  keepBack?(): void;
}

export type MarkedProducer = FrameProducer & Marked;
export type MarkedConsumer = FrameConsumer & Marked;
