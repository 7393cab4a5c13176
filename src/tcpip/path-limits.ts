/**
 * How large a packet may be on its way to a host, as far as is known: what the port sends, what the route says
 * (`mtu`, `mtu lock`), and what routers have said (`path-mtus.ts`). A locked MTU is what packets are cut to, here
 * or on their way, and no router is asked for a better one: packets may then be cut (Linux's ip_dont_fragment).
 */
import { assert } from '../assert/assert.ts';
import {
  MTU_DISCOVER_DO,
  MTU_DISCOVER_OMIT,
  MTU_DISCOVER_PROBE,
  MTU_DISCOVER_WANT,
} from '../socket/options.ts';
import type { Environment } from './environment.ts';
import type { PathMtus } from './path-mtus.ts';
import type { Routes } from './route.ts';

const US_PER_MS = 1000;

/** What limits are made of. The tables of TCP have it all. */
export interface Paths {
  readonly environment: Environment;
  readonly routes: Routes;
  readonly pathMtus: PathMtus;
}

/** The largest packet that a port and the route to a host let go. */
export function routeMtu({ environment, routes }: Paths, remote: number, port: number): number {
  const portMtu = environment.mtus[port];
  const mtu = routes.metricOf(remote, 'mtu');
  return mtu > 0 && mtu < portMtu ? mtu : portMtu;
}

/** The same, where routers have said less and the route does not lock what it says. */
export function mtuOfPath(paths: Paths, remote: number, port: number): number {
  const mtu = routeMtu(paths, remote, port);
  assert(mtu > 0, 'path limits: a packet of some size may go');
  if (isRouteLocked(paths, remote)) return mtu;
  const said = foundMtu(paths, remote);
  return said > 0 && said < mtu ? said : mtu;
}

/** Whether the route says that its MTU is what it is, whatever routers say. */
export function isRouteLocked({ routes }: Paths, remote: number): boolean {
  return routes.metricOf(remote, 'mtu_lock') !== 0;
}

/**
 * Whether packets that only want to find the path's MTU may be cut: its MTU is locked by the route, or a router
 * has named one below the least that is believed.
 */
export function isMtuLocked(paths: Paths, remote: number): boolean {
  return isRouteLocked(paths, remote) || (foundMtu(paths, remote) > 0 && paths.pathMtus.foundLocked);
}

function foundMtu({ environment, pathMtus }: Paths, remote: number): number {
  const { nowMs, config } = environment;
  return pathMtus.find(remote, nowMs, config.pathMtuExpiresUs / US_PER_MS);
}

/**
 * Whether a packet to a host that goes whole must stay so on its way (DF). @param discover the socket's
 * IP_MTU_DISCOVER. // Captured from Linux 6.18, each value with a route whose MTU is locked and with none.
 */
export function staysWhole(paths: Paths, discover: number, remote: number): boolean {
  assert(discover >= 0 && discover <= MTU_DISCOVER_OMIT, 'path limits: an MTU is found in a way of Linux');
  if (discover === MTU_DISCOVER_WANT) return !isMtuLocked(paths, remote);
  return discover === MTU_DISCOVER_DO || discover === MTU_DISCOVER_PROBE;
}
