/**
 * The stack's engine: packets from the devices (`input`), time (`advance`), and what is owed to the wire
 * (`flush`). The user's calls are in `stack.ts`. The order of calls and the ownership of slots and buffers
 * are in `contract.ts`.
 *
 * A packet goes by its Ethernet type to ARP (`arp/`) or IPv4 (`ipv4/`), and from there to ICMP (`icmp/`), UDP
 * (`udp/`) or TCP (`tcp/`).
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import type { PacketPool } from '../../dma/packets.ts';
import type { Region } from '../../dma/region.ts';
import { CARD_COLLAPSE_COPIES, IP_IN_UNKNOWN_PROTOS } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ADDRESS_LOST, ADDRESS_TAKEN } from '../arp/address-conflicts.ts';
import type { NeighbourListener } from '../arp/neighbour-listener.ts';
import { Neighbours } from '../arp/neighbours.ts';
import { portsOf, type StackConfig } from '../config.ts';
import { checkStackConfig } from '../config-check.ts';
import { type LinkClient, type LinkPort, RX_MERGED, type SocketOwner } from '../contract.ts';
import { Environment } from '../environment.ts';
import { ETHERNET_BYTES, ETHERNET_TYPE, ETHERTYPE_ARP, ETHERTYPE_IPV4 } from '../header/ethernet.ts';
import {
  ICMP_UNREACHABLE,
  UNREACHABLE_FRAGMENTATION,
  UNREACHABLE_PORT,
  UNREACHABLE_PROTOCOL,
} from '../header/icmp.ts';
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
} from '../header/ipv4.ts';
import { type ErrorListener, Icmp } from '../icmp/icmp.ts';
import { acceptIpv4 } from '../ipv4/input.ts';
import { Pieces } from '../ipv4/pieces.ts';
import { Reassembly } from '../ipv4/reassembly.ts';
import { Routes } from '../route.ts';
import { addressLost } from '../tcp/address-lost.ts';
import { noteEcnBits } from '../tcp/ecn.ts';
import { advanceConnections } from '../tcp/expire.ts';
import { icmpErrno, isLasting, tcpIcmpError } from '../tcp/icmp-error.ts';
import { tcpInput } from '../tcp/input.ts';
import { neighbourChanged } from '../tcp/neighbour-changed.ts';
import { flushConnections } from '../tcp/output.ts';
import { hasReady } from '../tcp/ready.ts';
import { CLOSED, CLOSING, ESTABLISHED, TIME_WAIT } from '../tcp/state.ts';
import { TcpTables } from '../tcp/tables.ts';
import { Udp } from '../udp/udp.ts';
import { PortClient, type PortInput } from './port-client.ts';
import { Ways } from './ways.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** Packets of connections that one flush sends at most by each port. */
const FLUSH_PACKETS = 256;

export class Engine implements LinkClient, ErrorListener, PortInput {
  readonly config: StackConfig;
  /** Told of each neighbour that is learnt, and when it is confirmed; undefined: nobody is. */
  onNeighbour: ((port: number, address: number, macHigh: number, macLow: number) => void) | undefined;
  /** Told when the link of a port's device has come up or gone down; undefined: nobody is. */
  onLink: ((port: number, up: boolean) => void) | undefined;
  /** Routes and MTUs, which change while connections stand. */
  readonly ways: Ways;
  protected readonly environment: Environment;
  protected readonly routes: Routes;
  protected readonly neighbours: Neighbours;
  protected readonly tcp: TcpTables;
  private readonly pieces: Pieces;
  private readonly icmp: Icmp;
  protected readonly udp: Udp;
  private readonly reassembly: Reassembly;

  /**
   * @param ports what is sent through: one for each address of the configuration, in its order, then the pure
   * loopback port where there is one. Each one's received packets come by `clientOf`.
   * @param gatherAt address of `GATHER_BYTES` for the stack alone.
   * @throws RangeError for a configuration out of range, or another number of ports than it says.
   */
  constructor(
    config: StackConfig,
    region: Region,
    packets: PacketPool,
    dma: DmaEngine,
    ledger: Ledger,
    ports: readonly LinkPort[],
    owner: SocketOwner,
    gatherAt: number,
  ) {
    checkStackConfig(config);
    if (ports.length !== portsOf(config)) {
      throw new RangeError(`"ports" expected ${portsOf(config)}, got ${ports.length}`);
    }
    this.config = config;
    this.environment = new Environment(config, region, packets, dma, ledger, ports, owner, gatherAt);
    this.routes = new Routes(config, this.environment);
    const neighbours: NeighbourListener = {
      neighbourChanged: (neighbour, ready) => {
        neighbourChanged(this.tcp, neighbour, ready);
        this.udp.neighbourChanged(neighbour, ready);
        this.icmp.neighbourChanged(neighbour, ready);
      },
      neighbourLearnt: (neighbour) => {
        const { port, address, macHigh, macLow } = this.neighbours;
        this.onNeighbour?.(port[neighbour], address[neighbour], macHigh[neighbour], macLow[neighbour]);
      },
    };
    this.neighbours = new Neighbours(this.environment, this.routes, neighbours, {
      addressSettled: (of, address, outcome) => {
        if (outcome === ADDRESS_LOST || outcome === ADDRESS_TAKEN) {
          addressLost(this.tcp, address);
          this.udp.addressLost(address);
        }
        owner.addressSettled?.(of, outcome);
      },
    });
    this.tcp = new TcpTables(this.environment, this.routes, this.neighbours);
    this.ways = new Ways(this.environment, this.routes, this.neighbours, this.tcp);
    this.pieces = new Pieces(packets);
    this.udp = new Udp(this.tcp, this.neighbours, this.pieces);
    this.icmp = new Icmp(this.tcp, this.neighbours, this.pieces, this, this.ways);
    this.reassembly = new Reassembly(this.environment, this.pieces, this.icmp);
  }

  /**
   * Makes all that connections need, so that none of them allocates. Without it each makes its own when it is
   * first used: for a stack that is soon thrown away, and of whose connections few are ever open.
   */
  makeConnections(): void {
    this.tcp.makeTcbs();
  }

  /** What the device of a port hands its packets to. @param port its index in the constructor's `ports`. */
  clientOf(port: number): LinkClient {
    assert(
      port >= 0 && port < this.environment.ports.length,
      'stack: a client is asked for a port that the stack has',
    );
    return new PortClient(this, port);
  }

  /**
   * The link of port 0's device has come up or gone down. Routes and neighbours stay as they are; its address
   * may be probed again.
   */
  linkChanged(up: boolean, nowUs: number): void {
    this.portLinkChanged(0, up, nowUs);
  }

  portLinkChanged(port: number, up: boolean, nowUs: number): void {
    assert(
      port >= 0 && port < this.environment.ports.length,
      'stack: a link changes at a port that there is',
    );
    this.environment.setTime(nowUs);
    if (up) this.neighbours.linkUp(port);
    this.onLink?.(port, up);
  }

  /** A frame has arrived by port 0; see `LinkClient`. // Hot path. */
  input(packet: number, address: number, length: number, flags: number, nowUs: number): boolean {
    return this.inputBy(0, packet, address, length, flags, nowUs);
  }

  /** A frame has arrived by a port; see `LinkClient`. // Hot path. */
  inputBy(
    port: number,
    packet: number,
    address: number,
    length: number,
    flags: number,
    nowUs: number,
  ): boolean {
    const { environment } = this;
    if (COSTLY && (flags & RX_MERGED) === 0) this.checkFrame(packet, address, length);
    environment.setTime(nowUs);
    if (length < ETHERNET_BYTES) return false;
    const type = environment.view.getUint16(address + ETHERNET_TYPE);
    if (type === ETHERTYPE_IPV4) return this.inputIpv4(port, packet, address, length - ETHERNET_BYTES, flags);
    if (type === ETHERTYPE_ARP)
      this.neighbours.input(port, address + ETHERNET_BYTES, length - ETHERNET_BYTES);
    return false;
  }

  private inputIpv4(port: number, packet: number, frame: number, length: number, flags: number): boolean {
    const { environment, tcp } = this;
    const { view } = environment;
    const at = frame + ETHERNET_BYTES;
    const headerLength = acceptIpv4(environment, this.routes, port, frame, at, length, flags);
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
      noteEcnBits(tcp, at);
      return tcpInput(tcp, packet, payload, payloadLength, source, destination, flags);
    }
    this.pieces.set(packet, at, payload, payloadLength);
    return this.inputDatagram(packet, payloadLength, protocol, source, destination, flags);
  }

  /** Whether a frame lies in its slot: the device is ours, and has put it there. */
  private checkFrame(packet: number, address: number, length: number): void {
    const { packets } = this.environment;
    assert(packet >= 0 && packet < packets.count, 'stack: a frame is handed over in a packet slot');
    const start = packets.addressOf(packet);
    assert(
      address >= start && length >= 0 && address + length <= start + packets.slotBytes,
      'stack: a frame lies within its slot',
    );
  }

  /** A fragment has arrived. @returns true: its slot has found its place, or has been freed. */
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
    // No flags: the device cannot have verified the checksum of what came in parts.
    const kept =
      protocol === PROTOCOL_TCP
        ? this.inputFragmentedTcp(first, total, source, destination)
        : this.inputDatagram(first, total, protocol, source, destination, 0);
    if (!kept) this.pieces.free(first);
    return true;
  }

  /**
   * A TCP segment must lie in one piece: its fragments are moved together in the first one's slot. One that
   * has no room for them is dropped. @returns true when the slot is kept.
   */
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
    assert(end === at + total, 'stack: the fragments of a segment add up to it');
    pieces.free(pieces.next[first]);
    pieces.next[first] = -1;
    noteEcnBits(this.tcp, pieces.header[first]);
    return tcpInput(this.tcp, first, at, total, source, destination, 0);
  }

  /** A datagram that is not TCP's has arrived, as a chain of slots. @returns true when the chain is kept. */
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

  /** Answers a datagram that nobody here wants (RFC 1122 §3.2.2.1). @returns true when its chain is kept. */
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
      const narrow = tcpIcmpError(this.tcp, local, remote, localPort, remotePort, seq, type, code, mtu);
      if (narrow) this.ways.narrowPath(remote, mtu, this.environment.nowUs);
    } else if (type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION) {
      const narrow = this.udp.narrowed(local, remote, localPort, remotePort, mtu);
      if (narrow) this.ways.narrowPath(remote, mtu, this.environment.nowUs);
    } else if (isLasting(type, code)) {
      this.udp.icmpError(local, remote, localPort, remotePort, icmpErrno(type, code));
    }
  }

  /** Runs the timers that are due. @returns how many did something. */
  advance(nowUs: number): number {
    this.environment.setTime(nowUs);
    return this.neighbours.advance() + this.reassembly.advance() + advanceConnections(this.tcp);
  }

  /**
   * Sends what is owed, up to a bound for each port. What leaves by a full port waits for the next flush.
   * @returns packets sent.
   */
  flush(nowUs: number): number {
    this.environment.setTime(nowUs);
    const { tcp, neighbours } = this;
    let sent = 0;
    if (neighbours.pending) sent += neighbours.flush();
    if (tcp.replies.pending) sent += tcp.replies.flush();
    if (this.icmp.pending) sent += this.icmp.flush();
    if (this.udp.pending) sent += this.udp.flush();
    return sent + flushConnections(tcp, FLUSH_PACKETS);
  }

  /**
   * Adds to `counts`, by the numbers of `tcp/state.ts`, how many connections are in each state but CLOSED. Of
   * one in TIME-WAIT the table's entry counts, and not what its user may still hold.
   */
  countStates(counts: Int32Array): void {
    const { inState, timeWait } = this.tcp;
    for (let state = ESTABLISHED; state <= CLOSING; state++) {
      if (state !== CLOSED) counts[state] += state === TIME_WAIT ? timeWait.count : inState[state];
    }
  }

  /** Whether `flush` would look at something. // Hot path. */
  hasOutput(): boolean {
    const { tcp } = this;
    return (
      hasReady(tcp) || tcp.replies.pending || this.neighbours.pending || this.udp.pending || this.icmp.pending
    );
  }

  /** Whether any timer runs. // Hot path. */
  hasDeadline(): boolean {
    const { tcp, neighbours } = this;
    return (
      !tcp.timers.isEmpty || tcp.timeWait.oldest >= 0 || neighbours.hasDeadline || this.reassembly.hasDeadline
    );
  }

  /**
   * When `advance` is next to be called, in wrapping microseconds: a timer is then due, or must be looked at
   * again. Only where `hasDeadline`.
   */
  deadlineUs(): number {
    if (COSTLY) assert(this.hasDeadline(), 'stack: a deadline is asked for only while a timer runs');
    const { tcp, neighbours, environment } = this;
    const now = environment.nowUs;
    let left = 0x3fff_ffff;
    if (!tcp.timers.isEmpty) left = Math.min(left, (tcp.timers.earliest - now) | 0);
    if (tcp.timeWait.oldest >= 0) left = Math.min(left, (tcp.timeWait.until[tcp.timeWait.oldest] - now) | 0);
    if (neighbours.hasDeadline) left = Math.min(left, (neighbours.deadlineUs() - now) | 0);
    if (this.reassembly.hasDeadline) left = Math.min(left, (this.reassembly.deadlineUs() - now) | 0);
    return (now + left) | 0;
  }
}
