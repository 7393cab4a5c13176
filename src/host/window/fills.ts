/**
 * Memory that the card fills its window from: the program's pages, which a call has mapped, or a copy of what
 * is in them. A buffer is the card's from WindowFill until its number comes back as a context.
 *
 * The fills of one turn share a message, and so do its packets, though each packet is made right behind its
 * fill: the message of fills goes ahead of whatever is under way. Only a release must not be overtaken, since
 * what it gives back may be filled again.
 */
import { assert } from '../../assert/assert.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { writeWindowFill } from '../../i2o/window.gen.ts';
import {
  WINDOW_FILLS_ASKED,
  WINDOW_FILLS_ASKED_BYTES,
  WINDOW_FILLS_DONE,
  WINDOW_SENDS_FULL,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { HANDLER_SEND } from '../../osm/message/handlers.ts';
import {
  FURTHER_WORDS,
  LIST_WORD,
  type ListFrame,
  type MessageAhead,
  NAMED_WORDS,
} from '../lan/list-frame.ts';
import { RELEASE } from './releases.ts';
import type { WindowFiller } from './window-send-memory.ts';

/** Flags of a buffer of the host's; of where it goes, with which its transaction ends; of a list's last. */
const FROM = 0x15;
const TO = 0x5c;
const LAST = 0x80;
const FLAGS_SHIFT = 24;
const FILL_WORDS = NAMED_WORDS + FURTHER_WORDS;
/** Fills of one message. */
const PER_MESSAGE = Math.floor((FRAME_WORDS - LIST_WORD) / FILL_WORDS);
/** Messages that a send may need at once: a release, a fill, and its packet. */
const MESSAGES_OF_SEND = 3;

export class Fills implements WindowFiller, MessageAhead {
  private readonly area: PoolArea;
  private readonly sends: ListFrame;
  private readonly counters: Float64Array;
  private readonly freeBuffers: Int32Array;
  private freeCount: number;
  private readonly out: Uint8Array;
  private readonly online: () => boolean;
  /** Words of the list of the message that is begun, and whom it goes to. */
  private readonly list = new Int32Array(PER_MESSAGE * FILL_WORDS);
  private begun = 0;
  private tid = 0;

  /** @param online whether the card takes fills. */
  constructor(area: PoolArea, sends: ListFrame, ledger: Ledger, online: () => boolean) {
    this.area = area;
    this.sends = sends;
    this.counters = ledger.counters;
    this.freeBuffers = Int32Array.from({ length: area.count }, (_, i) => i);
    this.freeCount = area.count;
    this.out = new Uint8Array(area.count);
    this.online = online;
  }

  get hasRoom(): boolean {
    if (this.freeCount > 0 && this.online() && this.sends.hasRoomFor(MESSAGES_OF_SEND)) return true;
    this.counters[WINDOW_SENDS_FULL] += 1;
    return false;
  }

  /** Buffers that the card has. */
  get waiting(): number {
    return this.area.count - this.freeCount;
  }

  /** Where the bytes of the next fill are to lie. There is a buffer. */
  get address(): number {
    assert(this.freeCount > 0, 'fills: a send that was let in finds a buffer');
    return this.addressOf(this.freeBuffers[this.freeCount - 1]);
  }

  /** The bytes at `address` go to the window. */
  ask(tid: number, destination: number, byteLength: number): void {
    const { sends, counters } = this;
    if (this.begun === PER_MESSAGE || (this.begun > 0 && tid !== this.tid) || sends.holds(RELEASE))
      sends.post();
    const buffer = this.freeBuffers[--this.freeCount];
    this.out[buffer] = 1;
    const { list } = this;
    const at = this.begun * FILL_WORDS;
    list[at] = (FROM << FLAGS_SHIFT) | byteLength;
    list[at + 1] = buffer;
    list[at + 2] = this.addressOf(buffer);
    list[at + NAMED_WORDS] = (TO << FLAGS_SHIFT) | byteLength;
    list[at + NAMED_WORDS + 1] = destination;
    this.begun += 1;
    this.tid = tid;
    counters[WINDOW_FILLS_ASKED] += 1;
    counters[WINDOW_FILLS_ASKED_BYTES] += byteLength;
  }

  get isBegun(): boolean {
    return this.begun > 0;
  }

  write(words: Int32Array, frame: number): number {
    const { list, tid } = this;
    const size = this.begun * FILL_WORDS;
    for (let word = 0; word < size; word++) words[frame + LIST_WORD + word] = list[word];
    words[frame + LIST_WORD + size - FURTHER_WORDS] |= LAST << FLAGS_SHIFT;
    writeWindowFill(words, frame, tid, HOST_TID, HANDLER_SEND, 0, LIST_WORD + size);
    this.begun = 0;
    return tid;
  }

  /** A context has come back. @returns false where the card had no such buffer. */
  done(buffer: number): boolean {
    if (buffer < 0 || buffer >= this.out.length || this.out[buffer] === 0) return false;
    this.giveBack(buffer);
    this.counters[WINDOW_FILLS_DONE] += 1;
    return true;
  }

  /** The card was reset: all that it had is the host's. */
  takeBack(): void {
    this.begun = 0;
    this.out.forEach((out, buffer) => {
      if (out === 1) this.giveBack(buffer);
    });
  }

  private giveBack(buffer: number): void {
    this.out[buffer] = 0;
    this.freeBuffers[this.freeCount++] = buffer;
  }

  private addressOf(buffer: number): number {
    return this.area.offset + buffer * this.area.bufferBytes;
  }
}
