/**
 * A host with the TCP/IPv4 of this package alone on a wire, in virtual time: packets are injected and
 * captured as bytes, time passes only when it is told to, and socket calls are answered at once, as Linux
 * answers non-blocking ones. The same settings, seed and packets give the same bytes.
 */
import { DmaEngine } from '../../dma/engine.ts';
import { PacketPool } from '../../dma/packets.ts';
import { reconcileHost } from '../../host/books.ts';
import { HostStack } from '../../host/host-stack.ts';
import { SendMemory } from '../../host/send-memory.ts';
import { hasPeerEnded, SOCK_CONNECTED, Sock } from '../../host/sock.ts';
import { SockUpcalls } from '../../host/sock-upcalls.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { Reconciliation } from '../../ledger/reconcile.ts';
import type { SocketStack } from '../../socket/contract.ts';
import { SO_SNDBUF } from '../../socket/options.ts';
import type { TcpInfo } from '../../socket/tcp-info.ts';
import { URGENT_NONE } from '../../socket/urgent-mark.ts';
import { IPV4_BYTES, IPV4_SOURCE } from '../../tcpip/header/ipv4.ts';
import type { RouteMetrics } from '../../tcpip/route-table.ts';
import { NEVER } from '../../time/agent.ts';
import { Clock } from '../../time/clock.ts';
import { applySetting, type SettingOutcome } from './apply-setting.ts';
import { DrillMemory, PACKET_SLOTS, SLOT_BYTES } from './drill-memory.ts';
import { DrillStack } from './drill-stack.ts';
import { DrillWire, MAC_HIGH, NEIGHBOUR_LOW } from './drill-wire.ts';
import { LinuxSends, type SendingConnection } from './linux-sends.ts';
import { type DrillConfig, drillConfig, type SystemName } from './live-config.ts';
import { OpenTimeouts } from './open-timeouts.ts';
import { SettledSockets } from './settled-sockets.ts';

const NS_PER_US = 1000;
/** The clock does not begin at 0, as that of no machine does. */
const START_US = 1_000_000_000;
const MTU = 1500;
/** 192.168.0.1, the address of packetdrill's host. */
const LOCAL = 0xc0a8_0001;
const SOCKETS = 256;
/** A send buffer that never limits: what does is Linux's own count (`linux-sends.ts`). */
const SEND_BUFFER_WHOLE = 1 << 29;
/** More turns at one time than this, and the stack is talking to itself. */
const TURNS_MAX = 100_000;

export interface DrillHostOptions {
  /** Own IPv4 address, as a number; 192.168.0.1 by default. */
  readonly address?: number;
  /** Largest IPv4 packet in bytes, 68 to 65535; 1500 by default. */
  readonly mtu?: number;
  /** What initial sequence numbers, ports and timestamps are drawn from; 1 by default. */
  readonly seed?: number;
  /** Whose defaults it has: Linux's, by default, or FreeBSD's. */
  readonly system?: SystemName;
  /** Settings by Linux's names, such as `{ 'net.ipv4.tcp_sack': 0 }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Is handed each IPv4 packet that leaves, its own copy, and the time in microseconds. */
  readonly capture?: (packet: Uint8Array, timeUs: number) => void;
  /** Memory of a host that is used no more; absent: memory of its own. */
  readonly memory?: DrillMemory;
}

export class DrillHost {
  /** The calls of Linux's sockets, non-blocking: a result, or a negative errno. */
  readonly sockets: SocketStack;
  /** The present time in microseconds: 0 at first. */
  nowUs = 0;
  /** Whether the stack is made: what it chooses then is chosen. */
  private made = false;
  private readonly clock = new Clock();
  private readonly config: DrillConfig;
  private readonly ledger: Ledger;
  private readonly wire: DrillWire;
  private readonly socks: readonly Sock[];
  private readonly engine: DrillStack;
  private readonly host: HostStack;
  private readonly isLinux: boolean;
  private readonly sends: LinuxSends | undefined;
  /** How long a connect may take; undefined: as long as its retransmissions, as on Linux. */
  readonly openTimeouts: OpenTimeouts | undefined;

  /** @throws RangeError for an option or setting that cannot be, by its name. */
  constructor(options: DrillHostOptions = {}) {
    const { address = LOCAL, mtu = MTU, seed = 1, capture, memory = new DrillMemory() } = options;
    if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65_535) {
      throw new RangeError(`"mtu" expected 68 to 65535, got ${mtu}`);
    }
    this.isLinux = options.system !== 'freebsd';
    this.config = drillConfig({ address, seed }, options.system);
    for (const [name, value] of Object.entries(options.settings ?? {})) this.setByName(name, value);
    const { region } = memory;
    this.ledger = new Ledger(region, memory.ledgerAt);
    this.ledger.counters.fill(0);
    this.clock.set(START_US * NS_PER_US);
    const dma = new DmaEngine(region, this.ledger);
    const packets = new PacketPool(memory.packetsAt, PACKET_SLOTS, SLOT_BYTES);
    const { clock } = this;
    const sent = (packet: Uint8Array): void => {
      capture?.(packet, this.nowUs);
    };
    const { headerAt } = memory;
    this.wire = new DrillWire({ region, packets, dma, ledger: this.ledger, clock, headerAt, sent }, mtu);
    const sends = new SendMemory(memory.sends);
    this.socks = Array.from({ length: SOCKETS }, () => new Sock());
    const upcalls = new SockUpcalls(this.socks, sends);
    this.engine = new DrillStack(
      this.config,
      region,
      packets,
      dma,
      this.ledger,
      [this.wire],
      upcalls,
      memory.gatherAt,
    );
    this.made = true;
    this.host = new HostStack({
      stack: this.engine,
      devices: [this.wire],
      clock,
      ledger: this.ledger,
      dma,
      memory: sends,
      socks: this.socks,
      upcalls,
      sendBufferBytes: this.isLinux ? SEND_BUFFER_WHOLE : this.config.sendBufferBytes,
      interruptNs: 0,
      sleep: (ns) => this.advance(Math.max(1, Math.ceil(ns / NS_PER_US))),
    });
    if (this.isLinux)
      this.sends = new LinuxSends(this.sendingConnections(), () => this.config.sendBufferMost);
    else
      this.openTimeouts = new OpenTimeouts(
        this.host,
        (socket) => this.tcpInfo(socket)?.state,
        () => this.config.openTimeoutMs,
      );
    this.sockets = new SettledSockets(this.host, () => this.settle(), this.sends);
  }

  /**
   * Gives a setting a value by Linux's name; tables are not made anew.
   * @returns what became of it. An unknown name, and a value that asks for what is not there, are `lacking`.
   */
  set(name: string, value: string | number): SettingOutcome {
    return applySetting(this.config, name, `${value}`, this.made);
  }

  /** `newreno` or `cubic`. */
  get congestionControl(): string {
    return this.config.congestionControl;
  }

  /** Gives a socket that is new its SO_SNDBUF, as net.ipv4.tcp_wmem has it now. */
  giveSendBuffer(socket: number): void {
    const { sendBufferBytes } = this.config;
    if (this.sends === undefined || this.isDatagram(socket)) {
      this.sockets.setOption(socket, SO_SNDBUF, sendBufferBytes);
    } else this.sends.begin(socket, sendBufferBytes);
  }

  /** Whether a program that waits for room to send in a socket is woken by now. */
  isWoken(socket: number): boolean {
    return this.sends?.isWoken(socket) ?? true;
  }

  /** SO_RCVBUF of a socket, as Linux tells it until a program sets it. */
  get receiveBufferTold(): number {
    return this.config.receiveBufferTold;
  }

  /** Segments that may be sent before the first acknowledgement (the route's `initcwnd`). */
  setInitialWindow(segments: number): SettingOutcome {
    return this.set('net.inet.tcp.initcwnd_segments', segments);
  }

  /** What the route to every peer says from now on; what it does not say any more holds no longer. */
  setRouteMetrics(metrics: RouteMetrics): void {
    // Two routes for half of all addresses each go before the subnet, which has them all.
    for (const destination of [0, 0x8000_0000]) {
      const route = { destination, prefixLength: 1, via: 0, port: 0, ...metrics };
      if (this.engine.ways.addRoute(route, this.nowUs) !== 0) {
        throw new RangeError(`"route" expected metrics in their ranges, got ${JSON.stringify(metrics)}`);
      }
    }
  }

  /** Does what a connect does with ports of its own to choose from. @param ports first and last. */
  withPorts<T>([first, last]: readonly [number, number], action: () => T): T {
    const { config } = this;
    const { ephemeralFirst, ephemeralLast } = config;
    config.ephemeralFirst = first;
    config.ephemeralLast = last;
    try {
      return action();
    } finally {
      config.ephemeralFirst = ephemeralFirst;
      config.ephemeralLast = ephemeralLast;
    }
  }

  /** The largest packet that the wire carries from now on. @throws RangeError outside of 68 to 65535. */
  setMtu(mtu: number): void {
    if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65_535) {
      throw new RangeError(`"mtu" expected 68 to 65535, got ${mtu}`);
    }
    this.wire.mtu = mtu;
    this.engine.setMtu(mtu);
  }

  /** A packet arrives: now, or at a later time. @param packet an IPv4 packet; its checksums are its own. */
  inject(packet: Uint8Array, atUs: number = this.nowUs): void {
    if (!(atUs >= this.nowUs)) throw new RangeError(`"atUs" expected at least ${this.nowUs}, got ${atUs}`);
    this.put(packet, atUs, false);
    if (atUs === this.nowUs) this.settleArrived();
  }

  /**
   * Packets arrive now, one behind the other, before the stack does anything else. Those that follow on each
   * other cross it as one, as the kernel makes one of them (GRO).
   */
  injectTogether(packets: readonly Uint8Array[]): void {
    for (const packet of packets) this.put(packet, this.nowUs, packets.length > 1);
    this.settleArrived();
  }

  /** Lets time pass: what is due on the way happens at its time, in order. @param us at least 0. */
  advance(us: number): void {
    if (!(us >= 0)) throw new RangeError(`"us" expected at least 0, got ${us}`);
    const endUs = this.nowUs + us;
    this.settle();
    for (;;) {
      const deadlineUs = this.nextDeadline();
      if (deadlineUs === undefined || deadlineUs > endUs) break;
      this.passTo(deadlineUs);
      this.settle();
    }
    this.passTo(endUs);
    this.settle();
  }

  /** When something next happens by itself, in microseconds; undefined: nothing will. */
  nextDeadline(): number | undefined {
    const deadlineNs = this.host.nextDeadlineNs();
    if (deadlineNs === NEVER) return undefined;
    return Math.max(this.nowUs, Math.ceil(deadlineNs / NS_PER_US) - START_US);
  }

  /** Does what is to be done at the present time; calls and injections do it themselves. */
  settle(): void {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      if (this.host.poll() !== 0) continue;
      this.openTimeouts?.settled();
      return;
    }
    throw new Error('the stack does not come to rest');
  }

  /** What Linux's TCP_INFO tells of a TCP socket; undefined of a socket that is none. */
  tcpInfo(socket: number): TcpInfo | undefined {
    const sock = this.socks[socket];
    if (sock === undefined || sock.connection < 0 || this.isDatagram(socket)) return undefined;
    return this.engine.tcpInfo(sock.connection);
  }

  /** How many connections, half-open ones included, are in a state, by its number in TCP_INFO. */
  connectionsIn(state: number): number {
    return this.engine.connectionsIn(state);
  }

  /** Bytes that wait before an urgent one, or without such in all (SIOCINQ; Linux's tcp_inq). */
  bytesToMark(socket: number): number {
    const readable = this.readableBytes(socket);
    const sock = this.socks[socket];
    return sock === undefined || sock.urgentInline !== 0 || sock.urgent === URGENT_NONE
      ? readable
      : Math.min(readable, sock.urgentAhead);
  }

  /** Bytes that wait to be read. */
  readableBytes(socket: number): number {
    const sock = this.socks[socket];
    if (sock === undefined || sock.connection < 0) return 0;
    if (this.isDatagram(socket)) return Math.max(0, this.engine.udpReadable(sock.connection));
    return this.engine.tcpReadable(sock.connection);
  }

  /** Whether nothing more can be read than what waits: the peer has ended, the program has, or it failed. */
  endsReading(socket: number): boolean {
    const sock = this.socks[socket];
    if (sock === undefined || sock.state !== SOCK_CONNECTED) return true;
    return sock.readEnded !== 0 || hasPeerEnded(this.engine.tcpState(sock.connection));
  }

  /** Every counter of host and device, by its name in spec/counters.yaml. */
  counters(): Record<string, number> {
    return this.ledger.snapshot();
  }

  /** Whether every byte is accounted for, which it is once nothing is in flight. */
  reconcile(): Reconciliation {
    return reconcileHost(this.ledger);
  }

  private settleArrived(): void {
    this.sends?.arriving();
    this.settle();
    this.sends?.arrived();
  }

  private sendingConnections(): SendingConnection {
    const { engine, socks, host } = this;
    const push = (socket: number): void => {
      const { connection } = socks[socket];
      if (engine.tcpUnsentBytes(connection) > 0) engine.tcpPush(connection, this.clock.nowUs);
    };
    return {
      info: (socket) => {
        const { state, connection, errno, writeEnded, isDatagram } = socks[socket];
        const sends = state === SOCK_CONNECTED && !isDatagram && errno === 0 && writeEnded === 0;
        return sends ? engine.tcpInfo(connection) : undefined;
      },
      unsentBytes: (socket) => engine.tcpUnsentBytes(socks[socket].connection),
      windowMax: (socket) => engine.largestWindow(socks[socket].connection),
      mssPeer: (socket) => engine.mssOfPeer(socks[socket].connection),
      send: (socket, bytes, offset, length, flags) => {
        // What it is told when is Linux's, too.
        socks[socket].unsentLowBytes = 0;
        return host.send(socket, bytes, offset, length, flags);
      },
      push,
      pushAndAwait: (socket) => {
        push(socket);
        engine.tcpAwaitRoom(socks[socket].connection, this.clock.nowUs);
      },
    };
  }

  private put(packet: Uint8Array, atUs: number, together: boolean): void {
    // Nothing has to be asked for before it can be answered.
    if (packet.length >= IPV4_BYTES) {
      const source = new DataView(packet.buffer, packet.byteOffset).getInt32(IPV4_SOURCE);
      this.engine.tellNeighbour(source, MAC_HIGH, NEIGHBOUR_LOW, this.clock.nowUs);
    }
    this.wire.inject(packet, (START_US + atUs) * NS_PER_US, together);
  }

  private isDatagram(socket: number): boolean {
    return this.socks[socket].isDatagram;
  }

  private passTo(us: number): void {
    this.nowUs = us;
    this.clock.set((START_US + us) * NS_PER_US);
  }

  /** @throws RangeError where it cannot be set. */
  private setByName(name: string, value: string | number): void {
    const outcome = this.set(name, value);
    if (outcome.kind === 'lacking') throw new RangeError(outcome.words);
  }
}
