/** What the socket module knows of one socket number. Made once for every number there can be; only numbers inside. */
export const KIND_FREE = 0;
/** Created: a stream that is neither connected nor listening yet, or is. */
export const KIND_STREAM = 1;
export const KIND_LISTENER = 2;
/** Posted for an accept, waiting for its connection. */
export const KIND_POSTED = 3;
export const KIND_DATAGRAM = 4;

/** Bits of `pending`: what the host must still be told, in the order it is told. */
export const PENDING_CONNECT = 1;
export const PENDING_ACCEPT = 2;
export const PENDING_READ = 4;
export const PENDING_FAIL = 8;
export const PENDING_CLOSE = 16;

/** Values of `ended`: what the host has been told of the end. */
export const ENDED_NOT = 0;
export const ENDED_STREAM = 1;
export const ENDED_FAILED = 2;

export class CardSocket {
  kind: number = KIND_FREE;
  /** The stack's number of the connection or datagram socket; -1 for none. */
  connection = -1;
  pending = 0;
  /** In the module's queue of sockets with something pending. */
  queued = 0;
  /** errno to tell with PENDING_CONNECT and with PENDING_FAIL. */
  connectErrno = 0;
  failErrno = 0;
  ended: number = ENDED_NOT;
  /** Contexts of the request that PENDING_CONNECT, an accept or PENDING_CLOSE answers. */
  initiatorContext = 0;
  transactionContext = 0;
  closeFunction = 0;
  closeInitiatorContext = 0;
  closeTransactionContext = 0;
  /** A listener's posted numbers, oldest first; -1 ends the list. */
  postedHead = -1;
  postedTail = -1;
  /** The next posted number of the same listener. */
  postedNext = -1;

  /** Back to KIND_FREE with nothing pending; `queued` stays true to the queue. */
  clear(): void {
    this.kind = KIND_FREE;
    this.connection = -1;
    this.pending = 0;
    this.connectErrno = 0;
    this.failErrno = 0;
    this.ended = ENDED_NOT;
    this.postedHead = -1;
    this.postedTail = -1;
    this.postedNext = -1;
  }
}
