/** Threads that measure points, of any plan. One that dies, or does not end, costs its point alone. */
import { setFlagsFromString } from 'node:v8';
import { Piscina } from 'piscina';
import { alarm } from '../time/timers.ts';
import type { SweepPlan } from './plan.ts';
import { failedPoint } from './point.ts';
import type { ProfileTexts } from './profile-texts.ts';

/** Tests run from source; the thread's file is then the built one, since Node 20 runs no TypeScript. */
const THREAD_URL = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/src/sweep/point-thread.js', import.meta.url)
  : new URL('./point-thread.js', import.meta.url);

/** What a thread is given. */
export interface PointTask {
  readonly plan: SweepPlan;
  readonly profiles: ProfileTexts;
  readonly point: number;
}

/** Where they are not the usual. */
export interface ThreadOptions {
  /** What a thread runs. */
  readonly file?: URL;
  /** The heap it may have. */
  readonly heapMb?: number;
}

/** Real time that a point may take, where nobody says otherwise. */
export const TIMEOUT_MS = 600_000;

/**
 * A thread measures worlds one after the other, each some tens of MB that are garbage soon after. V8 would
 * let several of them lie before it collects any. Asked to look sooner it takes the same time (within 3 %),
 * and two thirds of the memory.
 */
const YOUNG_MB = 16;
const COLLECT_SOONER = '--heap-growing-percent=60';

export class PointThreads {
  private readonly pool: Piscina<PointTask, string>;

  constructor(count: number, { file = THREAD_URL, heapMb }: ThreadOptions = {}) {
    setFlagsFromString(COLLECT_SOONER);
    this.pool = new Piscina<PointTask, string>({
      filename: file.href,
      minThreads: count,
      maxThreads: count,
      concurrentTasksPerWorker: 1,
      resourceLimits: {
        maxYoungGenerationSizeMb: YOUNG_MB,
        ...(heapMb !== undefined && { maxOldGenerationSizeMb: heapMb }),
      },
    });
  }

  /**
   * The line of a point in a results file. To be called for no more points at once than there are threads,
   * since the time of those that wait for one runs too.
   * @param timeoutMs of real time. @param signal its point is given up then, and the line means nothing.
   */
  async lineOf(task: PointTask, timeoutMs: number, signal: AbortSignal): Promise<string> {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    let late = false;
    const callOff = alarm(timeoutMs, () => {
      late = true;
      end();
    });
    try {
      return await this.pool.run(task, { signal: ending.signal });
    } catch (error) {
      const words = late
        ? `no end after ${timeoutMs / 1000} s of real time`
        : `its thread ended: ${textOf(error)}`;
      return JSON.stringify(failedPoint(task.plan, task.point, words));
    } finally {
      callOff();
      signal.removeEventListener('abort', end);
    }
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
