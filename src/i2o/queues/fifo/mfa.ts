/**
 * Message frame addresses, judged: every address that comes out of a FIFO is the other side's word, and is taken only if it
 * names a frame of its direction that the other side held. What is refused is counted by name and changes nothing else.
 */
import { FRAME_BYTES } from '../../frame.ts';

/** Why an address is refused; also the distance from the side's first counter, less one. */
export const MFA_GOOD = 0;
export const MFA_OUT_OF_WINDOW = 1;
export const MFA_MISALIGNED = 2;
export const MFA_WRONG_DIRECTION = 3;
export const MFA_NOT_OWNED = 4;

/** Addresses refused in one look, so that a list full of rubbish does not hold its reader up. */
export const REFUSALS_PER_LOOK = 16;

/** The addresses of one direction's frames. */
export class FrameWindow {
  readonly first: number;
  readonly frames: number;
  private readonly byteLength: number;
  /** What to add to an MFA to have an address in the region. */
  private readonly base: number;
  private readonly otherFirst: number;
  private readonly otherBytes: number;

  /**
   * @param first MFA of the first frame. @param base address in the region of MFA 0.
   * @param otherFirst @param otherFrames the other direction's.
   */
  constructor(first: number, frames: number, base: number, otherFirst: number, otherFrames: number) {
    this.first = first;
    this.frames = frames;
    this.byteLength = frames * FRAME_BYTES;
    this.base = base;
    this.otherFirst = otherFirst;
    this.otherBytes = otherFrames * FRAME_BYTES;
  }

  /** @returns MFA_GOOD, or why the address names no frame of this direction. // Hot path. */
  fault(mfa: number): number {
    const offset = mfa - this.first;
    if (offset < 0 || offset >= this.byteLength) {
      const other = mfa - this.otherFirst;
      return other >= 0 && other < this.otherBytes ? MFA_WRONG_DIRECTION : MFA_OUT_OF_WINDOW;
    }
    return offset % FRAME_BYTES === 0 ? MFA_GOOD : MFA_MISALIGNED;
  }

  /** Number of the frame an address names, which has no fault. */
  slotOf(mfa: number): number {
    return (mfa - this.first) >> 7;
  }

  mfaOf(slot: number): number {
    return this.first + slot * FRAME_BYTES;
  }

  /** Word index of the frame an address names. */
  wordOf(mfa: number): number {
    return (this.base + mfa) >> 2;
  }
}
