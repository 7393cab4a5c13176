/**
 * Makes the replies that do not answer a request at once. Runs at the end of the module's turn, so that a
 * frame carries what several segments brought: takes each socket from the queue of `PendingSockets` and tells
 * the host what is pending of it, by `connection-replies` and `data-delivery`; then tells of the contexts, by
 * `context-replies`. What finds no outbound frame or no bucket stays pending; nothing is dropped.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';
import type { BatchControl } from '../replies/batch-control.ts';
import type { ConnectionReplies } from '../replies/connection-replies.ts';
import type { ContextReplies } from '../replies/context-replies.ts';
import type { ReceiveRecords } from '../replies/receive-records.ts';
import type { Buckets } from '../sockets/buckets.ts';
import {
  type CardSocket,
  KIND_DATAGRAM,
  KIND_FREE,
  PENDING_ACCEPT,
  PENDING_CLOSE,
  PENDING_CONNECT,
  PENDING_FAIL,
  PENDING_READ,
  PENDING_SENT,
  PENDING_UNPOST,
} from '../sockets/card-socket.ts';
import type { PendingSockets } from '../sockets/pending-sockets.ts';
import type { SocketEvents } from '../sockets/socket-events.ts';
import type { DataDelivery } from './data-delivery.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** What pending replies work with. */
export interface PendingRepliesParts {
  readonly outbound: Outbound;
  readonly sockets: readonly CardSocket[];
  readonly pending: PendingSockets;
  readonly buckets: Buckets;
  readonly batch: BatchControl;
  readonly events: SocketEvents;
  readonly records: ReceiveRecords;
  readonly contexts: ContextReplies;
  readonly connections: ConnectionReplies;
  readonly data: DataDelivery;
}

export class PendingReplies {
  private readonly outbound: Outbound;
  private readonly sockets: readonly CardSocket[];
  private readonly pending: PendingSockets;
  private readonly buckets: Buckets;
  private readonly batch: BatchControl;
  private readonly events: SocketEvents;
  private readonly records: ReceiveRecords;
  private readonly contexts: ContextReplies;
  private readonly connections: ConnectionReplies;
  private readonly data: DataDelivery;

  constructor(parts: PendingRepliesParts) {
    this.outbound = parts.outbound;
    this.sockets = parts.sockets;
    this.pending = parts.pending;
    this.buckets = parts.buckets;
    this.batch = parts.batch;
    this.events = parts.events;
    this.records = parts.records;
    this.contexts = parts.contexts;
    this.connections = parts.connections;
    this.data = parts.data;
  }

  /**
   * Buckets were posted: sockets that waited for one are served again.
   * @param initiatorContext whom records are now for.
   */
  bucketsPosted(initiatorContext: number): void {
    this.records.initiatorContext = initiatorContext;
    this.events.bucketsPosted(this.buckets.remaining, this.batch.bucketsLow);
    this.pending.starved = false;
  }

  /**
   * Makes what replies it can. // Hot path.
   * @returns how many sockets, buckets and contexts it has served.
   */
  deliver(): number {
    let work = 0;
    if (this.pending.count > 0 && !this.pending.starved) work = this.serveQueue();
    if (this.buckets.endedWaiting > 0) {
      work += this.data.tellEnded();
      this.records.close();
    }
    return work + this.contexts.deliver();
  }

  /**
   * When the module next wants a turn for its replies, in clock nanoseconds; NEVER if none waits for company.
   */
  nextDeadlineNs(): number {
    return this.contexts.nextDeadlineNs();
  }

  /** The device is quiesced: answers the requests about a socket that still wait. */
  withdrawSocket(socketId: number, socket: CardSocket): void {
    this.connections.withdraw(socketId, socket);
  }

  /** The device is quiesced: answers the contexts, and forgets what else is pending. */
  withdraw(): void {
    this.records.forget();
    this.contexts.withdraw();
    this.pending.clear();
  }

  /**
   * The IOP is reset: contexts and outcomes that found no frame are never told, since the host has taken back
   * all it had lent.
   */
  forget(): void {
    this.contexts.forget();
  }

  /** Serves each queued socket once. A socket that is not done goes to the end of the queue. */
  private serveQueue(): number {
    const { pending, sockets } = this;
    let served = 0;
    let unserved = 0;
    for (let left = pending.count; left > 0; left--) {
      const socketId = pending.dequeue();
      const socket = sockets[socketId];
      const before = socket.pending;
      const progress = this.serve(socketId, socket);
      if (progress) served += 1;
      if (socket.pending !== 0) {
        if (COSTLY) checkKind(socket);
        pending.enqueue(socketId);
        if (!progress && socket.pending === before) unserved += 1;
      }
    }
    this.records.close();
    pending.starved = unserved > 0 && unserved === pending.count && !this.outbound.short;
    if (COSTLY) this.buckets.check();
    return served;
  }

  /**
   * Tells the host what is pending of one socket, in order: what finds no frame or bucket holds up what comes
   * after it.
   * @returns whether anything was told.
   */
  private serve(socketId: number, socket: CardSocket): boolean {
    const { connections } = this;
    let told = false;
    if ((socket.pending & PENDING_UNPOST) !== 0) return connections.tellUnposted(socketId, socket);
    if ((socket.pending & PENDING_CONNECT) !== 0) {
      if (!connections.tellConnect(socketId, socket)) return told;
      told = true;
    }
    if ((socket.pending & PENDING_ACCEPT) !== 0) {
      if (connections.tellAccepts(socketId, socket)) told = true;
      if ((socket.pending & PENDING_ACCEPT) !== 0) return told;
    }
    if ((socket.pending & (PENDING_READ | PENDING_FAIL)) !== 0) {
      const moved =
        socket.kind === KIND_DATAGRAM
          ? this.data.tellDatagrams(socketId, socket)
          : this.data.tellStream(socketId, socket);
      if (moved) told = true;
    }
    if ((socket.pending & PENDING_SENT) !== 0 && this.data.tellSent(socketId, socket)) told = true;
    if ((socket.pending & PENDING_CLOSE) !== 0 && connections.tellClose(socketId, socket)) told = true;
    return told;
  }
}

function checkKind({ kind }: CardSocket): void {
  assert(kind !== KIND_FREE, 'pending replies: nothing is pending of a number that is free');
}
