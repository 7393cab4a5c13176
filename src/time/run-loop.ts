/**
 * Drives an agent in a thread of its own, in real time: polls while there is work, polls on for a while
 * when there is none, then sleeps until it is woken or its deadline comes.
 */
import type { Agent } from './agent.ts';
import type { Clock } from './clock.ts';
import type { Sleeper } from './sleeper.ts';
import { SpinPolicy } from './spin-policy.ts';

/** Turns between two readings of the clock: a reading costs 35 ns, a turn without work about as much. */
const TURNS_PER_CLOCK = 48;
const BUSY_TURNS_PER_CLOCK = 8;
/** The loop looks up at least this often, so that a request to stop is seen whatever was lost. */
const SLEEP_NS_MAX = 500e6;

export interface RunLoopHooks {
  /** Called about every 48 turns and before each sleep. @returns false to end the loop. */
  housekeeping(): boolean;
  /** Called when the loop goes to sleep: for the ledger. */
  sleeping(): void;
}

/** Runs until `housekeeping` says no. @param spinNs how long to poll without work before sleeping. */
export function runLoop(
  agent: Agent,
  clock: Clock,
  sleeper: Sleeper,
  spinNs: number,
  hooks: RunLoopHooks,
): void {
  const policy = new SpinPolicy(spinNs);
  for (;;) {
    if (!hooks.housekeeping()) return;
    const items = turns(agent, clock);
    clock.update();
    const { nowNs } = clock;
    if (items > 0) {
      policy.worked(nowNs, items);
      continue;
    }
    if (policy.goesOn(nowNs)) continue;
    sleeper.prepare();
    // Only from here on does a wake-up end the sleep: what was asked for before it must be seen now.
    if (!hooks.housekeeping()) return;
    if (!agent.arm()) continue;
    const restNs = Math.min(agent.nextDeadlineNs() - nowNs, SLEEP_NS_MAX);
    if (restNs > 0) {
      hooks.sleeping();
      sleeper.sleep(restNs);
    }
    clock.update();
    policy.rested(clock.nowNs);
  }
}

/** A few turns at nearly the same time. @returns how many items they worked on. // Hot path. */
function turns(agent: Agent, clock: Clock): number {
  let items = 0;
  let sinceClock = 0;
  for (let turn = 0; turn < TURNS_PER_CLOCK; turn++) {
    const worked = agent.poll();
    if (worked === 0) continue;
    items += worked;
    sinceClock += 1;
    if (sinceClock === BUSY_TURNS_PER_CLOCK) {
      clock.update();
      sinceClock = 0;
    }
  }
  return items;
}
