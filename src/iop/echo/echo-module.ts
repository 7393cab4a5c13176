/**
 * The echo module. It stands in place of the socket module when the message layer alone is measured (`inic
 * bench MSG_RR`).
 */
import { assert } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import { bufferAt, type PoolArea } from '../../dma/pool-area.ts';
import {
  checkExecutiveRequest,
  DETAILED_STATUS_INVALID_MESSAGE_FLAGS,
  DETAILED_STATUS_INVALID_OFFSET,
  DETAILED_STATUS_REPLY_BUFFER_FULL,
  DETAILED_STATUS_SUCCESS,
  DETAILED_STATUS_UNKNOWN_FUNCTION,
  getPrivateEchoSequence,
  getPrivateEchoXFunctionCode,
  PRIVATE_ECHO,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_SUCCESS,
  writePrivateEchoReply,
} from '../../i2o/executive.gen.ts';
import { frameInitiatorContext, frameTarget, frameTransactionContext } from '../../i2o/frame.ts';
import {
  getSglContextAddress,
  getSglImmediateAddress,
  isLastSgl,
  SGL_BUCKET,
  SGL_CONTEXT_WORDS,
  SGL_IMMEDIATE,
  SGL_TRANSMIT,
  sglBytesOf,
  sglImmediateWords,
  sglShapeOf,
} from '../../i2o/list/sgl.ts';
import { ECHO_CLASS_ID, HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import {
  BYTES_ECHO_ANSWERED,
  BYTES_ECHO_TAKEN,
  CARD_IMMEDIATE_COPIES,
  ECHO_FETCHES,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { NEVER } from '../../time/agent.ts';
import type { Module } from '../module/module.ts';
import { CounterGroup, type ParameterGroup } from '../module/parameter-group.ts';
import type { Outbound } from '../reply/outbound.ts';

/**
 * XFunctionCodes: a request that is answered with its payload, one that is only counted, and one that is
 * taken and answered without a payload.
 */
export const ECHO = 1;
export const COUNT_ONLY = 2;
export const TAKE = 3;

/**
 * Words of a request, and the bits of its word 0 that must be 0, since it has no list and is one transaction.
 */
const ECHO_WORDS = 6;
const PAYLOAD_BYTE = 4 * ECHO_WORDS;
const FLAGS_AND_OFFSET = 0xfff0;
/** Buffers that a request may name, and those whose bytes come back, in a bucket beside each. */
const TAKEN_MAX = 8;
const ECHOED_MAX = 4;

/** Memory that the module moves payload in. */
export interface EchoMemory {
  readonly dma: DmaEngine;
  readonly transmit: PoolArea;
  readonly receive: PoolArea;
  /** Card memory, as long as a transmit buffer, for what is taken and not sent back. */
  readonly takenAt: number;
}

export class EchoModule implements Module {
  readonly classId = ECHO_CLASS_ID;
  readonly classVersion = 1;
  /** It raises no events of its own. */
  readonly eventCapabilities = 0;
  readonly parameterGroups: readonly ParameterGroup[];
  /** Count-only requests whose sequence number was the one expected, since the last quiesce. */
  inSequence = 0;
  private readonly outbound: Outbound;
  private readonly counted: CounterGroup;
  private readonly memory: EchoMemory;
  private readonly ledger: Float64Array;
  /** Buffers of the request being served, checked: where each begins, its bytes, and where they go. */
  private readonly sources = new Int32Array(TAKEN_MAX);
  private readonly lengths = new Int32Array(TAKEN_MAX);
  private readonly destinations = new Int32Array(TAKEN_MAX);

  constructor(outbound: Outbound, ledger: Ledger, memory: EchoMemory) {
    this.outbound = outbound;
    this.memory = memory;
    this.ledger = ledger.counters;
    this.counted = new CounterGroup(0x0100, ['inSequence'], () => this.inSequence >>> 0);
    this.parameterGroups = [this.counted];
  }

  attachEvents(): void {}

  request(frame: number, functionCode: number, sizeWords: number): void {
    const words = this.outbound.words;
    if (functionCode !== PRIVATE_ECHO) {
      this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, DETAILED_STATUS_UNKNOWN_FUNCTION);
      return;
    }
    const code = getPrivateEchoXFunctionCode(words, frame);
    if ((words[frame] & FLAGS_AND_OFFSET) !== 0 || sizeWords < ECHO_WORDS || code < ECHO || code > TAKE) {
      this.refuse(frame, sizeWords);
      return;
    }
    const sequence = getPrivateEchoSequence(words, frame);
    // Read once, as every word of the payload: the host can change it at any time.
    const first = sizeWords > ECHO_WORDS ? words[frame + ECHO_WORDS] : 0;
    if (first === 0) {
      if (code === COUNT_ONLY) this.count(sequence);
      else this.answer(frame, sequence);
    } else if (sglShapeOf(first) === SGL_IMMEDIATE) {
      this.immediate(frame, sizeWords, code, sequence, first);
    } else this.buffers(frame, sizeWords, code, sequence);
  }

  private count(sequence: number): void {
    if (sequence === this.inSequence) this.inSequence = (this.inSequence + 1) | 0;
  }

  private immediate(frame: number, sizeWords: number, code: number, sequence: number, first: number): void {
    const { dma, takenAt } = this.memory;
    const { words } = this.outbound;
    const length = sglBytesOf(first);
    if (!isLastSgl(first) || ECHO_WORDS + sglImmediateWords(length) > sizeWords) {
      this.outbound.transactionError(frame, DETAILED_STATUS_INVALID_OFFSET, PAYLOAD_BYTE, 0);
      return;
    }
    if (code === ECHO && ECHO_WORDS + sglImmediateWords(length) > this.outbound.frameWords) {
      this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, DETAILED_STATUS_REPLY_BUFFER_FULL);
      return;
    }
    const source = getSglImmediateAddress(frame + ECHO_WORDS);
    this.ledger[BYTES_ECHO_TAKEN] += length;
    if (code !== ECHO) {
      dma.move(CARD_IMMEDIATE_COPIES, source, takenAt, length);
      if (code === COUNT_ONLY) this.count(sequence);
      else this.answer(frame, sequence);
      return;
    }
    const reply = this.begin(frame, sequence);
    const at = reply + ECHO_WORDS;
    words[at] = first;
    words[at + 1] = 0;
    dma.move(CARD_IMMEDIATE_COPIES, source, getSglImmediateAddress(at), length);
    words[reply] = (words[reply] & 0xffff) | ((ECHO_WORDS + sglImmediateWords(length)) << 16);
    this.ledger[BYTES_ECHO_ANSWERED] += length;
    this.outbound.post();
  }

  /** Checks all that is named before a byte moves, so that a request is served whole or not at all. */
  private buffers(frame: number, sizeWords: number, code: number, sequence: number): void {
    const { dma } = this.memory;
    const count = this.readBuffers(frame, sizeWords, code === ECHO);
    if (count === 0) {
      this.outbound.transactionError(frame, DETAILED_STATUS_INVALID_OFFSET, PAYLOAD_BYTE, 0);
      return;
    }
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      dma.move(ECHO_FETCHES, this.sources[i], this.destinations[i], this.lengths[i]);
      bytes += this.lengths[i];
    }
    this.ledger[BYTES_ECHO_TAKEN] += bytes;
    if (code === ECHO) this.ledger[BYTES_ECHO_ANSWERED] += bytes;
    if (code === COUNT_ONLY) this.count(sequence);
    else this.answer(frame, sequence);
  }

  /** @returns how many buffers are named, each good and with its place; 0 where one is not. */
  private readBuffers(frame: number, sizeWords: number, echoed: boolean): number {
    const { words } = this.outbound;
    const { transmit, receive, takenAt } = this.memory;
    const most = echoed ? ECHOED_MAX : TAKEN_MAX;
    const stride = echoed ? 2 * SGL_CONTEXT_WORDS : SGL_CONTEXT_WORDS;
    const end = frame + sizeWords;
    for (let i = 0, at = frame + ECHO_WORDS; i < most && at + stride <= end; i++, at += stride) {
      const first = words[at];
      const length = sglBytesOf(first);
      const address = getSglContextAddress(words, at);
      if (sglShapeOf(first) !== SGL_TRANSMIT || bufferAt(transmit, address) < 0) return 0;
      if (length === 0 || length > transmit.bufferBytes || (echoed && isLastSgl(first))) return 0;
      this.sources[i] = address;
      this.lengths[i] = length;
      this.destinations[i] = takenAt;
      let last = first;
      if (echoed) {
        last = words[at + SGL_CONTEXT_WORDS];
        const bucket = getSglContextAddress(words, at + SGL_CONTEXT_WORDS);
        if (sglShapeOf(last) !== SGL_BUCKET || bufferAt(receive, bucket) < 0) return 0;
        if (sglBytesOf(last) !== receive.bufferBytes || length > receive.bufferBytes) return 0;
        this.destinations[i] = bucket;
      }
      if (isLastSgl(last)) return i + 1;
    }
    return 0;
  }

  private answer(frame: number, sequence: number): void {
    this.begin(frame, sequence);
    this.outbound.post();
  }

  /** Writes an answer without a payload. @returns word index of its frame, to be posted. */
  private begin(frame: number, sequence: number): number {
    const { words } = this.outbound;
    const reply = this.outbound.acquire();
    assert(reply !== NO_FRAME, 'echo: a request finds a free frame for its answer');
    writePrivateEchoReply(
      words,
      reply,
      frameTarget(words, frame),
      HOST_TID,
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      REQUEST_STATUS_SUCCESS,
      DETAILED_STATUS_SUCCESS,
      sequence,
    );
    return reply;
  }

  setHostPageBytes(): void {}

  /** Every request is answered at once, so that there is never one to end. */
  abort(): number {
    return 0;
  }

  poll(): number {
    return 0;
  }

  nextDeadlineNs(): number {
    return NEVER;
  }

  quiesce(): void {
    this.inSequence = 0;
    this.counted.restart();
  }

  /** The generated check finds out what is wrong, and where. Only the flags it does not look at. */
  private refuse(frame: number, sizeWords: number): void {
    const fault = checkExecutiveRequest(this.outbound.words, frame, sizeWords);
    if (fault !== 0) this.outbound.refused(frame, fault);
    else this.outbound.transactionError(frame, DETAILED_STATUS_INVALID_MESSAGE_FLAGS, 1, 0);
  }
}
