/**
 * Every assertion has a text of its own and a test that trips it; the rooms on the data's way have enough.
 */
import { describe, expect, it } from 'vitest';
import { assertionsPerFunction, injectedFaults, literalTexts, uniqueTexts } from './assertions.ts';
import { holds } from './holds.ts';
import { fakeSources, sources } from './sources.ts';

const twice = {
  'src/osm/a.ts': "export function f(x: number) { assert(x > 0, 'a: x is above 0'); }",
  'src/osm/b.ts': "export const g = (x: number) => assert(x > 1, 'a: x is above 0');",
};

describe('the texts of assertions', () => {
  holds(
    'are string literals',
    literalTexts,
    {
      'src/osm/a.ts': 'assert(x > 0, `a: x`); assert(y, text); assert(z);',
      'test/osm/a.test.ts': 'trips(text, () => f(0));',
    },
    [
      'src/osm/a.ts:1: assert(x > 0',
      'src/osm/a.ts:1: assert(y',
      'src/osm/a.ts:1: assert(z',
      'test/osm/a.test.ts:1: trips(text',
    ],
  );
  holds('are unique', uniqueTexts, twice, ['src/osm/b.ts:1: assert(x > 1']);
});

describe('each assertion is tripped by one test that injects its fault', () => {
  holds(
    'and no such test is left without an assertion',
    injectedFaults,
    {
      'src/osm/a.ts': "assert(x > 0, 'a: above 0'); assert(y > 0, 'a: y above 0');",
      'test/osm/a.test.ts': "trips('a: above 0', f); trips('a: gone', f);",
      'test/osm/b.test.ts': "trips('a: above 0', f);",
    },
    [
      "no test trips it: src/osm/a.ts:1: assert(y > 0, 'a: y above 0')",
      "no such assertion: test/osm/a.test.ts:1: trips('a: gone'",
      "tripped twice: test/osm/b.test.ts:1: trips('a: above 0'",
    ],
  );
});

describe('one assertion for every two functions', () => {
  /** The least that each room has; the aim is 0.5. A figure is only ever raised. */
  const LEAST: Readonly<Record<string, number>> = { osm: 0.5, i2o: 0.5, iop: 0.5, ism: 0.5, tcpip: 0.5 };
  for (const [room, least] of Object.entries(LEAST)) {
    it(`in ${room}, at least ${least}`, () => {
      expect(assertionsPerFunction(sources(), room)).toBeGreaterThanOrEqual(least);
    });
  }

  it('counts methods, accessors, constructors and functions, and neither arrows nor signatures', () => {
    const text = `
      interface I { f(): void }
      declare function d(): void;
      class A {
        constructor() {} get x() { return 1; } set x(v) {} m() { const f = () => assert(true, 'm'); }
      }
      function f(a: string): void; function f(a: unknown): void {}`;
    expect(assertionsPerFunction(fakeSources({ 'src/osm/a.ts': text }), 'osm')).toBe(1 / 5);
  });

  it('does not count functions that do nothing but assert', () => {
    const text = `
      function f(x: number) { if (COSTLY_ASSERTIONS) checkX(x); return x; }
      function checkX(x: number) { const y = x; assert(y > 0, 'a: y'); }`;
    expect(assertionsPerFunction(fakeSources({ 'src/osm/a.ts': text }), 'osm')).toBe(1);
  });
});
