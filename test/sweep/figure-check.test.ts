/** A figure of a results file that cannot have been measured is refused by its name, whichever it is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { figureFault } from '../../src/sweep/figure-check.ts';
import { measure } from '../../src/sweep/measure.ts';

type Fields = Record<string, unknown>;

const LINE = JSON.stringify({
  point: 3,
  settings: { 'cards.left.offset': -1, seed: 1 },
  ok: true,
  ...measure('pair', { workload: 'UDP_RR', connections: 4 }, { operations: 60 }),
});

/** Paths of all figures of the line. */
const PATHS = pathsOf(JSON.parse(LINE) as Fields).filter(
  ([first]) => !['point', 'settings', 'ok', 'balanced'].includes(first),
);

function pathsOf(fields: Fields): string[][] {
  return Object.entries(fields).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null
      ? pathsOf(value as Fields).map((path) => [name, ...path])
      : [[name]],
  );
}

/** @returns the line with the figure of a path as `edit` has it. */
function edited(path: readonly string[], edit: (figure: number) => unknown): object {
  const line = JSON.parse(LINE) as Fields;
  const last = path.at(-1) ?? '';
  let place = line;
  for (const name of path.slice(0, -1)) place = place[name] as Fields;
  place[last] = edit(place[last] as number);
  return line;
}

describe('figures of a results file', () => {
  it('are taken as they were measured, also where there are no latencies', () => {
    expect(PATHS.length).toBeGreaterThan(60);
    expect(figureFault(JSON.parse(LINE))).toBeUndefined();
    expect(figureFault({ ...JSON.parse(LINE), latencyUs: null })).toBeUndefined();
  });

  it('are refused by name when they are below 0, or no number', () => {
    const figure = fc.oneof(
      fc.integer({ max: -1 }),
      fc.constantFrom(null, true, '7', [], Number.NaN, -0.001, Number.POSITIVE_INFINITY),
    );
    fc.assert(
      fc.property(fc.constantFrom(...PATHS), figure, (path, value) => {
        expect(figureFault(edited(path, () => value))).toMatch(`"${path.join('.')}" expected a`);
      }),
    );
  });

  it.each([
    ['latencyUs.p50', 'latencyUs.p90'],
    ['latencyUs.p90', 'latencyUs.p99'],
    ['latencyUs.p99', 'latencyUs.p999'],
    ['latencyUs.p999', 'latencyUs.max'],
    ['latencyUs.mean', 'latencyUs.max'],
    ['datagrams.lost', 'datagrams.sent'],
  ])('are refused when %s is above %s', (lower, upper) => {
    expect(figureFault(edited(lower.split('.'), () => 1e9))).toMatch(
      `"${lower}" expected at most "${upper}"`,
    );
  });

  it.each([
    ['min', 'mean'],
    ['mean', 'highWater'],
    ['highWater', 'count'],
  ])('are refused when the %s of a pool is above its %s', (lower, upper) => {
    const [first, pool] = PATHS.find((path) => path[0] === 'pools') ?? [];
    expect(figureFault(edited([first, pool, lower], () => 1e9))).toMatch(
      `"pools.${pool}.${lower}" expected at most "pools.${pool}.${upper}"`,
    );
  });

  it('are refused when a count is no whole number, or nothing was done in no time', () => {
    expect(figureFault(edited(['operations'], () => 1.5))).toBe(
      '"operations" expected a whole number of 1 or more, got 1.5',
    );
    expect(figureFault(edited(['elapsedNs'], () => 0))).toBe(
      '"elapsedNs" expected a whole number of 1 or more, got 0',
    );
    expect(figureFault(edited(['stalls', 'frame', 'ns'], () => 0.5))).toMatch('"stalls.frame.ns"');
  });
});
