/**
 * The device's events: the class bits of a UtilEventRegister mask. From the stack and from delivery: what
 * happened. To the IOP's event source: an event bit and its data word. Where nobody has registered, an event
 * costs the test of a mask.
 */
import { assert } from '../../assert/assert.ts';
import {
  CONNECTION_STATE_EVENT_WORDS,
  SOCKET_EVENT_ADDRESS,
  SOCKET_EVENT_BUCKETS_LOW,
  SOCKET_EVENT_CONNECTION_STATE,
  SOCKET_EVENT_LISTEN_OVERFLOW,
  writeAddressEvent,
} from '../../i2o/socket.gen.ts';
import { SOCKET_ID_MAX, writeStateEvent } from '../../i2o/socket-number.ts';
import type { EventSource } from '../../iop/module/module.ts';

/** The events the device may raise. */
export const SOCKET_EVENTS =
  SOCKET_EVENT_CONNECTION_STATE | SOCKET_EVENT_BUCKETS_LOW | SOCKET_EVENT_LISTEN_OVERFLOW;

/** Those of class version 3 besides. */
export const SOCKET_EVENTS_3 = SOCKET_EVENTS | SOCKET_EVENT_ADDRESS;

const NOBODY: EventSource = { raise: () => {} };

export class SocketEvents {
  private source = NOBODY;
  /** BucketsLow has been raised, and the pool has not recovered since. */
  private low = false;
  /** Where the data word of a state change is put together. */
  private readonly data = new Int32Array(CONNECTION_STATE_EVENT_WORDS);

  /** Says where the events go: once, before the first turn. Until then they go nowhere. */
  attach(source: EventSource): void {
    assert(this.source === NOBODY, 'socket events: the events go to one source');
    this.source = source;
  }

  /** A connection has changed its state. @param before @param state numbers of the spec's TcpState. */
  connectionState(socketId: number, before: number, state: number): void {
    assert(
      socketId >= 0 && socketId <= SOCKET_ID_MAX,
      'socket events: a state change is of a numbered socket',
    );
    assert(before !== state, 'socket events: a state change ends in another state');
    writeStateEvent(this.data, 0, socketId, before, state);
    this.source.raise(SOCKET_EVENT_CONNECTION_STATE, this.data[0]);
  }

  /** A listener has turned a connection away, since its queue was full. */
  listenOverflow(listenerId: number): void {
    this.source.raise(SOCKET_EVENT_LISTEN_OVERFLOW, listenerId);
  }

  /** What became of the address of a port. @param outcome a number of the spec's AddressOutcome. */
  addressSettled(port: number, outcome: number): void {
    assert(outcome > 0, 'socket events: what became of an address has a number');
    writeAddressEvent(this.data, 0, port, outcome);
    this.source.raise(SOCKET_EVENT_ADDRESS, this.data[0]);
  }

  /**
   * Few buckets are left. The event is raised once, until `bucketsPosted` finds that the pool has recovered.
   */
  bucketsLow(remaining: number): void {
    if (this.low) return;
    this.low = true;
    this.source.raise(SOCKET_EVENT_BUCKETS_LOW, remaining);
  }

  /** Buckets were posted. Above twice the watermark the pool has recovered, and the event may come again. */
  bucketsPosted(remaining: number, watermark: number): void {
    if (remaining > 2 * watermark) this.low = false;
  }
}
