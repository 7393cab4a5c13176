/**
 * Puts a card under `node:dgram`. A socket bound to every address is on the kernel's network and on the card's:
 * it hears both, and a datagram leaves by the card if it is for one of the card's addresses or for one that its
 * wire reaches. A socket bound to an address that is the card's alone is there alone. All else is the
 * kernel's: other addresses, loopback, multicast, IPv6, and what a rule keeps from the card.
 */
import { EADDRINUSE, EADDRNOTAVAIL, EINVAL, ENOTCONN } from '../socket/errno.ts';
import { IP_TTL, SO_BROADCAST } from '../socket/options.ts';
import { ANY, formatAddress, isLoopback, parseIPv4 } from './addresses.ts';
import type { AddressInfoOut, NativeBindings, SendRequest, UdpHandle } from './bindings.ts';
import { DatagramChannel, type DatagramSettings } from './datagram-channel.ts';
import { hide } from './hidden.ts';
import { bindReason, isOnlyOnCard, type Policy, sendReason } from './policy.ts';
import { FOR_WORKERS, NO_ROOM, NOT_ITS_ADDRESS, NOT_ITS_OPTION, PORT_TAKEN } from './routes.ts';

/** The field of a UDP handle that holds what this folder knows of it. */
const kDatagrams: unique symbol = Symbol('inic datagrams');

/** What is known of a socket of the program's while a card is installed. */
interface Known {
  channel: DatagramChannel | undefined;
  /** Whether it is bound to every address in the kernel, and may come to be on the card as well. */
  everywhere: boolean;
  receiving: boolean;
  readonly settings: DatagramSettings;
}

type Handle = UdpHandle & { [kDatagrams]?: Known };

interface Seam {
  readonly policy: () => Policy | undefined;
  /** Node's own methods. */
  readonly original: UdpHandle;
  /** Bound to every address while no card was open. They are on it as soon as one is. */
  readonly waiting: Set<Handle>;
}

/** `UV_UDP_REUSEADDR`. */
const REUSEADDR = 4;

/** @returns what gives Node its own methods back. */
export function installDatagrams(native: NativeBindings, policy: () => Policy | undefined): () => void {
  const prototype = native.Udp?.prototype;
  if (prototype === undefined) return () => {};
  const before: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(prototype);
  const original = Object.create(Object.getPrototypeOf(prototype), before) as UdpHandle;
  const seam: Seam = { policy, original, waiting: new Set() };
  const methods = { ...openingMethods(seam), ...sendingMethods(seam), ...settingMethods(original) };
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
  return () => {
    for (const name of Object.keys(methods)) {
      const descriptor = before[name];
      if (descriptor === undefined) delete (prototype as unknown as Record<string, unknown>)[name];
      else Object.defineProperty(prototype, name, descriptor);
    }
  };
}

function knownOf(handle: Handle): Known {
  const before = handle[kDatagrams];
  if (before !== undefined) return before;
  const known: Known = {
    channel: undefined,
    everywhere: false,
    receiving: false,
    settings: { shares: false, broadcast: false, hops: undefined },
  };
  hide(handle, kDatagrams, known);
  return known;
}

function openingMethods(seam: Seam) {
  const { original, waiting } = seam;
  return {
    bind(this: Handle, text: string, port: number, flags: number): number {
      return bind(seam, this, text, port, flags);
    },
    recvStart(this: Handle): number {
      const known = knownOf(this);
      known.receiving = true;
      known.channel?.setReading(true);
      return hearsKernel(known) ? original.recvStart.call(this) : 0;
    },
    recvStop(this: Handle): number {
      const known = knownOf(this);
      known.receiving = false;
      known.channel?.setReading(false);
      return original.recvStop.call(this);
    },
    close(this: Handle, callback?: () => void): void {
      const channel = this[kDatagrams]?.channel;
      waiting.delete(this);
      channel?.close();
      original.close.call(this, channel === undefined ? callback : afterSends(channel, callback));
    },
    ref(this: Handle): void {
      original.ref.call(this);
      this[kDatagrams]?.channel?.setReferenced(true);
    },
    unref(this: Handle): void {
      original.unref.call(this);
      this[kDatagrams]?.channel?.setReferenced(false);
    },
    getsockname(this: Handle, out: AddressInfoOut): number {
      const channel = this[kDatagrams]?.channel;
      const here = channel === undefined || (channel.besideKernel && channel.peer === undefined);
      const local = here ? undefined : channel.local;
      return local === undefined
        ? original.getsockname.call(this, out)
        : fill(out, local.address, local.port);
    },
  };
}

/** Whether the kernel's datagrams are for the program: not where its socket is the card's, or connected there. */
function hearsKernel({ channel }: Known): boolean {
  return channel === undefined || (channel.besideKernel && channel.peer === undefined);
}

function afterSends(channel: DatagramChannel, callback: (() => void) | undefined): () => void {
  return () => {
    try {
      channel.finishClose();
    } finally {
      callback?.();
    }
  };
}

function fill(out: AddressInfoOut, address: number, port: number): number {
  out.address = formatAddress(address, false);
  out.family = 'IPv4';
  out.port = port;
  return 0;
}

function bind(seam: Seam, handle: Handle, text: string, port: number, flags: number): number {
  const { original } = seam;
  const policy = seam.policy();
  if (policy === undefined) return original.bind.call(handle, text, port, flags);
  const known = knownOf(handle);
  known.settings.shares = (flags & REUSEADDR) !== 0;
  const address = parseIPv4(text);
  const reason = kernelReason(policy, address, port, flags);
  if (reason === undefined && address !== ANY) return bindOnCard(policy, handle, known, address, port);
  const result = original.bind.call(handle, text, port, flags);
  if (result !== 0) return result;
  if (reason !== undefined) {
    policy.routes.datagrams.toKernel(reason);
    return 0;
  }
  known.everywhere = true;
  if (policy.pump === undefined) seam.waiting.add(handle);
  else openBeside(seam, policy, handle, known);
  return 0;
}

/** Why a socket that is bound to this is the kernel's alone; undefined if it is to be on the card. */
function kernelReason(policy: Policy, address: number, port: number, flags: number): string | undefined {
  if ((flags & ~REUSEADDR) !== 0) return NOT_ITS_OPTION;
  if (!policy.mayListen()) return FOR_WORKERS;
  if (isLoopback(address)) return NOT_ITS_ADDRESS;
  return (
    bindReason(policy, address, port) ??
    (address === ANY || isOnlyOnCard(address) ? undefined : NOT_ITS_ADDRESS)
  );
}

/** Binds to an address that the machine has not. */
function bindOnCard(policy: Policy, handle: Handle, known: Known, address: number, port: number): number {
  const pump = policy.open();
  if (pump === undefined) return -EADDRNOTAVAIL;
  const channel = DatagramChannel.open(pump, handle, { address, port }, known.settings, false);
  if (typeof channel === 'number') return channel;
  known.channel = channel;
  policy.routes.datagrams.card++;
  return 0;
}

/** Puts a socket that the kernel has bound to every address on the card as well, if that has room and the port. */
function openBeside({ original }: Seam, policy: Policy, handle: Handle, known: Known): void {
  const out: AddressInfoOut = {};
  const pump = policy.open();
  if (pump === undefined || original.getsockname.call(handle, out) !== 0) return;
  const channel = DatagramChannel.open(
    pump,
    handle,
    { address: ANY, port: out.port ?? 0 },
    known.settings,
    true,
  );
  if (typeof channel === 'number') {
    policy.routes.datagrams.toKernel(channel === -EADDRINUSE ? PORT_TAKEN : NO_ROOM);
    return;
  }
  known.channel = channel;
  policy.routes.datagrams.card++;
  if (known.receiving) channel.setReading(true);
}

/** The channel by which a datagram to this address leaves; undefined if it is the kernel's. */
function channelTo(seam: Seam, handle: Handle, address: number, port: number): DatagramChannel | undefined {
  const known = handle[kDatagrams];
  if (known?.channel?.besideKernel === false) return known.channel;
  const policy = seam.policy();
  if (known === undefined || policy === undefined || address <= ANY || isLoopback(address)) return undefined;
  if (sendReason(policy, address, port) !== undefined) return undefined;
  if (known.channel === undefined && known.everywhere && policy.open() !== undefined) {
    for (const waits of seam.waiting) openBeside(seam, policy, waits, knownOf(waits));
    seam.waiting.clear();
  }
  return known.channel;
}

function sendingMethods(seam: Seam) {
  const { original } = seam;
  return {
    send(
      this: Handle,
      request: SendRequest,
      list: readonly Uint8Array[],
      count: number,
      ...rest: unknown[]
    ): number {
      const [port, text] = rest;
      if (typeof port !== 'number' || typeof text !== 'string') {
        const channel = this[kDatagrams]?.channel;
        if (channel?.peer !== undefined) return channel.send(request, list, undefined);
        return original.send.call(this, request, list, count, ...rest);
      }
      const address = parseIPv4(text);
      const channel = channelTo(seam, this, address, port);
      if (channel === undefined) return original.send.call(this, request, list, count, ...rest);
      return address < 0 ? -EINVAL : channel.send(request, list, { address, port });
    },
    connect(this: Handle, text: string, port: number): number {
      const address = parseIPv4(text);
      const channel = channelTo(seam, this, address, port);
      if (channel === undefined) return original.connect.call(this, text, port);
      const result = address < 0 ? -EINVAL : channel.connect({ address, port });
      if (result === 0) original.recvStop.call(this);
      return result;
    },
    disconnect(this: Handle): number {
      const known = knownOf(this);
      const { channel } = known;
      if (channel?.peer === undefined) return original.disconnect.call(this);
      const result = channel.disconnect();
      if (known.receiving && channel.besideKernel) original.recvStart.call(this);
      return result;
    },
    getpeername(this: Handle, out: AddressInfoOut): number {
      const channel = this[kDatagrams]?.channel;
      if (channel?.peer !== undefined) return fill(out, channel.peer.address, channel.peer.port);
      return channel?.besideKernel === false ? -ENOTCONN : original.getpeername.call(this, out);
    },
    getSendQueueSize(this: Handle): number {
      return original.getSendQueueSize.call(this) + (this[kDatagrams]?.channel?.queuedBytes ?? 0);
    },
    getSendQueueCount(this: Handle): number {
      return original.getSendQueueCount.call(this) + (this[kDatagrams]?.channel?.queuedCount ?? 0);
    },
  };
}

function settingMethods(original: UdpHandle) {
  /** The kernel's socket is asked first, where there is one. */
  const both = (
    handle: Handle,
    native: () => number,
    option: typeof SO_BROADCAST | typeof IP_TTL,
    value: number,
  ) => {
    const channel = handle[kDatagrams]?.channel;
    const result = channel?.besideKernel === false ? 0 : native();
    return result === 0 && channel !== undefined ? channel.setOption(option, value) : result;
  };
  return {
    setBroadcast(this: Handle, on: number): number {
      knownOf(this).settings.broadcast = on !== 0;
      return both(this, () => original.setBroadcast.call(this, on), SO_BROADCAST, on === 0 ? 0 : 1);
    },
    setTTL(this: Handle, hops: number): number {
      const result = both(this, () => original.setTTL.call(this, hops), IP_TTL, hops);
      if (result === 0) knownOf(this).settings.hops = hops;
      return result;
    },
    bufferSize(this: Handle, bytes: number, ofReceiving: boolean, context: object): number | undefined {
      const channel = this[kDatagrams]?.channel;
      if (channel?.besideKernel === false) return channel.bufferSize(bytes, ofReceiving);
      return original.bufferSize.call(this, bytes, ofReceiving, context);
    },
  };
}
