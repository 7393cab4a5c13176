/**
 * TLS over the card. Node's TLSWrap is C++ and takes a native stream beneath it; a card's handle has none. So
 * TLS is given a JSStream instead, whose reads and writes this bridge passes to the handle, whichever side
 * that lives on: a TLS client's handle is wrapped before it is known where it will connect.
 *
 * Node looks up `wrap` on its binding object at each call, and `_wrapHandle` on `TLSSocket.prototype`; both
 * are replaced while a card is installed.
 */
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import { type JsStream, type NativeBindings, type TcpHandle, UV_EOF } from './bindings.ts';
import { mayBeOnCard, type Seam } from './opening.ts';

type WrapHandle = (this: TlsSocket, ...values: unknown[]) => object;

interface TlsSocket {
  _wrapHandle: WrapHandle;
  destroy(error?: Error): void;
}

/** Puts the bridge in. @returns what takes it out again. */
export function installTlsBridge(seam: Seam, native: NativeBindings): () => void {
  const binding = native.tlsWrap;
  if (binding === undefined) return () => {};
  // Loaded here, not imported: a Node without OpenSSL throws on it.
  const tls = createRequire(import.meta.url)('node:tls') as { TLSSocket: { prototype: TlsSocket } };
  const prototype = tls.TLSSocket.prototype;
  const originalWrapHandle = prototype._wrapHandle;
  const originalWrap = binding.wrap;
  let owner: TlsSocket | undefined;

  prototype._wrapHandle = function (this: TlsSocket, ...values: unknown[]): object {
    const outer = owner;
    owner = this;
    seam.wrappingTls = true;
    try {
      return originalWrapHandle.apply(this, values);
    } finally {
      owner = outer;
      seam.wrappingTls = outer !== undefined;
    }
  };
  binding.wrap = (handle, context, isServer, ...optional) => {
    const socket = owner;
    const bridged =
      socket !== undefined && handle instanceof native.TCP && mayBeOnCard(seam, handle as TcpHandle);
    const stream = bridged ? bridge(native, handle as TcpHandle, socket) : handle;
    return originalWrap.call(binding, stream, context, isServer, ...optional);
  };
  return () => {
    prototype._wrapHandle = originalWrapHandle;
    binding.wrap = originalWrap;
  };
}

/**
 * A JSStream over a handle. What goes wrong when reading destroys the TLS socket with the error Node would
 * name.
 */
function bridge(native: NativeBindings, handle: TcpHandle, socket: TlsSocket): JsStream {
  const stream = new native.JSStream();
  const state = native.streamBaseState;

  function onread(buffer: ArrayBuffer | undefined): void {
    const length = state[native.kReadBytesOrError];
    if (length > 0 && buffer !== undefined) {
      stream.readBuffer(new Uint8Array(buffer, state[native.kArrayBufferOffset], length));
    } else if (length === UV_EOF) stream.emitEOF();
    else if (length < 0) socket.destroy(systemError(length, 'read'));
  }

  stream.isClosing = () => false;
  handle.onread = onread; // at once: a server's handle is being read already when TLS takes it over
  stream.onreadstart = () => handle.readStart();
  stream.onreadstop = () => handle.readStop();
  stream.onwrite = (request, buffers) => {
    const write = new native.WriteWrap();
    write.handle = handle;
    write.oncomplete = (status) => stream.finishWrite(request, status as number);
    const status = handle.writev(write, buffers, true);
    if (status !== 0) return status;
    // TLSWrap wants its answer after the call, never within it.
    if (state[native.kLastWriteWasAsync] === 0) process.nextTick(() => stream.finishWrite(request, 0));
    return 0;
  };
  stream.onshutdown = (request) => {
    const shutdown = new native.ShutdownWrap();
    shutdown.handle = handle;
    shutdown.oncomplete = (status) => stream.finishShutdown(request, status as number);
    const status = handle.shutdown(shutdown);
    if (status === 1) process.nextTick(() => stream.finishShutdown(request, 0));
    return Math.min(status, 0);
  };
  return stream;
}

function systemError(status: number, syscall: string): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`${syscall} ${code}`), { errno: status, code, syscall });
}
