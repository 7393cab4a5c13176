/**
 * The formal models' cases: every deliberate fault in a model is checked, and the verifier's words are
 * understood.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CASES } from '../../spec/models/cases.ts';
import { readOutcome } from '../../spec/models/pan.ts';

function text(model: string): string {
  return readFileSync(new URL(`../../spec/models/${model}.pml`, import.meta.url), 'utf8');
}

const MODELS = readdirSync(new URL('../../spec/models/', import.meta.url))
  .filter((name) => name.endsWith('.pml'))
  .map((name) => name.slice(0, -'.pml'.length));

/** What a model's head says it models: a line for each file, with the names of its functions. */
function modelled(model: string): { readonly file: string; readonly names: readonly string[] }[] {
  return [...text(model).matchAll(/^ \* models: (\S+) (.+)$/gm)].map(([, file, names]) => ({
    file,
    names: names.split(' '),
  }));
}

/** Whether a source has a function, or a class in it a method or a getter, of a name. */
function defines(source: string, name: string): boolean {
  const plain = `^(?:export )?function ${name}\\(`;
  const method = `^  (?:private |protected |override |get )*${name}\\(.*\\{$`;
  return new RegExp(`${plain}|${method}`, 'm').test(source);
}

describe('the formal models', () => {
  it.each(MODELS)('%s: models functions that there are', (model) => {
    const files = modelled(model);
    expect(files.length, 'lines “models: FILE NAME…” in its head').toBeGreaterThan(0);
    for (const { file, names } of files) {
      const url = new URL(`../../${file}`, import.meta.url);
      expect(existsSync(url), file).toBe(true);
      const source = readFileSync(url, 'utf8');
      for (const name of names) expect(defines(source, name), `${file}: ${name}`).toBe(true);
    }
  });

  it.each(MODELS)('%s: each fault in it has a case, and it holds both ways', (model) => {
    const inModel = new Set(
      text(model)
        .match(/\bBUG_[A-Z_]+/g)
        ?.filter((name) => name !== 'BUG_'),
    );
    const cases = CASES.filter((entry) => entry.model === model);
    const named = new Set(cases.flatMap(({ defines }) => defines.filter((name) => name.startsWith('BUG_'))));
    expect([...named].sort()).toEqual([...inModel].sort());
    const checks = cases.filter(({ holds }) => holds).map(({ check }) => check);
    expect(new Set(checks)).toEqual(new Set(['safety', 'liveness']));
  });

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
