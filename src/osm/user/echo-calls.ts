/**
 * Messages to the echo module, as a program's calls: each carries a payload of the program's memory, as a
 * send does, and an echo brings it back, as a receive does. Up to `immediateBytesMax` bytes travel inside the
 * frame; longer ones in transmit buffers, and their echoes in buckets; and what one frame cannot name, in
 * several. The echo module answers in order. // Hot path: all of it but `open`.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import { getPrivateEchoReplySequence, PRIVATE_ECHO_REPLY_WORDS } from '../../i2o/executive.gen.ts';
import { frameSizeWords, frameTransactionContext } from '../../i2o/frame.ts';
import { getSglImmediateAddress, sglBytesOf, sglImmediateWords } from '../../i2o/list/sgl.ts';
import {
  BYTES_RECEIVED,
  BYTES_SENT,
  IMMEDIATE_COPIES,
  RECEIVE_COPIES,
  SEND_COPIES,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import {
  BUFFERS_PER_ECHO,
  BUFFERS_PER_TAKE,
  COUNT_ONLY,
  ECHO,
  EchoRequests,
  IMMEDIATE_BYTES_PER_ECHO,
  TAKE,
} from '../message/echo-requests.ts';
import type { EchoTaker } from '../message/reply-dispatch.ts';
import { replyErrno } from '../message/reply-status.ts';
import type { Requests } from '../message/requests.ts';

export interface EchoCallsParts {
  readonly requests: Requests;
  readonly transmit: TransmitPool;
  readonly receive: ReceivePool;
  readonly dma: DmaEngine;
  readonly ledger: Ledger;
  readonly config: DriverConfig;
  /** Frames there are, both ways: as many requests can wait for their answers. */
  readonly frames: number;
}

const COSTLY = COSTLY_ASSERTIONS;
const NO_BYTES = new Uint8Array(0);

export class EchoCalls implements EchoTaker {
  /** Whole messages that have been echoed. */
  echoed = 0;
  private readonly parts: EchoCallsParts;
  private readonly echoes: EchoRequests;
  private readonly counters: Float64Array;
  private readonly immediateMax: number;
  private readonly pieceBytes: number;
  private readonly mask: number;
  private sequence = 0;
  private size = 0;
  private sources: readonly Uint8Array[] = [NO_BYTES];
  private targets: readonly Uint8Array[] = [NO_BYTES];
  /** The message being posted: whose it is, and bytes of it that have been. */
  private connection = 0;
  private done = 0;
  /** Requests that wait for an answer, a ring: the oldest, and where the next goes. */
  private oldest = 0;
  private next = 0;
  /** Answers on their way that give buffers back. */
  private answers = 0;
  // By place in the ring.
  private readonly code: Uint8Array;
  private readonly number: Int32Array;
  private readonly whose: Int32Array;
  private readonly offset: Int32Array;
  private readonly length: Int32Array;
  private readonly pieces: Uint8Array;
  private readonly contexts: Int32Array;
  private readonly buckets: Int32Array;

  constructor(parts: EchoCallsParts) {
    const { requests, transmit, receive, ledger, config, frames } = parts;
    const places = 2 ** Math.ceil(Math.log2(frames));
    this.parts = parts;
    this.echoes = new EchoRequests(requests);
    this.counters = ledger.counters;
    this.immediateMax = Math.min(config.immediateBytesMax, IMMEDIATE_BYTES_PER_ECHO);
    this.pieceBytes = Math.min(transmit.bufferBytes, receive.bucketBytes);
    this.mask = places - 1;
    this.code = new Uint8Array(places);
    this.number = new Int32Array(places);
    this.whose = new Int32Array(places);
    this.offset = new Int32Array(places);
    this.length = new Int32Array(places);
    this.pieces = new Uint8Array(places);
    this.contexts = new Int32Array(places * BUFFERS_PER_TAKE);
    this.buckets = new Int32Array(places * BUFFERS_PER_ECHO);
  }

  /**
   * Says what messages carry. Not while any waits for its answer. All of it is the program's own memory.
   * @param payloads of one length: messages take turns to send them.
   * @param received of the same length, one for each: where what comes back of it goes.
   */
  open(payloads: readonly Uint8Array[], received: readonly Uint8Array[]): void {
    assert(
      this.waiting === 0 && this.done === 0,
      'echo calls: payloads are changed while nothing is under way',
    );
    this.size = payloads[0].length;
    this.connection = 0;
    this.sources = payloads;
    this.targets = received;
  }

  /** Requests that wait for an answer, or for the answer to a later one. */
  get waiting(): number {
    return (this.next - this.oldest) | 0;
  }

  /** Whether messages travel in buffers, which come back only by answers. */
  get isBuffered(): boolean {
    return this.size > this.immediateMax;
  }

  /** Posts a message to be echoed, or what of it can be. @returns whether all of it has been. */
  echo(): boolean {
    return this.message(ECHO, true);
  }

  /**
   * Posts a message that is only taken, visible with the next `publish`; the last of a batch brings the
   * buffers of all of them back. @returns whether all of it has been posted.
   */
  take(last: boolean): boolean {
    return this.message(last && this.isBuffered ? TAKE : COUNT_ONLY, false);
  }

  /**
   * What is wanted back comes back only with an answer, and none is on its way: asks for one.
   * @returns whether that could be posted, or need not be.
   */
  recall(): boolean {
    if (this.answers > 0 || this.waiting === 0) return true;
    if (!this.echoes.begin()) return false;
    this.post(TAKE, 0, 0, 0, false);
    return true;
  }

  private message(code: number, published: boolean): boolean {
    const { size } = this;
    do {
      const length = this.part(code, published);
      if (length < 0) return false;
      this.done += length;
    } while (this.done < size);
    this.done = 0;
    this.connection = this.connection + 1 === this.sources.length ? 0 : this.connection + 1;
    return true;
  }

  /** Posts what a frame can carry. @returns bytes posted; -1 for want of a frame or a buffer. */
  private part(code: number, published: boolean): number {
    if (this.waiting > this.mask) return -1;
    const { size, done, connection, echoes } = this;
    if (size > this.immediateMax) return this.bufferedPart(code, published);
    if (!echoes.begin()) return -1;
    if (size > 0) {
      const address = echoes.immediate(size);
      this.parts.dma.copyIn(IMMEDIATE_COPIES, this.sources[connection], 0, address, size);
      this.counters[BYTES_SENT] += size;
    }
    this.post(code, done, size, 0, published);
    return size;
  }

  private bufferedPart(code: number, published: boolean): number {
    const { transmit, receive } = this.parts;
    const most = code === ECHO ? BUFFERS_PER_ECHO : BUFFERS_PER_TAKE;
    const wanted = Math.min(most, Math.ceil((this.size - this.done) / this.pieceBytes));
    const pieces = Math.min(wanted, transmit.available, code === ECHO ? receive.waiting : wanted);
    if (pieces === 0 || !this.echoes.begin()) return -1;
    let length = 0;
    for (let i = 0; i < pieces; i++) length += this.piece(i, this.done + length, code === ECHO);
    // A message that is only taken in several parts has its answer, if any, with the last.
    const whole = this.done + length === this.size;
    this.post(code === TAKE && !whole ? COUNT_ONLY : code, this.done, length, pieces, published);
    return length;
  }

  /** Copies one buffer's bytes, and names it. @returns how many. */
  private piece(i: number, offset: number, echoed: boolean): number {
    const { transmit, receive, dma } = this.parts;
    const place = this.next & this.mask;
    const length = Math.min(this.pieceBytes, this.size - offset);
    const context = transmit.take(true);
    const address = transmit.addressOf(context);
    dma.copyIn(SEND_COPIES, this.sources[this.connection], offset, address, length);
    this.counters[BYTES_SENT] += length;
    this.contexts[place * BUFFERS_PER_TAKE + i] = context;
    this.echoes.buffer(context, address, length);
    if (echoed) {
      const bucket = receive.takeToPost();
      this.buckets[place * BUFFERS_PER_ECHO + i] = bucket;
      this.echoes.bucket(bucket, receive.addressOf(bucket), receive.bucketBytes);
    }
    return length;
  }

  /** What waits for no answer, and has no buffer that one brings back, is forgotten at once. */
  private post(code: number, offset: number, length: number, pieces: number, published: boolean): void {
    const { next, sequence } = this;
    const place = next & this.mask;
    this.sequence = (sequence + 1) | 0;
    this.echoes.post(code, place, sequence, published);
    if (code === COUNT_ONLY && pieces === 0) return;
    if (COSTLY) this.checkPlace();
    this.code[place] = code;
    this.number[place] = sequence;
    this.whose[place] = this.connection;
    this.offset[place] = offset;
    this.length[place] = length;
    this.pieces[place] = pieces;
    this.next = (next + 1) | 0;
    if (code !== COUNT_ONLY) this.answers += 1;
  }

  answered(words: Int32Array, frame: number): boolean {
    const { mask, oldest, number } = this;
    const place = frameTransactionContext(words, frame);
    const ahead = (place - oldest) & mask;
    if ((place & ~mask) !== 0 || ahead >= this.waiting || this.code[place] === COUNT_ONLY) return false;
    const sizeWords = frameSizeWords(words, frame);
    if (sizeWords < PRIVATE_ECHO_REPLY_WORDS || replyErrno(words, frame) !== 0) return false;
    if (getPrivateEchoReplySequence(words, frame) !== number[place]) return false;
    // The oldest echo is answered first, whatever was only taken before it.
    for (let i = 0; i < ahead; i++) if (this.code[(oldest + i) & mask] !== COUNT_ONLY) return false;
    if (this.code[place] === ECHO && !this.takeEcho(words, frame, place, sizeWords)) return false;
    for (let i = 0; i <= ahead; i++) this.giveBack((oldest + i) & mask);
    this.oldest = (oldest + ahead + 1) | 0;
    this.answers -= 1;
    return true;
  }

  /** Copies an echo to the program's memory. @returns false when it is not what was asked for. */
  private takeEcho(words: Int32Array, frame: number, place: number, sizeWords: number): boolean {
    const { dma, receive } = this.parts;
    const length = this.length[place];
    const target = this.targets[this.whose[place]];
    const pieces = this.pieces[place];
    let offset = this.offset[place];
    if (pieces === 0 && length > 0) {
      const at = frame + PRIVATE_ECHO_REPLY_WORDS;
      if (sizeWords < PRIVATE_ECHO_REPLY_WORDS + sglImmediateWords(length)) return false;
      if (sglBytesOf(words[at]) !== length) return false;
      dma.copyOut(RECEIVE_COPIES, getSglImmediateAddress(at), target, 0, length);
    }
    const end = offset + length;
    for (let i = 0; i < pieces; i++) {
      const bucket = this.buckets[place * BUFFERS_PER_ECHO + i];
      const bytes = Math.min(this.pieceBytes, end - offset);
      const filled = receive.filled(bucket, 0, bytes);
      if (COSTLY) checkFilled(filled);
      dma.copyOut(RECEIVE_COPIES, receive.addressOf(bucket), target, offset, bytes);
      receive.give(bucket);
      offset += bytes;
    }
    this.counters[BYTES_RECEIVED] += length;
    if (end === this.size) this.echoed += 1;
    return true;
  }

  private giveBack(place: number): void {
    const { transmit } = this.parts;
    if (COSTLY) this.checkAnswered();
    for (let i = 0; i < this.pieces[place]; i++) transmit.give(this.contexts[place * BUFFERS_PER_TAKE + i]);
  }

  private checkPlace(): void {
    assert(this.waiting <= this.mask, 'echo calls: no more requests wait than there are places for');
  }

  private checkAnswered(): void {
    assert(this.answers > 0, 'echo calls: an answer that gives buffers back was on its way');
  }
}

function checkFilled(filled: boolean): void {
  assert(filled, 'echo calls: the bucket of an echo is with the card until the answer');
}
