/** The stack's upcalls: they note what is pending, and nothing more, since the stack must not be re-entered. */
import type { SocketOwner } from '../../tcpip/contract.ts';
import type { SendBuffers } from '../sockets/send-buffers.ts';
import type { SocketEvents } from '../sockets/socket-events.ts';
import type { PendingReplies } from './pending-replies.ts';

export class Upcalls implements SocketOwner {
  private readonly pendingReplies: PendingReplies;
  private readonly sendBuffers: SendBuffers;
  private readonly events: SocketEvents;

  constructor(pendingReplies: PendingReplies, sendBuffers: SendBuffers, events: SocketEvents) {
    this.pendingReplies = pendingReplies;
    this.sendBuffers = sendBuffers;
    this.events = events;
  }

  connected(owner: number, errno: number): void {
    this.pendingReplies.noteConnected(owner, errno);
  }

  acceptable(owner: number): void {
    this.pendingReplies.noteAcceptable(owner);
  }

  readable(owner: number): void {
    this.pendingReplies.noteReadable(owner);
  }

  failed(owner: number, errno: number): void {
    this.pendingReplies.noteFailed(owner, errno);
  }

  stateChanged(owner: number, before: number, state: number): void {
    this.events.connectionState(owner, before, state);
  }

  overflowed(owner: number): void {
    this.events.listenOverflow(owner);
  }

  sendDone(context: number): void {
    this.sendBuffers.release(context);
  }
}
