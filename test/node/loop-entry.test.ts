/** What Node's C++ calls in a loop entry is followed by the ticks, as when the event loop calls it. */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { nativeBindings } from '../../src/node/bindings.ts';
import { LoopEntry } from '../../src/node/loop-entry.ts';

const native = nativeBindings();

/** A native stream that calls `action` with each chunk; a run of `feed` makes the calls from C++. */
function streamOf(action: (text: string) => void) {
  const stream = new native.JSStream();
  stream.onread = (buffer) => {
    if (buffer !== undefined) action(Buffer.from(buffer).toString('latin1')[0]);
  };
  return (...texts: string[]) => {
    for (const text of texts) stream.readBuffer(Buffer.from(text));
  };
}

/** Runs an action from the event loop: within a microtask no other one runs. */
const turn = (action: () => void) =>
  new Promise<void>((resolve) =>
    setImmediate(() => {
      action();
      resolve();
    }),
  );

describe('a loop entry', () => {
  it('runs the ticks and microtasks after each callback, and not within one', async () => {
    const entry = new LoopEntry(native);
    const heard: string[] = [];
    const inner = streamOf((text) => {
      process.nextTick(() => heard.push(`tick ${text}`));
      heard.push(text);
    });
    const feed = streamOf((text) => {
      void Promise.resolve().then(() => heard.push(`microtask ${text}`));
      process.nextTick(() => heard.push(`tick ${text}`));
      if (text === 'b') inner('c');
      heard.push(text);
    });
    await turn(() => entry.run(() => feed('a', 'b', 'd')));
    expect(heard).toEqual([
      ...['a', 'tick a', 'microtask a'],
      ...['c', 'b', 'tick b', 'tick c', 'microtask b'],
      ...['d', 'tick d', 'microtask d'],
    ]);
  });

  it('takes a call that goes on from a callback for one of its own', () => {
    const entry = new LoopEntry(native);
    const heard: string[] = [];
    const callback = (text: string) => {
      process.nextTick(() => heard.push(`tick ${text}`));
      heard.push(text);
    };
    const feed = streamOf(callback);
    const outer = streamOf(() => {
      entry.goOn(() => feed('a', 'b'));
      heard.push('outer');
    });
    entry.run(() => outer('x'));
    entry.goOn(() => feed('c'));
    heard.push('after');
    native.runTicks();
    expect(heard).toEqual(['a', 'tick a', 'b', 'tick b', 'outer', 'c', 'after', 'tick c']);
  });

  it('lets the first AsyncLocalStorage begin within the ticks, and leaves none of its own', async () => {
    const entry = new LoopEntry(native);
    const storage = new AsyncLocalStorage<string>();
    const seen = new Promise((resolve) => {
      const feed = streamOf(() => {
        process.nextTick(() => storage.run('first', () => setTimeout(() => resolve(storage.getStore()), 1)));
      });
      entry.run(() => feed('a'));
    });
    expect(await seen).toBe('first');
    storage.disable();
    const resource = new AsyncResource('TEST');
    expect(Object.getOwnPropertySymbols(resource).map(String).join()).not.toContain('kResourceStore');
  });
});
