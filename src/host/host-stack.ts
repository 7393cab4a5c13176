/**
 * The host's own stack: the same TCP/IPv4 that a card runs, in the program's thread, over a plain network
 * device. A program's calls work on its tables at once, as system calls do; what the device has received is
 * taken in when the program polls or waits, as a softirq would. Bytes are copied twice by the processor: from
 * the program into kernel memory, where the device fetches them, and from the packets that the device has
 * placed into the program.
 */
import { assert } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import { PortGroup } from '../hdm/port-group.ts';
import {
  BYTES_SENT,
  HOST_INTERRUPTS_SERVICED,
  INTERRUPTS,
  SEND_COPIES,
  USER_WOULD_BLOCK,
} from '../ledger/counters.gen.ts';
import { type DatagramSource, type Endpoint, SOCK_STREAM, type SocketStack } from '../socket/contract.ts';
import { EAGAIN, EBADF, EFAULT, ENOBUFS, ENOTTY, EOPNOTSUPP, EPIPE } from '../socket/errno.ts';
import { isWithin } from '../socket/linux-rules.ts';
import { sendFlagsErrno } from '../socket/message-flags.ts';
import { TCP_MAXSEG } from '../socket/options.ts';
import { kindOf, SEND_MORE } from '../socket/send-kind.ts';
import type { TcpInfo } from '../socket/tcp-info.ts';
import { isAtMark } from '../socket/urgent-mark.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import { type Agent, NEVER } from '../time/agent.ts';
import type { Clock } from '../time/clock.ts';
import { DatagramCalls } from './datagram-calls.ts';
import type { HostStackParts, MessageCard } from './host-stack-parts.ts';
import type { SendMemory } from './send-memory.ts';
import { SOCK_CONNECTED, SOCK_CONNECTING, SOCK_DATAGRAM, type Sock, takeError } from './sock.ts';
import { SockCalls } from './sock-calls.ts';
import { SockMoves } from './sock-moves.ts';
import { SockOptions } from './sock-options.ts';
import { PIECE_BYTES_MIN, SockReadiness } from './sock-readiness.ts';
import { SockReceives } from './sock-receives.ts';
import type { SockUpcalls } from './sock-upcalls.ts';

/** Turns of device and stack in one poll at most, so that the program gets its turn. */
const TURNS_PER_POLL = 8;
const NS_PER_US = 1000;
const NS_PER_MS = 1e6;

export class HostStack implements SocketStack, Agent {
  readonly name = 'host';
  /** Connections that go to cards, and come back. */
  readonly moves: SockMoves;
  private readonly stack: Stack;
  private readonly device: PortGroup;
  private readonly clock: Clock;
  private readonly dma: DmaEngine;
  private readonly memory: SendMemory;
  private readonly socks: readonly Sock[];
  private readonly datagrams: DatagramCalls;
  private readonly calls: SockCalls;
  private readonly receives: SockReceives;
  private readonly ready: SockReadiness;
  private readonly options: SockOptions;
  private readonly counters: Float64Array;
  private readonly upcalls: SockUpcalls;
  private readonly interruptNs: number;
  private readonly sleep: (ns: number) => void;
  private readonly card: MessageCard | undefined;
  /** The last poll found nothing: what comes next comes by an interrupt. */
  private rests = true;

  constructor(parts: HostStackParts) {
    const { stack, clock, ledger, memory, socks, sendBufferBytes } = parts;
    this.stack = stack;
    this.device = new PortGroup(parts.devices);
    this.device.attach((port) => (port === 0 ? stack : stack.clientOf(port)));
    this.clock = clock;
    this.dma = parts.dma;
    this.memory = memory;
    this.socks = socks;
    this.datagrams = new DatagramCalls(stack, clock, parts.dma, memory, socks, ledger);
    this.options = new SockOptions(stack, this.datagrams);
    const softirq = (): void => {
      this.poll();
    };
    this.calls = new SockCalls(
      stack,
      clock,
      memory,
      this.datagrams,
      socks,
      sendBufferBytes,
      ledger,
      parts.upcalls.ready,
      softirq,
      parts.reads,
    );
    this.receives = new SockReceives(parts, this.calls, this.datagrams);
    this.ready = new SockReadiness(parts, this.receives, this.datagrams);
    this.moves = new SockMoves({
      ...{ stack, clock, memory, socks, dma: parts.dma },
      calls: this.calls,
      ready: parts.upcalls.ready,
    });
    this.counters = ledger.counters;
    this.upcalls = parts.upcalls;
    this.interruptNs = parts.interruptNs;
    this.sleep = parts.sleep;
    this.card = parts.card;
  }

  /** The socket whose readiness changed longest ago, each once; -1 when there is none. */
  nextReady(): number {
    return this.upcalls.ready.next();
  }

  socket(type: number = SOCK_STREAM): number {
    return this.calls.socket(type);
  }

  bind(socket: number, address: number, port: number): number {
    return this.calls.bind(socket, address, port);
  }

  listen(socket: number, backlog: number): number {
    return this.calls.listen(socket, backlog);
  }

  accept(socket: number): number {
    const accepted = this.calls.accept(socket);
    if (accepted >= 0) this.lookForUrgent(accepted);
    return accepted;
  }

  /** The peer may have sent an urgent byte before its connection was accepted. */
  private lookForUrgent(accepted: number): void {
    const { stack } = this;
    const { connection } = this.socks[accepted];
    const distance = stack.tcpUrgentDistance(connection);
    if (distance >= 0) this.upcalls.urgent(accepted, distance, stack.tcpUrgentByte(connection), 0);
  }

  connect(socket: number, address: number, port: number): number {
    return this.calls.connect(socket, address, port);
  }

  shutdown(socket: number, how: number): number {
    return this.calls.shutdown(socket, how);
  }

  close(socket: number): number {
    return this.calls.close(socket);
  }

  localEndpoint(socket: number): Endpoint | undefined {
    return this.calls.local(socket);
  }

  remoteEndpoint(socket: number): Endpoint | undefined {
    return this.calls.remote(socket);
  }

  /** // Hot path: one copy, and the packets go out before the call returns. */
  send(socket: number, bytes: Uint8Array, offset: number, length: number, flags = 0): number {
    const sock = this.calls.open(socket);
    if (sock === undefined) return -EBADF;
    if (!isWithin(bytes, offset, length)) return -EFAULT;
    if (flags !== 0) {
      const errno = sendFlagsErrno(flags, sock.state === SOCK_DATAGRAM);
      if (errno !== 0) return errno;
    }
    if (sock.state === SOCK_DATAGRAM) {
      return this.datagrams.send(sock, socket, bytes, offset, length, 0, 0);
    }
    if (sock.state !== SOCK_CONNECTED || sock.writeEnded !== 0 || sock.errno !== 0) return this.refused(sock);
    if (length === 0) return 0;
    const room = sock.sendBufferBytes - sock.sendingBytes;
    if (room < PIECE_BYTES_MIN && sock.sendingBytes > 0 && room < length) return this.noRoom(sock);
    const taken = this.queue(sock, socket, bytes, offset, Math.min(length, Math.max(room, 1)), length, flags);
    if (taken > 0) this.stack.flush(this.clock.nowUs);
    return taken;
  }

  /** The send buffer is full: the program waits for it. */
  private noRoom({ connection }: Sock): number {
    this.stack.tcpAwaitRoom(connection, this.clock.nowUs);
    return this.wouldBlock();
  }

  /**
   * Copies bytes into kernel memory, piece by piece, and queues each.
   * @param wanted how many the program has. @param flags MSG_ bits. @returns how many, or an errno.
   */
  private queue(
    sock: Sock,
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    wanted: number,
    flags: number,
  ): number {
    const { memory, stack, upcalls } = this;
    const { nowUs } = this.clock;
    let done = 0;
    this.dma.begins(length);
    while (done < length) {
      // Asked first, so that nothing is copied in vain.
      const errno = stack.tcpSendErrno(sock.connection, length - done, 1, 0);
      if (errno !== 0 && errno !== ENOBUFS && done === 0) return 0 - errno;
      let most = length - done;
      if (sock.unsentLowBytes > 0) most = Math.min(most, this.mayQueue(sock));
      if (most === 0) break;
      const waits = errno !== 0 || upcalls.mustWait(socket);
      const piece = waits ? -1 : memory.take(sock, socket, most);
      if (piece < 0) {
        upcalls.starved.note(socket);
        break;
      }
      if (upcalls.turn === socket) upcalls.passTurn();
      const count = memory.length;
      this.dma.copyIn(SEND_COPIES, bytes, offset + done, memory.address, count);
      // A write is pushed once, at its end, in however many pieces of memory it lies.
      const last = done + count === wanted;
      const kind = done + count < length ? SEND_MORE : last && flags !== 0 ? kindOf(flags) : 0;
      const refused = stack.tcpSend(sock.connection, memory.address, count, piece, kind, nowUs);
      assert(refused === 0, 'host stack: what may be queued is queued');
      done += count;
    }
    if (done > 0 && done < length) stack.tcpPush(sock.connection, nowUs);
    if (done === 0) return this.wouldBlock();
    this.counters[BYTES_SENT] += done;
    return done;
  }

  recv(socket: number, bytes: Uint8Array, offset: number, length: number, flags = 0): number {
    return this.receives.take(socket, bytes, offset, length, undefined, flags);
  }

  sendTo(
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
    flags = 0,
  ): number {
    const sock = this.socks[socket];
    if (sock?.state !== SOCK_DATAGRAM) return this.send(socket, bytes, offset, length, flags);
    this.calls.open(socket);
    if (!isWithin(bytes, offset, length)) return -EFAULT;
    if (sendFlagsErrno(flags, true) !== 0) return -EOPNOTSUPP;
    if (!(port > 0 && port <= 65535)) return this.datagrams.misdirected(sock);
    return this.datagrams.send(sock, socket, bytes, offset, length, address, port);
  }

  recvFrom(
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource,
    flags = 0,
  ): number {
    return this.receives.take(socket, bytes, offset, length, from, flags);
  }

  /**
   * How many bytes may be queued by TCP_NOTSENT_LOWAT: what is queued is sent first, as far as it goes. Whole
   * segments, as on Linux, so that the last may go over the limit.
   */
  private mayQueue({ connection, unsentLowBytes }: Sock): number {
    const { stack } = this;
    if (stack.tcpUnsentBytes(connection) >= unsentLowBytes) stack.flush(this.clock.nowUs);
    const room = unsentLowBytes - stack.tcpUnsentBytes(connection);
    const mss = stack.tcpGetOption(connection, TCP_MAXSEG);
    return room <= 0 ? 0 : Math.ceil(room / mss) * mss;
  }

  setOption(socket: number, option: number, value: number): number {
    return this.options.set(this.calls.open(socket), option, value);
  }

  getOption(socket: number, option: number): number {
    return this.options.get(this.calls.open(socket), option);
  }

  tcpInfo(socket: number): TcpInfo | number {
    const sock = this.calls.open(socket);
    if (sock === undefined) return -EBADF;
    return sock.state === SOCK_DATAGRAM ? -EOPNOTSUPP : this.stack.tcpInfo(sock.connection);
  }

  atMark(socket: number): number {
    const sock = this.calls.open(socket);
    if (sock === undefined) return -EBADF;
    if (sock.state === SOCK_DATAGRAM) return -ENOTTY;
    return isAtMark(sock) ? 1 : 0;
  }

  readiness(socket: number): number {
    const sock = this.socks[socket];
    return sock === undefined ? -EBADF : this.ready.of(sock, socket);
  }

  /** What the device has received, and what time brings: a softirq's work. // Hot path. */
  poll(): number {
    const { stack, device, clock } = this;
    clock.update();
    let work = this.upcalls.passTurn();
    for (let turn = 0; turn < TURNS_PER_POLL; turn++) {
      const frames = device.poll();
      this.receives.dropUrgent();
      // As with NAPI: while there is work the device is polled, and interrupts nobody.
      if (frames > 0 && this.rests && this.card === undefined) {
        this.counters[INTERRUPTS] += 1;
        this.counters[HOST_INTERRUPTS_SERVICED] += 1;
        this.rests = false;
      }
      const moved = frames + stack.advance(clock.nowUs) + stack.flush(clock.nowUs);
      if (moved === 0) break;
      work += moved;
    }
    if (work === 0) this.rests = true;
    return work;
  }

  wait(timeoutMs: number): number {
    const { clock } = this;
    clock.update();
    const endNs = timeoutMs < 0 ? NEVER : clock.nowNs + timeoutMs * NS_PER_MS;
    for (;;) {
      const work = this.poll();
      if (work > 0 || clock.nowNs >= endNs) return work;
      const untilNs = Math.min(endNs, this.nextDeadlineNs());
      if (untilNs > clock.nowNs) this.sleep(untilNs - clock.nowNs);
    }
  }

  /** How long after its arrival a frame is looked at that comes now. */
  get interruptWaitNs(): number {
    return this.rests ? this.interruptNs : 0;
  }

  /** On a bus of its own a device brings nothing that a turn at its deadline would not find. */
  arm(): boolean {
    return this.card === undefined || this.card.arm();
  }

  nextDeadlineNs(): number {
    const { stack, clock } = this;
    const deviceNs = this.device.nextDeadlineNs() + this.interruptWaitNs;
    if (!stack.hasDeadline()) return deviceNs;
    const waitUs = (stack.deadlineUs() - clock.nowUs) | 0;
    return Math.min(deviceNs, clock.nowNs + Math.max(0, waitUs) * NS_PER_US);
  }

  /** What a send answers in a state in which nothing can be sent. */
  private refused(sock: Sock): number {
    if (sock.errno !== 0) return takeError(sock);
    return sock.state === SOCK_CONNECTING ? this.wouldBlock() : -EPIPE;
  }

  private wouldBlock(): number {
    this.counters[USER_WOULD_BLOCK] += 1;
    return -EAGAIN;
  }
}
