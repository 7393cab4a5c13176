/**
 * What every transport of frames offers, whatever lies beneath: the ring (ring.ts) or I2O's four FIFOs. One of these two
 * ends per side and direction. A frame is named by the word index of its first word in the shared region, wherever the
 * transport keeps it.
 *
 * A frame acquired is posted or cancelled; a frame received is released. Release is not completion: a request may be
 * answered long after its frame is free again.
 */

/** `acquire` and `receive` answer this when there is no frame. I2O's own empty answer, 0xFFFFFFFF, as an int32. */
export const NO_FRAME = -1;

/** The sending end. acquire → write the frame → post | cancel; publish now and then. */
export interface FrameProducer {
  /** Takes a free frame, which must be posted or cancelled before the next `acquire`. @returns its word index or NO_FRAME. */
  acquire(): number;
  /** The acquired frame is complete. It is visible to the other side with the next `publish` at the latest. */
  post(): void;
  /** Gives the acquired frame back unused. */
  cancel(): void;
  /**
   * Makes posted frames visible.
   * @returns 0 nothing was posted; 1 published and no notification is wanted; 2 the consumer asked to be notified.
   */
  publish(): number;
  /** Frames that can be acquired now, as far as is known; looks harder when fewer than `wanted` seem free. */
  available(wanted: number): number;
  /** Asks to be notified when frames are free again. @returns true when fewer than `wanted` are, after looking once more. */
  armForFree(wanted: number): boolean;
  /**
   * A frame whose delivery failed, or a copy of it, is the producer's to read: it must be cancelled before the next `acquire`.
   * Not between `acquire` and `post`.
   * @param address PreservedMFA of the failure record, as the other side wrote it.
   * @returns the frame's word index, good until the record is released; NO_FRAME when the transport has kept none, or not there.
   */
  adopt(address: number): number;
  /** Gives back every frame taken ahead of its use. Called before the transport is left for good; frames may follow again. */
  surrender(): void;
  /**
   * The IOP is reset. On the card's side, while it serves the reset: what was posted and not received is destroyed. On the
   * host's, once it has seen the reset answered: what was acquired is forgotten, and the indices are read anew.
   * @param destroyed told of each frame destroyed, which can still be read in the call.
   * @returns frames destroyed.
   */
  restart(destroyed?: (frame: number) => void): number;
  /** Frames posted that the consumer has not released. */
  readonly inUse: number;
  /** The other side has written something that cannot be; the transport is used no further. */
  readonly broken: boolean;
}

/** The receiving end. receive → read the frame → release; publish now and then. */
export interface FrameConsumer {
  /** The next frame, the caller's until `release`. @returns its word index or NO_FRAME. */
  receive(): number;
  /** The received frame has been read; the producer may have it again after the next `publish`. */
  release(): void;
  /**
   * Between `receive` and `release`: the frame could not be delivered. It is kept, and not given back by `release`, or a copy of
   * it is kept beside the failure record. The producer adopts it by the address in the record.
   * @param record word index of the outbound frame that will hold the failure record.
   * @returns the address to put there as PreservedMFA; NO_FRAME when nothing is kept.
   */
  preserve(record: number): number;
  /**
   * Absent where no addresses are posted. `find` gives the word index of the static frame at an address,
   * -1 where there is none: such an address is received like a frame, and its release frees nothing.
   */
  keepStatic?(find: (address: number) => number): void;
  /** Lends the producer its frames, where they are the consumer's to lend: once the other side is ready for them. */
  supply(): void;
  /**
   * The IOP is reset. On the card's side, while it serves the reset: what was posted and not received is destroyed, and no frame
   * is free until `supply`. On the host's, once it has seen the reset answered: what it has not received yet is destroyed, and
   * every frame it lent is its own again.
   * @param holding a frame is received and will be released, with no effect.
   * @returns frames destroyed, the one held not among them.
   */
  restart(holding: boolean): number;
  /** Makes releases visible. @returns 0 nothing was released; 1 no notification is wanted; 2 the producer waits for a frame. */
  publish(): number;
  /** Asks to be notified of the next frame. @returns true when there is none, after looking once more. */
  arm(): boolean;
  /** Frames posted and not released yet, as far as the transport knows. */
  readonly waiting?: number;
  readonly broken: boolean;
}
