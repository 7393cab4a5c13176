/** Where each of a program's sockets is, on the host's stack or on a device, and how it gets there. */
import { FAILED, HANGUP, type SocketStack, WRITABLE } from '../../socket/contract.ts';
import { EADDRINUSE, EINPROGRESS, EMFILE } from '../../socket/errno.ts';
import { SO_ERROR, SO_KEEPALIVE, SO_RCVBUF, SO_SNDBUF, TCP_NODELAY } from '../../socket/options.ts';
import { fallsBack } from './device.ts';
import { MixedSocket, type Place } from './mixed-socket.ts';
import { isLocal, type Offloading, type Placement } from './offloading.ts';
import { Owners } from './owners.ts';
import type { RuleSettings } from './policy/rule.ts';
import type { OffloadDevice } from './registry.ts';

export interface ReadyStack {
  nextReady(): number;
}

export interface PlacesParts {
  readonly host: SocketStack & ReadyStack;
  readonly offloading: Offloading;
  readonly socketsMax: number;
  portFor(destination: number): number;
}

export class SocketPlaces {
  /** By the program's number; undefined where it is free. */
  readonly sockets: (MixedSocket | undefined)[];
  private readonly free: number[];
  private readonly owners = new Owners();
  private readonly parts: PlacesParts;
  private readonly offloading: Offloading;
  /** Which stack is asked first for its ready sockets. */
  private turn = 0;

  constructor(parts: PlacesParts) {
    this.parts = parts;
    this.offloading = parts.offloading;
    this.sockets = Array.from({ length: parts.socketsMax }, () => undefined);
    this.free = this.sockets.map((_, i) => parts.socketsMax - 1 - i);
  }

  /** A program's socket for one of a stack's. @returns its number, or -EMFILE: then the other is closed. */
  open(place: Place, datagram: boolean): number {
    const socket = this.free.pop();
    if (socket === undefined) {
      place.ops.close(place.number);
      return -EMFILE;
    }
    this.sockets[socket] = new MixedSocket(place, datagram);
    this.owners.set(place, socket);
    return socket;
  }

  /** A connection has been accepted: on a device, what a rule for it sets is set. */
  accepted(socket: number): void {
    const mixed = this.sockets[socket];
    if (mixed === undefined) return;
    mixed.fresh = false;
    if (mixed.device !== undefined) mixed.device.attachedSockets += 1;
    const local = mixed.ops.localEndpoint(mixed.number);
    const remote = mixed.ops.remoteEndpoint(mixed.number);
    if (local === undefined || remote === undefined) return;
    const tuple = {
      localAddress: local.address | 0,
      localPort: local.port,
      remoteAddress: remote.address | 0,
      remotePort: remote.port,
    };
    if (mixed.device === undefined) mixed.stayUntil(this.offloading.later('passive', tuple));
    else applySettings(mixed.place, this.offloading.policy.peek('passive', tuple).settings);
  }

  /** Keeps a port that a bind has named on the devices too. @returns false: it is taken on one of them. */
  reserve(mixed: MixedSocket, address: number, port: number): boolean {
    for (const device of this.offloading.registry.devices) {
      if (!device.active || !isAt(device, address)) continue;
      const place = this.openOn(device, mixed);
      if (place === undefined) continue;
      const answer = place.ops.bind(place.number, address, port);
      if (answer === 0) {
        mixed.reserved.push(place);
        continue;
      }
      place.ops.close(place.number);
      if (answer === -EADDRINUSE) return false;
    }
    return true;
  }

  /** The host's socket lets its port go: it is as new, but for its options. */
  renew(mixed: MixedSocket, socket: number): void {
    this.closeAll(mixed.reserved);
    this.owners.clear(mixed.place);
    mixed.ops.close(mixed.number);
    const number = this.parts.host.socket();
    mixed.moveTo({ ops: this.parts.host, device: undefined, number });
    this.owners.set(mixed.place, socket);
    copyOptions(mixed, mixed.place);
  }

  /** Has the devices that policy names listen where the host does. */
  listen(mixed: MixedSocket, socket: number, backlog: number): void {
    const local = mixed.ops.localEndpoint(mixed.number);
    if (local === undefined) return;
    for (const { device, settings } of this.offloading.listeners(local.address | 0, local.port)) {
      const place =
        this.takeReserved(mixed, device) ?? this.boundOn(device, mixed, local.address, local.port);
      if (place === undefined || place.ops.listen(place.number, backlog) !== 0) {
        place?.ops.close(place.number);
        device.refuse('card refused');
        continue;
      }
      applySettings(place, settings);
      device.attachedListeners += 1;
      mixed.listeners.push(place);
      this.owners.set(place, socket);
    }
  }

  /** Whether a device's socket has come to an end with its device. */
  hasFailed({ ops, number }: Place): boolean {
    return (ops.readiness(number) & FAILED) !== 0;
  }

  /** The device of a listener has died: its place there is given up. */
  dropListener(mixed: MixedSocket, place: Place): void {
    const at = mixed.listeners.indexOf(place);
    if (at >= 0) this.stopAll(mixed.listeners.splice(at, 1));
  }

  stopListening(mixed: MixedSocket): void {
    this.stopAll(mixed.listeners);
    // A port that was chosen for the listening is free again: its number alone stays with the socket.
    this.closeAll(mixed.reserved);
  }

  private stopAll(listeners: Place[]): void {
    for (const place of listeners) {
      if (place.device !== undefined) place.device.attachedListeners -= 1;
      this.owners.clear(place);
    }
    this.closeAll(listeners);
  }

  /** Begins a connect on a device, if one is to have it. @returns whether it has. */
  offload(mixed: MixedSocket, socket: number, address: number, port: number): boolean {
    const placement = this.placementOf(mixed, address, port);
    if (placement === undefined) return false;
    const { device, settings } = placement;
    const place = this.takeReserved(mixed, device) ?? this.placeFor(device, mixed);
    if (place !== undefined) applySettings(place, settings);
    for (const how of mixed.ended) place?.ops.shutdown(place.number, how);
    const answer = place?.ops.connect(place.number, address, port);
    if (place === undefined || answer !== -EINPROGRESS) {
      place?.ops.close(place.number);
      device.refuse('card refused');
      return false;
    }
    if (mixed.bound) mixed.keeper = mixed.place;
    else mixed.ops.close(mixed.number);
    this.owners.clear(mixed.place);
    this.closeAll(mixed.reserved);
    mixed.moveTo(place);
    this.owners.set(place, socket);
    device.attachedSockets += 1;
    mixed.fresh = false;
    mixed.connecting = true;
    mixed.address = address;
    mixed.port = port;
    return true;
  }

  private placementOf(mixed: MixedSocket, address: number, port: number): Placement | undefined {
    const target = address | 0;
    const bound = mixed.bound ? mixed.ops.localEndpoint(mixed.number) : undefined;
    const tuple = {
      localAddress: (bound?.address ?? 0) | 0,
      localPort: bound?.port ?? 0,
      remoteAddress: target,
      remotePort: port,
    };
    const leaves = this.parts.portFor(target);
    if (leaves >= 0) return this.offloading.opener(tuple, leaves, undefined);
    // A connection to the host itself can be a device's only if that device has the listener.
    const own = this.listenerAt(target, port);
    return own === undefined ? undefined : this.offloading.opener(tuple, leaves, own);
  }

  private listenerAt(address: number, port: number): OffloadDevice | undefined {
    for (const mixed of this.sockets) {
      for (const { device } of mixed?.listeners ?? []) {
        if (device !== undefined && isAt(device, address) && device.sockets?.listens(address, port))
          return device;
      }
    }
    return undefined;
  }

  /** A connect on a device has ended: one that the device could not bring about is the host's to try. */
  outcome(mixed: MixedSocket, socket: number): void {
    mixed.connecting = false;
    if ((mixed.ops.readiness(mixed.number) & FAILED) === 0) return;
    const errno = mixed.ops.getOption(mixed.number, SO_ERROR);
    if (!fallsBack(errno)) {
      mixed.heldErrno = errno;
      return;
    }
    const { device, place, keeper } = mixed;
    if (device !== undefined) {
      device.attachedSockets -= 1;
      device.refuse('card refused');
    }
    this.owners.clear(place);
    place.ops.close(place.number);
    mixed.keeper = undefined;
    mixed.moveTo(keeper ?? { ops: this.parts.host, device: undefined, number: this.parts.host.socket() });
    this.owners.set(mixed.place, socket);
    if (keeper === undefined) copyOptions(mixed, mixed.place);
    const answer = mixed.ops.connect(mixed.number, mixed.address, mixed.port);
    if (answer < 0 && answer !== -EINPROGRESS) mixed.heldErrno = -answer;
  }

  close(mixed: MixedSocket, socket: number): number {
    this.offloading.touched.pass('close');
    this.stopListening(mixed);
    mixed.keeper?.ops.close(mixed.keeper.number);
    if (mixed.device !== undefined) mixed.device.attachedSockets -= 1;
    this.owners.clear(mixed.place);
    this.sockets[socket] = undefined;
    this.free.push(socket);
    return mixed.ops.close(mixed.number);
  }

  /** A socket's connection goes on somewhere else. */
  move(mixed: MixedSocket, socket: number, to: Place): void {
    this.owners.clear(mixed.place);
    if (mixed.device !== undefined) mixed.device.attachedSockets -= 1;
    mixed.moveTo(to);
    if (to.device !== undefined) to.device.attachedSockets += 1;
    this.owners.set(to, socket);
  }

  /** // Hot path. */
  nextReady(): number {
    const { devices } = this.offloading.registry;
    const stacks = devices.length + 1;
    this.offloading.touched.pass('ready');
    for (let tried = 0; tried < stacks; tried++) {
      const at = (this.turn + tried) % stacks;
      const device = at === 0 ? undefined : devices[at - 1];
      const stack = device === undefined ? this.parts.host : device.sockets?.stack;
      for (let number = stack?.nextReady() ?? -1; number >= 0; number = stack?.nextReady() ?? -1) {
        const socket = this.owners.of(device, number);
        // News of a socket that only keeps a port is nobody's.
        if (socket < 0) continue;
        this.turn = at;
        return socket;
      }
    }
    return -1;
  }

  poll(): number {
    let work = this.parts.host.poll();
    for (const { sockets } of this.offloading.registry.devices) work += sockets?.stack.poll() ?? 0;
    return work;
  }

  /** A device's socket for a connect, with the name that a bind has given. */
  private placeFor(device: OffloadDevice, mixed: MixedSocket): Place | undefined {
    const named = mixed.bound ? mixed.ops.localEndpoint(mixed.number) : undefined;
    if (named === undefined) return this.openOn(device, mixed);
    return this.boundOn(device, mixed, named.address, named.port);
  }

  private openOn(device: OffloadDevice, mixed: MixedSocket): Place | undefined {
    const ops = device.sockets?.stack;
    const number = ops?.socket() ?? -1;
    if (ops === undefined || number < 0) return undefined;
    const place = { ops, device, number };
    copyOptions(mixed, place);
    return place;
  }

  private boundOn(
    device: OffloadDevice,
    mixed: MixedSocket,
    address: number,
    port: number,
  ): Place | undefined {
    const place = this.openOn(device, mixed);
    if (place === undefined || place.ops.bind(place.number, address, port) === 0) return place;
    place.ops.close(place.number);
    return undefined;
  }

  private takeReserved(mixed: MixedSocket, device: OffloadDevice): Place | undefined {
    const at = mixed.reserved.findIndex((place) => place.device === device);
    return at < 0 ? undefined : mixed.reserved.splice(at, 1)[0];
  }

  private closeAll(places: Place[]): void {
    for (const { ops, number } of places.splice(0)) ops.close(number);
  }
}

/** Whether a connect on a device has come to its end. */
export function heardOutcome({ ops, number }: MixedSocket): boolean {
  return (ops.readiness(number) & (WRITABLE | FAILED | HANGUP)) !== 0;
}

/** Whether a device has an address, or listens for it: 0 is any. */
function isAt({ hardware }: OffloadDevice, address: number): boolean {
  return address === 0 || isLocal(address) || hardware.addresses.includes(address | 0);
}

function copyOptions({ options }: MixedSocket, { ops, number }: Place): void {
  for (const [option, value] of options) ops.setOption(number, option, value);
}

/** Sets what a rule sets. */
export function applySettings(
  { ops, number }: Place,
  { nodelay, keepalive, sndbuf, rcvbuf }: RuleSettings,
): void {
  const set = (option: number, value: number | boolean | undefined): void => {
    if (value !== undefined) ops.setOption(number, option, Number(value));
  };
  set(TCP_NODELAY, nodelay);
  set(SO_KEEPALIVE, keepalive);
  set(SO_SNDBUF, sndbuf);
  set(SO_RCVBUF, rcvbuf);
}
