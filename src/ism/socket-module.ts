/**
 * The intermediate service module: socket-class requests become calls of the stack, and what the stack tells becomes
 * replies. From the executive: requests. To the stack: calls. From the stack: `SocketOwner` calls, which only note what
 * is pending. To the host: replies, made by `Deliverer` at the end of the turn, so that many share a frame.
 *
 * Nothing the host wrote is trusted: each word is read once, checked, then used.
 */
import type { DmaEngine } from '../dma/engine.ts';
import type { Device } from '../hdm/contract.ts';
import {
  DETAILED_STATUS_INVALID_OFFSET,
  DETAILED_STATUS_INVALID_PARAMETER,
  DETAILED_STATUS_UNKNOWN_FUNCTION,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_TRANSACTION_ERROR,
} from '../i2o/executive.gen.ts';
import { frameInitiatorContext, frameTransactionContext } from '../i2o/frame.ts';
import {
  getSglImmediateAddress,
  SGL_BUCKET,
  SGL_CONTEXT_WORDS,
  SGL_END_OF_BUFFER,
  SGL_IMMEDIATE,
  SGL_LAST,
  SGL_TRANSMIT,
  sglImmediateWords,
} from '../i2o/sgl.ts';
import {
  checkSocketRequest,
  REPLY_MODE_IMMEDIATE,
  SOCKET_ABORT,
  SOCKET_CLOSE,
  SOCKET_RECEIVE_CREDIT,
  SOCKET_RECEIVE_CREDIT_LIST_STRIDE,
  SOCKET_RECEIVE_CREDIT_LIST_WORD,
  SOCKET_RECEIVE_POST,
  SOCKET_RECEIVE_POST_SGL_WORD,
  SOCKET_SEND,
  SOCKET_SEND_SGL_WORD,
} from '../i2o/socket.gen.ts';
import { SOCKET_CLASS_ID } from '../i2o/tids.ts';
import type { EventSource, Module } from '../iop/module.ts';
import type { Outbound } from '../iop/outbound.ts';
import type { ParameterGroup } from '../iop/parameter-group.ts';
import { CARD_IMMEDIATE_COPIES, INBOUND_REFUSED } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { EBADF } from '../socket/errno.ts';
import type { SocketOwner } from '../tcpip/contract.ts';
import type { Stack } from '../tcpip/stack.ts';
import type { Clock } from '../time/clock.ts';
import type { Buckets } from './buckets.ts';
import { type CardSocket, KIND_FREE, KIND_STREAM, PENDING_CLOSE } from './card-socket.ts';
import type { ControlRequests } from './control-requests.ts';
import type { Deliverer } from './deliverer.ts';
import type { SendBuffers } from './send-buffers.ts';

/** Everything the module works with; made by world/card-parts.ts. */
export interface SocketModuleParts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly dma: DmaEngine;
  readonly outbound: Outbound;
  readonly device: Device;
  readonly stack: Stack;
  readonly sockets: readonly CardSocket[];
  readonly buckets: Buckets;
  readonly sendBuffers: SendBuffers;
  readonly control: ControlRequests;
  readonly deliverer: Deliverer;
}

/** Turns of device, stack and flush within one turn of the module, while they keep making work for each other. */
const STACK_TURNS = 4;
/** Buckets one SocketReceivePost can name. */
const BUCKETS_PER_FRAME = 9;

export class SocketModule implements Module {
  readonly classId = SOCKET_CLASS_ID;
  readonly classVersion = 1;
  /** Version 1 has neither events nor parameter groups of its own. */
  readonly eventCapabilities = 0;
  readonly parameterGroups: readonly ParameterGroup[] = [];
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly clock: Clock;
  private readonly dma: DmaEngine;
  private readonly outbound: Outbound;
  private readonly device: Device;
  private readonly stack: Stack;
  private readonly sockets: readonly CardSocket[];
  private readonly buckets: Buckets;
  private readonly sendBuffers: SendBuffers;
  private readonly control: ControlRequests;
  private readonly deliverer: Deliverer;

  constructor(parts: SocketModuleParts) {
    this.words = parts.outbound.words;
    this.counters = parts.ledger.counters;
    this.clock = parts.clock;
    this.dma = parts.dma;
    this.outbound = parts.outbound;
    this.device = parts.device;
    this.stack = parts.stack;
    this.sockets = parts.sockets;
    this.buckets = parts.buckets;
    this.sendBuffers = parts.sendBuffers;
    this.control = parts.control;
    this.deliverer = parts.deliverer;
  }

  attachEvents(_events: EventSource): void {}

  /** Version 1 ends no request before its time: a socket is ended whole, by SocketAbort. */
  abort(): number {
    return 0;
  }

  // Hot path: the three messages of the data path are checked where they are used; the others by the generated check.
  request(frame: number, functionCode: number, sizeWords: number): void {
    switch (functionCode) {
      case SOCKET_SEND:
        this.send(frame, sizeWords);
        return;
      case SOCKET_RECEIVE_POST:
        this.receivePost(frame, sizeWords);
        return;
      case SOCKET_RECEIVE_CREDIT:
        this.receiveCredit(frame, sizeWords);
        return;
    }
    const fault = checkSocketRequest(this.words, frame, sizeWords);
    if (fault === 0) {
      if (functionCode === SOCKET_CLOSE || functionCode === SOCKET_ABORT) this.close(frame, functionCode);
      else this.control.request(frame, functionCode);
    } else if (fault === DETAILED_STATUS_UNKNOWN_FUNCTION) {
      this.counters[INBOUND_REFUSED] += 1;
      this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, fault);
    } else {
      this.refuse(frame, fault);
    }
  }

  /** // Hot path: one turn of device, timers, output and replies. */
  poll(): number {
    const { clock, device, stack } = this;
    let work = 0;
    for (let turn = 0; turn < STACK_TURNS; turn++) {
      const moved = device.poll() + stack.advance(clock.nowUs) + stack.flush(clock.nowUs);
      work += moved;
      if (moved === 0) break;
    }
    return work + this.deliverer.deliver();
  }

  nextDeadlineNs(): number {
    const device = this.device.nextDeadlineNs();
    const replies = this.deliverer.nextDeadlineNs();
    let next = Math.min(device, replies);
    if (this.stack.hasDeadline()) {
      const waitUs = (this.stack.deadlineUs() - this.clock.nowUs) | 0;
      const timer = this.clock.nowNs + (waitUs > 0 ? waitUs * 1000 : 0);
      if (timer < next) next = timer;
    }
    return next;
  }

  /** Aborts every connection, so that every context is answered, and gives all buckets back. */
  quiesce(): void {
    for (const socket of this.sockets) {
      if (socket.kind !== KIND_FREE) this.control.abandon(socket);
    }
    this.stack.flush(this.clock.nowUs);
    this.deliverer.withdraw();
    this.buckets.clear();
  }

  private refuse(frame: number, detailedStatus: number): void {
    this.counters[INBOUND_REFUSED] += 1;
    this.outbound.status(frame, REQUEST_STATUS_TRANSACTION_ERROR, detailedStatus);
  }

  private send(frame: number, sizeWords: number): void {
    const words = this.words;
    const control = words[frame + 4]!;
    const sendFlags = words[frame + 5]! & 3;
    const socketId = control & 0xffff;
    const socket = socketId < this.sockets.length ? this.sockets[socketId]! : undefined;
    const connection = socket !== undefined && socket.kind === KIND_STREAM ? socket.connection : -1;
    this.deliverer.sendInitiatorContext = words[frame + 2]!;
    this.deliverer.answerAtOnce = control >>> 30 === REPLY_MODE_IMMEDIATE;
    const end = frame + sizeWords;
    let at = frame + SOCKET_SEND_SGL_WORD;
    let fault = ((words[frame]! >>> 4) & 15) === SOCKET_SEND_SGL_WORD ? 0 : DETAILED_STATUS_INVALID_OFFSET;
    let last = 0;
    while (fault === 0 && last === 0) {
      if (at + 2 > end) {
        fault = DETAILED_STATUS_INVALID_OFFSET;
        break;
      }
      const first = words[at]!;
      const shape = (first >>> 24) & ~(SGL_LAST | SGL_END_OF_BUFFER);
      const length = first & 0xffffff;
      last = first & (SGL_LAST << 24);
      // All but the last element of a list are followed by more: the stack may hold a short segment for them.
      const flags = last === 0 ? sendFlags | 1 : sendFlags;
      if (shape === (SGL_TRANSMIT & ~SGL_END_OF_BUFFER) && at + SGL_CONTEXT_WORDS <= end) {
        fault = this.sendBuffer(connection, words[at + 1]!, words[at + 2]!, length, flags);
        at += SGL_CONTEXT_WORDS;
      } else if (shape === (SGL_IMMEDIATE & ~SGL_END_OF_BUFFER) && at + sglImmediateWords(length) <= end) {
        fault = this.sendImmediate(connection, words[at + 1]!, getSglImmediateAddress(at), length, flags);
        at += sglImmediateWords(length);
      } else {
        fault = DETAILED_STATUS_INVALID_OFFSET;
      }
    }
    if (fault !== 0) this.refuse(frame, fault);
    else if (connection < 0) this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, EBADF);
  }

  private sendBuffer(
    connection: number,
    context: number,
    address: number,
    length: number,
    flags: number,
  ): number {
    if (!this.sendBuffers.accept(context, address, length)) return DETAILED_STATUS_INVALID_PARAMETER;
    if (
      connection < 0 ||
      this.stack.tcpSend(connection, address, length, context, flags, this.clock.nowUs) !== 0
    ) {
      this.sendBuffers.release(context);
    }
    return 0;
  }

  private sendImmediate(
    connection: number,
    context: number,
    source: number,
    length: number,
    flags: number,
  ): number {
    const address = this.sendBuffers.acceptImmediate(context, length);
    if (address < 0) return DETAILED_STATUS_INVALID_PARAMETER;
    this.dma.move(CARD_IMMEDIATE_COPIES, source, address, length);
    if (
      connection < 0 ||
      this.stack.tcpSend(connection, address, length, context, flags, this.clock.nowUs) !== 0
    ) {
      this.sendBuffers.release(context);
    }
    return 0;
  }

  private receivePost(frame: number, sizeWords: number): void {
    const words = this.words;
    const count = words[frame + 3]!;
    if (
      count < 1 ||
      count > BUCKETS_PER_FRAME ||
      ((words[frame]! >>> 4) & 15) !== SOCKET_RECEIVE_POST_SGL_WORD ||
      SOCKET_RECEIVE_POST_SGL_WORD + count * SGL_CONTEXT_WORDS > sizeWords
    ) {
      this.refuse(frame, DETAILED_STATUS_INVALID_OFFSET);
      return;
    }
    let at = frame + SOCKET_RECEIVE_POST_SGL_WORD;
    let faults = 0;
    for (let i = 0; i < count; i++) {
      const first = words[at]!;
      const shape = (first >>> 24) & ~SGL_LAST;
      const good =
        shape === SGL_BUCKET && this.buckets.post(words[at + 2]!, first & 0xffffff, words[at + 1]!);
      if (!good) faults += 1;
      at += SGL_CONTEXT_WORDS;
    }
    if (faults > 0) this.refuse(frame, DETAILED_STATUS_INVALID_PARAMETER);
    this.deliverer.bucketsPosted(words[frame + 2]!);
  }

  private receiveCredit(frame: number, sizeWords: number): void {
    const words = this.words;
    const count = words[frame + 4]! & 0xff;
    const stride = SOCKET_RECEIVE_CREDIT_LIST_STRIDE;
    if (
      count < 1 ||
      count > BUCKETS_PER_FRAME ||
      SOCKET_RECEIVE_CREDIT_LIST_WORD + count * stride > sizeWords
    ) {
      this.refuse(frame, DETAILED_STATUS_INVALID_OFFSET);
      return;
    }
    let at = frame + SOCKET_RECEIVE_CREDIT_LIST_WORD;
    for (let i = 0; i < count; i++) {
      const socketId = words[at]!;
      const bytes = words[at + 1]!;
      if (socketId >= 0 && socketId < this.sockets.length && bytes > 0) {
        const socket = this.sockets[socketId]!;
        // A credit may cross the close of its socket on the way: then there is nothing to open any more.
        if (socket.kind === KIND_STREAM && socket.connection >= 0) {
          this.stack.tcpConsumed(socket.connection, bytes, this.clock.nowUs);
        }
      } else {
        this.counters[INBOUND_REFUSED] += 1;
      }
      at += stride;
    }
  }

  /** Close and abort answer once nothing else of the socket is pending, since the number is then free. */
  private close(frame: number, functionCode: number): void {
    const words = this.words;
    const socketId = words[frame + 4]! & 0xffff;
    const socket = socketId < this.sockets.length ? this.sockets[socketId]! : undefined;
    if (socket === undefined || socket.kind === KIND_FREE || (socket.pending & PENDING_CLOSE) !== 0) {
      this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, EBADF);
      return;
    }
    this.control.giveUp(socket, functionCode === SOCKET_ABORT);
    socket.closeFunction = functionCode;
    socket.closeInitiatorContext = frameInitiatorContext(words, frame);
    socket.closeTransactionContext = frameTransactionContext(words, frame);
    socket.pending = PENDING_CLOSE;
    this.deliverer.enqueue(socketId);
  }
}

/** The stack's upcalls: they note what is pending, and nothing more, since the stack must not be re-entered. */
export class Upcalls implements SocketOwner {
  private readonly deliverer: Deliverer;
  private readonly sendBuffers: SendBuffers;

  constructor(deliverer: Deliverer, sendBuffers: SendBuffers) {
    this.deliverer = deliverer;
    this.sendBuffers = sendBuffers;
  }

  connected(owner: number, errno: number): void {
    this.deliverer.noteConnected(owner, errno);
  }

  acceptable(owner: number): void {
    this.deliverer.noteAcceptable(owner);
  }

  readable(owner: number): void {
    this.deliverer.noteReadable(owner);
  }

  failed(owner: number, errno: number): void {
    this.deliverer.noteFailed(owner, errno);
  }

  sendDone(context: number): void {
    this.sendBuffers.release(context);
  }
}
