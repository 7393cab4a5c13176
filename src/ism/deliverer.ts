/**
 * Makes the replies that do not answer a request at once: data, connections, sockets given up, send contexts. Runs at the
 * end of the module's turn, so that a frame carries much. What finds no frame or bucket stays pending; nothing is dropped.
 */
import type { Region } from '../dma/region.ts';
import { REQUEST_STATUS_ERROR_NO_DATA, REQUEST_STATUS_SUCCESS } from '../i2o/executive.gen.ts';
import {
  RECEIVE_FLAG_END_OF_STREAM,
  RECEIVE_FLAG_ERROR,
  RECEIVE_FLAG_LAST_IN_BUCKET,
  SOCKET_CLOSE,
  writeSocketAbortReply,
  writeSocketAcceptPostReply,
  writeSocketCloseReply,
  writeSocketConnectReply,
  writeSocketSendReply,
} from '../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../i2o/tids.ts';
import { NO_FRAME } from '../i2o/transport.ts';
import type { Outbound } from '../iop/outbound.ts';
import { MEMORY_BUCKETS_STARVED } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ECONNABORTED } from '../socket/errno.ts';
import type { Stack } from '../tcpip/stack.ts';
import { NEVER } from '../time/agent.ts';
import type { Clock } from '../time/clock.ts';
import type { Buckets } from './buckets.ts';
import {
  type CardSocket,
  ENDED_FAILED,
  ENDED_NOT,
  ENDED_STREAM,
  KIND_FREE,
  KIND_LISTENER,
  KIND_STREAM,
  PENDING_ACCEPT,
  PENDING_CLOSE,
  PENDING_CONNECT,
  PENDING_FAIL,
  PENDING_READ,
} from './card-socket.ts';
import { NO_BUCKET, ReceiveRecords } from './receive-records.ts';
import type { SendBuffers } from './send-buffers.ts';

const CONTEXTS_PER_FRAME = 27;
const CONTEXTS_WORD = 5;

export interface DelivererConfig {
  /** How long answered contexts may wait for company, in nanoseconds, unless the host wants them at once. */
  readonly contextHoldNs: number;
}

export class Deliverer {
  /** The latest send's reply mode was Immediate: its contexts do not wait for company. */
  answerAtOnce = false;
  /** InitiatorContext of the latest send: whom answered contexts are for. */
  sendInitiatorContext = 0;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly clock: Clock;
  private readonly outbound: Outbound;
  private readonly sockets: readonly CardSocket[];
  private readonly buckets: Buckets;
  private readonly sendBuffers: SendBuffers;
  private readonly config: DelivererConfig;
  private stack!: Stack;
  /** Sockets with something pending, oldest first: a ring with room for every socket. */
  private readonly queue: Int32Array;
  private queueHead = 0;
  private queueCount = 0;
  private readonly records: ReceiveRecords;
  /** When the oldest answered context began to wait. */
  private contextsDueNs = NEVER;
  /** Sockets wait for buckets only; a turn would change nothing until some are posted. */
  private starved = false;

  constructor(
    region: Region,
    ledger: Ledger,
    clock: Clock,
    outbound: Outbound,
    sockets: readonly CardSocket[],
    buckets: Buckets,
    sendBuffers: SendBuffers,
    config: DelivererConfig,
  ) {
    this.words = region.words;
    this.counters = ledger.counters;
    this.clock = clock;
    this.outbound = outbound;
    this.sockets = sockets;
    this.buckets = buckets;
    this.sendBuffers = sendBuffers;
    this.config = config;
    this.queue = new Int32Array(sockets.length);
    this.records = new ReceiveRecords(outbound, buckets);
  }

  /** The stack needs the upcalls and these need the deliverer, so it learns of the stack last. */
  attach(stack: Stack): void {
    this.stack = stack;
  }

  noteConnected(owner: number, errno: number): void {
    this.sockets[owner]!.connectErrno = errno;
    this.note(owner, PENDING_CONNECT);
  }

  noteAcceptable(owner: number): void {
    this.note(owner, PENDING_ACCEPT);
  }

  noteReadable(owner: number): void {
    this.note(owner, PENDING_READ);
  }

  noteFailed(owner: number, errno: number): void {
    this.sockets[owner]!.failErrno = errno;
    this.note(owner, PENDING_FAIL);
  }

  /** Buckets were posted. @param initiatorContext whom the records that fill them are for. */
  bucketsPosted(initiatorContext: number): void {
    this.records.initiatorContext = initiatorContext;
    this.starved = false;
  }

  /** Puts a socket in the queue, once. */
  enqueue(socketId: number): void {
    const socket = this.sockets[socketId]!;
    this.starved = false;
    if (socket.queued !== 0) return;
    socket.queued = 1;
    const at = this.queueHead + this.queueCount;
    this.queue[at >= this.queue.length ? at - this.queue.length : at] = socketId;
    this.queueCount += 1;
  }

  /** // Hot path: makes what replies it can. @returns how many sockets and contexts it served. */
  deliver(): number {
    let work = 0;
    if (this.queueCount > 0 && !this.starved) work = this.serveQueue();
    const pending = this.sendBuffers.pending;
    if (pending > 0) {
      if (pending >= CONTEXTS_PER_FRAME || this.answerAtOnce || this.clock.nowNs >= this.contextsDueNs) {
        work += this.answerContexts();
      } else if (this.contextsDueNs === NEVER) {
        this.contextsDueNs = this.clock.nowNs + this.config.contextHoldNs;
      }
    }
    return work;
  }

  nextDeadlineNs(): number {
    return this.outbound.short ? NEVER : this.contextsDueNs;
  }

  /**
   * Answers the contexts and forgets what else is pending: the device is quiesced. One frame is left for the executive's
   * own answer; contexts that find none are told when the device is enabled again.
   */
  withdraw(): void {
    while (this.sendBuffers.pending > 0 && this.outbound.ring.available(2) >= 2) this.answerSome();
    while (this.queueCount > 0) this.sockets[this.dequeue()]!.pending = 0;
    this.starved = false;
  }

  private note(owner: number, bit: number): void {
    const socket = this.sockets[owner]!;
    socket.pending |= bit;
    this.enqueue(owner);
  }

  private dequeue(): number {
    const socketId = this.queue[this.queueHead]!;
    this.queueHead = this.queueHead + 1 === this.queue.length ? 0 : this.queueHead + 1;
    this.queueCount -= 1;
    this.sockets[socketId]!.queued = 0;
    return socketId;
  }

  /** Serves each queued socket once; one that is not done goes to the end. */
  private serveQueue(): number {
    let served = 0;
    let unserved = 0;
    for (let count = this.queueCount; count > 0; count--) {
      const socketId = this.dequeue();
      const socket = this.sockets[socketId]!;
      const before = socket.pending;
      const progress = this.serve(socketId, socket);
      if (progress) served += 1;
      if (socket.pending !== 0) {
        this.enqueue(socketId);
        if (!progress && socket.pending === before) unserved += 1;
      }
    }
    this.records.close();
    this.starved = unserved > 0 && unserved === this.queueCount && !this.outbound.short;
    return served;
  }

  /** Tells the host what is pending of one socket, in order. @returns whether anything was told. */
  private serve(socketId: number, socket: CardSocket): boolean {
    let told = false;
    if ((socket.pending & PENDING_CONNECT) !== 0) {
      if (!this.tellConnect(socketId, socket)) return told;
      told = true;
    }
    if ((socket.pending & PENDING_ACCEPT) !== 0) {
      if (this.tellAccepts(socketId, socket)) told = true;
      if ((socket.pending & PENDING_ACCEPT) !== 0) return told;
    }
    if ((socket.pending & (PENDING_READ | PENDING_FAIL)) !== 0) {
      if (this.tellData(socketId, socket)) told = true;
    }
    if ((socket.pending & PENDING_CLOSE) !== 0 && this.tellClose(socketId, socket)) told = true;
    return told;
  }

  private tellConnect(socketId: number, socket: CardSocket): boolean {
    const frame = this.acquire();
    if (frame === NO_FRAME) return false;
    const errno = socket.connectErrno;
    writeSocketConnectReply(
      this.words,
      frame,
      DEVICE_TID,
      HOST_TID,
      socket.initiatorContext,
      socket.transactionContext,
      errno === 0 ? REQUEST_STATUS_SUCCESS : REQUEST_STATUS_ERROR_NO_DATA,
      errno,
      socketId,
      errno === 0 ? this.stack.tcpLocalPort(socket.connection) : 0,
      errno === 0 ? this.stack.tcpLocalAddress(socket.connection) : 0,
    );
    this.outbound.post();
    socket.pending &= ~PENDING_CONNECT;
    return true;
  }

  /** Gives waiting connections to posted numbers, as many as there are of both. */
  private tellAccepts(listenerId: number, listener: CardSocket): boolean {
    let told = false;
    while (listener.postedHead >= 0) {
      if (!this.hasFrame()) return told;
      const acceptedId = listener.postedHead;
      const connection = this.stack.tcpAccept(listener.connection, acceptedId);
      if (connection < 0) break;
      const accepted = this.sockets[acceptedId]!;
      listener.postedHead = accepted.postedNext;
      if (listener.postedHead < 0) listener.postedTail = -1;
      accepted.kind = KIND_STREAM;
      accepted.connection = connection;
      accepted.postedNext = -1;
      this.answerPosted(acceptedId, accepted, listenerId, 0);
      this.note(acceptedId, PENDING_READ);
      told = true;
    }
    listener.pending &= ~PENDING_ACCEPT;
    return told;
  }

  /** Answers one posted number: with its connection, or with an errno. The caller knows a frame is free. */
  private answerPosted(acceptedId: number, accepted: CardSocket, listenerId: number, errno: number): void {
    const { stack } = this;
    const connection = accepted.connection;
    const good = errno === 0;
    writeSocketAcceptPostReply(
      this.words,
      this.acquire(),
      DEVICE_TID,
      HOST_TID,
      accepted.initiatorContext,
      acceptedId,
      good ? REQUEST_STATUS_SUCCESS : REQUEST_STATUS_ERROR_NO_DATA,
      errno,
      listenerId,
      acceptedId,
      good ? stack.tcpRemoteAddress(connection) : 0,
      good ? stack.tcpRemotePort(connection) : 0,
      good ? stack.tcpLocalPort(connection) : 0,
      good ? stack.tcpLocalAddress(connection) : 0,
    );
    this.outbound.post();
  }

  /** Moves in-order data to buckets, then tells the end of the stream or the failure. */
  private tellData(socketId: number, socket: CardSocket): boolean {
    const { stack, buckets } = this;
    const connection = socket.connection;
    let told = false;
    if (connection >= 0) {
      while (stack.tcpReadable(connection) > 0) {
        if (!this.records.open()) return told;
        const bucket = buckets.take(socketId);
        if (bucket < 0) {
          this.counters[MEMORY_BUCKETS_STARVED] += 1;
          return told;
        }
        const length = stack.tcpTake(connection, buckets.addressOf(bucket), buckets.bucketBytes);
        this.records.add(buckets.contextOf(bucket), socketId, RECEIVE_FLAG_LAST_IN_BUCKET, length, 0);
        told = true;
      }
    }
    if (socket.ended === ENDED_NOT && connection >= 0 && stack.tcpEndOfStream(connection)) {
      if (!this.records.open()) return told;
      this.records.add(NO_BUCKET, socketId, RECEIVE_FLAG_END_OF_STREAM, 0, 0);
      socket.ended = ENDED_STREAM;
      told = true;
    }
    if (socket.ended !== ENDED_FAILED && (socket.pending & PENDING_FAIL) !== 0) {
      if (!this.records.open()) return told;
      this.records.add(NO_BUCKET, socketId, RECEIVE_FLAG_ERROR, 0, socket.failErrno);
      socket.ended = ENDED_FAILED;
      told = true;
    }
    socket.pending &= ~(PENDING_READ | PENDING_FAIL);
    return told;
  }

  /** Answers every number still posted at a listener, then says that the socket's own number is free. */
  private tellClose(socketId: number, socket: CardSocket): boolean {
    let told = false;
    while (socket.kind === KIND_LISTENER && socket.postedHead >= 0) {
      if (!this.hasFrame()) return told;
      const postedId = socket.postedHead;
      const posted = this.sockets[postedId]!;
      socket.postedHead = posted.postedNext;
      this.answerPosted(postedId, posted, socketId, ECONNABORTED);
      posted.clear();
      told = true;
    }
    const frame = this.acquire();
    if (frame === NO_FRAME) return told;
    const write = socket.closeFunction === SOCKET_CLOSE ? writeSocketCloseReply : writeSocketAbortReply;
    write(
      this.words,
      frame,
      DEVICE_TID,
      HOST_TID,
      socket.closeInitiatorContext,
      socket.closeTransactionContext,
      REQUEST_STATUS_SUCCESS,
      0,
      socketId,
    );
    this.outbound.post();
    socket.clear();
    socket.kind = KIND_FREE;
    this.buckets.forget(socketId);
    return true;
  }

  private answerContexts(): number {
    let answered = 0;
    while (this.sendBuffers.pending > 0) {
      const count = this.answerSome();
      if (count === 0) return answered;
      answered += count;
    }
    this.contextsDueNs = NEVER;
    return answered;
  }

  /** Answers as many contexts as one frame holds. @returns how many; 0 when there was no frame. */
  private answerSome(): number {
    const { sendBuffers, words } = this;
    const frame = this.acquire();
    if (frame === NO_FRAME) return 0;
    const count = Math.min(sendBuffers.pending, CONTEXTS_PER_FRAME);
    for (let i = 0; i < count; i++) words[frame + CONTEXTS_WORD + i] = sendBuffers.next();
    writeSocketSendReply(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      this.sendInitiatorContext,
      REQUEST_STATUS_SUCCESS,
      0,
      count,
      0,
      CONTEXTS_WORD + count,
    );
    this.outbound.post();
    return count;
  }

  /** Acquires a frame for a reply of its own: the open record frame goes first, so that order is kept. */
  private acquire(): number {
    this.records.close();
    return this.outbound.acquire();
  }

  /** Whether `acquire` would find a frame. */
  private hasFrame(): boolean {
    this.records.close();
    return this.outbound.hasFrame();
  }
}
