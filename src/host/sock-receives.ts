/**
 * Receives of the host's own stack: bytes are copied from where the device has placed them into the program,
 * whose reading opens the window again.
 */
import type { DmaEngine } from '../dma/engine.ts';
import { BYTES_RECEIVED, USER_WOULD_BLOCK } from '../ledger/counters.gen.ts';
import type { DatagramSource } from '../socket/contract.ts';
import { discard } from '../socket/discard.ts';
import { EAGAIN, EBADF, EFAULT, ENOTCONN } from '../socket/errno.ts';
import { isWithin } from '../socket/linux-rules.ts';
import { MSG_PEEK, MSG_TRUNC, recvFlagsErrno } from '../socket/message-flags.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import type { Clock } from '../time/clock.ts';
import type { DatagramCalls } from './datagram-calls.ts';
import type { HostStackParts, PlacedReads } from './host-stack-parts.ts';
import { SOCK_DATAGRAM, SOCK_FAILED, SOCK_LISTENING, SOCK_OPEN, type Sock, takeError } from './sock.ts';
import type { SockCalls } from './sock-calls.ts';
import type { SockUpcalls } from './sock-upcalls.ts';

export class SockReceives {
  private readonly stack: Stack;
  private readonly clock: Clock;
  private readonly dma: DmaEngine;
  private readonly datagrams: DatagramCalls;
  private readonly calls: SockCalls;
  private readonly upcalls: SockUpcalls;
  private readonly counters: Float64Array;
  private readonly reads: PlacedReads | undefined;

  constructor(parts: HostStackParts, calls: SockCalls, datagrams: DatagramCalls) {
    this.stack = parts.stack;
    this.clock = parts.clock;
    this.dma = parts.dma;
    this.datagrams = datagrams;
    this.calls = calls;
    this.upcalls = parts.upcalls;
    this.counters = parts.ledger.counters;
    this.reads = parts.reads;
  }

  /** // Hot path: one copy. */
  take(
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource | undefined,
    flags: number,
  ): number {
    const sock = this.calls.open(socket);
    if (sock === undefined) return -EBADF;
    if (!isWithin(bytes, offset, length)) return -EFAULT;
    if (flags !== 0) {
      const errno = recvFlagsErrno(flags);
      if (errno !== 0) return errno;
      if (sock.state !== SOCK_DATAGRAM) return this.takeAs(sock, socket, bytes, offset, length, flags);
    }
    if (sock.state === SOCK_DATAGRAM) return this.datagrams.recv(sock, bytes, offset, length, from, flags);
    if (sock.state === SOCK_LISTENING || sock.state === SOCK_OPEN)
      return takeError(sock) || unconnected(sock);
    const { stack, reads } = this;
    const { connection } = sock;
    const readable = this.readable(sock, socket);
    if (readable === 0) return this.empty(sock, socket);
    this.dma.begins(Math.min(readable, length));
    const taken =
      reads?.take(socket, bytes, offset, length) ?? stack.tcpTakeTo(connection, bytes, offset, length);
    this.counters[BYTES_RECEIVED] += taken;
    // A window grows by what was read, up to SO_RCVBUF: it doubles in a round trip, as Linux lets it.
    stack.tcpWiden(connection, taken);
    stack.tcpConsumed(connection, taken, this.clock.nowUs);
    if (this.readable(sock, socket) > 0) this.upcalls.ready.note(socket);
    return taken;
  }

  /** A receive of a stream with flags: what is looked at stays, and what is cut off goes nowhere. */
  private takeAs(
    sock: Sock,
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
  ): number {
    if ((flags & MSG_PEEK) === 0) {
      if ((flags & MSG_TRUNC) === 0) return this.take(socket, bytes, offset, length, undefined, 0);
      return discard(length, (into, part) => this.take(socket, into, 0, part, undefined, 0));
    }
    if (sock.state === SOCK_LISTENING || sock.state === SOCK_OPEN)
      return takeError(sock) || unconnected(sock);
    if (this.readable(sock, socket) === 0) return this.empty(sock, socket);
    // Of bytes that are thrown away none is looked at, and as many stay.
    const wanted = (flags & MSG_TRUNC) !== 0 ? 0 : length;
    const looked = this.peek(sock, socket, bytes, offset, wanted);
    return wanted === length ? looked : Math.min(length, this.readable(sock, socket));
  }

  private peek(sock: Sock, socket: number, bytes: Uint8Array, offset: number, length: number): number {
    const { stack, reads } = this;
    if (reads !== undefined) return reads.peek(socket, bytes, offset, length);
    return stack.tcpPeekTo(sock.connection, bytes, offset, length);
  }

  /** Bytes of a stream that a program can have now. */
  readable({ connection }: Sock, socket: number): number {
    return this.reads?.readable(socket) ?? this.stack.tcpReadable(connection);
  }

  /**
   * Whether a program has as many bytes as SO_RCVLOWAT asks for, or as many as there can be while it reads
   * none: the window is down to a segment (Linux's tcp_stream_is_readable).
   */
  hasEnough(sock: Sock, socket: number): boolean {
    const { stack } = this;
    const { connection, receiveLowBytes } = sock;
    const readable = this.readable(sock, socket);
    if (readable >= receiveLowBytes || readable === 0) return readable > 0;
    return stack.tcpRcvWndBytes(connection) <= stack.tcpInfo(connection).rcv_mss;
  }

  /** What a receive answers that finds no data. */
  private empty(sock: Sock, socket: number): number {
    if (this.reads?.isDue(socket) === true) {
      this.reads.want(socket);
      return this.wouldBlock();
    }
    const ended = this.stack.tcpEndOfStream(sock.connection);
    // As Linux: nothing turns the peer's FIN into an error afterwards.
    if (sock.state === SOCK_FAILED) return ended ? 0 : takeError(sock);
    if (ended || sock.readEnded !== 0) return 0;
    return this.wouldBlock();
  }

  private wouldBlock(): number {
    this.counters[USER_WOULD_BLOCK] += 1;
    return -EAGAIN;
  }
}

/** What a receive answers of a socket that has no connection and no error. */
function unconnected(sock: Sock): number {
  return sock.state === SOCK_OPEN && sock.readEnded !== 0 ? 0 : -ENOTCONN;
}
