/**
 * Makes the replies a card could give to the requests it was sent, from the spec: statuses, fields, contexts,
 * records, failure frames. What they tell need not be true.
 */
import {
  FLAG_FAIL,
  FLAG_LAST,
  FLAG_MULTIPLE,
  FLAG_REPLY,
  FRAME_WORDS,
  VERSION_1_5,
} from '../../src/i2o/frame.ts';
import * as errnoNumbers from '../../src/socket/errno.ts';
import { messageOf } from '../../src/spec/catalogue.ts';
import type { MessageEntry } from '../../src/spec/entries.ts';
import type { Random } from '../../src/time/random.ts';
import { enumValues } from './frame-maker.ts';

const REMEMBERED = 32;
const errnos = errnoNumbers as unknown as Readonly<Record<string, number>>;
const FAILURES = [0x81, 0x83, 0x84, 0x85, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0xff];

export class ReplyMaker {
  /** The reply made last. */
  readonly frame = new Int32Array(FRAME_WORDS);
  /** Requests not answered yet, and some that were. */
  readonly requests: Int32Array[] = [];
  private readonly random: Random;
  private readonly inboundMfa: () => number;
  private readonly socketsMax: number;
  private readonly bucketBytes: number;
  /** Buckets and transmit contexts the host lent, as far as remembered. */
  private readonly buckets: number[] = [];
  private readonly contexts: number[] = [];

  /** @param inboundMfa address of some inbound frame, as a failure record would name it. */
  constructor(random: Random, socketsMax: number, bucketBytes: number, inboundMfa: () => number) {
    this.inboundMfa = inboundMfa;
    this.random = random;
    this.socketsMax = socketsMax;
    this.bucketBytes = bucketBytes;
  }

  /** Remembers a request. */
  remember(request: Int32Array): void {
    this.requests.push(request);
    if (this.requests.length > REMEMBERED) this.requests.shift();
    const offset = (request[0] >>> 4) & 15;
    const bucketPost = request[1] >>> 24 === 0x84;
    if (offset < 4 || request[1] >>> 24 < 0x80) return;
    for (let at = offset; at + 2 <= request[0] >>> 16; ) {
      const flags = request[at] >>> 24;
      const immediate = (flags & 0x3f) === 0x0c;
      (bucketPost ? this.buckets : this.contexts).push(request[at + 1]);
      at += immediate ? 2 + (((request[at] & 0xffffff) + 3) >> 2) : 3;
      if ((flags & 0x80) !== 0) break;
    }
  }

  /** Makes an answer to a request. @returns false when its message has none. */
  answer(request: Int32Array): boolean {
    const { frame, random } = this;
    const message = messageOf('socket', request[1] >>> 24);
    if (message === undefined || message.replyForm === 'none') return false;
    frame.fill(0);
    frame[1] = request[1];
    frame[2] = request[2];
    frame[3] = request[3];
    if (random.below(24) === 0) {
      this.head(FLAG_FAIL, 9);
      frame[4] = 0x0101 | (1 << (16 + random.below(4))) | (FAILURES[random.below(FAILURES.length)] << 24);
      frame[7] = random.below(2) === 0 ? -1 : this.inboundMfa();
    } else if (message.replyForm === 'multiple') {
      if (message.name === 'SocketReceivePost') this.records();
      else this.transactions();
    } else this.status(message, request);
    return true;
  }

  private head(flags: number, size: number): void {
    this.frame[0] = VERSION_1_5 | ((FLAG_REPLY | FLAG_LAST | flags) << 8) | (size << 16);
  }

  private status(message: MessageEntry, request: Int32Array): void {
    const { frame, random } = this;
    const reply = message.reply;
    this.head(0, Math.max(5, reply?.words ?? 5));
    for (const field of reply?.fields ?? []) {
      const width = field.high - field.low + 1;
      const mask = width === 32 ? -1 : 2 ** width - 1;
      const values = enumValues(field);
      let value = random.nextInt32();
      if (/^(socketId|listenerId)$/.test(field.name)) value = request[4];
      else if (field.name === 'acceptedId') value = request[6 + random.below(4)];
      else if (values !== undefined) value = values[random.below(values.length)];
      else if (random.below(2) === 0) value &= 15;
      frame[field.word] = frame[field.word] | ((value & mask) << field.low);
    }
    if (message.name === 'SocketAcceptPost') frame[3] = (frame[5] >>> 16) & 0xffff;
    if (random.below(4) !== 0) return;
    const { errno } = message;
    const number = errno.length === 0 ? 22 : (errnos[errno[random.below(errno.length)].name] ?? 22);
    frame[4] = (0x05 << 24) | number;
  }

  private transactions(): void {
    const { frame, contexts, random } = this;
    const count = Math.min(contexts.length, 1 + random.below(4));
    frame[3] = (0x80 << 24) | count;
    for (let i = 0; i < count; i++) frame[5 + i] = contexts.splice(random.below(contexts.length), 1)[0];
    this.head(FLAG_MULTIPLE, 5 + count);
  }

  private records(): void {
    const { frame, buckets, random } = this;
    const count = Math.min(buckets.length, 1 + random.below(3));
    frame[3] = (0x80 << 24) | (3 << 8) | count;
    frame[5] = random.below(16);
    for (let i = 0; i < count; i++) {
      const at = 6 + i * 4;
      const flags = [0x40, 0x40, 0x40, 0x44, 0x4c, 0x41, 0x42, 0x01, 0x02][random.below(9)];
      const length = 1 + random.below(this.bucketBytes);
      frame[at] = (flags & 3) !== 0 ? -1 : buckets.splice(random.below(buckets.length), 1)[0];
      frame[at + 1] = random.below(this.socketsMax);
      frame[at + 2] = flags << 24;
      frame[at + 3] = (flags & 3) !== 0 ? 104 << 24 : length;
    }
    this.head(FLAG_MULTIPLE, 6 + count * 4);
  }
}
