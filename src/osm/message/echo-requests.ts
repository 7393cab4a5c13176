/**
 * Writes PrivateEcho requests for the echo module, with the payload that a send would have: immediate data,
 * or transmit buffers, and beside each of them the bucket for its echo. Begun, filled, then posted, one at a
 * time. // Hot path: all of it.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { PRIVATE_ECHO_WORDS, writePrivateEcho } from '../../i2o/executive.gen.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import {
  getSglImmediateAddress,
  SGL_BUCKET,
  SGL_CONTEXT_WORDS,
  SGL_IMMEDIATE,
  SGL_LAST,
  SGL_TRANSMIT,
  sglImmediateWords,
  writeSglContext,
  writeSglImmediate,
} from '../../i2o/list/sgl.ts';
import { HOST_TID, ORGANIZATION_ID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { fillsFrame } from './frame-budget.ts';
import { HANDLER_ECHO } from './handlers.ts';
import type { Requests } from './requests.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** XFunctionCodes: answered with the same payload; only taken; taken, and answered without a payload. */
export const ECHO = 1;
export const COUNT_ONLY = 2;
export const TAKE = 3;

/** The longest immediate data of a message, in bytes, as of a send. */
export const IMMEDIATE_BYTES_PER_ECHO = 96;
/** Transmit buffers that one message can name, and those that are to be echoed into a bucket each. */
export const BUFFERS_PER_TAKE = 8;
export const BUFFERS_PER_ECHO = 4;

/** Asserts what this file's limits must be. */
export function checkEchoLimits(immediateBytes: number, taken: number, echoed: number): void {
  assert(
    PRIVATE_ECHO_WORDS + sglImmediateWords(immediateBytes) === FRAME_WORDS,
    'echo requests: the longest immediate data fills a frame',
  );
  assert(
    fillsFrame(PRIVATE_ECHO_WORDS, SGL_CONTEXT_WORDS, taken) &&
      fillsFrame(PRIVATE_ECHO_WORDS, 2 * SGL_CONTEXT_WORDS, echoed),
    'echo requests: a message names as many buffers as fit',
  );
}

checkEchoLimits(IMMEDIATE_BYTES_PER_ECHO, BUFFERS_PER_TAKE, BUFFERS_PER_ECHO);

export class EchoRequests {
  private readonly requests: Requests;
  private readonly words: Int32Array;
  private frame: number = NO_FRAME;
  /** Word index where the payload's last element begins, and where the next one would. */
  private last = 0;
  private at = 0;

  constructor(requests: Requests) {
    this.requests = requests;
    this.words = requests.words;
  }

  /** Begins a message. @returns false when no frame is free. */
  begin(): boolean {
    if (COSTLY) assert(this.frame === NO_FRAME, 'echo requests: one message is written at a time');
    this.frame = this.requests.acquire();
    this.last = 0;
    this.at = this.frame + PRIVATE_ECHO_WORDS;
    return this.frame !== NO_FRAME;
  }

  /** Makes immediate data the payload. @returns region address where its `length` bytes belong. */
  immediate(length: number): number {
    const { at } = this;
    if (COSTLY) this.checkImmediate(length);
    this.last = at;
    this.at = writeSglImmediate(this.words, at, SGL_IMMEDIATE, length, 0);
    return getSglImmediateAddress(at);
  }

  /** Names a transmit buffer, which `length` bytes have been copied to. */
  buffer(context: number, address: number, length: number): void {
    this.element(SGL_TRANSMIT, length, context, address);
  }

  /** Names the bucket into which the buffer before it is echoed. */
  bucket(bucket: number, address: number, length: number): void {
    this.element(SGL_BUCKET, length, bucket, address);
  }

  private element(flags: number, length: number, context: number, address: number): void {
    if (COSTLY)
      assert(this.frame !== NO_FRAME, 'echo requests: a buffer is named in a message that was begun');
    this.last = this.at;
    this.at = writeSglContext(this.words, this.at, flags, length, context, address);
  }

  /**
   * Posts the message. @param code an XFunctionCode. @param transaction repeated by the answer.
   * @param published whether the card sees it at once, and not only with the next `publish`.
   */
  post(code: number, transaction: number, sequence: number, published: boolean): void {
    const { words, frame, requests, last } = this;
    assert(frame !== NO_FRAME && frame === requests.acquired, 'echo requests: what is posted was begun');
    writePrivateEcho(
      words,
      frame,
      requests.deviceTid,
      HOST_TID,
      HANDLER_ECHO,
      transaction,
      code,
      ORGANIZATION_ID,
      sequence,
    );
    if (last !== 0) {
      words[last] |= SGL_LAST << 24;
      words[frame] = (words[frame] & 0xffff) | ((this.at - frame) << 16);
    }
    this.frame = NO_FRAME;
    if (published) requests.post();
    else requests.postUnpublished();
  }

  private checkImmediate(length: number): void {
    assert(this.frame !== NO_FRAME, 'echo requests: immediate data is put into a message that was begun');
    assert(
      this.last === 0 && length > 0 && length <= IMMEDIATE_BYTES_PER_ECHO,
      'echo requests: immediate data is the whole payload, and fits a frame',
    );
  }
}
