/**
 * Drives agents inline in virtual time: always the one that wants to run first, ties by their order. An agent that works
 * is charged and runs again when its charge is over; one that does not is armed and rests until notified or due.
 */
import { type Agent, NEVER } from './agent.ts';
import type { Clock } from './clock.ts';

/** Turns without the clock moving after which something is wrong: two agents make work for each other for ever. */
const TURNS_AT_ONE_TIME_MAX = 10_000_000;

export interface Entry {
  readonly agent: Agent;
  /** Charges the turn just taken, in nanoseconds. */
  readonly chargeNs: () => number;
}

export class EventQueue {
  readonly clock: Clock;
  private readonly agents: Agent[] = [];
  private readonly charges: (() => number)[] = [];
  /** When each agent was asked to run, and how long its last turn occupies it. */
  private readonly wakeNs: number[] = [];
  private readonly busyUntilNs: number[] = [];
  /** How many `run`s each agent waits in: two that wait at once must not be run within each other's calls. */
  private readonly waiting: number[] = [];
  private turnsAtOneTime = 0;
  private lastNs = -1;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Adds an agent, which runs at once. @returns its number. */
  add(entry: Entry): number {
    this.agents.push(entry.agent);
    this.charges.push(entry.chargeNs);
    this.wakeNs.push(this.clock.nowNs);
    this.busyUntilNs.push(0);
    this.waiting.push(0);
    return this.agents.length - 1;
  }

  /** Something for an agent has come. @param afterNs how long the notification takes. */
  notify(agent: number, afterNs: number): void {
    const at = Math.max(this.clock.nowNs + afterNs, this.busyUntilNs[agent]);
    if (at < this.wakeNs[agent]) this.wakeNs[agent] = at;
  }

  /**
   * Runs agents until `done` says so, or until the time is `untilNs`. @param except an agent that does not run, because it is
   * the one that waits; -1 for none. @returns whether `done` said so.
   */
  run(done: () => boolean, untilNs: number, except: number): boolean {
    if (except < 0) return this.runUntil(done, untilNs);
    this.waiting[except] += 1;
    try {
      return this.runUntil(done, untilNs);
    } finally {
      this.waiting[except] -= 1;
    }
  }

  private runUntil(done: () => boolean, untilNs: number): boolean {
    while (!done()) {
      const next = this.earliest();
      const atNs = next < 0 ? NEVER : this.dueNs(next);
      if (atNs > untilNs || atNs === NEVER) {
        if (untilNs !== NEVER) this.clock.set(Math.max(this.clock.nowNs, untilNs));
        return false;
      }
      this.turn(next, Math.max(atNs, this.clock.nowNs));
    }
    return true;
  }

  private earliest(): number {
    let best = -1;
    let bestNs = NEVER;
    for (let i = 0; i < this.agents.length; i++) {
      if (this.waiting[i] > 0) continue;
      const dueNs = this.dueNs(i);
      if (best < 0 || dueNs < bestNs) {
        best = i;
        bestNs = dueNs;
      }
    }
    return best;
  }

  /** When an agent next runs. Its deadline is asked for each time, since another agent may have put a frame on its wire. */
  private dueNs(agent: number): number {
    return Math.max(
      Math.min(this.wakeNs[agent], this.agents[agent].nextDeadlineNs()),
      this.busyUntilNs[agent],
    );
  }

  private turn(number: number, nowNs: number): void {
    this.guard(nowNs);
    this.clock.set(nowNs);
    const agent = this.agents[number];
    this.wakeNs[number] = NEVER;
    const worked = agent.poll() > 0;
    const freeNs = this.clock.nowNs + this.charges[number]();
    this.busyUntilNs[number] = freeNs;
    if (worked || !agent.arm()) this.wakeNs[number] = freeNs;
  }

  private guard(nowNs: number): void {
    if (nowNs !== this.lastNs) {
      this.lastNs = nowNs;
      this.turnsAtOneTime = 0;
      return;
    }
    this.turnsAtOneTime += 1;
    if (this.turnsAtOneTime > TURNS_AT_ONE_TIME_MAX)
      throw new Error(`virtual time stands still at ${nowNs} ns`);
  }
}
