/**
 * The HTTP server over the card. A server's parser reads the native stream in C++ (`consume`), past the
 * card; for a card's handle it is given each chunk from here instead, in the same order of calls.
 *
 * Node runs the ticks after each piece of a body and after each chunk. Called from JavaScript the parser does
 * not run them, so this does; without it a handler that pauses a request after the first piece would have
 * been given the second one already.
 */
import type { AsyncResource } from 'node:async_hooks';
import type { HttpParser, NativeBindings, TcpHandle } from './bindings.ts';
import { type Channel, kChannel, type MaybeOnCard } from './channel.ts';
import { captureContext } from './channel-state.ts';
import { hide } from './hidden.ts';
import { mayBeOnCard, type Seam } from './opening.ts';
import type { BridgedTls } from './tls-bridge.ts';
import { TOLD, ticksWithin, unlessTold } from './uncaught.ts';

const kFeed: unique symbol = Symbol('inic parser feed');

interface FedParser extends HttpParser {
  [kFeed]?: Feed | undefined;
}

type Callback = (this: HttpParser, ...values: unknown[]) => unknown;

/** What a parser has consumed. */
interface Feed {
  /** The handle, with the `onread` that it had; undefined for a TLS handle, which the parser itself reads. */
  readonly handle: FedHandle | undefined;
  readonly onread: TcpHandle['onread'] | undefined;
  /** The handle's channel, with the context that it had; undefined where a client has still to connect. */
  readonly channel: Channel | undefined;
  readonly context: AsyncResource | undefined;
  /** The chunk of which `kOnExecute` is being told. */
  chunk: Uint8Array | undefined;
}

type FedHandle = TcpHandle & MaybeOnCard;

const OVER_TLS: Feed = {
  handle: undefined,
  onread: undefined,
  channel: undefined,
  context: undefined,
  chunk: undefined,
};

/** Puts the methods in. @returns what takes them out again. */
export function installHttpParser(seam: Seam, bridged: BridgedTls): () => void {
  const { native } = seam;
  const { httpParser } = native;
  const { prototype } = httpParser;
  const { consume, unconsume, getCurrentBuffer } = prototype;
  const ticking = tickingCallbacks(native);

  prototype.consume = function (this: FedParser, handle: object): void {
    const channel = (handle as MaybeOnCard)[kChannel];
    const beneathTls = channel === undefined ? bridged.get(handle) : undefined;
    if (beneathTls !== undefined) beneathTls.splits = true; // there may be several requests in a chunk
    const unplaced = channel === undefined && isUnplaced(seam, handle);
    const fed = channel !== undefined || unplaced;
    if (fed || beneathTls !== undefined) {
      for (const index of [httpParser.kOnHeaders, httpParser.kOnBody]) ticking(this, index);
    }
    const beneath = beneathTls !== undefined ? OVER_TLS : undefined;
    hide(this, kFeed, fed ? feedFrom(native, this, handle as FedHandle) : beneath);
    // A client's handle that has still to connect may come to live on either side.
    if (channel === undefined) consume.call(this, handle);
  };
  prototype.unconsume = function (this: FedParser): void {
    const feed = this[kFeed];
    this[kFeed] = undefined;
    if (feed?.channel === undefined) unconsume.call(this);
    if (feed?.handle === undefined || feed.onread === undefined) return;
    feed.handle.onread = feed.onread;
    if (feed.channel !== undefined && feed.context !== undefined) feed.channel.context = feed.context;
  };
  prototype.getCurrentBuffer = function (this: FedParser): Buffer {
    const chunk = this[kFeed]?.chunk;
    return chunk === undefined ? getCurrentBuffer.call(this) : Buffer.from(chunk);
  };
  return () => Object.assign(prototype, { consume, unconsume, getCurrentBuffer });
}

/** Whether it is a TCP handle of which it is not known yet whether it will live on the card. */
function isUnplaced(seam: Seam, handle: object): boolean {
  return handle instanceof seam.native.TCP && mayBeOnCard(seam, handle as TcpHandle);
}

/** Gives the parser what the handle reads on the card, until it is unconsumed. */
function feedFrom(native: NativeBindings, parser: FedParser, handle: FedHandle): Feed {
  const channel = handle[kChannel];
  const onread = handle.onread;
  const feed: Feed = { handle, onread, channel, context: channel?.context, chunk: undefined };
  const state = native.streamBaseState;
  // Natively the parser's callbacks run in its own context, which is made when the connection is.
  if (channel !== undefined) channel.context = captureContext();
  handle.onread = (buffer) => {
    const length = state[native.kReadBytesOrError];
    if (length <= 0 || buffer === undefined) return onread.call(handle, buffer);
    const chunk = Buffer.from(buffer, state[native.kArrayBufferOffset], length);
    let result: unknown;
    const returned = unlessTold(() => {
      result = parser.execute(chunk);
    });
    if (!returned) return undefined;
    const executed = parser[native.httpParser.kOnExecute];
    if (typeof executed !== 'function') return undefined;
    feed.chunk = chunk;
    try {
      executed.call(parser, result);
    } finally {
      feed.chunk = undefined;
    }
    return undefined;
  };
  return feed;
}

/** @returns what makes one callback of a parser run the ticks while the parser is fed from here. */
function tickingCallbacks(native: NativeBindings): (parser: FedParser, index: number) => void {
  const made = new WeakMap<object, Callback>();
  return (parser, index) => {
    const callback = parser[index] as Callback | null;
    if (typeof callback !== 'function') return;
    let wrapped = made.get(callback);
    if (wrapped === undefined) {
      wrapped = function (this: HttpParser, ...values: unknown[]) {
        const result = callback.apply(this, values);
        const feed = (this as FedParser)[kFeed];
        // Of a client that the kernel has taken, the parser is fed natively.
        const fed = feed === OVER_TLS || feed?.handle?.[kChannel] !== undefined;
        // Natively the parser drops the rest of the chunk, too.
        if (fed && !ticksWithin(native)) throw TOLD;
        return result;
      };
      Object.defineProperty(wrapped, 'name', { value: callback.name, configurable: true });
      made.set(callback, wrapped);
      made.set(wrapped, wrapped);
    }
    parser[index] = wrapped;
  };
}
