/**
 * The calls that make stream sockets, name, connect and end them, on the host's own stack, answered as Linux
 * answers them (net/ipv4/af_inet.c). Each works on the stack's tables at once and waits for nobody.
 */

import { USER_CALLS, USER_SOCKETS_REFUSED, USER_WOULD_BLOCK } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Endpoint, SHUT_RD, SHUT_RDWR, SHUT_WR, SOCK_DGRAM, SOCK_STREAM } from '../socket/contract.ts';
import {
  EADDRINUSE,
  EAGAIN,
  EALREADY,
  EBADF,
  ECONNABORTED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  EMFILE,
  ENETUNREACH,
  ENOTCONN,
  EOPNOTSUPP,
} from '../socket/errno.ts';
import { clampBacklog, isMulticast, isPort, typeErrno } from '../socket/linux-rules.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import { CLOSED, TIME_WAIT } from '../tcpip/tcp/state.ts';
import type { Clock } from '../time/clock.ts';
import type { DatagramCalls } from './datagram-calls.ts';
import type { PlacedReads } from './host-stack-parts.ts';
import type { ReadyList } from './ready-list.ts';
import type { SendMemory } from './send-memory.ts';
import {
  mark,
  SOCK_CONNECTED,
  SOCK_CONNECTING,
  SOCK_DATAGRAM,
  SOCK_FAILED,
  SOCK_FREE,
  SOCK_LISTENING,
  SOCK_OPEN,
  type Sock,
  takeError,
} from './sock.ts';

export class SockCalls {
  private readonly stack: Stack;
  private readonly clock: Clock;
  private readonly memory: SendMemory;
  private readonly datagrams: DatagramCalls;
  private readonly socks: readonly Sock[];
  private readonly sendBufferBytes: number;
  private readonly counters: Float64Array;
  private readonly ready: ReadyList;
  /** Takes in what the device has received, as an interrupt would at any time. */
  private readonly softirq: () => void;
  private readonly reads: PlacedReads | undefined;
  /** Socket numbers that are free, the last one first. */
  private readonly free: Int32Array;
  private freeCount: number;

  constructor(
    stack: Stack,
    clock: Clock,
    memory: SendMemory,
    datagrams: DatagramCalls,
    socks: readonly Sock[],
    sendBufferBytes: number,
    ledger: Ledger,
    ready: ReadyList,
    softirq: () => void,
    reads?: PlacedReads,
  ) {
    this.stack = stack;
    this.clock = clock;
    this.memory = memory;
    this.datagrams = datagrams;
    this.socks = socks;
    this.sendBufferBytes = sendBufferBytes;
    this.counters = ledger.counters;
    this.ready = ready;
    this.softirq = softirq;
    this.reads = reads;
    this.free = Int32Array.from(socks, (_, i) => socks.length - 1 - i);
    this.freeCount = socks.length;
  }

  /** Counts a call. @returns the socket it is about; undefined: EBADF. */
  open(socket: number): Sock | undefined {
    this.counters[USER_CALLS] += 1;
    const sock = this.socks[socket];
    return sock === undefined || sock.state === SOCK_FREE ? undefined : sock;
  }

  /** As `SocketStack.socket`. */
  socket(type: number): number {
    this.counters[USER_CALLS] += 1;
    const datagram = type === SOCK_DGRAM;
    if (type !== SOCK_STREAM && !datagram) return typeErrno(type);
    const socket = this.number();
    if (socket < 0) return -EMFILE;
    const connection = datagram ? this.stack.udpOpen(socket) : this.stack.tcpOpen(socket);
    if (connection < 0) {
      this.giveNumber(socket);
      this.counters[USER_SOCKETS_REFUSED] += 1;
      return -EMFILE;
    }
    this.socks[socket].open(datagram ? SOCK_DATAGRAM : SOCK_OPEN, connection, this.sendBufferBytes);
    return socket;
  }

  /** As `SocketStack.bind`. */
  bind(socket: number, address: number, port: number): number {
    const sock = this.open(socket);
    if (sock === undefined) return -EBADF;
    if (!isPort(port)) return -EINVAL;
    if (sock.state === SOCK_DATAGRAM) return this.datagrams.bind(sock, address, port);
    if (sock.state !== SOCK_OPEN && sock.rebound !== 0) return -EINVAL;
    const errno = this.stack.tcpBind(sock.connection, address, port);
    // Linux has let go of the address that the socket had before, when it finds the port taken.
    if (errno === EADDRINUSE) {
      sock.nameless = 1;
      sock.named = 0;
    }
    if (errno === 0) {
      sock.nameless = 0;
      sock.named = address === 0 ? 0 : 1;
      sock.rebound = sock.state === SOCK_OPEN ? 0 : 1;
    }
    return 0 - errno;
  }

  /** As `SocketStack.listen`. */
  listen(socket: number, backlog: number): number {
    const sock = this.open(socket);
    if (sock === undefined) return -EBADF;
    if (sock.state === SOCK_DATAGRAM) return -EOPNOTSUPP;
    if (sock.state !== SOCK_LISTENING && (sock.state !== SOCK_OPEN || sock.disconnecting !== 0))
      return -EINVAL;
    const errno = this.stack.tcpListen(sock.connection, clampBacklog(backlog));
    if (errno !== 0) return 0 - errno;
    sock.state = SOCK_LISTENING;
    return 0;
  }

  /** As `SocketStack.accept`. */
  accept(socket: number): number {
    const sock = this.open(socket);
    if (sock === undefined) return -EBADF;
    if (sock.state === SOCK_DATAGRAM) return -EOPNOTSUPP;
    if (sock.state !== SOCK_LISTENING) return -EINVAL;
    if (this.stack.tcpAcceptable(sock.connection) === 0) {
      this.counters[USER_WOULD_BLOCK] += 1;
      return -EAGAIN;
    }
    const accepted = this.number();
    if (accepted < 0) return -EMFILE;
    const connection = this.stack.tcpAccept(sock.connection, accepted);
    const made = this.socks[accepted];
    made.open(SOCK_CONNECTED, connection, sock.sendBufferBytes);
    this.ready.note(accepted);
    if (this.stack.tcpAcceptable(sock.connection) > 0) this.ready.note(socket);
    made.connectTold = 1;
    made.receiveLowBytes = sock.receiveLowBytes;
    made.unsentLowBytes = sock.unsentLowBytes;
    made.urgentInline = sock.urgentInline;
    this.reads?.want(accepted);
    return accepted;
  }

  /** As `SocketStack.connect`. */
  connect(socket: number, address: number, port: number): number {
    const sock = this.open(socket);
    if (sock === undefined) return -EBADF;
    switch (sock.state) {
      case SOCK_CONNECTING:
        return -EALREADY;
      case SOCK_LISTENING:
        return -EISCONN;
      case SOCK_CONNECTED:
        if (sock.connectTold !== 0) return -EISCONN;
        sock.connectTold = 1;
        return 0;
      case SOCK_FAILED:
        return this.reopen(sock);
      case SOCK_DATAGRAM:
        return this.datagrams.connect(sock, address, port);
    }
    if (sock.disconnecting !== 0 || !isPort(port)) return -EINVAL;
    if (isMulticast(address)) return -ENETUNREACH;
    // The stack may tell the outcome before it returns.
    sock.state = SOCK_CONNECTING;
    sock.nameless = 0;
    sock.errno = 0;
    const errno = this.stack.tcpConnect(sock.connection, address, port, this.clock.nowUs);
    if (errno === 0) {
      this.stack.flush(this.clock.nowUs);
      return -EINPROGRESS;
    }
    sock.state = SOCK_OPEN;
    return 0 - errno;
  }

  /**
   * A connect of a socket whose connection failed: tells why, if nobody was told, and the next connect begins
   * anew (Linux's __inet_stream_connect).
   */
  private reopen(sock: Sock): number {
    if (sock.connectTold !== 0) return -EISCONN;
    if (sock.disconnecting !== 0) return -EINVAL;
    const errno = takeError(sock) || -ECONNABORTED;
    sock.renew();
    return errno;
  }

  /** As `SocketStack.shutdown`. */
  shutdown(socket: number, how: number): number {
    const sock = this.open(socket);
    if (sock === undefined) return -EBADF;
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -EINVAL;
    if (sock.state === SOCK_DATAGRAM) return this.datagrams.shutdown(sock, how);
    // What has come may have made a connection of a connect.
    if (sock.state === SOCK_CONNECTING) this.softirq();
    const { connection, state } = sock;
    const { nowUs } = this.clock;
    if (state === SOCK_LISTENING) {
      if (how === SHUT_WR) sock.writeEnded = 1;
      else this.stopListening(sock, how);
      return 0;
    }
    if (state === SOCK_CONNECTING) {
      // Linux: whatever half is ended, the connect is over, and the socket is as new.
      this.stack.tcpShutdown(connection, how, nowUs);
      sock.renew();
      return 0;
    }
    if (state === SOCK_CONNECTED && !this.isOver(sock)) {
      sock.connectTold = 1;
      mark(sock, how);
      this.stack.tcpShutdown(connection, how, nowUs);
      this.stack.flush(nowUs);
      return 0;
    }
    mark(sock, how);
    if ((state === SOCK_FAILED || state === SOCK_CONNECTED) && sock.connectTold === 0) sock.disconnecting = 1;
    return -ENOTCONN;
  }

  private stopListening(sock: Sock, how: number): void {
    const { nowUs } = this.clock;
    this.stack.tcpShutdown(sock.connection, how, nowUs);
    this.stack.flush(nowUs);
    sock.renew();
  }

  /** As `SocketStack.close`. */
  close(socket: number): number {
    const sock = this.open(socket);
    if (sock === undefined) return -EBADF;
    // Data that has come and was not read makes a reset of a close.
    if (sock.state === SOCK_CONNECTED) this.softirq();
    const { nowUs } = this.clock;
    if (sock.state === SOCK_DATAGRAM) this.stack.udpClose(sock.connection);
    else if (this.reads !== undefined && this.reads.unread(socket) > 0)
      this.stack.tcpReset(sock.connection, nowUs);
    else this.stack.tcpClose(sock.connection, nowUs);
    this.reads?.drop(socket);
    this.memory.close(sock);
    sock.close();
    this.giveNumber(socket);
    this.stack.flush(nowUs);
    return 0;
  }

  /** As `SocketStack.localEndpoint`. */
  local(socket: number): Endpoint | undefined {
    const sock = this.open(socket);
    if (sock === undefined) return undefined;
    if (sock.state === SOCK_DATAGRAM) return this.datagrams.local(sock);
    const { stack } = this;
    // A socket that is as new has an address only if a bind has named it; its port's number stays.
    const shown = sock.nameless === 0 && (sock.state !== SOCK_OPEN || sock.named !== 0);
    return {
      address: shown ? stack.tcpLocalAddress(sock.connection) >>> 0 : 0,
      port: stack.tcpLocalPort(sock.connection),
    };
  }

  /** As `SocketStack.remoteEndpoint`. */
  remote(socket: number): Endpoint | undefined {
    const sock = this.open(socket);
    if (sock?.state === SOCK_DATAGRAM) return this.datagrams.remote(sock);
    if (sock === undefined || sock.state !== SOCK_CONNECTED || this.isOver(sock)) return undefined;
    const { stack } = this;
    return {
      address: stack.tcpRemoteAddress(sock.connection) >>> 0,
      port: stack.tcpRemotePort(sock.connection),
    };
  }

  /** Whether both halves have ended and the peer knows it: Linux then has no connection any more. */
  private isOver({ connection }: Sock): boolean {
    const state = this.stack.tcpState(connection);
    return state === CLOSED || state === TIME_WAIT;
  }

  /** @returns a socket's number, the caller's; -1 where all are in use. */
  number(): number {
    if (this.freeCount > 0) return this.free[--this.freeCount];
    this.counters[USER_SOCKETS_REFUSED] += 1;
    return -1;
  }

  /** A socket's number is free again. */
  giveNumber(socket: number): void {
    this.free[this.freeCount++] = socket;
  }
}
