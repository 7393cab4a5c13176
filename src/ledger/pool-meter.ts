/**
 * How much of a pool is in use over time: least, mean and most, and how often and how long somebody found
 * nothing in it. The figures lie in shared memory beside the ledger's counters, one writer each, so that the
 * host reads those of the card's pools as well.
 *
 * Time is the field of the writer's clock, which costs nothing to read. In virtual time that is exact. A
 * machine's clock is read once a turn, so that live a change has the time of the turn in which it came about:
 * means and stalls are exact to the length of a turn.
 *
 * A buffer in use from one time to another adds their difference to the area below the curve. So a take
 * subtracts its time and a return adds its own, which costs less than to weigh the number in use each time.
 */

/** What is asked of a clock: `Clock` has it. */
export interface MeterClock {
  readonly nowNs: number;
  readonly originNs: number;
}

/** Use of one pool since it was made, or since its meter was last begun anew. */
export interface PoolUse {
  /** Buffers there are. */
  readonly count: number;
  /** Buffers in use: least, time-weighted mean, most. */
  readonly min: number;
  readonly mean: number;
  readonly highWater: number;
  /** How often somebody found nothing, until the next one who found something; and for how long in all. */
  readonly dryEpisodes: number;
  readonly dryNs: number;
}

/** The same, and how many buffers are in use at this moment. */
export interface PoolState extends PoolUse {
  readonly inUse: number;
}

const COUNT = 0;
const IN_USE = 1;
const MIN = 2;
const HIGH_WATER = 3;
/** Times of returns less times of takes: with those in use times now, it is buffers times nanoseconds. */
const BALANCE_NS = 4;
const BEGAN_NS = 5;
const DRY_EPISODES = 6;
const DRY_NS = 7;
/** When the last thing was found: -1 when the pool is not dry. */
const DRY_FROM_NS = 8;
/** Of the writer's clock, so that others can tell its now. */
const ORIGIN_NS = 9;

/** Doubles of one meter. */
export const METER_FIELDS = 10;

const NOT_DRY = -1;

export class PoolMeter {
  private readonly fields: Float64Array;
  private clock: MeterClock = { nowNs: 0, originNs: 0 };

  /** @param fields METER_FIELDS doubles; its own where absent. */
  constructor(fields: Float64Array = new Float64Array(METER_FIELDS)) {
    this.fields = fields;
  }

  /** The pool is made. Only its owner calls this; before it, changes are told at no time. */
  start(clock: MeterClock, count: number, inUse: number): void {
    this.clock = clock;
    this.fields[COUNT] = count;
    this.fields[IN_USE] = inUse;
    this.fields[ORIGIN_NS] = clock.originNs;
    this.fields[DRY_FROM_NS] = NOT_DRY;
    this.begin();
  }

  /** Begins to measure anew, at what is in use now. */
  begin(): void {
    const { fields } = this;
    const { nowNs } = this.clock;
    fields[MIN] = fields[HIGH_WATER] = fields[IN_USE];
    fields[BALANCE_NS] = -fields[IN_USE] * nowNs;
    fields[BEGAN_NS] = nowNs;
    fields[DRY_EPISODES] = fields[DRY_FROM_NS] < 0 ? 0 : 1;
    fields[DRY_NS] = 0;
    if (fields[DRY_FROM_NS] >= 0) fields[DRY_FROM_NS] = nowNs;
  }

  /** One more is in use. // Hot path: 5 loads, 2 stores, 2 sums, 2 compares. */
  took(): void {
    const { fields } = this;
    if (fields[DRY_FROM_NS] >= 0) this.endDry();
    fields[BALANCE_NS] -= this.clock.nowNs;
    const inUse = fields[IN_USE] + 1;
    fields[IN_USE] = inUse;
    if (inUse > fields[HIGH_WATER]) fields[HIGH_WATER] = inUse;
  }

  /** One is in use no more. // Hot path: 4 loads, 2 stores, 2 sums, a compare. */
  gave(): void {
    const { fields } = this;
    fields[BALANCE_NS] += this.clock.nowNs;
    const inUse = fields[IN_USE] - 1;
    fields[IN_USE] = inUse;
    if (inUse < fields[MIN]) fields[MIN] = inUse;
  }

  /** So many are in use from now on. */
  set(inUse: number): void {
    const { fields } = this;
    fields[BALANCE_NS] += (fields[IN_USE] - inUse) * this.clock.nowNs;
    fields[IN_USE] = inUse;
    if (inUse > fields[HIGH_WATER]) fields[HIGH_WATER] = inUse;
    if (inUse < fields[MIN]) fields[MIN] = inUse;
  }

  /** Somebody found nothing. @returns whether an episode begins with that. */
  refused(): boolean {
    const { fields } = this;
    if (fields[DRY_FROM_NS] >= 0) return false;
    fields[DRY_FROM_NS] = this.clock.nowNs;
    fields[DRY_EPISODES] += 1;
    return true;
  }

  /**
   * Somebody found something, where `took` does not say so. // Hot path: a load and a compare.
   * @returns whether that ends an episode.
   */
  served(): boolean {
    return this.fields[DRY_FROM_NS] >= 0 && this.endDry();
  }

  private endDry(): boolean {
    const { fields } = this;
    fields[DRY_NS] += Math.max(0, this.clock.nowNs - fields[DRY_FROM_NS]);
    fields[DRY_FROM_NS] = NOT_DRY;
    return true;
  }

  get inUse(): number {
    return this.fields[IN_USE];
  }

  /** @param clock the reader's, which may be another thread's than the writer's. */
  use(clock: MeterClock): PoolState {
    const { fields } = this;
    const nowNs = clock.nowNs + clock.originNs - fields[ORIGIN_NS];
    const spanNs = nowNs - fields[BEGAN_NS];
    const usedNs = fields[IN_USE] * nowNs + fields[BALANCE_NS];
    const mean = spanNs > 0 ? usedNs / spanNs : fields[IN_USE];
    const dryFromNs = fields[DRY_FROM_NS];
    return {
      count: fields[COUNT],
      inUse: fields[IN_USE],
      min: fields[MIN],
      // A writer that works may be ahead of whoever reads.
      mean: Math.min(Math.max(mean, fields[MIN]), fields[HIGH_WATER]),
      highWater: fields[HIGH_WATER],
      dryEpisodes: fields[DRY_EPISODES],
      dryNs: fields[DRY_NS] + (dryFromNs < 0 ? 0 : Math.max(0, nowNs - dryFromNs)),
    };
  }
}
