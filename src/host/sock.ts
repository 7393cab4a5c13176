/**
 * What the host's own stack knows of one socket beside its connection, after Linux's `struct sock`: what
 * calls have heard, which halves they have ended, and how much kernel memory its sends hold.
 */

import { SHUT_RD, SHUT_WR } from '../socket/contract.ts';
import { clearMark, URGENT_NONE, type UrgentMark } from '../socket/urgent-mark.ts';
import { OPTION_ERROR } from '../tcpip/tcp/options.ts';
import { CLOSE_WAIT, CLOSED, CLOSING, LAST_ACK, TIME_WAIT } from '../tcpip/tcp/state.ts';

export const SOCK_FREE = 0;
/** As new: it has no connection, and may be given one. */
export const SOCK_OPEN = 1;
export const SOCK_LISTENING = 2;
export const SOCK_CONNECTING = 3;
export const SOCK_CONNECTED = 4;
/** Its connection failed, or never came about. */
export const SOCK_FAILED = 5;
/** A socket for datagrams. */
export const SOCK_DATAGRAM = 6;

export class Sock implements UrgentMark {
  state = SOCK_FREE;
  /** The stack's number of its connection, or of its datagrams; -1 while free. */
  connection = -1;
  /** How often the socket's number has been given out: sends that outlive a socket are told by it. */
  generation = 0;
  /** What waits in SO_ERROR, positive. */
  errno = 0;
  /** 1 once a call has heard that there is a connection. */
  connectTold = 0;
  /** 1 for halves that the program has ended. */
  readEnded = 0;
  writeEnded = 0;
  /** 1 once its address was let go of by a bind that found the port taken. */
  nameless = 0;
  /** 1 once a bind has named its address. */
  named = 0;
  /** 1 once a bind has given it a port after its connection was over. */
  rebound = 0;
  /** 1 after a shutdown of a connection that was over before any call had heard of it. */
  disconnecting = 0;
  /** Bytes of kernel memory that its sends hold, against SO_SNDBUF. */
  sendingBytes = 0;
  sendBufferBytes = 0;
  /** SO_RCVLOWAT, and TCP_NOTSENT_LOWAT (0: none). */
  receiveLowBytes = 1;
  unsentLowBytes = 0;
  /** Urgent data (`socket/urgent-mark.ts`). */
  urgent = URGENT_NONE;
  urgentAhead = 0;
  urgentByte = 0;
  urgentInline = 0;
  /** Earlier urgent bytes that come first among the unread ones, and are to be thrown away. */
  urgentDrops = 0;
  /** The block that its next send goes on in, and how much of that is written; -1: none. */
  block = -1;
  blockUsed = 0;

  get isDatagram(): boolean {
    return this.state === SOCK_DATAGRAM;
  }

  /** A socket is made of it. */
  open(state: number, connection: number, sendBufferBytes: number): void {
    this.state = state;
    this.connection = connection;
    this.sendBufferBytes = sendBufferBytes;
    this.receiveLowBytes = 1;
    this.unsentLowBytes = 0;
    clearMark(this);
    this.urgentDrops = 0;
    this.urgentInline = 0;
    this.errno = 0;
    this.connectTold = 0;
    this.nameless = 0;
    this.named = 0;
    this.rebound = 0;
    this.readEnded = 0;
    this.writeEnded = 0;
    this.disconnecting = 0;
    this.sendingBytes = 0;
  }

  /**
   * Its connection, or its listening, has been given up: it is as new (Linux's tcp_disconnect). An error
   * waits on.
   */
  renew(): void {
    this.state = SOCK_OPEN;
    clearMark(this);
    this.readEnded = 0;
    this.writeEnded = 0;
    this.rebound = 0;
  }

  /** Its number is free again. */
  close(): void {
    this.state = SOCK_FREE;
    this.connection = -1;
    this.generation = (this.generation + 1) | 0;
  }
}

/** Marks the halves that a shutdown has named. */
export function mark(sock: Sock, how: number): void {
  if (how !== SHUT_WR) sock.readEnded = 1;
  if (how !== SHUT_RD) sock.writeEnded = 1;
}

/** Takes the waiting error away. @returns it, negative; 0 for none. */
export function takeError(sock: Sock): number {
  const { errno } = sock;
  sock.errno = 0;
  return 0 - errno;
}

/** Whether the peer's end has come, read or not, in a state of a connection that was established. */
export function hasPeerEnded(state: number): boolean {
  return (
    state === CLOSE_WAIT || state === LAST_ACK || state === CLOSING || state === TIME_WAIT || state === CLOSED
  );
}

/** What `getOption` answers of what the stack does: a value, or a negative errno. */
export function optionAnswer(value: number): number {
  return value <= OPTION_ERROR ? value - OPTION_ERROR : value;
}
