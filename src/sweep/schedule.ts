/** Spreads the points of a plan over the machine's cores, a worker thread each. */
import type { Done, Engine } from './engine.ts';
import type { SweepPlan } from './plan.ts';
import { PointThreads, TIMEOUT_MS } from './point-threads.ts';
import { type ProfileTexts, profileTexts } from './profile-texts.ts';

/** Threads that measure points of one plan, as often as they are given some, until it is closed. */
export class PointPool implements Engine {
  readonly name = 'piscina';
  readonly workers: number;
  private readonly plan: SweepPlan;
  private readonly profiles: ProfileTexts;
  private readonly signal: AbortSignal;
  private readonly timeoutMs: number;
  private readonly over: Promise<void>;
  private readonly threads: PointThreads;

  /**
   * @param workers at least one of them is there. @param signal points under way are given up then.
   * @param timeoutMs of real time for a point.
   */
  constructor(plan: SweepPlan, workers: number, signal: AbortSignal, timeoutMs: number = TIMEOUT_MS) {
    this.plan = plan;
    this.profiles = profileTexts(plan);
    this.workers = Math.max(1, workers);
    this.signal = signal;
    this.over = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.timeoutMs = timeoutMs;
    this.threads = new PointThreads(this.workers);
  }

  async run(points: readonly number[], done: Done): Promise<void> {
    const { plan, profiles, signal, timeoutMs } = this;
    const queue = points.values();
    let failed = false;
    const feed = async (): Promise<void> => {
      for (const point of queue) {
        if (signal.aborted || failed) return;
        const line = await this.threads.lineOf({ plan, profiles, point }, timeoutMs, signal);
        if (signal.aborted || failed) return;
        try {
          done(point, line);
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    };
    await Promise.race([Promise.all(Array.from({ length: this.workers }, feed)), this.over]);
  }

  close(): Promise<void> {
    return this.threads.close();
  }
}
