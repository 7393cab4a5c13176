/**
 * What a program does beside its calls. A closed loop waits for each answer, thinks, and asks again: it
 * offers less as soon as its server is slow. In an open loop requests arrive by a clock that knows nothing of
 * the server; one that finds no connection free waits, and its latency counts from its arrival, so that no
 * slow spell hides by keeping requests away (coordinated omission).
 */
import { NEVER } from '../time/agent.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';

export const SPREADS = ['constant', 'exponential'] as const;

/** How a workload is paced; all zero: as fast as it goes. */
export interface Pace {
  /** Mean time between an answer and the connection's next request, in nanoseconds; of a closed loop. */
  readonly thinkNs: number;
  /** Mean time between two arrivals at all of a client's connections, in nanoseconds; 0: a closed loop. */
  readonly arrivalNs: number;
  /** Mean processor time that a server spends on a request, in nanoseconds. */
  readonly serviceNs: number;
  /** Whether each of these times is the mean or drawn around it: exponential arrivals are Poisson. */
  readonly spread: (typeof SPREADS)[number];
}

export const UNPACED: Pace = { thinkNs: 0, arrivalNs: 0, serviceNs: 0, spread: 'constant' };

/** What `begin` answers when no request is due. */
export const NOT_YET = -1;

/** @returns a time with this mean. */
export function draw(meanNs: number, { spread }: Pace, random: Random): number {
  return spread === 'constant' ? meanNs : -Math.log(1 - random.nextFloat()) * meanNs;
}

/** When a client's connections may begin their next request. */
export class Pacing {
  private readonly pace: Pace;
  private readonly random: Random;
  private readonly clock: Clock;
  /** Of a closed loop: when each has thought; -1: never yet; `NEVER` while it waits for its answer. */
  private readonly readyNs: Float64Array;
  /** Of an open loop: the oldest arrival that no connection has taken; -1 before the first. */
  private arrivedNs = -1;

  constructor(pace: Pace, connections: number, random: Random, clock: Clock) {
    this.pace = pace;
    this.random = random;
    this.clock = clock;
    this.readyNs = new Float64Array(connections).fill(-1);
  }

  /** Whether a free connection has a request to send. @returns since when, in clock nanoseconds; NOT_YET. */
  begin(connection: number): number {
    const { clock, pace } = this;
    const { nowNs } = clock;
    if (pace.arrivalNs === 0) {
      const readyNs = this.readyNs[connection];
      if (readyNs > nowNs) return NOT_YET;
      this.readyNs[connection] = NEVER;
      // What keeps its client from it until now is a part of its latency; a first one has not waited.
      return readyNs < 0 ? nowNs : readyNs;
    }
    if (this.arrivedNs < 0) this.arrivedNs = nowNs + draw(pace.arrivalNs, pace, this.random);
    const arrivedNs = this.arrivedNs;
    if (arrivedNs > nowNs) return NOT_YET;
    this.arrivedNs = arrivedNs + draw(pace.arrivalNs, pace, this.random);
    return arrivedNs;
  }

  /** A connection has its answer. */
  completed(connection: number): void {
    if (this.pace.arrivalNs > 0) return;
    // It thinks from now on, and not from when its client's turn began.
    this.clock.update();
    this.readyNs[connection] = this.clock.nowNs + draw(this.pace.thinkNs, this.pace, this.random);
  }

  /** A request that was begun came to nothing: it is made again, as if it were the connection's first. */
  again(connection: number): void {
    this.readyNs[connection] = -1;
  }

  /** When the next request is due, in clock nanoseconds; `NEVER` when that is not a matter of time. */
  nextNs(): number {
    const { nowNs } = this.clock;
    if (this.pace.arrivalNs > 0) return this.arrivedNs > nowNs ? this.arrivedNs : NEVER;
    let nextNs = NEVER;
    for (let i = 0; i < this.readyNs.length; i++) {
      if (this.readyNs[i] > nowNs && this.readyNs[i] < nextNs) nextNs = this.readyNs[i];
    }
    return nextNs;
  }
}

/** Whether requests come without regard to answers. */
export function isOpenLoop(pace: Pace | undefined): boolean {
  return pace !== undefined && pace.arrivalNs > 0;
}

/** What a client of this pace needs; undefined for one that goes as fast as it can. */
export function pacingOf(
  pace: Pace | undefined,
  connections: number,
  random: Random | undefined,
  clock: Clock,
): Pacing | undefined {
  if (pace === undefined || random === undefined) return undefined;
  return pace.thinkNs > 0 || pace.arrivalNs > 0 ? new Pacing(pace, connections, random, clock) : undefined;
}
