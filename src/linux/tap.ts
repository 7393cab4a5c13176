/**
 * Opens a TAP of Linux's, or the file of a macvtap, for a device to read frames from and write frames to.
 * Everything that can be wrong with it is found here, before a card is built, and said in one line that tells
 * what to do.
 *
 *   a TAP      by its name: made where there is none, which wants root or CAP_NET_ADMIN, and gone again when
 *              the last program closes it; needs koffi, since only `ioctl` attaches to it
 *   a macvtap  by its file, /dev/tapN, where N is its interface's index; Node's own `fs` opens it
 *
 * Both are opened with a virtio-net header before each frame (IFF_VNET_HDR), of ten bytes. Read
 * linux/if_tun.h and the kernel's Documentation/networking/tuntap.rst.
 */
import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { EACCES, EBUSY, EINVAL, EPERM, errnoName } from '../socket/errno.ts';
import { Interface } from './interface.ts';
import { type Libc, loadLibc } from './libc.ts';

/** What a program asks for. */
export interface TapRequest {
  /** The interface's name, such as inic0, or the file of a macvtap, such as /dev/tap7. */
  readonly name: string;
  /** What the kernel's side of a TAP gets, where it is to get one: an int32, and how long its prefix is. */
  readonly hostAddress?: number;
  readonly prefixLength: number;
}

/** An open TAP, as plain data: the files are the process's, so any thread of it may use them. */
export interface OpenedTap {
  /** The interface's name. */
  readonly name: string;
  /** Open for both ways, non-blocking. Whoever asked closes it, by `closeTap`. */
  readonly fd: number;
  /** The event file by which a doorbell ends a wait for it; -1 where there is no libc, and nobody waits. */
  readonly eventFd: number;
  readonly mtu: number;
  /** The hardware address that the card must have, where the interface lets frames of no other by. */
  readonly mac?: readonly number[];
  /** Whether the kernel has an IPv4 address on its side. */
  readonly hasAddress: boolean;
  /** Whether it was made just now, and goes when it is closed. */
  readonly made: boolean;
}

export const TUN_FILE = '/dev/net/tun';

/** linux/if_tun.h. */
const TUNSETIFF = 0x4004_54ca;
const TUNSETVNETHDRSZ = 0x4004_54d8;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const VNET_HEADER_BYTES = 10;
/** linux/if.h: IFNAMSIZ less the zero behind it; `struct ifreq`, and where its union begins. */
const NAME_BYTES_MAX = 15;
const REQUEST_BYTES = 40;
const REQUEST_FLAGS = 16;
/** sys/eventfd.h. */
const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;
const MACVTAP_FILE = /^\/dev\/tap(\d+)$/;

/** @throws Error with one line for what cannot be a TAP's name. */
export function checkTapName(name: string): void {
  if (name.startsWith('/')) {
    if (MACVTAP_FILE.test(name)) return;
    throw new Error(`"${name}" is no file of a macvtap: expected /dev/tapN, or an interface's name`);
  }
  const legal = name.length > 0 && Buffer.byteLength(name) <= NAME_BYTES_MAX && !/[\s/:%]/.test(name);
  if (legal && name !== '.' && name !== '..') return;
  throw new Error(
    `"${name}" is no interface's name: expected 1 to ${NAME_BYTES_MAX} bytes without space, "/", ":", "%"`,
  );
}

/**
 * @param load says how libc is called, which a test may leave out.
 * @throws Error with one line that says what is wrong and what to do.
 */
export function openTap(request: TapRequest, load: () => Libc | undefined = loadLibc): OpenedTap {
  const { name } = request;
  checkTapName(name);
  const libc = load();
  if (MACVTAP_FILE.test(name)) return openMacvtap(request, libc);
  if (libc === undefined) {
    throw new Error(
      `the TAP ${name} needs the optional package "koffi", which is not installed: npm install koffi, ` +
        'or give a macvtap by its file, such as --tap /dev/tap7',
    );
  }
  const made = !existsSync(`/sys/class/net/${name}`);
  const fd = openFile(TUN_FILE, name);
  try {
    attach(libc, fd, name);
    const side = new Interface(libc, name);
    const mtu = prepare(side, request, made);
    const eventFd = libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return { name, fd, eventFd, mtu, hasAddress: side.hasAddress, made };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Closes what `openTap` has opened. Nobody may read or write it any more. */
export function closeTap({ fd, eventFd }: OpenedTap): void {
  closeSync(fd);
  if (eventFd >= 0) closeSync(eventFd);
}

function openFile(path: string, name: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      const why = path === TUN_FILE ? 'load the kernel’s module: modprobe tun' : 'see the index in ip link';
      throw new Error(`cannot open ${name}: there is no ${path}; ${why}`);
    }
    if (code === 'EACCES' || code === 'EPERM') throw new Error(notPermitted(name, path));
    if (code === 'EBUSY') throw new Error(inUse(name));
    throw new Error(`cannot open ${path}: ${code ?? String(error)}`);
  }
}

function notPermitted(name: string, path: string): string {
  return (
    `cannot open ${name}: no permission for ${path}; run it as root, or have root say once: ` +
    (path === TUN_FILE ? `ip tuntap add dev ${name} mode tap user $USER` : `chown $USER ${path}`)
  );
}

function inUse(name: string): string {
  return `cannot open ${name}: another program has it; give each program a TAP of its own`;
}

/** Has the file stand for the interface. */
function attach(libc: Libc, fd: number, name: string): void {
  const request = Buffer.alloc(REQUEST_BYTES);
  request.write(name, 'utf8');
  request.writeUInt16LE(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, REQUEST_FLAGS);
  if (libc.ioctl(fd, TUNSETIFF, request) !== 0) {
    const errno = libc.errno();
    if (errno === EBUSY) throw new Error(inUse(name));
    if (errno === EPERM || errno === EACCES) throw new Error(notPermitted(name, TUN_FILE));
    if (errno === EINVAL) throw new Error(`cannot open ${name}: it is an interface, but no TAP of one queue`);
    throw new Error(`cannot open ${name}: ${errnoName(errno)}`);
  }
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(VNET_HEADER_BYTES);
  if (libc.ioctl(fd, TUNSETVNETHDRSZ, bytes) === 0) return;
  throw new Error(
    `cannot open ${name}: this kernel gives no virtio-net header of ${VNET_HEADER_BYTES} bytes`,
  );
}

/** Has the kernel's side as it is to be. @returns its MTU. */
function prepare(side: Interface, { name, hostAddress, prefixLength }: TapRequest, made: boolean): number {
  if (hostAddress !== undefined && !side.setAddress(hostAddress, prefixLength)) {
    throw new Error(
      `cannot give ${name} the host's address: ${errnoName(side.errno)}; ip addr add needs root`,
    );
  }
  if (!side.isUp && !side.bringUp()) {
    throw new Error(
      `${name} is down, and bringing it up: ${errnoName(side.errno)}; say: ip link set ${name} up`,
    );
  }
  const { mtu } = side;
  if (mtu > 0) return mtu;
  throw new Error(`cannot tell the MTU of ${name}${made ? ', made just now' : ''}: ${errnoName(side.errno)}`);
}

function openMacvtap({ name, hostAddress }: TapRequest, libc: Libc | undefined): OpenedTap {
  if (hostAddress !== undefined) {
    throw new Error(
      `${name} is a macvtap, whose other side is a network: there is no --host-address to give`,
    );
  }
  const fd = openFile(name, name);
  const index = MACVTAP_FILE.exec(name)?.[1];
  const own = readdirSync('/sys/class/net').find((entry) => said(entry, 'ifindex') === index);
  const mtu = own === undefined ? 0 : Number(said(own, 'mtu'));
  const mac =
    own === undefined ? [] : (said(own, 'address') ?? '').split(':').map((x) => Number.parseInt(x, 16));
  if (own === undefined || !(mtu > 0) || mac.length !== 6) {
    closeSync(fd);
    throw new Error(`cannot open ${basename(name)}: no interface here has the index ${index}`);
  }
  const eventFd = libc?.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) ?? -1;
  return { name: own, fd, eventFd, mtu, mac, hasAddress: false, made: false };
}

function said(name: string, what: string): string | undefined {
  try {
    return readFileSync(`/sys/class/net/${name}/${what}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
