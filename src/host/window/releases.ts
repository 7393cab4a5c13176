/** Stretches of a card's window that the host has done with, until a WindowRelease gives several back. */
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { writeWindowRelease } from '../../i2o/window.gen.ts';
import { WINDOW_RELEASES_ASKED, WINDOW_RELEASES_ASKED_BYTES } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { HANDLER_NONE } from '../../osm/message/handlers.ts';
import { FURTHER_WORDS, LIST_WORD, type ListFrame, type ListMessage } from '../lan/list-frame.ts';

/** Stretches of one message. */
const PER_MESSAGE = Math.floor((FRAME_WORDS - LIST_WORD) / FURTHER_WORDS);
/** Flags of their elements: memory of the card's, that ends its buffer. */
const STRETCH = 0x1c;

export const RELEASE: ListMessage = {
  write: (words, frame, tid, _control, sizeWords) => {
    writeWindowRelease(words, frame, tid, HOST_TID, HANDLER_NONE, 0, sizeWords);
  },
};

export class Releases {
  private readonly sends: ListFrame;
  private readonly counters: Float64Array;
  private readonly stretches: Int32Array;
  private readonly wanted: number;
  private count = 0;

  /** @param capacity stretches that may wait; a quarter of them, or a message full, are not kept waiting. */
  constructor(sends: ListFrame, ledger: Ledger, capacity: number) {
    this.sends = sends;
    this.counters = ledger.counters;
    this.stretches = new Int32Array(2 * capacity);
    this.wanted = Math.max(1, Math.min(PER_MESSAGE, capacity >> 2));
  }

  /** Stretches that wait. */
  get waiting(): number {
    return this.count;
  }

  add(address: number, byteLength: number): void {
    this.stretches[2 * this.count] = address;
    this.stretches[2 * this.count + 1] = byteLength;
    this.count += 1;
  }

  /** Gives back what waits, if it is enough for that and there are frames. @returns stretches given back. */
  giveDue(tid: number): number {
    return this.count >= this.wanted ? this.give(tid) : 0;
  }

  /** Gives back all that waits, as far as there are frames. @returns stretches given back. */
  give(tid: number): number {
    const { sends, stretches, counters } = this;
    let given = 0;
    while (given < this.count && sends.hasRoom) {
      const address = stretches[2 * given];
      const byteLength = stretches[2 * given + 1];
      sends.begin(RELEASE, tid, 0, FURTHER_WORDS);
      sends.further(STRETCH, address, byteLength, true);
      counters[WINDOW_RELEASES_ASKED] += 1;
      counters[WINDOW_RELEASES_ASKED_BYTES] += byteLength;
      given += 1;
    }
    for (let word = 2 * given; word < 2 * this.count; word++) stretches[word - 2 * given] = stretches[word];
    this.count -= given;
    return given;
  }

  /** The card was reset: it has all of it. */
  clear(): void {
    this.count = 0;
  }
}
