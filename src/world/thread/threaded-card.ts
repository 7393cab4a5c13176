/** A card in a thread of its own, its driver in the caller's: real time. */
import { availableParallelism } from 'node:os';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import type { OpenedTap } from '../../linux/tap.ts';
import type { Host, HostEnvironment } from '../../osm/host.ts';
import { ENETDOWN } from '../../socket/errno.ts';
import { NEVER } from '../../time/agent.ts';
import { MachineClock, wallClock } from '../../time/clock.ts';
import { FutexSleeper, type Sleeper } from '../../time/sleeper.ts';
import type { Recorder } from '../../trace/recorder.ts';
import { snapBytesOf, type TraceRequest } from '../build/card-trace.ts';
import { buildHost } from '../build/host.ts';
import { widenInlining } from '../build/inlining.ts';
import { OpenedCard } from '../build/opened-card.ts';
import { singleCard } from '../build/short-forms.ts';
import { planWorld, type WorldPlan } from '../build/world-plan.ts';
import type { CardConfig } from '../config/settings.ts';
import type { ModuleKind } from '../topology/checked.ts';
import type { CardStatus } from './card-status.ts';
import type { ThreadPlace } from './iop-thread.ts';
import { LOOP_RESTS } from './loop-waker.ts';
import { SiteThread } from './site-thread.ts';

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
  readonly tap?: OpenedTap | undefined;
}

export class ThreadedCard extends OpenedCard {
  readonly placement = 'thread';
  readonly host: Host;
  readonly thread: SiteThread;
  readonly recorder: Recorder | undefined;

  constructor(parts: ThreadedCardParts) {
    const { region, plan, places, clock } = parts;
    super(region, plan, parts.card, clock, parts.tap !== undefined);
    const card = this.plan;
    const { layout } = card.memory;
    this.thread = new SiteThread('the card', region, plan, card.site, places, clock, parts.tap);
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
    this.watchExit(built);
  }

  /**
   * Opens a card alone, its wire looped back to itself, or its first port plugged into a TAP. @throws Error
   * with one line when it does not come up.
   */
  static async open(
    wanted: CardConfig,
    module: ModuleKind,
    trace?: TraceRequest,
    tap?: OpenedTap,
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
    const clock = new MachineClock();
    const card = new ThreadedCard({ region, plan, card: 0, places, clock, trace, tap });
    await card.start();
    return card;
  }

  /** Waits for the thread and brings the card up; closes it when that fails. @throws Error with one line. */
  async start(): Promise<void> {
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
      this.host.bringUpCard(this.classId);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get worker(): SiteThread['worker'] {
    return this.thread.worker;
  }

  get status(): CardStatus {
    return this.thread.status;
  }

  get fault(): string | undefined {
    return this.thread.fault ?? this.host.driver.fault;
  }

  armLoop(): boolean {
    // What was undelivered is tried again soon, and nothing would tell of that time.
    if (this.host.driver.nextDeadlineNs() !== NEVER) return false;
    const { words } = this.region;
    const mode = (this.memory.layout.hostWake >> 2) + LOOP_RESTS;
    Atomics.store(words, mode, 1);
    if (this.host.driver.arm()) {
      this.restInLoop();
      return true;
    }
    Atomics.store(words, mode, 0);
    return false;
  }

  keepAlive(on: boolean): void {
    this.thread.keepAlive(on);
  }

  get iopThreadId(): number {
    return this.status.threadId;
  }

  iopCpuNs(): number {
    return this.thread.cpuNs();
  }

  iopHeapBytes(): number {
    return this.thread.heapBytes();
  }

  async kill(): Promise<void> {
    await this.worker.terminate();
  }

  protected get ended(): boolean {
    return this.thread.ended;
  }

  protected async stop(): Promise<void> {
    await this.thread.stop();
  }
}

/** Where both threads share a processor, polling only keeps the other from running. */
export function withoutPolling(config: CardConfig): CardConfig {
  return { ...config, iopSpinNs: 0, driver: { ...config.driver, spinNs: 0 } };
}
