/**
 * The methods that HTTP/2 without TLS misses over the card. A session uses a socket that is no native stream
 * through Node's JSStreamSocket: a `net.Socket` on a JSStream handle, with the TCP socket beneath it. A
 * JSStream lacks the methods by which a socket asks a TCP handle for its addresses, stops holding the event
 * loop, or turns Nagle's algorithm off. Every session does the last; with the algorithm left on it waits for
 * delayed acknowledgements (RFC 9293 §3.7.4), 40 ms for each request. Nor does a JSStreamSocket say whether
 * the socket beneath is still connecting.
 *
 * Node looks these methods up at each call. While a card is installed they are on `JSStream.prototype` and
 * call the TCP socket beneath. Streams over anything else behave as if the methods were not there.
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

/** Puts the methods in. @returns a function that takes them out again. */
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
 * The socket that a JSStream was made for, if TCP is beneath it. Node keeps it on the handle, under a symbol
 * of its own.
 */
function ownerOf(stream: object, native: NativeBindings): JsStreamSocket | undefined {
  for (const symbol of Object.getOwnPropertySymbols(stream)) {
    const owner = (stream as Record<symbol, JsStreamSocket | null | undefined>)[symbol];
    if (owner?.stream?._handle instanceof native.TCP) return owner;
  }
  return undefined;
}

/**
 * Makes the owner say that it is connecting while the socket beneath is. A session first turns Nagle's
 * algorithm off and then asks whether it must wait for 'connect'; without this it would emit 'connect' before
 * the socket beneath has connected or has failed to.
 */
function followConnecting(owner: JsStreamSocket): void {
  if (!owner.stream.connecting || owner.connecting) return;
  owner.connecting = true;
  owner.stream.once('connect', () => {
    owner.connecting = false;
    if (!owner.destroyed) owner.emit('connect');
  });
}
