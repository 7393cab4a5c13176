/** Cuts into good traces: each kind that a trace decides is told, by the rule that must, wherever it is made. */
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import { judgeTape } from '../conformance/trace-surgery.ts';
import { LONG } from '../long.ts';
import { CUTS, cutTraces } from './cuts/all.ts';
import { tryCut } from './cuts/cut.ts';

/** Places tried of each kind and trace. */
const PLACES = LONG ? 8 : 1;
const KINDS = 150;

const traces = cutTraces();

it('the traces break no rule as they are', () => {
  for (const [, tape] of traces) expect(judgeTape(tape)).toEqual([]);
});

describe.each([...new Set(CUTS.map(({ group }) => group))])('cuts: %s', (group) => {
  const cuts = CUTS.filter((cut) => cut.group === group);
  it.each(cuts.map((cut) => [cut.name, cut] as const))('%s', (_name, cut) => {
    const { places, told, missed } = tryCut(cut, traces, PLACES);
    expect(places, 'it was made nowhere').toBeGreaterThan(0);
    if (cut.undecidable === undefined) expect(missed).toEqual([]);
    else expect(told, 'a trace decides it after all').toBeLessThan(places);
  });
});

it('there are enough kinds, each of which names rules that there are, or why none can tell', () => {
  const names = CUTS.map(({ group, name }) => `${group}: ${name}`);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(KINDS);
  const rules = new Set(CATALOGUE.rules.map(({ id }) => id));
  for (const { rules: told, undecidable } of CUTS) {
    expect(told.length > 0).toBe(undecidable === undefined);
    for (const rule of told) expect(rules.has(rule), rule).toBe(true);
  }
});
