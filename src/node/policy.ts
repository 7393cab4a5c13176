/**
 * Decides whether a listener or a connection may be the card's, or why it is the kernel's.
 *
 * The card serves all of 127.0.0.0/8, ::1, the addresses that it is configured with, and listeners on every
 * address; others only if a `host` of the rule names them, or if its wire leads there, as a TAP does. The
 * kernel's stack stays beside it, so a listener on the card is heard by the kernel too, and a connection to
 * a loopback address goes to the card only if a listener there hears it: all else that answers at such an
 * address is the kernel's.
 */
import { networkInterfaces } from 'node:os';
import { ANY, ANY_MAPPED, isLoopback, LOOPBACK, LOOPBACK6, parseIPv4, parseIPv6 } from './addresses.ts';
import type { OffloadRule } from './offload-rule.ts';
import type { Listener, Pump } from './pump.ts';
import {
  BOUND_IN_KERNEL,
  BY_THE_RULE,
  NO_LISTENER,
  NO_ROOM,
  NOT_ITS_ADDRESS,
  type Routes,
} from './routes.ts';

/** By what it is decided where new handles live while a card is installed. */
export interface Policy {
  /** The pump of the card; undefined while none is open, and then nothing is on it. `open` alone sets it. */
  pump: Pump | undefined;
  /** The pump for what is to be on the card, which is opened if it is not; undefined where it cannot be. */
  readonly open: () => Pump | undefined;
  /** The card's own addresses. */
  readonly addresses: readonly number[];
  /** Whether a destination that is none of them is reached by the card's wire. */
  readonly reaches: (destination: number) => boolean;
  /** Told of each connection that is left to the kernel, with the reason. */
  readonly onKernel: ((text: string, port: number, ipv6: boolean, reason: string) => void) | undefined;
  readonly rule: OffloadRule;
  readonly routes: Routes;
  /**
   * Asked before each listen. Some programs (a cluster's primary) hand their listeners to other processes, so
   * these are the kernel's alone.
   */
  readonly mayListen: () => boolean;
}

/** What a handle was bound to; its native handle is bound to it, too. */
export interface Bound {
  /** The number that the card carries, ANY_MAPPED, or that it cannot carry it. */
  readonly address: number;
  readonly ipv6: boolean;
  readonly hearsIPv4: boolean;
  readonly hearsIPv6: boolean;
  /** Why the handle is the kernel's; undefined while it may still be the card's. */
  readonly reason: string | undefined;
  /** Whether a connection on the card has the port: as in libuv, `listen` or `connect` tells of it. */
  readonly taken: boolean;
  /** The port, where the address is the card's alone and the native handle is not bound; else undefined. */
  readonly cardPort: number | undefined;
}

/** The number the card carries for an address text, or one below 0. */
export function parseAddress(text: string, ipv6: boolean): number {
  return ipv6 ? parseIPv6(text) : parseIPv4(text);
}

/**
 * @returns why what binds to this address is the kernel's; undefined if it may be the card's. Another station's
 *   address is nobody's to bind to here, although the wire leads there: the kernel says so.
 */
export function bindReason(policy: Policy, address: number, port: number): string | undefined {
  return placeReason(policy, address === ANY_MAPPED ? ANY : address, port, false);
}

/** @returns why what is sent to this address is the kernel's; undefined if it may leave by the card. */
export function sendReason(policy: Policy, address: number, port: number): string | undefined {
  return placeReason(policy, address, port, true);
}

/** Whether this is an address of the card's that the machine has not: the kernel could not bind to it. */
export function isOnlyOnCard(address: number): boolean {
  if (address <= ANY || isLoopback(address)) return false;
  const own = Object.values(networkInterfaces()).flat();
  return !own.some((entry) => entry?.family === 'IPv4' && parseIPv4(entry.address) === address);
}

/** Where a connection to an address arrives: to Linux, the unspecified address means this host. */
export function connectTarget(address: number, ipv6: boolean): number {
  if (address === ANY_MAPPED) return LOOPBACK;
  return address !== ANY ? address : ipv6 ? LOOPBACK6 : LOOPBACK;
}

/**
 * @param target as `connectTarget` gives it. @param bound what the client was bound to, if it was.
 * @returns the listener on the card that is to hear the connection, ELSEWHERE if it leaves by the card's
 *   wire, or why the connection is the kernel's.
 */
export function placeConnection(
  policy: Policy,
  target: number,
  port: number,
  bound: Bound | undefined,
): Listener | typeof ELSEWHERE | string {
  const reason = sendReason(policy, target, port);
  if (reason !== undefined) return reason;
  if (bound !== undefined && !mayConnectFrom(bound, target)) return BOUND_IN_KERNEL;
  if (!isLoopback(target)) {
    const pump = policy.open();
    return pump !== undefined && hasRoom(pump) ? ELSEWHERE : NO_ROOM;
  }
  const { pump } = policy;
  const listener = pump && findListener(pump, target, port);
  if (pump === undefined || listener === undefined) return NO_LISTENER;
  return hasRoom(pump) ? listener : NO_ROOM;
}

/** The connection is the card's, but no listener of this process's need be at its other end. */
export const ELSEWHERE: unique symbol = Symbol('elsewhere');

/** @param far whether an address that is none of the card's will do, if its wire leads there. */
function placeReason(policy: Policy, address: number, port: number, far: boolean): string | undefined {
  const { addresses, rule, reaches } = policy;
  if (address < 0) return NOT_ITS_ADDRESS;
  const seen = address === LOOPBACK6 ? LOOPBACK : address; // `host 127.0.0.1` in a rule means ::1 too
  if (!rule.matches(seen, port)) return BY_THE_RULE;
  if (address === ANY || isLoopback(address)) return undefined;
  if (addresses.includes(address) || rule.namesHost(address) || (far && reaches(address))) return undefined;
  return NOT_ITS_ADDRESS;
}

/** Whether the card can give a connection the local address that the client was bound to. */
function mayConnectFrom(bound: Bound, target: number): boolean {
  if (bound.reason !== undefined) return false;
  if (target === LOOPBACK6) return bound.hearsIPv6;
  return bound.hearsIPv4;
}

/**
 * The listener on the card that hears this address and port. By family, too, which the card cannot tell
 * apart: a listener on 0.0.0.0 does not hear ::1, and one on :: with `ipv6Only` does not hear IPv4.
 */
function findListener(pump: Pump, target: number, port: number): Listener | undefined {
  let found: Listener | undefined;
  for (const listener of pump.listeners) {
    if (listener.boundPort !== port) continue;
    if (listener.boundAddress === target) return listener;
    const hears = target === LOOPBACK6 ? listener.hearsIPv6 : listener.hearsIPv4;
    if (listener.boundAddress === ANY && hears) found = listener;
  }
  return found;
}

/**
 * Whether the card has a socket for a new connection and for its other end, beside those for the connections
 * that its listeners have still to accept. A dead card has room: it tells each connection that it is dead.
 */
function hasRoom(pump: Pump): boolean {
  let needed = 2;
  for (const listener of pump.listeners) needed += listener.expected;
  return pump.card.socketsFree >= needed || pump.deadErrno !== 0;
}
