/**
 * What is to be told to the host in replies that cover several transactions: contexts of packets sent, or
 * buckets that come back. Entries wait here until the batch rule lets them go and an outbound frame is free;
 * those that can share a reply do, in their order. Its room is bounded by what the host has lent the card, so
 * that it is never short of it.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import { checkReplyFrame, frameSizeWords } from '../i2o/frame.ts';
import { checkLanReply } from '../i2o/lan.gen.ts';
import { NO_FRAME } from '../i2o/transport.ts';
import { type Outbound, REPLY_RESERVE } from '../iop/reply/outbound.ts';
import { NEVER } from '../time/agent.ts';
import type { Clock } from '../time/clock.ts';
import type { BatchRule } from './batch-rule.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** Words of an entry: whom it is for, its status as in word 4 of a reply, and three of its own. */
const INITIATOR_CONTEXT = 0;
const STATUS = 1;
const CONTENT = 2;
const CONTENT_WORDS = 3;
const ENTRY_WORDS = CONTENT + CONTENT_WORDS;

const STATUS_SHIFT = 24;
const DETAIL_MASK = 0xffff;

/** Word 4 of a reply. */
export function statusWord(requestStatus: number, detailedStatus: number): number {
  assert(
    (requestStatus & ~0xff) === 0 && (detailedStatus & ~DETAIL_MASK) === 0,
    'lan replies: a status has 8 bits and a detailed status 16',
  );
  return (requestStatus << STATUS_SHIFT) | detailedStatus;
}

/** One reply to be written: `count` entries from the queue's oldest on, all with one status. */
export interface ReplyWriter {
  /** Where the reply's list begins, and words of one of its entries. */
  readonly listWord: number;
  readonly entryWords: number;
  /** The reply's words before its list. */
  write(
    words: Int32Array,
    frame: number,
    initiatorContext: number,
    requestStatus: number,
    detailedStatus: number,
    count: number,
  ): void;
  /** One entry's words, of which the reply has some. @param index in the reply. @param last of the reply. */
  entry(
    words: Int32Array,
    frame: number,
    index: number,
    content: Int32Array,
    at: number,
    last: boolean,
  ): void;
}

/** The generated check of a class's replies. */
export type ReplyCheck = (words: Int32Array, frame: number, sizeWords: number) => number;

export class ReplyQueue {
  private readonly outbound: Outbound;
  private readonly clock: Clock;
  private readonly rule: BatchRule;
  private readonly writer: ReplyWriter;
  private readonly entries: Int32Array;
  private readonly capacity: number;
  private readonly check: ReplyCheck;
  private first = 0;
  private length = 0;
  /** Something waits that is to be told at once. */
  private urgent = false;
  private deadline = NEVER;
  private lastNs = 0;

  /**
   * @param capacity entries that may wait, the most that the host may have lent.
   * @param check of the host that receives a reply.
   */
  constructor(
    outbound: Outbound,
    clock: Clock,
    rule: BatchRule,
    writer: ReplyWriter,
    capacity: number,
    check: ReplyCheck = checkLanReply,
  ) {
    this.outbound = outbound;
    this.clock = clock;
    this.rule = rule;
    this.writer = writer;
    this.capacity = capacity;
    this.check = check;
    this.entries = new Int32Array(capacity * ENTRY_WORDS);
  }

  /** Entries that wait. */
  get waiting(): number {
    return this.length;
  }

  /**
   * Adds what is to be told. // Hot path.
   * @param status as in word 4 of a reply. @param urgent tell it, and what waits before it, at once.
   */
  add(
    initiatorContext: number,
    status: number,
    urgent: boolean,
    word0: number,
    word1: number,
    word2: number,
  ): void {
    assert(this.length < this.capacity, 'lan replies: no more is to be told than the host has lent');
    const { entries } = this;
    let place = this.first + this.length;
    if (place >= this.capacity) place -= this.capacity;
    const at = place * ENTRY_WORDS;
    entries[at + INITIATOR_CONTEXT] = initiatorContext;
    entries[at + STATUS] = status;
    entries[at + CONTENT] = word0;
    entries[at + CONTENT + 1] = word1;
    entries[at + CONTENT + 2] = word2;
    if (this.length === 0) this.deadline = this.rule.deadlineNs(this.lastNs, this.clock.nowNs);
    this.length += 1;
    if (urgent) this.urgent = true;
  }

  /** Tells what is due. @returns replies posted. // Hot path. */
  poll(): number {
    if (this.length === 0) return 0;
    const due = this.urgent || this.length >= this.rule.enough || this.clock.nowNs >= this.deadline;
    return due ? this.flush(0) : 0;
  }

  /**
   * Tells all that waits, as far as there are frames.
   * @param spared frames that are left to others.
   * @returns replies posted.
   */
  flush(spared: number): number {
    const { outbound } = this;
    let replies = 0;
    while (this.length > 0) {
      if (spared > 0 ? outbound.producer.available(spared + 1) <= spared : !outbound.hasFrame()) break;
      this.reply();
      replies += 1;
    }
    if (this.length > 0) {
      // What is left was due, and stays so.
      this.urgent = true;
      return replies;
    }
    this.urgent = false;
    this.deadline = NEVER;
    this.lastNs = this.clock.nowNs;
    return replies;
  }

  /** The device is quiesced: tells what it can, and leaves the executive its frames. */
  quiesce(): void {
    this.flush(REPLY_RESERVE);
  }

  /** When something is to be told by itself, in clock nanoseconds. What waits for a frame waits for that. */
  nextDeadlineNs(): number {
    return this.urgent ? NEVER : this.deadline;
  }

  /** A reset: the host is told nothing more. */
  clear(): void {
    this.length = 0;
    this.urgent = false;
    this.deadline = NEVER;
  }

  /** Writes and posts one reply: the oldest entries, as many as may share one. */
  private reply(): void {
    const { entries, capacity, outbound, writer } = this;
    const frame = outbound.acquire();
    assert(frame !== NO_FRAME, 'lan replies: a reply is written where a frame is free');
    const { words } = outbound;
    const head = this.first * ENTRY_WORDS;
    const initiatorContext = entries[head + INITIATOR_CONTEXT];
    const status = entries[head + STATUS];
    const most = Math.min(
      this.length,
      this.rule.shared,
      outbound.elementsIn(writer.listWord, writer.entryWords),
    );
    let count = 1;
    for (; count < most; count++) {
      const at = this.placeOf(count);
      if (entries[at + INITIATOR_CONTEXT] !== initiatorContext || entries[at + STATUS] !== status) break;
    }
    const detail = status & DETAIL_MASK;
    writer.write(words, frame, initiatorContext, status >>> STATUS_SHIFT, detail, count);
    for (let i = 0; i < count; i++) {
      writer.entry(words, frame, i, entries, this.placeOf(i) + CONTENT, i === count - 1);
    }
    this.first = (this.first + count) % capacity;
    this.length -= count;
    if (COSTLY) checkReply(words, frame, this.check);
    outbound.post();
  }

  /** Where the entry lies that is so many behind the oldest. */
  private placeOf(index: number): number {
    let place = this.first + index;
    if (place >= this.capacity) place -= this.capacity;
    return place * ENTRY_WORDS;
  }
}

function checkReply(words: Int32Array, frame: number, check: ReplyCheck): void {
  assert(checkReplyFrame(words, frame) === 0, 'lan replies: a reply has the header of a reply');
  const fault = check(words, frame, frameSizeWords(words, frame));
  assert(fault === 0, 'lan replies: a reply passes the check of the host that receives it');
}
