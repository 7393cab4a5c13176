/**
 * The methods with which a TCP handle begins: bind, listen, connect. Here it is decided where the handle
 * lives.
 *
 * `bind` is always the kernel's: it chooses the port and knows who else has it. A handle that may be the
 * card's remembers what it was bound to. `listen` then listens at the same address and port twice: on the
 * card, by a channel, and in the kernel, by the native handle itself, whose connections arrive by Node's own
 * path. `connect` goes to the card if a listener there will hear it, else to the kernel; what the card has no
 * room for goes there, too.
 */
import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EALREADY,
  EBADF,
  EINVAL,
  EISCONN,
  EMFILE,
  ENFILE,
  ENOBUFS,
} from '../socket/errno.ts';
import { ANY, ANY_MAPPED, LOOPBACK6 } from './addresses.ts';
import type { AddressInfoOut, NativeBindings, StreamRequest, TcpHandle } from './bindings.ts';
import { connectOnCard, listenOnCard, openBound } from './card-calls.ts';
import { type Channel, kChannel, type MaybeOnCard } from './channel.ts';
import { BOUND, CLOSED, CONNECTING, LISTENING } from './channel-state.ts';
import { hide } from './hidden.ts';
import {
  type Bound,
  bindReason,
  connectTarget,
  isOnlyOnCard,
  type Policy,
  parseAddress,
  placeConnection,
} from './policy.ts';
import type { Pump } from './pump.ts';
import { BOUND_IN_KERNEL, FOR_WORKERS, NO_ROOM, NOT_ITS_OPTION, PORT_TAKEN, type Routes } from './routes.ts';

/** The field of a TCP handle that holds what it was bound to, until it listens or connects. */
const kBound: unique symbol = Symbol('inic bound');

interface MaybeBound {
  [kBound]?: Bound;
}

type Handle = TcpHandle & MaybeOnCard & MaybeBound;

/** What the methods look up at each call, since it changes while they are in place. */
export interface Seam {
  /** Undefined: new handles are the kernel's. */
  policy: Policy | undefined;
  /** Told when Node asks whether a handle is a native stream, which HTTP and HTTP/2 do to consume it. */
  readonly consumed: (handle: object) => void;
  /** Node's own methods. */
  readonly original: TcpHandle;
  readonly native: NativeBindings;
}

/** Ports that the kernel may choose before one is free on the card, too. */
const PORTS_TRIED_MAX = 64;

/** Whether a handle lives on the card or may still come to, so that what is native needs a bridge over it. */
export function mayBeOnCard(seam: Seam, handle: TcpHandle): boolean {
  const { [kChannel]: channel, [kBound]: bound } = handle as Handle;
  if (channel !== undefined) return true;
  if (seam.policy === undefined) return false;
  return bound === undefined ? nativeFd(seam, handle) < 0 : bound.reason === undefined;
}

/** What a handle was bound to at an address that is the card's alone; its native handle knows nothing of it. */
export function boundOnCard(handle: TcpHandle): (Bound & { readonly cardPort: number }) | undefined {
  const bound = (handle as Handle)[kBound];
  return bound?.cardPort === undefined ? undefined : { ...bound, cardPort: bound.cardPort };
}

/** The native handle's descriptor; -1 while it has none. */
export function nativeFd(seam: Seam, handle: TcpHandle): number {
  return Reflect.get(seam.original, 'fd', handle) as number;
}

export function openingMethods(seam: Seam) {
  const original = seam.original;
  return {
    // Of a client whose port is the system's to choose, Node names none; its native code takes that for 0.
    bind(this: Handle, address: string, port?: number, flags?: number): number {
      return bind(seam, this, address, port ?? 0, flags, false);
    },
    bind6(this: Handle, address: string, port?: number, flags?: number): number {
      return bind(seam, this, address, port ?? 0, flags, true);
    },
    listen(this: Handle, backlog: number): number {
      return listen(seam, this, backlog);
    },
    connect(this: Handle, request: StreamRequest, address: string, port: number): number {
      return connect(seam, this, request, address, port, false);
    },
    connect6(this: Handle, request: StreamRequest, address: string, port: number): number {
      return connect(seam, this, request, address, port, true);
    },
    open(this: Handle, fd: number): number {
      return this[kChannel] === undefined ? original.open.call(this, fd) : -EINVAL;
    },
  };
}

function bind(
  seam: Seam,
  handle: Handle,
  text: string,
  port: number,
  flags: number | undefined,
  ipv6: boolean,
): number {
  const { policy, original, native } = seam;
  if (handle[kChannel] !== undefined) return -EINVAL;
  const bindNative = (target: TcpHandle, wanted: number): number =>
    ipv6 ? original.bind6.call(target, text, wanted, flags) : original.bind.call(target, text, wanted, flags);
  if (policy === undefined) return bindNative(handle, port);
  const address = parseAddress(text, ipv6);
  const otherFlags = (flags ?? 0) & ~native.ipv6Only;
  const reason = otherFlags !== 0 ? NOT_ITS_OPTION : bindReason(policy, address, port);
  const place = address === ANY_MAPPED ? ANY : address;
  const cardPort = reason === undefined && isOnlyOnCard(address) ? port : undefined;
  if (cardPort === undefined) {
    const choose = reason === undefined && port === 0;
    const result = bindNative(handle, choose ? choosePort(seam, policy.pump, place, bindNative) : port);
    if (result !== 0) return result;
  } else if (handle[kBound] !== undefined) return -EINVAL;
  const ipv6Only = ((flags ?? 0) & native.ipv6Only) !== 0;
  const every = ipv6 && address === ANY;
  hide<typeof kBound, Bound>(handle, kBound, {
    address,
    ipv6,
    hearsIPv4: every ? !ipv6Only : address !== LOOPBACK6,
    hearsIPv6: every || address === LOOPBACK6,
    reason,
    taken: reason === undefined && port !== 0 && policy.pump?.isPortHeld(place, port) === true,
    cardPort,
  });
  return 0;
}

/**
 * A port that is free in the kernel and on the card. The kernel chooses, since its choice is the one that
 * other processes know of.
 * @returns 0, which leaves it to the kernel alone, if there is none.
 */
function choosePort(
  seam: Seam,
  pump: Pump | undefined,
  address: number,
  bindNative: (handle: TcpHandle, port: number) => number,
): number {
  const tried: TcpHandle[] = [];
  let found = 0;
  while (found === 0 && tried.length < PORTS_TRIED_MAX) {
    const probe = new seam.native.TCP(seam.native.socketType);
    seam.original.unref.call(probe);
    tried.push(probe);
    const port = bindNative(probe, 0) === 0 ? nativePort(seam, probe) : -1;
    if (port <= 0) break;
    if (!isTaken(pump, address, port)) found = port;
  }
  // Only now: the kernel would else choose the same again.
  for (const probe of tried) seam.original.close.call(probe);
  return found;
}

/** Whether the card has the port in use, by what this process knows; the kernel knows the rest. */
function isTaken(pump: Pump | undefined, address: number, port: number): boolean {
  if (pump === undefined) return false;
  return pump.isPortHeld(address, port) || pump.listeners.some((listener) => listener.boundPort === port);
}

/** The port to which the kernel has bound a handle; 0 or less if it has not, or could not. */
function nativePort(seam: Seam, handle: TcpHandle): number {
  const out: AddressInfoOut = {};
  const result = seam.original.getsockname.call(handle, out);
  return result < 0 ? result : (out.port ?? 0);
}

function listen(seam: Seam, handle: Handle, backlog: number): number {
  const { policy, original } = seam;
  const channel = handle[kChannel];
  if (channel !== undefined && channel.state !== LISTENING) {
    return channel.state === CLOSED ? -EBADF : -EINVAL;
  }
  // A listener that listens again has only its backlog changed.
  if (channel !== undefined) channel.pump.stack.listen(channel.socket, backlog);
  if (channel !== undefined || policy === undefined) return original.listen.call(handle, backlog);
  return listenOnBoth(seam, policy, handle, backlog);
}

function listenOnBoth(seam: Seam, policy: Policy, handle: Handle, backlog: number): number {
  const { original } = seam;
  const { routes } = policy;
  const bound = handle[kBound];
  if (bound?.taken) {
    routes.refusedPorts++;
    return -EADDRINUSE;
  }
  if (bound?.cardPort !== undefined) return listenOnCardAlone(policy, handle, bound, backlog);
  const reason = bound === undefined ? BOUND_IN_KERNEL : policy.mayListen() ? bound.reason : FOR_WORKERS;
  // With a port in use, which libuv tells only now, there is none.
  const port = nativePort(seam, handle);
  if (bound === undefined || reason !== undefined || port <= 0) {
    return listenInKernel(seam, handle, backlog, routes, reason);
  }
  const pump = policy.open();
  if (pump === undefined) return listenInKernel(seam, handle, backlog, routes, NO_ROOM);
  const socket = openBound(pump, bound.address, port);
  if (pump.deadErrno !== 0) return socket < 0 ? socket : -pump.deadErrno;
  if (socket < 0) {
    // The kernel keeps a listener on 0.0.0.0 apart from one on :: with `ipv6Only`; the card cannot.
    const apart = pump.listeners.some((listener) => listener.boundPort === port);
    if (socket === -EADDRINUSE && !apart) {
      routes.refusedPorts++;
      return socket;
    }
    return listenInKernel(seam, handle, backlog, routes, socket === -EADDRINUSE ? PORT_TAKEN : NO_ROOM);
  }
  const result = original.listen.call(handle, backlog);
  if (result !== 0) {
    pump.stack.close(socket);
    return result;
  }
  delete handle[kBound];
  countKernelAccepts(handle, routes);
  const onCard = listenOnCard(pump, handle, socket, { bound, port, backlog });
  if (onCard < 0) routes.listens.toKernel(NO_ROOM);
  else routes.listens.card++;
  return 0;
}

/** Listens at an address of the card's that the machine has not. */
function listenOnCardAlone(policy: Policy, handle: Handle, bound: Bound, backlog: number): number {
  const { routes } = policy;
  const pump = policy.open();
  if (pump === undefined) return -EADDRNOTAVAIL;
  const socket = openBound(pump, bound.address, bound.cardPort ?? 0);
  if (socket < 0) return socket;
  const port = pump.stack.localEndpoint(socket)?.port ?? 0;
  countKernelAccepts(handle, routes);
  const result = listenOnCard(pump, handle, socket, { bound, port, backlog });
  if (result !== 0) return result;
  routes.cardAlone++;
  delete handle[kBound];
  return 0;
}

function listenInKernel(
  seam: Seam,
  handle: Handle,
  backlog: number,
  routes: Routes,
  reason: string | undefined,
): number {
  const result = seam.original.listen.call(handle, backlog);
  if (result !== 0) return result;
  delete handle[kBound];
  countKernelAccepts(handle, routes);
  if (reason !== undefined) routes.listens.toKernel(reason);
  return 0;
}

/**
 * Counts the connections that the kernel brings. Node's native code looks `onconnection` up for each: a
 * getter tells of it, and puts no function of ours into the program's stack traces. Each listener has it, since
 * those of the card, which look it up as well, are taken off the count.
 */
function countKernelAccepts(handle: Handle, routes: Routes): void {
  if (!routes.countsKernel) return;
  let callback = handle.onconnection;
  Object.defineProperty(handle, 'onconnection', {
    configurable: true,
    enumerable: true,
    get: () => {
      routes.reported++;
      return callback;
    },
    set: (value: typeof callback) => {
      callback = value;
    },
  });
}

/** Connects on the card or in the kernel. */
function connect(
  seam: Seam,
  handle: Handle,
  request: StreamRequest,
  text: string,
  port: number,
  ipv6: boolean,
): number {
  const policy = seam.policy;
  const channel = handle[kChannel];
  if (channel !== undefined) {
    if (channel.state === CLOSED) return -EBADF;
    if (channel.state === CONNECTING) return -EALREADY;
    if (channel.state !== BOUND) return -EISCONN;
    leaveCard(handle, channel); // its attempt has failed, and the next may go elsewhere
  }
  const nativeConnect = (): number => connectInKernel(seam, handle, request, text, port, ipv6);
  if (policy === undefined) return nativeConnect();
  const { routes } = policy;
  const bound = handle[kBound];
  if (bound?.taken) {
    routes.refusedPorts++;
    return -EADDRINUSE;
  }
  const target = connectTarget(parseAddress(text, ipv6), ipv6);
  const localPort = bound === undefined ? 0 : (bound.cardPort ?? nativePort(seam, handle));
  // A handle of a descriptor of the program's, or one whose port is in use, which libuv tells only now.
  const elsewhere = bound === undefined ? nativeFd(seam, handle) >= 0 : localPort < 0;
  const place = elsewhere ? BOUND_IN_KERNEL : placeConnection(policy, target, port, bound);
  const { pump } = policy;
  if (typeof place === 'string' || pump === undefined) {
    if (bound?.cardPort !== undefined) return -EADDRNOTAVAIL;
    const reason = typeof place === 'string' ? place : NO_ROOM;
    routes.connects.toKernel(reason);
    policy.onKernel?.(text, port, ipv6, reason);
    return nativeConnect();
  }
  const result = connectOnCard(pump, handle, request, {
    text,
    address: target,
    port,
    ipv6,
    bound,
    localPort,
    listener: place,
  });
  if (result === -EADDRINUSE && bound !== undefined) {
    routes.refusedPorts++;
    return result;
  }
  if (result === 0) routes.connects.card++;
  if (result === 0 || bound?.cardPort !== undefined || !isNoRoom(result, bound !== undefined)) return result;
  routes.connects.toKernel(NO_ROOM);
  return nativeConnect();
}

function connectInKernel(
  seam: Seam,
  handle: Handle,
  request: StreamRequest,
  text: string,
  port: number,
  ipv6: boolean,
): number {
  delete handle[kBound];
  return ipv6
    ? seam.original.connect6.call(handle, request, text, port)
    : seam.original.connect.call(handle, request, text, port);
}

/**
 * Has the kernel take over a connection that the card has begun, if it failed for want of room there.
 * @returns whether it has; else the program is to be told.
 */
export function takeOver(seam: Seam, channel: Channel, request: StreamRequest, status: number): boolean {
  const handle = channel.handle as Handle;
  if (!isNoRoom(status, nativeFd(seam, handle) >= 0)) return false;
  delete handle[kChannel];
  if (connectInKernel(seam, handle, request, channel.connectText, channel.connectPort, channel.ipv6) !== 0) {
    hide(handle, kChannel, channel);
    return false;
  }
  channel.forgetConnect();
  channel.close(false);
  channel.pump.routes.connects.card--;
  channel.pump.routes.connects.toKernel(NO_ROOM);
  return true;
}

/** A handle that was on the card is as good as new. */
function leaveCard(handle: Handle, channel: Channel): void {
  channel.close(false);
  delete handle[kChannel];
}

/** Whether the card lacked room, and the kernel may do better. A bound client is short of no port. */
function isNoRoom(result: number, bound: boolean): boolean {
  if (result === -EADDRNOTAVAIL) return !bound;
  return result === -EMFILE || result === -ENFILE || result === -ENOBUFS;
}
