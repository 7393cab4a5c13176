/**
 * HTTP/2 over the card. A session is C++ that takes a native stream by its `consume`; for a
 * card's handle it is given a bridge. Node offers no way to the sessions' prototype before the first session
 * is made. So once HTTP/2 has been loaded, the first assignment of an owner to a handle that is a session's
 * shows it: Node makes that assignment just before it calls `consume`.
 */
import type { NativeBindings, TcpHandle } from './bindings.ts';
import { kChannel, type MaybeOnCard } from './channel.ts';
import { LoopEntry } from './loop-entry.ts';
import { bridgeStream } from './stream-bridge.ts';
import type { BridgedTls } from './tls-bridge.ts';

interface SessionHandle {
  consume(stream: object): void;
  goaway?: unknown;
}

const OWNER = 'owner_symbol';
const CORE = 'NativeModule internal/http2/core';

export interface Http2Bridge {
  /** To be called with a handle that Node may be about to give to a session. */
  prepare(handle: object): void;
  remove(): void;
}

/** Makes the bridge, which does nothing before a session is made. */
export function installHttp2Bridge(native: NativeBindings, bridged: BridgedTls): Http2Bridge {
  const loaded = (process as unknown as { moduleLoadList?: string[] }).moduleLoadList;
  let modulesSeen = 0;
  let done = false;
  let undo = () => {};

  function arm(handle: object): void {
    const base = wrapPrototype(handle);
    const owner = Object.getOwnPropertySymbols(handle).find((symbol) => symbol.description === OWNER);
    if (base === undefined || owner === undefined) return;
    done = true;
    undo = () => {
      delete (base as Record<symbol, unknown>)[owner];
    };
    Object.defineProperty(base, owner, {
      configurable: true,
      get: () => undefined,
      set(this: object, value: unknown) {
        Object.defineProperty(this, owner, { value, writable: true, enumerable: true, configurable: true });
        const session = this as SessionHandle;
        if (typeof session.consume !== 'function' || session.goaway === undefined) return;
        undo();
        undo = replaceConsume(native, bridged, Object.getPrototypeOf(session) as SessionHandle);
      },
    });
  }

  return {
    prepare(handle) {
      if (done) return;
      if (loaded !== undefined) {
        if (loaded.length === modulesSeen) return;
        modulesSeen = loaded.length;
        if (!loaded.includes(CORE)) return;
      }
      arm(handle);
    },
    remove: () => undo(),
  };
}

/** The prototype that all of Node's native handles share. */
function wrapPrototype(handle: object): object | undefined {
  let object: object | null = handle;
  while (object !== null && !Object.hasOwn(object, 'getAsyncId')) object = Object.getPrototypeOf(object);
  return object ?? undefined;
}

function replaceConsume(native: NativeBindings, bridged: BridgedTls, prototype: SessionHandle): () => void {
  const original = prototype.consume;
  const entry = new LoopEntry(native);
  prototype.consume = function (this: SessionHandle, stream: object): void {
    const handle = stream as TcpHandle & MaybeOnCard;
    const beneathTls = bridged.get(stream);
    if (beneathTls !== undefined) beneathTls.entry = entry; // a record of TLS may hold many frames
    original.call(this, handle[kChannel] === undefined ? stream : bridge(native, handle, entry));
  };
  return () => {
    prototype.consume = original;
  };
}

/** As natively, an end or an error goes to the listener that the socket itself has on the handle. */
function bridge(native: NativeBindings, handle: TcpHandle, entry: LoopEntry): object {
  const earlier = handle.onread;
  return bridgeStream(native, handle, {
    splits: false,
    entry,
    completesWithin: true,
    readFailed: () => earlier.call(handle, undefined),
  });
}
