/** Which ways a card's packets go, once its world has run for a while: as `ip neigh` and `ip route` say it. */
import { printAddress } from '../host/devices/policy/print.ts';
import type { NeighbourEntry } from '../tcpip/arp/neighbour-states.ts';
import type { RouteEntry, RouteMetrics } from '../tcpip/route-table.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import type { MixedHost } from '../world/virtual/mixed-host.ts';
import type { RanWorld } from './running.ts';

/** In the order in which `ip route` prints what a route says of packets. */
const METRICS: readonly (keyof RouteMetrics)[] = [
  'metric',
  'mtu',
  'advmss',
  'initcwnd',
  'initrwnd',
  'rto_min',
];
/** `ip route` prints it with its unit. */
const UNITS: Readonly<Partial<Record<keyof RouteMetrics, string>>> = { rto_min: 'ms' };

/** The neighbours of a card's stack, by their addresses; none of one without a stack. */
export function neighbourLinesOf(world: RanWorld, card: number): string[] {
  return neighboursIn(world.cards[card].parts.stack);
}

/** Those of the stack that a host has beside its cards. */
export function ownNeighbourLinesOf({ built }: MixedHost): string[] {
  return neighboursIn(built.engine);
}

/** A card's routes, the gateway's first. */
export function routeLinesOf(world: RanWorld, card: number): string[] {
  return (world.cards[card].parts.stack?.routeEntries() ?? []).map(routeLine);
}

/** Those of the stack that a host has beside its cards. */
export function ownRouteLinesOf({ built }: MixedHost): string[] {
  return built.engine.routeEntries().map(routeLine);
}

function neighboursIn(stack: Stack | undefined): string[] {
  const entries = stack?.neighbourEntries() ?? [];
  return [...entries].sort((a, b) => (a.address >>> 0) - (b.address >>> 0)).map(neighbourLine);
}

export function neighbourLine({ address, port, macHigh, macLow, state }: NeighbourEntry): string {
  const isKnown = (macHigh | macLow) !== 0;
  const digits =
    (macHigh & 0xffff).toString(16).padStart(4, '0') + (macLow >>> 0).toString(16).padStart(8, '0');
  const mac = isKnown ? ` lladdr ${digits.replace(/..(?!$)/g, '$&:')}` : '';
  return `${printAddress(address)} dev port${port}${mac} ${state}`;
}

export function routeLine({ to, prefixLength, via, port, source, metrics }: RouteEntry): string {
  const prefix = prefixLength === 0 ? 'default' : printAddress(to, prefixLength);
  const hop = via === 0 ? '' : ` via ${printAddress(via)}`;
  const own = source === 0 ? '' : ` proto kernel scope link src ${printAddress(source)}`;
  const said = METRICS.filter((name) => metrics[name] !== undefined);
  const locks: Readonly<Record<string, string>> = metrics.mtu_lock === 1 ? { mtu: ' lock' } : {};
  const words = said.map((name) => ` ${name}${locks[name] ?? ''} ${metrics[name]}${UNITS[name] ?? ''}`);
  return `${prefix}${hop} dev port${port}${own}${words.join('')}`;
}
