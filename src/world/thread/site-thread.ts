/** One worker of a world: a card's thread, or a switch's. The only place that starts a world's threads. */
import { existsSync, readFileSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import type { Region } from '../../dma/region.ts';
import { loadLibc } from '../../linux/libc.ts';
import { closeTap, type OpenedTap } from '../../linux/tap.ts';
import type { MachineClock } from '../../time/clock.ts';
import { FutexWaker } from '../../time/sleeper.ts';
import type { WorldPlan } from '../build/world-plan.ts';
import { CardStatus, RUNNING } from './card-status.ts';
import type { IopThreadData, ThreadPlace } from './iop-thread.ts';
import { holdLoop, privateWorker } from './private-worker.ts';
import { TapWaker } from './tap-rest.ts';

/** Tests run from source; the worker is then the built one, since Node 20 runs no TypeScript. */
const THREAD_URL = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/src/world/thread/iop-thread.js', import.meta.url)
  : new URL('./iop-thread.js', import.meta.url);

/** Room for what the thread allocates at start, so that no collection runs in the steady state. */
const YOUNG_GENERATION_MB = 64;
const HEAP_ANSWER_NS = 1e9;
/** Between two looks whether the thread exists, which are system calls. */
const THREAD_LOOK_NS = 100e6;

/** Told what the thread does once it runs. */
export interface ThreadListener {
  /** The thread has interrupted the event loop. */
  interrupted(): void;
  /** The thread has ended, whether it was asked to or not. */
  ended(): void;
}

export class SiteThread {
  readonly worker: Worker;
  readonly status: CardStatus;
  readonly waker: FutexWaker;
  /** What the thread's code threw, if it did. */
  fault: string | undefined;
  private exited = false;
  private starting: { resolve(): void; reject(error: Error): void } | undefined;
  private lookedForThreadNs = 0;
  private readonly clock: MachineClock;
  private readonly what: string;

  /**
   * @param what it runs, for complaints: "the card". @param places of all threads, the program's first.
   * @param tap of its card, which is closed when the thread ends.
   */
  constructor(
    what: string,
    region: Region,
    plan: WorldPlan,
    site: number,
    places: readonly ThreadPlace[],
    clock: MachineClock,
    tap?: OpenedTap,
  ) {
    this.what = what;
    this.clock = clock;
    this.status = new CardStatus(region, places[site].status);
    this.waker = wakerOf(region.words, places[site].wake >> 2, tap);
    const common = { memory: region.memory, plan, site, places };
    const workerData: IopThreadData = tap === undefined ? common : { ...common, tap };
    this.worker = privateWorker(THREAD_URL, {
      workerData,
      name: 'inic-iop',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    if (tap !== undefined) this.worker.once('exit', () => closeTap(tap));
  }

  /**
   * Resolves when the thread runs; from then on the listener is told. @throws Error with one line when it
   * does not come to run.
   */
  started(listener: ThreadListener): Promise<void> {
    const { worker, what } = this;
    worker.on('message', (message: string | null) => {
      if (message !== null) this.fault = message;
      if (this.starting === undefined) {
        listener.interrupted();
        return;
      }
      this.keepAlive(false);
      this.settle();
    });
    worker.on('error', (error) => {
      this.fault = String(error);
      this.settle(new Error(`${what}'s thread failed: ${error.message}`));
    });
    worker.on('exit', () => {
      this.exited = true;
      this.settle(new Error(`${what}'s thread ended before it ran`));
      listener.ended();
    });
    return new Promise((resolve, reject) => {
      this.starting = { resolve, reject };
    });
  }

  /**
   * Settles the promise of `started`, once, and lets go of it: it keeps the async context that it was made
   * in, which may be a request of the program's.
   */
  private settle(error?: Error): void {
    const { starting } = this;
    this.starting = undefined;
    if (error === undefined) starting?.resolve();
    else starting?.reject(error);
  }

  /**
   * Whether the thread runs. One that ended without a word is told by an event, which finds no turn while
   * the program waits in a call; so now and then the system is asked, too.
   */
  alive(): boolean {
    if (this.exited || this.status.state !== RUNNING) return false;
    if (this.clock.nowNs - this.lookedForThreadNs < THREAD_LOOK_NS) return true;
    this.lookedForThreadNs = this.clock.nowNs;
    return threadExists(this.status.threadId);
  }

  get ended(): boolean {
    return this.exited;
  }

  /** Sets whether the thread alone keeps the event loop alive. */
  keepAlive(on: boolean): void {
    holdLoop(this.worker, on);
  }

  askStop(): void {
    this.status.askStop();
    this.waker.wake();
  }

  /** Asks the thread to stop, and resolves when it has ended. */
  async stop(): Promise<void> {
    if (this.exited) return;
    const gone = new Promise<void>((resolve) => this.worker.once('exit', () => resolve()));
    this.keepAlive(true);
    this.askStop();
    await gone;
  }

  /** Processor time of the thread, in nanoseconds; 0 where it cannot be told. */
  cpuNs(): number {
    return threadCpuNs(this.status.threadId);
  }

  /** Bytes of heap the thread uses; -1 when it does not answer. */
  heapBytes(): number {
    const ticket = this.status.askHeap();
    this.waker.wake();
    const { clock } = this;
    clock.update();
    const endNs = clock.nowNs + HEAP_ANSWER_NS;
    for (;;) {
      const bytes = this.status.heapBytes(ticket);
      if (bytes >= 0 || clock.nowNs > endNs) return bytes;
      clock.update();
    }
  }
}

function wakerOf(words: Int32Array, index: number, tap: OpenedTap | undefined): FutexWaker {
  const libc = tap === undefined || tap.eventFd < 0 ? undefined : loadLibc();
  if (libc === undefined || tap === undefined) return new FutexWaker(words, index);
  return new TapWaker(libc, words, index, tap.eventFd);
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
