/**
 * The socket calls of a host with offload devices. Each socket begins as the host's own; a policy and the
 * devices themselves say which connections and listeners go to a device (`offloading.ts`), and from then on
 * that socket's operations are the device's. A program cannot tell. What a device refuses, or cannot bring
 * about, the host does.
 *
 * A listener is the host's and the devices' at once: by whom a peer's connection comes, the steering of each
 * frame says (`steering.ts`). A port that a bind has named is kept on the host as long as its socket lives,
 * and on the devices until one of them needs it. Datagrams are the host's.
 */
import {
  type DatagramSource,
  type Endpoint,
  FAILED,
  READABLE,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_STREAM,
  type SocketStack,
} from '../../socket/contract.ts';
import { EADDRINUSE, EAGAIN, EBADF, EINPROGRESS, ENOTCONN } from '../../socket/errno.ts';
import { MSG_PEEK } from '../../socket/message-flags.ts';
import type { MovingSockets } from '../../socket/moving.ts';
import { SO_ERROR } from '../../socket/options.ts';
import type { TcpInfo } from '../../socket/tcp-info.ts';
import type { Clock } from '../../time/clock.ts';
import { HandOffs } from './hand-offs.ts';
import type { MixedSocket, Place } from './mixed-socket.ts';
import type { Offloading } from './offloading.ts';
import { heardOutcome, type ReadyStack, SocketPlaces } from './socket-places.ts';

/** What such a host is made of. */
export interface MixedParts {
  readonly host: SocketStack & ReadyStack & { readonly moves: MovingSockets };
  readonly offloading: Offloading;
  readonly clock: Clock;
  readonly socketsMax: number;
  /** The host's port by which packets to a destination leave; -1: they do not leave. */
  portFor(destination: number): number;
  /** Rests for so many nanoseconds at most, or until there is news. */
  rest(ns: number): void;
}

const NS_PER_MS = 1e6;
/** How long a wait rests at a time: nothing tells of news of all stacks at once. */
const REST_NS = 50_000;

export class MixedStack implements SocketStack {
  readonly name = 'mixed';
  readonly offloading: Offloading;
  private readonly parts: MixedParts;
  private readonly places: SocketPlaces;
  private readonly handOffs: HandOffs;

  constructor(parts: MixedParts) {
    this.parts = parts;
    this.offloading = parts.offloading;
    this.places = new SocketPlaces(parts);
    this.handOffs = new HandOffs(parts, this.places);
  }

  /** The device that has a socket, by its name; undefined: the host has it. */
  deviceOf(socket: number): string | undefined {
    return this.places.sockets[socket]?.device?.name;
  }

  /** Where a socket is: whose operations it has, and under which number. Undefined: there is none. */
  placeOf(socket: number): Place | undefined {
    return this.places.sockets[socket]?.place;
  }

  /**
   * Hands an established connection over to a device: the program's socket goes on, and its peer notices
   * nothing.
   * @param device its name. @returns 0; or why not, a negative errno: then it is where it was. -EBADF,
   *   -ENODEV, -EALREADY (a device has it), -ENOTCONN, -EOPNOTSUPP (a datagram socket, or a device that takes
   *   none), -EBUSY (the device refuses, as its counts say), -EINVAL (it is ending), -ENOBUFS, -ENFILE, ...
   */
  handOff(socket: number, device: string): number {
    const mixed = this.at(socket);
    return mixed === undefined ? -EBADF : this.handOffs.handOff(mixed, socket, device);
  }

  /**
   * Takes a connection back from its device. @returns 0 or a negative errno, as of `handOff`; -EOPNOTSUPP
   * also for one to the host itself: the device has both its ends, and they hear of each other within it.
   */
  takeBack(socket: number): number {
    const mixed = this.at(socket);
    return mixed === undefined ? -EBADF : this.handOffs.takeBack(mixed, socket);
  }

  /**
   * Deactivates a device and takes back all connections of programs that it has.
   * @returns how many could not be taken back, and stay; -ENODEV, -EINVAL (it is not active).
   */
  deactivate(device: string): number {
    const answer = this.offloading.registry.deactivate(device);
    return answer < 0 ? answer : this.handOffs.takeBackAll((mixed) => mixed.device?.name === device);
  }

  /**
   * Routes of the host have changed: connections of devices whose way leads by a port that is not their
   * device's come back to the host, which goes on with them by the other port.
   * @returns how many could not be taken back, and stay.
   */
  takeBackStrays(): number {
    const { portFor } = this.parts;
    return this.handOffs.takeBackAll(({ device, ops, number }) => {
      const remote = device === undefined ? undefined : ops.remoteEndpoint(number);
      if (device === undefined || remote === undefined) return false;
      const port = portFor(remote.address | 0);
      return port >= 0 && !device.hardware.ports.includes(port);
    });
  }

  socket(type: number = SOCK_STREAM): number {
    const number = this.parts.host.socket(type);
    if (number < 0) return number;
    return this.places.open({ ops: this.parts.host, number, device: undefined }, type === SOCK_DGRAM);
  }

  bind(socket: number, address: number, port: number): number {
    const mixed = this.at(socket);
    if (mixed === undefined) return -EBADF;
    const answer = mixed.ops.bind(mixed.number, address, port);
    if (answer !== 0 || mixed.datagram || mixed.device !== undefined) return answer;
    this.offloading.touched.pass('bind');
    const named = mixed.ops.localEndpoint(mixed.number)?.port ?? 0;
    if (!this.places.reserve(mixed, address, named)) {
      this.places.renew(mixed, socket);
      return -EADDRINUSE;
    }
    mixed.bound = true;
    return 0;
  }

  listen(socket: number, backlog: number): number {
    const mixed = this.at(socket);
    if (mixed === undefined) return -EBADF;
    const answer = mixed.ops.listen(mixed.number, backlog);
    if (answer !== 0 || mixed.device !== undefined) return answer;
    mixed.fresh = false;
    mixed.listening = true;
    this.offloading.touched.pass('listen');
    for (const { ops, number } of mixed.listeners) ops.listen(number, backlog);
    if (mixed.listeners.length === 0) this.places.listen(mixed, socket, backlog);
    return 0;
  }

  accept(socket: number): number {
    const mixed = this.at(socket);
    if (mixed === undefined) return -EBADF;
    if (mixed.listeners.length === 0) return this.accepted(mixed.place);
    this.offloading.touched.pass('accept');
    // All of them in turn, each as often first, so that none waits for the others.
    const all = [...mixed.listeners, mixed.place];
    for (let tried = 0; tried < all.length; tried++) {
      const place = all[(mixed.turn + tried) % all.length];
      const answer = this.accepted(place);
      if (answer === -EAGAIN) continue;
      if (answer < 0 && place.device !== undefined && this.places.hasFailed(place)) {
        // The device has died under its listener: the host goes on alone, and the program hears nothing.
        this.places.dropListener(mixed, place);
        continue;
      }
      mixed.turn = (mixed.turn + tried + 1) % all.length;
      return answer;
    }
    return -EAGAIN;
  }

  private accepted({ ops, device, number }: Place): number {
    const answer = ops.accept(number);
    if (answer < 0) return answer;
    const accepted = this.places.open({ ops, device, number: answer }, false);
    if (accepted >= 0) this.places.accepted(accepted);
    return accepted;
  }

  connect(socket: number, address: number, port: number): number {
    const mixed = this.at(socket);
    if (mixed === undefined) return -EBADF;
    if (mixed.heldErrno !== 0) {
      // The device's socket becomes as new by its own answer, which says less than what was held.
      mixed.ops.connect(mixed.number, address, port);
      return 0 - this.takeHeld(mixed);
    }
    if (!mixed.fresh || mixed.datagram) return mixed.ops.connect(mixed.number, address, port);
    this.offloading.touched.pass('connect');
    if (this.places.offload(mixed, socket, address, port)) return -EINPROGRESS;
    const answer = mixed.ops.connect(mixed.number, address, port);
    if (answer !== -EINPROGRESS && answer !== 0) return answer;
    mixed.fresh = false;
    this.handOffs.opened(mixed, address | 0, port);
    return answer;
  }

  /** // Hot path. */
  send(socket: number, bytes: Uint8Array, offset: number, length: number, flags?: number): number {
    const mixed = this.at(socket);
    if (mixed === undefined) return -EBADF;
    if (mixed.heldErrno !== 0) return 0 - this.takeHeld(mixed);
    const answer = mixed.ops.send(mixed.number, bytes, offset, length, flags);
    if (mixed.later !== undefined && answer > 0) this.handOffs.passed(mixed, socket, answer);
    return answer;
  }

  /** // Hot path. */
  recv(socket: number, bytes: Uint8Array, offset: number, length: number, flags?: number): number {
    const mixed = this.at(socket);
    if (mixed === undefined) return -EBADF;
    if (mixed.heldErrno !== 0) return 0 - this.takeHeld(mixed);
    const answer = mixed.ops.recv(mixed.number, bytes, offset, length, flags);
    const stays = flags !== undefined && (flags & MSG_PEEK) !== 0;
    if (mixed.later !== undefined && answer > 0 && !stays) this.handOffs.passed(mixed, socket, answer);
    return answer;
  }

  sendTo(
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
    flags?: number,
  ): number {
    const mixed = this.at(socket);
    if (mixed === undefined) return -EBADF;
    if (mixed.heldErrno !== 0) return 0 - this.takeHeld(mixed);
    return mixed.ops.sendTo(mixed.number, bytes, offset, length, address, port, flags);
  }

  recvFrom(
    socket: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource,
    flags?: number,
  ): number {
    const mixed = this.at(socket);
    if (mixed === undefined) return -EBADF;
    if (mixed.heldErrno !== 0) return 0 - this.takeHeld(mixed);
    return mixed.ops.recvFrom(mixed.number, bytes, offset, length, from, flags);
  }

  shutdown(socket: number, how: number): number {
    const mixed = this.at(socket);
    if (mixed === undefined) return -EBADF;
    const answer = mixed.ops.shutdown(mixed.number, how);
    // Of a connect under way it is the program that has ended it, and no device that could not.
    if (answer === 0) mixed.connecting = false;
    if (answer === -ENOTCONN && mixed.fresh && !mixed.datagram) mixed.ended.push(how);
    if (answer !== 0 || mixed.device !== undefined) return answer;
    // A listener whose reading half has ended is as new.
    if (mixed.listening && how !== SHUT_WR) {
      mixed.listening = false;
      mixed.fresh = true;
      this.places.stopListening(mixed);
    }
    return 0;
  }

  close(socket: number): number {
    const mixed = this.at(socket);
    return mixed === undefined ? -EBADF : this.places.close(mixed, socket);
  }

  setOption(socket: number, option: number, value: number): number {
    const mixed = this.at(socket);
    if (mixed === undefined) return -EBADF;
    const answer = mixed.ops.setOption(mixed.number, option, value);
    if (answer !== 0 || mixed.device !== undefined) return answer;
    mixed.options.set(option, value);
    for (const { ops, number } of [...mixed.reserved, ...mixed.listeners])
      ops.setOption(number, option, value);
    return 0;
  }

  getOption(socket: number, option: number): number {
    const mixed = this.at(socket);
    if (mixed === undefined) return -EBADF;
    if (option === SO_ERROR && mixed.heldErrno !== 0) return this.takeHeld(mixed);
    return mixed.ops.getOption(mixed.number, option);
  }

  atMark(socket: number): number {
    const mixed = this.at(socket);
    return mixed === undefined ? -EBADF : mixed.ops.atMark(mixed.number);
  }

  tcpInfo(socket: number): TcpInfo | number {
    const mixed = this.at(socket);
    return mixed === undefined ? -EBADF : mixed.ops.tcpInfo(mixed.number);
  }

  localEndpoint(socket: number): Endpoint | undefined {
    const mixed = this.at(socket);
    return mixed?.ops.localEndpoint(mixed.number);
  }

  remoteEndpoint(socket: number): Endpoint | undefined {
    const mixed = this.at(socket);
    return mixed?.ops.remoteEndpoint(mixed.number);
  }

  readiness(socket: number): number {
    const mixed = this.at(socket);
    if (mixed === undefined) return -EBADF;
    let bits = mixed.ops.readiness(mixed.number) | (mixed.heldErrno !== 0 ? FAILED : 0);
    // What has become of a device's listener is none of the program's business.
    for (const { ops, number } of mixed.listeners) bits |= ops.readiness(number) & READABLE;
    return bits;
  }

  /** The socket whose readiness changed longest ago on one of the stacks; -1 when there is none. */
  nextReady(): number {
    return this.places.nextReady();
  }

  poll(): number {
    return this.places.poll();
  }

  wait(timeoutMs: number): number {
    const { clock } = this.parts;
    clock.update();
    const endNs = timeoutMs < 0 ? Number.POSITIVE_INFINITY : clock.nowNs + timeoutMs * NS_PER_MS;
    for (;;) {
      const work = this.poll();
      clock.update();
      if (work > 0 || clock.nowNs >= endNs) return work;
      this.parts.rest(Math.min(REST_NS, endNs - clock.nowNs));
    }
  }

  /** The socket of a number, after a look at what has become of its connect. */
  private at(socket: number): MixedSocket | undefined {
    const mixed = this.places.sockets[socket];
    if (mixed?.connecting && heardOutcome(mixed)) {
      this.offloading.touched.pass('outcome');
      this.places.outcome(mixed, socket);
    }
    return mixed;
  }

  private takeHeld(mixed: MixedSocket): number {
    const { heldErrno } = mixed;
    mixed.heldErrno = 0;
    return heldErrno;
  }
}
