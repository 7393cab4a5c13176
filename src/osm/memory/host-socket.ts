/** What the driver knows of one socket number. Made once for every number there can be; only numbers inside. */
export const STATE_FREE = 0;
/** Made, perhaps bound; not connected. */
export const STATE_OPEN = 1;
export const STATE_CONNECTING = 2;
export const STATE_CONNECTED = 3;
export const STATE_LISTENING = 4;
/** Posted to the card for a connection to come. */
export const STATE_POSTED = 5;
/** Connection gone or never made. */
export const STATE_FAILED = 6;
/** Given up by the program; the number is free once the card has answered. */
export const STATE_CLOSING = 7;
/** A datagram socket; connected if it has a remote port. It has no other state until it is closed. */
export const STATE_DATAGRAM = 8;

export class HostSocket {
  state: number = STATE_FREE;
  /** Counts uses of this number, so that a late reply to an earlier use is told apart. 0 to 32767. */
  generation = 0;
  /** The error the next call, or SO_ERROR, takes away; 0 for none. */
  errno = 0;
  /** 1 once the peer's FIN has been told, and all before it. */
  endOfStream = 0;
  /** 1 once shutdown for writing, or for reading, was called. */
  writeEnded = 0;
  readEnded = 0;
  bound = 0;
  /** 1: bytes of its stream were not delivered to the card, so that it can only be aborted. */
  broken = 0;
  /** 1: the card knows it no more, since it was reset. */
  lost = 0;
  /** 1: a datagram socket, whatever its state. */
  datagram = 0;
  /** Buckets with unread data, oldest first. */
  receiveHead = -1;
  receiveTail = -1;
  /** Bytes read and not yet credited to the card; in the list of sockets to credit. */
  creditBytes = 0;
  creditQueued = 0;
  /** Bytes and contexts in the card's hands. `sendingBytes + n ≤ sendBufferBytes` or a send of n waits. */
  sendingBytes = 0;
  sendingContexts = 0;
  sendBufferBytes = 0;
  receiveBufferBytes = 0;
  /** 1 when a send was refused for want of room: told when there is some again; in the list of such sockets. */
  wantsRoom = 0;
  /** In the list of sockets whose readiness changed. */
  readyQueued = 0;
  /** A listener's accepted connections, oldest first, and how many; an accepted socket's successor. */
  acceptHead = -1;
  acceptTail = -1;
  acceptCount = 0;
  acceptNext = -1;
  /** A listener's accepts posted to the card, and its backlog. */
  acceptsPosted = 0;
  backlog = 0;
  /** In the list of listeners that found no number or no frame to post. */
  acceptsOwed = 0;
  lingerSeconds = -1;
  localAddress = 0;
  localPort = 0;
  remoteAddress = 0;
  remotePort = 0;

  /** For a new use of the number. */
  reset(state: number): void {
    this.state = state;
    this.generation = (this.generation + 1) & 0x7fff;
    this.errno = 0;
    this.endOfStream = 0;
    this.writeEnded = 0;
    this.readEnded = 0;
    this.bound = 0;
    this.broken = 0;
    this.lost = 0;
    this.datagram = 0;
    this.receiveHead = -1;
    this.receiveTail = -1;
    this.creditBytes = 0;
    this.sendingBytes = 0;
    this.sendingContexts = 0;
    this.acceptHead = -1;
    this.acceptTail = -1;
    this.acceptCount = 0;
    this.acceptNext = -1;
    this.acceptsPosted = 0;
    this.backlog = 0;
    this.lingerSeconds = -1;
    this.localAddress = 0;
    this.localPort = 0;
    this.remoteAddress = 0;
    this.remotePort = 0;
  }
}

/** Names one use of a socket number: what contexts and requests carry, so that a late answer finds no later use. */
export function socketTag(number: number, generation: number): number {
  return number | (generation << 16);
}

/** Takes a waiting error away. @returns it, negative; 0 for none. */
export function takeError(socket: HostSocket): number {
  const { errno } = socket;
  socket.errno = 0;
  return 0 - errno;
}

/** What a sender answers when no buffer is free and the policy is to wait for one in the call: no errno has this number. */
export const WAIT_FOR_BUFFER = -0x40000000;

/** A send that would be cut below this waits for more room instead: short pieces cost a frame each. */
export const PIECE_BYTES_MIN = 2048;

/** Whether a send of any length would take bytes: a long one is not cut below `PIECE_BYTES_MIN`. What WRITABLE means. */
export function hasRoom(socket: HostSocket): boolean {
  return socket.sendingBytes === 0 || socket.sendBufferBytes - socket.sendingBytes >= PIECE_BYTES_MIN;
}
