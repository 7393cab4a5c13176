/**
 * A card in the program's own thread: it has a turn before each look of its driver's, so whoever polls the
 * driver runs the card. While the program computes, both stand still. A program that rests in its event loop
 * is told when the card wants to be run again: at its next deadline by a timer, and by a doorbell when
 * something is sent.
 */
import { DmaEngine } from '../../dma/engine.ts';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import type { IoProcessor } from '../../iop/run/processor.ts';
import { IOP_SLEEPS } from '../../ledger/counters.gen.ts';
import type { Host } from '../../osm/host.ts';
import { ENETDOWN } from '../../socket/errno.ts';
import { type Agent, NEVER } from '../../time/agent.ts';
import { MachineClock, wallClock } from '../../time/clock.ts';
import { InlineLoop } from '../../time/inline-loop.ts';
import { FutexSleeper } from '../../time/sleeper.ts';
import { Alarm, LoopHold } from '../../time/timers.ts';
import type { Recorder } from '../../trace/recorder.ts';
import { buildCard } from '../build/card-parts.ts';
import { snapBytesOf, type TraceRequest, tapWires } from '../build/card-trace.ts';
import { buildHost } from '../build/host.ts';
import { widenInlining } from '../build/inlining.ts';
import { Network } from '../build/network.ts';
import { OpenedCard } from '../build/opened-card.ts';
import { singleCard } from '../build/short-forms.ts';
import { planWorld, type WorldPlan } from '../build/world-plan.ts';
import type { CardConfig } from '../config/settings.ts';
import type { ModuleKind } from '../topology/checked.ts';
import { InlineSleeper } from './sleepers.ts';

/** Turns between two readings of the clock: a reading costs 35 ns. */
const TURNS_PER_CLOCK = 16;
/** A pair of cache lines: where the thread rests within a call. */
const PAIR_BYTES = 128;
/** The driver that waits is no agent of the loop, which has the card alone. */
const NOBODY = -1;

/** The card's processor as its driver's thread runs it: with the time, and ended by what it throws. */
class CardTurn implements Agent {
  readonly name: string;
  /** Whether its last turn found nothing to do. */
  idle = true;
  /** What it threw, of what ended it. */
  fault: string | undefined;
  ended = false;
  private readonly clock: MachineClock;
  private readonly processor: IoProcessor;
  private readonly onEnd: () => void;
  private turns = 0;

  constructor(name: string, processor: IoProcessor, clock: MachineClock, onEnd: () => void) {
    this.name = name;
    this.onEnd = onEnd;
    this.processor = processor;
    this.clock = clock;
  }

  /** // Hot path. After an idle turn any time may have passed, so the next one looks at the clock first. */
  poll(): number {
    if (this.ended) return 0;
    if (this.idle || ++this.turns >= TURNS_PER_CLOCK) {
      this.clock.update();
      this.turns = 0;
    }
    try {
      const worked = this.processor.poll();
      this.idle = worked === 0;
      return worked;
    } catch (error) {
      return this.end(String(error));
    }
  }

  arm(): boolean {
    return this.ended || this.processor.arm();
  }

  nextDeadlineNs(): number {
    return this.ended ? NEVER : this.processor.nextDeadlineNs();
  }

  /** It has no other turn. @returns the items that its last turn worked on, as far as anybody knows: none. */
  end(fault?: string): number {
    this.ended = true;
    this.idle = true;
    this.fault ??= fault;
    this.onEnd();
    return 0;
  }
}

export class InlineCard extends OpenedCard {
  readonly placement = 'inline';
  readonly host: Host;
  readonly recorder: Recorder | undefined;
  readonly iopThreadId = 0;
  private readonly turn: CardTurn;
  private readonly hold = new LoopHold();
  private readonly alarm: Alarm;
  /** Whether the driver rests in the event loop: then the card's doorbell and its deadline have it look. */
  private resting = false;

  /** @param region seen by this thread alone. */
  constructor(region: Region, plan: WorldPlan, clock: MachineClock, request: TraceRequest | undefined) {
    super(region, plan, 0, clock);
    const { memory, packets, topology } = this.plan;
    const word = new Int32Array(new SharedArrayBuffer(PAIR_BYTES));
    const loop = new InlineLoop(clock, new FutexSleeper(word, 0));
    const sleeper = new InlineSleeper(loop, NOBODY);
    this.alarm = new Alarm(clock, () => this.interrupt());

    const { iopLedger } = this;
    const dma = new DmaEngine(region, iopLedger);
    const wires = new Network(region, plan, clock, 0).endsOf(0);
    if (packets !== undefined) tapWires(region, packets, new MachineClock(), dma, wires);
    const { processor } = buildCard(
      region,
      memory,
      topology.config,
      {
        clock,
        ledger: iopLedger,
        dma,
        wires,
        waker: { wake: () => sleeper.interrupt() },
        madeWhenUsed: true,
        onFault: (error) => {
          this.turn.fault = String(error);
        },
      },
      topology.modules,
    );
    this.turn = new CardTurn(topology.name, processor, clock, () => this.host.driver.die(ENETDOWN));
    loop.add(this.turn);

    const environment = {
      clock,
      sleeper,
      waker: { wake: () => this.interrupt() },
      health: { alive: () => !this.turn.ended },
      before: this.turn,
    };
    const trace = request && {
      request,
      clock: new MachineClock(),
      startedAt: wallClock(),
      wakes: () => sleeper.wakes,
    };
    // The card has its turn in every look, so nothing comes of looking again and again before a rest.
    const { config } = topology;
    const still = { ...topology, config: { ...config, driver: { ...config.driver, spinNs: 0 } } };
    const built = buildHost(region, { ...this.plan, topology: still }, environment, trace);
    this.host = built.host;
    this.recorder = built.recorder;
    this.watchExit(built);
  }

  /**
   * Opens a card alone, its wire looped back to itself. @throws Error with one line when it does not come
   * up.
   */
  static open(config: CardConfig, module: ModuleKind, trace?: TraceRequest): InlineCard {
    widenInlining();
    const memory = new MemoryPlan();
    const topology = singleCard(config, { name: 'card', seed: config.seed, modules: [module] });
    const plan = planWorld(memory, topology, { cards: [0], switches: [] }, [snapBytesOf(trace)]);
    const region = allocateRegion(memory.byteLength, false);
    const card = new InlineCard(region, plan, new MachineClock(), trace);
    card.host.bringUpCard(card.classId);
    return card;
  }

  get fault(): string | undefined {
    return this.turn.fault ?? this.host.driver.fault;
  }

  /** The card rests as well: until something is sent, or until the time of its next deadline. */
  armLoop(): boolean {
    const { clock, turn, host } = this;
    if (!turn.idle || !host.driver.arm() || !turn.arm()) return false;
    const dueNs = Math.min(host.driver.nextDeadlineNs(), turn.nextDeadlineNs());
    if (dueNs !== NEVER) {
      clock.update();
      if (dueNs <= clock.nowNs) return false;
      this.alarm.set(dueNs);
    }
    this.iopLedger.counters[IOP_SLEEPS] += 1;
    this.resting = true;
    this.restInLoop();
    return true;
  }

  keepAlive(on: boolean): void {
    this.hold.set(on);
  }

  /** The program's thread does the card's work, and nobody can tell its time from the program's. */
  iopCpuNs(): number {
    return 0;
  }

  iopHeapBytes(): number {
    return -1;
  }

  async kill(): Promise<void> {
    this.turn.end();
    this.interrupt();
  }

  protected get ended(): boolean {
    return this.turn.ended;
  }

  protected async stop(): Promise<void> {
    this.turn.end();
    this.alarm.off();
    this.hold.set(false);
  }

  private interrupt(): void {
    if (!this.resting) return;
    this.resting = false;
    this.recorder?.lookForInterrupt();
    this.interruptCallback();
  }
}
