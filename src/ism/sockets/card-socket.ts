/** What the socket module knows of one socket number. Made once for every number there can be; only numbers inside. */
import { REQUEST_STATUS_ERROR_NO_DATA } from '../../i2o/executive.gen.ts';
import { REPLY_MODE_BATCH } from '../../i2o/socket.gen.ts';

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
/** A posted number goes back without its connection: aborted, or its listener listens no more. */
export const PENDING_UNPOST = 32;

/** Values of `ended`: what the host has been told of the end. */
export const ENDED_NOT = 0;
export const ENDED_STREAM = 1;
export const ENDED_FAILED = 2;

/** Whether a program has the socket: requests about it are served. */
export function isOpen({ kind, connection, pending }: CardSocket): boolean {
  const numbered = kind === KIND_STREAM || kind === KIND_LISTENER || kind === KIND_DATAGRAM;
  return numbered && connection >= 0 && (pending & PENDING_CLOSE) === 0;
}

/** What a send remembers of its socket: the number, and which of the number's lives it is. */
export function sendTag(socketId: number, socket: CardSocket): number {
  return socketId | (socket.generation << 16);
}

export class CardSocket {
  kind: number = KIND_FREE;
  /** Counts the number's lives, 0 to 32767. */
  generation = 0;
  /** The stack's number of the connection or datagram socket; -1 for none. */
  connection = -1;
  pending = 0;
  /** In the module's queue of sockets with something pending. */
  queued = 0;
  /** errno to tell with PENDING_CONNECT and with PENDING_FAIL. */
  connectErrno = 0;
  failErrno = 0;
  ended: number = ENDED_NOT;
  /** Of the SocketConnect that PENDING_CONNECT answers: when it wants an answer; 1 while its handshake goes on. */
  connectMode: number = REPLY_MODE_BATCH;
  connecting = 0;
  /** ReqStatus to tell with an unsuccessful PENDING_CONNECT, and with PENDING_UNPOST. */
  endStatus: number = REQUEST_STATUS_ERROR_NO_DATA;
  /** errno to tell with PENDING_UNPOST, and the listener the number was posted for. */
  unpostErrno = 0;
  postedFor = -1;
  /** A datagram socket whose sending half has been shut down. */
  sendEnded = 0;
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
    this.generation = (this.generation + 1) & 0x7fff;
    this.connection = -1;
    this.pending = 0;
    this.connectErrno = 0;
    this.failErrno = 0;
    this.ended = ENDED_NOT;
    this.connectMode = REPLY_MODE_BATCH;
    this.connecting = 0;
    this.endStatus = REQUEST_STATUS_ERROR_NO_DATA;
    this.unpostErrno = 0;
    this.postedFor = -1;
    this.sendEnded = 0;
    this.postedHead = -1;
    this.postedTail = -1;
    this.postedNext = -1;
  }
}
