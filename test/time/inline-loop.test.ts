/** Agents in turn in one thread: who runs while another waits, and when the thread rests. */
import { describe, expect, it } from 'vitest';
import { type Agent, NEVER } from '../../src/time/agent.ts';
import { Clock } from '../../src/time/clock.ts';
import { InlineLoop } from '../../src/time/inline-loop.ts';
import type { Sleeper } from '../../src/time/sleeper.ts';
import { trips } from '../rules/trips.ts';

/** A clock that time passes on only while somebody rests. */
class Bed {
  readonly clock = new Clock();
  readonly rests: number[] = [];
  readonly loop: InlineLoop;

  constructor(spinNs = 0) {
    this.clock.set(0);
    const sleeper: Sleeper = {
      prepare() {},
      sleep: (timeoutNs) => {
        this.rests.push(timeoutNs);
        this.clock.set(this.clock.nowNs + timeoutNs);
      },
    };
    this.loop = new InlineLoop(this.clock, sleeper, spinNs);
  }

  /** An agent with some work, and more at a time. */
  agent(work: number, dueNs = NEVER): Agent & { turns: number; left: number } {
    const { clock } = this;
    return {
      name: 'agent',
      turns: 0,
      left: work,
      poll() {
        this.turns += 1;
        if (clock.nowNs >= dueNs && this.left === 0 && this.turns < 1000) this.left = 1;
        if (this.left === 0) return 0;
        this.left -= 1;
        return 1;
      },
      arm() {
        return this.left === 0;
      },
      nextDeadlineNs: () => (clock.nowNs < dueNs ? dueNs : NEVER),
    };
  }
}

describe('an inline loop', () => {
  it('gives each agent its turn until all is done', () => {
    const bed = new Bed();
    const agents = [3, 5].map((work) => bed.agent(work));
    for (const agent of agents) bed.loop.add(agent);
    expect(bed.loop.run(() => agents.every(({ left }) => left === 0), NEVER, -1)).toBe(true);
    expect(agents.map(({ turns }) => turns)).toEqual([5, 5]);
  });

  it('leaves out the agent that waits', () => {
    const bed = new Bed();
    const [waits, works] = [bed.agent(1), bed.agent(2)];
    const number = bed.loop.add(waits);
    bed.loop.add(works);
    expect(bed.loop.run(() => works.left === 0, NEVER, number)).toBe(true);
    expect(waits.turns).toBe(0);
  });

  it('rests until the next deadline, and no longer than it is asked to run', () => {
    const bed = new Bed();
    const late = bed.agent(0, 5e6);
    bed.loop.add(late);
    expect(bed.loop.run(() => false, 2e6, -1)).toBe(false);
    expect(bed.rests).toEqual([2e6]);
    expect(bed.loop.run(() => late.left > 0 || bed.clock.nowNs >= 5e6, NEVER, -1)).toBe(true);
    expect(bed.rests).toEqual([2e6, 3e6]);
  });

  it('ends where nobody has anything to do and nobody else can bring it', () => {
    const bed = new Bed();
    bed.loop.add(bed.agent(0));
    expect(bed.loop.run(() => false, NEVER, -1)).toBe(false);
    expect(bed.rests).toEqual([]);
  });

  it('rests on for other threads, looking up now and then', () => {
    const bed = new Bed();
    bed.loop.othersRun = true;
    bed.loop.add(bed.agent(0));
    expect(bed.loop.run(() => bed.rests.length === 3, NEVER, -1)).toBe(true);
    expect(bed.rests).toEqual([100e6, 100e6, 100e6]);
  });

  it('sees what another thread did just before it rests', () => {
    const bed = new Bed();
    let looks = 0;
    bed.loop.add(bed.agent(0));
    // Done from the second look on: between the turn that found nothing and the rest.
    expect(bed.loop.run(() => ++looks > 1, 1e9, -1)).toBe(true);
    expect(bed.rests).toEqual([]);
  });
});

describe('the assertions of an inline loop', () => {
  trips('inline loop: an agent ends only a wait that it began', () => {
    const bed = new Bed();
    const agent = bed.loop.add(bed.agent(0));
    (bed.loop as unknown as { endWait(agent: number): void }).endWait(agent);
  });
});
