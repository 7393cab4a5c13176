/**
 * SocketReceivePost and SocketReceiveCredit. Lists of whole buckets are read here in place, each word once,
 * since the host may change them meanwhile; every other list is read by the scatter-gather reader: a bucket
 * may be named by several segments or pages that lie one after the other, and its last bytes by a BIT_BUCKET,
 * which are then never filled (a datagram that is longer than what is left of the bucket is cut).
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { creditGrowthBytes, creditSocketId } from '../../i2o/credit.ts';
import {
  DETAILED_STATUS_INVALID_OFFSET,
  DETAILED_STATUS_INVALID_PARAMETER,
} from '../../i2o/executive.gen.ts';
import { frameInitiatorContext, frameSglOffset } from '../../i2o/frame.ts';
import {
  getSglContext,
  getSglContextAddress,
  isLastSgl,
  SGL_BUCKET,
  SGL_CONTEXT_WORDS,
  sglBytesOf,
  sglShapeOf,
} from '../../i2o/list/sgl.ts';
import { SGL_FAULT, SGL_PIECE_DISCARD, SGL_PIECE_IN, type SglReader } from '../../i2o/list/sgl-reader.ts';
import {
  checkSocketRequest,
  getSocketReceiveCreditCount,
  getSocketReceivePostBucketCount,
  SOCKET_RECEIVE_CREDIT_LIST_MAX,
  SOCKET_RECEIVE_CREDIT_LIST_STRIDE,
  SOCKET_RECEIVE_CREDIT_LIST_WORD,
  SOCKET_RECEIVE_POST_SGL_WORD,
} from '../../i2o/socket.gen.ts';
import { socketIdMask } from '../../i2o/socket-number.ts';
import { INBOUND_REFUSED } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { Clock } from '../../time/clock.ts';
import type { PendingReplies } from '../delivery/pending-replies.ts';
import type { Answers } from '../replies/answers.ts';
import type { Buckets } from '../sockets/buckets.ts';
import { type CardSocket, isOpen, KIND_STREAM } from '../sockets/card-socket.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** Buckets that one SocketReceivePost may name; a list in the frame alone has room for nine. */
const BUCKETS_PER_POST = 64;
/** Byte of a SocketReceivePost where the number of its buckets is: word 3. */
const BUCKET_COUNT_BYTE = 12;
/** The least that a bucket may be filled with: a datagram's source and a little of it. */
const CAPACITY_MIN = 64;

/** What receive requests work with. */
export interface ReceiveRequestsParts {
  readonly words: Int32Array;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly stack: Stack;
  readonly sockets: readonly CardSocket[];
  readonly buckets: Buckets;
  readonly pendingReplies: PendingReplies;
  readonly reader: SglReader;
  readonly answers: Answers;
  /** Version of the socket class that the card speaks. */
  readonly classVersion: number;
}

export class ReceiveRequests {
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly clock: Clock;
  private readonly stack: Stack;
  private readonly sockets: readonly CardSocket[];
  private readonly buckets: Buckets;
  private readonly pendingReplies: PendingReplies;
  private readonly reader: SglReader;
  private readonly answers: Answers;
  private readonly idMask: number;
  /** Byte of the frame where the first bad element of the latest list is; 0: none is bad. */
  private badOffset = 0;

  constructor(parts: ReceiveRequestsParts) {
    this.words = parts.words;
    this.counters = parts.ledger.counters;
    this.clock = parts.clock;
    this.stack = parts.stack;
    this.sockets = parts.sockets;
    this.buckets = parts.buckets;
    this.pendingReplies = parts.pendingReplies;
    this.reader = parts.reader;
    this.answers = parts.answers;
    this.idMask = socketIdMask(parts.classVersion);
  }

  /**
   * SocketReceivePost. One refusal answers a list with bad elements; its good ones are posted all the same.
   * // Hot path.
   */
  post(frame: number, sizeWords: number): void {
    const { words, buckets } = this;
    const initiatorContext = frameInitiatorContext(words, frame);
    const count = getSocketReceivePostBucketCount(words, frame);
    if (frameSglOffset(words, frame) !== SOCKET_RECEIVE_POST_SGL_WORD) {
      this.answers.refuse(frame, DETAILED_STATUS_INVALID_OFFSET);
      return;
    }
    if (count < 1 || count > BUCKETS_PER_POST) {
      this.answers.refuse(frame, DETAILED_STATUS_INVALID_PARAMETER, BUCKET_COUNT_BYTE);
      return;
    }
    const end = frame + sizeWords;
    let at = frame + SOCKET_RECEIVE_POST_SGL_WORD;
    let left = count;
    let fault = 0;
    this.badOffset = 0;
    for (; left > 0; left--) {
      const first = at + SGL_CONTEXT_WORDS <= end ? words[at] : 0;
      if (sglShapeOf(first) !== SGL_BUCKET) break;
      if (!isLastSgl(first) && (left === 1 || at + SGL_CONTEXT_WORDS === end)) {
        // The list goes on where its count or the message ends: the bucket itself is bad, and not taken.
        this.bad((at - frame) << 2);
        fault = fault || DETAILED_STATUS_INVALID_OFFSET;
        left = 0;
        break;
      }
      const length = sglBytesOf(first);
      const context = getSglContext(words, at);
      if (!buckets.post(getSglContextAddress(words, at), length, context, length)) {
        this.bad((at - frame) << 2);
        fault = DETAILED_STATUS_INVALID_PARAMETER;
      }
      at += SGL_CONTEXT_WORDS;
      if (isLastSgl(first) && left > 1) {
        // The list ends before its count does.
        this.bad((at - frame - SGL_CONTEXT_WORDS) << 2);
        fault = fault || DETAILED_STATUS_INVALID_PARAMETER;
        left = 0;
        break;
      }
    }
    if (COSTLY) checkListEnd(at, end);
    if (left > 0) fault = this.readGeneralList(frame, at - frame, sizeWords, left) || fault;
    if (fault !== 0) this.answers.refuse(frame, fault, this.badOffset);
    this.pendingReplies.bucketsPosted(initiatorContext);
  }

  /**
   * SocketReceiveCredit: the program has read so many bytes of a stream, and its window may open by them, or
   * by more. // Hot path.
   */
  credit(frame: number, sizeWords: number): void {
    const { words } = this;
    const count = getSocketReceiveCreditCount(words, frame);
    const stride = SOCKET_RECEIVE_CREDIT_LIST_STRIDE;
    if (
      frameSglOffset(words, frame) !== 0 ||
      count < 1 ||
      count > SOCKET_RECEIVE_CREDIT_LIST_MAX ||
      SOCKET_RECEIVE_CREDIT_LIST_WORD + count * stride > sizeWords
    ) {
      // The generated check finds the same, and names what is wrong.
      this.answers.refuse(frame, checkSocketRequest(words, frame, sizeWords));
      return;
    }
    const word4 = words[frame + 4] & this.idMask;
    let at = frame + SOCKET_RECEIVE_CREDIT_LIST_WORD;
    for (let i = 0; i < count; i++) {
      const socketId = creditSocketId(words[at], word4);
      const growthBytes = creditGrowthBytes(words[at]);
      const bytes = words[at + 1];
      if (socketId < this.sockets.length && bytes > 0) {
        const socket = this.sockets[socketId];
        // A credit may cross the close of its socket on the way: then there is no window to open any more.
        if (socket.kind === KIND_STREAM && isOpen(socket)) {
          if (growthBytes !== 0) this.stack.tcpWiden(socket.connection, growthBytes);
          this.stack.tcpConsumed(socket.connection, bytes, this.clock.nowUs, true);
        }
      } else {
        this.counters[INBOUND_REFUSED] += 1;
      }
      at += stride;
    }
  }

  /**
   * Reads a list, or what is left of it, of elements of any kind.
   * @param sglWord where it goes on. @param count buckets it must still name.
   * @returns a DetailedStatusCode; 0 when all is good.
   */
  private readGeneralList(frame: number, sglWord: number, sizeWords: number, count: number): number {
    const { reader, buckets } = this;
    reader.open(frame, sglWord, sizeWords, true);
    let posted = 0;
    let fault = 0;
    let context = 0;
    let start = 0;
    let length = 0;
    let discarded = 0;
    let good = false;
    let begins = true;
    let kind = reader.next();
    for (; kind > 0 && posted < count; kind = reader.next()) {
      if (begins) {
        context = reader.context;
        start = reader.address;
        length = 0;
        discarded = 0;
        good = reader.contextWords === 1 && kind === SGL_PIECE_IN;
      }
      if (kind === SGL_PIECE_IN) {
        good = good && reader.local === 0 && discarded === 0 && reader.address === start + length;
        good = good && (begins || reader.contextWords === 0);
        length += reader.count;
      } else if (kind === SGL_PIECE_DISCARD) {
        discarded += reader.count;
      } else {
        good = false;
      }
      begins = reader.endOfBuffer !== 0;
      if (!begins) continue;
      posted += 1;
      if (!good || length < CAPACITY_MIN || !buckets.post(start, length + discarded, context, length)) {
        fault = fault || DETAILED_STATUS_INVALID_PARAMETER;
        this.bad(reader.errorOffset);
      }
    }
    assert(posted <= count, 'receive requests: a list posts no more buckets than its message names');
    if (kind === SGL_FAULT) fault = reader.fault;
    else if (!begins) fault = DETAILED_STATUS_INVALID_OFFSET;
    else if (kind > 0 || posted !== count) fault = fault || DETAILED_STATUS_INVALID_PARAMETER;
    else return fault;
    this.bad(reader.errorOffset);
    return fault;
  }

  /** Notes where the first bad element is. */
  private bad(errorOffset: number): void {
    if (this.badOffset === 0) this.badOffset = errorOffset;
  }
}

function checkListEnd(at: number, end: number): void {
  assert(at <= end, 'receive requests: a list is read within its message');
}
