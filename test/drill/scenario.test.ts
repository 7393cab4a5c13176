/** Every script of test/scenario/, in this process: it passes, and so does the trace of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import { drillScript } from '../../src/drill/run/runner.ts';
import { ROOT } from '../rules/sources.ts';

const FOLDER = join(ROOT, 'test/scenario');
const SCRIPTS = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.pkt'))
  .sort();
const MEMORY = new DrillMemory();

it('there are scripts', () => {
  expect(SCRIPTS.length).toBeGreaterThanOrEqual(200);
});

describe.each(SCRIPTS)('%s', (name) => {
  const source = readFileSync(join(FOLDER, name), 'utf8');

  it('passes', () => {
    const { outcome, words, place, details } = drillScript(name, source, { memory: MEMORY });
    expect({ outcome, words, line: place?.line, details }).toMatchObject({ outcome: 'passed' });
  });

  it('passes as it was traced', () => {
    const trace = drillScript(name, source, { memory: MEMORY }).trace.join('\n');
    const { outcome, words, place, details } = drillScript('trace', trace, { memory: MEMORY });
    expect({ outcome, words, line: place?.line, details }).toMatchObject({ outcome: 'passed' });
  });

  it('says what it shows, and whose words it goes by', () => {
    expect(source).toMatch(/^\/\/ .*\S/);
    expect(source).toMatch(/^\/\/.*(RFC \d+|Linux)/m);
  });
});
