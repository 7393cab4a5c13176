/**
 * SocketReceivePost and SocketReceiveCredit. Lists of whole buckets are read here in place, each word once; every other
 * list by the scatter-gather reader: a bucket may be named by several segments or pages that lie one after the other, and
 * its last bytes by a BIT_BUCKET, which are then never filled (a datagram longer than the rest is cut).
 */
import {
  DETAILED_STATUS_INVALID_OFFSET,
  DETAILED_STATUS_INVALID_PARAMETER,
} from '../../i2o/executive.gen.ts';
import { SGL_BUCKET, SGL_CONTEXT_WORDS, SGL_LAST } from '../../i2o/list/sgl.ts';
import { SGL_FAULT, SGL_PIECE_DISCARD, SGL_PIECE_IN, type SglReader } from '../../i2o/list/sgl-reader.ts';
import {
  checkSocketRequest,
  SOCKET_RECEIVE_CREDIT_LIST_MAX,
  SOCKET_RECEIVE_CREDIT_LIST_STRIDE,
  SOCKET_RECEIVE_CREDIT_LIST_WORD,
  SOCKET_RECEIVE_POST_SGL_WORD,
} from '../../i2o/socket.gen.ts';
import { INBOUND_REFUSED } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { Clock } from '../../time/clock.ts';
import type { PendingReplies } from '../delivery/pending-replies.ts';
import type { Answers } from '../replies/answers.ts';
import type { Buckets } from '../sockets/buckets.ts';
import { type CardSocket, isOpen, KIND_STREAM } from '../sockets/card-socket.ts';

/** Word 0: where the list begins. */
const LIST_OFFSET = 0xf0;

/** Buckets one SocketReceivePost may name; a list in the frame has room for nine. */
const BUCKETS_PER_POST = 64;
/** The least that a bucket may be filled with: a datagram's source and some of it. */
const CAPACITY_MIN = 64;

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
  /** Byte of the frame where the first bad element of the latest list is; 0: none is. */
  private badOffset = 0;

  constructor(
    words: Int32Array,
    ledger: Ledger,
    clock: Clock,
    stack: Stack,
    sockets: readonly CardSocket[],
    buckets: Buckets,
    pendingReplies: PendingReplies,
    reader: SglReader,
    answers: Answers,
  ) {
    this.words = words;
    this.counters = ledger.counters;
    this.clock = clock;
    this.stack = stack;
    this.sockets = sockets;
    this.buckets = buckets;
    this.pendingReplies = pendingReplies;
    this.reader = reader;
    this.answers = answers;
  }

  /** SocketReceivePost. A bad element is refused, the others are posted. // Hot path. */
  post(frame: number, sizeWords: number): void {
    const { words, buckets } = this;
    const initiatorContext = words[frame + 2];
    const count = words[frame + 3];
    if (((words[frame] >>> 4) & 15) !== SOCKET_RECEIVE_POST_SGL_WORD) {
      this.answers.refuse(frame, DETAILED_STATUS_INVALID_OFFSET);
      return;
    }
    if (count < 1 || count > BUCKETS_PER_POST) {
      this.answers.refuse(frame, DETAILED_STATUS_INVALID_PARAMETER, 12);
      return;
    }
    const end = frame + sizeWords;
    let at = frame + SOCKET_RECEIVE_POST_SGL_WORD;
    let left = count;
    let fault = 0;
    this.badOffset = 0;
    for (; left > 0; left--) {
      const first = at + SGL_CONTEXT_WORDS <= end ? words[at] : 0;
      if (((first >>> 24) & ~SGL_LAST) !== SGL_BUCKET) break;
      if (first >= 0 && left === 1) {
        // The list does not end where its count does: the bucket is not taken, since the post is refused.
        this.bad((at - frame) << 2);
        fault = fault || DETAILED_STATUS_INVALID_OFFSET;
        left = 0;
        break;
      }
      const length = first & 0xffffff;
      if (!buckets.post(words[at + 2], length, words[at + 1], length)) {
        this.bad((at - frame) << 2);
        fault = DETAILED_STATUS_INVALID_PARAMETER;
      }
      at += SGL_CONTEXT_WORDS;
      if (first < 0 && left > 1) {
        // The list ends before its count does.
        this.bad((at - frame - SGL_CONTEXT_WORDS) << 2);
        fault = fault || DETAILED_STATUS_INVALID_PARAMETER;
        left = 0;
        break;
      }
    }
    if (left > 0) fault = this.readGeneralList(frame, at - frame, sizeWords, left) || fault;
    if (fault !== 0) this.answers.refuse(frame, fault, this.badOffset);
    this.pendingReplies.bucketsPosted(initiatorContext);
  }

  /** SocketReceiveCredit. // Hot path. */
  credit(frame: number, sizeWords: number): void {
    const { words } = this;
    const count = words[frame + 4] & 0xff;
    const stride = SOCKET_RECEIVE_CREDIT_LIST_STRIDE;
    if (
      (words[frame] & LIST_OFFSET) !== 0 ||
      count < 1 ||
      count > SOCKET_RECEIVE_CREDIT_LIST_MAX ||
      SOCKET_RECEIVE_CREDIT_LIST_WORD + count * stride > sizeWords
    ) {
      // The generated check finds the same, and names it.
      this.answers.refuse(frame, checkSocketRequest(words, frame, sizeWords));
      return;
    }
    let at = frame + SOCKET_RECEIVE_CREDIT_LIST_WORD;
    for (let i = 0; i < count; i++) {
      const socketId = words[at];
      const bytes = words[at + 1];
      if (socketId >= 0 && socketId < this.sockets.length && bytes > 0) {
        const socket = this.sockets[socketId];
        // A credit may cross the close of its socket on the way: then there is nothing to open any more.
        if (socket.kind === KIND_STREAM && isOpen(socket)) {
          this.stack.tcpConsumed(socket.connection, bytes, this.clock.nowUs);
        }
      } else {
        this.counters[INBOUND_REFUSED] += 1;
      }
      at += stride;
    }
  }

  /** The rest of a list, `count` buckets of it, of any elements. @returns a DetailedStatusCode, 0 when all is good. */
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
    if (kind === SGL_FAULT) fault = reader.fault;
    else if (!begins) fault = DETAILED_STATUS_INVALID_OFFSET;
    else if (kind > 0 || posted !== count) fault = fault || DETAILED_STATUS_INVALID_PARAMETER;
    else return fault;
    this.bad(reader.errorOffset);
    return fault;
  }

  private bad(errorOffset: number): void {
    if (this.badOffset === 0) this.badOffset = errorOffset;
  }
}
