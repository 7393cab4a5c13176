/** `inic worker`: measures points of whatever sweeps a Redis server knows, until it is told to end. */
import { type Job, Queue, Worker as QueueWorker } from 'bullmq';
import type { Redis } from 'ioredis';
import { pause } from '../../time/timers.ts';
import { shown } from '../../world/config/complaint.ts';
import { pointCount } from '../plan.ts';
import { PointThreads } from '../point-threads.ts';
import { type Build, ownBuild } from './build.ts';
import { connectRedis, type Say, shownUrl } from './connection.ts';
import {
  LEASE_MS,
  LOCK_MS,
  LOST_MAX,
  type Offer,
  offerOf,
  type PointJob,
  PREFIX,
  queueOf,
  RUNS,
  readOffer,
  refusalsOf,
  STALLED_MS,
  workerName,
} from './offer.ts';

/** How often it looks for sweeps. */
const LOOK_MS = 500;

export interface RedisWorkerOptions {
  /** Points measured at once. */
  readonly concurrency: number;
  /** Ends it, when the points under way are done. */
  readonly signal: AbortSignal;
  readonly say: Say;
}

/** @throws RedisError when the server cannot be used at the start. */
export async function serveSweeps(url: string, options: RedisWorkerOptions): Promise<void> {
  const client = await connectRedis(url, options.say);
  const { concurrency, signal, say } = options;
  say(`waits for sweeps at ${shownUrl(url)}, to measure ${concurrency} of their points at once`);
  const worker = new RedisWorker(client, options);
  const over = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    while (!signal.aborted) {
      await Promise.race([worker.look(), over]);
      await Promise.race([pause(LOOK_MS), over]);
    }
  } finally {
    await worker.close();
  }
}

class RedisWorker {
  readonly client: Redis;
  readonly concurrency: number;
  private readonly say: Say;
  readonly name = workerName();
  private readonly build: Build = ownBuild();
  readonly threads: PointThreads;
  /** Sweeps it takes part in; undefined of those it refuses. */
  private readonly parts = new Map<string, Part | undefined>();

  constructor(client: Redis, { concurrency, say }: RedisWorkerOptions) {
    this.client = client;
    this.concurrency = concurrency;
    this.say = say;
    this.threads = new PointThreads(concurrency);
  }

  /** Takes part in what is new, and leaves what is over. */
  async look(): Promise<void> {
    const runs = await this.client.smembers(RUNS);
    for (const run of this.parts.keys()) if (!runs.includes(run)) await this.leave(run);
    for (const run of runs) {
      const text = await this.client.get(offerOf(run));
      if (text === null) await this.sweepAway(run);
      else if (!this.parts.has(run)) await this.join(run, text);
    }
  }

  private async join(run: string, text: string): Promise<void> {
    try {
      const offer = readOffer(text, this.build);
      this.say(`measures points of ${shown(offer.plan.title)}`);
      this.parts.set(run, new Part(run, offer, this));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.parts.set(run, undefined);
      this.say(`takes no part in a sweep: ${error.message}`);
      await this.client.hset(refusalsOf(run), this.name, error.message);
      await this.client.pexpire(refusalsOf(run), LEASE_MS);
    }
  }

  /** Removes what a sweep has left that ended without a word. */
  private async sweepAway(run: string): Promise<void> {
    await this.leave(run);
    const options = { connection: this.client, prefix: PREFIX, skipMetasUpdate: true };
    const queue = new Queue(queueOf(run), options);
    queue.on('error', () => {});
    await queue.obliterate({ force: true });
    await queue.close();
    await this.client.del(refusalsOf(run));
    await this.client.srem(RUNS, run);
  }

  private async leave(run: string): Promise<void> {
    const part = this.parts.get(run);
    this.parts.delete(run);
    if (part === undefined) return;
    await part.end(true);
    await this.forget(run);
    this.say(`${shown(part.offer.plan.title)} is over: ${part.measured} of its points were measured here`);
  }

  /**
   * A look for work that crossed the end of its sweep leaves a note about the queue behind (BullMQ keeps how
   * many events a queue may have with it). Nobody looks any more, so none comes after this.
   */
  private async forget(run: string): Promise<void> {
    const { client } = this;
    if (client.status !== 'ready' || (await client.exists(offerOf(run))) > 0) return;
    await client.del(`${PREFIX}:${queueOf(run)}:meta`);
  }

  /** Points under way are done first, where their lines have somewhere to go. */
  async close(): Promise<void> {
    const { client } = this;
    const away = client.status !== 'ready';
    await Promise.all([...this.parts.values()].map((part) => part?.end(away)));
    if (!away) await Promise.all([...this.parts.keys()].map((run) => this.forget(run)));
    await this.threads.close();
    client.disconnect();
  }
}

/** A sweep that this worker takes part in. */
class Part {
  readonly offer: Offer;
  measured = 0;
  private readonly threads: PointThreads;
  private readonly ending = new AbortController();
  private readonly worker: QueueWorker<PointJob, string>;

  constructor(run: string, offer: Offer, { client, name, concurrency, threads }: RedisWorker) {
    this.offer = offer;
    this.threads = threads;
    this.worker = new QueueWorker<PointJob, string>(queueOf(run), (job) => this.measure(job), {
      connection: client,
      prefix: PREFIX,
      name,
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_MS,
      maxStalledCount: LOST_MAX,
    });
    // Outages, which the connection tells of; and points that others have measured or given up meanwhile.
    this.worker.on('error', () => {});
  }

  private async measure({ data }: Job<PointJob, string>): Promise<string> {
    const { plan, profiles, timeoutMs } = this.offer;
    const point: unknown = data?.point;
    if (!Number.isInteger(point) || Number(point) < 0 || Number(point) >= pointCount(plan)) {
      throw new Error(`"point" expected a point of the plan, got ${shown(point)}`);
    }
    const task = { plan, profiles, point: Number(point) };
    const line = await this.threads.lineOf(task, timeoutMs, this.ending.signal);
    if (this.ending.signal.aborted) throw new Error('given up');
    this.measured += 1;
    return line;
  }

  /** @param now gives up the points under way. */
  async end(now: boolean): Promise<void> {
    if (now) this.ending.abort();
    await this.worker.close(now);
  }
}
