/** The order in which agents run: by time, then by number, whatever has changed in between. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Agent, NEVER } from '../../src/time/agent.ts';
import { Clock } from '../../src/time/clock.ts';
import { FREE } from '../../src/time/cost-model.ts';
import { DueTree } from '../../src/time/due-tree.ts';
import { EventQueue } from '../../src/time/event-queue.ts';

const AGENTS = 20;
/** Showings of all agents, then turns of all agents: what is due at the same time comes in this order. */
const PLACES = 2 * AGENTS;

it('names the place that is due first, ties by number and showings before turns, after any changes', () => {
  const change = fc.tuple(fc.nat({ max: PLACES - 1 }), fc.oneof(fc.nat({ max: 30 }), fc.constant(NEVER)));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const tree = new DueTree();
      for (let agent = 0; agent < AGENTS; agent++) tree.add();
      const placeOf = (n: number): number => (n < AGENTS ? n : tree.turnOf(n - AGENTS));
      const dues = new Array<number>(PLACES).fill(NEVER);
      for (const [n, dueNs] of changes) {
        tree.dues[placeOf(n)] = dueNs;
        tree.changed(placeOf(n));
        dues[n] = dueNs;
        const earliest = Math.min(...dues);
        expect(tree.dues[tree.first]).toBe(earliest);
        if (earliest !== NEVER) expect(tree.first).toBe(placeOf(dues.indexOf(earliest)));
      }
    }),
    { numRuns: 200 },
  );
});

it('keeps its times when there is no room for another agent', () => {
  const tree = new DueTree();
  for (let agent = 0; agent < 9; agent++) {
    tree.add();
    for (const [place, dueNs] of [
      [agent, 100 - agent],
      [tree.turnOf(agent), 50 - agent],
    ]) {
      tree.dues[place] = dueNs;
      tree.changed(place);
    }
    expect(tree.first).toBe(tree.turnOf(agent));
  }
  expect(Array.from({ length: 9 }, (_, agent) => tree.dues[agent])).toEqual([
    100, 99, 98, 97, 96, 95, 94, 93, 92,
  ]);
});

it('one in which nobody is due says so by the time of its first', () => {
  const tree = new DueTree();
  tree.add();
  expect(tree.dues[tree.first]).toBe(NEVER);
});

it('a turn looks at the agent that has it and no other, however many rest', () => {
  const looks = (count: number): number => {
    const clock = new Clock();
    clock.set(0);
    const queue = new EventQueue(clock);
    let asked = 0;
    for (let i = 0; i < count; i++) {
      let dueNs = i < 4 ? i : NEVER;
      const agent: Agent = {
        name: `agent ${i}`,
        poll() {
          if (clock.nowNs < dueNs) return 0;
          dueNs = clock.nowNs + 100;
          return 1;
        },
        arm: () => true,
        nextDeadlineNs() {
          asked += 1;
          return dueNs;
        },
      };
      queue.add({ agent, meter: FREE });
    }
    queue.run(() => false, 1000, -1);
    asked = 0;
    let turns = 0;
    queue.run(
      () => {
        turns += 1;
        return false;
      },
      101_000,
      -1,
    );
    // The first look of a run from outside is at everybody.
    return (asked - count) / turns;
  };
  expect(looks(1000)).toBeCloseTo(looks(4), 1);
});
