/**
 * The socket machine of spec/states.yaml against a real card: random walks of legal steps break no rule and
 * end where the machine says; one step that is not legal is refused by the card and flagged by the validator.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { machineNamed } from '../../src/spec/catalogue.ts';
import type { TransitionEntry } from '../../src/spec/entries.ts';
import { found } from '../validate/found.ts';
import { RawHost, WALKER } from './raw-host.ts';

const machine = machineNamed('socket')!;
/** A connection that moves needs its image, which no walk has: test/world/mixed-hand-off.test.ts has some. */
const MOVING = ['request SocketExport', 'request SocketImport'];
const requests = machine.transitions.filter(({ on }) => on.startsWith('request ') && !MOVING.includes(on));
const messages = [...new Set(requests.map(({ on }) => on.split(' ')[1]))];

const TIMEOUT_MS = 60_000;

interface Step {
  readonly message: string;
  readonly variant: number;
  readonly to: string;
}

function after(state: string, { to }: TransitionEntry): string {
  return to === 'same' ? state : to;
}

/** What may be posted in a state, and where its success leads. */
function legalSteps(state: string): Step[] {
  return requests
    .filter((transition) => transition.in.includes(state))
    .flatMap((transition) => {
      const message = transition.on.split(' ')[1];
      const asked = after(state, transition);
      const answered = machine.transitions.find(
        ({ on, in: starts }) => on === `reply ${message} success` && starts.includes(asked),
      );
      const to = answered === undefined ? asked : after(asked, answered);
      return (transition.when?.values ?? [0]).map((variant) => ({ message, variant, to }));
    });
}

/** Walks, each number choosing among the steps there are. @returns where the machine says it ended. */
function walk(host: RawHost, choices: readonly number[]): string {
  let state = 'Free';
  for (const choice of choices) {
    const steps = legalSteps(state);
    const step = steps[choice % steps.length];
    host.step(step.message, WALKER, step.variant);
    state = step.to;
  }
  return state;
}

const choices = fc.array(fc.nat(1000), { minLength: 1, maxLength: 12 });

describe('the socket machine on a card', () => {
  it(
    'takes every legal walk, and ends where the machine says',
    () => {
      fc.assert(
        fc.property(choices, (steps) => {
          const host = new RawHost();
          const state = walk(host, steps);
          expect(found(host.validator)).toEqual([]);
          expect(host.validator.stateOf(WALKER)).toBe(state);
        }),
        { numRuns: 40 },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'refuses one step that is not legal, which is flagged',
    () => {
      let refusals = 0;
      fc.assert(
        fc.property(choices, fc.nat(1000), (steps, choice) => {
          const host = new RawHost();
          const state = walk(host, steps);
          const legal = new Set(legalSteps(state).map(({ message }) => message));
          const wrong = messages.filter((message) => !legal.has(message));
          const message = wrong[choice % wrong.length];
          host.step(message, WALKER, 1);
          const rules = host.validator.findings.violations.map(({ rule }) => rule);
          expect(rules, `${message} in ${state}: ${found(host.validator)}`).toEqual([
            message === 'SocketCreate' ? 'K-03' : 'K-01',
          ]);
          expect(host.status, `${message} in ${state}`).toBeGreaterThan(0);
          refusals += 1;
        }),
        {
          numRuns: 40,
          // A listener that has been shut down takes no posted number.
          examples: [[[0, 146, 200], 2]],
        },
      );
      expect(refusals).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
