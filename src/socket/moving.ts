/**
 * What a stack offers beside the contract whose established connections can go on in another stack, and that
 * goes on with those of others. Three steps, none of which a program or a peer sees: one stack brings the
 * connection to rest and writes its image; the other goes on with it, or says why not; then the first gives
 * it up, or keeps it.
 */

/** Bytes in the region. */
export interface MovedPiece {
  readonly address: number;
  readonly length: number;
}

/** One of a connection's sends. */
export interface MovedElement {
  readonly length: number;
  /** Whether more follows soon. */
  readonly more: boolean;
}

/** A connection on its way. */
export interface MovingConnection {
  /** Its image, as the stack wrote it. */
  readonly image: MovedPiece;
  /** The sends in the image that are not acknowledged, and where in the region their bytes begin. */
  readonly elements: readonly MovedElement[];
  readonly sendAt: number;
  /** What was received and delivered, and that no program has read: it comes before what the image holds. */
  readonly delivered: readonly MovedPiece[];
  readonly localAddress: number;
  readonly localPort: number;
  readonly remoteAddress: number;
  readonly remotePort: number;
  /** Halves that the program has ended. */
  readonly readEnded: boolean;
  readonly writeEnded: boolean;
  /** SO_SNDBUF and SO_RCVBUF, and how far the receive buffer has grown. */
  readonly sendBufferBytes: number;
  readonly receiveBufferBytes: number;
  readonly receiveWindowBytes: number;
  /** SO_OOBINLINE. */
  readonly urgentInline: number;
}

export interface MovingSockets {
  /**
   * Brings a socket's connection to rest and writes its image.
   * @param area memory for the image.
   * @returns the connection; or -EINVAL (not one that could move), -EBUSY (just now it cannot, or an urgent byte
   *   waits), -ENOBUFS (no room for the image), -EOPNOTSUPP, -ENETDOWN, -EBADF.
   */
  handOff(socket: number, area: MovedPiece): MovingConnection | number;
  /** Nobody has taken it: it goes on here. @returns 0, or -ENETDOWN. */
  keep(socket: number): number;
  /** It goes on elsewhere: the socket's number is free, and nobody is told. */
  depart(socket: number): void;
  /**
   * Goes on with a connection that another stack has brought to rest.
   * @returns a socket; or why not, a negative errno: then nothing has changed.
   */
  takeOver(connection: MovingConnection): number;
}
