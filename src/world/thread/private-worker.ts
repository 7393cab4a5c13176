/**
 * A worker that is the card's and not the program's. It takes over none of the program's options (`execArgv`,
 * preloads, loaders, profiles, `NODE_OPTIONS`, coverage), writes nothing to its streams, and is announced to
 * nobody who listens for workers of the program. Its handles do not show among the program's active
 * resources, and its callbacks carry no async context of the program.
 */
import { AsyncResource } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { MessagePort, Worker, type WorkerOptions } from 'node:worker_threads';
import { checkThreadLimits } from './thread-limits.ts';

/** Made as this module is loaded, so in no context of a program's. */
const ROOT = new AsyncResource('INICTHREAD', { requireManualDestroy: true });

/** The options of the environment that are the card's own begin so. */
const OWN_OPTION = /^INIC_/;

/** What the thread may take from where it is started: its data and its limits. */
export type PrivateWorkerOptions = Pick<WorkerOptions, 'workerData' | 'name' | 'resourceLimits'>;

/** @throws Error with one line when the process may not have another thread. */
export function privateWorker(url: URL, options: PrivateWorkerOptions): Worker {
  try {
    checkThreadLimits();
    return ROOT.runInAsyncScope(() => unannounced(() => new Worker(url, { ...options, ...apart() })));
  } catch (error) {
    throw new Error(`the card needs a thread of its own: ${reasonOf(error)}`);
  }
}

/**
 * Sets whether the worker keeps the event loop alive. `Worker.ref` refers to its ports too, which leak
 * detectors take for the program's; the worker alone holds the loop, and is not listed.
 */
export function holdLoop(worker: Worker, on: boolean): void {
  if (!on) {
    worker.unref();
    return;
  }
  worker.ref();
  for (const symbol of Object.getOwnPropertySymbols(worker)) {
    const value: unknown = Reflect.get(worker, symbol);
    if (value instanceof MessagePort) value.unref();
  }
}

/**
 * The options that keep the program's from the thread. Its streams are read by nobody: piped to the
 * program's, as without these options, they would open those of a program that writes nothing.
 */
function apart(): WorkerOptions {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => OWN_OPTION.test(name)));
  return { argv: [], env, execArgv: [], stdin: false, stdout: true, stderr: true };
}

/**
 * Makes a worker of which neither the channel `worker_threads` nor the process's event `worker` tells. Node
 * emits the event in the next tick, so a tick before it and one after it hide it, and nothing runs between.
 */
function unannounced(make: () => Worker): Worker {
  const made = channel('worker_threads');
  if (made.hasSubscribers) Object.defineProperty(made, 'publish', { value() {}, configurable: true });
  let worker: Worker | undefined;
  let restore = (): void => {};
  process.nextTick(() => {
    if (process.listenerCount('worker') > 0) restore = muteWorkerEvent(() => worker);
  });
  try {
    worker = make();
    return worker;
  } finally {
    Reflect.deleteProperty(made, 'publish');
    process.nextTick(() => restore());
  }
}

/** Keeps `process` from emitting `worker` for one worker. @returns what ends that. */
function muteWorkerEvent(worker: () => Worker | undefined): () => void {
  const before = Object.getOwnPropertyDescriptor(process, 'emit');
  const { emit } = process;
  const value = (...event: unknown[]): boolean =>
    event[0] === 'worker' && event[1] === worker() ? false : Reflect.apply(emit, process, event);
  Object.defineProperty(process, 'emit', { value, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(process, 'emit');
    else Object.defineProperty(process, 'emit', before);
  };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_ACCESS_DENIED') return 'the permission model allows it by --allow-worker';
  return String(message ?? error).split('\n', 1)[0];
}
