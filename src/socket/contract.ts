/**
 * The contract every stack offers its program: the card through the driver (`osm/user`), the kernel through
 * libc (`lab/`). One program runs unchanged on both.
 *
 * Calls are synchronous and non-blocking, as the kernel's are on an O_NONBLOCK socket: the result, or a
 * negative errno, at once. Addresses are IPv4 as numbers (`0x7f000001`), ports plain numbers. A socket is a
 * small number. Blocking and promise forms are built from these and `wait` (`blocking.ts`, `promises.ts`).
 */

/** Bits of `readiness`. */
export const READABLE = 1; // data, an end of stream, a connection to accept, or an error
export const WRITABLE = 2; // a send would take at least a byte, or fail
export const HANGUP = 4; // both directions have ended
export const FAILED = 8; // an error waits in SO_ERROR

export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;

export interface Endpoint {
  readonly address: number;
  readonly port: number;
}

/**
 * Where a datagram came from: an object of the caller's that `recvFrom` fills in, so that receiving makes no
 * garbage.
 */
export interface DatagramSource {
  address: number;
  port: number;
}

/** The longest payload of a datagram: 65535 less an IPv4 and a UDP header. */
export const DATAGRAM_BYTES_MAX = 65507;

export interface SocketStack {
  /** `inic` or `kernel`. */
  readonly name: string;

  /** A new socket. @returns its number, or -EMFILE, -EPROTONOSUPPORT. */
  socket(type?: number): number;
  /** @returns 0, -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL (already bound). */
  bind(socket: number, address: number, port: number): number;
  /** @returns 0, -EADDRINUSE, -EINVAL, -EOPNOTSUPP (not a stream). */
  listen(socket: number, backlog: number): number;
  /** @returns a connected socket, or -EAGAIN. */
  accept(socket: number): number;
  /**
   * Opens a connection:
   * @returns -EINPROGRESS, -EISCONN, -EALREADY; the outcome shows as WRITABLE with SO_ERROR. Of a datagram
   *   socket it fixes the peer, and may be called again:
   * @returns 0, -ENETUNREACH, -EACCES (broadcast).
   */
  connect(socket: number, address: number, port: number): number;

  /**
   * Sends bytes; they are taken over by the time it returns. On a datagram socket: one datagram to the peer,
   * whole or not at all; -EDESTADDRREQ without a peer, -EMSGSIZE, -ECONNREFUSED when an earlier one found
   * nobody.
   * @returns how many were taken, 1 to `length` (0 only if `length` is 0), or -EAGAIN, -EPIPE, -ECONNRESET,
   *   -ENOTCONN, -ENOBUFS.
   */
  send(socket: number, bytes: Uint8Array, offset: number, length: number): number;
  /**
   * Receives up to `length` bytes.
   * @returns how many; 0 at the end of the stream; -EAGAIN, -ECONNRESET, -ENOTCONN. On a datagram socket: the
   *   next datagram, of which what exceeds `length` is lost; 0 is a datagram of no bytes.
   */
  recv(socket: number, bytes: Uint8Array, offset: number, length: number): number;
  /**
   * Sends one datagram, also of no bytes. On a stream socket as `send`. @param port 1 to 65535.
   * @returns `length`, or -EAGAIN, -EMSGSIZE, -EINVAL (port 0), or an error that an earlier datagram brought.
   */
  sendTo(
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
  ): number;
  /** As `recv`. @param from filled in when a datagram was received; a stream's bytes leave it as it is. */
  recvFrom(socket: number, bytes: Uint8Array, offset: number, length: number, from: DatagramSource): number;

  /** @returns 0 or -ENOTCONN. */
  shutdown(socket: number, how: number): number;
  /** Gives the number up. What was sent is still delivered. @returns 0 or -EBADF. */
  close(socket: number): number;

  /** @returns 0, -ENOPROTOOPT, -EINVAL. Options are those of `options.ts`. */
  setOption(socket: number, option: number, value: number): number;
  /** @returns the value (never negative but for SO_LINGER_SECONDS' -1), or a negative errno below -1. */
  getOption(socket: number, option: number): number;
  localEndpoint(socket: number): Endpoint | undefined;
  remoteEndpoint(socket: number): Endpoint | undefined;

  /** What the socket is ready for now: the bits above. */
  readiness(socket: number): number;
  /** Does what the driver has to do now, without waiting. @returns how much happened, 0 for nothing. */
  poll(): number;
  /**
   * Waits until something may have changed. Spins, then yields, then sleeps; may return early.
   * @param timeoutMs at most this long; -1 for ever. @returns what `poll` returned.
   */
  wait(timeoutMs: number): number;
}
