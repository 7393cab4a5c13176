/**
 * What the driver knows of one socket. An object for every socket id there can be is made at start and used
 * again and again, so that a socket call allocates nothing. It holds numbers only, which keeps all of them of
 * one shape.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { ENETDOWN } from '../../socket/errno.ts';
import { clearMark, URGENT_NONE, type UrgentMark } from '../../socket/urgent-mark.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** Nobody uses the socket id. */
export const STATE_FREE = 0;
/** A stream socket that is made, perhaps bound, and not connected. */
export const STATE_OPEN = 1;
export const STATE_CONNECTING = 2;
export const STATE_CONNECTED = 3;
export const STATE_LISTENING = 4;
/** The socket id is with the card, for a connection that a listener waits for. */
export const STATE_POSTED = 5;
/** The connection is gone, or was never made. */
export const STATE_FAILED = 6;
/** The program has closed the socket; its id is free once the card has answered. */
export const STATE_CLOSING = 7;
/** A datagram socket. It is connected if it has a remote port, and has no other state until it is closed. */
export const STATE_DATAGRAM = 8;

/**
 * Per state, the states that may follow, as bits. Only `SocketTable` makes a socket FREE, or takes it from
 * there.
 */
const FOLLOWERS: readonly number[] = [
  0,
  bits(STATE_CONNECTING, STATE_LISTENING, STATE_FAILED, STATE_CLOSING),
  bits(STATE_CONNECTED, STATE_FAILED, STATE_CLOSING),
  bits(STATE_FAILED, STATE_CLOSING),
  bits(STATE_LISTENING, STATE_OPEN, STATE_FAILED, STATE_CLOSING),
  bits(STATE_CONNECTED),
  bits(STATE_OPEN, STATE_FAILED, STATE_CLOSING),
  0,
  bits(STATE_FAILED, STATE_CLOSING),
];

function bits(...states: readonly number[]): number {
  return states.reduce((all, state) => all | (1 << state), 0);
}

/** More need not be counted. */
const ACKNOWLEDGED_ENOUGH = 1 << 30;

export class HostSocket implements UrgentMark {
  /** A STATE_ number; changed by `become` and by the table. */
  state: number = STATE_FREE;
  /** Counts the uses of this socket id, so that what is of an earlier use is told apart. 0 to 32767. */
  generation = 0;
  /**
   * Names this use of the id: contexts and requests carry it, so that an answer that comes late finds no later
   * use (i2o/socket-number.ts). The table changes it when the id is taken.
   */
  tag: number;
  /** The error that the next call, or SO_ERROR, takes away; 0 for none. */
  errno = 0;
  /** 1 once the peer's FIN, and all before it, has been received. */
  endOfStream = 0;
  /** 1 once shutdown was called for writing, and 1 once it was called for reading, connected or not. */
  writeEnded = 0;
  readEnded = 0;
  /** 1 once the card was told to end the stream. */
  finSent = 0;
  /** 1 once a call has said that the socket is connected: Linux's SS_CONNECTED. */
  connectTold = 0;
  /** 1 once shutdown has met a failed connection of which no call has heard: Linux's SS_DISCONNECTING. */
  disconnecting = 0;
  /** 1 once a bind has given the socket a port. */
  bound = 0;
  /** 1 when the card has chosen that port: it is held until the connection, or the listening, is over. */
  portChosen = 0;
  /** 1 when a bind has come after the connection was over. */
  rebound = 0;
  /** 1 when a bind has named the address. */
  addressNamed = 0;
  /** 1 when a datagram that could not be sent is to have bound the socket: Linux binds before it looks. */
  bindDue = 0;
  /**
   * 1 when bytes of its stream were not delivered to the card: the stream has a hole and can only be aborted.
   */
  broken = 0;
  /** 1 when the card could not make the socket. */
  unmade = 0;
  /** 1 when the card was reset, or died, and so knows nothing of the socket any more. */
  lost = 0;
  /** 1 for a datagram socket, whatever its state. */
  datagram = 0;
  /** Buckets with unread data, the first and the last of a list (ReceivePool.next); -1 when there is none. */
  receiveHead = -1;
  receiveTail = -1;
  /** The last entry of that list that is a block of the store; those before it are, too. -1: none is. */
  storedTail = -1;
  /** Bytes that the program has read and the card has not been credited with. */
  creditBytes = 0;
  /** 1 while it is in the list of sockets to credit (kernel/credits.ts). */
  creditQueued = 0;
  /**
   * Bytes, and transmit contexts, in the card's hands. A send of n bytes waits unless `sendingCharge() + n ≤
   * sendBufferBytes`.
   */
  sendingBytes = 0;
  sendingContexts = 0;
  /** How many of these contexts are slots of card memory; the others are buffers. */
  sendingSlots = 0;
  /** 1 while a free buffer is promised to it, for which it has waited (kernel/blocked-senders.ts). */
  promised = 0;
  /** Buffers that the program has been offered for this socket, to fill in place (`Sender.allocate`). */
  offeredBuffers = 0;
  /** Bytes that came back from the card, counted up to about 1 GiB: how well the peer reads. */
  acknowledgedBytes = 0;
  /**
   * TCP_NOTSENT_LOWAT, 0 for none; by it, bytes given to the card, and how many of these it has told were sent,
   * both modulo 2^32.
   */
  unsentLowBytes = 0;
  givenBytes = 0;
  sentToldBytes = 0;
  /** SO_RCVLOWAT: with fewer unread bytes a stream is not readable. */
  receiveLowBytes = 1;
  /** Urgent data (`socket/urgent-mark.ts`). */
  urgent = URGENT_NONE;
  urgentAhead = 0;
  urgentByte = 0;
  urgentInline = 0;
  sendBufferBytes = 0;
  receiveBufferBytes = 0;
  /** The card's window for the socket: what it began with, and what it has been let grow by since. */
  receiveWindowBytes = 0;
  /** How much it has of what windows may grow by, all together (WindowBudget). */
  widenedBytes = 0;
  /** 1 while it is in the list of sockets whose send found no room (kernel/blocked-senders.ts). */
  wantsRoom = 0;
  /** 1 while it is in the list of sockets whose readiness has changed (SocketTable). */
  readyQueued = 0;
  /**
   * Of a listener: the connections that the program has not accepted yet, as a list of socket ids, and how
   * many.
   */
  acceptHead = -1;
  acceptTail = -1;
  acceptCount = 0;
  /** Of such a connection: the next of its listener's list; -1 ends it. */
  acceptNext = -1;
  /** Of a listener: socket ids that are posted at the card for it. */
  acceptsPosted = 0;
  /** Of a listener: how many it would have posted. It grows with each post that finds them used up. */
  acceptsWanted = 1;
  /** 1 from when the id is posted for a listener: the connection under it will have been accepted. */
  accepted = 0;
  /** Of a posted socket id: the tag of the listener it was posted for; -1 else. */
  postedFor = -1;
  backlog = 0;
  /**
   * 1 while it is in the list of listeners that found no socket id or no frame for a post
   * (kernel/accept-posts.ts).
   */
  acceptsOwed = 0;
  /** SO_BROADCAST: 1 when it is set. */
  broadcast = 0;
  /** SO_LINGER in seconds; -1: off. */
  lingerSeconds = -1;
  /** The socket's name. It keeps the number of a port that it holds no more, as on Linux. */
  localAddress = 0;
  localPort = 0;
  remoteAddress = 0;
  remotePort = 0;

  /** Goes on to another STATE_. */
  become(state: number): void {
    assert(((FOLLOWERS[this.state] >> state) & 1) === 1, 'host socket: the next state follows from this one');
    this.state = state;
  }

  /** @param socketId its number. */
  constructor(socketId = 0) {
    this.tag = socketId;
  }

  /**
   * Begins a new use of the socket id. The flags of the lists it is in stay: it leaves them by their own
   * rules.
   */
  reset(state: number): void {
    assert(this.state === STATE_FREE, 'host socket: only a free socket id is used anew');
    this.state = state;
    this.generation = (this.generation + 1) & 0x7fff;
    this.errno = 0;
    this.endOfStream = 0;
    this.writeEnded = 0;
    this.readEnded = 0;
    this.finSent = 0;
    this.connectTold = 0;
    this.disconnecting = 0;
    this.bound = 0;
    this.portChosen = 0;
    this.rebound = 0;
    this.addressNamed = 0;
    this.bindDue = 0;
    this.broken = 0;
    this.unmade = 0;
    this.broadcast = 0;
    this.lost = 0;
    this.datagram = 0;
    this.receiveHead = -1;
    this.receiveTail = -1;
    this.storedTail = -1;
    this.creditBytes = 0;
    this.sendingBytes = 0;
    this.sendingContexts = 0;
    this.sendingSlots = 0;
    this.offeredBuffers = 0;
    this.promised = 0;
    this.acknowledgedBytes = 0;
    this.unsentLowBytes = 0;
    this.receiveLowBytes = 1;
    clearMark(this);
    this.urgentInline = 0;
    this.restartCount();
    this.acceptHead = -1;
    this.acceptTail = -1;
    this.acceptCount = 0;
    this.acceptNext = -1;
    this.acceptsPosted = 0;
    this.acceptsWanted = 1;
    this.accepted = 0;
    this.postedFor = -1;
    this.backlog = 0;
    this.lingerSeconds = -1;
    this.localAddress = 0;
    this.localPort = 0;
    this.remoteAddress = 0;
    this.remotePort = 0;
  }

  /** What is counted for TCP_NOTSENT_LOWAT begins with the next connection. */
  restartCount(): void {
    this.givenBytes = 0;
    this.sentToldBytes = 0;
  }

  /** Bytes that wait on the card to be sent for the first time, as far as it has told: there may be fewer. */
  get unsentBytes(): number {
    return Math.max(0, (this.givenBytes - this.sentToldBytes) | 0);
  }

  /** The card has `bytes` more of this socket's, named by one context. // Hot path. */
  sent(bytes: number): void {
    this.givenBytes = (this.givenBytes + bytes) | 0;
    this.sendingBytes += bytes;
    this.sendingContexts += 1;
  }

  /** One context of this socket's is back. @param slot whether it is a slot. // Hot path. */
  returned(bytes: number, slot: boolean): void {
    if (slot) this.sendingSlots -= 1;
    this.sendingBytes -= bytes;
    this.sendingContexts -= 1;
    if (this.acknowledgedBytes < ACKNOWLEDGED_ENOUGH) this.acknowledgedBytes += bytes;
    if (COSTLY) this.checkSending();
  }

  private checkSending(): void {
    const { sendingContexts, sendingBytes, sendingSlots } = this;
    assert(sendingContexts >= 0, 'host socket: no more contexts come back than were sent');
    assert(
      sendingSlots >= 0 && sendingSlots <= sendingContexts,
      'host socket: slots are among the contexts that the card has',
    );
    assert(
      sendingContexts > 0 ? sendingBytes > 0 : sendingBytes === 0,
      'host socket: the card has bytes of a socket exactly while it has contexts',
    );
  }
}

/** Takes the waiting error away. @returns it, negative; 0 for none. */
export function takeError(socket: HostSocket): number {
  const { errno } = socket;
  assert(errno >= 0, 'host socket: an error waits as a positive errno');
  socket.errno = 0;
  return 0 - errno;
}

/** What calls on a socket answer whose card knows nothing of it any more; 0 while it does. */
export function lostErrno({ lost }: HostSocket): number {
  return lost !== 0 ? -ENETDOWN : 0;
}

/**
 * A send that would be cut below this many bytes waits for more room instead, because each piece costs a
 * frame.
 */
export const PIECE_BYTES_MIN = 2048;

/**
 * What each buffer of a datagram counts for against SO_SNDBUF beside its bytes. Linux counts the memory of
 * the whole packet (skb->truesize): so much more than a short payload, on a machine of 64 bits.
 */
export const DATAGRAM_CHARGE_BYTES = 768;

/** What a socket has in the card's hands, as it counts against SO_SNDBUF. // Hot path. */
export function sendingCharge({ sendingBytes, sendingContexts, datagram }: HostSocket): number {
  return datagram === 0 ? sendingBytes : sendingBytes + sendingContexts * DATAGRAM_CHARGE_BYTES;
}

/**
 * Whether a send of any length would take at least some bytes, which is what WRITABLE means. A long send is
 * not cut below `PIECE_BYTES_MIN`, so that much room must be there, unless nothing is in flight.
 */
export function hasRoom(socket: HostSocket): boolean {
  // As Linux, it wakes a program only once half of what may wait has gone (sk_stream_is_writeable).
  if (socket.unsentLowBytes > 0 && 2 * socket.unsentBytes >= socket.unsentLowBytes) return false;
  return socket.sendingBytes === 0 || socket.sendBufferBytes - sendingCharge(socket) >= PIECE_BYTES_MIN;
}
