/**
 * Each script fails on the mutant of the engine that its head names: `// Mutant: NAME`, of mutants.yaml. A
 * mutant whose text has gone from its file fails here, too. The engine is that of the last build.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import { type Drill, drillOf, placesOf, ROOT, readMutants } from './mutated-engine.ts';

interface Scenario {
  readonly name: string;
  readonly source: string;
  /** Empty where it names none. */
  readonly mutant: string;
}

const FOLDER = join(ROOT, 'test/scenario');
const MUTANTS = readMutants();
const MEMORY = new DrillMemory();
/** Scripts whose behaviour no mutant breaks yet: a new script names one. */
const UNNAMED_MAX = 40;

const SCRIPTS: readonly Scenario[] = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.pkt'))
  .sort()
  .map((name) => {
    const source = readFileSync(join(FOLDER, name), 'utf8');
    return { name, source, mutant: /^\/\/ Mutant: (\S+)$/m.exec(source)?.[1] ?? '' };
  });

/** The script's verdict; an engine that breaks down has failed as well. */
function outcomeOn(drill: Drill, { name, source }: Scenario): string {
  try {
    return drill(name, source, { memory: MEMORY }).outcome;
  } catch {
    return 'failed';
  }
}

it('every mutant that a script names is there, and no more scripts than before name none', () => {
  const named = SCRIPTS.filter(({ mutant }) => mutant !== '');
  expect(named.filter(({ mutant }) => !MUTANTS.has(mutant)).map(({ name }) => name)).toEqual([]);
  expect(SCRIPTS.length - named.length).toBeLessThanOrEqual(UNNAMED_MAX);
  expect(named.length).toBeGreaterThanOrEqual(200);
});

it('the text of every mutant stands in its file once', () => {
  const astray = [...MUTANTS.values()].filter((mutant) => placesOf(mutant) !== 1);
  expect(astray.map(({ name, file }) => `${name}: change its text as ${file} has changed`)).toEqual([]);
});

describe('the scripts that name a mutant fail on it', () => {
  it.each([...MUTANTS.values()])('$name', (mutant) => {
    const own = SCRIPTS.filter((script) => script.mutant === mutant.name);
    expect(own, 'no script names it').not.toEqual([]);
    const drill = drillOf(mutant);
    const spared = own.filter((script) => outcomeOn(drill, script) !== 'failed');
    expect(spared.map(({ name }) => name)).toEqual([]);
  });
});

it('a script passes on the engine as it is, loaded in the same way', () => {
  expect(outcomeOn(drillOf(), SCRIPTS[0])).toBe('passed');
});

it('every mutant is named by a script', () => {
  const named = new Set(SCRIPTS.map(({ mutant }) => mutant));
  expect([...MUTANTS.keys()].filter((name) => !named.has(name))).toEqual([]);
});
