/**
 * The TCP/IPv4 stack's door: packets from the device (`input`), the user's calls, time (`advance`), and what is owed to the
 * wire (`flush`). Order of calls and ownership of slots and buffers: `contract.ts`.
 *
 * Packets: Ethernet type → ARP (`arp/`) or IPv4 (`ipv4/`) → ICMP (`icmp/`), UDP (`udp/`) or TCP (`tcp/`).
 */
import type { DmaEngine } from '../dma/engine.ts';
import type { PacketPool } from '../dma/packets.ts';
import type { Region } from '../dma/region.ts';
import { IP_IN_UNKNOWN_PROTOS } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { Neighbours } from './arp/neighbours.ts';
import { checkStackConfig, DEFAULT_STACK_CONFIG, type StackConfig } from './config.ts';
import type { LinkClient, LinkPort, SocketOwner } from './contract.ts';
import { Environment } from './environment.ts';
import { ETHERNET_BYTES, ETHERNET_TYPE, ETHERTYPE_ARP, ETHERTYPE_IPV4 } from './header/ethernet.ts';
import {
  IPV4_DESTINATION,
  IPV4_PROTOCOL,
  IPV4_SOURCE,
  IPV4_TOTAL_LENGTH,
  PROTOCOL_TCP,
} from './header/ipv4.ts';
import { acceptIpv4 } from './ipv4/input.ts';
import { Routes } from './route.ts';
import * as calls from './tcp/calls.ts';
import { advanceConnections } from './tcp/expire.ts';
import { tcpInput } from './tcp/input.ts';
import { neighbourChanged } from './tcp/lifecycle.ts';
import * as options from './tcp/options.ts';
import { flushConnections } from './tcp/output.ts';
import { TcpTables } from './tcp/tables.ts';
import { windowBytes } from './tcp/window.ts';

export { DEFAULT_STACK_CONFIG, type StackConfig };

/** Packets one flush sends at most. */
const FLUSH_PACKETS = 256;

export class Stack implements LinkClient {
  readonly config: StackConfig;
  private readonly environment: Environment;
  private readonly routes: Routes;
  private readonly neighbours: Neighbours;
  private readonly tcp: TcpTables;

  /** @throws RangeError for a configuration out of range. */
  constructor(
    config: StackConfig,
    region: Region,
    packets: PacketPool,
    dma: DmaEngine,
    ledger: Ledger,
    port: LinkPort,
    owner: SocketOwner,
  ) {
    checkStackConfig(config);
    this.config = config;
    this.environment = new Environment(config, region, packets, dma, ledger, port, owner);
    this.routes = new Routes(config);
    this.neighbours = new Neighbours(this.environment, this.routes, {
      neighbourChanged: (neighbour, ready) => neighbourChanged(this.tcp, neighbour, ready),
    });
    this.tcp = new TcpTables(this.environment, this.routes, this.neighbours);
  }

  /** A frame has arrived; see `LinkClient`. // Hot path. */
  input(packet: number, address: number, length: number, flags: number, nowUs: number): boolean {
    const { environment } = this;
    environment.setTime(nowUs);
    if (length < ETHERNET_BYTES) return false;
    const type = environment.view.getUint16(address + ETHERNET_TYPE);
    if (type === ETHERTYPE_IPV4) return this.inputIpv4(packet, address, length - ETHERNET_BYTES, flags);
    if (type === ETHERTYPE_ARP) this.neighbours.input(address + ETHERNET_BYTES, length - ETHERNET_BYTES);
    return false;
  }

  private inputIpv4(packet: number, frame: number, length: number, flags: number): boolean {
    const { environment, tcp } = this;
    const { view, counters } = environment;
    const at = frame + ETHERNET_BYTES;
    const headerLength = acceptIpv4(environment, this.routes, frame, at, length, flags);
    if (headerLength < 0) return false;
    const payload = at + headerLength;
    const payloadLength = view.getUint16(at + IPV4_TOTAL_LENGTH) - headerLength;
    const source = view.getInt32(at + IPV4_SOURCE);
    const destination = view.getInt32(at + IPV4_DESTINATION);
    const protocol = view.getUint8(at + IPV4_PROTOCOL);
    if (protocol === PROTOCOL_TCP) {
      // RFC 9293 MUST-57: nothing sent to many is TCP's.
      if (!this.routes.isOwn(destination)) return false;
      return tcpInput(tcp, packet, payload, payloadLength, source, destination, flags);
    }
    counters[IP_IN_UNKNOWN_PROTOS] += 1;
    return false;
  }

  /** Runs the timers that are due. @returns how many did something. */
  advance(nowUs: number): number {
    this.environment.setTime(nowUs);
    return this.neighbours.advance() + advanceConnections(this.tcp);
  }

  /** Sends what is owed, up to a bound; stops when the port is full and goes on at the next flush. @returns packets sent. */
  flush(nowUs: number): number {
    this.environment.setTime(nowUs);
    const { tcp, neighbours } = this;
    tcp.portFull = false;
    let sent = 0;
    if (neighbours.pending) sent += neighbours.flush();
    if (tcp.replies.pending) sent += tcp.replies.flush();
    return sent + flushConnections(tcp, FLUSH_PACKETS);
  }

  /** Whether `flush` would look at something. // Hot path. */
  hasOutput(): boolean {
    const { tcp } = this;
    return tcp.readyHead !== tcp.readyTail || tcp.replies.pending || this.neighbours.pending;
  }

  /** Whether any timer runs. */
  hasDeadline(): boolean {
    const { tcp, neighbours } = this;
    return !tcp.timers.isEmpty || tcp.timeWait.oldest >= 0 || neighbours.hasDeadline;
  }

  /** When the next timer is due (or must be looked at again), wrapping microseconds; only where `hasDeadline`. */
  deadlineUs(): number {
    const { tcp, neighbours, environment } = this;
    const now = environment.nowUs;
    let left = 0x3fff_ffff;
    if (!tcp.timers.isEmpty) left = Math.min(left, (tcp.timers.earliest - now) | 0);
    if (tcp.timeWait.oldest >= 0) left = Math.min(left, (tcp.timeWait.until[tcp.timeWait.oldest] - now) | 0);
    if (neighbours.hasDeadline) left = Math.min(left, (neighbours.deadlineUs() - now) | 0);
    return (now + left) | 0;
  }

  // TCP. A connection is named by its Tcb index `c`.

  /** @returns a new connection of the user `owner` (its number, at least 0), or -1 when none is free. */
  tcpOpen(owner: number): number {
    return calls.open(this.tcp, owner);
  }

  /** @param address 0: any. @param port 0: an ephemeral one. @returns 0, EINVAL, EADDRINUSE, EADDRNOTAVAIL. */
  tcpBind(c: number, address: number, port: number): number {
    return calls.bind(this.tcp, this.tcp.tcbs[c], address | 0, port);
  }

  /** @returns 0, EINVAL, EADDRINUSE. */
  tcpListen(c: number, backlog: number): number {
    return calls.listen(this.tcp, this.tcp.tcbs[c], backlog);
  }

  /** @returns 0: begun, the outcome comes through `SocketOwner.connected`; EADDRNOTAVAIL, ENETUNREACH, EISCONN, EALREADY, … */
  tcpConnect(c: number, address: number, port: number, nowUs: number): number {
    this.environment.setTime(nowUs);
    return calls.connect(this.tcp, this.tcp.tcbs[c], address | 0, port);
  }

  /** @returns a connection that waited for an accept, now `owner`'s, or -1. It may be readable already. */
  tcpAccept(listener: number, owner: number): number {
    return calls.accept(this.tcp, this.tcp.tcbs[listener], owner);
  }

  /**
   * Queues bytes by reference; they must stay unchanged until `SocketOwner.sendDone(context)`, which comes exactly once
   * for each accepted send with a context. @param context -1: none wanted.
   * @param flags bit 0: more follows soon, hold a short last segment; bit 1: the last byte is urgent.
   * @returns 0, EPIPE, ENOTCONN, ECONNRESET or why the connection failed, ENOBUFS. // Hot path.
   */
  tcpSend(c: number, address: number, length: number, context: number, flags: number, nowUs: number): number {
    this.environment.setTime(nowUs);
    return calls.send(this.tcp, this.tcp.tcbs[c], address, length, context, flags);
  }

  /** In-order bytes that wait to be taken. // Hot path. */
  tcpReadable(c: number): number {
    return this.tcp.tcbs[c].rcvQueued;
  }

  /** Moves up to `lengthMax` in-order bytes to `destination` in the region. @returns bytes. // Hot path. */
  tcpTake(c: number, destination: number, lengthMax: number): number {
    return calls.take(this.tcp, this.tcp.tcbs[c], destination, lengthMax);
  }

  /** Where the first contiguous piece of in-order data lies; -1: there is none. */
  tcpPeekAddress(c: number): number {
    const head = this.tcp.tcbs[c].rcvHead;
    return head < 0 ? -1 : this.tcp.receiveQueue.address[head];
  }

  /** How long it is. */
  tcpPeekLength(c: number): number {
    const head = this.tcp.tcbs[c].rcvHead;
    return head < 0 ? 0 : this.tcp.receiveQueue.length[head];
  }

  /** Whether the peer's FIN has come and everything before it has been taken. */
  tcpEndOfStream(c: number): boolean {
    const tcb = this.tcp.tcbs[c];
    return tcb.finReceived !== 0 && tcb.rcvQueued === 0;
  }

  /** The program has used `bytes` that were taken: their room in the window opens again. // Hot path. */
  tcpConsumed(c: number, bytes: number, nowUs: number): void {
    this.environment.setTime(nowUs);
    calls.consumed(this.tcp, this.tcp.tcbs[c], bytes);
  }

  /** @param how 0 read, 1 write, 2 both. @returns 0, ENOTCONN, EINVAL. */
  tcpShutdown(c: number, how: number, nowUs: number): number {
    this.environment.setTime(nowUs);
    return calls.shutdown(this.tcp, this.tcp.tcbs[c], how);
  }

  /** The user gives the connection up; its number must not be used again. What is queued is still sent. */
  tcpClose(c: number, nowUs: number): void {
    this.environment.setTime(nowUs);
    calls.close(this.tcp, this.tcp.tcbs[c]);
  }

  /** The same with a reset; what is queued is discarded, its contexts are answered. */
  tcpAbort(c: number, nowUs: number): void {
    this.environment.setTime(nowUs);
    calls.abort(this.tcp, this.tcp.tcbs[c]);
  }

  /** Options are those of `socket/options.ts`. @returns 0, EINVAL, ENOPROTOOPT. */
  tcpSetOption(c: number, option: number, value: number): number {
    return options.setOption(this.tcp, this.tcp.tcbs[c], option, value);
  }

  /** @returns the value (SO_LINGER_SECONDS: -1 is "off"), or -1000 - errno. SO_ERROR is cleared. */
  tcpGetOption(c: number, option: number): number {
    return options.getOption(this.tcp.tcbs[c], option);
  }

  /** A state of `tcp/state.ts`. */
  tcpState(c: number): number {
    return this.tcp.tcbs[c].state;
  }

  tcpLocalAddress(c: number): number {
    return this.tcp.tcbs[c].localAddress;
  }

  tcpLocalPort(c: number): number {
    return this.tcp.tcbs[c].localPort;
  }

  tcpRemoteAddress(c: number): number {
    return this.tcp.tcbs[c].remoteAddress;
  }

  tcpRemotePort(c: number): number {
    return this.tcp.tcbs[c].remotePort;
  }

  tcpSrttUs(c: number): number {
    return this.tcp.tcbs[c].srtt >> 3;
  }

  tcpRtoUs(c: number): number {
    return this.tcp.tcbs[c].rto;
  }

  tcpCwndBytes(c: number): number {
    return this.tcp.tcbs[c].cwnd;
  }

  tcpSsthreshBytes(c: number): number {
    return this.tcp.tcbs[c].ssthresh;
  }

  tcpSndWndBytes(c: number): number {
    return this.tcp.tcbs[c].sndWnd;
  }

  tcpRcvWndBytes(c: number): number {
    return windowBytes(this.tcp, this.tcp.tcbs[c]);
  }

  tcpRetransmissions(c: number): number {
    return this.tcp.tcbs[c].retransmissions;
  }

  tcpUnackedBytes(c: number): number {
    const tcb = this.tcp.tcbs[c];
    return (tcb.sndMax - tcb.sndUna) | 0;
  }

  /** Bytes up to the end of the urgent data that has arrived; 0: none. Urgent data stays in the stream. */
  tcpUrgentBytes(c: number): number {
    const tcb = this.tcp.tcbs[c];
    if (tcb.rcvUrgent === 0) return 0;
    const left = (tcb.rcvUp - tcb.rcvNxt + tcb.rcvQueued) | 0;
    return Math.max(left, 0);
  }
}
