/**
 * The stack's upcalls. They note what is pending and do nothing more, since the stack calls them in the
 * middle of its work and must not be entered again. `PendingReplies` tells the host at the end of the turn.
 */
import type { SocketOwner } from '../../tcpip/contract.ts';
import { PENDING_ACCEPT, PENDING_READ, PENDING_SENT, PENDING_URGENT } from '../sockets/card-socket.ts';
import type { PendingSockets } from '../sockets/pending-sockets.ts';
import type { SendBuffers } from '../sockets/send-buffers.ts';
import type { SocketEvents } from '../sockets/socket-events.ts';

/** `owner` is the socket number that the module gave the stack with the connection. */
export class Upcalls implements SocketOwner {
  private readonly pending: PendingSockets;
  private readonly sendBuffers: SendBuffers;
  private readonly events: SocketEvents;
  /** Whether the host knows of Urgent records: since version 3 of the class. */
  private readonly tellsUrgent: boolean;

  constructor(pending: PendingSockets, sendBuffers: SendBuffers, events: SocketEvents, tellsUrgent: boolean) {
    this.tellsUrgent = tellsUrgent;
    this.pending = pending;
    this.sendBuffers = sendBuffers;
    this.events = events;
  }

  connected(owner: number, errno: number): void {
    this.pending.noteConnected(owner, errno);
  }

  acceptable(owner: number): void {
    this.pending.note(owner, PENDING_ACCEPT);
  }

  readable(owner: number): void {
    this.pending.note(owner, PENDING_READ);
  }

  urgent(owner: number): void {
    if (this.tellsUrgent) this.pending.note(owner, PENDING_READ | PENDING_URGENT);
  }

  sent(owner: number): void {
    this.pending.note(owner, PENDING_SENT);
  }

  failed(owner: number, errno: number): void {
    this.pending.noteFailed(owner, errno);
  }

  stateChanged(owner: number, before: number, state: number): void {
    this.events.connectionState(owner, before, state);
  }

  overflowed(owner: number): void {
    this.events.listenOverflow(owner);
  }

  addressSettled(port: number, outcome: number): void {
    this.events.addressSettled(port, outcome);
  }

  sendDone(context: number): void {
    this.sendBuffers.release(context);
  }
}
