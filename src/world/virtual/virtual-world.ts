/**
 * A world in virtual time: the same drivers and the same cards, run by an event queue, joined by links that
 * take time. Same description and seed, same bytes. Hosts, cards and switches are agents; each host and
 * card charges by costs of its own.
 */
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import type { Counters } from '../../ledger/reconcile.ts';
import { type Clock, VirtualClock } from '../../time/clock.ts';
import { CostMeter, FREE } from '../../time/cost-model.ts';
import { type Entry, EventQueue } from '../../time/event-queue.ts';
import type { SampleCallback } from '../../time/samples.ts';
import { isPerfect } from '../../wire/config.ts';
import type { Departures, PipeListener } from '../../wire/pipe.ts';
import { linkCounters, WiresAtRest, type WorldBooks, wireCounters, worldBooks } from '../build/books.ts';
import { snapBytesOf, type TraceRequest } from '../build/card-trace.ts';
import { classOf } from '../build/host.ts';
import { HostAgent } from '../build/host-agent.ts';
import { Network } from '../build/network.ts';
import { clientsFinished, makePrograms, serversIdle, type WorldProgram } from '../build/programs.ts';
import { sayWarnings } from '../build/start-notices.ts';
import { oneSite, planWorld, type WirePlan, type WorldPlan } from '../build/world-plan.ts';
import { type CardTopology, checkedTopology, type LinkEnd, type Topology } from '../topology/checked.ts';
import { settleNs } from '../topology/settle.ts';
import { startWarnings } from '../topology/start-warnings.ts';
import { cardBusCosts, DmaMeter, HostMeter, transferCosts } from './meters.ts';
import { OneProcessor } from './one-processor.ts';
import { buildVirtualCard, type VirtualCard } from './virtual-card.ts';
import { topologyOf, type VirtualOptions } from './virtual-options.ts';
import type { Runner, WorldWatch } from './watch.ts';
import { WireWatches } from './wire-watches.ts';

type Traces = readonly (TraceRequest | undefined)[];

/** What stands for an agent that the event queue does not have yet. */
const NO_AGENT = -1;

/** The event queue's numbers of agents, by their place in the description. */
interface AgentNumbers {
  readonly hosts: number[];
  readonly cards: number[];
  readonly switches: number[];
}

export class VirtualWorld {
  readonly clock: Clock;
  readonly queue: EventQueue;
  readonly region: Region;
  readonly cards: readonly VirtualCard[];
  /** The programs of the description, servers first. */
  readonly programs: readonly WorldProgram[];
  private readonly plan: WorldPlan;
  /**
   * How long links and cards may take to come to rest once the programs are done: a TIME-WAIT is not waited
   * for.
   */
  private readonly settleNs: number;
  private readonly network: Network;
  private readonly hostAgents: readonly number[];
  private readonly agents: AgentNumbers;
  private readonly watch: WorldWatch | undefined;
  private readonly wireWatches: WireWatches;

  /**
   * @param description a checked topology, or the short form. @param traces by card, for a topology.
   * @param warns whether what the start-up check finds in a topology is said on stderr.
   * @param watch who looks on; absent: nobody.
   * @throws RangeError for a bad setting, Error when a card does not come up.
   */
  constructor(description: VirtualOptions | Topology, traces: Traces = [], warns = true, watch?: WorldWatch) {
    this.watch = watch;
    const short = isTopology(description) ? undefined : description;
    const topology = isTopology(description) ? checkedTopology(description) : topologyOf(description);
    const watched = short?.traces ?? traces;
    this.settleNs = settleNs(topology);
    this.clock = new VirtualClock(() => this.queue.now());
    this.queue = new EventQueue(this.clock);
    const memory = new MemoryPlan();
    this.plan = planWorld(
      memory,
      topology,
      oneSite(topology),
      topology.cards.map((_, i) => snapBytesOf(watched[i])),
    );
    this.region = allocateRegion(memory.byteLength);
    const agents: AgentNumbers = {
      hosts: topology.hosts.map(() => NO_AGENT),
      cards: topology.cards.map(() => NO_AGENT),
      switches: topology.switches.map(() => NO_AGENT),
    };
    watch?.begin({
      queue: this.queue,
      region: this.region,
      topology,
      agents,
      poolUse: (card) => poolUse(this.cards[card]),
      isFull: (card, socketId) => this.cards[card].host.driver.blocked.stalls.isFull(socketId),
      isHeld: (card) => this.cards[card].host.driver.blocked.held !== undefined,
      classOf: () => 'socket',
      endsOf: () => ({ local: undefined, remote: undefined }),
      runnerOf: (end) => runnerAt(end),
    });
    this.wireWatches = new WireWatches(this.plan.wires, watch);
    this.network = new Network(this.region, this.plan, this.clock, 0, {
      pipe: (wire) => this.listenerOf(wire, agents),
      departures: (wire) => this.departuresOf(wire, topology, agents),
    });
    this.wireWatches.tap((wire) => this.network.pipe(wire));
    this.cards = this.buildCards(topology, watched, agents);
    this.agents = agents;
    this.hostAgents = agents.hosts.filter((agent) => agent !== NO_AGENT);
    this.plan.switches.forEach((_, i) => {
      const agent = this.network.switches[i];
      if (agent === undefined) return;
      const watched = watch?.agent('switches', i, agent) ?? agent;
      agents.switches[i] = this.queue.add({ agent: watched, meter: FREE });
    });
    if (warns && short === undefined) sayWarnings(startWarnings(topology));
    for (const card of this.cards) card.host.bringUpCard(classOf(card.plan));
    this.programs = makePrograms(
      topology,
      (card) => watch?.sockets(card, this.cards[card].stack) ?? this.cards[card].stack,
      this.clock,
      ({ host }) => ({
        work: (ns) => this.queue.occupy(agents.hosts[host], ns),
        sampleMask: 0,
      }),
    );
    for (const { topology: place, body, beside } of this.programs)
      for (const program of [body, ...beside]) this.cards[place.card].start(program);
  }

  /**
   * Cuts a link of the description, or mends it, beside what is described: both its ends hear of it at once.
   * @param link its name. @throws Error for a link that there is not.
   */
  setLink(link: string, up: boolean): void {
    this.network.carrier(link).set(up, this.queue.nowNs);
    for (const wire of this.plan.wires) {
      if (wire.link !== link) continue;
      const agent = agentAt(wire.from, this.agents);
      if (agent !== NO_AGENT) this.queue.notify(agent, 0);
    }
  }

  /** A program of a host keeps its processor busy, beside what its calls take. */
  work(host: number, ns: number): void {
    this.queue.occupy(this.agents.hosts[host], ns);
  }

  /** Runs until `done`, for at most `limitNs` more nanoseconds. @returns whether it was done. */
  run(done: () => boolean, limitNs: number): boolean {
    return this.queue.run(done, this.queue.nowNs + limitNs, -1);
  }

  /**
   * Calls back while the world runs, each time so much of its time has passed. A sample is no event: it
   * looks, and the world goes on as if nobody had. @param everyNs above 0. @param callback told the time;
   * false ends it.
   */
  sample(everyNs: number, callback: SampleCallback): void {
    this.queue.samples.add(this.queue.nowNs, everyNs, callback);
  }

  /**
   * Runs the programs of the description until every client has finished, then closes all sockets and lets
   * what is in flight arrive. @returns whether the clients finished within `limitNs`.
   */
  runPrograms(limitNs: number): boolean {
    // Whoever has just told a program to end may have found it at rest: it is to see that.
    for (const host of this.hostAgents) this.queue.notify(host, 0);
    const finished = this.run(() => clientsFinished(this.programs), limitNs);
    // The servers see the ends of their connections before they give up what is left.
    this.run(() => serversIdle(this.programs), this.settleNs);
    for (const { body } of this.programs) body.stop();
    const wires = new WiresAtRest(this.region, this.plan);
    this.run(() => wires.now && this.books().balanced, this.settleNs);
    return finished;
  }

  /** What went in and came out, over every host, card and link. True only with nothing in flight. */
  books(): WorldBooks {
    return worldBooks(
      this.region,
      this.plan,
      this.cards.map((card) => card.books()),
    );
  }

  /** @returns the first sum of the books that does not hold; undefined where all do. */
  unbalanced(): string | undefined {
    return this.books().lines[0];
  }

  /** Counters of all links together. */
  wireCounters(): Counters {
    return wireCounters(this.region, this.plan);
  }

  /** Counters of each link by its name, both directions together, zeros left out. */
  linkCounters(): Readonly<Record<string, Counters>> {
    return linkCounters(this.region, this.plan);
  }

  /** Every counter of every card, side by side: equal runs have equal snapshots. */
  snapshot(): Record<string, number>[] {
    return this.cards.flatMap((card) => [card.host.ledger.snapshot(), card.iopLedger.snapshot()]);
  }

  /**
   * The wires of the first link, for captures: from its first end, and from its second; of a card alone,
   * its loop.
   */
  get ends(): ReturnType<Network['endsOf']> {
    return this.cards.flatMap((_, card) => this.network.endsOf(card));
  }

  private buildCards(topology: Topology, traces: Traces, agents: AgentNumbers): VirtualCard[] {
    const hosts = topology.hosts.map(({ name }) => new HostAgent(name));
    const meters = hosts.map(() => new HostMeter());
    const watchedHosts = hosts.map((host, i) => this.watch?.agent('hosts', i, host) ?? host);
    const shared = watchedHosts.map((host, i) =>
      hasInline(i, topology) ? new OneProcessor(host) : undefined,
    );
    return this.plan.cards.map((plan, i) => {
      const { host } = plan.topology;
      const parts = {
        region: this.region,
        plan,
        clock: this.clock,
        queue: this.queue,
        ends: this.network.endsOf(i),
      };
      const isInline = plan.topology.placement === 'inline';
      const card = buildVirtualCard(parts, hosts[host], {
        hostAgent: () => agents.hosts[host],
        iopAgent: () => agents.cards[i],
        shared: isInline ? shared[host] : undefined,
        trace: traces[i],
        watch: this.watch && { world: this.watch, card: i },
      });
      const { processor } = topology.hosts[host];
      meters[host].add(new CostMeter(card.host.ledger, processor.costs));
      if (agents.hosts[host] === NO_AGENT) {
        const agent = shared[host] ?? watchedHosts[host];
        agents.hosts[host] = this.queue.add({ agent, meter: meters[host], ...spinOf(host, topology) });
      }
      const iop = this.watch?.agent('cards', i, card.parts.processor) ?? card.parts.processor;
      if (isInline) {
        shared[host]?.add(iop);
        meters[host].add(new CostMeter(card.iopLedger, plan.topology.processor.costs));
        meters[host].add(new CostMeter(card.iopLedger, transferCosts(plan.topology.bus)));
        agents.cards[i] = agents.hosts[host];
      } else {
        agents.cards[i] = this.queue.add({ ...iopEntry(card, plan.topology), agent: iop });
      }
      return card;
    });
  }

  /**
   * What leaves a card whose work costs nothing leaves at once, and a perfect wire needs no clock then. So
   * does what a processor sends itself over a wire that takes no time: a live one finds it in the same turn.
   */
  private departuresOf(wire: WirePlan, topology: Topology, agents: AgentNumbers): Departures | undefined {
    const { from, to, config } = wire;
    if (!('card' in from) || isFree(topology.cards[from.card])) return undefined;
    if (isPerfect(config) && onOneProcessor(from, to, topology)) return undefined;
    const leaveNs = (): number => this.queue.settledNs(agents.cards[from.card]);
    return { leaveNs: this.wireWatches.leaving(wire, leaveNs) };
  }

  /** The agents of a wire's two ends hear of each other; one agent at both ends knows by itself. */
  private listenerOf({ from, to }: WirePlan, agents: AgentNumbers): PipeListener | undefined {
    if (sameAgent(from, to)) return undefined;
    return {
      committed: (arrivalNs) => {
        const agent = agentAt(to, agents);
        if (agent !== NO_AGENT) this.queue.expect(agent, arrivalNs);
      },
      roomMade: () => {
        const agent = agentAt(from, agents);
        if (agent !== NO_AGENT) this.queue.notify(agent, 0);
      },
    };
  }
}

/** Whose turns take and send the frames at an end of a link, where every card has a processor's. */
function runnerAt(end: LinkEnd): Runner {
  return 'card' in end ? { kind: 'cards', index: end.card } : { kind: 'switches', index: end.switch };
}

function hasInline(host: number, { cards }: Topology): boolean {
  return cards.some((card) => card.host === host && card.placement === 'inline');
}

/** Whether one processor works at both ends of a wire. */
function onOneProcessor(from: LinkEnd, to: LinkEnd, { cards }: Topology): boolean {
  if (!('card' in from && 'card' in to)) return false;
  const [a, b] = [cards[from.card], cards[to.card]];
  return a === b || (a.host === b.host && a.placement === 'inline' && b.placement === 'inline');
}

/** A host looks as long as the most patient of its drivers, once for all of them. */
export function spinOf(host: number, { hosts, cards }: Topology): Pick<Entry, 'spinNs' | 'lookNs'> {
  const { lookNs } = hosts[host].processor;
  const spins = cards.filter((card) => card.host === host).map(({ config }) => config.driver.spinNs);
  return lookNs === 0 ? {} : { spinNs: Math.max(...spins), lookNs: lookNs / 2 };
}

/** A card's processor, whose turns wait for its DMA engine before they are seen. */
export function iopEntry(
  { iopLedger }: VirtualCard,
  { processor, bus, config }: CardTopology,
): Omit<Entry, 'agent'> {
  const { lookNs } = processor;
  const engine = new DmaMeter(iopLedger, cardBusCosts(bus));
  return {
    meter: new CostMeter(iopLedger, processor.costs),
    ...(engine.free ? {} : { engine }),
    ...(lookNs === 0 ? {} : { spinNs: config.iopSpinNs, lookNs: lookNs / 2 }),
  };
}

/** Buffers, buckets and packet slots of a card that are in use. */
export function poolUse({ host, parts, plan }: VirtualCard): Record<string, number> {
  const { packetSlots } = plan.topology.config;
  return {
    transmit: host.transmit.inUse,
    receive: plan.topology.config.pools.receiveBuckets - host.receive.withCard,
    packets: packetSlots - parts.packets.available,
  };
}

/** Whether a card does all its work in no time. */
export function isFree({ processor, bus }: CardTopology): boolean {
  return (
    Object.values(processor.costs).every((cost) => cost === 0) && bus.nsPerByte === 0 && bus.requestNs === 0
  );
}

function isTopology(description: VirtualOptions | Topology): description is Topology {
  return typeof description === 'object' && description !== null && 'hosts' in description;
}

function agentAt(end: LinkEnd, { cards, switches }: AgentNumbers): number {
  return 'card' in end ? cards[end.card] : switches[end.switch];
}

function sameAgent(a: LinkEnd, b: LinkEnd): boolean {
  return 'card' in a ? 'card' in b && a.card === b.card : 'switch' in b && a.switch === b.switch;
}
