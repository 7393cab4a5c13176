/**
 * I2O 1.5's static frames: requests that the card keeps, and that the host posts again and again by their
 * address. They lie in memory that is the card's by agreement but shared like all other, so each post is
 * checked as any request is.
 *
 * Over the FIFOs the address is posted as it is. Over a ring, which is ours, a frame of 5 words names it:
 * FLAG_STATIC is set, word 1 repeats the static request's word 1, and word 4 is the address.
 */
import { assert } from '../../assert/assert.ts';
import { STATIC_FRAMES_BYTES } from '../../dma/card-layout.ts';
import { REGION_BYTES_MAX } from '../../dma/plan.ts';
import { FRAME_BYTES, FRAME_WORDS } from '../../i2o/frame.ts';

/** Static frames that a card keeps. */
export const STATIC_FRAMES = STATIC_FRAMES_BYTES / FRAME_BYTES;
/** Address of the first. No region reaches that far, so that no frame's address is also a static frame's. */
const FIRST_ADDRESS = REGION_BYTES_MAX;
/** Words of the request that posts one over a ring, and the word that names the static frame. */
export const STATIC_POST_WORDS = 5;
export const STATIC_POST_FRAME_WORD = 4;

export class StaticFrames {
  private readonly words: Int32Array;
  private readonly start: number;
  /** The most posts that the host said it would have open of each; 0: the slot is free. */
  private readonly maxOutstanding = new Uint8Array(STATIC_FRAMES);

  /** @param start address of STATIC_FRAMES_BYTES bytes. */
  constructor(words: Int32Array, start: number) {
    assert(
      start % FRAME_BYTES === 0 && start >= 0 && start + STATIC_FRAMES_BYTES <= words.length * 4,
      'static frames: they lie in the region, each at a frame of its own',
    );
    assert(words.length * 4 <= FIRST_ADDRESS, 'static frames: no memory has their addresses');
    this.words = words;
    this.start = start;
  }

  /**
   * Keeps a request.
   * @param from word index of its first word. @param sizeWords words it has.
   * @returns its address, or -1 when there is no more room.
   */
  create(from: number, sizeWords: number, maxOutstanding: number): number {
    assert(sizeWords > 0 && sizeWords <= FRAME_WORDS, 'static frames: a request that is kept fits a frame');
    const slot = this.maxOutstanding.indexOf(0);
    if (slot < 0) return -1;
    this.maxOutstanding[slot] = maxOutstanding;
    const at = this.wordOf(slot);
    for (let i = 0; i < FRAME_WORDS; i++) this.words[at + i] = i < sizeWords ? this.words[from + i] : 0;
    return FIRST_ADDRESS + slot * FRAME_BYTES;
  }

  /** Forgets the one at an address. @returns false when there is none. */
  release(address: number): boolean {
    const slot = this.slotOf(address);
    if (slot < 0) return false;
    this.maxOutstanding[slot] = 0;
    return true;
  }

  /** @returns word index of the static frame with an address; -1 when there is none. */
  find(address: number): number {
    const slot = this.slotOf(address);
    return slot < 0 ? -1 : this.wordOf(slot);
  }

  /** How many static frames there are. */
  get count(): number {
    let count = 0;
    for (const max of this.maxOutstanding) if (max > 0) count += 1;
    return count;
  }

  clear(): void {
    this.maxOutstanding.fill(0);
  }

  private wordOf(slot: number): number {
    assert(slot >= 0 && slot < STATIC_FRAMES, 'static frames: a slot is one of those there are');
    return (this.start + slot * FRAME_BYTES) >> 2;
  }

  /** @returns slot of the static frame with an address; -1 when there is none. */
  private slotOf(address: number): number {
    const offset = address - FIRST_ADDRESS;
    if (offset < 0 || offset >= STATIC_FRAMES_BYTES || offset % FRAME_BYTES !== 0) return -1;
    const slot = offset / FRAME_BYTES;
    return this.maxOutstanding[slot] === 0 ? -1 : slot;
  }
}
