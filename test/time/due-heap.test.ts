/** The order in which agents run: by time, then by number, whatever has changed in between. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Agent, NEVER } from '../../src/time/agent.ts';
import { Clock } from '../../src/time/clock.ts';
import { FREE } from '../../src/time/cost-model.ts';
import { DueHeap } from '../../src/time/due-heap.ts';
import { EventQueue } from '../../src/time/event-queue.ts';

it('names the agent that is due first, ties by number, after any changes', () => {
  const change = fc.tuple(fc.nat({ max: 19 }), fc.oneof(fc.nat({ max: 30 }), fc.constant(NEVER)));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const heap = new DueHeap();
      const dues = Array.from({ length: 20 }, () => {
        heap.add();
        return NEVER;
      });
      for (const [agent, dueNs] of changes) {
        heap.set(agent, dueNs);
        dues[agent] = dueNs;
        const earliest = Math.min(...dues);
        expect(heap.dueNs(heap.first())).toBe(earliest);
        if (earliest !== NEVER) expect(heap.first()).toBe(dues.indexOf(earliest));
      }
    }),
    { numRuns: 200 },
  );
});

it('an empty one names nobody', () => {
  expect(new DueHeap().first()).toBe(-1);
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
