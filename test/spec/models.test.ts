/**
 * The formal models' cases: every deliberate fault in a model is checked, and the verifier's words are
 * understood.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CASES } from '../../spec/models/cases.ts';
import { readOutcome } from '../../spec/models/pan.ts';

function text(model: string): string {
  return readFileSync(new URL(`../../spec/models/${model}.pml`, import.meta.url), 'utf8');
}

describe('the formal models', () => {
  it.each(['ring', 'pair', 'fifo', 'reset'])(
    '%s: each fault in it has a case, and it holds both ways',
    (model) => {
      const inModel = new Set(
        text(model)
          .match(/\bBUG_[A-Z_]+/g)
          ?.filter((name) => name !== 'BUG_'),
      );
      const cases = CASES.filter((entry) => entry.model === model);
      const named = new Set(
        cases.flatMap(({ defines }) => defines.filter((name) => name.startsWith('BUG_'))),
      );
      expect([...named].sort()).toEqual([...inModel].sort());
      const checks = cases.filter(({ holds }) => holds).map(({ check }) => check);
      expect(new Set(checks)).toEqual(new Set(['safety', 'liveness']));
    },
  );

  it('knows what a verifier says of a property that holds, that does not, and of a search cut short', () => {
    const held = readOutcome(
      'State-vector 48 byte, depth reached 258, errors: 0\n   231944 states, stored\n' +
        'pan: elapsed time 0.12 seconds',
    );
    expect(held).toEqual({
      holds: true,
      complete: true,
      states: 231944,
      depth: 258,
      seconds: 0.12,
      found: '',
    });
    const fault = readOutcome(
      'pan:1: assertion violated (received==6) (at depth 48)\n' +
        'State-vector 48 byte, depth reached 48, errors: 1\n',
    );
    expect(fault.holds).toBe(false);
    expect(fault.found).toBe('assertion violated (received==6)');
    const cut = 'error: max search depth too small\nState-vector 48 byte, depth reached 9, errors: 0\n';
    expect(readOutcome(cut).complete).toBe(false);
    expect(() => readOutcome('pan: out of memory')).toThrow('no result');
  });
});
