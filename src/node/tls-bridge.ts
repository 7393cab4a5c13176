/**
 * TLS over the card. Node's TLSWrap is C++ and takes a native stream beneath it; a card's handle has none. So
 * TLS is given a bridge, whichever side the handle lives on: a TLS client's handle is wrapped before it is
 * known where it will connect. Node looks up `wrap` on its binding object at each call; it is replaced while
 * a card is installed.
 */
import { type NativeBindings, type TcpHandle, UV_EOF } from './bindings.ts';
import { FrameCutter, TLS_RECORD } from './frame-cutter.ts';
import { mayBeOnCard, type Seam } from './opening.ts';
import { bridgeStream } from './stream-bridge.ts';

interface TlsHandle {
  onread?: (buffer: undefined) => unknown;
}

/** The TLSWrap handles whose bytes come from JavaScript. */
export type BridgedTls = WeakSet<object>;

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
    const stream = bridgeStream(native, handle as TcpHandle, {
      cutter: new FrameCutter(TLS_RECORD),
      completesWithin: false,
      stopsWithin: false,
      readFailed: (status) => {
        if (status === UV_EOF) stream.emitEOF();
        else fail(native, wrapped, status);
      },
    });
    wrapped = originalWrap.call(binding, stream, context, isServer, ...optional);
    bridged.add(wrapped);
    return wrapped;
  };
  return () => {
    binding.wrap = originalWrap;
  };
}

/** Tells whoever reads the TLSWrap of an error beneath it, for which a JSStream has no way. */
function fail(native: NativeBindings, wrapped: TlsHandle | undefined, status: number): void {
  native.streamBaseState[native.kReadBytesOrError] = status;
  native.streamBaseState[native.kArrayBufferOffset] = 0;
  wrapped?.onread?.(undefined);
}
