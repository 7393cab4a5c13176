/** The loop of a thread: what is asked of it while it works is seen before it sleeps. */
import { describe, expect, it, vi } from 'vitest';
import { type Agent, NEVER } from '../../src/time/agent.ts';
import { Clock } from '../../src/time/clock.ts';
import { runLoop } from '../../src/time/run-loop.ts';
import { FutexSleeper, FutexWaker } from '../../src/time/sleeper.ts';

describe('runLoop', () => {
  it('does not sleep over a request to stop that came after its last look', () => {
    let stop = false;
    let slept = 0;
    let prepared = false;
    const agent: Agent = {
      name: 'idle',
      poll() {
        stop = true; // asked for, and woken, while the loop takes its turns
        return 0;
      },
      arm: () => true,
      nextDeadlineNs: () => NEVER,
    };
    const sleeper = {
      prepare() {
        prepared = true;
      },
      sleep() {
        slept += 1;
      },
    };
    runLoop(agent, new Clock(), sleeper, 0, { housekeeping: () => !stop, sleeping() {} });
    expect(prepared).toBe(true);
    expect(slept).toBe(0);
  });
});

/** A wake-up count and the words behind it, as a card's layout has them. */
function restingPlace() {
  const words = new Int32Array(new SharedArrayBuffer(64));
  return { words, sleeper: new FutexSleeper(words, 4), waker: new FutexWaker(words, 4) };
}

const NEVER_ENDING_NS = 60e9;

describe('a sleeper on a word of shared memory', () => {
  it('is not woken by whoever wakes only the resting while it does not rest', () => {
    const { words, waker } = restingPlace();
    waker.wakeIfResting();
    expect(words[4]).toBe(0);
  });

  it('is woken once by many, from when it has prepared', () => {
    const { words, sleeper, waker } = restingPlace();
    sleeper.prepare();
    for (let i = 0; i < 3; i++) waker.wakeIfResting();
    expect(words[4]).toBe(1);
    sleeper.sleep(NEVER_ENDING_NS); // returns at once: the wake-up came after `prepare`
    sleeper.prepare();
    waker.wakeIfResting();
    expect(words[4]).toBe(2);
    sleeper.sleep(NEVER_ENDING_NS);
  });

  it('is woken by a plain wake-up too, and not again by what came before it prepared', () => {
    const { sleeper, waker } = restingPlace();
    waker.wake();
    sleeper.prepare();
    waker.wake();
    sleeper.sleep(NEVER_ENDING_NS);
    sleeper.prepare();
    sleeper.sleep(1e6); // nobody wakes: only the time ends it
  });

  it.each([1, 2])('sees a wake-up that comes after access %i of its preparations', (access) => {
    const { words, sleeper, waker } = restingPlace();
    sleeper.prepare();
    let accesses = 0;
    const other = (): void => {
      accesses += 1;
      if (accesses === access) waker.wakeIfResting();
    };
    const { load, store } = Atomics;
    const spies = [
      vi.spyOn(Atomics, 'load').mockImplementation((...args: Parameters<typeof load>) => {
        const value = load(...args);
        other();
        return value;
      }),
      vi.spyOn(Atomics, 'store').mockImplementation((...args: Parameters<typeof store>) => {
        const value = store(...args);
        other();
        return value;
      }),
    ];
    try {
      sleeper.prepare();
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    expect([accesses, words[4]]).toEqual([2, 1]);
    // It sleeps only where whoever comes next can wake it.
    waker.wakeIfResting();
    const waits = vi.spyOn(Atomics, 'wait');
    sleeper.sleep(1e6);
    const [ended] = waits.mock.results;
    waits.mockRestore();
    expect(ended.value).toBe('not-equal');
  });

  it('loses no work that comes between the last look of a run loop and its sleep', () => {
    const { sleeper, waker } = restingPlace();
    let work = 0;
    let done = 0;
    let sleeps = 0;
    const agent: Agent = {
      name: 'late',
      poll() {
        const taken = work;
        work = 0;
        done += taken;
        return taken;
      },
      arm() {
        // Another thread puts work in right after the agent has looked.
        if (sleeps < 3) {
          work = 1;
          waker.wakeIfResting();
        }
        return true;
      },
      nextDeadlineNs: () => NEVER,
    };
    const hooks = {
      housekeeping: () => done < 3,
      sleeping() {
        sleeps += 1;
      },
    };
    runLoop(agent, new Clock(), sleeper, 0, hooks);
    expect([done, sleeps]).toEqual([3, 3]);
  });
});
