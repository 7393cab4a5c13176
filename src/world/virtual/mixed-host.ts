/** One host of a mixed world: its own stack, its cards as offload devices, and what decides between them. */
import type { Region } from '../../dma/region.ts';
import type { OffloadLimits } from '../../host/devices/device.ts';
import { MixedStack } from '../../host/devices/mixed-stack.ts';
import type { Offloading } from '../../host/devices/offloading.ts';
import { FrameSteering, type StationAddress } from '../../host/devices/steering.ts';
import { maskOf } from '../../tcpip/route-table.ts';
import type { Route } from '../../tcpip/stack/ways.ts';
import type { Clock } from '../../time/clock.ts';
import type { EventQueue } from '../../time/event-queue.ts';
import type { BuiltHostStack } from '../build/host-stack.ts';
import { CardDevice, cardModule, hasConnection } from './mixed-devices.ts';
import { DEVICE_NAMES, type MixedPlace } from './mixed-topology.ts';
import type { VirtualCard } from './virtual-card.ts';

/** What the world has made of such a host before. */
export interface MixedHostParts {
  readonly place: MixedPlace;
  readonly offloading: Offloading;
  /** Of the frames of each of its cards' wires. */
  readonly steerings: readonly FrameSteering[];
  readonly built: BuiltHostStack;
  /** All cards of the world. */
  readonly cards: readonly VirtualCard[];
  /** What each of its cards holds, as published; absent: as much as its settings let it. */
  readonly limits: OffloadLimits | undefined;
  readonly clock: Clock;
  readonly queue: EventQueue;
  /** The number of a card's processor in the queue. */
  agentOf(card: number): number;
  /** Has the host look at what it owes. */
  wake(): void;
  /** Runs the world for so many nanoseconds. */
  rest(ns: number): void;
}

export class MixedHost {
  readonly place: MixedPlace;
  readonly offloading: Offloading;
  readonly steerings: readonly FrameSteering[];
  /** Its own stack. */
  readonly built: BuiltHostStack;
  /** Its cards as devices, in their order. */
  readonly devices: readonly CardDevice[];
  /** Its sockets, wherever each of them is. */
  readonly stack: MixedStack;
  /** Whether connections that a device has come back to the host when their way leads by another port. */
  followsRoutes = true;
  private readonly parts: MixedHostParts;

  /** Its cards are up: each is registered, joined with its module, and active. */
  constructor(parts: MixedHostParts) {
    const { place, offloading, steerings, built, cards } = parts;
    this.parts = parts;
    this.place = place;
    this.offloading = offloading;
    this.steerings = steerings;
    this.built = built;
    this.devices = place.cards.map((card, at) => this.device(card, at));
    this.registerAll();
    this.stack = new MixedStack({
      host: built.stack,
      offloading,
      clock: parts.clock,
      socketsMax: cards[place.cards[0]].config.driver.socketsMax,
      portFor: (destination) => built.engine.leavingPort(destination),
      rest: (ns) => parts.rest(ns),
    });
  }

  /** Adds a route of the host's, or changes it. @returns 0 or an errno. */
  addRoute(route: Route): number {
    return this.rerouted(this.built.engine.ways.addRoute(route, this.parts.clock.nowUs));
  }

  /** Takes a route of the host's away. @returns 0 or an errno. */
  removeRoute(destination: number, prefixLength: number): number {
    const { ways } = this.built.engine;
    return this.rerouted(ways.removeRoute(destination, prefixLength, this.parts.clock.nowUs));
  }

  /** Sets the MTU of one of the host's ports. @returns 0 or an errno. */
  setMtu(port: number, mtu: number): number {
    return this.changed(this.built.engine.ways.setMtu(port, mtu, this.parts.clock.nowUs));
  }

  /**
   * What went by one port goes by another from now on, as after the link of the first has died: the peers of
   * its subnet are reached through the other, which answers for its address as well. Connections that its
   * device has come back to the host, and go on there. @returns 0 or an errno.
   */
  failOver(from: number, to: number): number {
    const { ways } = this.built.engine;
    const { address, prefixLength } = this.subnetOf(from);
    const destination = address & maskOf(prefixLength);
    const errno = this.addRoute({ destination, prefixLength, via: 0, port: to });
    return errno !== 0 ? errno : this.changed(ways.moveAddress(from, to, this.parts.clock.nowUs));
  }

  /** The port's link is whole again: subnet and address are its own as before. @returns 0 or an errno. */
  failBack(port: number): number {
    const { ways } = this.built.engine;
    const { address, prefixLength } = this.subnetOf(port);
    const errno = this.removeRoute(address & maskOf(prefixLength), prefixLength);
    return errno !== 0 ? errno : this.changed(ways.moveAddress(port, port, this.parts.clock.nowUs));
  }

  /** The host has been told that the way to a destination carries no more than so many bytes. */
  narrowPath(destination: number, mtu: number): void {
    this.built.engine.ways.narrowPath(destination, mtu, this.parts.clock.nowUs);
    this.changed(0);
  }

  /** Connections whose way leads by another port than their device's are the host's from now on. */
  private rerouted(errno: number): number {
    if (errno === 0 && this.followsRoutes) this.stack.takeBackStrays();
    return this.changed(errno);
  }

  private changed(errno: number): number {
    this.parts.wake();
    return errno;
  }

  /** Address and subnet of one of its ports, as described. */
  subnetOf(port: number): { readonly address: number; readonly prefixLength: number } {
    const { card, port: own } = this.place.ports[port];
    const { stack } = this.parts.cards[card].config;
    return own === 0 ? stack : stack.furtherPorts[own - 1];
  }

  private device(card: number, at: number): CardDevice {
    const { cards, limits, queue, place } = this.parts;
    const { config, doorbellNs } = cards[card].plan.topology;
    const all = {
      listeners: config.driver.socketsMax,
      halfOpen: config.stack.connectionsMax,
      connections: config.stack.connectionsMax,
    };
    const looped = place.wires.every((wire) => wire.card !== card || wire.splitter < 0);
    const ports = place.ports.flatMap((own, port) => (own.card === card ? [port] : []));
    const told = (): void => queue.notify(this.parts.agentOf(card), doorbellNs);
    // The makers differ: the first has two drivers, the others one that is both.
    return new CardDevice(cards[card], ports, limits ?? all, at > 0, looped ? undefined : told);
  }

  private registerAll(): void {
    const { registry } = this.offloading;
    this.devices.forEach((hardware, own) => {
      if (hardware.sockets === undefined) {
        registry.addModule(cardModule(this.parts.cards[this.place.cards[own]]));
      }
      const at = registry.register(hardware, DEVICE_NAMES);
      const { name } = registry.devices[at];
      registry.attach(name);
      registry.activate(name);
    });
  }
}

/** Has a host's devices told of what its stack learns: neighbours, routes, MTUs and links. */
export function tellDevices({ engine }: BuiltHostStack, offloading: Offloading, clock: Clock): void {
  engine.onNeighbour = (...neighbour) => offloading.neighbourLearnt(...neighbour, clock.nowUs);
  engine.onLink = (port, up) => offloading.linkChanged(port, up);
  engine.ways.listener = {
    routeChanged: (route, added) => offloading.routeChanged(route.port, route, added, clock.nowUs),
    mtuChanged: (port, mtu) => offloading.mtuChanged(port, 0, mtu, clock.nowUs),
    pathNarrowed: (destination, mtu) => offloading.mtuChanged(-1, destination, mtu, clock.nowUs),
  };
}

/**
 * What steers the frames of the wire at one port of a host. @param own that port's hardware address. @param
 * host once it is there.
 */
export function steeringAt(
  { view }: Region,
  offloading: Offloading,
  own: StationAddress,
  port: number,
  host: () => MixedHost | undefined,
): FrameSteering {
  return new FrameSteering({
    view,
    offloading,
    own,
    hostHas: (tuple) => {
      const engine = host()?.built.engine;
      return engine !== undefined && hasConnection(engine, tuple);
    },
    hostServes: ({ localAddress, localPort, remoteAddress, remotePort }) => {
      const ports = (remotePort << 16) | localPort;
      return host()?.built.engine.tcpServes(remoteAddress, localAddress, ports) ?? false;
    },
    device: () => {
      const hardware = host()?.devices.find(({ ports }) => ports.includes(port));
      return offloading.registry.devices.find((device) => device.hardware === hardware);
    },
  });
}
