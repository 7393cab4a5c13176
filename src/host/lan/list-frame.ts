/**
 * The message with a list that is under way: what goes to one port in one kind of message is put behind one
 * another until the message is full, or until the host looks for replies, so that what belongs to one turn
 * shares it. Its frame is acquired for the first element, and whoever wants a frame meanwhile posts it first:
 * so messages keep the order in which they were begun.
 */
import { assert } from '../../assert/assert.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { InboundFrames } from '../../osm/message/inbound-frames.ts';

/** The list begins there in all of them. */
export const LIST_WORD = 4;
/** Words of elements: with a context, and without. */
export const NAMED_WORDS = 3;
export const FURTHER_WORDS = 2;
/** Added to the flags of the element with which a transaction ends, and of the list's last. */
const END_OF_BUFFER = 0x40;
const LAST = 0x80;
const FLAGS_SHIFT = 24;

/** A kind of message with a list. */
export interface ListMessage {
  /** Writes the message's words before its list. @param control what all its transactions have in common. */
  write(words: Int32Array, frame: number, tid: number, control: number, sizeWords: number): void;
}

/** A message that is posted before the one under way, whichever of the two was begun first. */
export interface MessageAhead {
  /** Whether there is one. */
  readonly isBegun: boolean;
  /** Writes it to a frame; then there is none. @returns the TID that it goes to. */
  write(words: Int32Array, frame: number): number;
}

export class ListFrame {
  /** What is posted before this; null: nothing. */
  ahead: MessageAhead | null = null;
  private readonly frames: InboundFrames;
  /** Keeps the words of the message under way while its frame serves the one ahead. */
  private readonly aside = new Int32Array(FRAME_WORDS);
  private frame: number = NO_FRAME;
  private message: ListMessage | null = null;
  private tid = 0;
  private control = 0;
  private size = LIST_WORD;
  /** Word of the element written last. */
  private last = 0;

  constructor(frames: InboundFrames) {
    this.frames = frames;
  }

  /** Whether a transaction of any shape finds a frame. Sets `short` of the frames where none does. */
  get hasRoom(): boolean {
    return this.hasRoomFor(1);
  }

  /** The same of so many that may each need a message of its own. */
  hasRoomFor(messages: number): boolean {
    // A transport may count the frame under way among those that are free until it is posted.
    const own = this.frame === NO_FRAME ? 0 : 1;
    const wanted = messages + own + (this.ahead?.isBegun === true ? 1 : 0);
    if (this.frames.framesFreeFor(wanted) >= wanted) return true;
    this.frames.short = true;
    return false;
  }

  /** Begins a transaction, whose elements take so many words. The caller knows that there is room. */
  begin(message: ListMessage, tid: number, control: number, words: number): void {
    const differs = message !== this.message || tid !== this.tid || control !== this.control;
    if (this.frame !== NO_FRAME && (differs || this.size + words > FRAME_WORDS)) this.post();
    if (this.frame !== NO_FRAME) return;
    this.frame = this.frames.acquire();
    assert(this.frame !== NO_FRAME, 'list frame: a transaction that was begun finds a frame');
    this.message = message;
    this.tid = tid;
    this.control = control;
    this.size = LIST_WORD;
  }

  /** An element with a context. @param ends whether its transaction ends with it. */
  named(flags: number, context: number, address: number, byteLength: number, ends: boolean): void {
    const at = this.element(flags, byteLength, ends);
    const { words } = this.frames;
    words[at + 1] = context;
    words[at + 2] = address;
    this.size += NAMED_WORDS;
  }

  further(flags: number, address: number, byteLength: number, ends: boolean): void {
    const at = this.element(flags, byteLength, ends);
    this.frames.words[at + 1] = address;
    this.size += FURTHER_WORDS;
  }

  /** Whether what is under way is of this kind. */
  holds(message: ListMessage): boolean {
    return this.frame !== NO_FRAME && this.message === message;
  }

  /** Posts what is under way, if there is anything. @returns messages posted. // Hot path. */
  post(): number {
    const ahead = this.ahead?.isBegun === true ? this.postAhead(this.ahead) : 0;
    const { frames, frame, message, tid } = this;
    if (frame === NO_FRAME || message === null) return ahead;
    const { words } = frames;
    words[this.last] |= LAST << FLAGS_SHIFT;
    message.write(words, frame, tid, this.control, this.size);
    this.frame = NO_FRAME;
    this.message = null;
    frames.deviceTid = tid;
    frames.post();
    return ahead + 1;
  }

  /** Frames are posted in the order in which they are acquired: what is ahead takes the one that is. */
  private postAhead(ahead: MessageAhead): number {
    const { frames, frame, aside, size } = this;
    const { words } = frames;
    const isOwn = frame !== NO_FRAME;
    if (isOwn) for (let word = LIST_WORD; word < size; word++) aside[word] = words[frame + word];
    const first = isOwn ? frame : frames.acquire();
    assert(first !== NO_FRAME, 'list frame: a message that goes ahead finds a frame');
    frames.deviceTid = ahead.write(words, first);
    frames.post();
    if (!isOwn) return 1;
    this.frame = frames.acquire();
    assert(this.frame !== NO_FRAME, 'list frame: a frame was kept for what is under way');
    for (let word = LIST_WORD; word < size; word++) words[this.frame + word] = aside[word];
    this.last += this.frame - frame;
    return 1;
  }

  /** The card was reset: the frame is forgotten. */
  restart(): void {
    this.frame = NO_FRAME;
    this.message = null;
  }

  private element(flags: number, byteLength: number, ends: boolean): number {
    const at = this.frame + this.size;
    this.frames.words[at] = ((ends ? flags | END_OF_BUFFER : flags) << FLAGS_SHIFT) | byteLength;
    this.last = at;
    return at;
  }
}
