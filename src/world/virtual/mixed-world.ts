/**
 * A described world in virtual time, one of whose hosts runs TCP/IP itself beside its cards, and has the
 * cards registered as offload devices: a policy says who gets which connection. The other hosts have cards
 * alone. Same description, policy and seed: same bytes.
 */
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import type { OffloadLimits } from '../../host/devices/device.ts';
import { MixedStack } from '../../host/devices/mixed-stack.ts';
import { Offloading } from '../../host/devices/offloading.ts';
import { parsePolicy } from '../../host/devices/policy/parse.ts';
import { FrameSteering, type StationAddress } from '../../host/devices/steering.ts';
import { ARP_BYTES, ARP_REPLY, writeArp } from '../../tcpip/header/arp.ts';
import {
  ETHERNET_BYTES,
  ETHERNET_TYPE,
  ETHERTYPE_ARP,
  writeEthernetAddresses,
} from '../../tcpip/header/ethernet.ts';
import { type Clock, VirtualClock } from '../../time/clock.ts';
import { CostMeter, FREE } from '../../time/cost-model.ts';
import { EventQueue } from '../../time/event-queue.ts';
import type { Departures } from '../../wire/pipe.ts';
import { WiresAtRest, type WorldBooks, worldBooks } from '../build/books.ts';
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
import { CardDevice, cardModule, hasConnection } from './mixed-devices.ts';
import { type MixedTopology, mixedTopology } from './mixed-topology.ts';
import { buildVirtualCard, type VirtualCard } from './virtual-card.ts';
import { iopEntry, isFree } from './virtual-world.ts';

const NO_AGENT = -1;

export interface MixedOptions {
  /** Index of the host. */
  readonly host: number;
  /** What its own stack costs its processor. */
  readonly costs: HostCosts;
  /** Rules, as `parsePolicy` reads them. */
  readonly policy: string;
  /** What each card holds, as published; absent: as much as its settings let it. */
  readonly limits?: OffloadLimits;
}

export class MixedWorld {
  readonly clock: Clock;
  readonly queue: EventQueue;
  /** The host's sockets, and what decides of them. */
  readonly stack: MixedStack;
  readonly offloading = new Offloading();
  readonly host: BuiltHostStack;
  /** The cards of the description, in its order. */
  readonly cards: readonly VirtualCard[];
  /** The host's cards as devices, by its ports, and what steers the frames of each one's wire. */
  readonly devices: readonly CardDevice[];
  readonly steerings: readonly FrameSteering[];
  /** The programs of the description, servers first. */
  readonly programs: readonly WorldProgram[];
  private readonly mixed: MixedTopology;
  private readonly region: Region;
  private readonly plan: WorldPlan;
  private readonly network: Network;
  private readonly settleNs: number;
  private readonly hostAgents: number[];
  private readonly cardAgents: number[];
  private readonly switchAgents: number[];

  /** @throws RangeError for a policy that cannot be read, or a host that cannot be so. */
  constructor(description: Topology, options: MixedOptions) {
    this.offloading.policy.replace(parsePolicy(options.policy));
    this.mixed = mixedTopology(description, options.host);
    const { topology, plain, cards: own } = this.mixed;
    this.settleNs = settleNs(topology);
    this.clock = new VirtualClock(() => this.queue.now());
    this.queue = new EventQueue(this.clock);
    const memory = new MemoryPlan();
    this.plan = planWorld(memory, topology, oneSite(topology));
    this.region = allocateRegion(memory.byteLength);
    this.hostAgents = topology.hosts.map(() => NO_AGENT);
    this.cardAgents = topology.cards.map(() => NO_AGENT);
    this.switchAgents = topology.switches.map(() => NO_AGENT);
    this.steerings = own.map((_, port) => this.steering(port));
    this.network = this.buildNetwork();
    const hosts = topology.hosts.map(({ name }) => new HostAgent(name));
    const meters = hosts.map(() => new HostMeter());
    this.host = this.buildHost(hosts[options.host], meters[options.host], options);
    topology.hosts.forEach((_, i) => {
      const engine =
        i === options.host
          ? new DmaMeter(this.host.ledger, transferCosts(topology.cards[plain].bus, HOST_TRANSFERS))
          : undefined;
      const busy = engine === undefined || engine.free ? {} : { engine };
      this.hostAgents[i] = this.queue.add({ agent: hosts[i], meter: meters[i], ...busy });
    });
    this.cards = description.cards.map((_, i) => this.buildCard(i, hosts, meters));
    this.plan.switches.forEach((_, i) => {
      const agent = this.network.switches[i];
      if (agent !== undefined) this.switchAgents[i] = this.queue.add({ agent, meter: FREE });
    });
    for (const card of this.cards) card.host.bringUpCard(classOf(card.plan));
    this.devices = own.map((card, port) => this.device(card, port, options));
    this.registerAll();
    this.stack = new MixedStack({
      host: this.host.stack,
      offloading: this.offloading,
      clock: this.clock,
      socketsMax: topology.cards[plain].config.driver.socketsMax,
      portFor: (destination) => this.host.engine.leavingPort(destination),
      rest: (ns) => this.run(() => false, ns),
    });
    this.programs = makePrograms(
      topology,
      (card) => (own.includes(card) ? this.stack : this.cards[card].stack),
      this.clock,
      ({ host }) => ({ work: (ns) => this.queue.occupy(this.hostAgents[host], ns), sampleMask: 0 }),
    );
    for (const { topology: place, body } of this.programs) this.cards[place.card].start(body);
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
    const { ledger } = this.host;
    const plain = {
      name: this.plan.cards[this.mixed.plain].topology.name,
      host: ledger,
      iop: ledger,
      holdings: { transmitInUse: 0 },
      own: this.host.reconcile(),
    };
    return worldBooks(this.region, this.plan, [...this.cards.map((card) => card.books()), plain]);
  }

  /** @returns the first sum of the books that does not hold; undefined where all do. */
  unbalanced(): string | undefined {
    return this.books().lines[0];
  }

  /** Every counter of host and cards: equal runs have equal snapshots. */
  snapshot(): Record<string, number>[] {
    const cards = this.cards.flatMap((card) => [card.host.ledger.snapshot(), card.iopLedger.snapshot()]);
    return [this.host.ledger.snapshot(), ...cards];
  }

  /** Cuts the wire of one of the host's ports, or mends it. */
  setLink(port: number, up: boolean): void {
    this.devices[port].up = up;
    this.steerings[port].cut = !up;
  }

  /**
   * The peer at the wire of one of the host's ports has another hardware address from now on, and says so by
   * ARP: what is sent to the one it had arrives nowhere.
   */
  movePeer(port: number, peer: number, to: StationAddress): void {
    const { view } = this.region;
    const { mac, stack } = this.cards[peer].config;
    const own = this.devices[port].address;
    const high = (mac[0] << 8) | mac[1];
    const low = (mac[2] << 24) | (mac[3] << 16) | (mac[4] << 8) | mac[5];
    const at = this.mixed.splitters[port];
    const wire = this.plan.wires.findIndex(
      (each) => 'switch' in each.to && each.to.switch === at && each.to.port === 0,
    );
    const pipe = this.network.pipe(wire);
    const frame = pipe?.reserve(ETHERNET_BYTES + ARP_BYTES) ?? -1;
    if (pipe === undefined || frame < 0) throw new Error('a peer that moves has no room on its wire');
    writeEthernetAddresses(view, frame, 0xffff, -1, to.high, to.low);
    view.setUint16(frame + ETHERNET_TYPE, ETHERTYPE_ARP);
    writeArp(view, frame + ETHERNET_BYTES, ARP_REPLY, to.high, to.low, stack.address, to.high, to.low, own);
    pipe.commit(ETHERNET_BYTES + ARP_BYTES);
    this.steerings[port].gone = { high, low };
  }

  /** The host's processor is busy for so long. */
  occupy(ns: number): void {
    this.queue.occupy(this.hostAgents[this.plan.cards[this.mixed.plain].topology.host], ns);
  }

  private steering(port: number): FrameSteering {
    return new FrameSteering({
      view: this.region.view,
      offloading: this.offloading,
      hostHas: (tuple) => hasConnection(this.host.engine, tuple),
      device: () => {
        const hardware = this.devices[port];
        return this.offloading.registry.devices.find((device) => device.hardware === hardware);
      },
    });
  }

  private buildNetwork(): Network {
    return new Network(this.region, this.plan, this.clock, 0, {
      pipe: (wire) => ({
        committed: (arrivalNs) => this.expect(wire, arrivalNs),
        roomMade: () => {
          const agent = this.agentOf(wire.from);
          if (agent !== NO_AGENT) this.queue.notify(agent, 0);
        },
      }),
      departures: ({ from }) => this.departures(from),
      steering: (at) => {
        const port = this.mixed.splitters.indexOf(at);
        return port < 0 ? undefined : this.steerings[port];
      },
    });
  }

  private departures(from: LinkEnd): Departures | undefined {
    if (!('card' in from)) return undefined;
    const card = this.plan.cards[from.card].topology;
    if (from.card !== this.mixed.plain) {
      return isFree(card) ? undefined : { leaveNs: () => this.queue.settledNs(this.cardAgents[from.card]) };
    }
    return { leaveNs: () => this.queue.settledNs(this.hostAgents[card.host]) + card.bus.latencyNs };
  }

  private buildHost(agent: HostAgent, meter: HostMeter, { costs }: MixedOptions): BuiltHostStack {
    const { plain } = this.mixed;
    const time = { clock: this.clock, sleep: () => undefined, interruptNs: costs.interruptNs };
    const built = buildHostStack(this.region, this.plan.cards[plain], this.network.endsOf(plain), time);
    agent.addTurn(built.stack);
    meter.add(new CostMeter(built.ledger, costs.costs));
    built.engine.onNeighbour = (...neighbour) =>
      this.offloading.neighbourLearnt(...neighbour, this.clock.nowUs);
    return built;
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
    });
    meters[host].add(new CostMeter(card.host.ledger, this.mixed.topology.hosts[host].processor.costs));
    this.cardAgents[i] = queue.add({ ...iopEntry(card, plan.topology), agent: card.parts.processor });
    return card;
  }

  private device(card: number, port: number, { limits }: MixedOptions): CardDevice {
    const { config, doorbellNs } = this.plan.cards[card].topology;
    const all = {
      listeners: config.driver.socketsMax,
      halfOpen: config.stack.connectionsMax,
      connections: config.stack.connectionsMax,
    };
    const looped = this.mixed.splitters[port] < 0;
    const told = (): void => this.queue.notify(this.cardAgents[card], doorbellNs);
    // The makers differ: the first has two drivers, the others one that is both.
    return new CardDevice(this.cards[card], port, limits ?? all, port > 0, looped ? undefined : told);
  }

  /** Has every card registered, joined with its module, and active. */
  private registerAll(): void {
    const { registry } = this.offloading;
    this.devices.forEach((hardware, port) => {
      if (hardware.sockets === undefined) registry.addModule(cardModule(this.cards[this.mixed.cards[port]]));
      const at = registry.register(hardware, 'toe%d');
      const { name } = registry.devices[at];
      registry.attach(name);
      registry.activate(name);
    });
  }

  private agentOf(end: LinkEnd): number {
    if ('switch' in end) return this.switchAgents[end.switch];
    if (end.card !== this.mixed.plain) return this.cardAgents[end.card];
    return this.hostAgents[this.plan.cards[end.card].topology.host];
  }

  private expect({ to }: WirePlan, arrivalNs: number): void {
    const agent = this.agentOf(to);
    if (agent === NO_AGENT) return;
    const plain = 'card' in to && to.card === this.mixed.plain;
    this.queue.expect(agent, arrivalNs + (plain ? this.host.stack.interruptWaitNs : 0));
  }
}
