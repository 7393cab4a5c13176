/** A card in a thread of its own, its driver in the caller's: real time. The only place that starts the worker (design rule 5). */

import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { reconcile } from '../../ledger/reconcile.ts';
import { Host, type HostEnvironment } from '../../osm/host.ts';
import { ENETDOWN } from '../../socket/errno.ts';
import { NEVER } from '../../time/agent.ts';
import { MachineClock, wallClock } from '../../time/clock.ts';
import { FutexSleeper, FutexWaker } from '../../time/sleeper.ts';
import type { Recorder } from '../../trace/recorder.ts';
import { planPipe, wireSlotBytes } from '../../wire/slots.ts';
import { type CardMemory, planCardMemory } from '../build/card-memory.ts';
import { planTrace, startTrace, type TracedCard, type TraceRequest, traced } from '../build/card-trace.ts';
import type { CardConfig } from '../config/settings.ts';
import { CardStatus, RUNNING } from './card-status.ts';
import type { IopThreadData } from './iop-thread.ts';
import { LOOP_RESTS } from './loop-waker.ts';

/** Tests run from source; the worker is then the built one, since Node 20 runs no TypeScript. */
const THREAD_URL = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/src/world/thread/iop-thread.js', import.meta.url)
  : new URL('./iop-thread.js', import.meta.url);

/** Room for what the thread allocates at start, so that no collection runs in the steady state. */
const YOUNG_GENERATION_MB = 64;
const HEAP_ANSWER_NS = 1e9;
/** Between two looks whether the card's thread exists, which are system calls. */
const THREAD_LOOK_NS = 100e6;
/** How long a trace's end waits for what is in flight, and between two looks. */
const TRACE_SETTLE_NS = 100e6;
const TRACE_LOOK_NS = 1e6;
/** How long a card that is closed may take to answer that it is quiet. */
const QUIESCE_NS = 100e6;

export class ThreadedCard {
  readonly config: CardConfig;
  readonly plan: MemoryPlan;
  readonly region: Region;
  readonly host: Host;
  readonly iopLedger: Ledger;
  readonly worker: Worker;
  readonly memory: CardMemory;
  readonly status: CardStatus;
  readonly clock: MachineClock = new MachineClock();
  private readonly iopWaker: FutexWaker;
  private exited = false;
  /** What the card's code threw, if it did: the IOP is FAILED then, or its thread has ended; every socket has failed. */
  fault: string | undefined;
  private lookedForThreadNs = 0;
  private interruptCallback: () => void = () => {};
  private readonly recorder: Recorder | undefined;
  private readonly stopAtExit = (): void => {
    this.endTrace();
    this.askStop();
  };

  private constructor(
    config: CardConfig,
    module: 'socket' | 'echo',
    classId: number,
    trace: TraceRequest | undefined,
  ) {
    this.config = availableParallelism() < 2 ? withoutPolling(config) : config;
    this.plan = new MemoryPlan();
    this.memory = planCardMemory(this.plan, 'card', this.config);
    const wire = planPipe(this.plan, 'card.wire', config.wire.queueFrames, wireSlotBytes(config.mtu));
    const packets = planTrace(this.plan, 'card.packetTrace', trace);
    this.region = allocateRegion(this.plan.byteLength);
    const { words } = this.region;
    const { layout } = this.memory;
    this.status = new CardStatus(this.region, layout.iopStatus);
    this.iopWaker = new FutexWaker(words, layout.iopWake >> 2);
    this.iopLedger = new Ledger(this.region, layout.iopLedger);
    const untraced: HostEnvironment = {
      clock: this.clock,
      waker: this.iopWaker,
      sleeper: new FutexSleeper(words, layout.hostWake >> 2),
      health: { alive: () => this.alive() },
    };
    const watched = this.traceable(classId, packets);
    this.recorder = trace === undefined ? undefined : startTrace(trace, watched);
    const environment = this.recorder === undefined ? untraced : traced(this.recorder, watched, untraced);
    this.host = new Host(this.region, layout, this.config.driver, environment);
    const workerData: IopThreadData = {
      memory: this.region.memory,
      card: this.memory,
      wire,
      config: this.config,
      module,
      packets,
    };
    this.worker = new Worker(THREAD_URL, {
      workerData,
      name: 'inic-iop',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    process.once('exit', this.stopAtExit);
  }

  /** Starts the thread and brings the card up. @throws Error with one line when it does not come up. */
  static async open(
    config: CardConfig,
    module: 'socket' | 'echo',
    classId: number,
    trace?: TraceRequest,
  ): Promise<ThreadedCard> {
    const card = new ThreadedCard(config, module, classId, trace);
    try {
      await card.started();
      card.host.bringUpCard(classId);
    } catch (error) {
      await card.close();
      throw error;
    }
    return card;
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
    if (on) this.worker.ref();
    else this.worker.unref();
  }

  /** Processor time of the card's thread, in nanoseconds; 0 where it cannot be told. */
  iopCpuNs(): number {
    return threadCpuNs(this.status.threadId);
  }

  /** Bytes of heap the card's thread uses; -1 when it does not answer. */
  iopHeapBytes(): number {
    const ticket = this.status.askHeap();
    this.iopWaker.wake();
    const { clock } = this;
    clock.update();
    const endNs = clock.nowNs + HEAP_ANSWER_NS;
    for (;;) {
      const bytes = this.status.heapBytes(ticket);
      if (bytes >= 0 || clock.nowNs > endNs) return bytes;
      clock.update();
    }
  }

  /** Ends the session in order and stops the thread. Every socket still open has failed by then. */
  async close(): Promise<void> {
    process.off('exit', this.stopAtExit);
    this.endTrace();
    if (!this.exited) {
      this.host.quiesce(QUIESCE_NS);
      this.host.requests.surrender();
      const gone = new Promise<void>((resolve) => this.worker.once('exit', () => resolve()));
      this.worker.ref();
      this.askStop();
      await gone;
    }
    this.host.driver.die(ENETDOWN);
  }

  /**
   * Whether the card runs. A thread that ended without a word is told by an event, which finds no turn while the program
   * waits in a call; so now and then the system is asked, too.
   */
  private alive(): boolean {
    if (this.exited || this.status.state !== RUNNING) return false;
    if (this.clock.nowNs - this.lookedForThreadNs < THREAD_LOOK_NS) return true;
    this.lookedForThreadNs = this.clock.nowNs;
    return threadExists(this.status.threadId);
  }

  /**
   * Ends the trace, if one is recorded: lets what is in flight arrive, ends the session in order, then tells both ledgers.
   * Nothing later is recorded.
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
    return reconcile(host.ledger.snapshot(), iopLedger.snapshot(), holdings, true).balanced;
  }

  private traceable(classId: number, packets: TracedCard['packets']): TracedCard {
    const { region, memory, config } = this;
    const wakes = memory.layout.hostWake >> 2;
    return {
      region,
      memory,
      config,
      classId,
      packets,
      clock: new MachineClock(),
      startedAt: wallClock(),
      wakes: () => Atomics.load(region.words, wakes),
    };
  }

  private askStop(): void {
    this.status.askStop();
    this.iopWaker.wake();
  }

  /** Resolves with the thread's first message; afterwards messages are interrupts, and an exit is the card's death. */
  private started(): Promise<void> {
    const { worker } = this;
    return new Promise((resolve, reject) => {
      let running = false;
      worker.on('message', (message: string | null) => {
        if (message !== null) this.fault = message;
        if (!running) {
          running = true;
          worker.unref();
          resolve();
          return;
        }
        this.recorder?.lookForInterrupt();
        this.host.driver.interruptServiced();
        this.interruptCallback();
      });
      worker.on('error', (error) => {
        this.fault = String(error);
        if (!running) reject(new Error(`the card's thread failed: ${error.message}`));
      });
      worker.on('exit', () => {
        this.exited = true;
        if (!running) reject(new Error("the card's thread ended before it ran"));
        this.host.driver.die(ENETDOWN);
        this.interruptCallback();
      });
    });
  }
}

/** Where both threads share a processor, polling only keeps the other from running. */
function withoutPolling(config: CardConfig): CardConfig {
  return { ...config, iopSpinNs: 0, driver: { ...config.driver, spinNs: 0 } };
}

/** Whether one of this process's threads exists; true where there is no /proc or its number is unknown. */
function threadExists(threadId: number): boolean {
  return threadId === 0 || existsSync(`/proc/self/task/${threadId}`) || !existsSync('/proc/self/task');
}

/** Processor time of one of this process's threads, in nanoseconds; 0 where there is no /proc. */
export function threadCpuNs(threadId: number): number {
  try {
    return Number.parseInt(readFileSync(`/proc/self/task/${threadId}/schedstat`, 'utf8'), 10);
  } catch {
    return 0;
  }
}
