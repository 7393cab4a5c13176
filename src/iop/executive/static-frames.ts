/**
 * Static frames (reference section 1.6): requests kept on the card, which the host posts again and again by their address. The
 * frame lies in memory that is the card's by agreement, but shared like all: each post is checked as any request is.
 *
 * How an address travels: over the FIFOs it is posted as it is. Over a ring a frame of 5 words names it (ours): FLAG_STATIC set,
 * the static request's target and function in word 1, the address in word 4.
 */
import { STATIC_FRAMES_BYTES } from '../../dma/card-layout.ts';
import { FRAME_BYTES, FRAME_WORDS } from '../../i2o/frame.ts';

/** Static frames a card keeps. */
export const STATIC_FRAMES = STATIC_FRAMES_BYTES / FRAME_BYTES;
/** Address of the first: where no memory is, so that no frame's address is also a static one's. */
const FIRST_ADDRESS = 0x70000000;
/** Words of the request that posts one over a ring, and where it names the frame. */
export const STATIC_POST_WORDS = 5;
export const STATIC_POST_FRAME_WORD = 4;

export class StaticFrames {
  private readonly words: Int32Array;
  private readonly start: number;
  /** 0: free; else the most posts the host said it would have open. */
  private readonly maxOutstanding = new Uint8Array(STATIC_FRAMES);

  /** @param start address of STATIC_FRAMES_BYTES bytes. */
  constructor(words: Int32Array, start: number) {
    this.words = words;
    this.start = start;
  }

  /** Keeps a request. @param from word index of its first word. @returns its address, or -1 when there is no more room. */
  create(from: number, sizeWords: number, maxOutstanding: number): number {
    const slot = this.maxOutstanding.indexOf(0);
    if (slot < 0) return -1;
    this.maxOutstanding[slot] = maxOutstanding;
    const at = this.wordOf(slot);
    for (let i = 0; i < FRAME_WORDS; i++) this.words[at + i] = i < sizeWords ? this.words[from + i] : 0;
    return FIRST_ADDRESS + slot * FRAME_BYTES;
  }

  /** @returns false when there is none at the address. */
  release(address: number): boolean {
    const slot = this.slotOf(address);
    if (slot < 0) return false;
    this.maxOutstanding[slot] = 0;
    return true;
  }

  /** @returns word index of the static frame at an address; -1 when there is none. */
  find(address: number): number {
    const slot = this.slotOf(address);
    return slot < 0 ? -1 : this.wordOf(slot);
  }

  /** Static frames there are. */
  get count(): number {
    let count = 0;
    for (const max of this.maxOutstanding) if (max > 0) count += 1;
    return count;
  }

  clear(): void {
    this.maxOutstanding.fill(0);
  }

  private wordOf(slot: number): number {
    return (this.start + slot * FRAME_BYTES) >> 2;
  }

  private slotOf(address: number): number {
    const offset = address - FIRST_ADDRESS;
    if (offset < 0 || offset >= STATIC_FRAMES_BYTES || offset % FRAME_BYTES !== 0) return -1;
    const slot = offset / FRAME_BYTES;
    return this.maxOutstanding[slot] === 0 ? -1 : slot;
  }
}
