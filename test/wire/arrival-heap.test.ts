import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ArrivalHeap } from '../../src/wire/arrival-heap.ts';

test('slots leave by due time, and those due together in the order they came', () => {
  const step = fc.option(fc.integer({ min: 0, max: 5 }), { freq: 2 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const heap = new ArrivalHeap(80);
      const model: { slot: number; due: number; order: number }[] = [];
      steps.forEach((due, i) => {
        if (due === null) {
          if (model.length === 0) {
            expect(heap.first()).toBe(-1);
            return;
          }
          model.sort((a, b) => a.due - b.due || a.order - b.order);
          const slot = model.shift()?.slot;
          expect(heap.first()).toBe(slot);
          expect(heap.pop()).toBe(slot);
        } else {
          const slot = 79 - i;
          heap.dueNs[slot] = due;
          heap.push(slot);
          model.push({ slot, due, order: i });
        }
        expect(heap.count).toBe(model.length);
      });
    }),
  );
});
