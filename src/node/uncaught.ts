/**
 * Errors that nothing caught, of callbacks that Node's C++ makes while JavaScript has called it. The event loop hears
 * of such an error as soon as the callback has returned, and goes on with what called it. Here it would come to
 * JavaScript through C++ instead, which finds async contexts that a tick has entered and never left, and ends the
 * process without a word of the error. So the program is told of it where it is thrown.
 */
import type { NativeBindings } from './bindings.ts';

/** Thrown through C++, in place of an error of which the program has been told. */
export const TOLD: unique symbol = Symbol('inic told');

/**
 * Runs what may throw `TOLD`, which it does only while the program has a handler. Without one nothing is caught here:
 * Node would show the line that throws it again.
 * @returns whether it returned; else it has thrown that.
 */
export function unlessTold(call: () => void): boolean {
  if (!isHeard()) {
    call();
    return true;
  }
  try {
    call();
    return true;
  } catch (error) {
    if (error !== TOLD) throw error;
    return false;
  }
}

/** Whether the program hears of errors that nothing caught. */
function isHeard(): boolean {
  return process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback();
}

/** Runs the ticks within a call from C++. @returns whether they all returned; else the program has been told. */
export function ticksWithin(native: NativeBindings): boolean {
  try {
    native.runTicks();
    return true;
  } catch (error) {
    tellUncaught(native, error);
    return false;
  }
}

/** Tells the program of an error, which ends the process unless it has a handler. */
export function tellUncaught(native: NativeBindings, error: unknown): void {
  if (!isHeard() || !native.handleUncaught(error)) endBy(native, error);
}

/** Ends the process as Node's C++ does, which writes the error; it is called for what a microtask throws. */
function endBy(native: NativeBindings, error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
  // A tick that was still to run comes first, and may throw as well.
  for (let thrown = true; thrown; ) {
    try {
      native.runTicks();
      thrown = false;
    } catch {
      thrown = true;
    }
  }
}
