/**
 * The table of a host's offload devices, beside its table of network devices, as the proposal of 2005 has it:
 * register a device under a name, attach the module for its type, activate, deactivate, unregister. Calls
 * answer like system calls: 0 or more, or a negative errno.
 */
import { EBUSY, EEXIST, EINVAL, ENFILE, ENODEV, ENOPROTOOPT } from '../../socket/errno.ts';
import {
  type HardwareDriver,
  REFUSALS,
  type Refusal,
  type SocketsDriver,
  type SocketsModule,
} from './device.ts';

/** Names there can be at once. */
export const DEVICES_MAX = 32;
/** As a network device's: IFNAMSIZ less the 0 at its end (include/uapi/linux/if.h). */
const NAME_CHARS_MAX = 15;

/** For so long a connection may be on its way to a device's table: by then the device has refused it. */
const UNDER_WAY_US = 1000;

export class OffloadDevice {
  readonly name: string;
  readonly hardware: HardwareDriver;
  /** Its TCP/sockets driver; undefined until it is attached. */
  sockets: SocketsDriver | undefined;
  /** Whether it takes new listeners and connections. */
  active = false;
  /** Sockets of programs that are on it, listeners apart. */
  attachedSockets = 0;
  attachedListeners = 0;
  /** Connections that it got: those the host opened, and those that peers opened. */
  offeredActive = 0;
  offeredPassive = 0;
  /** Connections of the host's that were handed over to it, and those that were taken back. */
  handedOver = 0;
  takenBack = 0;
  /** When it last got one, and of all that it got how many were not in its table then, nor on their way. */
  private gaveUs = 0;
  private missing = 0;
  /** How often the link of its port went down, and came back. */
  linkDowns = 0;
  linkUps = 0;
  /** How often it did not get what policy would have given it, by reason. */
  readonly refusals: Record<Refusal, number>;

  constructor(name: string, hardware: HardwareDriver) {
    this.name = name;
    this.hardware = hardware;
    this.refusals = Object.fromEntries(REFUSALS.map((reason) => [reason, 0])) as Record<Refusal, number>;
  }

  /** Whether anything of a program's, or of the wire's, is still in its hands. */
  get busy(): boolean {
    return this.attachedSockets + this.attachedListeners + (this.sockets?.connections() ?? 0) > 0;
  }

  /** It gets a connection: one that the host opens, or a peer, or one that has been open for a while. */
  give(by: 'active' | 'passive' | 'hand-off', nowUs: number): void {
    this.underWay(nowUs);
    this.gaveUs = nowUs;
    if (by === 'active') this.offeredActive += 1;
    else if (by === 'passive') this.offeredPassive += 1;
    else this.handedOver += 1;
  }

  /** Connections that it got and has not in its table yet, as the frames and messages are on their way. */
  underWay(nowUs: number): number {
    const given = this.offeredActive + this.offeredPassive + this.handedOver;
    const untold = given - (this.sockets?.begun() ?? 0);
    if (((nowUs - this.gaveUs) | 0) > UNDER_WAY_US) this.missing = untold;
    return Math.max(0, untold - this.missing);
  }

  refuse(reason: Refusal): void {
    this.refusals[reason] += 1;
  }
}

export class DeviceRegistry {
  /** In the order of their registration. */
  readonly devices: OffloadDevice[] = [];
  private readonly modules: SocketsModule[] = [];

  /** The device of a name; undefined where there is none. */
  find(name: string): OffloadDevice | undefined {
    return this.devices.find((device) => device.name === name);
  }

  /**
   * Gives a device a name.
   * @param pattern a name, or one with `%d` in it for the lowest number that is free, such as `toe%d`.
   * @returns its place in `devices`; -EINVAL (bad name), -EEXIST (name taken, or hardware registered before),
   *   -ENFILE (32 names are taken).
   */
  register(hardware: HardwareDriver, pattern: string): number {
    if (!isPattern(pattern)) return -EINVAL;
    if (this.devices.some((device) => device.hardware === hardware)) return -EEXIST;
    if (this.devices.length >= DEVICES_MAX) return -ENFILE;
    const name = this.freeName(pattern);
    if (this.find(name) !== undefined) return -EEXIST;
    if (name.length > NAME_CHARS_MAX) return -EINVAL;
    return this.devices.push(new OffloadDevice(name, hardware)) - 1;
  }

  /** @returns 0; -ENODEV, -EBUSY (active, or connections are attached). */
  unregister(name: string): number {
    const device = this.find(name);
    if (device === undefined) return -ENODEV;
    if (device.active || device.busy) return -EBUSY;
    this.devices.splice(this.devices.indexOf(device), 1);
    return 0;
  }

  /** Makes a module known. @returns 0; -EEXIST (there is one of this type). */
  addModule(module: SocketsModule): number {
    if (this.modules.some(({ type }) => type === module.type)) return -EEXIST;
    this.modules.push(module);
    return 0;
  }

  /** @returns 0; -ENOPROTOOPT (no such module), -EBUSY (a device of its type is attached). */
  removeModule(type: string): number {
    const at = this.modules.findIndex((module) => module.type === type);
    if (at < 0) return -ENOPROTOOPT;
    if (this.devices.some(({ hardware, sockets }) => hardware.type === type && sockets !== undefined))
      return -EBUSY;
    this.modules.splice(at, 1);
    return 0;
  }

  /** Joins a device's two drivers. @returns 0; -ENODEV, -EEXIST (joined before), -ENOPROTOOPT (no module). */
  attach(name: string): number {
    const device = this.find(name);
    if (device === undefined) return -ENODEV;
    if (device.sockets !== undefined) return -EEXIST;
    const { hardware } = device;
    const module = this.modules.find(({ type }) => type === hardware.type);
    const sockets = hardware.sockets ?? module?.attach(hardware);
    if (sockets === undefined) return -ENOPROTOOPT;
    device.sockets = sockets;
    return 0;
  }

  /** Parts them. @returns 0; -ENODEV, -ENOPROTOOPT (not joined), -EBUSY (active, or in use). */
  detach(name: string): number {
    const device = this.find(name);
    if (device === undefined) return -ENODEV;
    if (device.sockets === undefined) return -ENOPROTOOPT;
    if (device.active || device.busy) return -EBUSY;
    device.sockets = undefined;
    return 0;
  }

  /** From now on it gets connections. @returns 0; -ENODEV, -ENOPROTOOPT (no module), -EBUSY (it does). */
  activate(name: string): number {
    const device = this.find(name);
    if (device === undefined) return -ENODEV;
    if (device.sockets === undefined) return -ENOPROTOOPT;
    if (device.active) return -EBUSY;
    device.active = true;
    return 0;
  }

  /** It gets no more; what it has it keeps. @returns 0; -ENODEV, -EINVAL (it is not active). */
  deactivate(name: string): number {
    const device = this.find(name);
    if (device === undefined) return -ENODEV;
    if (!device.active) return -EINVAL;
    device.active = false;
    return 0;
  }

  private freeName(pattern: string): string {
    if (!pattern.includes('%d')) return pattern;
    for (let number = 0; ; number++) {
      const name = pattern.replace('%d', String(number));
      if (this.find(name) === undefined) return name;
    }
  }
}

/** As Linux has names of network devices (dev_valid_name, __dev_alloc_name of net/core/dev.c). */
function isPattern(pattern: string): boolean {
  if (!/^[\x21-\x7e]{1,15}$/.test(pattern) || /[/:]/.test(pattern)) return false;
  if (pattern === '.' || pattern === '..') return false;
  const marks = pattern.split('%').length - 1;
  return marks === 0 || (marks === 1 && pattern.includes('%d'));
}
