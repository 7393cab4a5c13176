/** Runs one arm in virtual time, and says what it came to. */

import type { SocketStack } from '../../socket/contract.ts';
import { type Counts, charge, since } from '../../sweep/counts.ts';
import type { Clock } from '../../time/clock.ts';
import { Random } from '../../time/random.ts';
import type { Program } from '../../workloads/program.ts';
import type { ReadyStack } from '../../workloads/ready.ts';
import type { Topology } from '../../world/topology/checked.ts';
import { HostWorld } from '../../world/virtual/host-world.ts';
import { VirtualWorld } from '../../world/virtual/virtual-world.ts';
import { type Arm, measuredFromS } from './arm.ts';
import { Balancer, type Refusals } from './balancer.ts';
import { addressOf, BALANCER, hostCostsOf, SERVER, topologyOf } from './description.ts';
import { WebServer } from './web-server.ts';

/** Tiny requests, and answers that fit a segment. */
const REQUEST_BYTES = 128;
const RESPONSE_BYTES = 512;
const PORT = 80;
/** Linux 2.6.9's SOMAXCONN. */
const BACKLOG = 128;
/** States there are, by number. */
const STATES = 12;
const SECOND_NS = 1e9;
/** What is under way is over in so long. */
const SETTLE_NS = 5e9;
/** And within so long the last request has been answered, or given up. */
const DRAIN_NS = 1800e9;

/** What is seen each second. */
export interface Second {
  /** Connections by state, all of a side's stacks. */
  readonly balancer: readonly number[];
  readonly server: readonly number[];
  /** Answered and refused within it. */
  readonly answered: number;
  readonly refused: number;
}

export interface ArmRun {
  readonly arm: Arm;
  readonly seconds: readonly Second[];
  /** Of the measured part: answered and arrived a second, as a world of full size has them. */
  readonly answeredPerS: number;
  readonly arrivedPerS: number;
  /** Connections opened for an answered request. */
  readonly opensPerAnswer: number;
  /** Shares of time in which the server's processor worked, and its card's. */
  readonly hostShare: number;
  readonly cardShare: number;
  /**
   * What calls, copies, interrupts and the protocol take of the server's processor for an answer, and of its
   * card's, in microseconds of one core.
   */
  readonly protocolUs: number;
  readonly cardUs: number;
  /** Answers for each second of the two together, all cores counted; null where they cost nothing. */
  readonly perProcessorS: number | null;
  /** Since the start. */
  readonly refusals: Refusals;
  /** Requests that have had no end yet, and have been under way for more than a second. */
  readonly hanging: number;
  /** SYNs and last handshake segments that a full accept queue of the server dropped. */
  readonly synDrops: number;
  readonly exhaustedS: number | null;
  readonly recoveredS: number | null;
  readonly p99Ms: number | null;
}

/** What both kinds of world offer. */
interface Sides {
  readonly clock: Clock;
  readonly queue: HostWorld['queue'];
  stack(card: number): SocketStack & ReadyStack;
  countStates(card: number, counts: Int32Array): void;
  start(card: number, program: Program): void;
  work(host: number, ns: number): void;
  run(done: () => boolean, limitNs: number): boolean;
  unbalanced(): string | undefined;
  /** Nanoseconds of the server's processor and its card's since the start, beside its program's work. */
  busyNs(): { host: number; card: number };
  /** What the server's stack counts. */
  counts(): Counts;
}

/** @throws Error when the books do not balance in the end. */
export function runArm(arm: Arm, seed: number): ArmRun {
  const topology = topologyOf(arm, seed);
  const sides = arm.onCard ? cardSides(topology) : hostSides(topology, arm);
  const random = new Random(seed);
  const { server, balancers } = startPrograms(sides, topology, arm, random);
  const watched = watch(sides, arm, server, balancers);
  sides.run(() => false, arm.seconds * SECOND_NS);
  const end = markOf(sides, server, balancers);
  const refusals = sumOf(balancers);
  const hanging = balancers.reduce((sum, of) => sum + of.hangingSince(sides.queue.nowNs - SECOND_NS), 0);
  for (const balancer of balancers) balancer.stop();
  // An overloaded server has work left for a while.
  if (!sides.run(() => balancers.every(({ idle }) => idle), DRAIN_NS)) {
    throw new Error(`"${arm.name}": requests never came to an end`);
  }
  // Nobody rests any more, and what is left waits in TIME-WAIT.
  sides.run(() => false, arm.idleS * SECOND_NS + SETTLE_NS);
  const line = sides.unbalanced();
  if (line !== undefined) throw new Error(`the books of "${arm.name}" do not balance: ${line}`);
  return summary(arm, watched, end, { refusals, hanging }, balancers, sides);
}

function startPrograms(
  sides: Sides,
  topology: Topology,
  arm: Arm,
  random: Random,
): { server: WebServer; balancers: Balancer[] } {
  const { scale, spread, afterwards, idleS, reset, serverEnds, addresses, rate, cores } = arm;
  const serviceNs = (arm.workUs * 1000 * scale) / cores;
  const shared = { address: addressOf(SERVER), port: PORT, requestBytes: REQUEST_BYTES };
  const shape = { ...shared, responseBytes: RESPONSE_BYTES };
  const restNs = afterwards === 'at once' ? 0 : idleS * SECOND_NS;
  const server = new WebServer(
    sides.stack(SERVER),
    sides.clock,
    random.fork(),
    {
      ...shape,
      backlog: BACKLOG,
      pace: { thinkNs: 0, arrivalNs: 0, serviceNs, spread },
      endsAfterNs: serverEnds ? restNs : undefined,
    },
    (ns) => sides.work(topology.cards[SERVER].host, ns),
  );
  sides.start(SERVER, server);
  const arrivalNs = (SECOND_NS * scale * addresses) / rate;
  const balancers = Array.from({ length: addresses }, (_, i) => {
    const balancer = new Balancer(sides.stack(BALANCER + i), sides.clock, random.fork(), {
      ...shape,
      afterwards,
      idleNs: restNs,
      reset,
      serverEnds,
      pace: { thinkNs: 0, arrivalNs, serviceNs: 0, spread: 'exponential' },
    });
    sides.start(BALANCER + i, balancer);
    return balancer;
  });
  return { server, balancers };
}

/** What has been counted until a moment. */
interface Mark {
  readonly atNs: number;
  readonly arrived: number;
  readonly answered: number;
  readonly opened: number;
  readonly hostNs: number;
  readonly cardNs: number;
  readonly workedNs: number;
}

function markOf(sides: Sides, server: WebServer, balancers: readonly Balancer[]): Mark {
  const { host, card } = sides.busyNs();
  const sum = (of: (balancer: Balancer) => number): number =>
    balancers.reduce((total, balancer) => total + of(balancer), 0);
  return {
    atNs: sides.queue.nowNs,
    arrived: sum(({ arrived }) => arrived),
    answered: sum(({ answered }) => answered),
    opened: sum(({ opened }) => opened),
    hostNs: host + server.workedNs,
    cardNs: card,
    workedNs: server.workedNs,
  };
}

function sumOf(balancers: readonly Balancer[]): Refusals {
  const sum: Refusals = { ports: 0, sockets: 0, timeouts: 0, others: 0 };
  for (const { refusals } of balancers) {
    for (const reason of Object.keys(sum) as (keyof Refusals)[]) sum[reason] += refusals[reason];
  }
  return sum;
}

/** Looks on each second, and notes where the measured part begins. */
function watch(
  sides: Sides,
  arm: Arm,
  server: WebServer,
  balancers: readonly Balancer[],
): { seconds: Second[]; begin: () => Mark } {
  const seconds: Second[] = [];
  const fromS = measuredFromS(arm);
  let begin = markOf(sides, server, balancers);
  let answered = 0;
  let refused = 0;
  sides.queue.samples.add(sides.queue.nowNs, SECOND_NS, () => {
    const states = [new Int32Array(STATES), new Int32Array(STATES)];
    sides.countStates(SERVER, states[0]);
    balancers.forEach((_, i) => {
      sides.countStates(BALANCER + i, states[1]);
    });
    const now = balancers.reduce((sum, balancer) => sum + balancer.answered, 0);
    const refusals = Object.values(sumOf(balancers)).reduce((sum, count) => sum + count, 0);
    seconds.push({
      server: [...states[0]],
      balancer: [...states[1]],
      answered: now - answered,
      refused: refusals - refused,
    });
    answered = now;
    refused = refusals;
    if (seconds.length === fromS) begin = markOf(sides, server, balancers);
    return seconds.length < arm.seconds;
  });
  return { seconds, begin: () => begin };
}

function summary(
  arm: Arm,
  { seconds, begin }: ReturnType<typeof watch>,
  end: Mark,
  { refusals, hanging }: Pick<ArmRun, 'refusals' | 'hanging'>,
  balancers: readonly Balancer[],
  sides: Sides,
): ArmRun {
  const from = begin();
  const ns = end.atNs - from.atNs;
  const answered = Math.max(1, end.answered - from.answered);
  const perS = (count: number): number => (count * SECOND_NS * arm.scale) / ns;
  const hostNs = end.hostNs - from.hostNs;
  const cardNs = end.cardNs - from.cardNs;
  const first = (of: (balancer: Balancer) => number): number | null => {
    const times = balancers.map(of).filter((atNs) => atNs >= 0);
    return times.length === 0 ? null : Math.min(...times) / SECOND_NS;
  };
  return {
    arm,
    seconds,
    answeredPerS: perS(answered),
    arrivedPerS: perS(end.arrived - from.arrived),
    opensPerAnswer: (end.opened - from.opened) / answered,
    hostShare: hostNs / ns,
    cardShare: cardNs / ns,
    protocolUs: ((hostNs - (end.workedNs - from.workedNs)) * arm.cores) / answered / arm.scale / 1000,
    cardUs: cardNs / answered / arm.scale / 1000,
    perProcessorS: hostNs + cardNs === 0 ? null : perProcessorS(arm, answered, hostNs, cardNs),
    refusals,
    hanging,
    synDrops: sides.counts()['tcpListenOverflows'] ?? 0,
    exhaustedS: first(({ exhaustedNs }) => exhaustedNs),
    recoveredS: first(({ recoveredNs }) => recoveredNs),
    p99Ms: p99Of(balancers),
  };
}

function p99Of(balancers: readonly Balancer[]): number | null {
  const summaries = balancers.map(({ latency }) => latency.summary()?.p99 ?? 0);
  return Math.max(...summaries) / 1000 || null;
}

/** A processor of a smaller world is slower, and the server's stands for all its cores. */
function perProcessorS({ scale, cores }: Arm, answered: number, hostNs: number, cardNs: number): number {
  return (answered * SECOND_NS * scale) / (hostNs * cores + cardNs);
}

function hostSides(topology: Topology, arm: Arm): Sides {
  const world = new HostWorld(topology, (host) => hostCostsOf(topology, host, arm));
  const { costs } = hostCostsOf(topology, topology.cards[SERVER].host, arm);
  return {
    clock: world.clock,
    queue: world.queue,
    stack: (card) => world.stacks[card].stack,
    countStates: (card, counts) => world.stacks[card].engine.countStates(counts),
    start: (card, program) => world.addProgram(topology.cards[card].host, program),
    work: (host, ns) => world.work(host, ns),
    run: (done, limitNs) => world.run(done, limitNs),
    unbalanced: () => world.unbalanced(),
    busyNs: () => ({ host: charge(world.snapshot()[SERVER], costs), card: 0 }),
    counts: () => world.snapshot()[SERVER],
  };
}

function cardSides(topology: Topology): Sides {
  const world = new VirtualWorld(topology, [], false);
  const card = topology.cards[SERVER];
  const hostCosts = topology.hosts[card.host].processor.costs;
  const ledgers = () => {
    const { host, iopLedger } = world.cards[SERVER];
    return { host: host.ledger.snapshot(), card: iopLedger.snapshot() };
  };
  const before = ledgers();
  return {
    clock: world.clock,
    queue: world.queue,
    stack: (index) => world.cards[index].stack,
    countStates: (index, counts) => world.cards[index].parts.stack?.countStates(counts),
    start: (index, program) => world.cards[index].start(program),
    work: (host, ns) => world.work(host, ns),
    run: (done, limitNs) => world.run(done, limitNs),
    unbalanced: () => world.unbalanced(),
    busyNs: () => {
      const now = ledgers();
      return {
        host: charge(since(now.host, before.host), hostCosts),
        card: charge(since(now.card, before.card), card.processor.costs),
      };
    },
    counts: () => ledgers().card,
  };
}
