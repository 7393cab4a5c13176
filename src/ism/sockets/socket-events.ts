/**
 * The device's events (class bits of SocketEvent). From the stack and from delivery: what happened. To the IOP's event
 * source: event and data word, which costs a test of a mask when nobody registered.
 */
import {
  SOCKET_EVENT_BUCKETS_LOW,
  SOCKET_EVENT_CONNECTION_STATE,
  SOCKET_EVENT_LISTEN_OVERFLOW,
} from '../../i2o/socket.gen.ts';
import type { EventSource } from '../../iop/module/module.ts';

export const SOCKET_EVENTS =
  SOCKET_EVENT_CONNECTION_STATE | SOCKET_EVENT_BUCKETS_LOW | SOCKET_EVENT_LISTEN_OVERFLOW;

const NOBODY: EventSource = { raise: () => {} };

export class SocketEvents {
  private source = NOBODY;
  /** BucketsLow has been raised and the pool has not recovered since. */
  private low = false;

  attach(source: EventSource): void {
    this.source = source;
  }

  /** @param before @param state TCP states. */
  connectionState(socketId: number, before: number, state: number): void {
    this.source.raise(SOCKET_EVENT_CONNECTION_STATE, socketId | (before << 16) | (state << 24));
  }

  listenOverflow(listenerId: number): void {
    this.source.raise(SOCKET_EVENT_LISTEN_OVERFLOW, listenerId);
  }

  /** Few buckets are left. Raised once until `bucketsPosted` finds the pool recovered. */
  bucketsLow(remaining: number): void {
    if (this.low) return;
    this.low = true;
    this.source.raise(SOCKET_EVENT_BUCKETS_LOW, remaining);
  }

  /** Buckets were posted: above twice the watermark, the event may come again. */
  bucketsPosted(remaining: number, watermark: number): void {
    if (remaining > 2 * watermark) this.low = false;
  }
}
