/** One live world, run in rounds: how much it did in each, and how long its agents took for it. */
import { coresApart, pinThread } from '../linux/affinity.ts';
import { threadTimeNs } from '../linux/thread-time.ts';
import { LatencyRecorder } from '../record/latency.ts';
import { MachineClock } from '../time/clock.ts';
import { pause } from '../time/timers.ts';
import type { ClientProgram, ServerProgram } from '../workloads/program.ts';
import { STALL_NS } from '../workloads/workload.ts';
import { openInlineWorld } from '../world/inline/inline-world.ts';
import type { AgentWatch, LiveWorld } from '../world/inline/live-world.ts';
import { ThreadWorld } from '../world/thread/thread-world.ts';
import { readTopology, type Topology } from '../world/topology.ts';
import { type AgentRound, growth, type LivePlan, type Round, total } from './live-protocol.ts';
import { readingNs, TimedAgent } from './timed-agent.ts';

/** What clients that are told to begin no more may take, and what is in flight then. */
const DRAIN_NS = 2e9;
const SETTLE_NS = 2e6;
const CONNECT_NS = 5e9;
/** A card that does not look for work sleeps after so long without any. */
const SLEEPS_MS = 2;

export class LiveRun {
  private readonly world: LiveWorld;
  private readonly topology: Topology;
  private readonly timed: ReadonlyMap<string, TimedAgent>;
  private readonly threaded: boolean;
  private readonly readingNs: number;
  /** The system's number of the card's thread. */
  private readonly cardThread: number;
  private readonly clients: readonly ClientProgram[];
  private readonly servers: readonly ServerProgram[];
  private readonly latency = new LatencyRecorder();

  private constructor(
    world: LiveWorld,
    topology: Topology,
    timed: ReadonlyMap<string, TimedAgent>,
    threaded: boolean,
  ) {
    this.world = world;
    this.topology = topology;
    this.timed = timed;
    this.threaded = threaded;
    this.readingNs = readingNs(new MachineClock());
    this.cardThread = world instanceof ThreadWorld ? world.threadIds[0] : 0;
    const bodies = world.programs.map(({ body }) => body);
    this.clients = bodies.flatMap((body) => ('operationsMax' in body ? [body] : []));
    this.servers = bodies.flatMap((body) => ('operationsMax' in body ? [] : [body]));
    for (const client of this.clients) {
      client.latency = this.latency;
      client.closeWhenIdle = false;
    }
  }

  /** @throws Error with one line when the world does not come up. */
  static async open({ shape, description, timed }: LivePlan): Promise<LiveRun> {
    const topology = readTopology(description);
    const agents = new Map<string, TimedAgent>();
    const watch: AgentWatch = (agent, name) => {
      if (!timed) return agent;
      const watched = new TimedAgent(agent, new MachineClock());
      agents.set(name, watched);
      return watched;
    };
    if (shape === 'inline') return new LiveRun(openInlineWorld(topology, [], watch), topology, agents, false);
    const world = await ThreadWorld.open(topology, [], watch);
    pinApart(world.threadIds);
    return new LiveRun(world, topology, agents, true);
  }

  /**
   * Runs for so many stretches of so long each, then lets what is under way end. @throws Error when nothing
   * moves.
   */
  run(stretches: number, durationNs: number): Round[] {
    const { world, clients } = this;
    for (const client of clients) client.operationsMax = Number.POSITIVE_INFINITY;
    if (!world.run(() => clients.every((client) => client.connected), CONNECT_NS)) {
      throw new Error('its clients did not connect');
    }
    const rounds: Round[] = [];
    for (let i = 0; i < stretches; i++) rounds.push(this.stretch(durationNs));
    if (clients.length > 0 && rounds.every(({ bytes }) => bytes === 0)) this.awaitBytes();
    this.drain();
    return rounds;
  }

  /** On a machine with much else to do a short stretch may pass before anything moves. */
  private awaitBytes(): void {
    const before = this.bytes;
    if (!this.world.run(() => this.bytes > before, STALL_NS)) throw new Error('nothing moves');
  }

  private get bytes(): number {
    return this.servers.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
  }

  private stretch(durationNs: number): Round {
    const { world, latency } = this;
    latency.reset();
    const before = this.reading();
    const startNs = this.nowNs();
    world.run(() => false, durationNs);
    const elapsedNs = this.nowNs() - startNs;
    const after = this.reading();
    const grown = after.agents.map(({ name, side, spentNs, counts }, i): AgentRound => {
      const thread = this.threaded && side === 'card' ? 1 : 0;
      const threadNs = after.threadsNs[thread] - before.threadsNs[thread];
      const timedNs = spentNs === null ? null : spentNs - (before.agents[i].spentNs ?? 0);
      return {
        name,
        side,
        // A thread of its own works or looks all the time that it runs.
        spentNs: this.threaded ? threadNs : timedNs,
        ran: Math.min(1, threadNs / elapsedNs),
        counts: growth(counts, before.agents[i].counts),
      };
    });
    return {
      operations: after.operations - before.operations,
      bytes: after.bytes - before.bytes,
      elapsedNs,
      p50Us: latency.summary()?.p50 ?? null,
      agents: this.threaded ? grown : this.withLoop(grown, elapsedNs - (after.turnsNs - before.turnsNs)),
    };
  }

  /** What the loop around the turns takes is the hosts', whose thread it is. */
  private withLoop(agents: readonly AgentRound[], loopNs: number): AgentRound[] {
    const hosts = this.topology.hosts.length;
    return agents.map((agent) =>
      agent.side === 'host' && agent.spentNs !== null
        ? { ...agent, spentNs: agent.spentNs + loopNs / hosts }
        : agent,
    );
  }

  /**
   * Wakes the card's thread so many times while it sleeps. @returns how long the caller took for each, in
   * nanoseconds.
   */
  async ring(count: number): Promise<number[]> {
    const { world } = this;
    if (!(world instanceof ThreadWorld)) throw new Error('its card has no thread');
    const took: number[] = [];
    for (let i = 0; i < count; i++) {
      await pause(SLEEPS_MS);
      const startNs = this.nowNs();
      world.wakeCard(0);
      took.push(this.nowNs() - startNs - this.readingNs);
    }
    return took;
  }

  async close(): Promise<void> {
    for (const { body } of this.world.programs) body.stop();
    if (this.world instanceof ThreadWorld) await this.world.close();
  }

  private nowNs(): number {
    const { clock } = this.world;
    clock.update();
    return clock.nowNs;
  }

  /** What the next round counts shall be its own. */
  private drain(): void {
    const { world, clients } = this;
    for (const client of clients) client.operationsMax = 0;
    if (!world.run(() => clients.every((client) => client.idle), DRAIN_NS)) {
      throw new Error('what was under way did not end');
    }
    world.run(() => false, SETTLE_NS);
  }

  private reading(): Reading {
    const { world, topology, clients } = this;
    const hosts = topology.hosts.map(({ name }, index): AgentRound => {
      const cards = world.cards.filter((_, i) => topology.cards[i].host === index);
      const counts = total(cards.map(({ host }) => host.ledger.snapshot()));
      return { name, side: 'host', spentNs: this.spentNs(name), ran: 1, counts };
    });
    const cards = world.cards.map(({ name, iopLedger }): AgentRound => {
      return { name, side: 'card', spentNs: this.spentNs(name), ran: 1, counts: iopLedger.snapshot() };
    });
    const timed = [...this.timed.values()];
    return {
      operations: clients.reduce((sum, { operations }) => sum + operations, 0),
      bytes: this.bytes,
      agents: [...hosts, ...cards],
      threadsNs: [threadTimeNs() ?? this.nowNs(), threadTimeNs(this.cardThread) ?? this.nowNs()],
      turnsNs: timed.reduce((sum, { spentNs, turns }) => sum + spentNs + turns * this.readingNs, 0),
    };
  }

  /** Time that an agent's turns have taken until now, a reading of the clock taken off each. */
  private spentNs(name: string): number | null {
    const agent = this.timed.get(name);
    return agent === undefined ? null : agent.spentNs - agent.turns * this.readingNs;
  }
}

interface Reading {
  readonly operations: number;
  readonly bytes: number;
  readonly agents: readonly AgentRound[];
  /** Processor time of the program's thread, and of the card's: of the clock where it cannot be told. */
  readonly threadsNs: readonly [number, number];
  /** Time of all timed turns, with both readings of the clock around each. */
  readonly turnsNs: number;
}

/** As the sides of the bench: the program's thread and the card's have a core each. */
function pinApart(threads: readonly number[]): void {
  const cores = coresApart();
  if (cores === undefined) return;
  pinThread(0, cores.program);
  for (const thread of threads) if (thread !== 0) pinThread(thread, cores.card);
}
