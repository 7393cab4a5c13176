/**
 * Established connections that go from the host's stack to a device, and back. One side brings the connection
 * to rest and writes its image; the other goes on with it or refuses; then the first gives it up or keeps it.
 * What comes of the connection meanwhile is dropped by the side at rest, and its peer sends it again.
 */
import { EALREADY, EBUSY, EINPROGRESS, ENETDOWN, ENODEV, ENOTCONN, EOPNOTSUPP } from '../../socket/errno.ts';
import type { MovingSockets } from '../../socket/moving.ts';
import { SO_REUSEADDR } from '../../socket/options.ts';
import type { Clock } from '../../time/clock.ts';
import type { MixedSocket } from './mixed-socket.ts';
import { isLocal } from './offloading.ts';
import type { OffloadDevice } from './registry.ts';
import { applySettings, type PlacesParts, type SocketPlaces } from './socket-places.ts';

export interface HandOffsParts extends PlacesParts {
  readonly host: PlacesParts['host'] & { readonly moves: MovingSockets };
  readonly clock: Clock;
}

export class HandOffs {
  private readonly parts: HandOffsParts;
  private readonly places: SocketPlaces;

  constructor(parts: HandOffsParts, places: SocketPlaces) {
    this.parts = parts;
    this.places = places;
  }

  /** As `MixedStack.handOff`. */
  handOff(mixed: MixedSocket, socket: number, name: string): number {
    const { host, offloading, clock } = this.parts;
    const device = offloading.registry.find(name);
    if (device === undefined) return -ENODEV;
    const moves = device.sockets?.moves;
    if (mixed.datagram || moves?.area === undefined || device.sockets === undefined) return -EOPNOTSUPP;
    if (mixed.device !== undefined) return -EALREADY;
    offloading.touched.pass('handOff');
    if (this.isRefused(mixed, device)) {
      if (mixed.ops.remoteEndpoint(mixed.number) === undefined) return -ENOTCONN;
      return device.sockets.dead?.() === true ? -ENETDOWN : -EBUSY;
    }
    const from = mixed.number;
    const connection = host.moves.handOff(from, moves.area);
    if (typeof connection === 'number') return connection;
    const taken = moves.takeOver(connection);
    if (taken < 0) {
      host.moves.keep(from);
      device.refuse('card refused');
      return taken;
    }
    clock.update();
    device.give('hand-off', clock.nowUs);
    host.moves.depart(from);
    this.places.move(mixed, socket, { ops: device.sockets.stack, device, number: taken });
    if (mixed.bound) this.keepPort(mixed, connection.localAddress, connection.localPort);
    return 0;
  }

  /** The host opens a connection: a rule may have it handed over later. */
  opened(mixed: MixedSocket, remoteAddress: number, remotePort: number): void {
    const local = mixed.bound ? mixed.ops.localEndpoint(mixed.number) : undefined;
    const localAddress = (local?.address ?? 0) | 0;
    const tuple = { localAddress, localPort: local?.port ?? 0, remoteAddress, remotePort };
    mixed.stayUntil(this.parts.offloading.later('active', tuple));
  }

  /** Bytes have passed through a socket that a rule has handed over after so many. */
  passed(mixed: MixedSocket, socket: number, bytes: number): void {
    const { later } = mixed;
    mixed.bytesLeft -= bytes;
    if (mixed.bytesLeft > 0 || later?.after === undefined) return;
    // A device that does not take it now is asked again after as many bytes.
    mixed.bytesLeft = later.after;
    const { devices } = this.parts.offloading.registry;
    const remote = mixed.ops.remoteEndpoint(mixed.number);
    const port = remote === undefined ? -1 : this.parts.portFor(remote.address | 0);
    const device = devices.find(
      ({ name, hardware }) => (later.device ?? name) === name && hardware.ports.includes(port),
    );
    if (device === undefined || this.handOff(mixed, socket, device.name) !== 0) return;
    mixed.later = undefined;
    applySettings(mixed.place, later);
  }

  /** As `MixedStack.takeBack`. */
  takeBack(mixed: MixedSocket, socket: number): number {
    const { host, offloading } = this.parts;
    const { device, number } = mixed;
    const moves = device?.sockets?.moves;
    if (device === undefined) return -EALREADY;
    if (moves?.area === undefined) return -EOPNOTSUPP;
    if (mixed.connecting) return -EINPROGRESS;
    // Its other end is the device's too, and reaches this one by a loop within the device alone.
    if (this.isToHostItself(mixed)) return -EOPNOTSUPP;
    offloading.touched.pass('takeBack');
    const connection = moves.handOff(number, moves.area);
    if (typeof connection === 'number') return connection;
    const taken = host.moves.takeOver(connection);
    if (taken < 0) {
      moves.keep(number);
      return taken;
    }
    moves.depart(number);
    device.takenBack += 1;
    this.places.move(mixed, socket, { ops: host, device: undefined, number: taken });
    return 0;
  }

  /** Takes back those connections of programs on devices that `chosen` names. @returns how many stay. */
  takeBackAll(chosen: (mixed: MixedSocket) => boolean): number {
    const { sockets } = this.places;
    let left = 0;
    for (let socket = 0; socket < sockets.length; socket++) {
      const mixed = sockets[socket];
      if (mixed?.device === undefined || !chosen(mixed)) continue;
      if (this.takeBack(mixed, socket) !== 0) left += 1;
    }
    return left;
  }

  /** Whether a socket has no connection that could go to a device, or the device does not get it. */
  private isRefused(mixed: MixedSocket, device: OffloadDevice): boolean {
    const { offloading, portFor } = this.parts;
    const local = mixed.ops.localEndpoint(mixed.number);
    const remote = mixed.ops.remoteEndpoint(mixed.number);
    if (local === undefined || remote === undefined) return true;
    const tuple = {
      localAddress: local.address | 0,
      localPort: local.port,
      remoteAddress: remote.address | 0,
      remotePort: remote.port,
    };
    return offloading.moveRefusal(device, tuple, portFor(tuple.remoteAddress)) !== undefined;
  }

  private isToHostItself({ ops, number }: MixedSocket): boolean {
    const remote = ops.remoteEndpoint(number);
    if (remote === undefined) return false;
    const { devices } = this.parts.offloading.registry;
    const address = remote.address | 0;
    return isLocal(address) || devices.some(({ hardware }) => hardware.addresses.includes(address));
  }

  /** A port that a bind has named stays the socket's, on the host too. */
  private keepPort(mixed: MixedSocket, address: number, port: number): void {
    const { host } = this.parts;
    if (mixed.keeper !== undefined) return;
    const number = host.socket();
    if (number < 0) return;
    host.setOption(number, SO_REUSEADDR, mixed.options.get(SO_REUSEADDR) ?? 0);
    if (host.bind(number, address, port) === 0) mixed.keeper = { ops: host, device: undefined, number };
    else host.close(number);
  }
}
