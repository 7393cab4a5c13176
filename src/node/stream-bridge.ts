/**
 * A native stream over a handle, for what Node does in C++: TLS and HTTP/2. Those take a native stream
 * beneath them, and a card's handle has none. So they are given a JSStream, whose reads and writes this
 * bridge passes to the handle.
 *
 * Node's C++ calls the program several times for one chunk, with the ticks after each call. For TLS a chunk
 * is given to the JSStream record by record where that matters, followed by the ticks; for HTTP/2, over TLS as well, it is
 * given whole, as the event loop would (loop-entry.ts). What is read after the native listener has gone, for
 * instance after `_destroySSL`, goes to the handle's earlier `onread`, as it does natively.
 */
import { nextTurn } from '../time/timers.ts';
import type { JsStream, NativeBindings, TcpHandle } from './bindings.ts';
import { kChannel, type MaybeOnCard } from './channel.ts';
import { CLOSED } from './channel-state.ts';
import type { LoopEntry } from './loop-entry.ts';
import { RecordCutter } from './record-cutter.ts';
import { ticksWithin, unlessTold } from './uncaught.ts';

export interface BridgeOptions {
  /** Whether chunks are given record by record now, with the ticks in between. */
  splits: boolean;
  /** By which the native side is called as from the event loop; undefined where callbacks run the ticks. */
  entry: LoopEntry | undefined;
  /**
   * Whether a write that the handle has taken is completed within the call. HTTP/2 must have it so: what it
   * writes before RST_STREAM or GOAWAY is dropped while an earlier write is under way. TLS wants its answer
   * after the call.
   */
  readonly completesWithin: boolean;
  /** Told of an end or an error instead of the JSStream; `streamBaseState` says which. */
  readonly readFailed: (status: number) => void;
}

type Onread = (buffer: ArrayBuffer | undefined) => unknown;

/** Makes the JSStream, and from now on passes it what the handle reads. */
export function bridgeStream(
  native: NativeBindings,
  handle: TcpHandle & MaybeOnCard,
  options: BridgeOptions,
): JsStream {
  const stream = new native.JSStream();
  const earlier = handle.onread as Onread | undefined;
  const later = (action: () => void) => afterCall(native, handle, action);
  // Node asserts that there is one when its own listener has gone. A closed handle reads nothing any more; its
  // last chunk may go to TLS in several pieces, and what is left of it when TLS has closed it is dropped.
  stream.onread = (buffer) => (isClosed(handle) ? undefined : earlier?.call(handle, buffer));
  stream.isClosing = () => isClosed(handle);
  const feed = new Feed(native, handle, stream, options, later);
  const channel = handle[kChannel];
  if (channel !== undefined) channel.userBuffer = undefined; // it is for the listener that this replaces
  handle.onread = (buffer) => {
    const length = native.streamBaseState[native.kReadBytesOrError];
    if (length > 0 && buffer !== undefined) {
      feed.take(new Uint8Array(buffer, native.streamBaseState[native.kArrayBufferOffset], length));
    } else if (length < 0) options.readFailed(length);
  };
  stream.onreadstart = () => feed.start();
  stream.onreadstop = () => handle.readStop();
  stream.onwrite = writer(native, handle, stream, options, later);
  stream.onshutdown = (request) => {
    const shutdown = new native.ShutdownWrap();
    shutdown.handle = handle;
    shutdown.oncomplete = (status) => stream.finishShutdown(request, status as number);
    return handle.shutdown(shutdown);
  };
  return stream;
}

function isClosed(handle: TcpHandle & MaybeOnCard): boolean {
  const channel = handle[kChannel];
  return channel === undefined ? handle.fd < 0 : channel.state === CLOSED;
}

/** Gives a JSStream the bytes of each chunk: whole, or record by record. */
class Feed {
  private readonly native: NativeBindings;
  private readonly handle: TcpHandle;
  private readonly stream: JsStream;
  private readonly options: BridgeOptions;
  private readonly later: (action: () => void) => void;
  private readonly cutter = new RecordCutter();
  /** What is left of the chunk, from `offset` to its end; undefined while nothing is. */
  private bytes: Uint8Array | undefined = undefined;
  private offset = 0;
  private running = false;

  constructor(
    native: NativeBindings,
    handle: TcpHandle,
    stream: JsStream,
    options: BridgeOptions,
    later: (action: () => void) => void,
  ) {
    this.native = native;
    this.handle = handle;
    this.stream = stream;
    this.options = options;
    this.later = later;
  }

  take(bytes: Uint8Array): void {
    // The handle reads on only when nothing is left; but what it has read must not be lost in any case.
    this.bytes = this.bytes === undefined ? bytes : Buffer.concat([this.bytes.subarray(this.offset), bytes]);
    this.offset = 0;
    if (this.running) return;
    if (this.options.entry === undefined) this.run();
    else this.giveWhole(this.options.entry, this.bytes);
  }

  /** Has the handle read on, after what is left of the chunk. */
  start(): number {
    if (this.bytes === undefined || this.running) return this.handle.readStart();
    this.later(() => this.goOn());
    return 0;
  }

  private giveWhole(entry: LoopEntry, bytes: Uint8Array): void {
    this.bytes = undefined;
    entry.run(() => this.stream.readBuffer(bytes));
  }

  private goOn(): void {
    if (this.running) return;
    this.run();
    if (this.bytes === undefined) this.handle.readStart();
  }

  private run(): void {
    this.running = true;
    try {
      while (this.bytes !== undefined) {
        const bytes: Uint8Array = this.bytes;
        const from = this.offset;
        this.offset = this.recordEnd(bytes, from);
        const last = this.offset === bytes.length;
        if (last) this.bytes = undefined;
        this.stream.feeding = true;
        unlessTold(() =>
          this.stream.readBuffer(from === 0 && last ? bytes : bytes.subarray(from, this.offset)),
        );
        if (!last) ticksWithin(this.native);
      }
    } finally {
      this.running = false;
      this.stream.feeding = false;
      if (this.bytes !== undefined) this.suspend();
    }
  }

  private recordEnd(bytes: Uint8Array, from: number): number {
    const { cutter } = this;
    const { splits } = this.options;
    let end = cutter.cut(bytes, from);
    while (!splits && end < bytes.length) end = cutter.cut(bytes, end);
    return end;
  }

  /** A callback of the program threw: keeps what is left for later. */
  private suspend(): void {
    this.handle.readStop();
    this.later(() => this.goOn());
  }
}

function writer(
  native: NativeBindings,
  handle: TcpHandle,
  stream: JsStream,
  options: BridgeOptions,
  later: (action: () => void) => void,
) {
  // While an earlier write is being completed, HTTP/2 may be in the middle of its input, which a completion
  // within the call would begin anew.
  let completing = false;

  function finish(request: object, status: number): void {
    const outer = completing;
    completing = true;
    try {
      stream.finishWrite(request, status);
    } finally {
      completing = outer;
    }
  }

  return (request: object, buffers: Uint8Array[]): number => {
    const write = new native.WriteWrap();
    write.handle = handle;
    // The kernel's handle copies nothing: what it has not yet sent must not be collected.
    write.buffer = buffers;
    write.oncomplete = (status) => {
      if (options.entry === undefined) finish(request, status as number);
      else options.entry.run(() => finish(request, status as number));
    };
    const status = handle.writev(write, buffers, true);
    if (status !== 0 || native.streamBaseState[native.kLastWriteWasAsync] !== 0) return status;
    if (options.completesWithin && !completing) {
      if (options.entry === undefined) stream.finishWrite(request, 0);
      else options.entry.goOn(() => stream.finishWrite(request, 0));
    } else later(() => finish(request, 0));
    return 0;
  };
}

/** Runs an action as soon as the present callback has returned, and the ticks after it. */
function afterCall(native: NativeBindings, handle: TcpHandle & MaybeOnCard, action: () => void): void {
  const channel = handle[kChannel];
  if (channel === undefined) nextTurn(action);
  else {
    channel.pump.later(() => {
      action();
      native.runTicks();
    });
  }
}
