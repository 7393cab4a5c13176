/**
 * Judges message frame addresses (MFAs). The other side wrote every address that comes out of a FIFO, so an
 * address is taken only if it names a frame of its direction that the other side held. A refused address is
 * counted by the reason and changes nothing else.
 */
import { assert, COSTLY_ASSERTIONS } from '../../../assert/assert.ts';
import { FRAME_BYTES } from '../../frame.ts';

const COSTLY = COSTLY_ASSERTIONS;

/**
 * Why an address is refused. The ledger's counters of refusals follow each other in the same order, from the
 * number 1 on.
 */
export const MFA_GOOD = 0;
export const MFA_OUT_OF_WINDOW = 1;
export const MFA_MISALIGNED = 2;
export const MFA_WRONG_DIRECTION = 3;
export const MFA_NOT_OWNED = 4;

/** Addresses refused in one look at the most, so that a list full of rubbish does not hold its reader up. */
export const REFUSALS_PER_LOOK = 16;

/** `mfa - first` shifted right by this is the number of a frame. */
const FRAME_SHIFT = 7;

export function checkFrameShift(shift: number, frameBytes: number): void {
  assert(
    1 << shift === frameBytes,
    'frame window: the shift from address to frame is that of the frame size',
  );
}

checkFrameShift(FRAME_SHIFT, FRAME_BYTES);

/** The addresses of one direction's frames. */
export class FrameWindow {
  readonly first: number;
  readonly frames: number;
  private readonly byteLength: number;
  /** Added to an MFA, this gives the address in the region. */
  private readonly base: number;
  private readonly otherFirst: number;
  private readonly otherBytes: number;

  /**
   * @param first MFA of the first frame. @param base address in the region of MFA 0.
   * @param otherFirst MFA of the other direction's first frame. @param otherFrames how many frames that
   *   direction has.
   */
  constructor(first: number, frames: number, base: number, otherFirst: number, otherFrames: number) {
    assert(
      frames > 0 && first > 0 && first % FRAME_BYTES === 0 && base % FRAME_BYTES === 0,
      'frame window: its frames begin on pairs of cache lines',
    );
    assert(
      first + frames * FRAME_BYTES <= otherFirst || otherFirst + otherFrames * FRAME_BYTES <= first,
      'frame window: no address is good both ways',
    );
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

  /** Number of the frame that an address without fault names. */
  slotOf(mfa: number): number {
    if (COSTLY) this.checkJudged(mfa);
    return (mfa - this.first) >> FRAME_SHIFT;
  }

  /** Address of a frame by its number. */
  mfaOf(slot: number): number {
    if (COSTLY) this.checkSlot(slot);
    return this.first + slot * FRAME_BYTES;
  }

  /** Word index in the region of the frame that an address without fault names. */
  wordOf(mfa: number): number {
    if (COSTLY) this.checkWord(mfa);
    return (this.base + mfa) >> 2;
  }

  private checkJudged(mfa: number): void {
    const slot = (mfa - this.first) >> FRAME_SHIFT;
    assert(slot >= 0 && slot < this.frames, 'frame window: an address that was judged names a frame');
  }

  private checkSlot(slot: number): void {
    assert(slot >= 0 && slot < this.frames, 'frame window: there is a frame of this number');
  }

  private checkWord(mfa: number): void {
    assert(
      this.fault(mfa) === MFA_GOOD,
      'frame window: a frame is read and written at an address without fault',
    );
  }
}
