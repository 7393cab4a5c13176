/**
 * Real time's timers and turns of Node's event loop, for what measures or waits in real time. They are
 * Node's own, taken as this module is loaded: a program may put others in their places, as the fake timers of
 * a test runner are, and a card of its own must not stand still with these.
 */
import type { Clock } from './clock.ts';

const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval } = globalThis;

/** The longest time of Node's timers, in milliseconds. */
const LONGEST_MS = 0x7fff_ffff;

/** Resolves after `ms` milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Calls once after `ms` milliseconds. @returns a function that calls it off. */
export function alarm(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}

/** Calls every `ms` milliseconds, and keeps no event loop alive. @returns a function that ends it. */
export function ticker(ms: number, action: () => void): () => void {
  const timer = setInterval(action, ms).unref();
  return () => clearInterval(timer);
}

/** Calls in the next turn of the event loop, after it has served input and output. */
export function nextTurn(action: () => void): void {
  setImmediate(action);
}

/**
 * One deadline, of somebody who looks what is due when he is called, and then sets the next. It keeps no
 * event loop alive. It may ring early: a deadline that is moved away leaves the timer as it is, since most
 * are moved away long before they come.
 */
export class Alarm {
  private readonly clock: Clock;
  private readonly action: () => void;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ringsNs = 0;
  private readonly ring = (): void => {
    this.timer = undefined;
    this.action();
  };

  constructor(clock: Clock, action: () => void) {
    this.clock = clock;
    this.action = action;
  }

  /** @param dueNs clock nanoseconds; the clock has just been read. It rings up to a millisecond later. */
  set(dueNs: number): void {
    if (this.timer !== undefined) {
      if (this.ringsNs <= dueNs) return;
      clearTimeout(this.timer);
    }
    const ms = Math.min(LONGEST_MS, Math.max(1, Math.ceil((dueNs - this.clock.nowNs) / 1e6)));
    this.ringsNs = dueNs;
    this.timer = setTimeout(this.ring, ms).unref();
  }

  off(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

/** What keeps the event loop alive while it is set: a timer that never does anything. */
export class LoopHold {
  private timer: ReturnType<typeof setInterval> | undefined;
  private on = false;

  set(on: boolean): void {
    if (on === this.on) return;
    this.on = on;
    this.timer ??= setInterval(() => {}, LONGEST_MS);
    if (on) this.timer.ref();
    else this.timer.unref();
  }
}
