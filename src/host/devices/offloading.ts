/**
 * Whether a listener or connection goes to a device, and to which: policy first, then what the device itself
 * says. A device that policy names and that cannot is counted, by the reason; the host does the work then.
 */
import type { Clock } from '../../time/clock.ts';
import type { HostRoute, Refusal } from './device.ts';
import { Policy } from './policy/policy.ts';
import type { RuleSettings, Tuple } from './policy/rule.ts';
import { DeviceRegistry, type OffloadDevice } from './registry.ts';
import { TouchCounts } from './touch-points.ts';

/** A device that gets something, and what the rule sets on it. */
export interface Placement {
  readonly device: OffloadDevice;
  readonly settings: RuleSettings;
}

/** What was decided of a connection, by which rule, and why it was not otherwise. */
export interface Decided {
  /** Who opens it: the host, or a peer. */
  readonly kind: 'active' | 'passive';
  /** As it was then: of a connection that the host opens the local port may be 0, as it is chosen later. */
  readonly tuple: Tuple;
  /** Which rule of the policy, from 0; -1: none, and so no-offload. */
  readonly rule: number;
  /** Whether that rule gives it to a device. */
  readonly offload: boolean;
  readonly settings: RuleSettings;
  /** The device that was asked, by its name; undefined: none was, or the one that the rule names is not there. */
  readonly device: string | undefined;
  /** Why that did not get it; undefined: it did. */
  readonly refusal: Refusal | undefined;
}

/** Who gets what a peer opens. */
export type SynTaker = 'device' | 'host' | 'nobody';

export class Offloading {
  readonly registry = new DeviceRegistry();
  readonly policy = new Policy();
  readonly touched = new TouchCounts();
  /** How often policy said offload and no device was there for it. */
  homeless = 0;
  /** Whether the host serves a peer's connection that a device refuses: if not, its SYN is dropped. */
  fallsBack = true;
  /** Told of each connection that is decided of; undefined: nobody is. */
  onDecided: ((decided: Decided) => void) | undefined;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The devices that are to listen at an address (0: any) and port. */
  listeners(address: number, port: number): Placement[] {
    const tuple = { localAddress: address, localPort: port, remoteAddress: 0, remotePort: 0 };
    const { offload, settings } = this.policy.decide('listen', tuple);
    if (!offload || settings.after !== undefined) return [];
    const named = this.registry.devices.filter(
      ({ name, hardware }) =>
        (settings.device ?? name) === name &&
        (address === 0 || isLocal(address) || hardware.addresses.includes(address)),
    );
    if (named.length === 0) this.homeless += 1;
    return named
      .filter((device) => this.fits(device, listenRefusal(device)))
      .map((device) => ({ device, settings }));
  }

  /**
   * The device that is to open a connection; undefined: the host is.
   * @param port the host's by which it would leave. @param own the device that hears it, of a connection to
   *   an address of the host's own.
   */
  opener(tuple: Tuple, port: number, own: OffloadDevice | undefined): Placement | undefined {
    const { offload, settings, rule } = this.policy.decide('active', tuple);
    const said = { kind: 'active', tuple, rule, offload, settings } as const;
    if (!offload || settings.after !== undefined) {
      this.onDecided?.({ ...said, device: undefined, refusal: undefined });
      return undefined;
    }
    const { devices } = this.registry;
    const device =
      own ??
      devices.find(
        ({ name, hardware }) => (settings.device ?? name) === name && hardware.ports.includes(port),
      );
    if (device === undefined) {
      this.homeless += 1;
      this.onDecided?.({ ...said, device: undefined, refusal: undefined });
      return undefined;
    }
    const { nowUs } = this.clock;
    // Of a connection to the host itself the device has both ends.
    const refusal =
      own === undefined
        ? (openRefusal(device, nowUs, port) ?? wayRefusal(device, tuple))
        : openRefusal(device, nowUs, port, 2);
    this.onDecided?.({ ...said, device: device.name, refusal });
    if (!this.fits(device, refusal)) return undefined;
    device.give('active', nowUs);
    if (own !== undefined) device.give('passive', nowUs);
    return { device, settings };
  }

  /** What a rule says of a connection that the host has now, and that a device may have later. */
  later(kind: 'active' | 'passive', tuple: Tuple): RuleSettings | undefined {
    const { settings } = this.policy.peek(kind, tuple);
    return settings.after === undefined ? undefined : settings;
  }

  /**
   * Why a device does not get a connection that has been open for a while; undefined: it does. The wire of a
   * connection to the host itself is no device's.
   */
  moveRefusal(device: OffloadDevice, tuple: Tuple, port: number): Refusal | undefined {
    const { ports, addresses } = device.hardware;
    const elsewhere = !ports.includes(port) || !addresses.includes(tuple.localAddress);
    const refusal =
      openRefusal(device, this.clock.nowUs, port) ??
      (elsewhere ? 'not its address' : wayRefusal(device, tuple));
    if (refusal !== undefined) device.refuse(refusal);
    return refusal;
  }

  /** The host has learnt a neighbour behind one of its ports: the devices there are told. */
  neighbourLearnt(port: number, address: number, macHigh: number, macLow: number, nowUs: number): void {
    this.touched.pass('neighbour');
    for (const { hardware } of this.registry.devices) {
      if (hardware.ports.includes(port)) hardware.neighbour?.(address, macHigh, macLow, nowUs);
    }
  }

  /**
   * A route has changed: the devices at its port are told. One that goes by another port now is no way of the
   * devices' that had it: their connections come back to the host (`MixedStack.takeBackStrays`).
   */
  routeChanged(port: number, route: HostRoute, added: boolean, nowUs: number): void {
    this.touched.pass('route');
    for (const { hardware } of this.registry.devices) {
      if (!added || hardware.ports.includes(port)) hardware.routeChanged?.(route, added, nowUs, port);
    }
  }

  /** A port, or the way to a destination, carries another MTU. @param port -1: any, of a destination. */
  mtuChanged(port: number, destination: number, mtu: number, nowUs: number): void {
    this.touched.pass('mtu');
    for (const { hardware } of this.registry.devices) {
      if (port < 0) hardware.pathNarrowed?.(destination, mtu, nowUs);
      else if (hardware.ports.includes(port)) hardware.mtuChanged?.(mtu, nowUs, port);
    }
  }

  /** The link of one of the host's ports has come up or gone down. */
  linkChanged(port: number, up: boolean): void {
    this.touched.pass('link');
    for (const device of this.registry.devices) {
      if (!device.hardware.ports.includes(port)) continue;
      if (up) device.linkUps += 1;
      else device.linkDowns += 1;
    }
  }

  /** Who is to have the connection that a peer's SYN asks for. */
  takerOf(device: OffloadDevice, tuple: Tuple): SynTaker {
    this.touched.pass('passive');
    const { offload, settings, rule } = this.policy.decide('passive', tuple);
    const said = { kind: 'passive', tuple, rule, offload, settings } as const;
    const isOwn = !offload || settings.after !== undefined;
    if (isOwn || (settings.device ?? device.name) !== device.name) {
      this.onDecided?.({ ...said, tuple: { ...tuple }, device: undefined, refusal: undefined });
      return 'host';
    }
    const { nowUs } = this.clock;
    const refusal = synRefusal(device, tuple, nowUs);
    this.onDecided?.({ ...said, tuple: { ...tuple }, device: device.name, refusal });
    if (!this.fits(device, refusal)) return this.fallsBack ? 'host' : 'nobody';
    device.give('passive', nowUs);
    return 'device';
  }

  private fits(device: OffloadDevice, refusal: Refusal | undefined): boolean {
    if (refusal !== undefined) device.refuse(refusal);
    return refusal === undefined;
  }
}

/** Whether an address is one of 127/8. */
export function isLocal(address: number): boolean {
  return address >>> 24 === 127;
}

/** @param port of the host's by which it is to send; absent, or none of its: any will do. */
function stateRefusal({ active, hardware, sockets }: OffloadDevice, port = -1): Refusal | undefined {
  if (!active || sockets === undefined) return 'inactive';
  if (sockets.dead?.() === true) return 'dead';
  return hardware.linkUp(hardware.ports.includes(port) ? port : undefined) ? undefined : 'link down';
}

function listenRefusal(device: OffloadDevice): Refusal | undefined {
  const full = device.attachedListeners >= device.hardware.limits.listeners;
  return stateRefusal(device) ?? (full ? 'listeners full' : undefined);
}

/** @param ends how many places of its table a connection takes: 2 of one to the host itself. */
function openRefusal(device: OffloadDevice, nowUs: number, port?: number, ends = 1): Refusal | undefined {
  const { limits } = device.hardware;
  const taken = (device.sockets?.connections() ?? 0) + device.underWay(nowUs);
  const full = taken + ends > limits.connections;
  return stateRefusal(device, port) ?? (full ? 'connections full' : undefined);
}

/** Why a device cannot send to a peer. */
function wayRefusal({ hardware }: OffloadDevice, tuple: Tuple): Refusal | undefined {
  const { localAddress } = tuple;
  if (localAddress !== 0 && !hardware.addresses.includes(localAddress)) return 'not its address';
  return hardware.knows?.(tuple.remoteAddress) === false ? 'neighbour unknown' : undefined;
}

function synRefusal(device: OffloadDevice, tuple: Tuple, nowUs: number): Refusal | undefined {
  const { hardware, sockets } = device;
  const refusal = openRefusal(device, nowUs) ?? wayRefusal(device, tuple);
  if (refusal !== undefined) return refusal;
  if (!sockets?.listens(tuple.localAddress, tuple.localPort)) return 'no listener there';
  const halfOpen = sockets.halfOpen(tuple.localAddress, tuple.localPort) + device.underWay(nowUs);
  return halfOpen >= hardware.limits.halfOpen ? 'half-open full' : undefined;
}
