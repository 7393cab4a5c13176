/**
 * A described world in virtual time, some of whose hosts run TCP/IP themselves beside their cards, which are
 * registered as offload devices: a policy says who gets which connection. The other hosts have cards alone.
 * Same description, policies and seed: same bytes.
 */
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import type { OffloadLimits } from '../../host/devices/device.ts';
import type { MixedStack } from '../../host/devices/mixed-stack.ts';
import { Offloading } from '../../host/devices/offloading.ts';
import { parsePolicy } from '../../host/devices/policy/parse.ts';
import type { FrameSteering, StationAddress } from '../../host/devices/steering.ts';
import { type Clock, VirtualClock } from '../../time/clock.ts';
import { CostMeter, FREE } from '../../time/cost-model.ts';
import { EventQueue } from '../../time/event-queue.ts';
import type { Departures } from '../../wire/pipe.ts';
import { linkCounters, WiresAtRest, type WorldBooks, wireCounters, worldBooks } from '../build/books.ts';
import { classOf } from '../build/host.ts';
import { HostAgent } from '../build/host-agent.ts';
import { type BuiltHostStack, buildHostStack } from '../build/host-stack.ts';
import { Network } from '../build/network.ts';
import { clientsFinished, makePrograms, serversIdle, type WorldProgram } from '../build/programs.ts';
import { oneSite, planWorld, type WirePlan, type WorldPlan } from '../build/world-plan.ts';
import type { LinkEnd, Topology } from '../topology/checked.ts';
import { settleNs } from '../topology/settle.ts';
import type { HostCosts } from './host-world.ts';
import { DmaMeter, HOST_TRANSFERS, HostMeter, transferCosts } from './meters.ts';
import type { CardDevice } from './mixed-devices.ts';
import { MixedHost, steeringAt, tellDevices } from './mixed-host.ts';
import { announceMove, introduceAll } from './mixed-peers.ts';
import { type MixedPlace, mixedTopology, stationsOf } from './mixed-topology.ts';
import { watchedMixed } from './mixed-watch.ts';
import { buildVirtualCard, type VirtualCard } from './virtual-card.ts';
import { iopEntry, isFree, spinOf } from './virtual-world.ts';
import type { WorldWatch } from './watch.ts';
import { WireWatches } from './wire-watches.ts';

const NO_AGENT = -1;

/** One of the hosts that are so. */
export interface MixedOptions {
  /** Its index. */
  readonly host: number;
  /** What its own stack costs its processor. */
  readonly costs: HostCosts;
  /** Rules, as `parsePolicy` reads them. */
  readonly policy: string;
  /** What each card holds, as published; absent: as much as its settings let it. */
  readonly limits?: OffloadLimits;
  /** Its processor looks for replies as long as its cards' settings say; absent: it rests at once. */
  readonly spins?: true;
  /** Who looks on at the world; heeded in the options of its first host alone. Absent: nobody. */
  readonly watch?: WorldWatch;
}

export class MixedWorld {
  readonly clock: Clock;
  readonly queue: EventQueue;
  /** The hosts that run TCP/IP beside their cards, in the order of their options. */
  readonly hosts: readonly MixedHost[];
  /** The cards of the description, in its order. */
  readonly cards: readonly VirtualCard[];
  /** The programs of the description, servers first. */
  readonly programs: readonly WorldProgram[];
  private readonly watch: WorldWatch | undefined;
  private readonly wireWatches: WireWatches;
  private readonly topology: Topology;
  private readonly places: readonly MixedPlace[];
  private readonly region: Region;
  private readonly plan: WorldPlan;
  private readonly network: Network;
  private readonly settleNs: number;
  private readonly built: readonly BuiltHostStack[];
  private readonly hostAgents: number[];
  private readonly cardAgents: number[];
  private readonly switchAgents: number[];

  /**
   * @param options of each host that is so, at least one.
   * @throws RangeError for a policy that cannot be read, or a host that cannot be so.
   */
  constructor(description: Topology, ...options: readonly [MixedOptions, ...MixedOptions[]]) {
    this.watch = options[0].watch;
    this.clock = new VirtualClock(() => this.queue.now());
    this.queue = new EventQueue(this.clock);
    const offloadings = options.map(({ policy, host }) => {
      const offloading = new Offloading(this.clock);
      offloading.policy.replace(parsePolicy(policy));
      const { watch } = this;
      if (watch !== undefined) offloading.onDecided = (decided) => watch.decided(host, decided);
      return offloading;
    });
    const { topology, places } = mixedTopology(
      description,
      options.map(({ host }) => host),
    );
    this.topology = topology;
    this.places = places;
    this.settleNs = settleNs(topology);
    const memory = new MemoryPlan();
    this.plan = planWorld(memory, topology, oneSite(topology));
    this.region = allocateRegion(memory.byteLength);
    this.hostAgents = topology.hosts.map(() => NO_AGENT);
    this.cardAgents = topology.cards.map(() => NO_AGENT);
    this.switchAgents = topology.switches.map(() => NO_AGENT);
    const numbers = { hosts: this.hostAgents, cards: this.cardAgents, switches: this.switchAgents };
    this.watch?.begin(watchedMixed(this, { topology, places, agents: numbers, region: this.region }));
    this.wireWatches = new WireWatches(this.plan.wires, this.watch);
    const steerings = places.map(({ wires, ports }, at) =>
      wires.map(({ port }) =>
        steeringAt(this.region, offloadings[at], ports[port].station, port, () => this.hosts?.[at]),
      ),
    );
    this.network = this.buildNetwork(steerings);
    this.wireWatches.tap((wire) => this.network.pipe(wire));
    const agents = topology.hosts.map(({ name }) => new HostAgent(name));
    const meters = agents.map(() => new HostMeter());
    this.built = places.map((place, at) =>
      this.buildStack(place, options[at], offloadings[at], agents[place.host], meters[place.host]),
    );
    topology.hosts.forEach((_, i) => {
      const spins = options.some(({ host, spins: own }) => host === i && own === true);
      const agent = this.watch?.agent('hosts', i, agents[i]) ?? agents[i];
      const entry = { agent, meter: meters[i], ...(spins ? spinOf(i, topology) : {}) };
      this.hostAgents[i] = this.queue.add({ ...entry, ...this.engineOf(i) });
    });
    this.cards = description.cards.map((_, i) => this.buildCard(i, agents, meters));
    this.plan.switches.forEach((_, i) => {
      const agent = this.network.switches[i];
      if (agent === undefined) return;
      const watched = this.watch?.agent('switches', i, agent) ?? agent;
      this.switchAgents[i] = this.queue.add({ agent: watched, meter: FREE });
    });
    for (const card of this.cards) card.host.bringUpCard(classOf(card.plan));
    this.hosts = places.map((place, at) =>
      this.mixedHost(place, options[at], offloadings[at], steerings[at]),
    );
    this.programs = makePrograms(
      topology,
      (card) => {
        const stack = this.hostOf(card)?.stack ?? this.cards[card].stack;
        return this.watch?.sockets(card, stack) ?? stack;
      },
      this.clock,
      ({ host }) => ({ work: (ns) => this.queue.occupy(this.hostAgents[host], ns), sampleMask: 0 }),
    );
    for (const { topology: place, body, beside } of this.programs)
      for (const program of [body, ...beside]) this.cards[place.card].start(program);
  }

  /** The sockets of the first of its hosts, what decides of them, and its own stack. */
  get stack(): MixedStack {
    return this.hosts[0].stack;
  }

  get offloading(): Offloading {
    return this.hosts[0].offloading;
  }

  get host(): BuiltHostStack {
    return this.hosts[0].built;
  }

  /** Its cards as devices, and what steers the frames of each of its wires. */
  get devices(): readonly CardDevice[] {
    return this.hosts[0].devices;
  }

  get steerings(): readonly FrameSteering[] {
    return this.hosts[0].steerings;
  }

  /** Runs until `done`, for at most `limitNs` more nanoseconds. @returns whether it was done. */
  run(done: () => boolean, limitNs: number): boolean {
    return this.queue.run(done, this.queue.nowNs + limitNs, -1);
  }

  /** As `VirtualWorld.runPrograms`. */
  runPrograms(limitNs: number): boolean {
    for (const agent of this.hostAgents) this.queue.notify(agent, 0);
    const finished = this.run(() => clientsFinished(this.programs), limitNs);
    this.run(() => serversIdle(this.programs), this.settleNs);
    for (const { body } of this.programs) body.stop();
    this.rest();
    return finished;
  }

  /** Lets what is in flight arrive, once no socket is open. */
  rest(): void {
    const wires = new WiresAtRest(this.region, this.plan);
    this.run(() => wires.now && this.unbalanced() === undefined, this.settleNs);
  }

  /** What went in and came out, over host, cards and links. */
  books(): WorldBooks {
    const plain = this.places.map(({ plain: card }, at) => {
      const { ledger } = this.built[at];
      return {
        name: this.plan.cards[card].topology.name,
        host: ledger,
        iop: ledger,
        holdings: { transmitInUse: 0 },
        own: this.built[at].reconcile(),
      };
    });
    return worldBooks(this.region, this.plan, [...this.cards.map((card) => card.books()), ...plain]);
  }

  /** @returns the first sum of the books that does not hold; undefined where all do. */
  unbalanced(): string | undefined {
    return this.books().lines[0];
  }

  /**
   * Every counter: of each mixed host's own stack, then of each card its driver's and its processor's. Equal
   * runs have equal snapshots.
   */
  snapshot(): Record<string, number>[] {
    const cards = this.cards.flatMap((card) => [card.host.ledger.snapshot(), card.iopLedger.snapshot()]);
    return [...this.built.map(({ ledger }) => ledger.snapshot()), ...cards];
  }

  /** Counters of each link, of the description's and of those within hosts. */
  linkCounters(): Readonly<Record<string, Record<string, number>>> {
    return linkCounters(this.region, this.plan);
  }

  /** Counters of all links together. */
  readonly wireCounters = (): Record<string, number> => ({ ...wireCounters(this.region, this.plan) });

  /**
   * Cuts one of the first host's wires, or mends it: host, card and peer hear of it at once.
   * @param at its number among them: of a host without bonds, the port's.
   */
  setLink(at: number, up: boolean): void {
    const link = this.places[0].wires[at]?.link;
    if (link === undefined) throw new Error(`wire ${at} of the host has no link`);
    this.network.carrier(link).set(up, this.queue.nowNs);
    for (const wire of this.plan.wires) {
      const agent = this.signalOf(wire) === link || wire.link === link ? this.agentOf(wire.from) : NO_AGENT;
      if (agent !== NO_AGENT) this.queue.notify(agent, 0);
    }
  }

  /**
   * The peer at the wire of one of the first host's ports has another hardware address from now on, and says
   * so by ARP: what is sent to the one it had arrives nowhere.
   */
  movePeer(port: number, peer: number, to: StationAddress): void {
    const { plan, config } = this.cards[peer];
    const [station] = stationsOf(plan.topology);
    const at = this.places[0].wires.findIndex((wire) => wire.port === port);
    const { splitter } = this.places[0].wires[at];
    const wire = this.plan.wires.findIndex(
      (each) => 'switch' in each.to && each.to.switch === splitter && each.to.port === 0,
    );
    announceMove(this.region.view, this.network.pipe(wire), config.stack.address, to);
    this.steerings[at].gone = station;
  }

  /**
   * Has the mixed hosts know the hardware addresses of all others at their wires, as hosts do that have
   * talked to each other before: to a peer that its host does not know a device opens no connection.
   */
  introduce(): void {
    introduceAll(this.hosts, this.cards, this.clock.nowUs);
  }

  /** The first host's processor is busy for so long. */
  occupy(ns: number): void {
    this.queue.occupy(this.hostAgents[this.places[0].host], ns);
  }

  private buildNetwork(steerings: readonly (readonly FrameSteering[])[]): Network {
    return new Network(this.region, this.plan, this.clock, 0, {
      pipe: (wire) => ({
        committed: (arrivalNs) => this.expect(wire, arrivalNs),
        roomMade: () => {
          const agent = this.agentOf(wire.from);
          if (agent !== NO_AGENT) this.queue.notify(agent, 0);
        },
      }),
      departures: (wire) => this.departures(wire),
      signal: (wire) => this.signalOf(wire),
      steering: (at) => {
        const all = this.places.flatMap(({ wires }) => wires.map(({ splitter }) => splitter));
        return steerings.flat()[all.indexOf(at)];
      },
    });
  }

  /** The link by whose state a device at a splitter goes: the one that the splitter is at. */
  private signalOf({ from }: WirePlan): string | undefined {
    if (!('card' in from)) return undefined;
    for (const { plain, wires } of this.places) {
      const own =
        from.card === plain
          ? wires[from.port]
          : wires.find(({ card, nic }) => card === from.card && nic === from.port);
      if (own?.link !== undefined) return own.link;
    }
    return undefined;
  }

  private departures(wire: WirePlan): Departures | undefined {
    const { from } = wire;
    if (!('card' in from)) return undefined;
    const card = this.plan.cards[from.card].topology;
    const plain = this.isPlain(from.card);
    if (!plain && isFree(card)) return undefined;
    const agents = plain ? this.hostAgents : this.cardAgents;
    const [agent, latencyNs] = plain ? [card.host, card.bus.latencyNs] : [from.card, 0];
    const leaveNs = (): number => this.queue.settledNs(agents[agent]) + latencyNs;
    return { leaveNs: this.wireWatches.leaving(wire, leaveNs) };
  }

  private buildStack(
    { plain }: MixedPlace,
    { costs }: MixedOptions,
    offloading: Offloading,
    agent: HostAgent,
    meter: HostMeter,
  ): BuiltHostStack {
    const time = { clock: this.clock, sleep: () => undefined, interruptNs: costs.interruptNs };
    const built = buildHostStack(this.region, this.plan.cards[plain], this.network.endsOf(plain), time);
    agent.addTurn(built.stack);
    meter.add(new CostMeter(built.ledger, costs.costs));
    tellDevices(built, offloading, this.clock);
    return built;
  }

  /** What the plain device of a host moves over its bus; of a host that has none nothing. */
  private engineOf(host: number): { readonly engine?: DmaMeter } {
    const at = this.places.findIndex((place) => place.host === host);
    if (at < 0) return {};
    const { bus } = this.topology.cards[this.places[at].plain];
    const engine = new DmaMeter(this.built[at].ledger, transferCosts(bus, HOST_TRANSFERS));
    return engine.free ? {} : { engine };
  }

  private buildCard(i: number, hosts: readonly HostAgent[], meters: readonly HostMeter[]): VirtualCard {
    const plan = this.plan.cards[i];
    const { host } = plan.topology;
    const { region, clock, queue } = this;
    const card = buildVirtualCard({ region, plan, clock, queue, ends: this.network.endsOf(i) }, hosts[host], {
      hostAgent: () => this.hostAgents[host],
      iopAgent: () => this.cardAgents[i],
      shared: undefined,
      trace: undefined,
      watch: this.watch && { world: this.watch, card: i },
    });
    meters[host].add(new CostMeter(card.host.ledger, this.topology.hosts[host].processor.costs));
    const agent = this.watch?.agent('cards', i, card.parts.processor) ?? card.parts.processor;
    this.cardAgents[i] = queue.add({ ...iopEntry(card, plan.topology), agent });
    return card;
  }

  private mixedHost(
    place: MixedPlace,
    { limits }: MixedOptions,
    offloading: Offloading,
    steerings: readonly FrameSteering[],
  ): MixedHost {
    return new MixedHost({
      place,
      offloading,
      steerings,
      built: this.built[this.places.indexOf(place)],
      cards: this.cards,
      limits,
      clock: this.clock,
      queue: this.queue,
      agentOf: (card) => this.cardAgents[card],
      wake: () => this.queue.notify(this.hostAgents[place.host], 0),
      rest: (ns) => this.run(() => false, ns),
    });
  }

  /** The mixed host whose card it is. */
  private hostOf(card: number): MixedHost | undefined {
    return this.hosts.find(({ place }) => place.cards.includes(card));
  }

  private isPlain(card: number): boolean {
    return card >= this.topology.cards.length - this.places.length;
  }

  private agentOf(end: LinkEnd): number {
    if ('switch' in end) return this.switchAgents[end.switch];
    if (!this.isPlain(end.card)) return this.cardAgents[end.card];
    return this.hostAgents[this.plan.cards[end.card].topology.host];
  }

  private expect({ to }: WirePlan, arrivalNs: number): void {
    const agent = this.agentOf(to);
    if (agent === NO_AGENT) return;
    const plain = 'card' in to ? this.places.findIndex((place) => place.plain === to.card) : -1;
    this.queue.expect(agent, arrivalNs + (plain < 0 ? 0 : this.built[plain].stack.interruptWaitNs));
  }
}
