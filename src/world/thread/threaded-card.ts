/** A card in a thread of its own, its driver in the caller's: real time. */
import { availableParallelism } from 'node:os';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { type Counters, reconcile } from '../../ledger/reconcile.ts';
import type { Host, HostEnvironment } from '../../osm/host.ts';
import { ENETDOWN } from '../../socket/errno.ts';
import { NEVER } from '../../time/agent.ts';
import { MachineClock, wallClock } from '../../time/clock.ts';
import { FutexSleeper, type Sleeper } from '../../time/sleeper.ts';
import type { Recorder } from '../../trace/recorder.ts';
import { wireCounters } from '../build/books.ts';
import type { CardMemory } from '../build/card-memory.ts';
import { snapBytesOf, type TraceRequest } from '../build/card-trace.ts';
import { buildHost, classOf } from '../build/host.ts';
import { widenInlining } from '../build/inlining.ts';
import { singleCard } from '../build/short-forms.ts';
import { type CardPlan, planWorld, type WorldPlan } from '../build/world-plan.ts';
import type { CardConfig } from '../config/settings.ts';
import type { ModuleKind } from '../topology/checked.ts';
import type { CardStatus } from './card-status.ts';
import type { ThreadPlace } from './iop-thread.ts';
import { LOOP_RESTS } from './loop-waker.ts';
import { SiteThread } from './site-thread.ts';

/** How long a trace's end waits for what is in flight, and between two looks. */
const TRACE_SETTLE_NS = 100e6;
const TRACE_LOOK_NS = 1e6;
/** How long a card that is closed may take to answer that it is quiet. */
const QUIESCE_NS = 100e6;

/** What a world has made before its cards. */
export interface ThreadedCardParts {
  readonly region: Region;
  readonly plan: WorldPlan;
  /** Which card of the plan. */
  readonly card: number;
  readonly places: readonly ThreadPlace[];
  readonly clock: MachineClock;
  /** Where the driver rests inside a call; on its own word of shared memory where absent. */
  readonly sleeper?: Sleeper;
  readonly trace?: TraceRequest | undefined;
}

export class ThreadedCard {
  readonly config: CardConfig;
  readonly region: Region;
  readonly host: Host;
  readonly iopLedger: Ledger;
  readonly memory: CardMemory;
  readonly thread: SiteThread;
  readonly clock: MachineClock;
  readonly recorder: Recorder | undefined;
  private readonly plan: CardPlan;
  private readonly world: WorldPlan;
  private interruptCallback: () => void = () => {};

  constructor(parts: ThreadedCardParts) {
    const { region, plan, places, clock } = parts;
    const card = plan.cards[parts.card];
    this.world = plan;
    this.plan = card;
    this.config = card.topology.config;
    this.region = region;
    this.memory = card.memory;
    this.clock = clock;
    const { layout } = card.memory;
    this.iopLedger = new Ledger(region, layout.iopLedger);
    this.thread = new SiteThread('the card', region, plan, card.site, places, clock);
    const { words } = region;
    const hostWake = layout.hostWake >> 2;
    const environment: HostEnvironment = {
      clock,
      waker: this.thread.waker,
      sleeper: parts.sleeper ?? new FutexSleeper(words, hostWake),
      health: { alive: () => this.thread.alive() },
    };
    const trace = parts.trace && {
      request: parts.trace,
      clock: new MachineClock(),
      startedAt: wallClock(),
      wakes: () => Atomics.load(words, hostWake),
    };
    const built = buildHost(region, card, environment, trace);
    this.host = built.host;
    this.recorder = built.recorder;
    if (this.recorder !== undefined) endAtExit(this);
  }

  /**
   * Opens a card alone, its wire looped back to itself. @throws Error with one line when it does not come
   * up.
   */
  static async open(
    wanted: CardConfig,
    module: ModuleKind,
    classId: number,
    trace?: TraceRequest,
  ): Promise<ThreadedCard> {
    widenInlining();
    const config = availableParallelism() < 2 ? withoutPolling(wanted) : wanted;
    const memory = new MemoryPlan();
    const topology = singleCard(config, { name: 'card', seed: config.seed, modules: [module] });
    const plan = planWorld(memory, topology, { cards: [1], switches: [] }, [snapBytesOf(trace)]);
    const { layout } = plan.cards[0].memory;
    const places = [
      { wake: layout.hostWake, status: 0 },
      { wake: layout.iopWake, status: layout.iopStatus },
    ];
    const region = allocateRegion(memory.byteLength);
    const card = new ThreadedCard({ region, plan, card: 0, places, clock: new MachineClock(), trace });
    await card.start(classId);
    return card;
  }

  /** Waits for the thread and brings the card up; closes it when that fails. @throws Error with one line. */
  async start(classId: number = classOf(this.plan)): Promise<void> {
    try {
      await this.thread.started({
        interrupted: () => {
          this.recorder?.lookForInterrupt();
          this.host.driver.interruptServiced();
          this.interruptCallback();
        },
        ended: () => {
          this.host.driver.die(ENETDOWN);
          this.interruptCallback();
        },
      });
      this.host.bringUpCard(classId);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get name(): string {
    return this.plan.topology.name;
  }

  get worker(): SiteThread['worker'] {
    return this.thread.worker;
  }

  get status(): CardStatus {
    return this.thread.status;
  }

  /**
   * What the card's code threw, or which assertion of the driver's failed, if either did: then the IOP is
   * FAILED, its thread has ended, or the driver has given it up, and every socket has failed.
   */
  get fault(): string | undefined {
    return this.thread.fault ?? this.host.driver.fault;
  }

  /** Called from the event loop when the card has interrupted a driver that rested there. */
  onInterrupt(callback: () => void): void {
    this.interruptCallback = callback;
  }

  /** The driver is about to rest in the event loop. @returns false when there is already a reply. */
  armLoop(): boolean {
    // What was undelivered is tried again soon, and nothing would tell of that time.
    if (this.host.driver.nextDeadlineNs() !== NEVER) return false;
    const { words } = this.region;
    const mode = (this.memory.layout.hostWake >> 2) + LOOP_RESTS;
    Atomics.store(words, mode, 1);
    if (this.host.driver.arm()) return true;
    Atomics.store(words, mode, 0);
    return false;
  }

  /** Whether the card alone keeps the event loop alive. */
  keepAlive(on: boolean): void {
    this.thread.keepAlive(on);
  }

  /** Processor time of the card's thread, in nanoseconds; 0 where it cannot be told. */
  iopCpuNs(): number {
    return this.thread.cpuNs();
  }

  /** Bytes of heap the card's thread uses; -1 when it does not answer. */
  iopHeapBytes(): number {
    return this.thread.heapBytes();
  }

  /** Counters of the wires of the card's world, both directions together. */
  wireCounters(): Counters {
    return wireCounters(this.region, this.world);
  }

  /** Ends the session in order and stops the thread. Every socket still open has failed by then. */
  async close(): Promise<void> {
    this.endTrace();
    traced.delete(this);
    if (traced.size === 0) process.off('exit', endTraces);
    if (!this.thread.ended) {
      this.host.quiesce(QUIESCE_NS);
      this.host.requests.surrender();
      await this.thread.stop();
    }
    this.host.driver.die(ENETDOWN);
  }

  /**
   * Ends the trace, if one is recorded: lets what is in flight arrive, ends the session in order, then
   * tells both ledgers. Nothing later is recorded.
   */
  endTrace(): void {
    const { recorder, host, clock } = this;
    if (recorder === undefined || recorder.ended) return;
    clock.update();
    const endNs = clock.nowNs + TRACE_SETTLE_NS;
    while (!this.balanced() && host.driver.checkHealth() && clock.nowNs < endNs) {
      host.driver.wait(TRACE_LOOK_NS);
      clock.update();
    }
    host.quiesce(QUIESCE_NS);
    recorder.end(host.ledger.snapshot(), this.iopLedger.snapshot());
  }

  private balanced(): boolean {
    const { host, iopLedger } = this;
    const holdings = { transmitInUse: host.transmit.inUse };
    return reconcile(host.ledger.snapshot(), iopLedger.snapshot(), holdings, this.wireCounters()).balanced;
  }
}

/** The cards whose trace is to be ended when the process exits. Node itself ends their threads. */
const traced = new Set<ThreadedCard>();

function endTraces(): void {
  for (const card of traced) card.endTrace();
}

/** One listener for all cards: with one each, eleven cards would make Node warn of a leak. */
function endAtExit(card: ThreadedCard): void {
  if (traced.size === 0) process.on('exit', endTraces);
  traced.add(card);
}

/** Where both threads share a processor, polling only keeps the other from running. */
export function withoutPolling(config: CardConfig): CardConfig {
  return { ...config, iopSpinNs: 0, driver: { ...config.driver, spinNs: 0 } };
}
