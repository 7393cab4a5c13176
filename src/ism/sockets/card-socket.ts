/**
 * What the card knows of one socket number. One object for each number is made at start; it holds numbers
 * only.
 */
import { assert } from '../../assert/assert.ts';
import { REQUEST_STATUS_ERROR_NO_DATA } from '../../i2o/executive.gen.ts';
import { REPLY_MODE_BATCH } from '../../i2o/socket.gen.ts';
import { nextTag } from '../../i2o/socket-number.ts';

/** What a number stands for. */
export const KIND_FREE = 0;
/** Created as a stream: unconnected, connecting or connected. It becomes a listener by SocketListen. */
export const KIND_STREAM = 1;
export const KIND_LISTENER = 2;
/** Posted at a listener by SocketAcceptPost: it waits for its connection, and then becomes a stream. */
export const KIND_POSTED = 3;
export const KIND_DATAGRAM = 4;

/** Bits of `pending`: what the host must still be told, in the order in which it is told. */
export const PENDING_CONNECT = 1;
export const PENDING_ACCEPT = 2;
export const PENDING_READ = 4;
export const PENDING_FAIL = 8;
export const PENDING_CLOSE = 16;
/**
 * A posted number goes back without a connection: an abort has ended its request, or its listener listens no
 * more.
 */
export const PENDING_UNPOST = 32;
/** Fewer bytes wait to be sent than did: where TCP_NOTSENT_LOWAT is set, the host may have to hear of it. */
export const PENDING_SENT = 64;
/** There is an urgent byte, or it has come: told before the bytes that PENDING_READ is about. */
export const PENDING_URGENT = 128;

/** Values of `ended`: which end of its data the host has been told of. */
export const ENDED_NOT = 0;
export const ENDED_STREAM = 1;
export const ENDED_FAILED = 2;

/** Whether a program has the socket, so that requests about it are served. */
export function isOpen({ kind, connection, pending }: CardSocket): boolean {
  const created = kind === KIND_STREAM || kind === KIND_LISTENER || kind === KIND_DATAGRAM;
  return created && connection >= 0 && (pending & PENDING_CLOSE) === 0;
}

export class CardSocket {
  /** KIND_ number. */
  kind: number = KIND_FREE;
  /**
   * What a send remembers of its socket: the number, and which of the number's lives it is (i2o/socket-number.ts).
   * A buffer may come back after its socket was closed and its number used again; the tag then no longer matches.
   */
  tag: number;
  /** The stack's number of the connection or of the datagram socket; -1: the stack has none for it. */
  connection = -1;
  /** PENDING_ bits. */
  pending = 0;
  /** 1: in the queue of `PendingSockets`. */
  queued = 0;
  /** errno to tell with PENDING_CONNECT; 0: the connect has succeeded. */
  connectErrno = 0;
  /** errno to tell with PENDING_FAIL. */
  failErrno = 0;
  /** ENDED_ number. */
  ended: number = ENDED_NOT;
  /** Reply mode of the SocketConnect that PENDING_CONNECT answers. */
  connectMode: number = REPLY_MODE_BATCH;
  /** 1: a SocketConnect has begun and has not been answered. */
  connecting = 0;
  /** ReqStatus to tell with an unsuccessful PENDING_CONNECT, and with PENDING_UNPOST. */
  endStatus: number = REQUEST_STATUS_ERROR_NO_DATA;
  /** errno to tell with PENDING_UNPOST. */
  unpostErrno = 0;
  /** The listener that a posted number was posted for; -1 for none. */
  postedFor = -1;
  /** 1: its connection is at rest, as another stack may take it over. */
  exported = 0;
  /** 1: a datagram socket whose sending half has been shut down. */
  sendEnded = 0;
  /** Where the host's bytes begin in the connection's sequence numbers. */
  firstSeq = 0;
  /** How many of them the host has been told were sent, modulo 2^32. */
  sentTold = 0;
  /** Contexts of the SocketConnect or SocketAcceptPost that is to be answered. */
  initiatorContext = 0;
  transactionContext = 0;
  /** Function and contexts of the SocketClose or SocketAbort that PENDING_CLOSE answers. */
  closeFunction = 0;
  closeInitiatorContext = 0;
  closeTransactionContext = 0;
  /** A listener's posted numbers, oldest first; -1 ends the list. */
  postedHead = -1;
  postedTail = -1;
  /** The next posted number of the same listener. */
  postedNext = -1;

  private readonly idBits: number;

  /** @param socketId its number. @param idBits as of `tagIdBits`, of all numbers there are. */
  constructor(socketId = 0, idBits = 16) {
    assert(socketId >>> idBits === 0, 'card socket: a tag has room for the socket number');
    this.tag = socketId;
    this.idBits = idBits;
  }

  /** The host has a connection from here on. @param seq where its bytes begin. */
  begins(seq: number): void {
    this.firstSeq = seq;
    this.sentTold = 0;
  }

  /**
   * The number is free again, with nothing pending. `queued` is left alone: the number may still lie in the
   * queue.
   */
  clear(): void {
    this.kind = KIND_FREE;
    this.tag = nextTag(this.tag, this.idBits);
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
    this.exported = 0;
    this.sendEnded = 0;
    this.begins(0);
    this.postedHead = -1;
    this.postedTail = -1;
    this.postedNext = -1;
  }
}

/**
 * Holds a socket's fields against each other; costs several compares, so only where costly assertions run.
 */
export function checkCardSocket(socket: CardSocket): void {
  const { kind, connection, postedFor, postedHead, postedTail } = socket;
  assert(kind !== KIND_FREE || connection < 0, 'card socket: a free number has no connection');
  assert(kind !== KIND_POSTED || connection < 0, 'card socket: a posted number has no connection yet');
  assert(kind !== KIND_POSTED || postedFor >= 0, 'card socket: a posted number knows its listener');
  assert(kind === KIND_LISTENER || postedHead < 0, 'card socket: only a listener has posted numbers');
  assert(postedHead < 0 === postedTail < 0, 'card socket: a list of posted numbers has both ends or neither');
  // A connect that was refused is still to be answered when its socket may already have been made a listener.
  const stream = kind === KIND_STREAM || kind === KIND_LISTENER;
  assert(stream || socket.connecting === 0, 'card socket: only a stream connects');
}
