/**
 * SocketSend and SocketSendTo. The lists our own driver writes, whole transmit buffers and immediate data, are read here in
 * place, each word once; every other list, and every datagram's, by `list-sends`. From the module: requests. To the stack:
 * sends by reference. To the host: outcomes; the buffers' contexts come back by `context-replies`.
 */
import type { DmaEngine } from '../../dma/engine.ts';
import { DETAILED_STATUS_INVALID_OFFSET } from '../../i2o/executive.gen.ts';
import { FLAG_MULTIPLE } from '../../i2o/frame.ts';
import {
  getSglImmediateAddress,
  SGL_CONTEXT_WORDS,
  SGL_IMMEDIATE,
  SGL_LAST,
  SGL_TRANSMIT,
  sglImmediateWords,
} from '../../i2o/list/sgl.ts';
import { REPLY_MODE_IMMEDIATE, SOCKET_SEND_SGL_WORD, SOCKET_SEND_TO_SGL_WORD } from '../../i2o/socket.gen.ts';
import { CARD_IMMEDIATE_COPIES } from '../../ledger/counters.gen.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { Clock } from '../../time/clock.ts';
import type { Answers } from '../replies/answers.ts';
import type { ContextReplies } from '../replies/context-replies.ts';
import type { SendOutcomes } from '../replies/send-outcomes.ts';
import { type CardSocket, sendTag } from '../sockets/card-socket.ts';
import type { SendBuffers } from '../sockets/send-buffers.ts';
import { type ListSends, streamErrno } from './list-sends.ts';

/** Word 0: the flag MULTIPLE. */
const MULTIPLE = FLAG_MULTIPLE << 8;
/** SocketSend's flags in word 5: more follows, urgent. */
const SEND_FLAGS = 3;
const MORE = 1;
/** No errno: the element is bad. */
const REFUSED = -1;

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

  constructor(
    words: Int32Array,
    clock: Clock,
    dma: DmaEngine,
    stack: Stack,
    sockets: readonly CardSocket[],
    sendBuffers: SendBuffers,
    contexts: ContextReplies,
    lists: ListSends,
    outcomes: SendOutcomes,
    answers: Answers,
  ) {
    this.words = words;
    this.clock = clock;
    this.dma = dma;
    this.stack = stack;
    this.sockets = sockets;
    this.sendBuffers = sendBuffers;
    this.contexts = contexts;
    this.lists = lists;
    this.outcomes = outcomes;
    this.answers = answers;
  }

  /** SocketSend. // Hot path. */
  send(frame: number, sizeWords: number): void {
    const { words } = this;
    const word0 = words[frame];
    const control = words[frame + 4];
    const sendFlags = words[frame + 5] & SEND_FLAGS;
    const mode = control >>> 30;
    this.contexts.initiatorContext = words[frame + 2];
    this.contexts.atOnce = mode === REPLY_MODE_IMMEDIATE;
    if (((word0 >>> 4) & 15) !== SOCKET_SEND_SGL_WORD) {
      this.answers.refuse(frame, DETAILED_STATUS_INVALID_OFFSET);
      return;
    }
    if ((word0 & MULTIPLE) !== 0) {
      this.batch(frame, sizeWords, sendFlags, mode);
      return;
    }
    const socketId = control & 0xffff;
    const socket = socketId < this.sockets.length ? this.sockets[socketId] : undefined;
    let errno = streamErrno(socket);
    const connection = errno === 0 ? socket!.connection : -1;
    const tag = errno === 0 ? sendTag(socketId, socket!) : 0;
    const end = frame + sizeWords;
    let at = frame + SOCKET_SEND_SGL_WORD;
    let first = 0;
    while (errno === 0 && first >= 0) {
      // LAST_ELEMENT is the word's sign; all but the last are followed by more: the stack may hold a short segment.
      first = at < end ? words[at] : 0;
      const shape = (first >>> 24) & ~SGL_LAST;
      const length = first & 0xffffff;
      const flags = first < 0 ? sendFlags : sendFlags | MORE;
      let taken = 0;
      if (shape === SGL_TRANSMIT && at + SGL_CONTEXT_WORDS <= end) {
        taken = SGL_CONTEXT_WORDS;
        errno = this.buffer(tag, connection, words[at + 1], words[at + 2], length, flags);
      } else if (shape === SGL_IMMEDIATE && at + sglImmediateWords(length) <= end) {
        taken = sglImmediateWords(length);
        const data = getSglImmediateAddress(at);
        errno = this.immediate(tag, connection, words[at + 1], data, length, flags);
      }
      if (taken === 0 || errno === REFUSED) {
        // Another kind of list, or a bad element, which is found to be bad again.
        this.readGeneralList(frame, at - frame, sizeWords, tag, connection, sendFlags, mode, 0);
        return;
      }
      at += taken;
    }
    if (errno === 0) return;
    if (first < 0) this.answers.outcome(frame, errno, mode);
    else this.readGeneralList(frame, at - frame, sizeWords, tag, connection, sendFlags, mode, errno);
  }

  /** SocketSendTo. */
  sendTo(frame: number, sizeWords: number): void {
    const { words, lists } = this;
    const control = words[frame + 4];
    const mode = control >>> 30;
    this.contexts.initiatorContext = words[frame + 2];
    this.contexts.atOnce = mode === REPLY_MODE_IMMEDIATE;
    if (((words[frame] >>> 4) & 15) !== SOCKET_SEND_TO_SGL_WORD) {
      this.answers.refuse(frame, DETAILED_STATUS_INVALID_OFFSET);
      return;
    }
    lists.datagram(frame, sizeWords, control & 0xffff, words[frame + 5], words[frame + 6] & 0xffff);
    if (lists.fault === 0 && lists.errno === 0 && lists.buffers > 0) return;
    this.answer(frame, mode);
  }

  private batch(frame: number, sizeWords: number, sendFlags: number, mode: number): void {
    const { lists } = this;
    lists.batch(frame, sizeWords, this.words[frame + 2], sendFlags, mode);
    if (mode === REPLY_MODE_IMMEDIATE) this.outcomes.flush();
    if (lists.fault !== 0) this.answers.refuse(frame, lists.fault, lists.errorOffset);
  }

  /** The rest of a list, read as any list is. @param errno why nothing of it may be queued. */
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
    // What came before was queued as if more followed.
    if (cut && connection >= 0 && (sendFlags & MORE) === 0) stack.tcpPush(connection, this.clock.nowUs);
    this.answer(frame, mode);
  }

  /** What the latest list came to. */
  private answer(frame: number, mode: number): void {
    const { fault, errno, errorOffset, buffers } = this.lists;
    if (fault !== 0) this.answers.refuse(frame, fault, errorOffset);
    else if (errno !== 0 || buffers === 0) this.answers.outcome(frame, errno, mode);
  }

  /** @returns errno, or REFUSED: then the buffer is not the card's. */
  private buffer(
    tag: number,
    connection: number,
    context: number,
    address: number,
    length: number,
    flags: number,
  ): number {
    if (!this.sendBuffers.accept(context, address, length, tag)) return REFUSED;
    const errno = this.stack.tcpSend(connection, address, length, context, flags, this.clock.nowUs);
    if (errno !== 0) this.sendBuffers.release(context);
    return errno;
  }

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
