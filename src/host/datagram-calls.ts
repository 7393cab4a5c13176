/**
 * Calls about datagram sockets of the host's own stack, answered as Linux answers them (net/ipv4/udp.c). Of
 * such a socket `connection` is the stack's number of it.
 */
import type { DmaEngine } from '../dma/engine.ts';
import {
  BYTES_RECEIVED,
  BYTES_SENT,
  DATAGRAMS_CUT,
  DATAGRAMS_CUT_BYTES,
  DATAGRAMS_RECEIVED,
  DATAGRAMS_RECEIVED_BYTES,
  DATAGRAMS_SENT,
  DATAGRAMS_SENT_BYTES,
  SEND_COPIES,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import {
  DATAGRAM_BYTES_MAX,
  type DatagramSource,
  type Endpoint,
  FAILED,
  HANGUP,
  READABLE,
  WRITABLE,
} from '../socket/contract.ts';
import {
  EACCES,
  EAGAIN,
  EDESTADDRREQ,
  EINVAL,
  EMSGSIZE,
  ENOBUFS,
  ENOPROTOOPT,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
} from '../socket/errno.ts';
import { isPort } from '../socket/linux-rules.ts';
import { MSG_PEEK, MSG_TRUNC } from '../socket/message-flags.ts';
import { SO_BROADCAST, SO_ERROR, TCP_LINGER2_SECONDS, TCP_NODELAY } from '../socket/options.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import type { Clock } from '../time/clock.ts';
import type { SendMemory } from './send-memory.ts';
import { mark, optionAnswer, type Sock } from './sock.ts';

/**
 * What each datagram counts for against SO_SNDBUF beside its bytes: Linux counts the memory of the whole
 * packet (skb->truesize).
 */
const CHARGE_BYTES = 768;
/** The address that goes to all, where a socket may send to all. */
const EVERYBODY = 0xffff_ffff;
/** Pieces of kernel memory that one datagram may be made of. */
const PIECES_MAX = 64;

export class DatagramCalls {
  private readonly stack: Stack;
  private readonly clock: Clock;
  private readonly dma: DmaEngine;
  private readonly memory: SendMemory;
  private readonly socks: readonly Sock[];
  private readonly counters: Float64Array;
  private readonly pieces = new Int32Array(PIECES_MAX);
  private readonly lengths = new Int32Array(PIECES_MAX);
  private readonly contexts = new Int32Array(PIECES_MAX);

  constructor(
    stack: Stack,
    clock: Clock,
    dma: DmaEngine,
    memory: SendMemory,
    socks: readonly Sock[],
    ledger: Ledger,
  ) {
    this.stack = stack;
    this.clock = clock;
    this.dma = dma;
    this.memory = memory;
    this.socks = socks;
    this.counters = ledger.counters;
  }

  bind(sock: Sock, address: number, port: number): number {
    if (this.stack.udpLocalPort(sock.connection) !== 0) return -EINVAL;
    return 0 - this.stack.udpBind(sock.connection, address, port);
  }

  /** Fixes the peer; it may be done again. */
  connect(sock: Sock, address: number, port: number): number {
    if (!isPort(port) || port === 0) return -EINVAL;
    const errno = this.stack.udpConnect(sock.connection, address, port);
    if (errno !== 0) this.bindWhereDue(sock);
    return 0 - errno;
  }

  /**
   * Sends one datagram, whole or not at all. @param port 0: to the peer. // Hot path: one copy.
   * @returns `length`, or a negative errno.
   */
  send(
    sock: Sock,
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
  ): number {
    const answer = this.trySend(sock, socket, bytes, offset, length, address, port);
    // Linux binds a socket that is to send before it looks at anything else.
    if (answer < 0) this.bindWhereDue(sock);
    return answer;
  }

  private trySend(
    sock: Sock,
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
  ): number {
    const { stack, counters, clock } = this;
    const u = sock.connection;
    if (port === 0 && stack.udpRemotePort(u) === 0) return -EDESTADDRREQ;
    if (address >>> 0 === EVERYBODY && stack.udpGetOption(u, SO_BROADCAST) === 0) return -EACCES;
    if (length > DATAGRAM_BYTES_MAX) return -EMSGSIZE;
    if (stack.udpError(u) !== 0) return 0 - stack.udpGetOption(u, SO_ERROR);
    if (sock.writeEnded !== 0) return -EPIPE;
    const room = sock.sendBufferBytes - sock.sendingBytes;
    if (room < length + CHARGE_BYTES && sock.sendingBytes > 0) return -EAGAIN;
    const count = this.copy(sock, socket, bytes, offset, length);
    if (count < 0) return -EAGAIN;
    const { pieces, lengths, contexts } = this;
    const errno = stack.udpSend(u, address, port, pieces, lengths, contexts, count, clock.nowUs);
    if (errno !== 0) {
      this.giveBack(length === 0 ? 0 : count);
      return errno === ENOBUFS ? -EAGAIN : 0 - errno;
    }
    counters[BYTES_SENT] += length;
    counters[DATAGRAMS_SENT] += 1;
    counters[DATAGRAMS_SENT_BYTES] += length;
    stack.flush(clock.nowUs);
    return length;
  }

  /** Copies a datagram into kernel memory. @returns its pieces; -1 where there is too little. */
  private copy(sock: Sock, socket: number, bytes: Uint8Array, offset: number, length: number): number {
    const { memory } = this;
    this.pieces[0] = 0;
    this.lengths[0] = 0;
    this.contexts[0] = -1;
    let count = 0;
    this.dma.begins(length);
    for (let done = 0; done < length; count++) {
      const piece = count < PIECES_MAX ? memory.take(sock, socket, length - done) : -1;
      if (piece < 0) {
        this.giveBack(count);
        return -1;
      }
      this.dma.copyIn(SEND_COPIES, bytes, offset + done, memory.address, memory.length);
      this.pieces[count] = memory.address;
      this.lengths[count] = memory.length;
      this.contexts[count] = piece;
      done += memory.length;
    }
    return Math.max(count, 1);
  }

  private giveBack(count: number): void {
    for (let i = 0; i < count; i++) this.memory.give(this.contexts[i], this.socks);
  }

  /** A send to what is no port. */
  misdirected(sock: Sock): number {
    this.bindWhereDue(sock);
    return -EINVAL;
  }

  private bindWhereDue({ connection }: Sock): void {
    if (this.stack.udpLocalPort(connection) === 0) this.stack.udpBind(connection, 0, 0);
  }

  /**
   * Takes the oldest datagram; an error that waits is reported first.
   * @param from filled in. @param flags MSG_PEEK and MSG_TRUNC are heeded.
   */
  recv(
    sock: Sock,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource | undefined,
    flags: number,
  ): number {
    const { stack, counters } = this;
    const u = sock.connection;
    if (stack.udpError(u) !== 0) return 0 - stack.udpGetOption(u, SO_ERROR);
    const held = stack.udpReadable(u);
    if (held < 0) return -EAGAIN;
    this.dma.begins(Math.min(held, length));
    const stays = (flags & MSG_PEEK) !== 0;
    const count = stack.udpTakeTo(u, bytes, offset, length, stays);
    if (from !== undefined) {
      from.address = stack.udpSourceAddress(u) >>> 0;
      from.port = stack.udpSourcePort(u);
    }
    const answer = (flags & MSG_TRUNC) !== 0 ? held : count;
    if (stays) return answer;
    counters[BYTES_RECEIVED] += count;
    counters[DATAGRAMS_RECEIVED] += 1;
    counters[DATAGRAMS_RECEIVED_BYTES] += count;
    if (held > count) {
      counters[DATAGRAMS_CUT] += 1;
      counters[DATAGRAMS_CUT_BYTES] += held - count;
    }
    return answer;
  }

  shutdown(sock: Sock, how: number): number {
    mark(sock, how);
    return this.stack.udpRemotePort(sock.connection) !== 0 ? 0 : -ENOTCONN;
  }

  setOption({ connection }: Sock, option: number, value: number): number {
    return isTcpOption(option) ? -ENOPROTOOPT : 0 - this.stack.udpSetOption(connection, option, value);
  }

  getOption({ connection }: Sock, option: number): number {
    if (isTcpOption(option)) return -EOPNOTSUPP;
    return optionAnswer(this.stack.udpGetOption(connection, option));
  }

  local({ connection }: Sock): Endpoint {
    const { stack } = this;
    return { address: stack.udpLocalAddress(connection) >>> 0, port: stack.udpLocalPort(connection) };
  }

  remote({ connection }: Sock): Endpoint | undefined {
    const { stack } = this;
    const port = stack.udpRemotePort(connection);
    return port === 0 ? undefined : { address: stack.udpRemoteAddress(connection) >>> 0, port };
  }

  readiness(sock: Sock): number {
    const { stack, memory } = this;
    const u = sock.connection;
    let bits = stack.udpError(u) !== 0 ? READABLE | WRITABLE | FAILED : 0;
    if (stack.udpReadable(u) >= 0 || sock.readEnded !== 0) bits |= READABLE;
    const room = sock.sendingBytes === 0 || sock.sendBufferBytes - sock.sendingBytes > CHARGE_BYTES;
    if (sock.writeEnded !== 0 || (room && memory.serves(sock))) bits |= WRITABLE;
    if (sock.readEnded !== 0 && sock.writeEnded !== 0) bits |= HANGUP;
    return bits;
  }
}

/** Whether an option is TCP's, which Linux keeps on a level that a datagram socket does not have. */
function isTcpOption(option: number): boolean {
  return option >= TCP_NODELAY && option <= TCP_LINGER2_SECONDS;
}
