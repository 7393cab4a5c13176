/**
 * The entries of the neighbour table: which hardware address a next hop has, and behind which port it is.
 *
 * Entry 0 is ourselves, entry 1 the broadcast address; both are always ready. The others are a small hash
 * table with a bounded probe: a new neighbour takes a free entry or the place of one that has failed, else of
 * the one that expires first. So whoever keeps an entry's number must compare its `address` again before use.
 * How many there are, and for how long, has bounds by Linux's names (gc_thresh1 to 3, gc_stale_time).
 */
import { assert } from '../../assert/assert.ts';
import type { Environment } from '../environment.ts';
import type { Routes } from '../route.ts';
import { before, hasPassed } from '../seq.ts';
import { NeighbourTimes, NUD_FAILED, NUD_NONE, NUD_PERMANENT, NUD_TIMED } from './neighbour-states.ts';

export const NEIGHBOUR_SELF = 0;
export const NEIGHBOUR_BROADCAST = 1;
/** The first entry of the hash table. */
export const FIRST = 2;

/** Entries that one address may be in. */
const PROBE_MAX = 8;
/** For so long after it was learnt an entry makes no room while others can (Linux's neigh_forced_gc). */
const SPARED_MS = 5000;

export abstract class NeighbourEntries {
  /** Next-hop address of each entry. */
  readonly address: Int32Array;
  readonly macHigh: Int32Array;
  readonly macLow: Int32Array;
  /** The port behind which each entry's neighbour is. */
  readonly port: Uint8Array;
  protected readonly state: Uint8Array;
  /**
   * In milliseconds: INCOMPLETE and PROBE: when the next request is due. DELAY: when it is over. Else when the
   * entry is reachable no longer.
   */
  protected readonly due: Int32Array;
  /** When something has shown last that it is there. */
  protected readonly confirmed: Int32Array;
  /** When its address or state was last learnt. */
  protected readonly updated: Int32Array;
  /** When something was last to be sent to it. */
  protected readonly used: Int32Array;
  /** Entries in use, those among them that are to be forgotten when somebody looks. */
  protected entryCount = 0;
  protected readonly times: NeighbourTimes;
  protected readonly environment: Environment;
  protected readonly routes: Routes;
  protected readonly mask: number;

  constructor(environment: Environment, routes: Routes) {
    this.environment = environment;
    this.routes = routes;
    let size = 16;
    while (size < environment.config.neighboursMax) size *= 2;
    this.mask = size - 1;
    const count = size + FIRST;
    this.address = new Int32Array(count);
    this.macHigh = new Int32Array(count);
    this.macLow = new Int32Array(count);
    this.port = new Uint8Array(count);
    this.state = new Uint8Array(count);
    this.due = new Int32Array(count);
    this.confirmed = new Int32Array(count);
    this.updated = new Int32Array(count);
    this.used = new Int32Array(count);
    this.times = new NeighbourTimes(environment.config);
    const { ports } = environment;
    this.macHigh[NEIGHBOUR_SELF] = ports[routes.loopbackPort].macHigh;
    this.macLow[NEIGHBOUR_SELF] = ports[routes.loopbackPort].macLow;
    this.port[NEIGHBOUR_SELF] = routes.loopbackPort;
    this.macHigh[NEIGHBOUR_BROADCAST] = 0xffff;
    this.macLow[NEIGHBOUR_BROADCAST] = -1;
    this.address[NEIGHBOUR_BROADCAST] = -1;
    this.state[NEIGHBOUR_SELF] = NUD_PERMANENT;
    this.state[NEIGHBOUR_BROADCAST] = NUD_PERMANENT;
  }

  protected find(nextHop: number): number {
    const start = this.hash(nextHop);
    for (let i = 0; i < PROBE_MAX; i++) {
      const entry = FIRST + ((start + i) & this.mask);
      if (this.address[entry] !== nextHop || this.state[entry] === NUD_NONE) continue;
      if (!this.isForgotten(entry)) return entry;
      this.state[entry] = NUD_NONE;
      this.entryCount -= 1;
      assert(this.entryCount >= 0, 'neighbours: an entry that is forgotten was counted');
      return -1;
    }
    return -1;
  }

  /**
   * Whether nobody has had to do with an entry for so long that it is as if it were not there. Linux goes through
   * its table for these from time to time; here they are seen when somebody looks, so that no timer runs for them.
   */
  protected isForgotten(entry: number): boolean {
    const { nowMs, config } = this.environment;
    if (this.entryCount <= config.neighboursKept || (this.state[entry] & NUD_TIMED) !== 0) return false;
    const { staleMs } = this.times;
    const isIn = (since: number) => !hasPassed(nowMs, since, staleMs);
    return this.state[entry] === NUD_FAILED || !(isIn(this.used[entry]) || isIn(this.confirmed[entry]));
  }

  /**
   * A free entry for a next hop, or one that has failed; else the one that expires first of those no timer
   * runs for; else any, which is given up. Where there are many already, one that has not been heard of for a
   * while goes before a free one.
   */
  protected choose(nextHop: number): number {
    const { nowMs, config } = this.environment;
    const start = this.hash(nextHop);
    const isMany = this.entryCount >= config.neighboursSoftMax;
    let best = FIRST + start;
    let bestRank = 4;
    let free = -1;
    for (let i = 0; i < PROBE_MAX; i++) {
      const entry = FIRST + ((start + i) & this.mask);
      const state = this.state[entry];
      if (state === NUD_NONE) {
        free = entry;
        if (isMany) continue;
        break;
      }
      const isOld = hasPassed(nowMs, this.updated[entry], SPARED_MS);
      const rank = state === NUD_FAILED ? 0 : (state & NUD_TIMED) !== 0 ? 3 : isOld ? 1 : 2;
      if (rank > bestRank || (rank === bestRank && !before(this.due[entry], this.due[best]))) continue;
      best = entry;
      bestRank = rank;
    }
    if (free >= 0 && !(isMany && bestRank <= 1)) {
      this.entryCount += 1;
      this.used[free] = nowMs;
      return free;
    }
    if ((this.state[best] & NUD_TIMED) !== 0) this.giveUp(best);
    this.state[best] = NUD_NONE;
    this.used[best] = nowMs;
    return best;
  }

  protected hash(nextHop: number): number {
    return (Math.imul(nextHop, 0x9e3779b1) >>> 16) & this.mask;
  }

  /** Nobody has answered, or the entry is needed for another: whoever waits for it is told. */
  protected abstract giveUp(entry: number): void;
}
