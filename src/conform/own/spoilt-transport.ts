/**
 * A card whose transport is wrong on purpose: it rests over part of a burst, announces each answer by itself,
 * is put off by an announcement that nothing is behind, or brings an answer from before a reset.
 */
import { FRAME_WORDS, frameFunction } from '../../i2o/frame.ts';
import type { CardFault } from './card-faults.ts';

/** More frames than that at once are a burst: bring-up has none. */
const BURST = 32;
const SYS_ENABLE = 0xd1;

export class SpoiltTransport {
  private readonly fault: CardFault | undefined;
  private announcedForNothing = false;
  private bursts = 0;
  /** The last answer of before the reset, until it is brought. */
  private last: Int32Array | undefined;
  private wasReset = false;

  constructor(fault: CardFault | undefined) {
    this.fault = fault;
  }

  /** A doorbell has come. @param frames how many are behind it. */
  heard(frames: number): void {
    if (frames === 0) this.announcedForNothing = true;
    if (frames > BURST) this.bursts += 1;
  }

  /** Whether it hears no doorbell any more. */
  get minds(): boolean {
    return this.fault === 'minds-hints' && this.announcedForNothing;
  }

  /** @returns whether the card rests although so many frames wait for it. */
  rests(waiting: number): boolean {
    return this.fault === 'rests-over-work' && this.bursts > 0 && waiting > 0;
  }

  /** An answer was sent. @returns what is to follow it. */
  sent(words: Int32Array, at: number): 'announce' | Int32Array | undefined {
    if (this.fault === 'interrupts-each' && this.bursts > 0) return 'announce';
    if (this.fault !== 'outlives-reset') return undefined;
    if (!this.wasReset) {
      this.last = words.slice(at, at + FRAME_WORDS);
      return undefined;
    }
    if (frameFunction(words, at) !== SYS_ENABLE) return undefined;
    this.wasReset = false;
    return this.last;
  }

  restarted(): void {
    this.wasReset = this.last !== undefined;
  }
}
