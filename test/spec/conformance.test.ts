/** spec/conformance.yaml: each requirement has its proof or its reason, and each proof is there and runs. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConformance } from '../../spec/generator/conformance.ts';
import { DrillMemory } from '../../src/drill/host/drill-memory.ts';
import { drillScript } from '../../src/drill/run/runner.ts';
import { requirementCounts, requirementDocuments, requirementsOf } from '../../src/spec/requirements.ts';
import { ROOT } from '../rules/sources.ts';

const DOCUMENTS = requirementDocuments();
const ROWS = DOCUMENTS.flatMap(({ requirements }) => requirements);
const PROOFS = ROWS.flatMap(({ id, shown }) => shown.map((proof) => ({ id, ...proof })));
const SCRIPTS = [...new Set(PROOFS.filter(({ title }) => title === undefined).map(({ file }) => file))];
const MEMORY = new DrillMemory();

/** Titles of the tests and groups of a file that run: those that are skipped, or to be done, are none. */
function titlesOf(source: string): ReadonlySet<string> {
  const calls =
    /(?<![\w.])(?:it|test|describe)(?:\.each\((?:[^()]|\([^()]*\))*\))?\(\s*(['"`])(.*?)(?<!\\)\1/gs;
  return new Set([...source.matchAll(calls)].map(([, , title]) => title));
}

describe('what shows that a requirement is met', () => {
  it.each(SCRIPTS)('the script %s passes', (file) => {
    const path = join(ROOT, 'test/scenario', file);
    expect(existsSync(path), `there is no script ${file}`).toBe(true);
    const { outcome, words } = drillScript(file, readFileSync(path, 'utf8'), { memory: MEMORY });
    expect({ outcome, words }).toMatchObject({ outcome: 'passed' });
  });

  const files = new Map<string, typeof PROOFS>();
  for (const proof of PROOFS.filter(({ title }) => title !== undefined)) {
    files.set(proof.file, [...(files.get(proof.file) ?? []), proof]);
  }

  it.each([...files])('the tests in %s have these titles', (file, proofs) => {
    const path = join(ROOT, 'test', file);
    expect(existsSync(path), `there is no file ${file}`).toBe(true);
    const titles = titlesOf(readFileSync(path, 'utf8'));
    const missing = proofs.filter(({ title = '' }) => !titles.has(title));
    expect(missing.map(({ id, title }) => `${id}: ${title}`)).toEqual([]);
  });
});

describe('titles of a test file', () => {
  it('are those of tests that run', () => {
    const source = `it('one', f); it.each([[1, (x)]])("two %s", f); describe(\n  'three', f);
      it.skip('four', f); it.todo('five'); const it2 = x.it('six'); describe(\`seven \${x}\`, f);`;
    expect([...titlesOf(source)]).toEqual(['one', 'two %s', 'three', `seven \${x}`]);
  });
});

describe('the table', () => {
  it('has every number of RFC 9293', () => {
    const numbers = (name: string, most: number): string[] =>
      Array.from({ length: most }, (_, index) => `${name}-${index + 1}`);
    const asked = [...numbers('MUST', 69), ...numbers('SHLD', 31), ...numbers('MAY', 18), 'REC-1'];
    expect(DOCUMENTS[0].requirements.map(({ id }) => id)).toEqual(asked);
  });

  it('has a reason where there is no proof', () => {
    for (const { id, status, shown, reason } of ROWS) {
      expect([id, shown.length > 0, reason === '']).toEqual([id, status === 'met', status === 'met']);
    }
  });

  it('counts each requirement once', () => {
    const sum = Object.values(requirementCounts(DOCUMENTS)).flatMap((counts) => Object.values(counts));
    expect(sum.reduce((all, count) => all + count, 0)).toBe(ROWS.length);
  });

  it('is chosen from by document and by status', () => {
    const [{ rfc, requirements }, ...others] = requirementsOf([6298], ['not met']);
    expect([rfc, requirements.map(({ id }) => id), others]).toEqual([6298, ['6298-2.4'], []]);
    expect(requirementsOf([], [])).toEqual(DOCUMENTS);
  });
});

describe('a table with a fault is refused in one line', () => {
  const row = (rest: string): string =>
    `documents: [{rfc: 1, title: t, requirements: [{id: MUST-1, section: '1', text: x, ${rest}}]}]`;

  it.each([
    ['shown: [a.pkt], notMet: x', 'MUST-1: expected one of shown, notMet and notApplicable'],
    ['level: MIGHT, notMet: x', 'MUST-1: level is MUST, SHOULD, MAY'],
    ['shown: [a.test.ts]', 'MUST-1: "a.test.ts" is no script'],
    ['shown: [{a.ts: t}]', 'MUST-1: "a.ts" is no test file'],
    ['shown: [{a.test.ts: t, b.test.ts: u}]', 'MUST-1: expected one file with one title'],
    ['notMet: ""', 'MUST-1: expected a text'],
    ['proof: x', 'unknown key "proof"'],
  ])('%s', (rest, words) => {
    expect(() => readConformance(row(rest))).toThrow(words);
  });
});
