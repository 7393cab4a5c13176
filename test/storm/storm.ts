/**
 * One storm: two stacks on a wire with all harm at once, several connections with programs that behave at
 * random, in virtual time, all from one seed. It throws when a byte, an end or a connection is lost, when the
 * wire carries what no stack may send (`wire-checker.ts`), or when anything is left in a pool in the end.
 */
import { EHOSTUNREACH } from '../../src/socket/errno.ts';
import { CONGESTION_CONTROLS, LOSS_RECOVERIES, type StackConfig } from '../../src/tcpip/config.ts';
import { PROTOCOL_ICMP } from '../../src/tcpip/header/ipv4.ts';
import { sleepAll } from '../../src/tcpip/tcp/dormant.ts';
import { Random } from '../../src/time/random.ts';
import { ADDRESSES, Host, type HostSettings, PATTERN_BYTES, stormRegion } from './host.ts';
import { checkNothingLeft } from './leaks.ts';
import { Program } from './program.ts';
import { CALM, chance, drawWeather, pick } from './weather.ts';
import { Wire } from './wire.ts';
import { WireChecker } from './wire-checker.ts';

const LISTEN_PORT = 80;
/** Harm lasts so long; then every connection must come to its end within what time-outs can take. */
const STORM_US = 20_000_000;
const CALM_US = 600_000_000;
/** Then TIME-WAIT passes, and nothing may be left. */
const REST_US = 300_000_000;
const STEPS_MAX = 400_000;
const MTUS = [1500, 1500, 1200, 800, 576];
/** The clock of initial sequence numbers has ticks of 4 µs. */
const WRAPS = [0, 0, -(2 ** 31)];
const STREAM_BYTES_MAX = 60_000;

interface Listener {
  readonly host: Host;
  readonly socket: number;
}

export class Storm {
  readonly seed: number;
  /** Whether every connection falls asleep whenever it is idle. */
  readonly sleeps: boolean;
  readonly wire: Wire;
  readonly checker: WireChecker;
  /** Changes a frame before anybody sees it: a fault of a host's, for a test of what judges. */
  meddle: ((frame: Uint8Array) => void) | undefined;
  /** How many connections came to an orderly end with all bytes, and how many were cut off by a program. */
  orderly = 0;
  cut = 0;
  unreachable = 0;
  private readonly random: Random;
  private readonly hosts: readonly Host[];
  private readonly programs: Program[] = [];
  private readonly listeners: Listener[] = [];
  /** Programs that connect, by their host and port: what their listener's program is, and where it reads. */
  private readonly expected = new Map<number, Program>();
  private timeUs = 0;
  private nowUs: number;
  private stormy = true;
  private weatherUntilUs = 0;
  /** ARP gives up after three requests: where it is not spared, a connect may fail. */
  private readonly sparesArp: boolean;

  constructor(seed: number, sleeps = seed % 2 === 1) {
    const random = new Random(seed);
    this.seed = seed;
    this.sleeps = sleeps;
    this.random = random;
    this.nowUs = pick(random, [1_000_000, 0x7ff0_0000, -5_000_000, random.nextInt32()]) | 0;
    this.sparesArp = chance(random, 0.5);
    const region = stormRegion();
    this.wire = new Wire(random.fork());
    this.checker = new WireChecker(region.bytes.subarray(0, PATTERN_BYTES), (host, other, local, remote) =>
      this.patternOf(host, other, local, remote),
    );
    const put = (host: number, frame: Uint8Array) => this.put(host, frame);
    this.hosts = [0, 1].map((index) => new Host(region, index, drawSettings(random), put));
    for (const host of this.hosts) this.prepare(host);
    const count = 1 + random.below(4);
    for (let i = 0; i < count; i++) this.addPair(i);
  }

  /** @throws Error that says what went wrong; `runSeed` adds how to repeat it. */
  run(): void {
    this.runUntil(STORM_US, () => false);
    this.stormy = false;
    this.wire.weather = CALM;
    this.runUntil(this.timeUs + CALM_US, () => this.isDone());
    // A handshake whose opener has long closed may be complete only now: its other end has just begun.
    if (!this.isDone()) this.runUntil(this.timeUs + CALM_US, () => this.isDone());
    if (!this.isDone()) throw new Error(`not all comes to its end: ${this.states()}`);
    for (const { host, socket } of this.listeners) host.stack.tcpClose(socket, this.nowUs);
    this.runUntil(this.timeUs + REST_US, () => false);
    this.judgeEnds();
    for (const host of this.hosts) checkNothingLeft(host);
  }

  /** Initial sequence numbers near a wrap, and timestamps too; a listener. */
  private prepare(host: Host): void {
    const { random, nowUs } = this;
    const { tables, surroundings } = host.stack;
    const { hash } = tables;
    host.stack.advance(nowUs);
    const clock = surroundings.sequenceClock;
    const near = () => (pick(random, WRAPS) - pick(random, [1, 100, 3000, 20_000, 60_000])) | 0;
    const plain = hash.hash.bind(hash);
    hash.hash = (first, second, third) => {
      plain(first, second, third);
      hash.low = (near() - clock) | 0;
      hash.high = (near() - surroundings.nowMs) | 0;
    };
    const socket = host.stack.tcpOpen(900 + host.index);
    host.stack.tcpBind(socket, 0, LISTEN_PORT);
    host.stack.tcpListen(socket, 1 + random.below(8));
    this.listeners.push({ host, socket });
    host.user = {
      connected: (owner, errno) => this.connected(owner, errno),
      failed: (owner, errno) => this.failed(owner, errno),
    };
  }

  /** A connection that is to be: who opens it, and who accepts it. */
  private addPair(number: number): void {
    const { random } = this;
    const from = random.below(2);
    const to = chance(random, 0.1) ? from : 1 - from;
    const beginUs = random.below(3_000_000);
    const [one, other] = [random.below(PATTERN_BYTES >> 2), random.below(PATTERN_BYTES >> 2)].map(
      (at) => at + (STREAM_BYTES_MAX & 1),
    );
    const client = new Program(random.fork(), this.hosts[from], number * 2, one, other, beginUs);
    const server = new Program(random.fork(), this.hosts[to], number * 2 + 1, other, one, beginUs);
    client.peer = server;
    server.peer = client;
    server.rest();
    this.programs.push(client, server);
  }

  private connect(client: Program): void {
    const { host } = client;
    const server = client.peer!;
    const socket = host.stack.tcpOpen(client.owner);
    if (socket < 0) throw new Error('no connection is free');
    client.begin(socket, Number.POSITIVE_INFINITY);
    const errno = host.stack.tcpConnect(socket, server.host.macLow, LISTEN_PORT, this.nowUs);
    if (errno !== 0) throw new Error(`connect says ${errno}`);
    this.expected.set(host.index * 65536 + host.stack.tcpLocalPort(socket), client);
  }

  private connected(owner: number, errno: number): void {
    const program = this.programs[owner];
    program.wakeUs = this.timeUs;
    if (errno === 0) {
      program.connected = true;
      return;
    }
    // Whoever gave up before the handshake was complete may have been answered by its peer's reset.
    const excused = errno === EHOSTUNREACH ? !this.sparesArp : program.peer?.cut === true;
    if (!excused) throw new Error(`user ${owner} cannot connect: ${errno}`);
    if (errno === EHOSTUNREACH) this.unreachable += 1;
    program.host.stack.tcpClose(program.socket, this.nowUs);
    program.socket = -1;
    program.rest();
  }

  private failed(owner: number, errno: number): void {
    const program = this.programs[owner];
    const { peer } = program;
    program.errno = errno;
    program.wakeUs = this.timeUs;
    if (peer?.cut !== true && !program.cut) throw new Error(`user ${owner} fails with ${errno}`);
  }

  /** Where the bytes of an end's stream lie. */
  private patternOf(host: number, other: number, local: number, remote: number): number {
    if (remote === LISTEN_PORT) return this.expected.get(host * 65536 + local)?.patternAt ?? -1;
    return this.expected.get(other * 65536 + remote)?.peerPatternAt ?? -1;
  }

  private put(from: number, frame: Uint8Array): void {
    this.meddle?.(frame);
    const view = new DataView(frame.buffer);
    const to = view.getInt32(2) === ADDRESSES[from] ? from : 1 - from;
    this.checker.sent(this.timeUs, from, to, frame);
    this.wire.send(this.timeUs, from, to, frame, this.sparesArp && frame[13] === 6);
  }

  private runUntil(endUs: number, done: () => boolean): void {
    let steps = 0;
    while (!done()) {
      if (++steps > STEPS_MAX) throw new Error(`the wire does not come to rest: ${this.states()}`);
      this.settle();
      const nextUs = this.nextUs();
      if (nextUs > endUs) break;
      this.pass(nextUs - this.timeUs);
      this.deliver();
    }
    if (!done() && endUs > this.timeUs) this.pass(endUs - this.timeUs);
    this.settle();
  }

  private pass(us: number): void {
    this.timeUs += us;
    this.nowUs = (this.nowUs + us) | 0;
  }

  private deliver(): void {
    const { wire, hosts } = this;
    while (wire.nextUs <= this.timeUs) {
      const { from, to, bytes, damaged } = wire.receive();
      // What a router says of the path is acted on at once.
      if (bytes[23] === PROTOCOL_ICMP) this.checker.pathChanged();
      const taken = hosts[to].receive(bytes, damaged, this.nowUs);
      this.lull();
      if (taken && !damaged) this.checker.arrived(this.timeUs, from, to, bytes);
    }
  }

  /** Timers, programs and output at the present time. */
  private settle(): void {
    const { hosts, nowUs, timeUs } = this;
    if (this.stormy && timeUs >= this.weatherUntilUs) this.changeWeather();
    for (const host of hosts) {
      host.renew();
      host.stack.advance(nowUs);
    }
    this.lull();
    for (const { host, socket } of this.listeners) this.accept(host, socket);
    for (const program of this.programs) {
      if (program.wakeUs > timeUs) continue;
      if (program.socket < 0) this.connect(program);
      else program.run(timeUs, nowUs);
      this.lull();
    }
    for (const host of hosts) for (let n = 0; n < 64 && host.stack.flush(nowUs) > 0; n++);
    this.lull();
  }

  private lull(): void {
    if (this.sleeps) for (const { stack } of this.hosts) sleepAll(stack.tables);
  }

  /** How often connections have fallen asleep. */
  get slept(): number {
    return this.hosts.reduce((sum, { stack }) => sum + stack.tables.dormant.slept, 0);
  }

  private accept(host: Host, listener: number): void {
    while (host.stack.tcpAcceptable(listener) > 0) {
      const { stack } = host;
      const socket = stack.tcpAccept(listener, 800);
      const opener = stack.tcpRemoteAddress(socket) === ADDRESSES[0] ? 0 : 1;
      const client = this.expected.get(opener * 65536 + stack.tcpRemotePort(socket));
      const server = client?.peer;
      if (server === undefined || server.socket >= 0) throw new Error('a connection that nobody opened');
      stack.tables.tcbs[socket].owner = server.owner;
      server.connected = true;
      server.begin(socket, this.timeUs);
      // It may have been over before it was accepted.
      if (stack.tables.tcbs[socket].error !== 0) server.errno = stack.tables.tcbs[socket].error;
    }
  }

  private nextUs(): number {
    const { hosts, timeUs } = this;
    let next = Math.max(this.wire.nextUs, timeUs);
    if (this.stormy) next = Math.min(next, Math.max(this.weatherUntilUs, timeUs));
    for (const { wakeUs } of this.programs) next = Math.min(next, Math.max(wakeUs, timeUs));
    for (const { stack } of hosts) {
      if (stack.hasDeadline()) {
        next = Math.min(next, timeUs + Math.max(0, (stack.deadlineUs() - this.nowUs) | 0));
      }
      if (stack.hasOutput()) next = Math.min(next, timeUs + 5);
    }
    return next;
  }

  private changeWeather(): void {
    const { random, wire, timeUs } = this;
    this.weatherUntilUs = timeUs + pick(random, [20_000, 200_000, 1_000_000, 3_000_000]);
    wire.weather = drawWeather(random);
    if (chance(random, 0.3)) {
      const host = pick(random, this.hosts);
      host.stack.ways.setMtu(0, Math.min(host.mtu, pick(random, MTUS)), this.nowUs);
    }
    this.checker.pathChanged();
  }

  private isDone(): boolean {
    return this.programs.every(({ isOver, peer }) => isOver && peer?.isOver === true);
  }

  /** Whoever ended in order, and whose peer did, has all. */
  private judgeEnds(): void {
    for (const program of this.programs) {
      const { peer, owner } = program;
      if (peer === undefined || !program.connected) continue;
      if (program.cut || peer.cut || program.errno !== 0 || peer.errno !== 0) {
        this.cut += 1;
        continue;
      }
      if (program.ending === 'orderly' && (!program.sawEnd || program.read !== peer.total)) {
        throw new Error(`user ${owner} has read ${program.read} of ${peer.total} bytes`);
      }
      this.orderly += 1;
    }
  }

  private states(): string {
    const lines = this.programs.map(({ host, owner, socket, sent, total, read, ending, wakeUs }) => {
      const tcb = socket < 0 ? undefined : host.stack.tables.tcbs[socket];
      const state = tcb === undefined ? 'closed' : `state ${tcb.state} armed ${tcb.timers.armed}`;
      return `user ${owner} ${ending} sent ${sent} of ${total}, read ${read}, ${state}, wakes ${wakeUs}`;
    });
    return `at ${this.timeUs}: ${lines.join('; ')}`;
  }
}

function drawSettings(random: Random): HostSettings {
  const mtu = pick(random, [1500, 1500, 1500, 576, 1006]);
  const config: Partial<StackConfig> = {
    seed: random.nextInt32(),
    connectionsMax: 16,
    timeWaitMax: 8,
    sendElementsMax: pick(random, [64, 1024]),
    udpSocketsMax: 1,
    udpSendsMax: 1,
    neighboursMax: 16,
    receiveBufferBytes: pick(random, [2048, 8192, 65_535, 300_000]),
    receiveWindowBytes: pick(random, [2048, 1 << 20]),
    timestamps: chance(random, 0.75),
    windowScaling: chance(random, 0.75),
    sack: chance(random, 0.75),
    lossRecovery: pick(random, LOSS_RECOVERIES),
    congestionControl: pick(random, CONGESTION_CONTROLS),
    outOfOrderMax: pick(random, [0, 3, 1024]),
    slowStartAfterIdle: chance(random, 0.5),
    ecn: pick(random, [0, 1, 1, 2]),
    mtuProbing: pick(random, [0, 1, 2]),
    baseMss: 512,
    pathMtuExpiresUs: pick(random, [2_000_000, 600_000_000]),
    delayedAckUs: pick(random, [40_000, 200_000]),
  };
  return {
    mtu,
    slots: pick(random, [48, 200, 512]),
    checksumOffload: chance(random, 0.5),
    segmentBytesMax: pick(random, [0, 20_000, 65_000]),
    piecesMax: pick(random, [1, 4, 16]),
    portFrames: pick(random, [1, 7, 1000]),
    config,
  };
}

/** @returns the storm of a seed, which has passed. @throws Error that says what was wrong, and a command. */
export function runSeed(
  seed: number,
  trace?: (line: string) => void,
  meddle?: (frame: Uint8Array) => void,
  sleeps?: boolean,
): Storm {
  try {
    const storm = new Storm(seed, sleeps);
    storm.meddle = meddle;
    storm.checker.trace = trace;
    storm.run();
    return storm;
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`${message}\nrepeat: npm run storm -- --seed ${seed}`, { cause: error });
  }
}
