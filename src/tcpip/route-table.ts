/**
 * Routes beside the ports' own subnets, the longest prefix first and of one prefix the lowest metric, so that
 * the first that fits is the one.
 */
import { assert } from '../assert/assert.ts';

/** Routes there can be: a host's few, not a router's many. */
export const ROUTES_MAX = 64;

/** The network mask of a prefix length, 0 to 32. */
export function maskOf(prefixLength: number): number {
  assert(prefixLength >= 0 && prefixLength <= 32, 'routes: a prefix has 0 to 32 bits');
  return prefixLength === 0 ? 0 : (-1 << (32 - prefixLength)) | 0;
}

/** What a route says of the packets that go by it, by the names of Linux's `ip route`; 0 or none: nothing. */
export interface RouteMetrics {
  /** Of routes of one prefix the lowest is taken. */
  readonly metric?: number;
  /** The largest packet in bytes; where the port's is less, that. */
  readonly mtu?: number;
  /** 1: that is what packets to it have, whatever routers say, and they may be cut on their way (`mtu lock`). */
  readonly mtu_lock?: number;
  /** The MSS that a SYN says at most, in bytes. */
  readonly advmss?: number;
  /** Segments that a connection sends before the first acknowledgement. */
  readonly initcwnd?: number;
  /** Segments that its first window holds at most. */
  readonly initrwnd?: number;
  /** Its least retransmission time-out, over the mean round trip, in milliseconds. */
  readonly rto_min?: number;
}

/** A route as `ip route` shows it. */
export interface RouteEntry {
  readonly to: number;
  readonly prefixLength: number;
  /** The next hop; 0: the destination itself. */
  readonly via: number;
  readonly port: number;
  /** Of a port's own subnet: its address; else 0. */
  readonly source: number;
  /** What it says of packets; absent: nothing. */
  readonly metrics: RouteMetrics;
}

/** Least and most of each, where it is said. */
const METRICS: Readonly<Record<keyof RouteMetrics, readonly [number, number]>> = {
  metric: [0, 0x7fff_ffff],
  mtu: [68, 65535],
  mtu_lock: [0, 1],
  advmss: [48, 65495],
  initcwnd: [1, 1000],
  initrwnd: [1, 1000],
  rto_min: [1, 120_000],
};

/** Whether each that is said lies in its range. */
export function areMetricsGood(metrics: RouteMetrics): boolean {
  return Object.entries(METRICS).every(([name, [least, most]]) => {
    const value = metrics[name as keyof RouteMetrics] ?? 0;
    return value === 0 || (Number.isInteger(value) && value >= least && value <= most);
  });
}

export class RouteTable {
  readonly to = new Int32Array(ROUTES_MAX);
  readonly mask = new Int32Array(ROUTES_MAX);
  /** Next hop; 0: the destination itself. */
  readonly via = new Int32Array(ROUTES_MAX);
  readonly port = new Int32Array(ROUTES_MAX);
  readonly metric = new Int32Array(ROUTES_MAX);
  readonly mtu = new Int32Array(ROUTES_MAX);
  readonly mtu_lock = new Int32Array(ROUTES_MAX);
  readonly advmss = new Int32Array(ROUTES_MAX);
  readonly initcwnd = new Int32Array(ROUTES_MAX);
  readonly initrwnd = new Int32Array(ROUTES_MAX);
  readonly rto_min = new Int32Array(ROUTES_MAX);
  count = 0;
  /** Whether a route says anything beside its metric. */
  hasMetrics = false;

  /** @returns the place of the route that a destination has; -1: none. */
  find(destination: number): number {
    for (let at = 0; at < this.count; at++) {
      if (((destination ^ this.to[at]) & this.mask[at]) === 0) return at;
    }
    return -1;
  }

  /**
   * Adds a route, or changes the one of its prefix and metric.
   * @param to with nothing beyond its prefix. @returns false when the table is full.
   */
  put(to: number, prefixLength: number, via: number, port: number, metrics: RouteMetrics = {}): boolean {
    const mask = maskOf(prefixLength);
    assert((to & ~mask) === 0, 'routes: a route is for a prefix, and nothing beyond it');
    const metric = metrics.metric ?? 0;
    let at = this.placeOf(to, mask, metric);
    if (at < 0) {
      if (this.count === ROUTES_MAX) return false;
      at = this.count;
      while (at > 0 && this.isAfter(at - 1, mask, metric)) at -= 1;
      for (let i = this.count; i > at; i--) this.move(i - 1, i);
      this.count += 1;
    }
    this.to[at] = to;
    this.mask[at] = mask;
    this.via[at] = via;
    this.port[at] = port;
    this.metric[at] = metric;
    this.mtu[at] = metrics.mtu ?? 0;
    this.mtu_lock[at] = metrics.mtu_lock ?? 0;
    this.advmss[at] = metrics.advmss ?? 0;
    this.initcwnd[at] = metrics.initcwnd ?? 0;
    this.initrwnd[at] = metrics.initrwnd ?? 0;
    this.rto_min[at] = metrics.rto_min ?? 0;
    const isInOrder = at === 0 || !this.isAfter(at - 1, mask, metric);
    assert(isInOrder, 'routes: of one prefix the lowest metric comes first');
    this.noteMetrics();
    return true;
  }

  /** @param metric of the route; -1: the lowest of its prefix. @returns false where there is no such route. */
  remove(to: number, prefixLength: number, metric = -1): boolean {
    const at = this.placeOf(to, maskOf(prefixLength), metric);
    if (at < 0) return false;
    assert(this.count > 0, 'routes: a route that is taken away was counted');
    this.count -= 1;
    for (let i = at; i < this.count; i++) this.move(i + 1, i);
    this.noteMetrics();
    return true;
  }

  /** All routes, in the order in which they are tried. */
  list(): RouteEntry[] {
    const { metric, mtu, mtu_lock, advmss, initcwnd, initrwnd, rto_min } = this;
    const columns = Object.entries({ metric, mtu, mtu_lock, advmss, initcwnd, initrwnd, rto_min });
    return Array.from({ length: this.count }, (_, at) => ({
      to: this.to[at],
      prefixLength: Math.clz32(~this.mask[at]),
      via: this.via[at],
      port: this.port[at],
      source: 0,
      metrics: Object.fromEntries(
        columns.flatMap(([name, values]) => (values[at] === 0 ? [] : [[name, values[at]]])),
      ),
    }));
  }

  /** @param metric -1: any. */
  private placeOf(to: number, mask: number, metric: number): number {
    for (let at = 0; at < this.count; at++) {
      const isPrefix = this.to[at] === to && this.mask[at] === mask;
      if (isPrefix && (metric < 0 || this.metric[at] === metric)) return at;
    }
    return -1;
  }

  /** Whether the route at a place comes after one of such a mask and metric. */
  private isAfter(at: number, mask: number, metric: number): boolean {
    const other = this.mask[at];
    return other === mask ? this.metric[at] > metric : other >>> 0 < mask >>> 0;
  }

  private noteMetrics(): void {
    const { mtu, advmss, initcwnd, initrwnd, rto_min: rtoMin } = this;
    this.hasMetrics = false;
    for (let at = 0; at < this.count; at++) {
      if ((mtu[at] | advmss[at] | initcwnd[at] | initrwnd[at] | rtoMin[at]) !== 0) this.hasMetrics = true;
    }
  }

  private move(from: number, to: number): void {
    assert(Math.abs(from - to) === 1, 'routes: a route moves by one place');
    const ways = [this.to, this.mask, this.via, this.port, this.metric];
    const metrics = [this.mtu, this.mtu_lock, this.advmss, this.initcwnd, this.initrwnd, this.rto_min];
    for (const column of [...ways, ...metrics]) column[to] = column[from];
  }
}
