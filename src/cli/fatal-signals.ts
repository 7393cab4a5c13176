/**
 * Has something done before a signal ends the process, which runs no exit handlers. The program must not
 * notice: without a handler of its own it dies of the signal, and with one it decides what happens. So the
 * signals are watched by native handles, which `process.listeners` does not show.
 */
import { constants } from 'node:os';
import { nativeBindings, type SignalHandle } from '../node/bindings.ts';
import { nextTurn } from '../time/timers.ts';

const FATAL = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Fatal = (typeof FATAL)[number];

const isFatal = (event: unknown): event is Fatal => (FATAL as readonly unknown[]).includes(event);

/** Calls `action` once, when the process is about to die of a signal that the program does not handle. */
export function beforeFatalSignal(action: () => void): void {
  const { Signal } = nativeBindings();
  const handles: SignalHandle[] = [];
  const handled = watchHandlers();
  for (const signal of FATAL) {
    const handle = new Signal();
    handle.unref();
    handle.onsignal = () => {
      if (handled.has(signal)) return;
      for (const each of handles) each.stop();
      try {
        action();
      } finally {
        process.kill(process.pid, signal); // by now it has its default effect
      }
    };
    handle.start(constants.signals[signal]);
    handles.push(handle);
  }
}

/**
 * Which of the signals the program handles. One whose last handler has just gone, as that of `once` does
 * before it is called, counts as handled until the next turn of the event loop.
 */
function watchHandlers(): Set<Fatal> {
  const handled = new Set<Fatal>();
  for (const signal of FATAL) if (process.listenerCount(signal) > 0) handled.add(signal);
  process.on('newListener', (event: unknown) => {
    if (isFatal(event)) handled.add(event);
  });
  process.on('removeListener', (event: unknown) => {
    if (!isFatal(event)) return;
    nextTurn(() => {
      if (process.listenerCount(event) === 0) handled.delete(event);
    });
  });
  return handled;
}
