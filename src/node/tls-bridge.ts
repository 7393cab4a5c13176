/**
 * TLS over the card. Node's TLSWrap is C++ and takes a native stream beneath it; a card's handle has none. So
 * TLS is given a bridge, whichever side the handle lives on: a TLS client's handle is wrapped before it is
 * known where it will connect. Node looks up `wrap` on its binding object at each call; it is replaced while
 * a card is installed.
 */
import { type JsStream, type NativeBindings, type TcpHandle, UV_EOF } from './bindings.ts';
import { mayBeOnCard, type Seam } from './opening.ts';
import { type BridgeOptions, bridgeStream } from './stream-bridge.ts';
import { tellUncaught, ticksWithin } from './uncaught.ts';

interface TlsHandle {
  onread?: (buffer: undefined) => unknown;
}

type Callback = (this: unknown, ...values: unknown[]) => unknown;

/** What a TLSWrap calls of the program's for what it has read, in the order of the bytes. */
const CALLBACKS = ['onread', 'onhandshakedone'];

/** The TLSWrap handles whose bytes come from JavaScript, with what is beneath them. */
export type BridgedTls = WeakMap<object, BridgeOptions>;

/** Puts the bridge in. @returns what takes it out again. */
export function installTlsBridge(seam: Seam, native: NativeBindings, bridged: BridgedTls): () => void {
  const binding = native.tlsWrap;
  if (binding === undefined) return () => {};
  const originalWrap = binding.wrap;
  binding.wrap = (handle, context, isServer, ...optional) => {
    if (!(handle instanceof native.TCP) || !mayBeOnCard(seam, handle as TcpHandle)) {
      return originalWrap.call(binding, handle, context, isServer, ...optional);
    }
    let wrapped: TlsHandle | undefined;
    const options: BridgeOptions = {
      splits: false,
      entry: undefined,
      completesWithin: false,
      readFailed: (status) => {
        if (status === UV_EOF) stream.emitEOF();
        else fail(native, wrapped, status);
      },
    };
    const stream = bridgeStream(native, handle as TcpHandle, options);
    wrapped = originalWrap.call(binding, stream, context, isServer, ...optional);
    bridged.set(wrapped, options);
    for (const name of CALLBACKS) tickAfter(native, wrapped, stream, name);
    return wrapped;
  };
  return () => {
    binding.wrap = originalWrap;
  };
}

/**
 * Has one of a TLSWrap's callbacks run the ticks, and the program told of what they throw, as natively when nothing
 * of the program led to the call. A chunk may make many calls: one for each of its records.
 */
function tickAfter(native: NativeBindings, wrapped: object, stream: JsStream, name: string): void {
  const prototype = Object.getPrototypeOf(wrapped) as object;
  let value: unknown = Reflect.get(prototype, name, wrapped);
  const inherited = name in prototype;
  let given = value;
  Object.defineProperty(wrapped, name, {
    configurable: true,
    enumerable: true,
    // What the program compares is what it has set; native code looks an inherited one up by itself.
    get: () => (inherited ? given : value),
    set: (callback: unknown) => {
      given = callback;
      value = typeof callback === 'function' ? ticking(native, stream, callback as Callback) : callback;
      if (!inherited || Reflect.set(prototype, name, value, wrapped)) return;
      Reflect.deleteProperty(wrapped, name);
      Reflect.set(wrapped, name, callback);
    },
  });
}

function ticking(native: NativeBindings, stream: JsStream, callback: Callback): Callback {
  return function (this: unknown, ...values) {
    if (stream.feeding !== true) return callback.apply(this, values);
    stream.feeding = false;
    let result: unknown;
    try {
      result = callback.apply(this, values);
    } catch (error) {
      tellUncaught(native, error);
    }
    ticksWithin(native);
    stream.feeding = true;
    return result;
  };
}

/** Tells whoever reads the TLSWrap of an error beneath it, for which a JSStream has no way. */
function fail(native: NativeBindings, wrapped: TlsHandle | undefined, status: number): void {
  native.streamBaseState[native.kReadBytesOrError] = status;
  native.streamBaseState[native.kArrayBufferOffset] = 0;
  wrapped?.onread?.(undefined);
}
