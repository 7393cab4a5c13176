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
import { MSG_OOB, MSG_PEEK, MSG_TRUNC, recvFlagsErrno } from '../socket/message-flags.ts';
import {
  bytesToMark,
  isAtByte,
  receiveAround,
  receiveUrgent,
  setMark,
  type UnreadBytes,
  URGENT_AWAITED,
  URGENT_NONE,
} from '../socket/urgent-mark.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import type { Clock } from '../time/clock.ts';
import type { DatagramCalls } from './datagram-calls.ts';
import type { HostStackParts, PlacedReads } from './host-stack-parts.ts';
import {
  hasPeerEnded,
  SOCK_DATAGRAM,
  SOCK_FAILED,
  SOCK_LISTENING,
  SOCK_OPEN,
  type Sock,
  takeError,
} from './sock.ts';
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
  private readonly nowhere = new Uint8Array(1);

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
    if (sock.urgent !== URGENT_NONE) return this.takeAround(sock, socket, bytes, offset, length);
    const readable = this.readable(sock, socket);
    if (readable === 0) return this.empty(sock, socket);
    return this.takeBytes(sock, socket, bytes, offset, Math.min(readable, length));
  }

  /** Takes so many bytes, of those there are. // Hot path. */
  private takeBytes(sock: Sock, socket: number, bytes: Uint8Array, offset: number, length: number): number {
    const { stack, reads } = this;
    const { connection } = sock;
    this.dma.begins(length);
    const taken =
      reads?.take(socket, bytes, offset, length) ?? stack.tcpTakeTo(connection, bytes, offset, length);
    this.counters[BYTES_RECEIVED] += taken;
    // A window grows by what was read, up to SO_RCVBUF: it doubles in a round trip, as Linux lets it.
    stack.tcpWiden(connection, taken);
    stack.tcpConsumed(connection, taken, this.clock.nowUs);
    if (this.readable(sock, socket) > 0) this.upcalls.ready.note(socket);
    return taken;
  }

  /** A receive of a stream that has an urgent byte. */
  private takeAround(sock: Sock, socket: number, bytes: Uint8Array, offset: number, length: number): number {
    const unread: UnreadBytes = {
      readable: () => this.readable(sock, socket),
      take: (at, count) => this.takeBytes(sock, socket, bytes, offset + at, count),
      drop: () => this.drop(sock, socket),
    };
    const taken = receiveAround(sock, unread, length);
    return taken > 0 || length === 0 ? taken : this.empty(sock, socket);
  }

  /** Throws the first unread byte away. */
  private drop(sock: Sock, socket: number): void {
    this.takeBytes(sock, socket, this.nowhere, 0, 1);
  }

  /** Throws away urgent bytes that others have followed, and that would be read next. */
  dropUrgent(): void {
    const { dropping } = this.upcalls;
    for (let socket = dropping.next(); socket >= 0; socket = dropping.next()) {
      const sock = this.calls.open(socket);
      if (sock === undefined) continue;
      for (; sock.urgentDrops > 0 && this.readable(sock, socket) > 0; sock.urgentDrops -= 1) {
        this.drop(sock, socket);
      }
    }
  }

  /** Where somebody else brings the bytes, looks at the urgent one as soon as it is there. */
  lookAtUrgent(sock: Sock, socket: number): void {
    const { reads } = this;
    const at = sock.urgentAhead;
    if (reads === undefined || sock.urgent !== URGENT_AWAITED || reads.readable(socket) <= at) return;
    const bytes = new Uint8Array(at + 1);
    reads.peek(socket, bytes, 0, bytes.length);
    setMark(sock, at, bytes[at], bytes.length);
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
    if ((flags & MSG_OOB) !== 0) return this.takeUrgent(sock, socket, bytes, offset, length, flags);
    if ((flags & MSG_PEEK) === 0) {
      if ((flags & MSG_TRUNC) === 0) return this.take(socket, bytes, offset, length, undefined, 0);
      return discard(bytesToMark(sock, length), (into, part) =>
        this.take(socket, into, 0, part, undefined, 0),
      );
    }
    if (sock.state === SOCK_LISTENING || sock.state === SOCK_OPEN)
      return takeError(sock) || unconnected(sock);
    const past = isAtByte(sock) ? 1 : 0;
    const readable = this.readable(sock, socket) - past;
    if (readable <= 0) return this.empty(sock, socket);
    // Of bytes that are thrown away none is looked at, and as many stay.
    const most = Math.min(bytesToMark(sock, length), readable);
    if ((flags & MSG_TRUNC) !== 0) return most;
    if (past === 0) return this.peek(sock, socket, bytes, offset, most);
    const looked = new Uint8Array(most + past);
    this.peek(sock, socket, looked, 0, looked.length);
    bytes.set(looked.subarray(past), offset);
    return most;
  }

  /** MSG_OOB. */
  private takeUrgent(
    sock: Sock,
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
  ): number {
    this.lookAtUrgent(sock, socket);
    if (sock.state === SOCK_LISTENING) return -ENOTCONN;
    const ended = sock.connection < 0 || hasPeerEnded(this.stack.tcpState(sock.connection));
    // As Linux, once there is no connection and its peer has not ended it.
    if (
      sock.state === SOCK_FAILED &&
      sock.urgent !== URGENT_NONE &&
      !this.stack.tcpEndOfStream(sock.connection)
    ) {
      return -ENOTCONN;
    }
    return receiveUrgent(sock, bytes, offset, length, flags, ended || sock.readEnded !== 0);
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
    // As Linux (tcp_poll) it does not count an urgent byte that comes next.
    const least = receiveLowBytes + (isAtByte(sock) ? 1 : 0);
    if (readable >= least || readable === 0) return readable > 0;
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
