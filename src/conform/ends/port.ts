/** What the ends of a pipe's transport say to the other side. */

export interface FramePort {
  /** Sends a frame; the other side sees it with the next announcement. @param at word index. */
  frame(number: number, address: number, words: Int32Array, at: number): void;
  /** Gives frames of the other side back. */
  release(numbers: readonly number[]): void;
  /** The card has been reset. */
  restarted(): void;
}
