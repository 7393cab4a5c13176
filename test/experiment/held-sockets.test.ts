/** Sockets that rest, against a plain list of them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HeldSockets } from '../../src/experiment/socket-exhaustion/held-sockets.ts';
import { NEVER } from '../../src/time/agent.ts';

const HOLD_NS = 100;

it('end in the order in which they came, when their time is over, unless they were used or released', () => {
  const steps = fc.array(
    fc.tuple(fc.constantFrom('hold', 'latest', 'due', 'release'), fc.integer({ min: 0, max: 60 })),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const held = new HeldSockets(HOLD_NS);
      let model: { socket: number; sinceNs: number }[] = [];
      let nowNs = 0;
      for (const [kind, number] of list) {
        nowNs += number;
        if (kind === 'hold') {
          if (model.some(({ socket }) => socket === number)) continue;
          held.hold(number, nowNs);
          model.push({ socket: number, sinceNs: nowNs });
        } else if (kind === 'latest') expect(held.takeLatest()).toBe(model.pop()?.socket ?? -1);
        else if (kind === 'release') {
          held.release(number);
          model = model.filter(({ socket }) => socket !== number);
        } else {
          const [first] = model;
          const due = first !== undefined && first.sinceNs + HOLD_NS <= nowNs;
          expect(held.takeDue(nowNs)).toBe(due ? first.socket : -1);
          if (due) model.shift();
        }
        expect(held.count).toBe(model.length);
        expect(held.nextNs()).toBe(model.length === 0 ? NEVER : model[0].sinceNs + HOLD_NS);
      }
    }),
    { numRuns: 300 },
  );
});
