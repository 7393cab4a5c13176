/**
 * The states of a neighbour, by the names and numbers of Linux's (linux/neighbour.h; RFC 4861 §7.3.2 has them
 * for IPv6, and Linux for IPv4 too), and how long each lasts.
 */
import { assert } from '../../assert/assert.ts';
import { Random } from '../../time/random.ts';
import type { StackConfig } from '../config.ts';

/** The entry is free. */
export const NUD_NONE = 0;
/** It has been asked for, and has not answered: what is sent waits. */
export const NUD_INCOMPLETE = 0x01;
/** It has answered, or TCP has got on with it, not long ago. */
export const NUD_REACHABLE = 0x02;
/** Its address is known, but not whether it is there still. It is used all the same, and then looked after. */
export const NUD_STALE = 0x04;
/** It is in use: whatever uses it may show that it is there. */
export const NUD_DELAY = 0x08;
/** Nothing has shown it: it is asked itself. */
export const NUD_PROBE = 0x10;
/** It has not answered. The next packet asks anew. */
export const NUD_FAILED = 0x20;
/** Ourselves, and everybody. */
export const NUD_PERMANENT = 0x80;

/** Those in which a timer runs. */
export const NUD_TIMED = NUD_INCOMPLETE | NUD_DELAY | NUD_PROBE;
/** Those in which a packet may go, but for REACHABLE, whose time may be over. */
export const NUD_USABLE = NUD_DELAY | NUD_PROBE | NUD_PERMANENT;

const NAMES: ReadonlyMap<number, string> = new Map([
  [NUD_NONE, 'NONE'],
  [NUD_INCOMPLETE, 'INCOMPLETE'],
  [NUD_REACHABLE, 'REACHABLE'],
  [NUD_STALE, 'STALE'],
  [NUD_DELAY, 'DELAY'],
  [NUD_PROBE, 'PROBE'],
  [NUD_FAILED, 'FAILED'],
  [NUD_PERMANENT, 'PERMANENT'],
]);

/** As `ip neigh` names it. */
export function neighbourStateName(state: number): string {
  const name = NAMES.get(state);
  assert(name !== undefined, 'neighbours: an entry is in a state that has a name');
  return name;
}

/** A neighbour as `ip neigh` shows it. */
export interface NeighbourEntry {
  readonly address: number;
  /** The upper 16 and the lower 32 bits of its hardware address; 0 where it is not known. */
  readonly macHigh: number;
  readonly macLow: number;
  readonly port: number;
  readonly state: string;
}

const US_PER_MS = 1000;
/** Tells the numbers drawn here from those that others draw of the same seed. */
const RANDOM_MARK = 0x4e55_4421;
/** For so long one random length of REACHABLE serves (RFC 4861 §6.3.4 has it change now and then; Linux's). */
const REDRAW_MS = 300_000;

/** The times of a stack's neighbours, in milliseconds. */
export class NeighbourTimes {
  private readonly config: StackConfig;
  private readonly random: Random;
  private drawnMs = 0;
  private drawnAtMs = 0;

  constructor(config: StackConfig) {
    this.config = config;
    // Numbers of its own, so that what else is drawn does not depend on neighbours.
    this.random = new Random(config.seed ^ RANDOM_MARK);
  }

  get delayMs(): number {
    return Math.ceil(this.config.neighbourDelayUs / US_PER_MS);
  }

  get lockMs(): number {
    return Math.ceil(this.config.neighbourLockUs / US_PER_MS);
  }

  get staleMs(): number {
    return Math.ceil(this.config.neighbourStaleUs / US_PER_MS);
  }

  get retransMs(): number {
    return Math.max(1, Math.ceil(this.config.neighbourRetransUs / US_PER_MS));
  }

  /**
   * How long a neighbour counts as reachable: between half and one and a half of the base (RFC 4861 §6.3.2),
   * so that not all hosts ask at once.
   */
  reachableMs(nowMs: number): number {
    if (this.drawnMs === 0 || ((nowMs - this.drawnAtMs) | 0) >= REDRAW_MS) {
      const baseMs = Math.max(1, Math.ceil(this.config.neighbourReachableUs / US_PER_MS));
      this.drawnMs = Math.max(1, (baseMs >> 1) + this.random.below(baseMs));
      assert(this.drawnMs <= 2 * baseMs, 'neighbours: reachable is one for so long as was set, more or less');
      this.drawnAtMs = nowMs;
    }
    return this.drawnMs;
  }
}
