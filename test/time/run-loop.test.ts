/** The loop of a thread: what is asked of it while it works is seen before it sleeps. */
import { describe, expect, it } from 'vitest';
import { type Agent, NEVER } from '../../src/time/agent.ts';
import { Clock } from '../../src/time/clock.ts';
import { runLoop } from '../../src/time/run-loop.ts';

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
