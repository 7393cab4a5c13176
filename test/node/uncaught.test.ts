/** Errors of ticks, where C++ has called the program within a call of JavaScript's. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type NativeBindings, nativeBindings } from '../../src/node/bindings.ts';
import { TOLD, tellUncaught, ticksWithin, unlessTold } from '../../src/node/uncaught.ts';

const ours = new Error('ours');
const others = process.listeners('uncaughtException');

/** Bindings whose ticks do this; what is told of is noted, and handled. */
function bindingsOf(runTicks: () => void, told: unknown[] = []): NativeBindings {
  return { ...nativeBindings(), runTicks, handleUncaught: (error) => told.push(error) > 0 };
}

function fail(): never {
  throw ours;
}

afterEach(() => {
  process.removeAllListeners('uncaughtException');
  for (const listener of others) process.on('uncaughtException', listener);
  vi.restoreAllMocks();
});

describe('ticks within a call from C++', () => {
  it('say whether they returned, and tell a program that listens of what they threw', () => {
    process.on('uncaughtException', () => {});
    const told: unknown[] = [];
    expect(ticksWithin(bindingsOf(() => {}, told))).toBe(true);
    expect(told).toEqual([]);
    expect(ticksWithin(bindingsOf(fail, told))).toBe(false);
    expect(told).toEqual([ours]);
  });

  it('give an error that nobody listens for to a microtask, and run until that has had its turn', () => {
    process.removeAllListeners('uncaughtException');
    const told: unknown[] = [];
    const microtasks: (() => void)[] = [];
    vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => microtasks.push(task));
    const outcomes = [fail, fail, () => {}];
    tellUncaught(
      bindingsOf(() => outcomes.shift()?.(), told),
      ours,
    );
    expect([told, outcomes, microtasks.length]).toEqual([[], [], 1]);
    expect(() => microtasks[0]()).toThrow(ours);
  });

  it('are heeded by whoever called C++, which throws everything else on', () => {
    process.on('uncaughtException', () => {});
    const throwing = (what: unknown) => () => {
      throw what;
    };
    expect(unlessTold(() => {})).toBe(true);
    expect(unlessTold(throwing(TOLD))).toBe(false);
    expect(() => unlessTold(throwing(ours))).toThrow(ours);
    process.removeAllListeners('uncaughtException');
    expect(unlessTold(() => {})).toBe(true);
    expect(() => unlessTold(throwing(ours))).toThrow(ours);
  });
});
