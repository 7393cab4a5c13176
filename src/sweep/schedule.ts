/** Spreads the points of a plan over the machine's cores, a worker thread each. */
import { Piscina } from 'piscina';
import type { SweepPlan } from './plan.ts';
import { failedPoint } from './point.ts';

/** Tests run from source; the worker is then the built one, since Node 20 runs no TypeScript. */
const THREAD_URL = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/src/sweep/point-thread.js', import.meta.url)
  : new URL('./point-thread.js', import.meta.url);

/** Points handed out for each worker at once: the next one waits there when the last one is done. */
const AHEAD = 2;

export interface Schedule {
  readonly workers: number;
  /** Ends it early: points under way are given up. */
  readonly signal: AbortSignal;
  /** Told the line of each point, as it is done: in no order. */
  readonly done: (point: number, line: string) => void;
}

/** @throws what `done` throws; no further point is begun then. */
export async function runPoints(
  plan: SweepPlan,
  points: readonly number[],
  schedule: Schedule,
): Promise<void> {
  const { workers, signal, done } = schedule;
  const pool = new PointPool(plan, Math.min(workers, points.length), signal);
  try {
    await pool.run(points, done);
  } finally {
    await pool.close();
  }
}

/** Threads that measure points of one plan, as often as they are given some, until it is closed. */
export class PointPool {
  private readonly plan: SweepPlan;
  private readonly threads: number;
  private readonly signal: AbortSignal;
  private readonly over: Promise<void>;
  private readonly pool: Piscina<number, string>;

  /** @param workers at least one of them is there. @param signal points under way are given up then. */
  constructor(plan: SweepPlan, workers: number, signal: AbortSignal) {
    this.plan = plan;
    this.threads = Math.max(1, workers);
    this.signal = signal;
    this.over = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.pool = new Piscina<number, string>({
      filename: THREAD_URL.href,
      workerData: plan,
      minThreads: this.threads,
      maxThreads: this.threads,
      concurrentTasksPerWorker: 1,
    });
  }

  /** @param done as of `Schedule`. @throws what `done` throws; no further point is begun then. */
  async run(points: readonly number[], done: Schedule['done']): Promise<void> {
    const { signal } = this;
    const queue = points.values();
    let failed = false;
    const feed = async (): Promise<void> => {
      for (const point of queue) {
        if (signal.aborted || failed) return;
        const line = await this.lineOf(point);
        if (signal.aborted || failed) return;
        try {
          done(point, line);
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    };
    const feeds = Array.from({ length: this.threads * AHEAD }, feed);
    await Promise.race([Promise.all(feeds), this.over]);
  }

  /** Where its thread is gone, the point's result is what ended it. */
  private async lineOf(point: number): Promise<string> {
    try {
      return await this.pool.run(point);
    } catch (error) {
      return JSON.stringify(failedPoint(this.plan, point, error));
    }
  }

  close(): Promise<void> {
    return this.pool.destroy();
  }
}
