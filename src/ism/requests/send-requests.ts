/**
 * SocketSend and SocketSendTo. The lists that our own driver writes, whole transmit buffers and immediate
 * data, are read here in place, each word once, since the host may change them meanwhile; every other list,
 * and that of every datagram, is read by `list-sends`. From the module: requests. To the stack: sends by
 * reference. To the host: outcomes; the contexts of the buffers come back by `context-replies`.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import { DETAILED_STATUS_INVALID_OFFSET } from '../../i2o/executive.gen.ts';
import { FLAG_MULTIPLE, frameFlags, frameInitiatorContext, frameSglOffset } from '../../i2o/frame.ts';
import {
  getSglContext,
  getSglContextAddress,
  getSglImmediateAddress,
  isLastSgl,
  SGL_CONTEXT_WORDS,
  SGL_IMMEDIATE,
  SGL_TRANSMIT,
  sglBytesOf,
  sglImmediateWords,
  sglShapeOf,
} from '../../i2o/list/sgl.ts';
import {
  getSocketSendMore,
  getSocketSendRecord,
  getSocketSendReplyMode,
  getSocketSendSocketId,
  getSocketSendToAddress,
  getSocketSendToPort,
  getSocketSendToReplyMode,
  getSocketSendToSocketId,
  getSocketSendUrgent,
  REPLY_MODE_IMMEDIATE,
  SOCKET_SEND_SGL_WORD,
  SOCKET_SEND_TO_SGL_WORD,
} from '../../i2o/socket.gen.ts';
import { socketIdMask } from '../../i2o/socket-number.ts';
import { CARD_IMMEDIATE_COPIES } from '../../ledger/counters.gen.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { Clock } from '../../time/clock.ts';
import type { Answers } from '../replies/answers.ts';
import type { ContextReplies } from '../replies/context-replies.ts';
import type { SendOutcomes } from '../replies/send-outcomes.ts';
import type { CardSocket } from '../sockets/card-socket.ts';
import type { SendBuffers } from '../sockets/send-buffers.ts';
import { type ListSends, streamErrno } from './list-sends.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** tcpSend's flag: another buffer follows at once, so that a short segment may wait for it. */
const MORE = 1;
const URGENT_SHIFT = 1;
const RECORD_SHIFT = 2;
/** In place of an errno: the element is bad, and its buffer is not the card's. */
const REFUSED = -1;

/** What send requests work with. */
export interface SendRequestsParts {
  readonly words: Int32Array;
  readonly clock: Clock;
  readonly dma: DmaEngine;
  readonly stack: Stack;
  readonly sockets: readonly CardSocket[];
  readonly sendBuffers: SendBuffers;
  readonly contexts: ContextReplies;
  readonly listSends: ListSends;
  readonly outcomes: SendOutcomes;
  readonly answers: Answers;
  /** Whether a send may end a record, as it may since version 3 of the class. */
  readonly classVersion: number;
}

export class SendRequests {
  private readonly words: Int32Array;
  private readonly clock: Clock;
  private readonly dma: DmaEngine;
  private readonly stack: Stack;
  private readonly sockets: readonly CardSocket[];
  private readonly sendBuffers: SendBuffers;
  private readonly contexts: ContextReplies;
  private readonly lists: ListSends;
  private readonly outcomes: SendOutcomes;
  private readonly answers: Answers;
  private readonly records: boolean;
  /** Bits of a socket's number that the card looks at. */
  private readonly idMask: number;

  constructor(parts: SendRequestsParts) {
    this.words = parts.words;
    this.clock = parts.clock;
    this.dma = parts.dma;
    this.stack = parts.stack;
    this.sockets = parts.sockets;
    this.sendBuffers = parts.sendBuffers;
    this.contexts = parts.contexts;
    this.lists = parts.listSends;
    this.outcomes = parts.outcomes;
    this.answers = parts.answers;
    this.records = parts.classVersion >= 3;
    this.idMask = socketIdMask(parts.classVersion);
  }

  /** SocketSend. // Hot path. */
  send(frame: number, sizeWords: number): void {
    const { words } = this;
    let sendFlags = getSocketSendMore(words, frame) | (getSocketSendUrgent(words, frame) << URGENT_SHIFT);
    if (this.records) sendFlags |= getSocketSendRecord(words, frame) << RECORD_SHIFT;
    const mode = getSocketSendReplyMode(words, frame);
    this.contexts.initiatorContext = frameInitiatorContext(words, frame);
    this.contexts.atOnce = mode === REPLY_MODE_IMMEDIATE;
    if (frameSglOffset(words, frame) !== SOCKET_SEND_SGL_WORD) {
      this.answers.refuse(frame, DETAILED_STATUS_INVALID_OFFSET);
      return;
    }
    if ((frameFlags(words, frame) & FLAG_MULTIPLE) !== 0) {
      this.batch(frame, sizeWords, sendFlags, mode);
      return;
    }
    const socketId = getSocketSendSocketId(words, frame) & this.idMask;
    const socket = socketId < this.sockets.length ? this.sockets[socketId] : undefined;
    let errno = streamErrno(socket);
    const connection = errno === 0 ? socket!.connection : -1;
    const tag = errno === 0 ? socket!.tag : 0;
    const end = frame + sizeWords;
    let at = frame + SOCKET_SEND_SGL_WORD;
    let first = 0;
    while (errno === 0 && first >= 0) {
      // The element's first word is read once. It is negative in the last element, since LAST_ELEMENT is its
      // sign.
      first = at < end ? words[at] : 0;
      const shape = sglShapeOf(first);
      const length = sglBytesOf(first);
      // What is said of the last byte is not said of the elements before it.
      const flags = isLastSgl(first) ? sendFlags : MORE;
      // What is not the last has something behind it, or is bad itself.
      const room = isLastSgl(first) ? end : end - 1;
      let taken = 0;
      if (shape === SGL_TRANSMIT && at + SGL_CONTEXT_WORDS <= room) {
        taken = SGL_CONTEXT_WORDS;
        const address = getSglContextAddress(words, at);
        errno = this.buffer(tag, connection, getSglContext(words, at), address, length, flags);
      } else if (shape === SGL_IMMEDIATE && at + sglImmediateWords(length) <= room) {
        taken = sglImmediateWords(length);
        const data = getSglImmediateAddress(at);
        errno = this.immediate(tag, connection, getSglContext(words, at), data, length, flags);
      }
      if (taken === 0 || errno === REFUSED) {
        // An element of another kind; or a bad one, which the general reader finds to be bad again, and
        // names.
        this.readGeneralList(frame, at - frame, sizeWords, tag, connection, sendFlags, mode, 0);
        return;
      }
      at += taken;
    }
    if (errno === 0) return;
    if (isLastSgl(first)) this.answers.outcome(frame, errno, mode);
    else this.readGeneralList(frame, at - frame, sizeWords, tag, connection, sendFlags, mode, errno);
  }

  /** SocketSendTo. // Hot path. */
  sendTo(frame: number, sizeWords: number): void {
    const { words, lists } = this;
    const mode = getSocketSendToReplyMode(words, frame);
    this.contexts.initiatorContext = frameInitiatorContext(words, frame);
    this.contexts.atOnce = mode === REPLY_MODE_IMMEDIATE;
    if (frameSglOffset(words, frame) !== SOCKET_SEND_TO_SGL_WORD) {
      this.answers.refuse(frame, DETAILED_STATUS_INVALID_OFFSET);
      return;
    }
    const socketId = getSocketSendToSocketId(words, frame) & this.idMask;
    const address = getSocketSendToAddress(words, frame);
    lists.datagram(frame, sizeWords, socketId, address, getSocketSendToPort(words, frame));
    if (lists.fault === 0 && lists.errno === 0 && lists.buffers > 0) return;
    this.answer(frame, mode);
  }

  /**
   * A SocketSend with the flag MULTIPLE: each transaction has an outcome, and only what belongs to none is
   * refused.
   */
  private batch(frame: number, sizeWords: number, sendFlags: number, mode: number): void {
    const { lists } = this;
    const idHigh = getSocketSendSocketId(this.words, frame) & this.idMask & ~0xffff;
    lists.batch(frame, sizeWords, frameInitiatorContext(this.words, frame), idHigh, sendFlags, mode);
    if (mode === REPLY_MODE_IMMEDIATE) this.outcomes.flush();
    if (lists.fault !== 0) this.answers.refuse(frame, lists.fault, lists.errorOffset);
  }

  /**
   * Reads a list, or what is left of it, of elements of any kind.
   * @param sglWord where it goes on. @param errno why nothing of it may be queued; 0: it may.
   */
  private readGeneralList(
    frame: number,
    sglWord: number,
    sizeWords: number,
    tag: number,
    connection: number,
    sendFlags: number,
    mode: number,
    errno: number,
  ): void {
    const { lists, stack } = this;
    lists.stream(frame, sglWord, sizeWords, tag, connection, sendFlags, errno);
    const cut = lists.fault !== 0 || lists.errno !== 0;
    // What came before the cut was queued as if more followed, so that the stack may hold it back.
    if (cut && connection >= 0 && (sendFlags & MORE) === 0) stack.tcpPush(connection, this.clock.nowUs);
    this.answer(frame, mode);
  }

  /** Answers with what the latest list came to. Contexts that come back are an answer of their own. */
  private answer(frame: number, mode: number): void {
    const { fault, errno, errorOffset, buffers } = this.lists;
    if (fault !== 0) this.answers.refuse(frame, fault, errorOffset);
    else if (errno !== 0 || buffers === 0) this.answers.outcome(frame, errno, mode);
  }

  /**
   * Hands a transmit buffer to the stack. // Hot path.
   * @returns errno; or REFUSED, and the buffer is not the card's.
   */
  private buffer(
    tag: number,
    connection: number,
    context: number,
    address: number,
    length: number,
    flags: number,
  ): number {
    if (COSTLY) checkConnection(connection);
    if (!this.sendBuffers.accept(context, address, length, tag)) return REFUSED;
    const errno = this.stack.tcpSend(connection, address, length, context, flags, this.clock.nowUs);
    if (errno !== 0) this.sendBuffers.release(context);
    return errno;
  }

  /**
   * Copies immediate data to card memory and hands it to the stack. // Hot path.
   * @returns errno, or REFUSED.
   */
  private immediate(
    tag: number,
    connection: number,
    context: number,
    source: number,
    length: number,
    flags: number,
  ): number {
    const address = this.sendBuffers.acceptImmediate(context, length, tag);
    if (address < 0) return REFUSED;
    this.dma.move(CARD_IMMEDIATE_COPIES, source, address, length);
    const errno = this.stack.tcpSend(connection, address, length, context, flags, this.clock.nowUs);
    if (errno !== 0) this.sendBuffers.release(context);
    return errno;
  }
}

function checkConnection(connection: number): void {
  assert(connection >= 0, 'send requests: a buffer is taken for a socket that has a connection');
}
