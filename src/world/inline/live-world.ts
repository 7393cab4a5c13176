/**
 * A world in real time, as the program's thread has it: the drivers of all hosts, and those cards and
 * switches that run in this thread too, are polled in turn by whoever calls `run`, or by a driver that
 * waits inside a call. What runs in other threads is reached by `FarSites`; a world of one thread has none.
 */
import { DmaEngine } from '../../dma/engine.ts';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { Host, HostEnvironment } from '../../osm/host.ts';
import type { CardSockets } from '../../osm/user/card-sockets.ts';
import type { Agent } from '../../time/agent.ts';
import { MachineClock, wallClock } from '../../time/clock.ts';
import { InlineLoop } from '../../time/inline-loop.ts';
import { FutexSleeper, type Waker } from '../../time/sleeper.ts';
import type { CableListener } from '../../wire/cable.ts';
import type { Program } from '../../workloads/program.ts';
import { type CardBooks, WiresAtRest, type WorldBooks, worldBooks } from '../build/books.ts';
import { buildCard } from '../build/card-parts.ts';
import { snapBytesOf, type TraceRequest, tapWires } from '../build/card-trace.ts';
import { buildHost, classOf } from '../build/host.ts';
import { HostAgent } from '../build/host-agent.ts';
import { widenInlining } from '../build/inlining.ts';
import { begin, Network } from '../build/network.ts';
import { clientsFinished, makePrograms, serversIdle, type WorldProgram } from '../build/programs.ts';
import { sayWarnings } from '../build/start-notices.ts';
import {
  type CardPlan,
  type LiveBeginning,
  planWorld,
  type Sites,
  type WorldPlan,
} from '../build/world-plan.ts';
import type { Topology } from '../topology/checked.ts';
import { startWarnings } from '../topology/start-warnings.ts';
import { FarSleeper, InlineSleeper } from './sleepers.ts';

/** How long servers may take to see the ends of their connections, and what is in flight to arrive. */
const SETTLE_NS = 2e9;
/** How long books of several threads may take to be whole: a turn of a card, even one that is put aside. */
const GLANCE_NS = 50e6;
const PAIR_BYTES = 128;

/** Who is told what passes a card's host, by card. */
export type Traces = readonly (TraceRequest | undefined)[];

/** A card as its world shows it, whatever runs it. */
export interface LiveCard {
  readonly name: string;
  readonly host: Host;
  readonly iopLedger: Ledger;
}

/** What of a world is in other threads. Called in this order: `reserve`, `begin`, then the others. */
export interface FarSites {
  readonly sites: Sites;
  /** Plans memory for where the threads rest and show their state. */
  reserve(memory: MemoryPlan, plan: WorldPlan, programWake: number): void;
  /** The region is there: the threads may be started. */
  begin(region: Region, plan: WorldPlan, clock: MachineClock): void;
  /** How a card's driver rings it, and knows whether it lives. */
  card(index: number): { readonly waker: Waker; readonly health: HostEnvironment['health'] };
  cable(site: number): CableListener;
}

/** A world all of whose parts are in the program's thread. */
class NoFarSites implements FarSites {
  readonly sites: Sites;

  constructor({ cards, switches }: Topology) {
    this.sites = { cards: cards.map(() => 0), switches: switches.map(() => 0) };
  }

  reserve(): void {}
  begin(): void {}

  card(): never {
    throw new Error('no card is in another thread');
  }

  cable(): never {
    throw new Error('no cable leads to another thread');
  }
}

/** Stands before an agent of the program's thread: to time its turns. @param name of the host or card. */
export type AgentWatch = (agent: Agent, name: string) => Agent;

export class LiveWorld {
  readonly clock: MachineClock = new MachineClock();
  readonly topology: Topology;
  readonly plan: WorldPlan;
  readonly region: Region;
  readonly cards: readonly LiveCard[];
  /** The programs of the description, servers first; none until `bringUp`. */
  programs: readonly WorldProgram[] = [];
  private readonly loop: InlineLoop;
  private readonly hosts: readonly HostAgent[];
  private readonly agents: readonly number[];
  private readonly traces: Traces;
  private readonly wakeWord: number;
  private readonly watch: AgentWatch;
  private readonly beginning: LiveBeginning;

  /** What the start-up check finds is said on stderr. @throws RangeError for a bad setting. */
  constructor(
    topology: Topology,
    traces: Traces = [],
    far: FarSites = new NoFarSites(topology),
    watch: AgentWatch = (agent) => agent,
  ) {
    widenInlining();
    sayWarnings(startWarnings(topology));
    const memory = new MemoryPlan();
    this.topology = topology;
    this.traces = traces;
    this.watch = watch;
    const snapBytes = topology.cards.map((_, i) => snapBytesOf(traces[i]));
    const planned = planWorld(memory, topology, far.sites, snapBytes);
    const wake = memory.reserve('world.wake', PAIR_BYTES, "the program's wake-up count, and when it began");
    const madeNs = this.clock.nowNs + this.clock.originNs;
    this.beginning = { madeNs, word: wake + PAIR_BYTES / 2 };
    this.plan = { ...withOneWake(planned, wake), beginning: this.beginning };
    far.reserve(memory, this.plan, wake);
    this.region = allocateRegion(memory.byteLength);
    this.wakeWord = wake >> 2;
    const { region, clock } = this;
    far.begin(region, this.plan, clock);
    // Answers of a card in another thread are a microsecond or two away: as long as its driver would poll
    // for them.
    const spins = topology.cards.map(({ config }, i) =>
      far.sites.cards[i] === 0 ? 0 : config.driver.spinNs,
    );
    this.loop = new InlineLoop(clock, new FutexSleeper(region.words, this.wakeWord), Math.max(...spins));
    this.loop.othersRun = [...far.sites.cards, ...far.sites.switches].some((site) => site !== 0);
    this.hosts = topology.hosts.map(({ name }) => new HostAgent(name));
    this.agents = this.hosts.map((host) => this.loop.add(watch(host, host.name)));
    const network = new Network(region, this.plan, clock, 0, { cable: (site) => far.cable(site) });
    this.cards = this.plan.cards.map((card, i) =>
      card.site === 0 ? this.addOwnCard(card, i, network) : this.addFarCard(card, i, far),
    );
    for (const entry of network.switches) if (entry !== undefined) this.loop.add(entry);
  }

  /** Brings every card up, then makes the programs: the world has begun. @throws Error when a card does not come up. */
  bringUp(): void {
    this.plan.cards.forEach((card, i) => {
      this.cards[i].host.bringUpCard(classOf(card));
    });
    this.programs = makePrograms(this.topology, (card) => this.stackOf(card), this.clock);
    for (const { topology, body, beside } of this.programs)
      for (const program of [body, ...beside]) this.start(topology.card, program);
    this.clock.update();
    begin(this.region, this.beginning, this.clock);
  }

  /** Adds a program to a card's host; it runs whenever `run` does. */
  start(card: number, program: Program): void {
    this.hosts[this.topology.cards[card].host].addProgram(program);
  }

  stackOf(card: number): CardSockets {
    return this.cards[card].host.sockets;
  }

  /** Runs until `done`, for at most `limitNs` nanoseconds. @returns whether it was done. */
  run(done: () => boolean, limitNs: number): boolean {
    this.clock.update();
    return this.loop.run(done, this.clock.nowNs + limitNs, -1);
  }

  /**
   * Runs the programs of the description until every client has finished, then closes all sockets and lets
   * what is in flight arrive. @returns whether the clients finished within `limitNs`.
   */
  runPrograms(limitNs: number): boolean {
    const finished = this.run(() => clientsFinished(this.programs), limitNs);
    this.run(() => serversIdle(this.programs), SETTLE_NS);
    for (const { body } of this.programs) body.stop();
    const wires = new WiresAtRest(this.region, this.plan);
    this.run(() => wires.now && this.readBooks().balanced, SETTLE_NS);
    return finished;
  }

  /**
   * What went in and came out, over every host, card and link. True only with nothing in flight. A card in
   * another thread may be between putting a frame on its wire and counting it, or may just have told its host
   * the last of what it had, so the world goes on for a moment where books do not balance.
   */
  books(): WorldBooks {
    let books = this.readBooks();
    const whole = (): boolean => {
      books = this.readBooks();
      return books.balanced;
    };
    if (!books.balanced && this.loop.othersRun) this.run(whole, GLANCE_NS);
    return books;
  }

  private readBooks(): WorldBooks {
    const books = this.cards.map(
      ({ name, host, iopLedger }): CardBooks => ({
        name,
        host: host.ledger,
        iop: iopLedger,
        holdings: host.holdings(),
      }),
    );
    return worldBooks(this.region, this.plan, books);
  }

  private addOwnCard(card: CardPlan, index: number, network: Network): LiveCard {
    const { region, clock } = this;
    const { memory, topology, packets } = card;
    const sleeper = new InlineSleeper(this.loop, this.agents[topology.host]);
    // The card is polled in turn, so a doorbell has nobody to wake.
    const environment = { clock, waker: { wake() {} }, sleeper, health: { alive: () => true } };
    const host = this.addHost(card, index, environment, () => sleeper.wakes);
    const ledger = new Ledger(region, memory.layout.iopLedger);
    const dma = new DmaEngine(region, ledger);
    const wires = network.endsOf(index);
    if (packets !== undefined) tapWires(region, packets, new MachineClock(), dma, wires);
    const waker = { wake: () => sleeper.interrupt() };
    const lent = { clock, ledger, dma, waker, wires };
    const { processor } = buildCard(region, memory, topology.config, lent, topology.modules);
    this.loop.add(this.watch(processor, topology.name));
    return { name: topology.name, host, iopLedger: ledger };
  }

  private addFarCard(card: CardPlan, index: number, far: FarSites): LiveCard {
    const { region, clock, wakeWord } = this;
    const { memory, topology } = card;
    const sleeper = new FarSleeper(this.loop, this.agents[topology.host], region.words, wakeWord);
    const environment = { clock, sleeper, ...far.card(index) };
    const host = this.addHost(card, index, environment, () => Atomics.load(region.words, wakeWord));
    return { name: topology.name, host, iopLedger: new Ledger(region, memory.layout.iopLedger) };
  }

  /** Builds a card's driver on its host's agent. */
  private addHost(card: CardPlan, index: number, environment: HostEnvironment, wakes: () => number): Host {
    const request = this.traces[index];
    const trace = request && { request, clock: new MachineClock(), startedAt: wallClock(), wakes };
    // A driver that waits gives the thread to the others at once: nothing comes of polling alone.
    const { config } = card.topology;
    const still = { ...config, driver: { ...config.driver, spinNs: 0 } };
    const patient = { ...card, topology: { ...card.topology, config: still } };
    const { host, recorder } = buildHost(this.region, patient, environment, trace);
    this.hosts[card.topology.host].addDriver(host.driver, recorder);
    return host;
  }
}

/** The program's thread has many drivers and one place to rest, so every card wakes it there. */
function withOneWake(plan: WorldPlan, wake: number): WorldPlan {
  const cards = plan.cards.map((card) => ({
    ...card,
    memory: { ...card.memory, layout: { ...card.memory.layout, hostWake: wake } },
  }));
  return { ...plan, cards };
}
