/**
 * How many wait for something, how often a wait has begun, and for how long all of them have waited: an
 * episode each, however often they ask again. It also says how often and how long anybody at all waited. The
 * figures lie in shared memory as those of a `PoolMeter` do, and are as exact.
 */
import type { MeterClock } from './pool-meter.ts';

/** Waits, as episodes. Times of those that wait at once add up. */
export interface Stall {
  readonly episodes: number;
  readonly ns: number;
}

const WAITING = 0;
const EPISODES = 1;
/** Waiters times nanoseconds, up to the last change; and nanoseconds in which there was one at least. */
const WAITED_NS = 2;
const ANY_EPISODES = 3;
const ANY_NS = 4;
const CHANGED_NS = 5;
const ORIGIN_NS = 6;

/** Doubles of one meter. */
export const WAIT_FIELDS = 7;

export class WaitMeter {
  private readonly fields: Float64Array;
  private clock: MeterClock = { nowNs: 0, originNs: 0 };

  /** @param fields WAIT_FIELDS doubles; its own where absent. */
  constructor(fields: Float64Array = new Float64Array(WAIT_FIELDS)) {
    this.fields = fields;
  }

  /** Nobody waits yet. Only the side that tells it of waits calls this. */
  start(clock: MeterClock): void {
    this.clock = clock;
    this.fields.fill(0);
    this.fields[CHANGED_NS] = clock.nowNs;
    this.fields[ORIGIN_NS] = clock.originNs;
  }

  /** Measures anew: those that wait now count once, from now on. */
  restart(): void {
    const { fields } = this;
    fields[EPISODES] = fields[WAITING];
    fields[ANY_EPISODES] = fields[WAITING] > 0 ? 1 : 0;
    fields[WAITED_NS] = fields[ANY_NS] = 0;
    fields[CHANGED_NS] = this.clock.nowNs;
  }

  /** One more waits. */
  begin(): void {
    const { fields } = this;
    this.pass();
    fields[EPISODES] += 1;
    if (fields[WAITING] === 0) fields[ANY_EPISODES] += 1;
    fields[WAITING] += 1;
  }

  /** One that waited has what it waited for, or has given up. */
  end(): void {
    this.pass();
    this.fields[WAITING] -= 1;
  }

  /** All waits. @param clock the reader's, which may be another thread's than the writer's. */
  waits(clock: MeterClock): Stall {
    const { fields } = this;
    return { episodes: fields[EPISODES], ns: fields[WAITED_NS] + fields[WAITING] * this.sinceNs(clock) };
  }

  /** The spells in which anybody waited. @param clock as of `waits`. */
  spells(clock: MeterClock): Stall {
    const { fields } = this;
    const lastingNs = fields[WAITING] > 0 ? this.sinceNs(clock) : 0;
    return { episodes: fields[ANY_EPISODES], ns: fields[ANY_NS] + lastingNs };
  }

  private sinceNs({ nowNs, originNs }: MeterClock): number {
    return Math.max(0, nowNs + originNs - this.fields[ORIGIN_NS] - this.fields[CHANGED_NS]);
  }

  private pass(): void {
    const { fields } = this;
    const passedNs = this.clock.nowNs - fields[CHANGED_NS];
    fields[WAITED_NS] += fields[WAITING] * passedNs;
    if (fields[WAITING] > 0) fields[ANY_NS] += passedNs;
    fields[CHANGED_NS] = this.clock.nowNs;
  }
}
