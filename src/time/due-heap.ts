/**
 * Agents ordered by when they want to run: a binary heap in which each agent's place is known, so that one
 * whose time changes is moved and not searched for. Agents due at the same time come in the order of their
 * numbers, so the order of turns never depends on the heap's shape.
 */
import { assert } from '../assert/assert.ts';
import { NEVER } from './agent.ts';

/** Agents there is room for at first. */
const AGENTS = 16;

export class DueHeap {
  /** Agents in heap order: the parent of place i is place (i - 1) >> 1. */
  private entries = new Int32Array(AGENTS);
  private count = 0;
  /** By agent: its place in `entries`, and when it is due in clock nanoseconds. */
  private places = new Int32Array(AGENTS);
  private dues = new Float64Array(AGENTS);

  /** Adds the next agent, never due. Called while the world is built. */
  add(): void {
    const agent = this.count;
    if (agent === this.places.length) this.makeRoom();
    this.dues[agent] = NEVER;
    this.places[agent] = agent;
    this.entries[agent] = agent;
    this.count += 1;
  }

  /** @returns the agent that is due first; -1 when there is none at all. */
  first(): number {
    return this.count === 0 ? -1 : this.entries[0];
  }

  /** @returns when an agent is due; `NEVER` when it is not. */
  dueNs(agent: number): number {
    return this.dues[agent];
  }

  /** Sets when an agent is due. // Hot path: costs a compare when the time has not changed. */
  set(agent: number, dueNs: number): void {
    const before = this.dues[agent];
    if (dueNs === before) return;
    assert(this.entries[this.places[agent]] === agent, 'due heap: an agent lies where its place says');
    this.dues[agent] = dueNs;
    if (dueNs < before) this.up(this.places[agent]);
    else this.down(this.places[agent]);
  }

  private makeRoom(): void {
    const { entries, places, dues, count } = this;
    this.entries = new Int32Array(2 * count);
    this.places = new Int32Array(2 * count);
    this.dues = new Float64Array(2 * count);
    this.entries.set(entries);
    this.places.set(places);
    this.dues.set(dues);
  }

  private up(from: number): void {
    const { entries } = this;
    const agent = entries[from];
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.before(agent, entries[parent])) break;
      this.put(place, entries[parent]);
      place = parent;
    }
    this.put(place, agent);
  }

  private down(from: number): void {
    const { entries, count } = this;
    const agent = entries[from];
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= count) break;
      if (child + 1 < count && this.before(entries[child + 1], entries[child])) child += 1;
      if (!this.before(entries[child], agent)) break;
      this.put(place, entries[child]);
      place = child;
    }
    this.put(place, agent);
  }

  private put(place: number, agent: number): void {
    this.entries[place] = agent;
    this.places[agent] = place;
  }

  private before(a: number, b: number): boolean {
    const dueA = this.dues[a];
    const dueB = this.dues[b];
    return dueA !== dueB ? dueA < dueB : a < b;
  }
}
