/**
 * Drives agents in turn in one thread, in real time: the machine's clock, and a rest when none of them has
 * anything to do. An agent that waits inside a call lets the others run. The virtual world's event queue
 * does the same without a machine's clock.
 */
import { assert } from '../assert/assert.ts';
import { type Agent, NEVER } from './agent.ts';
import type { Clock } from './clock.ts';
import type { Sleeper } from './sleeper.ts';
import { SpinPolicy } from './spin-policy.ts';

/** Turns of all agents between two readings of the clock while there is work: a reading costs 35 ns. */
const TURNS_PER_CLOCK = 8;
/** The loop looks up at least this often, whatever was lost. */
const REST_NS_MAX = 100e6;

export class InlineLoop {
  readonly clock: Clock;
  /** Whether other threads may bring work, so that a rest without an end makes sense. */
  othersRun = false;
  private readonly sleeper: Sleeper;
  private readonly spinNs: number;
  private readonly policy: SpinPolicy;
  private readonly agents: Agent[] = [];
  /** How many calls each agent waits in: it is not run within any of them. */
  private readonly waiting: number[] = [];
  /** How many `run`s are under way, one within the other. */
  private depth = 0;

  /**
   * @param sleeper where the thread rests; only another thread can end a rest before its time.
   * @param spinNs how long to poll without work before resting, for answers of other threads; 0 where there
   * are none.
   */
  constructor(clock: Clock, sleeper: Sleeper, spinNs = 0) {
    this.clock = clock;
    this.sleeper = sleeper;
    this.spinNs = spinNs;
    this.policy = new SpinPolicy(spinNs);
  }

  /** Adds an agent. Called while the world is built. @returns its number. */
  add(agent: Agent): number {
    this.agents.push(agent);
    this.waiting.push(0);
    return this.agents.length - 1;
  }

  /**
   * Runs agents until `done` says so, or until the time is `untilNs`. @param except an agent that waits
   * inside a call; -1 for none.
   * @returns whether `done` said so.
   */
  run(done: () => boolean, untilNs: number, except: number): boolean {
    if (except >= 0) this.waiting[except] += 1;
    this.depth += 1;
    try {
      return this.runUntil(done, untilNs);
    } finally {
      this.depth -= 1;
      if (except >= 0) this.endWait(except);
    }
  }

  /** Whether the world is run at present: whoever waits inside a call does so within a turn. */
  get underWay(): boolean {
    return this.depth > 0;
  }

  private endWait(agent: number): void {
    assert(this.waiting[agent] > 0, 'inline loop: an agent ends only a wait that it began');
    this.waiting[agent] -= 1;
  }

  private runUntil(done: () => boolean, untilNs: number): boolean {
    const { clock } = this;
    clock.update();
    let turns = 0;
    for (;;) {
      if (done()) return true;
      const worked = this.turn() > 0;
      turns += 1;
      if (worked) {
        this.policy.found();
        if (turns % TURNS_PER_CLOCK !== 0) continue;
      }
      clock.update();
      if (clock.nowNs >= untilNs) return done();
      if (worked || (this.spinNs > 0 && this.policy.goesOn(clock.nowNs))) continue;
      if (!this.rest(done, untilNs)) return done();
      this.policy.rested(clock.nowNs);
    }
  }

  /** A turn of each agent that does not wait. @returns how much they did. */
  private turn(): number {
    let work = 0;
    for (let i = 0; i < this.agents.length; i++) if (this.waiting[i] === 0) work += this.agents[i].poll();
    return work;
  }

  /**
   * Rests until somebody has something to do. @returns false when nobody ever will, and no time limit is
   * set.
   */
  private rest(done: () => boolean, untilNs: number): boolean {
    const { clock, sleeper } = this;
    sleeper.prepare();
    // Only from here on does another thread end the rest: what it did before is seen now.
    if (done()) return true;
    let nextNs = untilNs;
    for (let i = 0; i < this.agents.length; i++) {
      if (this.waiting[i] > 0) continue;
      if (!this.agents[i].arm()) return true;
      nextNs = Math.min(nextNs, this.agents[i].nextDeadlineNs());
    }
    if (nextNs === NEVER && !this.othersRun) return false;
    const restNs = Math.min(nextNs - clock.nowNs, REST_NS_MAX);
    if (restNs > 0) sleeper.sleep(restNs);
    clock.update();
    return true;
  }
}
