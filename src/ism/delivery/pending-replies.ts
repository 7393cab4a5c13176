/**
 * Makes the replies that do not answer a request at once. Runs at the end of the module's turn, so that a frame carries
 * what several segments brought: it keeps the queue of sockets with something pending and serves each in turn, by
 * `connection-replies`, `data-delivery` and `context-replies`. What finds no outbound frame or no bucket stays pending;
 * nothing is dropped.
 */
import type { Outbound } from '../../iop/reply/outbound.ts';
import type { BatchControl } from '../replies/batch-control.ts';
import type { ConnectionReplies } from '../replies/connection-replies.ts';
import type { ContextReplies } from '../replies/context-replies.ts';
import type { ReceiveRecords } from '../replies/receive-records.ts';
import type { Buckets } from '../sockets/buckets.ts';
import {
  type CardSocket,
  KIND_DATAGRAM,
  PENDING_ACCEPT,
  PENDING_CLOSE,
  PENDING_CONNECT,
  PENDING_FAIL,
  PENDING_READ,
  PENDING_UNPOST,
} from '../sockets/card-socket.ts';
import type { SocketEvents } from '../sockets/socket-events.ts';
import type { DataDelivery } from './data-delivery.ts';

export class PendingReplies {
  readonly contexts: ContextReplies;
  private readonly outbound: Outbound;
  private readonly sockets: readonly CardSocket[];
  private readonly buckets: Buckets;
  private readonly batch: BatchControl;
  private readonly events: SocketEvents;
  private readonly records: ReceiveRecords;
  // The stack needs the upcalls and these need the pendingReplies, so what needs the stack comes last, by `attach`.
  private connections!: ConnectionReplies;
  private data!: DataDelivery;
  /** Sockets with something pending, oldest first: a ring with room for every socket. */
  private readonly queue: Int32Array;
  private queueHead = 0;
  private queueCount = 0;
  /** Sockets wait for buckets only; a turn would change nothing until some are posted. */
  private starved = false;
  private readonly enqueueAccepted = (socketId: number): void => this.enqueue(socketId);

  constructor(
    outbound: Outbound,
    sockets: readonly CardSocket[],
    buckets: Buckets,
    batch: BatchControl,
    events: SocketEvents,
    records: ReceiveRecords,
    contexts: ContextReplies,
  ) {
    this.outbound = outbound;
    this.sockets = sockets;
    this.buckets = buckets;
    this.batch = batch;
    this.events = events;
    this.records = records;
    this.contexts = contexts;
    this.queue = new Int32Array(sockets.length);
  }

  attach(connections: ConnectionReplies, data: DataDelivery): void {
    this.connections = connections;
    this.data = data;
  }

  noteConnected(owner: number, errno: number): void {
    this.sockets[owner].connectErrno = errno;
    this.note(owner, PENDING_CONNECT);
  }

  noteAcceptable(owner: number): void {
    this.note(owner, PENDING_ACCEPT);
  }

  noteReadable(owner: number): void {
    this.note(owner, PENDING_READ);
  }

  noteFailed(owner: number, errno: number): void {
    this.sockets[owner].failErrno = errno;
    this.note(owner, PENDING_FAIL);
  }

  /** Buckets were posted. @param initiatorContext whom the records that fill them are for. */
  bucketsPosted(initiatorContext: number): void {
    this.records.initiatorContext = initiatorContext;
    this.events.bucketsPosted(this.buckets.remaining, this.batch.bucketsLow);
    this.starved = false;
  }

  /** Marks a socket as having something pending. @param bit PENDING_ bits. */
  note(owner: number, bit: number): void {
    this.sockets[owner].pending |= bit;
    this.enqueue(owner);
  }

  /** Puts a socket in the queue, once. */
  enqueue(socketId: number): void {
    const socket = this.sockets[socketId];
    this.starved = false;
    if (socket.queued !== 0) return;
    socket.queued = 1;
    const at = this.queueHead + this.queueCount;
    this.queue[at >= this.queue.length ? at - this.queue.length : at] = socketId;
    this.queueCount += 1;
  }

  /** // Hot path: makes what replies it can. @returns how many sockets, buckets and contexts it served. */
  deliver(): number {
    let work = 0;
    if (this.queueCount > 0 && !this.starved) work = this.serveQueue();
    if (this.buckets.endedWaiting > 0) {
      work += this.data.tellEnded();
      this.records.close();
    }
    return work + this.contexts.deliver();
  }

  nextDeadlineNs(): number {
    return this.contexts.nextDeadlineNs();
  }

  /** Answers what of a socket still waits: the device is quiesced. */
  withdrawSocket(socketId: number, socket: CardSocket): void {
    this.connections.withdraw(socketId, socket);
  }

  /** Answers the contexts and forgets what else is pending: the device is quiesced. */
  withdraw(): void {
    this.records.forget();
    this.contexts.withdraw();
    while (this.queueCount > 0) this.sockets[this.dequeue()].pending = 0;
    this.starved = false;
  }

  private dequeue(): number {
    const socketId = this.queue[this.queueHead];
    this.queueHead = this.queueHead + 1 === this.queue.length ? 0 : this.queueHead + 1;
    this.queueCount -= 1;
    this.sockets[socketId].queued = 0;
    return socketId;
  }

  /** Serves each queued socket once; one that is not done goes to the end. */
  private serveQueue(): number {
    let served = 0;
    let unserved = 0;
    for (let count = this.queueCount; count > 0; count--) {
      const socketId = this.dequeue();
      const socket = this.sockets[socketId];
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
    const { connections } = this;
    let told = false;
    if ((socket.pending & PENDING_UNPOST) !== 0) return connections.tellUnposted(socketId, socket);
    if ((socket.pending & PENDING_CONNECT) !== 0) {
      if (!connections.tellConnect(socketId, socket)) return told;
      told = true;
    }
    if ((socket.pending & PENDING_ACCEPT) !== 0) {
      if (connections.tellAccepts(socketId, socket, this.enqueueAccepted)) told = true;
      if ((socket.pending & PENDING_ACCEPT) !== 0) return told;
    }
    if ((socket.pending & (PENDING_READ | PENDING_FAIL)) !== 0) {
      const moved =
        socket.kind === KIND_DATAGRAM
          ? this.data.tellDatagrams(socketId, socket)
          : this.data.tellStream(socketId, socket);
      if (moved) told = true;
    }
    if ((socket.pending & PENDING_CLOSE) !== 0 && connections.tellClose(socketId, socket)) told = true;
    return told;
  }
}
