/**
 * The TCP/IPv4 stack's door: packets from the device (`input`), the user's calls, time (`advance`), and what is owed to the
 * wire (`flush`). Order of calls and ownership of slots and buffers: `contract.ts`.
 *
 * Packets: Ethernet type → ARP (`arp/`) or IPv4 (`ipv4/`) → ICMP (`icmp/`), UDP (`udp/`) or TCP (`tcp/`).
 */
import type { DmaEngine } from '../dma/engine.ts';
import type { PacketPool } from '../dma/packets.ts';
import type { Region } from '../dma/region.ts';
import { CARD_COLLAPSE_COPIES, IP_IN_UNKNOWN_PROTOS } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { Neighbours } from './arp/neighbours.ts';
import { checkStackConfig, DEFAULT_STACK_CONFIG, type StackConfig } from './config.ts';
import type { LinkClient, LinkPort, SocketOwner } from './contract.ts';
import { Environment } from './environment.ts';
import { ETHERNET_BYTES, ETHERNET_TYPE, ETHERTYPE_ARP, ETHERTYPE_IPV4 } from './header/ethernet.ts';
import { ICMP_UNREACHABLE, UNREACHABLE_PORT, UNREACHABLE_PROTOCOL } from './header/icmp.ts';
import {
  FRAGMENT_OFFSET,
  IPV4_DESTINATION,
  IPV4_FRAGMENT,
  IPV4_PROTOCOL,
  IPV4_SOURCE,
  IPV4_TOTAL_LENGTH,
  MORE_FRAGMENTS,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from './header/ipv4.ts';
import { type ErrorListener, Icmp } from './icmp/icmp.ts';
import { acceptIpv4 } from './ipv4/input.ts';
import { Pieces } from './ipv4/pieces.ts';
import { Reassembly } from './ipv4/reassembly.ts';
import { Routes } from './route.ts';
import * as calls from './tcp/calls.ts';
import { advanceConnections } from './tcp/expire.ts';
import { icmpErrno, tcpIcmpError } from './tcp/icmp-error.ts';
import { tcpInput } from './tcp/input.ts';
import { neighbourChanged } from './tcp/lifecycle.ts';
import * as options from './tcp/options.ts';
import { flushConnections } from './tcp/output.ts';
import { TcpTables } from './tcp/tables.ts';
import { windowBytes } from './tcp/window.ts';
import { Udp } from './udp/udp.ts';

export { DEFAULT_STACK_CONFIG, type StackConfig };

/** Packets one flush sends at most. */
const FLUSH_PACKETS = 256;

export class Stack implements LinkClient, ErrorListener {
  readonly config: StackConfig;
  private readonly environment: Environment;
  private readonly routes: Routes;
  private readonly neighbours: Neighbours;
  private readonly tcp: TcpTables;
  private readonly pieces: Pieces;
  private readonly icmp: Icmp;
  private readonly udp: Udp;
  private readonly reassembly: Reassembly;

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
      neighbourChanged: (neighbour, ready) => {
        neighbourChanged(this.tcp, neighbour, ready);
        this.udp.neighbourChanged(neighbour, ready);
        this.icmp.neighbourChanged(neighbour, ready);
      },
    });
    this.tcp = new TcpTables(this.environment, this.routes, this.neighbours);
    this.pieces = new Pieces(packets);
    this.udp = new Udp(this.environment, this.routes, this.neighbours, this.pieces);
    this.icmp = new Icmp(this.environment, this.routes, this.neighbours, this.pieces, this);
    this.reassembly = new Reassembly(this.environment, this.pieces, this.icmp);
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
    const { view } = environment;
    const at = frame + ETHERNET_BYTES;
    const headerLength = acceptIpv4(environment, this.routes, frame, at, length, flags);
    if (headerLength < 0) return false;
    const payload = at + headerLength;
    const payloadLength = view.getUint16(at + IPV4_TOTAL_LENGTH) - headerLength;
    const source = view.getInt32(at + IPV4_SOURCE);
    const destination = view.getInt32(at + IPV4_DESTINATION);
    const protocol = view.getUint8(at + IPV4_PROTOCOL);
    if ((view.getUint16(at + IPV4_FRAGMENT) & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) !== 0) {
      return this.inputFragment(packet, at, headerLength, payloadLength, protocol, source, destination);
    }
    if (protocol === PROTOCOL_TCP) {
      // RFC 9293 MUST-57: nothing sent to many is TCP's.
      if (!this.routes.isOwn(destination)) return false;
      return tcpInput(tcp, packet, payload, payloadLength, source, destination, flags);
    }
    this.pieces.set(packet, at, payload, payloadLength);
    return this.inputDatagram(packet, payloadLength, protocol, source, destination, flags);
  }

  /** @returns true: the slot has found its place, or has been freed. */
  private inputFragment(
    packet: number,
    at: number,
    headerLength: number,
    length: number,
    protocol: number,
    source: number,
    destination: number,
  ): boolean {
    const first = this.reassembly.add(packet, at, headerLength, length);
    if (first < 0) return true;
    const total = this.reassembly.completedLength;
    // The device could not check what came in parts.
    const kept =
      protocol === PROTOCOL_TCP
        ? this.inputFragmentedTcp(first, total, source, destination)
        : this.inputDatagram(first, total, protocol, source, destination, 0);
    if (!kept) this.pieces.free(first);
    return true;
  }

  /** A segment must lie in one piece: its fragments are put together in the first one's slot, if it has the room. */
  private inputFragmentedTcp(first: number, total: number, source: number, destination: number): boolean {
    const { pieces, environment } = this;
    const { packets } = environment;
    const at = pieces.address[first];
    if (!this.routes.isOwn(destination)) return false;
    if (at + total > packets.addressOf(first) + packets.slotBytes) return false;
    let end = at + pieces.length[first];
    for (let slot = pieces.next[first]; slot >= 0; slot = pieces.next[slot]) {
      environment.dma.move(CARD_COLLAPSE_COPIES, pieces.address[slot], end, pieces.length[slot]);
      end += pieces.length[slot];
    }
    pieces.free(pieces.next[first]);
    pieces.next[first] = -1;
    return tcpInput(this.tcp, first, at, total, source, destination, 0);
  }

  /** @returns true when the chain is kept. */
  private inputDatagram(
    packet: number,
    length: number,
    protocol: number,
    source: number,
    destination: number,
    flags: number,
  ): boolean {
    if (protocol === PROTOCOL_UDP) {
      const outcome = this.udp.input(packet, length, source, destination, flags);
      return outcome > 0 || (outcome < 0 && this.answerUnreachable(packet, UNREACHABLE_PORT));
    }
    if (protocol === PROTOCOL_ICMP) {
      return this.icmp.input(packet, length, source, destination, !this.routes.isOwn(destination));
    }
    this.environment.counters[IP_IN_UNKNOWN_PROTOS] += 1;
    return this.answerUnreachable(packet, UNREACHABLE_PROTOCOL);
  }

  private answerUnreachable(packet: number, code: number): boolean {
    return this.icmp.queueError(packet, this.pieces.header[packet], ICMP_UNREACHABLE, code);
  }

  /** See `ErrorListener`. */
  icmpError(
    protocol: number,
    local: number,
    remote: number,
    localPort: number,
    remotePort: number,
    seq: number,
    type: number,
    code: number,
    mtu: number,
  ): void {
    if (protocol === PROTOCOL_TCP) {
      tcpIcmpError(this.tcp, local, remote, localPort, remotePort, seq, type, code, mtu);
    } else if (type === ICMP_UNREACHABLE) {
      this.udp.icmpError(local, remote, localPort, remotePort, icmpErrno(type, code));
    }
  }

  /** Runs the timers that are due. @returns how many did something. */
  advance(nowUs: number): number {
    this.environment.setTime(nowUs);
    return this.neighbours.advance() + this.reassembly.advance() + advanceConnections(this.tcp);
  }

  /** Sends what is owed, up to a bound; stops when the port is full and goes on at the next flush. @returns packets sent. */
  flush(nowUs: number): number {
    this.environment.setTime(nowUs);
    const { tcp, neighbours } = this;
    tcp.portFull = false;
    let sent = 0;
    if (neighbours.pending) sent += neighbours.flush();
    if (tcp.replies.pending) sent += tcp.replies.flush();
    if (this.icmp.pending) sent += this.icmp.flush();
    if (this.udp.pending) sent += this.udp.flush();
    return sent + flushConnections(tcp, FLUSH_PACKETS);
  }

  /** Whether `flush` would look at something. // Hot path. */
  hasOutput(): boolean {
    const { tcp } = this;
    return (
      tcp.readyHead !== tcp.readyTail ||
      tcp.replies.pending ||
      this.neighbours.pending ||
      this.udp.pending ||
      this.icmp.pending
    );
  }

  /** Whether any timer runs. */
  hasDeadline(): boolean {
    const { tcp, neighbours } = this;
    return (
      !tcp.timers.isEmpty || tcp.timeWait.oldest >= 0 || neighbours.hasDeadline || this.reassembly.hasDeadline
    );
  }

  /** When the next timer is due (or must be looked at again), wrapping microseconds; only where `hasDeadline`. */
  deadlineUs(): number {
    const { tcp, neighbours, environment } = this;
    const now = environment.nowUs;
    let left = 0x3fff_ffff;
    if (!tcp.timers.isEmpty) left = Math.min(left, (tcp.timers.earliest - now) | 0);
    if (tcp.timeWait.oldest >= 0) left = Math.min(left, (tcp.timeWait.until[tcp.timeWait.oldest] - now) | 0);
    if (neighbours.hasDeadline) left = Math.min(left, (neighbours.deadlineUs() - now) | 0);
    if (this.reassembly.hasDeadline) left = Math.min(left, (this.reassembly.deadlineUs() - now) | 0);
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

  // UDP. A socket is named by its index `u`.

  /** @returns a new socket of the user `owner`, or -1 when none is free. */
  udpOpen(owner: number): number {
    return this.udp.open(owner);
  }

  /** @param address 0: any. @param port 0: an ephemeral one. @returns 0, EINVAL, EADDRINUSE, EADDRNOTAVAIL. */
  udpBind(u: number, address: number, port: number): number {
    return this.udp.bind(this.udp.sockets[u], address | 0, port);
  }

  /** Fixes the peer: only its datagrams and errors are taken. @returns 0, ENETUNREACH, EACCES, EINVAL, EADDRINUSE. */
  udpConnect(u: number, address: number, port: number): number {
    return this.udp.connect(this.udp.sockets[u], address | 0, port);
  }

  /**
   * Queues a datagram by reference; `SocketOwner.sendDone(context)` comes once when the bytes are the user's again.
   * @param address and `port` 0: to the connected peer. @param context -1: no answer wanted.
   * @returns 0, EMSGSIZE, EDESTADDRREQ, ENETUNREACH, EACCES, ENOBUFS, or what ICMP said of an earlier one (ECONNREFUSED …).
   */
  udpSend(
    u: number,
    address: number,
    port: number,
    pieceAddress: number,
    length: number,
    context: number,
    nowUs: number,
  ): number {
    this.environment.setTime(nowUs);
    return this.udp.send(this.udp.sockets[u], address | 0, port, pieceAddress, length, context);
  }

  /** Payload bytes of the next datagram (0 is a datagram too); -1: there is none. */
  udpReadable(u: number): number {
    return this.udp.readable(this.udp.sockets[u]);
  }

  /** Moves the next datagram's payload; what passes `lengthMax` is lost. @returns bytes; -1: no datagram. */
  udpTake(u: number, destination: number, lengthMax: number): number {
    return this.udp.take(this.udp.sockets[u], destination, lengthMax);
  }

  /** Where the datagram taken last came from. */
  udpSourceAddress(u: number): number {
    return this.udp.sockets[u].sourceAddress;
  }

  udpSourcePort(u: number): number {
    return this.udp.sockets[u].sourcePort;
  }

  udpLocalAddress(u: number): number {
    return this.udp.sockets[u].localAddress;
  }

  udpLocalPort(u: number): number {
    return this.udp.sockets[u].localPort;
  }

  /** @returns 0 or ENOPROTOOPT. SO_BROADCAST, SO_REUSEADDR. */
  udpSetOption(u: number, option: number, value: number): number {
    return this.udp.setOption(this.udp.sockets[u], option, value);
  }

  /** @returns the value, or -1000 - errno. SO_ERROR (what ICMP said) is cleared; `readable` is told when there is one. */
  udpGetOption(u: number, option: number): number {
    return this.udp.getOption(this.udp.sockets[u], option);
  }

  /** Gives the socket up. Datagrams already queued are still sent. */
  udpClose(u: number): void {
    this.udp.close(this.udp.sockets[u]);
  }
}
