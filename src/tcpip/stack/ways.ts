/**
 * The ways out of a stack that change while connections stand: routes, what its ports carry, and what paths
 * carry. A connection follows at once: its next segment goes by the new way and obeys the new MTU. One
 * without a way any more keeps what it has, tries again as long as its time-outs let it, and hears of
 * ENETUNREACH in the end. What changes here is told to whoever listens (RFC 1122 §3.3.1, RFC 1191).
 */
import { assert } from '../../assert/assert.ts';
import { ICMP_REDIRECTS_TAKEN } from '../../ledger/counters.gen.ts';
import { EAGAIN, EINVAL, ENOBUFS, ESRCH } from '../../socket/errno.ts';
import type { Neighbours } from '../arp/neighbours.ts';
import type { Environment } from '../environment.ts';
import type { Routes } from '../route.ts';
import { areMetricsGood, type RouteMetrics } from '../route-table.ts';
import { pathNarrowed } from '../tcp/path-narrowed.ts';
import { redirected, rerouted, resized } from '../tcp/rerouted.ts';
import type { TcpTables } from '../tcp/tables.ts';
import { awakeTcb, tellChange, tellSleepers } from '../tcp/wake.ts';

/** A route of a host's table, and what it says of packets, as Linux's `ip route` has it. */
export interface Route extends RouteMetrics {
  /** The hosts it is for: those that have the first bits of an address, an int32. */
  readonly destination: number;
  readonly prefixLength: number;
  /** The next hop; 0: the destination itself, on the port's own wire. */
  readonly via: number;
  readonly port: number;
}

/** Told of what has changed, after it has. */
export interface WaysListener {
  /** @param added false: the route has been taken away. */
  routeChanged(route: Route, added: boolean): void;
  mtuChanged(port: number, mtu: number): void;
  /** A router has said, or somebody else was told, how much the way to a host carries. */
  pathNarrowed(destination: number, mtu: number): void;
}

/** As RFC 791 has it. */
const MTU_MIN = 68;

export class Ways {
  /** Undefined: nobody listens. */
  listener: WaysListener | undefined;
  private readonly environment: Environment;
  private readonly routes: Routes;
  private readonly neighbours: Neighbours;
  private readonly tcp: TcpTables;

  constructor(environment: Environment, routes: Routes, neighbours: Neighbours, tcp: TcpTables) {
    this.environment = environment;
    this.routes = routes;
    this.neighbours = neighbours;
    this.tcp = tcp;
  }

  /** Adds a route, or changes the one of its prefix and metric. @returns 0; EINVAL, ENOBUFS (the table is full). */
  addRoute(route: Route, nowUs: number): number {
    const { routes } = this;
    const { destination, prefixLength, via, port } = route;
    const isPrefix = Number.isInteger(prefixLength) && prefixLength >= 0 && prefixLength <= 32;
    const isPort = Number.isInteger(port) && port >= 0 && routes.hasAddress(port);
    const isHop = via === 0 || (routes.isUnicast(via) && !routes.isOwn(via));
    if (!isPrefix || !isPort || !isHop || (via === 0 && prefixLength === 0)) return EINVAL;
    if (!areMetricsGood(route)) return EINVAL;
    this.environment.setTime(nowUs);
    tellSleepers(this.tcp);
    if (!routes.add(destination | 0, prefixLength, via | 0, port, route)) return ENOBUFS;
    // Of the prefix 0 the first address is no host's.
    const isFound = (destination | 0) === 0 || routes.nextHop(destination | 0) !== 0;
    assert(isFound, 'ways: a route that was added is found');
    this.changed(route, true);
    // Whoever listens is to hear of the next hop too.
    if (via !== 0) this.neighbours.resolve(via | 0);
    return 0;
  }

  /**
   * Takes one away: of prefix length 0 the gateway too.
   * @param metric of the route; -1: the lowest of its prefix. @returns 0; EINVAL, ESRCH (there is none).
   */
  removeRoute(destination: number, prefixLength: number, nowUs: number, metric = -1): number {
    if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > 32) return EINVAL;
    this.environment.setTime(nowUs);
    tellSleepers(this.tcp);
    if (!this.routes.remove(destination | 0, prefixLength, metric)) return ESRCH;
    this.changed({ destination, prefixLength, via: 0, port: 0, metric }, false);
    return 0;
  }

  /**
   * The address of one port is to be found behind another from now on, as after its link has died: the other
   * answers for it, and says so on its wire. @returns 0; EINVAL, EAGAIN (that port is full: it is not said).
   */
  moveAddress(of: number, to: number, nowUs: number): number {
    const { routes } = this;
    if (![of, to].every((port) => Number.isInteger(port) && port >= 0 && routes.hasAddress(port)))
      return EINVAL;
    this.environment.setTime(nowUs);
    const said = this.neighbours.moveAddress(of, to);
    assert(routes.speaksFor(to, routes.addressOf(of)), 'ways: who an address has moved to answers for it');
    return said ? 0 : EAGAIN;
  }

  /** A port sends packets of so many bytes from now on, at most what its device can. @returns 0; EINVAL. */
  setMtu(port: number, mtu: number, nowUs: number): number {
    const { environment } = this;
    const most = environment.ports[port]?.mtu ?? 0;
    if (!Number.isInteger(mtu) || mtu < MTU_MIN || mtu > most) return EINVAL;
    environment.setTime(nowUs);
    tellSleepers(this.tcp);
    environment.mtus[port] = mtu;
    resized(this.tcp, port);
    tellChange(this.tcp, false);
    this.listener?.mtuChanged(port, mtu);
    return 0;
  }

  /** The largest packet that a port sends now. */
  mtuOf(port: number): number {
    assert(
      port >= 0 && port < this.environment.ports.length,
      'ways: an MTU is asked of a port that there is',
    );
    return this.environment.mtus[port];
  }

  /** Somebody was told that the way to a host carries no more than so many bytes. */
  narrowPath(destination: number, mtu: number, nowUs: number): void {
    assert(mtu >= 0, 'ways: what a path carries is no negative number');
    this.environment.setTime(nowUs);
    pathNarrowed(this.tcp, destination | 0, mtu);
    this.listener?.pathNarrowed(destination | 0, mtu);
  }

  /** See `RedirectListener`. */
  redirect(from: number, local: number, remote: number, ports: number, via: number): void {
    const { environment, routes, neighbours, tcp } = this;
    if (!environment.config.acceptRedirects || !routes.redirect(remote, from, via)) return;
    environment.counters[ICMP_REDIRECTS_TAKEN] += 1;
    neighbours.resolve(via);
    // Other connections to the host go on by the gateway, which redirects each of them.
    const found = tcp.demux.find(remote, local, ports);
    if (found > 0) redirected(tcp, awakeTcb(tcp, found - 1));
  }

  private changed(route: Route, added: boolean): void {
    this.neighbours.reroute();
    rerouted(this.tcp);
    tellChange(this.tcp, !added);
    this.listener?.routeChanged(route, added);
  }
}
