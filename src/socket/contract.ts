/**
 * The contract that every stack offers its program: the card through the driver (`osm/user`), the kernel
 * through libc (`linux/`). One program runs unchanged on both.
 *
 * Calls are synchronous and non-blocking, as the kernel's are on an O_NONBLOCK socket: the result, or a
 * negative errno, at once. Addresses are IPv4 as numbers (`0x7f000001`), ports plain numbers. A socket is a
 * small number. Blocking and promise forms are built from these and `wait` (`blocking.ts`, `promises.ts`).
 */

import type { TcpInfo } from './tcp-info.ts';

/** Bits of `readiness`. */
export const READABLE = 1; // data, an end of stream, a connection to accept, or an error
export const WRITABLE = 2; // a send would take at least a byte, or fail
export const HANGUP = 4; // both directions have ended, or there never was a connection
export const FAILED = 8; // an error waits in SO_ERROR
export const PRIORITY = 16; // an urgent byte waits for MSG_OOB (EPOLLPRI)

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

/**
 * Every call is about a socket by its number and answers a negative errno when it cannot be done: -EBADF for
 * a number that is no open socket's, and those that are named at each call.
 */
export interface SocketStack {
  /** `inic` or `kernel`. */
  readonly name: string;

  /**
   * Makes a socket.
   * @param type SOCK_STREAM, also where absent, or SOCK_DGRAM.
   * @returns its number, or -EMFILE, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -EINVAL.
   */
  socket(type?: number): number;
  /**
   * Gives a socket its own address and port.
   * @param address 0 for any. @param port 0 for one of the stack's choice.
   * @returns 0, -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL (already bound).
   */
  bind(socket: number, address: number, port: number): number;
  /**
   * Has a stream socket accept connections.
   * @param backlog connections that may wait to be accepted.
   * @returns 0, -EADDRINUSE, -EINVAL, -EOPNOTSUPP (not a stream).
   */
  listen(socket: number, backlog: number): number;
  /** Takes the oldest connection that waits at a listener. @returns a connected socket, or -EAGAIN. */
  accept(socket: number): number;
  /**
   * Opens a connection, whose outcome shows as WRITABLE with SO_ERROR. Of a datagram socket it fixes the
   * peer, and may be called again.
   * @returns -EINPROGRESS, -EISCONN, -EALREADY, -ECONNABORTED and what SO_ERROR would say for a stream; 0,
   *   -ENETUNREACH, -EACCES (broadcast) for datagrams.
   */
  connect(socket: number, address: number, port: number): number;

  /**
   * Sends bytes; they are the stack's own by the time it returns. On a datagram socket: one datagram to the
   * peer, whole or not at all; -EDESTADDRREQ without a peer, -EMSGSIZE, -ECONNREFUSED when an earlier one
   * found nobody.
   * @param flags MSG_ bits of `message-flags.ts`; -EOPNOTSUPP for one that is not served.
   * @returns how many were taken, 1 to `length` (0 only if `length` is 0), or -EAGAIN, -EPIPE, -ECONNRESET,
   *   -ENOTCONN, -ENOBUFS; from the card also -EFAULT where `offset` and `length` are not within `bytes`.
   */
  send(socket: number, bytes: Uint8Array, offset: number, length: number, flags?: number): number;
  /**
   * Receives up to `length` bytes. On a datagram socket: the next datagram, of which what exceeds `length` is
   * lost; 0 is then a datagram of no bytes.
   * @param flags MSG_ bits of `message-flags.ts`; -EOPNOTSUPP for those not served. MSG_OOB receives the urgent
   *   byte alone (`urgent-mark.ts`): -EINVAL where there is none.
   * @returns how many, and with MSG_TRUNC how long the datagram is; 0 at the end of the stream; -EAGAIN, -ECONNRESET, -ENOTCONN; from the card also
   *   -EFAULT.
   */
  recv(socket: number, bytes: Uint8Array, offset: number, length: number, flags?: number): number;
  /**
   * Sends one datagram, which may be of no bytes. On a stream socket it is `send`.
   * @param port 1 to 65535. @param flags as of `send`.
   * @returns `length`, or -EAGAIN, -EMSGSIZE, -EINVAL (port 0), or an error that an earlier datagram brought.
   */
  sendTo(
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
    flags?: number,
  ): number;
  /** As `recv`. @param from filled in when a datagram was received; a stream's bytes leave it as it is. */
  recvFrom(
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource,
    flags?: number,
  ): number;

  /**
   * Ends a half of a connection, or both; of a connect that is under way, the connect.
   * @param how SHUT_RD, SHUT_WR or SHUT_RDWR.
   * @returns 0, -EINVAL or -ENOTCONN, which ends the half of a connection to come.
   */
  shutdown(socket: number, how: number): number;
  /** Gives the number up. What was sent is still delivered. @returns 0 or -EBADF. */
  close(socket: number): number;

  /** Sets an option of `options.ts`. @returns 0, -ENOPROTOOPT, -EINVAL. */
  setOption(socket: number, option: number, value: number): number;
  /** @returns an option's value (never negative but for SO_LINGER_SECONDS' -1), or an errno below -1. */
  getOption(socket: number, option: number): number;
  /**
   * What Linux's getsockopt of TCP_INFO tells, as a new record: for looking on, not for each message.
   * @returns the record, of a socket without a connection too (its state is 7, closed); -EOPNOTSUPP of a
   *   datagram socket; -ENOPROTOOPT of a card whose socket class is older than version 3.
   */
  tcpInfo(socket: number): TcpInfo | number;
  /** The socket's own address and port; undefined where it has none. */
  localEndpoint(socket: number): Endpoint | undefined;
  /** The peer's address and port; undefined where there is no peer. */
  remoteEndpoint(socket: number): Endpoint | undefined;

  /**
   * Whether the next byte of a stream is urgent (SIOCATMARK). @returns 1 or 0; -EBADF, and -ENOTTY of a
   *   datagram socket.
   */
  atMark(socket: number): number;

  /** What the socket is ready for now: READABLE, WRITABLE, HANGUP, FAILED and PRIORITY bits. */
  readiness(socket: number): number;
  /** Does what the driver has to do now, without waiting. @returns how much happened, 0 for nothing. */
  poll(): number;
  /**
   * Waits until something may have changed. Spins, then yields, then sleeps; may return early.
   * @param timeoutMs at most this long; -1 for ever.
   * @returns what `poll` returned.
   */
  wait(timeoutMs: number): number;
}
