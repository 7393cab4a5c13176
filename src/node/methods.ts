/**
 * The methods that replace Node's own on `TCP.prototype`. Each looks for the handle's channel: if there is
 * one it works on the card, else it calls Node's own method. A handle without a channel may get one in
 * `listen`, `connect` and `connect6` (opening.ts). Results are libuv's: 0 or a negative errno (on Linux
 * libuv's codes are the kernel's).
 */
import { EBADF, EINVAL, ENOTCONN } from '../socket/errno.ts';
import {
  IP_TOS,
  SO_KEEPALIVE,
  TCP_KEEPCNT,
  TCP_KEEPIDLE_SECONDS,
  TCP_KEEPINTVL_SECONDS,
  TCP_NODELAY,
} from '../socket/options.ts';
import { formatAddress } from './addresses.ts';
import type { AddressInfoOut, StreamRequest, TcpHandle } from './bindings.ts';
import { type Channel, earlyUserBuffers, kChannel, type MaybeOnCard } from './channel.ts';
import { CLOSED, CONNECTED, captureContext, LISTENING } from './channel-state.ts';
import { boundOnCard, nativeFd, openingMethods, type Seam } from './opening.ts';
import { LATIN1, UCS2, UTF8, writeBytes, writeMany, writeText } from './write.ts';

type Handle = TcpHandle & MaybeOnCard;

/** @returns the property descriptors to be defined on `TCP.prototype`. */
export function cardMethods(seam: Seam): PropertyDescriptorMap {
  const methods = {
    ...openingMethods(seam),
    ...streamMethods(seam.original),
    ...closingMethods(seam.original),
    ...addressMethods(seam),
  };
  const descriptors: PropertyDescriptorMap = {};
  for (const [name, value] of Object.entries(methods)) {
    if (name in seam.original) descriptors[name] = { value, writable: true, configurable: true };
  }
  return { ...descriptors, ...fields(seam) };
}

function streamMethods(original: TcpHandle) {
  return {
    readStart(this: Handle): number {
      const channel = this[kChannel];
      return channel === undefined ? original.readStart.call(this) : channel.readStart();
    },
    readStop(this: Handle): number {
      const channel = this[kChannel];
      return channel === undefined ? original.readStop.call(this) : channel.readStop();
    },
    useUserBuffer(this: Handle, bytes: Uint8Array): void {
      // A client sets it before it is known where it will connect, so both Node's handle and ours are told.
      const channel = this[kChannel];
      if (channel !== undefined) {
        channel.userBuffer = bytes;
        return;
      }
      earlyUserBuffers.set(this, bytes);
      original.useUserBuffer.call(this, bytes);
    },
    writeBuffer(this: Handle, request: StreamRequest, bytes: Uint8Array): number {
      const channel = this[kChannel];
      return channel === undefined
        ? original.writeBuffer.call(this, request, bytes)
        : writeBytes(channel, request, bytes);
    },
    writev(this: Handle, request: StreamRequest, chunks: unknown[], buffers: boolean): number {
      const channel = this[kChannel];
      return channel === undefined
        ? original.writev.call(this, request, chunks, buffers)
        : writeMany(channel, request, chunks, buffers);
    },
    writeUtf8String(this: Handle, request: StreamRequest, text: string): number {
      const channel = this[kChannel];
      return channel === undefined
        ? original.writeUtf8String.call(this, request, text)
        : writeText(channel, request, text, UTF8);
    },
    writeLatin1String(this: Handle, request: StreamRequest, text: string): number {
      const channel = this[kChannel];
      return channel === undefined
        ? original.writeLatin1String.call(this, request, text)
        : writeText(channel, request, text, LATIN1);
    },
    writeAsciiString(this: Handle, request: StreamRequest, text: string): number {
      const channel = this[kChannel];
      return channel === undefined
        ? original.writeAsciiString.call(this, request, text)
        : writeText(channel, request, text, LATIN1);
    },
    writeUcs2String(this: Handle, request: StreamRequest, text: string): number {
      const channel = this[kChannel];
      return channel === undefined
        ? original.writeUcs2String.call(this, request, text)
        : writeText(channel, request, text, UCS2);
    },
    shutdown(this: Handle, request: StreamRequest): number {
      const channel = this[kChannel];
      return channel === undefined ? original.shutdown.call(this, request) : channel.shutdown(request);
    },
    setBlocking(this: Handle, on: boolean): number {
      return this[kChannel] === undefined ? original.setBlocking.call(this, on) : 0;
    },
  };
}

function closingMethods(original: TcpHandle) {
  return {
    close(this: Handle, callback?: () => void): void {
      const channel = this[kChannel];
      if (channel === undefined) original.close.call(this, callback);
      else if (channel.state !== CLOSED) closeOnCard(original, this, channel, false, callback);
    },
    reset(this: Handle, callback?: () => void): number {
      const channel = this[kChannel];
      return channel === undefined
        ? original.reset.call(this, callback)
        : closeOnCard(original, this, channel, true, callback);
    },
    ref(this: Handle): void {
      original.ref.call(this);
      setReferenced(this[kChannel], true);
    },
    unref(this: Handle): void {
      original.unref.call(this);
      setReferenced(this[kChannel], false);
    },
    asyncReset(this: Handle, resource?: object): void {
      original.asyncReset.call(this, resource);
      const channel = this[kChannel];
      if (channel !== undefined) channel.context = captureContext();
    },
  };
}

/** Closes both the channel and the native handle. @returns 0 or a negative errno. */
function closeOnCard(
  original: TcpHandle,
  handle: Handle,
  channel: Channel,
  reset: boolean,
  callback: (() => void) | undefined,
): number {
  const listened = channel.state === LISTENING;
  const result = channel.close(reset);
  if (result !== 0) return result;
  const close = () => original.close.call(handle, afterRequests(channel, callback));
  if (listened)
    close(); // the kernel's port must be free at once
  else channel.pump.closeNative(channel.end, close);
  return 0;
}

/** @returns a close callback that first answers the channel's requests, if there are any. */
function afterRequests(channel: Channel, callback: (() => void) | undefined): (() => void) | undefined {
  if (!channel.hasRequests()) return callback;
  return () => {
    try {
      channel.finishClose();
    } finally {
      callback?.();
    }
  };
}

function setReferenced(channel: Channel | undefined, on: boolean): void {
  if (channel === undefined) return;
  channel.referenced = on;
  channel.updateHold();
}

function addressMethods(seam: Seam) {
  const original = seam.original;
  return {
    getsockname(this: Handle, out: AddressInfoOut): number {
      const channel = this[kChannel];
      const bound = channel === undefined ? boundOnCard(this) : undefined;
      if (bound !== undefined)
        return fillAddress(bound, { address: bound.address, port: bound.cardPort }, out);
      // A listener's native handle listens at the same address and port.
      const native = channel === undefined || (channel.state === LISTENING && nativeFd(seam, this) >= 0);
      if (native) return original.getsockname.call(this, out);
      if (channel.state === CLOSED) return -EBADF;
      return fillAddress(channel, channel.pump.stack.localEndpoint(channel.socket), out);
    },
    getpeername(this: Handle, out: AddressInfoOut): number {
      const channel = this[kChannel];
      if (channel === undefined) return original.getpeername.call(this, out);
      if (channel.state === CLOSED) return -EBADF;
      if (channel.state !== CONNECTED) return -ENOTCONN;
      return fillAddress(channel, channel.pump.stack.remoteEndpoint(channel.socket), out);
    },
    setNoDelay(this: Handle, on: boolean): number {
      const channel = this[kChannel];
      return channel === undefined
        ? original.setNoDelay.call(this, on)
        : setOption(channel, TCP_NODELAY, on ? 1 : 0);
    },
    setKeepAlive(this: Handle, on: boolean, delay: number, interval?: number, count?: number): number {
      const channel = this[kChannel];
      if (channel === undefined) return original.setKeepAlive.call(this, on, delay, interval, count);
      const result = setOption(channel, SO_KEEPALIVE, on ? 1 : 0);
      if (result < 0 || !on || !(delay > 0)) return result;
      setOption(channel, TCP_KEEPIDLE_SECONDS, delay);
      setOption(channel, TCP_KEEPINTVL_SECONDS, interval ?? 1); // libuv's own choices
      setOption(channel, TCP_KEEPCNT, count ?? 10);
      return 0;
    },
    setTypeOfService(this: Handle, value: number): number {
      const channel = this[kChannel];
      return channel === undefined
        ? (original.setTypeOfService?.call(this, value) ?? -EINVAL)
        : setOption(channel, IP_TOS, value);
    },
    getTypeOfService(this: Handle): number {
      const channel = this[kChannel];
      if (channel === undefined) return original.getTypeOfService?.call(this) ?? -EINVAL;
      return channel.state === CLOSED ? -EBADF : channel.pump.stack.getOption(channel.socket, IP_TOS);
    },
  };
}

function setOption(channel: Channel, option: number, value: number): number {
  return channel.state === CLOSED ? -EBADF : channel.pump.stack.setOption(channel.socket, option, value);
}

function fillAddress(
  { ipv6 }: { readonly ipv6: boolean },
  endpoint: { readonly address: number; readonly port: number } | undefined,
  out: AddressInfoOut,
): number {
  if (endpoint === undefined) return -ENOTCONN;
  out.address = formatAddress(endpoint.address, ipv6);
  out.family = ipv6 ? 'IPv6' : 'IPv4';
  out.port = endpoint.port;
  return 0;
}

/** The read-only fields, which Node defines as accessors further up the prototype chain. */
function fields(seam: Seam): PropertyDescriptorMap {
  const inherited = (name: string) => findGetter(seam.original, name);
  const [bytesRead, bytesWritten, writeQueueSize] = [
    inherited('bytesRead'),
    inherited('bytesWritten'),
    inherited('writeQueueSize'),
  ];
  const field = (get: (this: Handle) => unknown): PropertyDescriptor => ({ get, configurable: true });
  return {
    // So that Node goes the ways that it goes natively: what it would read in C++, past the card, is bridged.
    isStreamBase: field(function () {
      seam.consumed(this);
      return true;
    }),
    fd: field(function () {
      const channel = this[kChannel];
      return channel === undefined || channel.state === LISTENING ? nativeFd(seam, this) : -1;
    }),
    bytesRead: field(function () {
      return this[kChannel]?.bytesRead ?? bytesRead.call(this);
    }),
    bytesWritten: field(function () {
      return this[kChannel]?.bytesWritten ?? bytesWritten.call(this);
    }),
    writeQueueSize: field(function () {
      return this[kChannel]?.writeQueueBytes ?? writeQueueSize.call(this);
    }),
  };
}

function findGetter(from: object, name: string): (this: object) => unknown {
  for (let object: object | null = from; object !== null; object = Object.getPrototypeOf(object)) {
    const descriptor = Object.getOwnPropertyDescriptor(object, name);
    if (descriptor?.get !== undefined) return descriptor.get;
    if (descriptor !== undefined) return () => descriptor.value;
  }
  return () => undefined;
}
