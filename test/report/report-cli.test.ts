/** `inic report` as its user runs it: the page, and what is refused in one line. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MAIN, type Outcome, runNode, testFolder } from '../cli/commands.ts';
import { SAMPLE } from './sample.ts';
import { sampleResults, writeSample } from './sweep-sample.ts';

const folder = testFolder();
const at = (name: string): string => join(folder, name);
const report = (...args: string[]): Promise<Outcome> =>
  runNode(folder, [MAIN, 'report', '--no-series', ...args]);

writeSample(at('two.jsonl'), sampleResults());
writeFileSync(at('bench.json'), JSON.stringify(SAMPLE));

it('writes a page of all the files', async () => {
  const { stdout, stderr, code } = await report('two.jsonl', 'bench.json', '--out', 'page.html');
  expect(stdout).toMatch(/^page\.html: 20 points of "two ways", 3 results of the bench, 0\.\d MB\n$/);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(readFileSync(at('page.html'), 'utf8')).toContain('<h1>2 results side by side</h1>');
});

it('overwrites an older report, by default report.html', async () => {
  expect((await report('two.jsonl')).code).toBe(0);
  expect((await report('bench.json')).code).toBe(0);
  expect(readFileSync(at('report.html'), 'utf8')).toContain('bench: card and kernel');
});

it('takes the journal of a sweep that was killed', async () => {
  const lines = readFileSync(at('two.jsonl'), 'utf8').trimEnd().split('\n');
  const journal = [lines[0], lines[3], lines[1], lines[2].slice(0, 40)];
  writeFileSync(at('two.jsonl.journal'), journal.join('\n'));
  const { stdout, code } = await report('two.jsonl.journal', '--out', 'journal.html');
  expect(stdout).toMatch('2 points of');
  expect(code).toBe(0);
  expect(readFileSync(at('journal.html'), 'utf8')).toContain('Only 2 of 20 points were measured');
});

mkdirSync(at('folder'));
writeFileSync(at('notes.txt'), 'notes\n');
writeFileSync(at('other.json'), '{"manifest":{},"results":[]}');
writeFileSync(at('damaged.jsonl'), readFileSync(at('two.jsonl'), 'utf8').replace('"point":7', '"point":9'));
writeFileSync(at('head.jsonl'), '{"format":"inic-sweep","version":9,"plan":{}}\n');
const [result] = SAMPLE.results;
const without = { ...SAMPLE, results: [{ ...result, rate: null }] };
writeFileSync(at('without.json'), JSON.stringify(without));

it.each([
  [['missing.jsonl'], 'cannot read missing.jsonl: no such file or directory'],
  [['folder'], 'cannot read folder: it is a directory'],
  [['notes.txt'], 'notes.txt: is no results file of a sweep, and none of the bench'],
  [['other.json'], 'other.json: is no results file of a sweep, and none of the bench'],
  [['without.json'], 'without.json: is no results file of a sweep, and none of the bench'],
  [['damaged.jsonl'], 'damaged.jsonl:9: is damaged: expected a point of the plan in its first line'],
  [['head.jsonl'], 'head.jsonl:1: expected version 1 of the format, got 9'],
  [['two.jsonl', '--out', 'no/page.html'], 'cannot write no/page.html: no such file or directory'],
  [
    ['two.jsonl', '--out', 'two.jsonl'],
    'two.jsonl: is no report, and is not overwritten: name another file, or move it away',
  ],
  [
    ['two.jsonl', '--out', 'notes.txt'],
    'notes.txt: is no report, and is not overwritten: name another file, or move it away',
  ],
  [['two.jsonl', '--out', 'folder'], 'cannot write folder: it is a directory'],
])('refuses %j', async (args, words) => {
  const { stdout, stderr, code } = await report(...args);
  expect(stderr).toBe(`inic: ${words}\n`);
  expect(stdout).toBe('');
  expect(code).toBe(1);
});
