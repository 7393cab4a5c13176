/**
 * A described world in virtual time whose hosts run TCP/IP themselves: each card of the description is a
 * plain device on its host's bus, with the same ports, links and offloads. One processor does the program's
 * work, the stack's and the device driver's; what it costs are the counts of one ledger. Same description
 * and seed, same bytes.
 */
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import type { NicFeatures } from '../../hdm/features.ts';
import type { Counters } from '../../ledger/reconcile.ts';
import { type Clock, VirtualClock } from '../../time/clock.ts';
import { CostMeter, type Costs, FREE } from '../../time/cost-model.ts';
import { EventQueue } from '../../time/event-queue.ts';
import type { Program } from '../../workloads/program.ts';
import { wireCounters } from '../build/books.ts';
import { snapBytesOf, type TraceRequest } from '../build/card-trace.ts';
import { type BuiltHostStack, buildHostStack, type HostReceive } from '../build/host-stack.ts';
import type { BuiltLanStack } from '../build/lan-stack.ts';
import { Network } from '../build/network.ts';
import { clientsFinished, makePrograms, serversIdle, type WorldProgram } from '../build/programs.ts';
import type { BuiltWindowStack, WindowMoves } from '../build/window-stack.ts';
import { type CardPlan, oneSite, planWorld, type WirePlan, type WorldPlan } from '../build/world-plan.ts';
import { nicCount } from '../config/port-nics.ts';
import type { LinkEnd, Topology } from '../topology/checked.ts';
import { settleNs } from '../topology/settle.ts';
import { addLanCard, buildVirtualLan, buildVirtualWindow } from './lan-host.ts';
import { DmaMeter, DmaMeters, HOST_TRANSFERS, HostMeter, transferCosts } from './meters.ts';
import { PlainHost } from './plain-host.ts';
import { socketEnds } from './socket-ends.ts';
import type { MessageClass, Runner, WorldWatch } from './watch.ts';
import { WireWatches } from './wire-watches.ts';

const NO_AGENT = -1;

/** By card, who is told what passes it. */
export type Traces = readonly (TraceRequest | undefined)[];

/** What the processors of such a world cost, and what its hosts' devices are. */
export interface HostCosts {
  /** By counter: socket calls, copies, interrupts and the protocol's work, all of one processor. */
  readonly costs: Costs;
  /** From a frame's arrival until its interrupt is served, in nanoseconds. */
  readonly interruptNs: number;
  /** By counter: what crosses the bus of a device on it; absent: as the bus of each card has it. */
  readonly busCosts?: Costs;
  /**
   * The card has its own executive, and packets travel in messages of the LAN class; its processor and its
   * bus cost what the description says. Absent: a device on the host's bus.
   */
  readonly lan?: true;
  /** The same of the window class: send queue and reassembly lie in the card's memory. */
  readonly window?: WindowMoves;
}

export class HostWorld {
  readonly clock: Clock;
  readonly queue: EventQueue;
  /** A stack for each card of the description. */
  readonly stacks: readonly BuiltHostStack[];
  /** The programs of the description, servers first. */
  readonly programs: readonly WorldProgram[];
  private readonly watch: WorldWatch | undefined;
  private readonly region: Region;
  private readonly plan: WorldPlan;
  private readonly network: Network;
  private readonly settleNs: number;
  private readonly hosts: readonly PlainHost[];
  private readonly hostAgents: number[];
  private readonly switchAgents: number[];
  /** Of each card that has a processor of its own. */
  private readonly cardAgents: number[];

  /**
   * @param costsOf of each host, by its index.
   * @param receiveOf what the device of each card receives into, by its index; absent: memory of its own.
   * @param traces who is told what passes, by card: of one that packets reach in messages.
   * @param watch who looks on; absent: nobody.
   * @throws RangeError for a trace of a device on its host's bus, where no messages pass.
   */
  constructor(
    topology: Topology,
    costsOf: (host: number) => HostCosts,
    receiveOf: (card: number, clock: Clock) => HostReceive = () => ({}),
    traces: Traces = [],
    watch?: WorldWatch,
  ) {
    this.watch = watch;
    this.settleNs = settleNs(topology);
    this.clock = new VirtualClock(() => this.queue.now());
    this.queue = new EventQueue(this.clock);
    const memory = new MemoryPlan();
    const served = servedTopology(topology, costsOf);
    this.plan = planWorld(memory, served, oneSite(served), traces.map(snapBytesOf));
    this.region = allocateRegion(memory.byteLength);
    this.hostAgents = topology.hosts.map(() => NO_AGENT);
    this.switchAgents = topology.switches.map(() => NO_AGENT);
    this.cardAgents = topology.cards.map(() => NO_AGENT);
    this.beWatched(served);
    this.network = this.buildNetwork(topology);
    const { network } = this;
    this.hosts = topology.hosts.map(({ name }) => new PlainHost(name));
    const meters = topology.hosts.map(() => new HostMeter());
    this.stacks = this.plan.cards.map((card, i) => {
      const { host } = card.topology;
      const { interruptNs } = costsOf(host);
      const trace = traces[i];
      if (trace !== undefined && !this.hasMessages(card))
        throw new RangeError(
          `the card ${card.topology.name} has no messages to trace: its host has neither "lan" nor "window"`,
        );
      const time = { clock: this.clock, sleep: () => undefined, interruptNs };
      const receive = receiveOf(i, this.clock);
      const built = this.hasMessages(card)
        ? this.buildMessages(card, i, network.endsOf(i), costsOf(host), receive, trace)
        : buildHostStack(this.region, card, network.endsOf(i), time, receive);
      this.hosts[host].addStack(built.stack, hasDriver(built) ? built.recorder : undefined);
      meters[host].add(new CostMeter(built.ledger, costsOf(host).costs));
      return built;
    });
    this.addHosts(topology, costsOf, meters);
    this.stacks.forEach((built, i) => {
      if (!hasDriver(built)) return;
      this.cardAgents[i] = addLanCard(
        this.queue,
        built,
        this.plan.cards[i],
        watch && { world: watch, card: i },
      );
    });
    this.plan.switches.forEach((_, i) => {
      const agent = network.switches[i];
      if (agent === undefined) return;
      const watched = watch?.agent('switches', i, agent) ?? agent;
      this.switchAgents[i] = this.queue.add({ agent: watched, meter: FREE });
    });
    for (const built of this.stacks) if (hasDriver(built)) built.driver.bringUp();
    this.programs = makePrograms(
      topology,
      (card) => watch?.sockets(card, this.stacks[card].stack) ?? this.stacks[card].stack,
      this.clock,
      ({ host }) => ({ work: (ns) => this.queue.occupy(this.hostAgents[host], ns), sampleMask: 0 }),
    );
    for (const { topology: place, body } of this.programs) {
      this.hosts[place.host].addProgram(body);
      this.queue.notify(this.hostAgents[place.host], 0);
    }
  }

  /** As `VirtualWorld.setLink`. */
  setLink(link: string, up: boolean): void {
    this.network.carrier(link).set(up, this.queue.nowNs);
    for (const wire of this.plan.wires) if (wire.link === link) this.tellRoom(wire);
  }

  /** Adds a program of a host to those of the description: whoever made it ends it. */
  addProgram(host: number, program: Program): void {
    this.hosts[host].addProgram(program);
    this.queue.notify(this.hostAgents[host], 0);
  }

  /** A program of a host keeps its processor busy, beside what its calls take. */
  work(host: number, ns: number): void {
    this.queue.occupy(this.hostAgents[host], ns);
  }

  /** What the device of a card, or its driver, does from now on: see `BuiltHostStack.setFeatures`. */
  setFeatures(card: number, change: Partial<NicFeatures>): void {
    this.stacks[card].setFeatures(change);
    const agent = this.hostAgents[this.plan.cards[card].topology.host];
    if (agent !== NO_AGENT) this.queue.notify(agent, 0);
  }

  /** Runs until `done`, for at most `limitNs` more nanoseconds. @returns whether it was done. */
  run(done: () => boolean, limitNs: number): boolean {
    return this.queue.run(done, this.queue.nowNs + limitNs, -1);
  }

  /** As `VirtualWorld.runPrograms`. */
  runPrograms(limitNs: number): boolean {
    for (const agent of this.hostAgents) if (agent !== NO_AGENT) this.queue.notify(agent, 0);
    const finished = this.run(() => clientsFinished(this.programs), limitNs);
    this.run(() => serversIdle(this.programs), this.settleNs);
    for (const { body } of this.programs) body.stop();
    this.run(() => this.unbalanced() === undefined, this.settleNs);
    return finished;
  }

  /** @returns the first sum of a stack that does not hold; undefined where all do. */
  unbalanced(): string | undefined {
    for (const stack of this.stacks) {
      const [line] = stack.reconcile().lines;
      if (line !== undefined) return line;
    }
    return undefined;
  }

  /** Counters of all links together. */
  wireCounters(): Counters {
    return wireCounters(this.region, this.plan);
  }

  /** Every counter of every stack. */
  snapshot(): Record<string, number>[] {
    return this.stacks.map(({ ledger }) => ledger.snapshot());
  }

  /** Every counter of each card that has a processor of its own; undefined for a device without. */
  cardSnapshot(): (Record<string, number> | undefined)[] {
    return this.stacks.map((built) => (hasDriver(built) ? built.cardLedger.snapshot() : undefined));
  }

  /** Ends the traces, with what the ledgers say now. Call it when nothing is in flight. */
  endTraces(): void {
    for (const built of this.stacks) if (hasDriver(built)) built.endTrace();
  }

  /** The hosts as agents, each with the engines of its devices. */
  private addHosts(
    topology: Topology,
    costsOf: (host: number) => HostCosts,
    meters: readonly HostMeter[],
  ): void {
    this.hosts.forEach((agent, host) => {
      const own = this.stacks.filter((_, i) => topology.cards[i].host === host);
      if (own.length === 0) return;
      const { busCosts } = costsOf(host);
      const engine = new DmaMeters(
        topology.cards.flatMap(({ host: at, bus }, i) => {
          if (at !== host) return [];
          const { ledger } = this.stacks[i];
          return [new DmaMeter(ledger, busCosts ?? transferCosts(bus, HOST_TRANSFERS))];
        }),
      );
      const watched = this.watch?.agent('hosts', host, agent) ?? agent;
      this.hostAgents[host] = this.queue.add({ agent: watched, meter: meters[host], engine });
    });
  }

  private buildNetwork(topology: Topology): Network {
    const wireWatches = new WireWatches(this.plan.wires, this.watch);
    const network = new Network(this.region, this.plan, this.clock, 0, {
      pipe: (wire) => ({
        committed: (arrivalNs) => this.expect(wire, arrivalNs),
        roomMade: () => this.tellRoom(wire),
      }),
      departures: (wire) => {
        const { from } = wire;
        if (!('card' in from)) return undefined;
        // The device hears of a packet by a write over its bus; a card's own processor gives it to the wire.
        const latencyNs = this.isOfCard(from) ? 0 : topology.cards[from.card].bus.latencyNs;
        const leaveNs = (): number => this.queue.settledNs(this.agentOf(from)) + latencyNs;
        return { leaveNs: wireWatches.leaving(wire, leaveNs) };
      },
    });
    wireWatches.tap((wire) => network.pipe(wire));
    return network;
  }

  /** Tells whoever looks on what there is. @param topology with the classes that the cards serve. */
  private beWatched(topology: Topology): void {
    const [hosts, cards, switches] = [this.hostAgents, this.cardAgents, this.switchAgents];
    this.watch?.begin({
      queue: this.queue,
      region: this.region,
      topology,
      agents: { hosts, cards, switches },
      poolUse: () => ({}),
      isFull: (card) => this.stacks[card].memory.available > 1,
      isHeld: () => false,
      classOf: (card) => this.classOf(this.plan.cards[card]),
      endsOf: (card, socket) => socketEnds(this.stacks[card], socket),
      runnerOf: (end) => this.runnerOf(end),
    });
  }

  private classOf(card: CardPlan): MessageClass {
    if (!this.hasMessages(card)) return 'plain';
    return this.isLan(card) ? 'lan' : 'window';
  }

  private runnerOf(end: LinkEnd): Runner {
    if ('switch' in end) return { kind: 'switches', index: end.switch };
    if (this.isOfCard(end)) return { kind: 'cards', index: end.card };
    return { kind: 'hosts', index: this.plan.cards[end.card].topology.host };
  }

  /** @throws RangeError for what only a device on the host's own bus can have. */
  private buildMessages(
    plan: CardPlan,
    card: number,
    ends: ReturnType<Network['endsOf']>,
    { lan, window }: HostCosts,
    { memory, rxPending }: HostReceive,
    trace: TraceRequest | undefined,
  ): MessageStack {
    if ((window !== undefined && lan === true) || memory !== undefined || rxPending !== undefined)
      throw new RangeError(
        "packets in LAN messages go without a window, and packets in any without an allocator of the host's",
      );
    const { region, clock, queue } = this;
    const watch = this.watch && { world: this.watch, card };
    const parts = { region, plan, clock, queue, ends, trace, watch };
    const place = {
      hostAgent: () => this.hostAgents[plan.topology.host],
      iopAgent: () => this.cardAgents[card],
    };
    return window === undefined ? buildVirtualLan(parts, place) : buildVirtualWindow(parts, place, window);
  }

  private isLan({ topology }: CardPlan): boolean {
    return topology.modules.includes('lan');
  }

  private hasMessages({ topology }: CardPlan): boolean {
    return topology.modules.includes('lan') || topology.modules.includes('window');
  }

  /** Whether a port is one of a card with a processor of its own: not a loop inside its host. */
  private isOfCard(end: LinkEnd): boolean {
    if (!('card' in end)) return false;
    const plan = this.plan.cards[end.card];
    if (!this.hasMessages(plan)) return false;
    return !this.isLan(plan) || end.port < nicCount(plan.topology.config);
  }

  private agentOf(end: LinkEnd): number {
    if ('switch' in end) return this.switchAgents[end.switch];
    if (this.isOfCard(end)) return this.cardAgents[end.card];
    return this.hostAgents[this.plan.cards[end.card].topology.host];
  }

  private expect({ to }: WirePlan, arrivalNs: number): void {
    const agent = this.agentOf(to);
    if (agent === NO_AGENT) return;
    const waitNs = 'card' in to && !this.isOfCard(to) ? this.stacks[to.card].stack.interruptWaitNs : 0;
    this.queue.expect(agent, arrivalNs + waitNs);
  }

  private tellRoom({ from }: WirePlan): void {
    const agent = this.agentOf(from);
    if (agent !== NO_AGENT) this.queue.notify(agent, 0);
  }
}

/** The same world, whose cards serve the LAN class, or the window class, to hosts that want it. */
function servedTopology(topology: Topology, costsOf: (host: number) => HostCosts): Topology {
  const cards = topology.cards.map((card) => {
    const { lan, window } = costsOf(card.host);
    if (window !== undefined) return { ...card, modules: ['window'] as const };
    return lan === true ? { ...card, modules: ['lan'] as const } : card;
  });
  return { ...topology, cards };
}

type MessageStack = BuiltLanStack | BuiltWindowStack;

function hasDriver(built: BuiltHostStack): built is MessageStack {
  return 'driver' in built;
}
