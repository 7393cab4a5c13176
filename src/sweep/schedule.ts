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
  const threads = Math.max(1, Math.min(workers, points.length));
  const pool = new Piscina<number, string>({
    filename: THREAD_URL.href,
    workerData: plan,
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: 1,
  });
  const queue = points.values();
  const over = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  let failed = false;
  const feed = async (): Promise<void> => {
    for (const point of queue) {
      if (signal.aborted || failed) return;
      const line = await pool.run(point).catch((error: unknown) => {
        // Its thread is gone: the point's result is what ended it.
        return JSON.stringify(failedPoint(plan, point, error));
      });
      if (signal.aborted || failed) return;
      try {
        done(point, line);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  try {
    const feeds = Array.from({ length: threads * AHEAD }, feed);
    await Promise.race([Promise.all(feeds), over]);
  } finally {
    await pool.destroy();
  }
}
