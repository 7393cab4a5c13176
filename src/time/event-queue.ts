/**
 * Drives agents inline in virtual time: always the one that wants to run first, ties by their order. An
 * agent that works is charged and runs again when its charge is over; one that does not is armed and rests
 * until notified or due.
 *
 * Agents lie in a heap by when they are due, so a turn costs the same whether a hundred others rest or a
 * thousand. The heap can only be right if it is told: whoever gives an agent work calls `notify`, and
 * whatever brings an agent's own deadline forward outside its turn (a frame that another has put on its
 * wire) calls `deadlineChanged`. After a turn the queue asks the agent itself, and when `run` is called
 * from outside it asks all, since a test or a program may have used any of them.
 */
import { assert } from '../assert/assert.ts';
import { type Agent, NEVER } from './agent.ts';
import type { Clock } from './clock.ts';
import { DueHeap } from './due-heap.ts';

/**
 * Turns without the clock moving after which something is wrong: two agents make work for each other for
 * ever.
 */
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
  private readonly heap = new DueHeap();
  /** How many `run`s are under way, one within the other. */
  private depth = 0;
  private turnsAtOneTime = 0;
  private lastNs = -1;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Adds an agent, which runs at once. Called while the world is built. @returns its number. */
  add(entry: Entry): number {
    const agent = this.agents.length;
    this.agents.push(entry.agent);
    this.charges.push(entry.chargeNs);
    this.wakeNs.push(this.clock.nowNs);
    this.busyUntilNs.push(0);
    this.waiting.push(0);
    this.heap.add();
    this.heap.set(agent, this.clock.nowNs);
    return agent;
  }

  /** Something for an agent has come. @param afterNs how long the notification takes. */
  notify(agent: number, afterNs: number): void {
    const atNs = Math.max(this.clock.nowNs + afterNs, this.busyUntilNs[agent]);
    if (atNs >= this.wakeNs[agent]) return;
    this.wakeNs[agent] = atNs;
    if (this.waiting[agent] === 0 && atNs < this.heap.dueNs(agent)) this.heap.set(agent, atNs);
  }

  /** An agent's own deadline may be another than when its last turn ended. */
  deadlineChanged(agent: number): void {
    if (this.waiting[agent] === 0) this.heap.set(agent, this.dueNs(agent));
  }

  /** As `deadlineChanged` for a known time, so that the agent need not be asked: it can only come forward. */
  expect(agent: number, atNs: number): void {
    const dueNs = Math.max(atNs, this.busyUntilNs[agent]);
    if (this.waiting[agent] === 0 && dueNs < this.heap.dueNs(agent)) this.heap.set(agent, dueNs);
  }

  /** An agent is occupied for so long from now on, by work it does inside the turn under way. */
  occupy(agent: number, chargeNs: number): void {
    this.busyUntilNs[agent] = Math.max(this.busyUntilNs[agent], this.clock.nowNs) + chargeNs;
  }

  /** Until when an agent is occupied, in clock nanoseconds. */
  busyUntil(agent: number): number {
    return this.busyUntilNs[agent];
  }

  /**
   * Runs agents until `done` says so, or until the time is `untilNs`. @param except an agent that does not
   * run, because it is the one that waits; -1 for none. @returns whether `done` said so.
   */
  run(done: () => boolean, untilNs: number, except: number): boolean {
    if (except >= 0) this.exclude(except);
    // A run within a turn has been told of every change; one from outside follows calls nobody told of.
    if (this.depth === 0) this.askAll();
    this.depth += 1;
    try {
      return this.runUntil(done, untilNs);
    } finally {
      this.depth -= 1;
      if (except >= 0) this.include(except);
    }
  }

  private exclude(agent: number): void {
    this.waiting[agent] += 1;
    this.heap.set(agent, NEVER);
  }

  private include(agent: number): void {
    assert(this.waiting[agent] > 0, 'event queue: an agent ends only a wait that it began');
    this.waiting[agent] -= 1;
    this.deadlineChanged(agent);
  }

  private askAll(): void {
    for (let agent = 0; agent < this.agents.length; agent++) this.deadlineChanged(agent);
  }

  private runUntil(done: () => boolean, untilNs: number): boolean {
    const { heap, clock } = this;
    while (!done()) {
      const next = heap.first();
      const atNs = next < 0 ? NEVER : heap.dueNs(next);
      if (atNs > untilNs || atNs === NEVER) {
        if (untilNs !== NEVER) clock.set(Math.max(clock.nowNs, untilNs));
        return false;
      }
      this.turn(next, Math.max(atNs, clock.nowNs));
    }
    return true;
  }

  private dueNs(agent: number): number {
    const busyNs = this.busyUntilNs[agent];
    // An agent that worked runs again as soon as it is free, whatever else it waits for.
    if (this.wakeNs[agent] <= busyNs) return busyNs;
    return Math.max(Math.min(this.wakeNs[agent], this.agents[agent].nextDeadlineNs()), busyNs);
  }

  private turn(agent: number, nowNs: number): void {
    this.guard(agent, nowNs);
    assert(nowNs >= this.clock.nowNs, 'event queue: time does not run back');
    this.clock.set(nowNs);
    const { wakeNs } = this;
    const body = this.agents[agent];
    assert(this.waiting[agent] === 0, 'event queue: an agent that waits inside a call is not run');
    wakeNs[agent] = NEVER;
    const worked = this.poll(agent) > 0;
    this.occupy(agent, this.charges[agent]());
    const freeNs = this.busyUntilNs[agent];
    if (worked || !body.arm()) wakeNs[agent] = freeNs;
    this.deadlineChanged(agent);
  }

  /** A turn that throws has left work undone: the agent takes another when the queue is run again. */
  private poll(agent: number): number {
    try {
      return this.agents[agent].poll();
    } catch (error) {
      this.notify(agent, 0);
      throw error;
    }
  }

  private guard(agent: number, nowNs: number): void {
    if (nowNs !== this.lastNs) {
      this.lastNs = nowNs;
      this.turnsAtOneTime = 0;
      return;
    }
    this.turnsAtOneTime += 1;
    if (this.turnsAtOneTime > TURNS_AT_ONE_TIME_MAX) {
      const { name } = this.agents[agent];
      throw new Error(
        `virtual time stands still at ${nowNs} ns: "${name}" and another make work for each other at no cost`,
      );
    }
  }
}
