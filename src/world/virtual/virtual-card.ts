/** One card of a virtual world: its driver on its host's agent, and its processor, an agent of its own. */
import { DmaEngine } from '../../dma/engine.ts';
import type { Region } from '../../dma/region.ts';
import { Doorbell } from '../../i2o/doorbell.ts';
import type { FrameCounts } from '../../i2o/queues/fifo/fifo-layout.ts';
import { hostQueues } from '../../i2o/queues/queues.ts';
import type { Publisher } from '../../i2o/transport.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { PoolMeter } from '../../ledger/pool-meter.ts';
import type { Host, HostEnvironment } from '../../osm/host.ts';
import type { CardSockets } from '../../osm/user/card-sockets.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import type { EventQueue } from '../../time/event-queue.ts';
import { InterruptedSleeper, type Waker } from '../../time/sleeper.ts';
import type { Recorder } from '../../trace/recorder.ts';
import type { TappedEnd } from '../../wire/contract.ts';
import type { Program } from '../../workloads/program.ts';
import type { CardBooks } from '../build/books.ts';
import { buildCard, type CardParts } from '../build/card-parts.ts';
import { type TraceRequest, tapWires } from '../build/card-trace.ts';
import type { CardEnvironment } from '../build/environment.ts';
import { buildHost } from '../build/host.ts';
import type { HostAgent } from '../build/host-agent.ts';
import {
  type CardPools,
  type CardStalls,
  type PoolMeters,
  poolMeters,
  stallsOf,
  usesOf,
} from '../build/pools.ts';
import type { CardPlan } from '../build/world-plan.ts';
import type { CardConfig } from '../config/settings.ts';
import { type Defer, LateConsumer, LateProducer } from './late-ends.ts';
import type { OneProcessor } from './one-processor.ts';
import { PromptConsumer, PromptProducer } from './prompt-ends.ts';
import { type FrameDirection, WatchedConsumer, WatchedProducer, type WorldWatch } from './watch.ts';

/** Virtual time begins nowhere in particular. */
export const STARTED_AT = '1970-01-01T00:00:00.000Z';

const AT_ONCE = { doorbellNs: 0, interruptNs: 0 };

/** What the world has made before its cards. */
export interface VirtualCardParts {
  readonly region: Region;
  readonly plan: CardPlan;
  readonly clock: Clock;
  readonly queue: EventQueue;
  readonly ends: readonly TappedEnd[];
}

/** How the card's two sides are found in the event queue, once they are there. */
export interface VirtualCardPlace {
  hostAgent(): number;
  iopAgent(): number;
  /** What runs host and card, where they share a processor. */
  readonly shared: OneProcessor | undefined;
  readonly trace: TraceRequest | undefined;
  /** Who looks on; undefined: nobody. */
  readonly watch?: CardWatch | undefined;
}

/** Who looks on at a world, and of it at the card of this index. */
export interface CardWatch {
  readonly world: WorldWatch;
  readonly card: number;
}

export class VirtualCard {
  readonly plan: CardPlan;
  readonly host: Host;
  readonly iopLedger: Ledger;
  readonly parts: CardParts;
  private readonly meters: PoolMeters;
  private readonly clock: Clock;
  private readonly recorder: Recorder | undefined;
  private readonly begin: (program: Program) => void;

  constructor(
    plan: CardPlan,
    host: Host,
    parts: CardParts,
    iopLedger: Ledger,
    recorder: Recorder | undefined,
    meters: PoolMeters,
    clock: Clock,
    begin: (program: Program) => void,
  ) {
    this.plan = plan;
    this.host = host;
    this.parts = parts;
    this.iopLedger = iopLedger;
    this.recorder = recorder;
    this.meters = meters;
    this.clock = clock;
    this.begin = begin;
  }

  get name(): string {
    return this.plan.topology.name;
  }

  get config(): CardConfig {
    return this.plan.topology.config;
  }

  get stack(): CardSockets {
    return this.host.sockets;
  }

  /** What goes into the world's books of this card. */
  books(): CardBooks {
    return {
      name: this.name,
      host: this.host.ledger,
      iop: this.iopLedger,
      holdings: this.host.holdings(),
    };
  }

  /** Use of the card's pools, exact in virtual time: since the start, or since `beginPools`. */
  pools(): CardPools {
    return usesOf(this.meters, this.clock);
  }

  /** What the card and its sockets have waited for: since the start, or since `beginPools`. */
  stalls(): CardStalls {
    return stallsOf(this.host, this.meters, this.clock);
  }

  /** From now on the use of the pools and the stalls are measured anew, as after a warm-up. */
  beginPools(): void {
    this.host.driver.blocked.stalls.restart();
    this.host.driver.credits.waits.begin();
    this.meters.bucketWaits.restart();
    for (const meter of Object.values(this.meters.pools)) meter.begin();
  }

  /**
   * Ends the card's trace, if there is one, with what the ledgers say now. Call it when nothing is in
   * flight.
   */
  endTrace(): void {
    this.recorder?.end(this.host.ledger.snapshot(), this.iopLedger.snapshot());
  }

  /** Adds a program to the card's host, which runs it at once. */
  start(program: Program): void {
    this.begin(program);
  }
}

/** The meters of the frames of both directions, which the late ends of both sides tell of every one. */
interface FrameMeters {
  readonly inbound: PoolMeter;
  readonly outbound: PoolMeter;
}

/** An end that shows late what its side does. */
function lateProducer(
  { watch }: VirtualCardPlace,
  direction: FrameDirection,
  ...late: ConstructorParameters<typeof LateProducer>
): LateProducer {
  if (watch === undefined) return new LateProducer(...late);
  return new WatchedProducer(watch.world.frames(watch.card, direction), ...late);
}

function lateConsumer(
  { watch }: VirtualCardPlace,
  direction: FrameDirection,
  ...late: ConstructorParameters<typeof LateConsumer>
): LateConsumer {
  if (watch === undefined) return new LateConsumer(...late);
  return new WatchedConsumer(watch.world.frames(watch.card, direction), ...late);
}

/** The host's ends of a card's transport, which show late what the host does. @param waker its card's. */
export function lateHostEnds(
  { region, plan, queue }: VirtualCardParts,
  waker: Waker,
  place: VirtualCardPlace,
  meters: FrameMeters,
): Pick<HostEnvironment, 'inbound' | 'outbound'> {
  const { layout } = plan.memory;
  const { latencyNs } = plan.topology.bus;
  const ledger = new Ledger(region, layout.hostLedger);
  const { inbound, outbound } = hostQueues(region, layout, ledger);
  const doorbell = new Doorbell(ledger, waker);
  const defer: Defer = (showing, mark) => queue.defer(place.hostAgent(), showing, mark, latencyNs);
  const publish = (due: Publisher): void => {
    doorbell.publish(due);
    queue.shown(place.iopAgent());
  };
  const publishReleases = (due: Publisher): void => doorbell.publishReleases(due);
  return {
    inbound: lateProducer(place, 'inbound', inbound, defer, publish, meters.inbound),
    outbound: lateConsumer(place, 'outbound', outbound, defer, publishReleases, meters.outbound),
  };
}

/** The card's ends of its transport, which show late what the card does. */
export function lateCardEnds(
  { queue, plan }: VirtualCardParts,
  place: VirtualCardPlace,
  meters: FrameMeters,
): NonNullable<CardEnvironment['endsOver']> {
  const { latencyNs } = plan.topology.bus;
  const defer: Defer = (showing, mark) => queue.defer(place.iopAgent(), showing, mark, latencyNs);
  return ({ inbound, outbound }, interrupt) => {
    const publish = (due: Publisher): void => {
      interrupt.publish(due);
      // One that is held back has its time from now on.
      if (interrupt.nextDeadlineNs() !== NEVER) queue.deadlineChanged(place.iopAgent());
      queue.shown(place.hostAgent());
    };
    const publishReleases = (due: Publisher): void => interrupt.publishReleases(due);
    return {
      inbound: lateConsumer(place, 'inbound', inbound, defer, publishReleases, meters.inbound),
      outbound: lateProducer(place, 'outbound', outbound, defer, publish, meters.outbound),
    };
  };
}

/** The host's ends where it shares a processor with its card, and somebody watches. */
function promptHostEnds(
  { region, plan: { memory } }: VirtualCardParts,
  { world, card }: CardWatch,
): Pick<HostEnvironment, 'inbound' | 'outbound'> {
  const { layout } = memory;
  const { inbound, outbound } = hostQueues(region, layout, new Ledger(region, layout.hostLedger));
  return {
    inbound: new PromptProducer(world.frames(card, 'inbound'), inbound),
    outbound: new PromptConsumer(world.frames(card, 'outbound'), outbound),
  };
}

/** The card's ends, likewise. */
function promptCardEnds({ world, card }: CardWatch): NonNullable<CardEnvironment['endsOver']> {
  return ({ inbound, outbound }) => ({
    inbound: new PromptConsumer(world.frames(card, 'inbound'), inbound),
    outbound: new PromptProducer(world.frames(card, 'outbound'), outbound),
  });
}

/** The host's ends as the world is to have them; empty: the transport's own. */
function hostEnds(
  parts: VirtualCardParts,
  waker: Waker,
  place: VirtualCardPlace,
  meters: FrameMeters,
): Pick<HostEnvironment, 'inbound' | 'outbound'> {
  const { shared, trace, watch } = place;
  if (shared !== undefined) return watch === undefined ? {} : promptHostEnds(parts, watch);
  // A traced host shows frames as it posts them: a trace has frames and doorbells in the order of its calls.
  return trace === undefined ? lateHostEnds(parts, waker, place, meters) : {};
}

/** The card's ends, likewise. */
function cardEnds(
  parts: VirtualCardParts,
  place: VirtualCardPlace,
  meters: FrameMeters,
): Pick<CardEnvironment, 'endsOver'> {
  const { shared, watch } = place;
  if (shared === undefined) return { endsOver: lateCardEnds(parts, place, meters) };
  return watch === undefined ? {} : { endsOver: promptCardEnds(watch) };
}

export function buildVirtualCard(
  parts: VirtualCardParts,
  host: HostAgent,
  place: VirtualCardPlace,
): VirtualCard {
  const { region, plan, clock, queue, ends } = parts;
  const { memory, topology, packets } = plan;
  const { config, modules } = topology;
  const { shared } = place;
  // On one processor whoever is told of something is polled next in any case.
  const { doorbellNs, interruptNs } = shared === undefined ? topology : AT_ONCE;
  const sleeper = new VirtualSleeper(queue, place, interruptNs);
  const environment: HostEnvironment = {
    clock,
    waker: {
      wake: () => {
        place.watch?.world.notified(place.watch.card, 'inbound');
        queue.notify(place.iopAgent(), doorbellNs);
      },
    },
    sleeper,
    health: { alive: () => true },
  };
  const trace = place.trace && {
    request: place.trace,
    clock,
    startedAt: STARTED_AT,
    wakes: () => sleeper.wakes,
  };
  // Nobody spins in virtual time: a driver that waits lets the rest of the world run.
  const still = { ...config, driver: { ...config.driver, spinNs: 0 } };
  const patient = { ...plan, topology: { ...topology, config: still } };
  const frames = frameMeters(clock, memory.layout);
  const given = { ...environment, ...hostEnds(parts, environment.waker, place, frames) };
  const built = buildHost(region, patient, given, trace);
  host.addDriver(built.host.driver, built.recorder);
  const iopLedger = new Ledger(region, memory.layout.iopLedger);
  const dma = new DmaEngine(region, iopLedger);
  if (packets !== undefined) tapWires(region, packets, clock, dma, ends);
  const waker = {
    wake: () => {
      place.watch?.world.notified(place.watch.card, 'outbound');
      sleeper.interrupt();
      // Who rests in a call counts the interrupt itself; on one processor with its card, a host has none.
      if (shared === undefined && !sleeper.rests) built.host.driver.interruptServiced();
      queue.notify(place.hostAgent(), interruptNs);
    },
  };
  const cardEnvironment: CardEnvironment = {
    clock,
    ledger: iopLedger,
    dma,
    waker,
    wires: ends,
    madeWhenUsed: true,
    ...cardEnds(parts, place, frames),
  };
  const card = buildCard(region, memory, config, cardEnvironment, modules);
  const sides = poolMeters(built.host.ledger, iopLedger);
  // Where the ends are not late, the two sides tell of their own frames, as they do live.
  const pools = { ...sides.pools, inboundFrames: frames.inbound, outboundFrames: frames.outbound };
  const meters = trace === undefined && shared === undefined ? { ...sides, pools } : sides;
  return new VirtualCard(patient, built.host, card, iopLedger, built.recorder, meters, clock, (program) => {
    host.addProgram(program);
    queue.notify(place.hostAgent(), 0);
  });
}

export function frameMeters(clock: Clock, layout: FrameCounts): FrameMeters {
  const inbound = new PoolMeter();
  const outbound = new PoolMeter();
  inbound.start(clock, layout.inboundFrames, 0);
  outbound.start(clock, layout.outboundFrames, 0);
  return { inbound, outbound };
}

/** A driver that waits inside a call lets the rest of the world run, and its call costs what its work did. */
export class VirtualSleeper extends InterruptedSleeper {
  private readonly queue: EventQueue;
  private readonly place: VirtualCardPlace;
  private readonly interruptNs: number;
  /** Whether a call of the driver's rests here, and not its processor between turns. */
  rests = false;

  constructor(queue: EventQueue, place: VirtualCardPlace, interruptNs: number) {
    super();
    this.queue = queue;
    this.place = place;
    this.interruptNs = interruptNs;
  }

  get mayNotRest(): boolean {
    return this.queue.underWay;
  }

  sleep(timeoutNs: number): void {
    const { queue } = this;
    const agent = this.place.hostAgent();
    const freeNs = queue.localNs(agent);
    const woken = this.runOthers(() => this.woken, freeNs + timeoutNs);
    const heardNs = queue.nowNs + (woken ? this.interruptNs : 0);
    // The processor is busy with what the call did before it waited: it cannot see the interrupt earlier.
    const seenNs = Math.max(freeNs, heardNs);
    if (queue.nowNs < seenNs) this.runOthers(() => false, seenNs);
  }

  /** The host goes on when `done` says so; cards that share its processor have turns meanwhile. */
  private runOthers(done: () => boolean, untilNs: number): boolean {
    this.rests = true;
    try {
      return this.runWorld(done, untilNs);
    } finally {
      this.rests = false;
    }
  }

  private runWorld(done: () => boolean, untilNs: number): boolean {
    const { queue, place } = this;
    const agent = place.hostAgent();
    if (place.shared === undefined) return queue.run(done, untilNs, agent);
    return place.shared.hostWaits(() => {
      queue.notify(agent, 0);
      queue.deadlineChanged(agent);
      return queue.run(done, untilNs, -1);
    });
  }
}
