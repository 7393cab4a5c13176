/** The drivers by which a host's registry of offload devices knows the cards of a virtual world. */
import type {
  HardwareDriver,
  HostRoute,
  OffloadLimits,
  SocketsDriver,
  SocketsModule,
} from '../../host/devices/device.ts';
import type { Tuple } from '../../host/devices/policy/rule.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import { portsOfNics } from '../config/port-nics.ts';
import type { VirtualCard } from './virtual-card.ts';

/** Whether a stack's table has a connection. */
export function hasConnection(
  stack: Stack,
  { localAddress, localPort, remoteAddress, remotePort }: Tuple,
): boolean {
  return stack.tcpHas(remoteAddress, localAddress, (remotePort << 16) | localPort);
}

/** A card as an offload device. */
export class CardDevice implements HardwareDriver {
  readonly vendor: string;
  readonly type: string;
  readonly ports: readonly number[];
  readonly addresses: readonly number[];
  readonly limits: OffloadLimits;
  readonly sockets?: SocketsDriver;
  /** Whether it is told of what has changed: neighbours, routes, MTUs. Of new neighbours it always is. */
  hearsChanges = true;
  private readonly card: VirtualCard;
  private readonly look: () => void;
  private readonly told: (() => void) | undefined;

  /**
   * @param ports of the host's, in the order of the card's own. @param whole whether this driver is the TCP/sockets driver too. @param told the card has been told
   *   something, and is to look; undefined: it asks for neighbours by itself.
   */
  constructor(
    card: VirtualCard,
    ports: readonly number[],
    limits: OffloadLimits,
    whole: boolean,
    told: (() => void) | undefined,
  ) {
    this.card = card;
    this.vendor = card.name;
    this.type = card.name;
    this.ports = ports;
    const { stack, furtherPorts } = card.config;
    this.addresses = [stack.address, ...furtherPorts.map(({ address }) => address)];
    this.limits = limits;
    this.told = told;
    this.look = told ?? (() => {});
    if (whole) this.sockets = socketsDriver(card);
  }

  linkUp(port?: number): boolean {
    const own = port === undefined ? -1 : this.ports.indexOf(port);
    const of = portsOfNics(this.card.config);
    const nics = this.card.parts.devices.filter((_, nic) => (own < 0 ? nic < of.length : of[nic] === own));
    return nics.some(({ linkUp }) => linkUp);
  }

  neighbour(address: number, macHigh: number, macLow: number, nowUs: number): void {
    const stack = stackOf(this.card);
    if (this.told === undefined || (!this.hearsChanges && stack.knowsWayTo(address))) return;
    stack.tellNeighbour(address, macHigh, macLow, nowUs);
    this.told();
  }

  routeChanged(route: HostRoute, added: boolean, nowUs: number, port: number): void {
    if (!this.hearsChanges) return;
    const { ways } = stackOf(this.card);
    if (added) ways.addRoute({ ...route, port: this.ports.indexOf(port) }, nowUs);
    else ways.removeRoute(route.destination, route.prefixLength, nowUs, route.metric);
    this.look();
  }

  mtuChanged(mtu: number, nowUs: number, port: number): void {
    if (!this.hearsChanges) return;
    stackOf(this.card).ways.setMtu(this.ports.indexOf(port), mtu, nowUs);
    this.look();
  }

  pathNarrowed(destination: number, mtu: number, nowUs: number): void {
    if (!this.hearsChanges) return;
    stackOf(this.card).ways.narrowPath(destination, mtu, nowUs);
    this.look();
  }

  knows(destination: number): boolean {
    return this.told === undefined || stackOf(this.card).knowsWayTo(destination);
  }
}

/** The module for one maker's cards. */
export function cardModule(card: VirtualCard): SocketsModule {
  return { type: card.name, attach: () => socketsDriver(card) };
}

function socketsDriver(card: VirtualCard): SocketsDriver {
  const stack = stackOf(card);
  return {
    stack: card.stack,
    moves: card.stack.moves,
    connections: () => stack.tcpConnections,
    begun: () => stack.tcpConnectionsBegun,
    halfOpen: (address, port) => Math.max(0, stack.tcpHalfOpenAt(address, port)),
    dead: () => card.host.driver.deadErrno !== 0,
    has: (tuple) => hasConnection(stack, tuple),
    listens: (address, port) => stack.tcpHalfOpenAt(address, port) >= 0,
  };
}

function stackOf({ name, parts }: VirtualCard): Stack {
  if (parts.stack === undefined) throw new Error(`card "${name}" has no sockets`);
  return parts.stack;
}
