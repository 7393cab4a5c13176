/**
 * Each script fails on the mutant of the engine that its head names: `// Mutant: NAME`, of mutants.yaml. All of
 * them in the long form, a few that the seed chooses else. A mutant whose text has gone fails here at once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import { Random } from '../../src/time/random.ts';
import { LONG } from '../long.ts';
import { drillOf, placesOf, ROOT, readMutants } from './mutated-engine.ts';

const FOLDER = join(ROOT, 'test/scenario');
const MUTANTS = readMutants();
const MEMORY = new DrillMemory();
/** How many scripts the short form tries. */
const FEW = 10;

const SCRIPTS = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.pkt'))
  .sort()
  .map((name) => {
    const source = readFileSync(join(FOLDER, name), 'utf8');
    return { name, source, mutant: /^\/\/ Mutant: (\S+)$/m.exec(source)?.[1] ?? '' };
  });

/** What the script's verdict is on an engine with one thing wrong; one that breaks down is noticed as well. */
function outcomeOn(mutant: string, name: string, source: string): string {
  const drill = drillOf(MUTANTS.get(mutant));
  try {
    return drill(name, source, { memory: MEMORY }).outcome;
  } catch {
    return 'failed';
  }
}

it('every script names a mutant that there is', () => {
  const without = SCRIPTS.filter(({ mutant }) => !MUTANTS.has(mutant)).map(({ name }) => name);
  expect(without).toEqual([]);
  expect(SCRIPTS.length).toBeGreaterThanOrEqual(200);
});

it('every mutant is named by a script, and its text stands in its file once', () => {
  const named = new Set(SCRIPTS.map(({ mutant }) => mutant));
  expect([...MUTANTS.keys()].filter((name) => !named.has(name))).toEqual([]);
  const astray = [...MUTANTS.values()].filter((mutant) => placesOf(mutant) !== 1);
  expect(astray.map(({ name, file }) => `${name}: change its text as ${file} has changed`)).toEqual([]);
});

describe('a script fails on its mutant', () => {
  const random = new Random(20_261_128);
  const chosen = LONG
    ? SCRIPTS
    : Array.from({ length: FEW }, () => SCRIPTS[(random.nextInt32() >>> 0) % SCRIPTS.length]);

  it.each(chosen)('$name on $mutant', ({ name, source, mutant }) => {
    expect(outcomeOn(mutant, name, source)).toBe('failed');
  });

  it('and passes on the engine as it is, loaded in the same way', () => {
    const { outcome } = drillOf()(SCRIPTS[0].name, SCRIPTS[0].source, { memory: MEMORY });
    expect(outcome).toBe('passed');
  });
});
