/**
 * An offload device as its host sees it: a hardware driver, which has a port and a link, and a TCP/sockets
 * driver, which has socket calls. Two makers' may be in one host, and one driver may be both.
 */
import type { SocketStack } from '../../socket/contract.ts';
import {
  EADDRINUSE,
  ECONNREFUSED,
  EHOSTUNREACH,
  EMFILE,
  ENETDOWN,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  ETIMEDOUT,
} from '../../socket/errno.ts';
import type { MovedPiece, MovingSockets } from '../../socket/moving.ts';
import type { RouteMetrics } from '../../tcpip/route-table.ts';
import type { Tuple } from './policy/rule.ts';

/** What a device can hold, as its maker publishes it; each at least 0. */
export interface OffloadLimits {
  readonly listeners: number;
  /** Connections that peers have begun to open. */
  readonly halfOpen: number;
  /** Connections of any state, TIME-WAIT included: places in the device's table. */
  readonly connections: number;
}

/** A route of the host's, as its devices are told of it, with what it says of packets. */
export interface HostRoute extends RouteMetrics {
  readonly destination: number;
  readonly prefixLength: number;
  /** The next hop; 0: the destination itself. */
  readonly via: number;
}

/** The hardware driver of one device. */
export interface HardwareDriver {
  readonly vendor: string;
  /** Which module is for it. */
  readonly type: string;
  /** The host's ports, by their numbers, whose wires the device shares; at least one. */
  readonly ports: readonly number[];
  /** The address of each of these ports, an int32. */
  readonly addresses: readonly number[];
  readonly limits: OffloadLimits;
  /** @param port of the host's; undefined: whether any of its links is up. */
  linkUp(port?: number): boolean;
  /** A neighbour that the host has learnt, or whose hardware address has changed. */
  neighbour?(address: number, macHigh: number, macLow: number, nowUs: number): void;
  /** A route by one of its ports was added, or changed, or has gone: what it has open follows. */
  routeChanged?(route: HostRoute, added: boolean, nowUs: number, port: number): void;
  /** One of its ports carries packets of so many bytes from now on: the next segments obey it. */
  mtuChanged?(mtu: number, nowUs: number, port: number): void;
  /** The way to a host carries no more than so many bytes. */
  pathNarrowed?(destination: number, mtu: number, nowUs: number): void;
  /** Whether it was told the hardware address by which a destination is reached; absent: it needs none. */
  knows?(destination: number): boolean;
  /** Its own TCP/sockets driver, where the two are one. */
  readonly sockets?: SocketsDriver;
}

/** The TCP/sockets driver of one device, once it is attached. */
export interface SocketsDriver {
  /** Calls on the device's sockets, and which of these have become ready. */
  readonly stack: SocketStack & { nextReady(): number };
  /** Places that are taken in the device's table of connections. */
  connections(): number;
  /** Connections that were ever in that table. */
  begun(): number;
  /** Whether its host has given it up: nobody hears of what it takes. Absent: it lives. */
  dead?(): boolean;
  /** Connections to its listener at an address and port whose handshake is under way. */
  halfOpen(address: number, port: number): number;
  /** Whether a connection is in its table. */
  has(tuple: Tuple): boolean;
  /** Whether it listens at an address and port. */
  listens(address: number, port: number): boolean;
  /** How connections move between it and the host's stack, and where images lie; absent: none move. */
  readonly moves?: MovingSockets & { readonly area: MovedPiece | undefined };
}

/** What makes TCP/sockets drivers for the devices of one type. */
export interface SocketsModule {
  readonly type: string;
  attach(hardware: HardwareDriver): SocketsDriver;
}

/** Why a device does not get a connection or listener that policy would give it. */
export const REFUSALS = [
  'inactive',
  'dead',
  'link down',
  'not its address',
  'listeners full',
  'half-open full',
  'connections full',
  'neighbour unknown',
  'no listener there',
  'card refused',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** What a card says of a connection that did not come about. */
export type CardError = 'reset in handshake' | 'ARP miss' | 'timeout' | 'table full' | 'tuple exists';

const CARD_ERRNOS: Readonly<Record<CardError, number>> = {
  'reset in handshake': ECONNREFUSED,
  'ARP miss': EHOSTUNREACH,
  timeout: ETIMEDOUT,
  'table full': ENOMEM,
  'tuple exists': EADDRINUSE,
};

/** The errno by which a program hears of it, where the host does not take the connection over. */
export function cardErrno(error: CardError): number {
  return CARD_ERRNOS[error];
}

const FALLING_BACK: readonly number[] = [EHOSTUNREACH, ENOMEM, ENOBUFS, EMFILE, ENFILE, ENETDOWN];

/**
 * Whether a connect that failed so is the host's to try: the device could not, which says nothing of the
 * peer.
 */
export function fallsBack(errno: number): boolean {
  return FALLING_BACK.includes(errno);
}
