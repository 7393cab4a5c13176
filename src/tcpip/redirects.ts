/**
 * Hosts that a gateway has said are reached by another one (RFC 1122 §3.2.2.2), for a while: the gateway will
 * say so again. The table is small and forgets the oldest; who is not in it goes by the gateway as before.
 */
import { assert } from '../assert/assert.ts';
import { before, hasPassed } from './seq.ts';

/** Hosts at once. */
const HOSTS_MAX = 64;
/** For so long a redirect is followed (Linux ip_rt_gc_timeout). */
const FOLLOWED_MS = 300_000;

export class Redirects {
  private readonly host = new Int32Array(HOSTS_MAX);
  /** The gateway to go by; 0: the place is free. */
  private readonly via = new Int32Array(HOSTS_MAX);
  private readonly atMs = new Int32Array(HOSTS_MAX);
  /** Places that are taken: nobody is looked for where there is none. */
  count = 0;

  put(host: number, via: number, nowMs: number): void {
    assert(via !== 0, 'redirects: a host is reached by a gateway');
    let place = 0;
    for (let at = 0; at < HOSTS_MAX; at++) {
      if (this.via[at] !== 0 && this.host[at] === host) {
        place = at;
        break;
      }
      const isOlder = this.via[place] !== 0 && before(this.atMs[at], this.atMs[place]);
      if (this.via[place] !== 0 && (this.via[at] === 0 || isOlder)) place = at;
    }
    if (this.via[place] === 0) this.count += 1;
    this.host[place] = host;
    this.via[place] = via;
    this.atMs[place] = nowMs;
  }

  /** @returns the gateway to go by; 0: none was said, or too long ago. */
  find(host: number, nowMs: number): number {
    for (let at = 0; at < HOSTS_MAX; at++) {
      if (this.via[at] === 0 || this.host[at] !== host) continue;
      if (!hasPassed(nowMs, this.atMs[at], FOLLOWED_MS)) return this.via[at];
      this.free(at);
    }
    return 0;
  }

  /** A gateway does not answer: nobody is reached by it. @returns whether anybody was. */
  forget(via: number): boolean {
    const had = this.count;
    assert(via !== 0, 'redirects: a gateway that does not answer has an address');
    for (let at = 0; at < HOSTS_MAX; at++) if (this.via[at] !== 0 && this.via[at] === via) this.free(at);
    return this.count !== had;
  }

  clear(): void {
    this.via.fill(0);
    this.count = 0;
  }

  private free(at: number): void {
    this.via[at] = 0;
    this.count -= 1;
    assert(this.count >= 0, 'redirects: the places that are taken are counted');
  }
}
