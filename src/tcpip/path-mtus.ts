/**
 * What routers have said of the ways to hosts: how large a packet each carries (RFC 1191 §3). It is known for
 * a while, since the way may change (§6.3): then the packets are as large as the port sends them again, until
 * a router complains. The table is small and forgets; who is not in it finds out again.
 */
import { assert } from '../assert/assert.ts';
import { before, hasPassed } from './seq.ts';

/** Hosts that are remembered: sets of four, in which the one longest known gives way. */
const SETS = 64;
const WAYS = 4;

export class PathMtus {
  private readonly host = new Int32Array(SETS * WAYS);
  /** 0: the place is free. */
  private readonly mtu = new Int32Array(SETS * WAYS);
  private readonly atMs = new Int32Array(SETS * WAYS);
  private readonly locked = new Uint8Array(SETS * WAYS);
  /** When what `find` has answered became known. */
  foundAtMs = 0;
  /** Whether it is more than a router has named, which is not believed: packets may be cut on their way. */
  foundLocked = false;

  /**
   * It has become known, or said again. @param atMs when, in the stack's milliseconds. @param locked whether less
   * was said.
   */
  note(host: number, mtu: number, atMs: number, locked = false): void {
    assert(mtu > 0, 'path MTUs: a path that is known carries something');
    const first = setOf(host);
    let place = first;
    for (let at = first; at < first + WAYS; at++) {
      if (this.mtu[at] === 0 || this.host[at] === host) {
        place = at;
        break;
      }
      if (before(this.atMs[at], this.atMs[place])) place = at;
    }
    this.host[place] = host;
    this.mtu[place] = mtu;
    this.atMs[place] = atMs;
    this.locked[place] = locked ? 1 : 0;
  }

  /** @param expiresMs for how long it is known. @returns bytes; 0: nothing is known of the host. */
  find(host: number, nowMs: number, expiresMs: number): number {
    assert(expiresMs >= 0, 'path MTUs: what is known is known for a while');
    const first = setOf(host);
    for (let at = first; at < first + WAYS; at++) {
      if (this.mtu[at] === 0 || this.host[at] !== host) continue;
      if (hasPassed(nowMs, this.atMs[at], expiresMs)) {
        this.mtu[at] = 0;
        return 0;
      }
      this.foundAtMs = this.atMs[at];
      this.foundLocked = this.locked[at] !== 0;
      return this.mtu[at];
    }
    return 0;
  }
}

/** The first of a host's places (Knuth's multiplicative hash). */
function setOf(host: number): number {
  return (Math.imul(host, 0x9e3779b1) >>> 26) * WAYS;
}
