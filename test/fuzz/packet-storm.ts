/**
 * A hostile wire against one TCP/IPv4 stack: packets that are nearly right, for connections in every state,
 * with a program that reads, sends, opens and closes meanwhile. Every byte the program reads must be the one
 * that the stream has there, every datagram the one that was sent, and when all is closed nothing may be left
 * in any pool, queue or timer.
 */
import { DEFAULT_STACK_CONFIG } from '../../src/tcpip/config.ts';
import { PROTOCOL_TCP } from '../../src/tcpip/header/ipv4.ts';
import { SYN_SENT } from '../../src/tcpip/tcp/state.ts';
import { Random } from '../../src/time/random.ts';
import { ADDRESSES, Host, PATTERN_BYTES, stormRegion } from '../storm/host.ts';
import { checkNothingLeft } from '../storm/leaks.ts';
import { chance, pick } from '../storm/weather.ts';
import { type LiveConnection, PacketMaker } from './packet-maker.ts';

const LISTEN_PORT = 80;
const UDP_PORT = 53;
const LIVE = 12;
const STREAM_AT_MAX = PATTERN_BYTES >> 1;
const TCP_AT = 34;
const REST_STEPS_MAX = 200_000;

/** A connection as the fuzzer has it: its peer's knowledge, and the program's. */
interface Live extends LiveConnection {
  /** The stack's number; -1: not accepted yet. */
  socket: number;
  read: number;
  active: boolean;
}

export class PacketStorm {
  frames = 0;
  /** Bytes and datagrams that were read and judged. */
  bytesJudged = 0;
  datagramsJudged = 0;
  /** States in which a segment has found a connection, by their numbers. */
  readonly states = new Int32Array(16);
  /** Changes a packet before the stack sees it: a fault for a test of what judges. */
  meddle: ((bytes: Uint8Array, at: number, length: number) => void) | undefined;
  private readonly seed: number;
  private readonly random: Random;
  private readonly host: Host;
  private readonly maker: PacketMaker;
  private readonly lives: Live[] = [];
  private readonly local = ADDRESSES[0];
  private readonly remote = ADDRESSES[1];
  private readonly listener: number;
  private readonly udp: number;
  private nowUs: number;
  private nextPort = 1000;

  constructor(seed: number) {
    const random = new Random(seed);
    this.seed = seed;
    this.random = random;
    this.nowUs = random.nextInt32();
    const region = stormRegion();
    const config = {
      seed,
      connectionsMax: 32,
      timeWaitMax: 16,
      sendElementsMax: 128,
      udpSocketsMax: 2,
      udpSendsMax: 2,
      neighboursMax: 16,
      receiveBufferBytes: pick(random, [4096, 65_535, 300_000]),
      lossRecovery: pick(random, ['sack', 'rack'] as const),
      congestionControl: pick(random, ['newreno', 'cubic'] as const),
      outOfOrderMax: pick(random, [4, 1024]),
      timestamps: chance(random, 0.7),
      sack: chance(random, 0.8),
      // Orphans and probes end soon, so that a storm comes to rest.
      retries: 4,
      orphanRetries: 2,
      ephemeralFirst: DEFAULT_STACK_CONFIG.ephemeralFirst,
    };
    const settings = {
      mtu: 1500,
      slots: pick(random, [48, 256]),
      checksumOffload: false,
      segmentBytesMax: 0,
      piecesMax: 4,
      portFrames: 1000,
      config,
    };
    this.host = new Host(region, 0, settings, (_, frame) => this.observe(frame));
    this.maker = new PacketMaker(random, region);
    const { stack } = this.host;
    stack.advance(this.nowUs);
    stack.tellNeighbour(this.remote, 0x0200, this.remote, this.nowUs);
    this.listener = stack.tcpOpen(900);
    stack.tcpBind(this.listener, 0, LISTEN_PORT);
    stack.tcpListen(this.listener, 8);
    this.udp = stack.udpOpen(901);
    stack.udpBind(this.udp, 0, UDP_PORT);
    for (let i = 0; i < LIVE; i++) this.lives.push(this.newLive());
  }

  /** Injects so many packets, then closes everything and looks for what is left. @throws Error */
  run(frames: number): void {
    const { random } = this;
    try {
      for (; this.frames < frames; this.frames++) {
        this.inject();
        if (random.below(8) > 0) continue;
        this.program();
        this.pass(pick(random, [0, 1, 100, 1000, 30_000, random.below(400) === 0 ? 90_000_000 : 0]));
      }
      this.rest();
    } catch (error) {
      const { message } = error as Error;
      throw new Error(`${message}\nseed ${this.seed}, packet ${this.frames}`, { cause: error });
    }
  }

  private pass(us: number): void {
    const { stack } = this.host;
    this.nowUs = (this.nowUs + us) | 0;
    this.host.renew();
    stack.advance(this.nowUs);
    for (let n = 0; n < 8 && stack.flush(this.nowUs) > 0; n++);
  }

  private inject(): void {
    const { random, host, maker } = this;
    const packet = host.packets.take();
    if (packet < 0) return;
    const at = host.packets.addressOf(packet);
    const live = pick(random, this.lives);
    let length: number;
    const kind = random.below(32);
    if (kind < 10) length = maker.segment(at, live, false);
    else if (kind < 22) length = this.honest(at, live);
    else if (kind < 24) length = maker.datagram(at, this.remote, this.local, UDP_PORT);
    else if (kind < 27) length = maker.icmp(at, live, this.remote);
    else if (kind < 29) length = maker.arp(at, this.remote, this.local);
    else if (kind < 31) length = maker.fragment(at, this.whole(at, live));
    else length = maker.garbage(at, this.remote, this.local);
    if (live.socket >= 0) this.states[host.stack.tcpState(live.socket)] += 1;
    this.meddle?.(host.region.bytes, at, length);
    if (!host.stack.input(packet, at, length, 0, this.nowUs)) host.packets.free(packet);
  }

  /** What is cut into fragments: of a datagram only, since several segments' fragments may make another. */
  private whole(at: number, live: Live): number {
    const { random, maker } = this;
    if (random.below(2) === 0) return maker.icmp(at, live, this.remote);
    return maker.datagram(at, this.remote, this.local, 1 + random.below(65_535));
  }

  /** What an honest peer sends in its state. */
  private honest(at: number, live: Live): number {
    const { maker } = this;
    if (live.expected !== live.irs) return maker.segment(at, live, true);
    if (!live.active) return maker.syn(at, live);
    return maker.synAck(at, live);
  }

  /** Looks at what the stack sends, as the peer of its connections. */
  private observe(frame: Uint8Array): void {
    if (frame[12] !== 8 || frame[13] !== 0 || frame[23] !== PROTOCOL_TCP) return;
    const view = new DataView(frame.buffer);
    const ports = view.getInt32(TCP_AT);
    const live = this.lives.find(({ localPort, remotePort }) => ((localPort << 16) | remotePort) === ports);
    if (live === undefined) return;
    const flags = frame[TCP_AT + 13];
    if ((flags & 4) !== 0) {
      this.forget(live);
      return;
    }
    const header = (frame[TCP_AT + 12] >>> 4) * 4;
    const length = view.getUint16(16) - 20 - header + ((flags & 2) >> 1) + (flags & 1);
    live.sent = (view.getInt32(TCP_AT + 4) + length) | 0;
    const ack = view.getInt32(TCP_AT + 8);
    if ((flags & 16) !== 0 && ((ack - live.expected) | 0) > 0) live.expected = ack;
    if (header >= 32 && view.getUint16(TCP_AT + 22) === 0x080a) live.echo = view.getInt32(TCP_AT + 24);
    live.stamp = (live.stamp + 1) | 0;
  }

  /** Another connection takes the place of one that is over. */
  private forget(live: Live): void {
    const place = this.lives.indexOf(live);
    if (place >= 0 && live.socket < 0) this.lives[place] = this.newLive();
  }

  private newLive(): Live {
    const { random } = this;
    const irs = (pick(random, [0, -(2 ** 31), random.nextInt32()]) - random.below(3000)) | 0;
    this.nextPort = this.nextPort >= 60_000 ? 1000 : this.nextPort + 1;
    const live: Live = {
      local: this.local,
      remote: this.remote,
      localPort: LISTEN_PORT,
      remotePort: this.nextPort,
      irs,
      patternAt: random.below(STREAM_AT_MAX),
      expected: irs,
      sent: 0,
      stamps: chance(random, 0.5),
      stamp: random.nextInt32(),
      echo: 0,
      socket: -1,
      read: 0,
      active: false,
    };
    return chance(random, 0.4) ? this.opened(live) : live;
  }

  /** The program opens a connection to the peer. */
  private opened(live: Live): Live {
    const { stack } = this.host;
    const socket = stack.tcpOpen(1);
    if (socket < 0) return live;
    if (stack.tcpConnect(socket, this.remote, live.remotePort, this.nowUs) !== 0) {
      stack.tcpClose(socket, this.nowUs);
      return live;
    }
    return { ...live, localPort: stack.tcpLocalPort(socket), socket, active: true };
  }

  /** One thing that a program does. */
  private program(): void {
    const { random, host, lives } = this;
    const { stack } = host;
    this.accept();
    this.readDatagrams();
    const live = pick(random, lives);
    if (live.socket < 0) {
      if (random.below(50) === 0) this.forget(live);
      return;
    }
    const c = live.socket;
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2:
        this.read(live);
        break;
      case 3:
      case 4:
        this.send(c);
        break;
      case 5:
        if (stack.tcpState(c) !== SYN_SENT && random.below(6) === 0) stack.tcpShutdown(c, 1, this.nowUs);
        break;
      default:
        if (random.below(12) === 0) this.close(live);
    }
  }

  private send(c: number): void {
    const { host, random } = this;
    const size = pick(random, [1, 100, 1460, 5000]);
    const context = host.newContext();
    const errno = host.stack.tcpSend(c, random.below(1000), size, context, random.below(3), this.nowUs);
    if (errno !== 0) host.contexts.delete(context);
  }

  private close(live: Live): void {
    const { random, host } = this;
    const { stack } = host;
    const how = random.below(4);
    if (how === 0) stack.tcpAbort(live.socket, this.nowUs);
    else if (how === 1) stack.tcpReset(live.socket, this.nowUs);
    else stack.tcpClose(live.socket, this.nowUs);
    live.socket = -1;
    // The peer goes on for a while, or another connection comes.
    if (random.below(3) === 0) this.forget(live);
  }

  private accept(): void {
    const { host, lives } = this;
    const { stack } = host;
    for (let c = stack.tcpAccept(this.listener, 2); c >= 0; c = stack.tcpAccept(this.listener, 2)) {
      const port = stack.tcpRemotePort(c);
      const { irs } = stack.tables.tcbs[c];
      const live = lives.find((one) => one.remotePort === port && one.localPort === LISTEN_PORT);
      // A SYN with another number has opened it: of its stream nobody knows anything.
      if (live === undefined || live.socket >= 0 || live.irs !== irs) stack.tcpAbort(c, this.nowUs);
      else {
        live.socket = c;
        live.read = 0;
      }
    }
  }

  private read(live: Live): void {
    const { host, random } = this;
    const count = host.stack.tcpTake(live.socket, host.scratch, pick(random, [1, 1000, 60_000]));
    if (count === 0) return;
    const { bytes } = host.region;
    const from = live.patternAt + live.read;
    const taken = bytes.subarray(host.scratch, host.scratch + count);
    const own = live.active && host.stack.tables.tcbs[live.socket].irs !== live.irs;
    if (!own && Buffer.compare(taken, bytes.subarray(from, from + count)) !== 0) {
      throw new Error(`other bytes than the stream has from ${live.read} on, by port ${live.remotePort}`);
    }
    live.read += count;
    this.bytesJudged += count;
    host.stack.tcpConsumed(live.socket, count, this.nowUs);
  }

  private readDatagrams(): void {
    const { host, udp } = this;
    const { bytes } = host.region;
    for (let n = host.stack.udpTake(udp, host.scratch, 2000); n >= 0; ) {
      const port = host.stack.udpSourcePort(udp);
      for (let i = 0; i < n; i++) {
        if (bytes[host.scratch + i] !== ((port + i) & 255))
          throw new Error(`another datagram than port ${port} sent`);
      }
      this.datagramsJudged += 1;
      n = host.stack.udpTake(udp, host.scratch, 2000);
    }
  }

  /** Closes everything, and lets every timer run out. */
  private rest(): void {
    const { host, lives } = this;
    const { stack } = host;
    this.accept();
    for (const live of lives) if (live.socket >= 0) stack.tcpClose(live.socket, this.nowUs);
    lives.length = 0;
    stack.tcpClose(this.listener, this.nowUs);
    stack.udpClose(this.udp);
    this.pass(0);
    for (let steps = 0; stack.hasDeadline() || stack.hasOutput(); steps++) {
      if (steps > REST_STEPS_MAX) throw new Error('the stack does not come to rest');
      const waitUs = stack.hasOutput() ? 5 : Math.max(1, (stack.deadlineUs() - this.nowUs) | 0);
      this.pass(waitUs);
    }
    checkNothingLeft(host);
  }
}
