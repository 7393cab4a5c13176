/**
 * What HTTP/2 in the clear misses over the card. A session takes a socket that is no native stream by way of
 * Node's JSStreamSocket: a `net.Socket` on a JSStream handle, beneath which the TCP socket is. A JSStream has
 * not the methods by which a socket asks a TCP handle for its addresses, lets go of the loop, or turns
 * Nagle's algorithm off; every session does the last, and waits for delayed acknowledgements where it is left
 * on (RFC 9293 §3.7.4), 40 ms a request. Nor does a JSStreamSocket say that the socket beneath still
 * connects.
 *
 * Node looks the methods up at each call; they are put on `JSStream.prototype` while a card is installed and
 * pass on to the TCP socket beneath. Streams over anything else go on as if there were none.
 */
import type { Socket } from 'node:net';
import { ENOTCONN } from '../socket/errno.ts';
import type { AddressInfoOut, NativeBindings, TcpHandle } from './bindings.ts';

interface JsStreamSocket {
  readonly stream: Socket & { readonly _handle: TcpHandle };
  connecting: boolean;
  destroyed: boolean;
  emit(event: 'connect'): boolean;
}

/** Puts the methods in. @returns what takes them out again. */
export function installJsStreamMethods(native: NativeBindings): () => void {
  const prototype = native.JSStream.prototype;
  const methods = {
    setNoDelay(this: object, on: boolean): number {
      const owner = ownerOf(this, native);
      if (owner === undefined) return 0;
      owner.stream.setNoDelay(on);
      followConnecting(owner);
      return 0;
    },
    ref(this: object): void {
      ownerOf(this, native)?.stream.ref();
    },
    unref(this: object): void {
      ownerOf(this, native)?.stream.unref();
    },
    getsockname(this: object, out: AddressInfoOut): number {
      return ownerOf(this, native)?.stream._handle.getsockname(out) ?? -ENOTCONN;
    },
    getpeername(this: object, out: AddressInfoOut): number {
      return ownerOf(this, native)?.stream._handle.getpeername(out) ?? -ENOTCONN;
    },
  };
  const added = Object.entries(methods).filter(([name]) => !(name in prototype));
  for (const [name, value] of added) {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
  return () => {
    for (const [name] of added) delete (prototype as unknown as Record<string, unknown>)[name];
  };
}

/**
 * What a JSStream was made for, where that is over TCP. Node keeps it on the handle, under its own symbol.
 */
function ownerOf(stream: object, native: NativeBindings): JsStreamSocket | undefined {
  for (const symbol of Object.getOwnPropertySymbols(stream)) {
    const owner = (stream as Record<symbol, JsStreamSocket | null | undefined>)[symbol];
    if (owner?.stream?._handle instanceof native.TCP) return owner;
  }
  return undefined;
}

/**
 * A session turns Nagle off first, and asks whether it must wait for 'connect' next: without this it would
 * say 'connect' of its own before the socket beneath has connected, or has failed to.
 */
function followConnecting(owner: JsStreamSocket): void {
  if (!owner.stream.connecting || owner.connecting) return;
  owner.connecting = true;
  owner.stream.once('connect', () => {
    owner.connecting = false;
    if (!owner.destroyed) owner.emit('connect');
  });
}
