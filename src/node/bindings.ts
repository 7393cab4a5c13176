/**
 * The native objects of Node that this folder replaces, with the types by which Node's own `lib/net.js`,
 * `lib/internal/stream_base_commons.js` and `lib/internal/tls/wrap.js` use them (read from Node 20.20 and
 * 24). They are reached by `process.binding`, whose deprecation (DEP0111) is silenced for these calls alone.
 */
import { createHook } from 'node:async_hooks';
import { createRequire } from 'node:module';

/** What `getsockname` and `getpeername` fill in. */
export interface AddressInfoOut {
  address?: string;
  family?: string;
  port?: number;
}

/** The fields of Node's ConnectWrap, ShutdownWrap and WriteWrap that a handle reads or calls. */
export interface StreamRequest {
  oncomplete?: ((...values: unknown[]) => void) | undefined;
  handle?: unknown;
  error?: string;
  /** What is being written, kept from the collector until it is. */
  buffer?: unknown;
}

/** A `tcp_wrap` TCP object: what `net.Socket` and `net.Server` hold as `_handle`. */
export interface TcpHandle {
  onread: (buffer: ArrayBuffer | undefined) => unknown;
  onconnection?: (status: number, client?: TcpHandle) => void;
  readonly isStreamBase: boolean;
  readonly fd: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
  bind(address: string, port: number, flags?: number): number;
  bind6(address: string, port: number, flags?: number): number;
  listen(backlog: number): number;
  connect(request: StreamRequest, address: string, port: number): number;
  connect6(request: StreamRequest, address: string, port: number): number;
  open(fd: number): number;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: StreamRequest, bytes: Uint8Array): number;
  writev(request: StreamRequest, chunks: unknown[], allBuffers: boolean): number;
  writeUtf8String(request: StreamRequest, text: string): number;
  writeLatin1String(request: StreamRequest, text: string): number;
  writeAsciiString(request: StreamRequest, text: string): number;
  writeUcs2String(request: StreamRequest, text: string): number;
  shutdown(request: StreamRequest): number;
  useUserBuffer(bytes: Uint8Array): void;
  close(callback?: () => void): void;
  reset(callback?: () => void): number;
  getsockname(out: AddressInfoOut): number;
  getpeername(out: AddressInfoOut): number;
  setNoDelay(on: boolean): number;
  setKeepAlive(on: boolean, delaySeconds: number, intervalSeconds?: number, count?: number): number;
  setTypeOfService?(value: number): number;
  getTypeOfService?(): number;
  setBlocking(on: boolean): number;
  ref(): void;
  unref(): void;
  hasRef(): boolean;
  getAsyncId(): number;
  asyncReset(resource?: object): void;
}

/** Who sent a datagram, as `dgram` passes it on to the program after it has added the size. */
export interface DatagramSender {
  readonly address: string;
  readonly family: 'IPv4';
  readonly port: number;
}

/** A `udp_wrap` SendWrap, as far as a handle calls it: `oncomplete` is there if the program gave a callback. */
export interface SendRequest {
  oncomplete?: ((status: number, sentBytes: number) => void) | undefined;
}

/** A `udp_wrap` UDP object: what a `dgram.Socket` holds. Results are libuv's. */
export interface UdpHandle {
  /** @param length a datagram's bytes, or a negative errno; then there is neither data nor a sender. */
  onmessage?: (length: number, handle: UdpHandle, bytes?: Uint8Array, sender?: DatagramSender) => void;
  readonly fd: number;
  bind(address: string, port: number, flags: number): number;
  connect(address: string, port: number): number;
  disconnect(): number;
  /**
   * @param rest port, address and whether there is a callback; of a connected socket, the last alone.
   * @returns one more than the bytes that have been sent; 0 where `oncomplete` will tell; a negative errno.
   */
  send(request: SendRequest, list: readonly Uint8Array[], count: number, ...rest: unknown[]): number;
  recvStart(): number;
  recvStop(): number;
  getsockname(out: AddressInfoOut): number;
  getpeername(out: AddressInfoOut): number;
  setBroadcast(on: number): number;
  setTTL(hops: number): number;
  /** @returns the size, or undefined where `context` has been told what is wrong. */
  bufferSize(bytes: number, ofReceiving: boolean, context: object): number | undefined;
  getSendQueueSize(): number;
  getSendQueueCount(): number;
  close(callback?: () => void): void;
  ref(): void;
  unref(): void;
  hasRef(): boolean;
}

/** What the process and pipe bindings offer that takes another handle along. */
export interface ProcessHandle {
  spawn(...values: unknown[]): number;
}

/** What `spawn` is told, as far as this folder looks at it. */
export interface SpawnOptions {
  readonly args?: readonly string[] | undefined;
  /** The child's environment, as `NAME=value`. */
  readonly envPairs?: readonly string[] | undefined;
  readonly stdio?: readonly { readonly type: string; readonly handle?: unknown }[] | undefined;
}

export interface PipeHandle {
  writeUtf8String(...values: [request: StreamRequest, text: string, passed?: unknown]): number;
  writeBuffer(...values: [request: StreamRequest, bytes: Uint8Array, passed?: unknown]): number;
}

/** A `signal_wrap` handle, which the program's `process.listeners` do not show. */
export interface SignalHandle {
  onsignal?: (signal: number) => void;
  start(signal: number): number;
  stop(): number;
  unref(): void;
}

export interface TcpConstructor {
  new (type: number): TcpHandle;
  readonly prototype: TcpHandle;
}

/** A `js_stream` JSStream: a native stream whose work is done by the functions set on it. */
export interface JsStream {
  onreadstart?: () => number;
  onreadstop?: () => number;
  onshutdown?: (request: object) => number;
  onwrite?: (request: object, buffers: Uint8Array[]) => number;
  isClosing?: () => boolean;
  /** Ours: whether it is being given bytes, and no callback of the program's is under way. */
  feeding?: boolean;
  /** Called with what is read while nothing native listens; Node aborts if it is missing then. */
  onread?: (buffer: ArrayBuffer | undefined) => unknown;
  readBuffer(bytes: Uint8Array): void;
  emitEOF(): void;
  finishWrite(request: object, status: number): void;
  finishShutdown(request: object, status: number): void;
}

/** An `http_parser` HTTPParser: its callbacks are properties with small integers for names. */
export interface HttpParser {
  /** @returns the bytes parsed, or an error. It throws what a callback has thrown. */
  execute(bytes: Uint8Array): unknown;
  consume(handle: object): void;
  unconsume(): void;
  getCurrentBuffer(): Buffer;
  [callback: number]: unknown;
}

export interface HttpParserBinding {
  readonly prototype: HttpParser;
  readonly kOnHeaders: number;
  readonly kOnBody: number;
  readonly kOnExecute: number;
}

export interface TlsWrapBinding {
  wrap(handle: object, context: object, isServer: boolean, ...optional: unknown[]): object;
}

export interface NativeBindings {
  readonly TCP: TcpConstructor;
  /** `TCPConstants.SOCKET`. */
  readonly socketType: number;
  /** `UV_TCP_IPV6ONLY`, a flag of `bind6`. */
  readonly ipv6Only: number;
  /** `TCPConstants.SERVER`. */
  readonly serverType: number;
  readonly ConnectWrap: new () => StreamRequest;
  /** Undefined where this Node gives it to nobody: datagrams are then the kernel's. */
  readonly Udp: { readonly prototype: UdpHandle } | undefined;
  readonly Process: { readonly prototype: ProcessHandle };
  readonly Pipe: { readonly prototype: PipeHandle };
  readonly Signal: new () => SignalHandle;
  readonly WriteWrap: new () => StreamRequest;
  readonly ShutdownWrap: new () => StreamRequest;
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kArrayBufferOffset: number;
  readonly kBytesWritten: number;
  readonly kLastWriteWasAsync: number;
  readonly JSStream: { new (): JsStream; readonly prototype: JsStream };
  /** The binding object itself: Node looks `wrap` up on it at each call. */
  readonly tlsWrap: TlsWrapBinding | undefined;
  readonly httpParser: HttpParserBinding;
  /** Runs what is due of `process.nextTick` and the microtasks, as Node does after each native callback. */
  readonly runTicks: () => void;
  /**
   * Tells the program of an error that nothing caught. @returns whether it has handled it.
   * @throws what its handler throws.
   */
  readonly handleUncaught: (error: unknown) => boolean;
}

interface OldProcess {
  binding(name: string): Record<string, unknown>;
  _tickCallback(): void;
  _fatalException(error: unknown, fromPromise: boolean): boolean;
}

/** libuv's end of stream, in `streamBaseState[kReadBytesOrError]`. */
export const UV_EOF = -4095;
/** ECANCELED, with which libuv answers the requests of a closed handle. */
export const UV_ECANCELED = -125;

/** One that does nothing by default, and for which no program listens. */
const UNHEARD_SIGNAL = 'SIGURG';

let loaded: NativeBindings | undefined;

/** @throws Error where this Node has no such bindings. */
export function nativeBindings(): NativeBindings {
  loaded ??= quietly(load);
  return loaded;
}

function quietly<T>(action: () => T): T {
  const before = process.noDeprecation;
  if (before === true) return action(); // set by `--no-deprecation`, it is read-only
  process.noDeprecation = true;
  try {
    return action();
  } finally {
    if (before === undefined) delete (process as { noDeprecation?: boolean }).noDeprecation;
    else process.noDeprecation = before;
  }
}

/**
 * With `--pending-deprecation` Node wraps a deprecated function in one that warns. The wrapper's prototype is
 * the function itself, which this returns.
 */
function undeprecated(method: () => void): () => void {
  const wrapped = Object.getPrototypeOf(method) as () => void;
  return wrapped === Function.prototype ? method : wrapped;
}

/** @throws Error with one line where Node's permission model denies its bindings. */
function firstBinding(old: OldProcess, name: string): Record<string, unknown> {
  try {
    return old.binding(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ACCESS_DENIED') throw error;
    throw new Error("the card needs Node's own bindings, which the permission model denies");
  }
}

function udpConstructor(old: OldProcess): NativeBindings['Udp'] {
  try {
    return old.binding('udp_wrap')['UDP'] as NativeBindings['Udp'];
  } catch {
    return undefined;
  }
}

/** Node 24 gives out no `signal_wrap`, so the constructor is that of a handle that `process.on` makes. */
function signalConstructor(old: OldProcess): NativeBindings['Signal'] {
  try {
    return old.binding('signal_wrap')['Signal'] as NativeBindings['Signal'];
  } catch {
    return signalOfHandle();
  }
}

function signalOfHandle(): NativeBindings['Signal'] {
  let made: object | undefined;
  const hook = createHook({
    init(_asyncId, type, _trigger, resource) {
      if (type === 'SIGNALWRAP') made = resource;
    },
  }).enable();
  const ignore = (): void => {};
  process.on(UNHEARD_SIGNAL, ignore);
  process.off(UNHEARD_SIGNAL, ignore);
  hook.disable();
  if (made === undefined) throw new Error(`inic: Node ${process.version} shows no signal handle`);
  return made.constructor as NativeBindings['Signal'];
}

/** Node 24 gives out no `http_parser`, but its `_http_common` still the constructor. */
function httpParser(old: OldProcess): HttpParserBinding {
  try {
    return old.binding('http_parser')['HTTPParser'] as HttpParserBinding;
  } catch {
    return createRequire(import.meta.url)('_http_common').HTTPParser as HttpParserBinding;
  }
}

function load(): NativeBindings {
  const old = process as unknown as OldProcess;
  const tcp = firstBinding(old, 'tcp_wrap');
  const stream = old.binding('stream_wrap');
  const constants = tcp['constants'] as Record<string, number>;
  if (typeof tcp['TCP'] !== 'function' || !(stream['streamBaseState'] instanceof Int32Array)) {
    throw new Error(`inic: Node ${process.version} does not offer the tcp_wrap and stream_wrap bindings`);
  }
  let tlsWrap: TlsWrapBinding | undefined;
  try {
    tlsWrap = old.binding('tls_wrap') as unknown as TlsWrapBinding;
  } catch {
    tlsWrap = undefined; // a Node built without OpenSSL
  }
  const tick = undeprecated(old._tickCallback);
  return {
    TCP: tcp['TCP'] as TcpConstructor,
    socketType: constants['SOCKET'],
    ipv6Only: constants['UV_TCP_IPV6ONLY'],
    serverType: constants['SERVER'],
    ConnectWrap: tcp['TCPConnectWrap'] as new () => StreamRequest,
    Udp: udpConstructor(old),
    Process: old.binding('process_wrap')['Process'] as NativeBindings['Process'],
    Pipe: old.binding('pipe_wrap')['Pipe'] as NativeBindings['Pipe'],
    get Signal() {
      return quietly(() => signalConstructor(old));
    },
    WriteWrap: stream['WriteWrap'] as new () => StreamRequest,
    ShutdownWrap: stream['ShutdownWrap'] as new () => StreamRequest,
    streamBaseState: stream['streamBaseState'],
    kReadBytesOrError: stream['kReadBytesOrError'] as number,
    kArrayBufferOffset: stream['kArrayBufferOffset'] as number,
    kBytesWritten: stream['kBytesWritten'] as number,
    kLastWriteWasAsync: stream['kLastWriteWasAsync'] as number,
    JSStream: old.binding('js_stream')['JSStream'] as NativeBindings['JSStream'],
    tlsWrap,
    httpParser: httpParser(old),
    runTicks: () => tick.call(process),
    handleUncaught: (error) => old._fatalException(error, false),
  };
}
