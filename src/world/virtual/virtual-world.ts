/**
 * Cards in virtual time: the same drivers and the same cards, run inline by an event queue, joined by links that take time.
 * Same configuration and seed, same bytes. Programs are agents too: a `Program` runs when its card's driver has news.
 */

import { DmaEngine } from '../../dma/engine.ts';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import { SOCKET_CLASS_ID } from '../../i2o/tids.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { Host, type HostEnvironment } from '../../osm/host.ts';
import type { CardSockets } from '../../osm/user/card-sockets.ts';
import { NEVER } from '../../time/agent.ts';
import { Clock } from '../../time/clock.ts';
import { CostMeter, type Costs } from '../../time/cost-model.ts';
import { EventQueue } from '../../time/event-queue.ts';
import { Random } from '../../time/random.ts';
import type { Sleeper } from '../../time/sleeper.ts';
import type { PacketRing } from '../../trace/packet-ring.ts';
import type { Recorder } from '../../trace/recorder.ts';
import { PERFECT_PIPE, type PipeConfig } from '../../wire/config.ts';
import { createLink, createLoopback, type PipeEnd } from '../../wire/link.ts';
import { planPipe, wireSlotBytes } from '../../wire/slots.ts';
import { type CardMemory, planCardMemory } from '../build/card-memory.ts';
import { buildSocketCard, type CardParts } from '../build/card-parts.ts';
import { planTrace, startTrace, type TraceRequest, tapWire, traced } from '../build/card-trace.ts';
import { cardConfig } from '../config/card-config.ts';
import type { CardConfig, CardOverrides } from '../config/settings.ts';

/** Code of a program, run whenever its driver has taken replies, or when its time has come. */
export interface Program {
  /** @returns how much it did; it is called again while that is not 0. */
  step(): number;
  /** When it wants to run without news, in clock nanoseconds; absent: never. */
  nextDeadlineNs?(): number;
}

export interface VirtualOptions {
  /** One card alone, its wire looped back to itself; or two, joined by a link. */
  readonly cards: readonly [CardOverrides] | readonly [CardOverrides, CardOverrides];
  /** The link's (or the loop's) kind, over a perfect one. */
  readonly link?: Partial<Omit<PipeConfig, 'slotBytes'>>;
  readonly seed?: number;
  /** What work costs on either side. */
  readonly hostCosts?: Costs;
  readonly iopCosts?: Costs;
  /** How long a doorbell and an interrupt take to arrive, in nanoseconds. */
  readonly doorbellNs?: number;
  readonly interruptNs?: number;
  /** Who is told what passes each card's host; the same place as in `cards`. */
  readonly traces?: readonly (TraceRequest | undefined)[];
}

/** Virtual time begins nowhere in particular. */
const STARTED_AT = '1970-01-01T00:00:00.000Z';

/** One card of a virtual world. */
export class VirtualCard {
  readonly config: CardConfig;
  readonly host: Host;
  readonly iopLedger: Ledger;
  readonly parts: CardParts;
  private program: Program | undefined;
  private readonly world: VirtualWorld;
  private readonly hostAgent: number;
  private readonly recorder: Recorder | undefined;

  constructor(
    world: VirtualWorld,
    config: CardConfig,
    memory: CardMemory,
    iopLedger: Ledger,
    dma: DmaEngine,
    wire: PipeEnd,
    options: VirtualOptions,
    trace: TraceRequest | undefined,
    packets: PacketRing | undefined,
  ) {
    this.world = world;
    this.config = config;
    this.iopLedger = iopLedger;
    const { queue, clock, region } = world;
    const { doorbellNs = 0, interruptNs = 0, hostCosts = {}, iopCosts = {} } = options;
    const sleeper = new VirtualSleeper(queue);
    let iopAgent = -1;
    const untraced: HostEnvironment = {
      clock,
      waker: { wake: () => queue.notify(iopAgent, doorbellNs) },
      sleeper,
      health: { alive: () => true },
    };
    const wakes = (): number => sleeper.wakes;
    const watched = { region, memory, config, classId: SOCKET_CLASS_ID, packets, clock, wakes };
    this.recorder = trace && startTrace(trace, { ...watched, startedAt: STARTED_AT });
    if (packets !== undefined) tapWire(region, packets, clock, dma, wire);
    const environment = this.recorder
      ? traced(this.recorder, { ...watched, startedAt: STARTED_AT }, untraced)
      : untraced;
    this.host = new Host(region, memory.layout, config.driver, environment);
    this.parts = buildSocketCard(region, memory, config, {
      clock,
      ledger: iopLedger,
      dma,
      wire,
      waker: {
        wake: () => {
          sleeper.woken = true;
          sleeper.wakes += 1;
          queue.notify(this.hostAgent, interruptNs);
        },
      },
    });
    const hostMeter = new CostMeter(this.host.ledger, hostCosts);
    const iopMeter = new CostMeter(iopLedger, iopCosts);
    this.hostAgent = queue.add({
      agent: {
        name: 'host',
        poll: () => {
          this.recorder?.lookForInterrupt();
          return this.host.driver.poll() + (this.program?.step() ?? 0);
        },
        arm: () => this.host.driver.arm(),
        nextDeadlineNs: () =>
          Math.min(this.program?.nextDeadlineNs?.() ?? NEVER, this.host.driver.nextDeadlineNs()),
      },
      chargeNs: () => hostMeter.take(),
    });
    iopAgent = queue.add({ agent: this.parts.processor, chargeNs: () => iopMeter.take() });
    sleeper.agent = this.hostAgent;
  }

  get stack(): CardSockets {
    return this.host.sockets;
  }

  /** Ends the card's trace, if there is one, with what the ledgers say now. Call it when nothing is in flight. */
  endTrace(): void {
    this.recorder?.end(this.host.ledger.snapshot(), this.iopLedger.snapshot());
  }

  /** Sets the program, which runs at once. */
  start(program: Program): void {
    this.program = program;
    this.world.queue.notify(this.hostAgent, 0);
  }
}

export class VirtualWorld {
  readonly clock: Clock = new Clock();
  readonly queue: EventQueue;
  readonly region: Region;
  readonly cards: readonly VirtualCard[];
  /** The link's pipes, for captures: from the first card, and from the second. */
  readonly ends: readonly PipeEnd[];

  /** @throws RangeError for a bad setting, Error when a card does not come up. */
  constructor(options: VirtualOptions) {
    this.clock.set(0);
    this.queue = new EventQueue(this.clock);
    const configs = options.cards.map((overrides, i) => virtualConfig(overrides, i));
    const plan = new MemoryPlan();
    const memories = configs.map((config, i) => planCardMemory(plan, `card${i}`, config));
    const mtu = Math.max(...configs.map((config) => config.mtu));
    const pipe: PipeConfig = { ...PERFECT_PIPE, ...options.link, slotBytes: wireSlotBytes(mtu) };
    const pipes = configs.map((_, i) => planPipe(plan, `link${i}`, pipe.queueFrames, pipe.slotBytes));
    const packets = configs.map((_, i) => planTrace(plan, `card${i}.packetTrace`, options.traces?.[i]));
    this.region = allocateRegion(plan.byteLength);
    const ledgers = memories.map((memory) => new Ledger(this.region, memory.layout.iopLedger));
    const engines = ledgers.map((ledger) => new DmaEngine(this.region, ledger));
    const random = new Random(options.seed ?? 1);
    const link = { region: this.region, clock: this.clock, random, ledger: ledgers[0], dma: engines[0] };
    this.ends =
      pipes.length === 1
        ? [createLoopback(link, pipes[0], pipe)]
        : createLink(link, [pipes[0], pipes[1]], pipe);
    this.cards = configs.map(
      (config, i) =>
        new VirtualCard(
          this,
          config,
          memories[i],
          ledgers[i],
          engines[i],
          this.ends[i],
          options,
          options.traces?.[i],
          packets[i],
        ),
    );
    for (const card of this.cards) card.host.bringUpCard(SOCKET_CLASS_ID);
  }

  /** Runs until `done`, for at most `limitNs` more nanoseconds. @returns whether it was done. */
  run(done: () => boolean, limitNs: number): boolean {
    return this.queue.run(done, this.clock.nowNs + limitNs, -1);
  }

  /** Every counter of every card, side by side: equal runs have equal snapshots. */
  snapshot(): Record<string, number>[] {
    return this.cards.flatMap((card) => [card.host.ledger.snapshot(), card.iopLedger.snapshot()]);
  }
}

/** A driver that waits inside a call lets the rest of the world run. */
class VirtualSleeper implements Sleeper {
  woken = false;
  /** Interrupts so far. */
  wakes = 0;
  agent = -1;
  private readonly queue: EventQueue;

  constructor(queue: EventQueue) {
    this.queue = queue;
  }

  prepare(): void {
    this.woken = false;
  }

  sleep(timeoutNs: number): void {
    this.queue.run(() => this.woken, this.queue.clock.nowNs + timeoutNs, this.agent);
  }
}

/** Nobody spins in virtual time, and the two cards need different addresses. */
function virtualConfig(overrides: CardOverrides, index: number): CardConfig {
  const config = cardConfig({ mtu: 1500, packetSlots: 1024, ...overrides });
  const address = overrides.stack?.address ?? 0x0a000001 + index;
  const mac = overrides.mac ?? [0x02, 0x69, 0x6e, 0x69, 0x63, index + 1];
  return {
    ...config,
    mac,
    stack: { ...config.stack, address, seed: config.stack.seed + index },
    driver: { ...config.driver, spinNs: 0 },
  };
}
