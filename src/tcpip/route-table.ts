/** Routes beside the ports' own subnets, the longest prefix first, so that the first that fits is the one. */
import { assert } from '../assert/assert.ts';

/** Routes there can be: a host's few, not a router's many. */
export const ROUTES_MAX = 64;

/** The network mask of a prefix length, 0 to 32. */
export function maskOf(prefixLength: number): number {
  assert(prefixLength >= 0 && prefixLength <= 32, 'routes: a prefix has 0 to 32 bits');
  return prefixLength === 0 ? 0 : (-1 << (32 - prefixLength)) | 0;
}

export class RouteTable {
  readonly to = new Int32Array(ROUTES_MAX);
  readonly mask = new Int32Array(ROUTES_MAX);
  /** Next hop; 0: the destination itself. */
  readonly via = new Int32Array(ROUTES_MAX);
  readonly port = new Int32Array(ROUTES_MAX);
  count = 0;

  /** @returns the place of the route that a destination has; -1: none. */
  find(destination: number): number {
    for (let at = 0; at < this.count; at++) {
      if (((destination ^ this.to[at]) & this.mask[at]) === 0) return at;
    }
    return -1;
  }

  /** @param to with nothing beyond its prefix. @returns false when the table is full. */
  put(to: number, prefixLength: number, via: number, port: number): boolean {
    const mask = maskOf(prefixLength);
    assert((to & ~mask) === 0, 'routes: a route is for a prefix, and nothing beyond it');
    let at = this.placeOf(to, mask);
    if (at < 0) {
      if (this.count === ROUTES_MAX) return false;
      at = this.count;
      while (at > 0 && this.mask[at - 1] >>> 0 < mask >>> 0) at -= 1;
      for (let i = this.count; i > at; i--) this.move(i - 1, i);
      this.count += 1;
    }
    this.to[at] = to;
    this.mask[at] = mask;
    this.via[at] = via;
    this.port[at] = port;
    return true;
  }

  /** @returns false where there is no such route. */
  remove(to: number, prefixLength: number): boolean {
    const at = this.placeOf(to, maskOf(prefixLength));
    if (at < 0) return false;
    this.count -= 1;
    for (let i = at; i < this.count; i++) this.move(i + 1, i);
    return true;
  }

  private placeOf(to: number, mask: number): number {
    for (let at = 0; at < this.count; at++) if (this.to[at] === to && this.mask[at] === mask) return at;
    return -1;
  }

  private move(from: number, to: number): void {
    assert(Math.abs(from - to) === 1, 'routes: a route moves by one place');
    for (const column of [this.to, this.mask, this.via, this.port]) column[to] = column[from];
  }
}
