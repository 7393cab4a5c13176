/**
 * Enters Node's C++ as the event loop does. Node runs the ticks after each callback that C++ makes when the
 * loop itself has called it, but not when JavaScript has. An HTTP/2 session makes many calls in one chunk,
 * of functions that cannot be replaced; what the ticks do, it heeds before it goes on: it sends once for
 * the whole chunk, and answers RST_STREAM after what was written in the ticks.
 *
 * The one place to be reached after each such callback is an async hook's `after`, so one is enabled for the
 * time of the call. Async hooks that are enabled while a hook runs work only after it, and on Node below 24
 * an AsyncLocalStorage is one. One of ours, which adds nothing to any resource, is enabled before it, so
 * that the program's first may begin within these ticks.
 */
import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import type { NativeBindings } from './bindings.ts';
import { ticksWithin } from './uncaught.ts';

/** What AsyncLocalStorage has where async hooks carry it. */
interface HookedStorage {
  _enable?: () => void;
  _propagate?: () => void;
}

export class LoopEntry {
  private readonly native: NativeBindings;
  private readonly hook = createHook({ before: () => this.before(), after: () => this.after() });
  private readonly storage = new AsyncLocalStorage<undefined>();
  private readonly hooked = typeof (this.storage as HookedStorage)._enable === 'function';
  private entered = false;
  /** Whether callbacks are counted: while a call is under way, but not within its ticks. */
  private counting = false;
  private depth = 0;

  constructor(native: NativeBindings) {
    this.native = native;
    if (this.hooked) (this.storage as HookedStorage)._propagate = () => {};
  }

  /**
   * Makes a call into C++, with the ticks after each callback that it makes.
   * @throws what a callback threw. An error of the ticks that the program does not handle ends the process.
   */
  run(call: () => void): void {
    if (this.entered) {
      call();
      return;
    }
    this.entered = true;
    if (this.hooked) (this.storage as HookedStorage)._enable?.();
    this.hook.enable();
    this.depth = 0;
    this.counting = true;
    try {
      call();
    } finally {
      this.counting = false;
      this.entered = false;
      this.hook.disable();
      if (this.hooked) this.storage.disable();
    }
  }

  /**
   * Makes a call into C++ from within a callback, where natively C++ would not have left: what it calls in
   * turn is followed by the ticks if the callback itself would be.
   */
  goOn(call: () => void): void {
    if (!this.counting || this.depth !== 1) {
      call();
      return;
    }
    this.depth = 0;
    try {
      call();
    } finally {
      this.depth = 1;
    }
  }

  private before(): void {
    if (this.counting) this.depth++;
  }

  private after(): void {
    if (!this.counting || --this.depth !== 0) return;
    this.counting = false;
    ticksWithin(this.native);
    this.counting = true;
    this.depth = 0;
  }
}
