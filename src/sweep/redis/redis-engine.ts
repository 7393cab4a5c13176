/** Spreads the points of a plan over workers elsewhere, by a queue of BullMQ on a Redis server. */
import { type Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { pause } from '../../time/timers.ts';
import { uniqueName } from '../../time/unique.ts';
import { shown } from '../../world/config/complaint.ts';
import type { Done, Engine } from '../engine.ts';
import type { SweepPlan } from '../plan.ts';
import { failedPoint } from '../point.ts';
import { profileTexts } from '../profile-texts.ts';
import { readPoint } from '../results.ts';
import { ownBuild } from './build.ts';
import { connectRedis, RedisError, type Say, shownUrl } from './connection.ts';
import {
  jobOf,
  LEASE_MS,
  LOST_MAX,
  type Offer,
  offerOf,
  offerText,
  type PointJob,
  PREFIX,
  queueOf,
  RUNS,
  refusalsOf,
} from './offer.ts';

/** How often it looks for points that are done. */
const LOOK_MS = 150;
/** How often it renews its offer, and looks who is there. */
const CARE_MS = 1000;
/** How many jobs go to or come from Redis at once. */
const AT_ONCE = 1000;
/** What a worker may take to come before the user is told that there is none. */
const PATIENCE_MS = 1000;

export interface RedisEngineOptions {
  readonly timeoutMs: number;
  /** Ends it early: points under way are given up. */
  readonly signal: AbortSignal;
  readonly say: Say;
}

type PointQueue = Queue<PointJob, string>;

export class RedisEngine implements Engine {
  readonly name = 'bullmq';
  private readonly id = uniqueName();
  private readonly plan: SweepPlan;
  private readonly url: string;
  private readonly client: Redis;
  private readonly queue: PointQueue;
  private readonly offer: string;
  private readonly signal: AbortSignal;
  private readonly say: Say;
  private readonly over: Promise<void>;
  /** Points that have no line yet. */
  private readonly missing = new Set<number>();
  private readonly measuredBy = new Set<string>();
  private readonly refused = new Set<string>();
  private there = 0;
  private told = false;

  /** @throws RedisError when the server cannot be used, RangeError for a profile that cannot be read. */
  static async open(plan: SweepPlan, url: string, options: RedisEngineOptions): Promise<RedisEngine> {
    const { timeoutMs } = options;
    const offer: Offer = { build: ownBuild(), plan, profiles: profileTexts(plan), timeoutMs };
    const client = await connectRedis(url, options.say);
    return new RedisEngine(plan, url, client, offer, options);
  }

  private constructor(
    plan: SweepPlan,
    url: string,
    client: Redis,
    offer: Offer,
    { signal, say }: RedisEngineOptions,
  ) {
    this.plan = plan;
    this.url = shownUrl(url);
    this.client = client;
    this.offer = offerText(offer);
    this.signal = signal;
    this.say = say;
    this.over = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    // What it would note about the queue might come after the queue is removed, and stay.
    const queueOptions = { connection: client, prefix: PREFIX, skipMetasUpdate: true };
    this.queue = new Queue(queueOf(this.id), queueOptions);
    // The connection tells of its outages itself, and commands wait for their end.
    this.queue.on('error', () => {});
  }

  get workers(): number {
    return this.measuredBy.size;
  }

  async run(points: readonly number[], done: Done): Promise<void> {
    for (const point of points) this.missing.add(point);
    await Promise.race([this.serve(done), this.over]);
  }

  private async serve(done: Done): Promise<void> {
    const { missing, signal } = this;
    try {
      await this.renew();
      await this.add();
      for (let ms = 0; missing.size > 0 && !signal.aborted; ms += LOOK_MS) {
        if (ms % CARE_MS < LOOK_MS) await this.care(ms);
        if (!(await this.collect(done))) await pause(LOOK_MS);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Error && error.name === 'ReplyError') {
        throw new RedisError(`${this.url}: ${error.message.split('\n')[0]}`);
      }
      throw error;
    }
  }

  /** Makes the run known, or known for longer. */
  private async renew(): Promise<void> {
    await this.client.set(offerOf(this.id), this.offer, 'PX', LEASE_MS);
    await this.client.sadd(RUNS, this.id);
  }

  /** Adds each point that is missing; those that are there already stay as they are. */
  private async add(): Promise<void> {
    const points = [...this.missing];
    for (let at = 0; at < points.length && !this.signal.aborted; at += AT_ONCE) {
      const jobs = points.slice(at, at + AT_ONCE).map((point) => ({
        name: 'point',
        data: { point },
        opts: { jobId: jobOf(point) },
      }));
      await this.queue.addBulk(jobs);
    }
  }

  private async care(ms: number): Promise<void> {
    await this.renew();
    await this.tellRefusals();
    const there = await this.queue.getWorkersCount();
    if (there > 0) {
      if (this.there === 0 && this.told) this.say('a worker is there');
      this.told = false;
    } else if (!this.told && ms >= PATIENCE_MS) {
      this.say(`no worker is there: it waits for one, begun by: npx inic worker --redis ${this.url}`);
      this.told = true;
    }
    this.there = there;
    // A server that was begun anew has forgotten them.
    if (Object.values(await this.queue.getJobCounts()).every((count) => count === 0)) await this.add();
  }

  private async tellRefusals(): Promise<void> {
    for (const [worker, why] of Object.entries(await this.client.hgetall(refusalsOf(this.id)))) {
      if (this.refused.has(worker)) continue;
      this.refused.add(worker);
      this.say(`the worker ${shown(worker).slice(1, -1)} takes no part: ${JSON.stringify(why).slice(1, -1)}`);
    }
  }

  /** @returns whether there were any. */
  private async collect(done: Done): Promise<boolean> {
    const jobs = await this.queue.getJobs(['completed', 'failed'], 0, AT_ONCE - 1);
    const given = jobs.filter((job) => job !== undefined);
    for (const job of given) {
      if (this.signal.aborted) return true;
      const point = Number(job.id?.replace(jobOf(0).slice(0, -1), ''));
      // One that was given to two workers comes once.
      if (!this.missing.delete(point)) continue;
      if (job.processedBy !== undefined) this.measuredBy.add(job.processedBy);
      done(point, this.lineOf(point, job));
    }
    await Promise.all(given.map((job) => this.queue.remove(String(job.id))));
    return given.length > 0;
  }

  private lineOf(point: number, { failedReason, returnvalue }: Job<PointJob, string>): string {
    const failed = (words: string): string => JSON.stringify(failedPoint(this.plan, point, words));
    if (failedReason !== undefined && failedReason !== '') {
      if (/stalled/.test(failedReason)) return failed(`it lost its worker ${LOST_MAX + 1} times`);
      return failed(`its worker failed: ${failedReason}`);
    }
    const line: unknown = returnvalue;
    const result = typeof line === 'string' ? readPoint(this.plan, line) : undefined;
    if (result?.point === point && JSON.stringify(result) === line) return line;
    return failed('its worker gave something else than this point');
  }

  async close(): Promise<void> {
    const { client, queue, id } = this;
    // Away: the offer runs out, and whoever finds that removes the rest.
    if (client.status === 'ready') {
      try {
        await client.srem(RUNS, id);
        await client.del(offerOf(id), refusalsOf(id));
        await queue.obliterate({ force: true });
      } catch {
        // It went away just now.
      }
    }
    client.disconnect();
    await queue.close().catch(() => {});
  }
}
