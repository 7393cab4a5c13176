/** The stack's upcalls: they note what is pending, and nothing more, since the stack must not be re-entered. */
import type { SocketOwner } from '../tcpip/contract.ts';
import type { Deliverer } from './deliverer.ts';
import type { SendBuffers } from './send-buffers.ts';
import type { SocketEvents } from './socket-events.ts';

export class Upcalls implements SocketOwner {
  private readonly deliverer: Deliverer;
  private readonly sendBuffers: SendBuffers;
  private readonly events: SocketEvents;

  constructor(deliverer: Deliverer, sendBuffers: SendBuffers, events: SocketEvents) {
    this.deliverer = deliverer;
    this.sendBuffers = sendBuffers;
    this.events = events;
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
