/**
 * The TCP/IPv4 stack's door: the engine (`engine.ts`) with the user's calls. A call never blocks and never
 * sends: what it causes goes out with the next `flush`. Addresses are int32 numbers, ports plain numbers,
 * results errno numbers unless said otherwise. The user is the card's socket module, our own code, so a
 * number that it has given up, or bytes that lie nowhere, are bugs and are asserted.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { ENOBUFS } from '../../socket/errno.ts';
import { DEFAULT_STACK_CONFIG, type StackConfig } from '../config.ts';
import * as calls from '../tcp/calls.ts';
import * as options from '../tcp/options.ts';
import { abortOrphans } from '../tcp/orphans.ts';
import * as taking from '../tcp/taking.ts';
import { awakeTcb } from '../tcp/wake.ts';
import type { UdpSocket } from '../udp/socket.ts';
import { ToldStack } from './told-stack.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

export { DEFAULT_STACK_CONFIG, type StackConfig };

export class Stack extends ToldStack {
  // TCP. A connection is named by its Tcb index `c`.

  /** @returns a new connection of the user `owner` (its number, at least 0), or -1 when none is free. */
  tcpOpen(owner: number): number {
    assert(owner >= 0, 'stack: a connection is opened for a user with a number');
    return calls.open(this.tcp, owner);
  }

  /** @param address 0: any. @param port 0: one is chosen. @returns 0, EINVAL, EADDRINUSE, EADDRNOTAVAIL */
  tcpBind(c: number, address: number, port: number): number {
    assert(port >= 0 && port <= 0xffff, 'stack: a connection is bound to a port of 16 bits');
    return calls.bind(this.tcp, this.connection(c), address | 0, port);
  }

  /** @returns 0, EINVAL, EADDRINUSE. */
  tcpListen(c: number, backlog: number): number {
    return calls.listen(this.tcp, this.connection(c), backlog);
  }

  /**
   * @returns 0: begun, the outcome comes through `SocketOwner.connected`; EADDRNOTAVAIL, ENETUNREACH,
   * EINVAL (from 127/8 to another host), EISCONN, EALREADY, …
   */
  tcpConnect(c: number, address: number, port: number, nowUs: number): number {
    assert(port >= 0 && port <= 0xffff, 'stack: a connection goes to a port of 16 bits');
    this.environment.setTime(nowUs);
    return calls.connect(this.tcp, this.connection(c), address | 0, port);
  }

  /** @returns a connection that waited for an accept, now `owner`'s, or -1. It may be readable already. */
  tcpAccept(listener: number, owner: number): number {
    assert(owner >= 0, 'stack: a connection is accepted for a user with a number');
    return calls.accept(this.tcp, this.connection(listener), owner);
  }

  /**
   * Queues bytes by reference; they must stay unchanged until `SocketOwner.sendDone(context)`, which comes
   * exactly once for each accepted send with a context. @param context -1: none wanted.
   * @param flags bit 0: more follows soon, hold a short last segment; bit 1: the last byte is urgent; bit 2:
   *   a record ends, and no segment goes on beyond it.
   * @returns 0, EPIPE, ECONNRESET or why the connection failed, ENOBUFS. // Hot path.
   */
  tcpSend(c: number, address: number, length: number, context: number, flags: number, nowUs: number): number {
    if (COSTLY) assert(this.isInRegion(address, length), 'stack: bytes to be sent lie in the region');
    this.environment.setTime(nowUs);
    return calls.send(this.tcp, this.connection(c), address, length, context, flags);
  }

  /** What `tcpSend` would answer to so many bytes in so many pieces, if `reserve` elements must stay free. */
  tcpSendErrno(c: number, length: number, pieces: number, reserve: number): number {
    const errno = calls.sendErrno(this.tcp, awakeTcb(this.tcp, c), length);
    if (errno !== 0) return errno;
    return this.tcp.sendQueue.available - pieces < reserve ? ENOBUFS : 0;
  }

  /** The program waits for room to send: what TCP_INFO calls limited by its send buffer. */
  tcpAwaitRoom(c: number, nowUs: number): void {
    this.environment.setTime(nowUs);
    calls.awaitRoom(this.tcp, this.connection(c));
  }

  /** The latest `tcpSend` announced more, and it does not come. */
  tcpPush(c: number, nowUs: number): void {
    this.environment.setTime(nowUs);
    calls.push(this.tcp, this.connection(c));
  }

  /** In-order bytes that wait to be taken. // Hot path. */
  tcpReadable(c: number): number {
    return awakeTcb(this.tcp, c).received.queuedBytes;
  }

  /** Moves up to `lengthMax` in-order bytes to `destination` in the region. @returns bytes. // Hot path. */
  tcpTake(c: number, destination: number, lengthMax: number): number {
    const fits = !COSTLY || this.isInRegion(destination, lengthMax);
    assert(fits, 'stack: bytes are taken to where there is room for them');
    return taking.take(this.tcp, this.connection(c), destination, lengthMax);
  }

  /** The same to a program's memory, from `offset` on. // Hot path. */
  tcpTakeTo(c: number, bytes: Uint8Array, offset: number, lengthMax: number): number {
    return taking.takeTo(this.tcp, this.connection(c), bytes, offset, lengthMax);
  }

  /** The same, and they stay. */
  tcpPeekTo(c: number, bytes: Uint8Array, offset: number, lengthMax: number): number {
    return this.tcp.receiveQueue.peekTo(this.connection(c), bytes, offset, lengthMax);
  }

  /** Where the first contiguous piece of in-order data lies; -1: there is none. */
  tcpPeekAddress(c: number): number {
    const head = awakeTcb(this.tcp, c).received.head;
    return head < 0 ? -1 : this.tcp.receiveQueue.address[head];
  }

  /** How long it is. */
  tcpPeekLength(c: number): number {
    const head = awakeTcb(this.tcp, c).received.head;
    return head < 0 ? 0 : this.tcp.receiveQueue.length[head];
  }

  /** Whether the peer's FIN has come and everything before it has been taken. */
  tcpEndOfStream(c: number): boolean {
    const tcb = awakeTcb(this.tcp, c);
    return tcb.received.finTaken !== 0 && tcb.received.queuedBytes === 0;
  }

  /** The receive buffer grows by so many bytes, up to SO_RCVBUF; negative: it shrinks. */
  tcpWiden(c: number, bytes: number): void {
    taking.widen(this.connection(c), bytes);
  }

  /**
   * The program has used `bytes` that were taken: their room in the window opens again. @param sparing whether
   * the user says so only once it is much, or else because it has no answer that an acknowledgement that waits
   * could go with: then that goes at once. // Hot path.
   */
  tcpConsumed(c: number, bytes: number, nowUs: number, sparing = false): void {
    this.environment.setTime(nowUs);
    taking.consumed(this.tcp, this.connection(c), bytes, sparing);
  }

  /** @param how 0 read, 1 write, 2 both. @returns 0, ENOTCONN, EINVAL. */
  tcpShutdown(c: number, how: number, nowUs: number): number {
    this.environment.setTime(nowUs);
    return calls.shutdown(this.tcp, this.connection(c), how);
  }

  /** The user gives the connection up; its number must not be used again. What is queued is still sent. */
  tcpClose(c: number, nowUs: number): void {
    this.environment.setTime(nowUs);
    calls.close(this.tcp, this.connection(c));
  }

  /** The same with a reset, which follows what the windows let go at once; what is left is discarded. */
  tcpReset(c: number, nowUs: number): void {
    this.environment.setTime(nowUs);
    calls.reset(this.tcp, this.connection(c));
  }

  /** The same with a reset at once; what is queued is discarded, its contexts are answered. */
  tcpAbort(c: number, nowUs: number): void {
    this.environment.setTime(nowUs);
    calls.abort(this.tcp, this.connection(c));
  }

  /**
   * Gives up what users who have gone have left behind: their connections are reset, their datagrams are
   * discarded, and the contexts of both are answered.
   */
  abandonOrphans(nowUs: number): void {
    this.environment.setTime(nowUs);
    abortOrphans(this.tcp);
    this.udp.discardAll();
  }

  /** Options are those of `socket/options.ts`. @returns 0, EINVAL, ENOPROTOOPT. */
  tcpSetOption(c: number, option: number, value: number): number {
    return options.setOption(this.tcp, this.connection(c), option, value);
  }

  /** @returns the value (SO_LINGER_SECONDS: -1 is "off"), or -1000 - errno. SO_ERROR is cleared. */
  tcpGetOption(c: number, option: number): number {
    return options.getOption(this.tcp, awakeTcb(this.tcp, c), option);
  }

  /** How many wait at a listener. */
  tcpAcceptable(c: number): number {
    assert(c >= 0, 'stack: a listener that is asked has a number');
    return awakeTcb(this.tcp, c).listening.acceptCount;
  }

  // UDP. A socket is named by its index `u`.

  /** @returns a new socket of the user `owner`, or -1 when none is free. */
  udpOpen(owner: number): number {
    assert(owner >= 0, 'stack: a UDP socket is opened for a user with a number');
    return this.udp.open(owner);
  }

  /** @param address 0: any. @param port 0: one is chosen. @returns 0, EINVAL, EADDRINUSE, EADDRNOTAVAIL */
  udpBind(u: number, address: number, port: number): number {
    assert(port >= 0 && port <= 0xffff, 'stack: a UDP socket is bound to a port of 16 bits');
    return this.udp.bind(this.socket(u), address | 0, port);
  }

  /**
   * Fixes the peer: only its datagrams and errors are taken. @returns 0, ENETUNREACH, EACCES, EINVAL,
   * EADDRINUSE.
   */
  udpConnect(u: number, address: number, port: number): number {
    assert(port >= 0 && port <= 0xffff, 'stack: a UDP socket is connected to a port of 16 bits');
    return this.udp.connect(this.socket(u), address | 0, port);
  }

  /**
   * Queues a datagram by reference; `SocketOwner.sendDone(context)` comes once when the bytes are the user's
   * again, of each piece. @param pieces addresses, with their `lengths` and `contexts`: `count` of them, at
   * least one. @param address and `port` 0: to the connected peer. A context -1: no answer wanted.
   * @returns 0, EMSGSIZE, EDESTADDRREQ, EINVAL (from 127/8 to another host), ENETUNREACH, EACCES, ENOBUFS, or
   * what ICMP said of an earlier one (ECONNREFUSED …).
   */
  udpSend(
    u: number,
    address: number,
    port: number,
    pieces: Int32Array,
    lengths: Int32Array,
    contexts: Int32Array,
    count: number,
    nowUs: number,
  ): number {
    if (COSTLY) this.checkPieces(pieces, lengths, count);
    this.environment.setTime(nowUs);
    return this.udp.send(this.socket(u), address | 0, port, pieces, lengths, contexts, count);
  }

  /** Gives up what waits to be sent; its contexts are answered. @returns datagrams given up. */
  udpDiscard(u: number): number {
    return this.udp.discard(this.socket(u));
  }

  /** Payload bytes of the next datagram (0 is a datagram too); -1: there is none. */
  udpReadable(u: number): number {
    return this.udp.readable(this.socket(u));
  }

  /** Moves the next datagram's payload; what passes `lengthMax` is lost. @returns bytes; -1: no datagram. */
  udpTake(u: number, destination: number, lengthMax: number): number {
    const fits = this.isInRegion(destination, lengthMax);
    assert(fits, 'stack: a datagram is taken to where there is room for it');
    return this.udp.take(this.socket(u), destination, lengthMax);
  }

  /** The same to a program's memory, from `offset` on. @param stays whether it stays, to be taken again. */
  udpTakeTo(u: number, bytes: Uint8Array, offset: number, lengthMax: number, stays = false): number {
    return this.udp.takeTo(this.socket(u), bytes, offset, lengthMax, stays);
  }

  /** Where the datagram taken last came from. */
  udpSourceAddress(u: number): number {
    return this.udp.sockets[u].sourceAddress;
  }

  udpSourcePort(u: number): number {
    return this.udp.sockets[u].sourcePort;
  }

  /** The peer, where one is fixed; else 0. */
  udpRemoteAddress(u: number): number {
    return this.udp.sockets[u].remoteAddress;
  }

  udpRemotePort(u: number): number {
    return this.udp.sockets[u].remotePort;
  }

  /** What ICMP said and nobody was told, left as it is. */
  udpError(u: number): number {
    return this.udp.sockets[u].error;
  }

  /** What the socket is bound to; 0: any, or not bound. */
  udpLocalAddress(u: number): number {
    return this.udp.sockets[u].localAddress;
  }

  udpLocalPort(u: number): number {
    return this.udp.sockets[u].localPort;
  }

  /** @returns 0 or ENOPROTOOPT. SO_BROADCAST, SO_REUSEADDR. */
  udpSetOption(u: number, option: number, value: number): number {
    return this.udp.setOption(this.socket(u), option, value);
  }

  /** @returns the value, or -1000 - errno. SO_ERROR (told by `readable`) is what ICMP said; it is cleared. */
  udpGetOption(u: number, option: number): number {
    return this.udp.getOption(this.socket(u), option);
  }

  /** Gives the socket up. Datagrams already queued are still sent. */
  udpClose(u: number): void {
    this.udp.close(this.socket(u));
  }

  /** The UDP socket that its user calls by its number. */
  private socket(u: number): UdpSocket {
    const socket = this.udp.sockets[u];
    assert(
      socket !== undefined && socket.owner >= 0,
      'stack: a call names a UDP socket that its user has not given up',
    );
    return socket;
  }

  private checkPieces(pieces: Int32Array, lengths: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      assert(this.isInRegion(pieces[i], lengths[i]), 'stack: every piece of a datagram lies in the region');
    }
  }
}
