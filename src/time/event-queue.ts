/**
 * Drives agents inline in virtual time: always the one that wants to run first, ties by their order. An
 * agent that works is charged and runs again when its charge is over; one that does not looks on for as long
 * as it spins, is then armed, and rests until notified or due.
 *
 * What a turn does is seen when its work is done. A turn runs at one instant of the queue, but its agent has
 * a time of its own, which goes ahead by what its work so far has cost (`localNs`). What it shows others is
 * put off (`defer`) until everybody else has come to that time; a wire takes its frames at that time too.
 *
 * A tree says which agent is due first, so a turn costs the same whether a hundred others rest or a
 * thousand. It can only be right if it is told: whoever gives an agent work calls `notify`, and
 * whatever brings an agent's own deadline forward outside its turn (a frame that another has put on its
 * wire) calls `deadlineChanged`. After a turn the queue asks the agent itself, and when `run` is called
 * from outside it asks all, since a test or a program may have used any of them.
 *
 * Times are kept in arrays and hardly ever passed from one function to the next, for V8 boxes a double that
 * leaves a function, and the boxes have to be collected.
 */
import { assert } from '../assert/assert.ts';
import { type Agent, NEVER } from './agent.ts';
import type { Clock } from './clock.ts';
import type { Meter } from './cost-model.ts';
import { DueTree } from './due-tree.ts';
import { Samples } from './samples.ts';
import { type Showing, Showings } from './showings.ts';

/**
 * Turns without the clock moving after which something is wrong: two agents make work for each other for
 * ever.
 */
const TURNS_AT_ONE_TIME_MAX = 10_000_000;

export interface Entry {
  readonly agent: Agent;
  /** What its work costs. */
  readonly meter: Meter;
  /** What works for it beside it. What it shows waits for that as well. Absent: nothing does. */
  readonly engine?: Engine;
  /** How long it looks on without work before it is armed, in nanoseconds; 0 or absent: not at all. */
  readonly spinNs?: number;
  /** How long after it was shown something an agent that spins sees it, in nanoseconds: half a look. */
  readonly lookNs?: number;
}

/** Works for an agent while that goes on: a DMA engine. */
export interface Engine {
  /**
   * Says when all is done that the agent's work until now has begun. @param nowNs by agent, its own time.
   * @param settledNs by agent, where the answer is put.
   */
  settle(nowNs: Float64Array, settledNs: Float64Array, agent: number): void;
}

const NO_ENGINE: Engine = {
  settle: (nowNs, settledNs, agent) => {
    settledNs[agent] = nowNs[agent];
  },
};
/** Agents there is room for at first. What is known of each lies in arrays of one kind for good. */
const AGENTS = 16;

/** No spell of looking is under way. */
const NOT_SPINNING = -1;

export class EventQueue {
  readonly clock: Clock;
  private readonly agents: Agent[] = [];
  private readonly meters: Meter[] = [];
  private readonly engines: Engine[] = [];
  /** When each agent was asked to run, and how far its work has taken it. */
  private wakeNs = new Float64Array(AGENTS);
  private busyUntilNs = new Float64Array(AGENTS);
  /** As `settledNs` was told last. */
  private settledAtNs = new Float64Array(AGENTS);
  /**
   * How long each looks on without work, when the spell under way ends, and how soon it then sees something.
   */
  private spinNs = new Float64Array(AGENTS);
  private spinUntilNs = new Float64Array(AGENTS);
  private lookNs = new Float64Array(AGENTS);
  /** What each agent has still to show. */
  private readonly showings: Showings[] = [];
  /** Who is the next to show something, or to have a turn. */
  private readonly due = new DueTree();
  /**
   * The queue's own time: that of the turn or showing under way. The clock may be ahead of it in a turn. A
   * fraction first, so that V8 gives the field a double: without a value, each change of it makes a box.
   */
  private timeNs = 0.5;
  /** Whose turn is under way; -1 between turns. */
  private current = -1;
  /** How many `run`s each agent waits in: two that wait at once must not be run within each other's calls. */
  private waiting = new Float64Array(AGENTS);
  /** Who looks at the world while it runs. */
  readonly samples: Samples = new Samples();
  /** How many `run`s are under way, one within the other. */
  private depth = 0;
  private turnsAtOneTime = 0;
  private lastNs = -1;
  /** When the innermost run under way ends, in clock nanoseconds. */
  private limitNs = NEVER;

  constructor(clock: Clock) {
    this.clock = clock;
    this.timeNs = clock.nowNs;
  }

  /** Adds an agent, which runs at once. Called while the world is built. @returns its number. */
  add(entry: Entry): number {
    const agent = this.agents.length;
    if (agent === this.wakeNs.length) this.makeRoom();
    this.agents.push(entry.agent);
    this.meters.push(entry.meter);
    this.engines.push(entry.engine ?? NO_ENGINE);
    this.wakeNs[agent] = this.timeNs;
    this.spinNs[agent] = entry.spinNs ?? 0;
    this.spinUntilNs[agent] = NOT_SPINNING;
    this.lookNs[agent] = entry.lookNs ?? 0;
    this.showings.push(new Showings());
    this.due.add();
    this.bringForward(agent, this.timeNs);
    return agent;
  }

  /** Something for an agent has come. @param afterNs how long the notification takes. */
  notify(agent: number, afterNs: number): void {
    const atNs = Math.max(this.timeNs + afterNs, this.busyUntilNs[agent]);
    if (atNs >= this.wakeNs[agent]) return;
    this.wakeNs[agent] = atNs;
    this.bringForward(agent, atNs);
  }

  /** Something was shown that an agent may be looking for: one that spins sees it without being notified. */
  shown(agent: number): void {
    if (this.spinUntilNs[agent] !== NOT_SPINNING) this.notify(agent, this.lookNs[agent]);
  }

  /** An agent's own deadline may be another than when its last turn ended. */
  deadlineChanged(agent: number): void {
    if (this.waiting[agent] !== 0) return;
    const { due } = this;
    const place = due.turnOf(agent);
    this.dueInto(due.dues, place, agent);
    due.changed(place);
  }

  /** As `deadlineChanged` for a known time, so that the agent need not be asked: it can only come forward. */
  expect(agent: number, atNs: number): void {
    this.bringForward(agent, Math.max(atNs, this.busyUntilNs[agent]));
  }

  /**
   * How far an agent is: the time of the queue, or when its work so far is done if that is later. What it has
   * done since it was last asked is charged. // Hot path of a simulation.
   */
  localNs(agent: number): number {
    this.charge(agent);
    return this.busyUntilNs[agent];
  }

  /** What `localNs` would answer now, for whoever looks on: nothing is charged. */
  peekNs(agent: number): number {
    return Math.max(this.busyUntilNs[agent], this.timeNs) + this.meters[agent].peek();
  }

  /** When all is done that an agent has begun until now, by itself or by others. */
  settledNs(agent: number): number {
    this.settle(agent);
    return this.settledAtNs[agent];
  }

  /** An agent works for so long, beside what its counters say. */
  occupy(agent: number, chargeNs: number): void {
    this.busyUntilNs[agent] = Math.max(this.busyUntilNs[agent], this.timeNs) + chargeNs;
  }

  /** The queue's own time, which no agent is behind. */
  get nowNs(): number {
    return this.timeNs;
  }

  /** The time of whoever asks: of the agent whose turn it is, or else of the queue. */
  now(): number {
    return this.current < 0 ? this.timeNs : this.localNs(this.current);
  }

  /**
   * An agent shows something once what it has begun is done, and `latencyNs` later; at once where its work
   * costs nothing. What one agent shows is seen in the order in which it was put off.
   * @param mark what `showing` is given then.
   */
  defer(agent: number, showing: Showing, mark: number, latencyNs: number): void {
    this.settle(agent);
    const waiting = this.showings[agent];
    if (!waiting.put(this.settledAtNs, agent, latencyNs, this.timeNs, showing, mark)) showing.show(mark);
    else if (waiting.count === 1) this.setShow(agent);
  }

  /**
   * Runs agents until `done` says so, or until the time is `untilNs`: not beyond the end of the run that this
   * one is within, unless that end has come already. @param except an agent that does not run, because it is
   * the one that waits; -1 for none. @returns whether `done` said so.
   */
  run(done: () => boolean, untilNs: number, except: number): boolean {
    if (except >= 0) this.exclude(except);
    // A run within a turn has been told of every change; one from outside follows calls nobody told of.
    if (this.depth === 0) this.askAll();
    const outer = this.current;
    const limitNs = this.limitNs;
    this.limitNs = this.expired ? untilNs : Math.min(untilNs, limitNs);
    this.depth += 1;
    try {
      return this.runUntil(done, this.limitNs);
    } finally {
      this.depth -= 1;
      this.limitNs = limitNs;
      this.current = outer;
      if (except >= 0) this.include(except);
    }
  }

  /** Whether the world is run at present: whoever waits inside a call does so within a turn. */
  get underWay(): boolean {
    return this.depth > 0;
  }

  /** Whether the run under way has used up its time. */
  private get expired(): boolean {
    return this.timeNs >= this.limitNs;
  }

  /** Twice as much room for what is known of each agent. */
  private makeRoom(): void {
    this.wakeNs = twiceAsLong(this.wakeNs);
    this.busyUntilNs = twiceAsLong(this.busyUntilNs);
    this.settledAtNs = twiceAsLong(this.settledAtNs);
    this.spinNs = twiceAsLong(this.spinNs);
    this.spinUntilNs = twiceAsLong(this.spinUntilNs);
    this.lookNs = twiceAsLong(this.lookNs);
    this.waiting = twiceAsLong(this.waiting);
  }

  private exclude(agent: number): void {
    this.waiting[agent] += 1;
    this.due.dues[this.due.turnOf(agent)] = NEVER;
    this.due.changed(this.due.turnOf(agent));
  }

  private include(agent: number): void {
    assert(this.waiting[agent] > 0, 'event queue: an agent ends only a wait that it began');
    this.waiting[agent] -= 1;
    this.deadlineChanged(agent);
  }

  private askAll(): void {
    for (let agent = 0; agent < this.agents.length; agent++) this.deadlineChanged(agent);
  }

  private bringForward(agent: number, dueNs: number): void {
    const { due } = this;
    const place = due.turnOf(agent);
    if (this.waiting[agent] === 0 && dueNs < due.dues[place]) {
      due.dues[place] = dueNs;
      due.changed(place);
    }
  }

  /** When an agent shows something next is written down. */
  private setShow(agent: number): void {
    const { due } = this;
    this.showings[agent].nextInto(due.dues, agent);
    due.changed(agent);
  }

  /** Charges an agent for what it has done since it was last charged: it is busy until then. */
  private charge(agent: number): void {
    const { busyUntilNs } = this;
    if (busyUntilNs[agent] < this.timeNs) busyUntilNs[agent] = this.timeNs;
    this.meters[agent].charge(busyUntilNs, agent);
  }

  private settle(agent: number): void {
    this.charge(agent);
    this.engines[agent].settle(this.busyUntilNs, this.settledAtNs, agent);
  }

  private runUntil(done: () => boolean, untilNs: number): boolean {
    const { due, clock, samples } = this;
    while (!done()) {
      const place = due.first;
      const atNs = due.dues[place];
      if (samples.dueNs <= atNs && samples.dueNs <= untilNs && samples.dueNs !== NEVER) {
        this.pass(Math.max(this.timeNs, samples.dueNs));
        samples.take(this.timeNs);
        continue;
      }
      if (atNs > untilNs || atNs === NEVER) {
        if (untilNs !== NEVER) this.pass(Math.max(this.timeNs, untilNs));
        return false;
      }
      // What is due may have been so for some time, while whoever ran the queue was at another.
      if (place < due.turns) this.show(place);
      else this.turn(place - due.turns);
      // A program may have read a time of its own.
      if (clock.nowNs !== this.timeNs) clock.set(this.timeNs);
    }
    return true;
  }

  private pass(nowNs: number): void {
    assert(nowNs >= this.timeNs, 'event queue: time does not run back');
    this.timeNs = nowNs;
    this.clock.set(nowNs);
  }

  /** Writes down when an agent has its turn. @param dues at `place`. */
  private dueInto(dues: Float64Array, place: number, agent: number): void {
    const busyNs = this.busyUntilNs[agent];
    const wakeNs = this.wakeNs[agent];
    // An agent that worked runs again as soon as it is free, whatever else it waits for.
    if (wakeNs <= busyNs) dues[place] = busyNs;
    else dues[place] = Math.max(Math.min(wakeNs, this.agents[agent].nextDeadlineNs()), busyNs);
  }

  /** What an agent has put off until now is seen. */
  private show(agent: number): void {
    this.pass(this.due.dues[agent]);
    this.current = -1;
    const waiting = this.showings[agent];
    do waiting.showFirst();
    while (waiting.isDue(this.timeNs));
    this.setShow(agent);
  }

  private turn(agent: number): void {
    const { wakeNs, busyUntilNs } = this;
    this.pass(Math.max(this.due.dues[this.due.turnOf(agent)], this.timeNs));
    this.guard(agent);
    assert(this.waiting[agent] === 0, 'event queue: an agent that waits inside a call is not run');
    wakeNs[agent] = NEVER;
    this.current = agent;
    const worked = this.poll(agent) > 0;
    this.charge(agent);
    this.current = -1;
    if (worked) {
      this.spinUntilNs[agent] = NOT_SPINNING;
      wakeNs[agent] = busyUntilNs[agent];
    } else this.rest(agent);
    this.deadlineChanged(agent);
  }

  /** An agent has found nothing to do: it looks on for a while, and then asks to be notified. */
  private rest(agent: number): void {
    const { wakeNs, spinUntilNs, busyUntilNs } = this;
    if (this.spinNs[agent] > 0) {
      if (spinUntilNs[agent] === NOT_SPINNING) spinUntilNs[agent] = busyUntilNs[agent] + this.spinNs[agent];
      if (busyUntilNs[agent] < spinUntilNs[agent]) {
        wakeNs[agent] = spinUntilNs[agent];
        return;
      }
      spinUntilNs[agent] = NOT_SPINNING;
    }
    if (!this.agents[agent].arm()) wakeNs[agent] = busyUntilNs[agent];
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

  private guard(agent: number): void {
    if (this.timeNs !== this.lastNs) {
      this.lastNs = this.timeNs;
      this.turnsAtOneTime = 0;
      return;
    }
    this.turnsAtOneTime += 1;
    if (this.turnsAtOneTime > TURNS_AT_ONE_TIME_MAX) {
      const { name } = this.agents[agent];
      throw new Error(
        `virtual time stands still at ${this.timeNs} ns: ` +
          `"${name}" and another make work for each other at no cost`,
      );
    }
  }
}

function twiceAsLong(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(2 * values.length);
  longer.set(values);
  return longer;
}
