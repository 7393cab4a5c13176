/** `inic advise` as its user runs it, and the examples of docs/advise.md; `test/docs` runs its program. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseTargets } from '../../src/advise/target.ts';
import { MAIN, type Outcome, runNode, testFolder } from '../cli/commands.ts';

const folder = testFolder();
const at = (name: string): string => join(folder, name);
const advise = (...args: string[]): Promise<Outcome> => runNode(folder, [MAIN, 'advise', ...args]);

const PAGE = readFileSync(new URL('../../docs/advise.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...PAGE.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1]);
const outputs = [...PAGE.matchAll(/<!-- (advise.*) -->\n\n```text\n([\s\S]*?)```/g)];
const [refusals] = blocks('text').slice(outputs.length);

/** Words of a command line, some of them in quotes. */
const words = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);

writeFileSync(at('plan.yaml'), blocks('yaml')[0]);
writeFileSync(
  at('small.yaml'),
  blocks('yaml')[0]
    .replace('2..256:x2', '[2, 16, 64]')
    .replace('4..256:x2', '[8, 64]')
    .replace('[EAGAIN, block]', '[EAGAIN]')
    .replace('1..3', '[1]')
    .replace('1000', '200'),
);

function expectOneLine(outcome: Outcome, text: RegExp | string): void {
  expect(outcome.stderr).toMatch(text);
  expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(outcome.code).toBe(1);
}

describe('the docs', () => {
  it.each(outputs.map(([, command, output]) => ({ command, output })))(
    '$command',
    async ({ command, output }) => {
      const { stdout, code } = await runNode(folder, [MAIN, ...words(command)]);
      expect(stdout).toBe(output);
      expect(code).toBe(0);
    },
    120_000,
  );

  it.each(refusals.trim().split('\n'))('refuses: %s', (line) => {
    const target = /got "(.*)"$/.exec(line)?.[1] ?? 'memory < 1MiB';
    expect(() => parseTargets([target])).toThrow(new RangeError(line));
  });
});

describe('inic advise', () => {
  const target = ['--target', 'rate > 90% best'];

  it('keeps the points it has measured, takes them again, and writes what it says as JSON', async () => {
    const first = await advise('small.yaml', ...target, '--out', 'points.jsonl', '--json', 'advice.json');
    expect(first.code).toBe(0);
    expect(existsSync(at('points.jsonl.journal'))).toBe(false);
    const advice = JSON.parse(readFileSync(at('advice.json'), 'utf8'));
    const rows = readFileSync(at('points.jsonl'), 'utf8').trimEnd().split('\n');
    expect(rows).toHaveLength(1 + advice.points);
    expect(advice).toMatchObject({ targets: ['rate > 90% best'], gridPoints: 6 });
    expect(advice.answers[0].smallest.sizes).toHaveProperty(['pools.transmitBuffers']);
    const again = await advise('small.yaml', ...target, '--out', 'points.jsonl', '--resume');
    expect(`${again.stdout}\nwritten to advice.json\n`).toBe(first.stdout);
    // A sweep goes on from it.
    await runNode(folder, [MAIN, 'sweep', 'small.yaml', '--out', 'points.jsonl', '--resume']);
    const all = readFileSync(at('points.jsonl'), 'utf8').trimEnd().split('\n');
    expect(all).toHaveLength(7);
    expect(all).toEqual(expect.arrayContaining(rows.slice(1)));
  }, 60_000);

  it('says plainly that nothing meets a target, and ends with 1', async () => {
    const { stdout, code } = await advise('small.yaml', '--target', 'rate > 90M/s');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /No sizes of the plan meet the target.\nNearest: pools.transmitBuffers=\d+, pools/,
    );
    expect(stdout).toContain('One seed does not tell how sure this is');
  });

  it.each([
    [['small.yaml', '--target', 'fast'], /"target" expected such as/],
    [['nowhere.yaml'], /there is no plan "nowhere.yaml"/],
    [['small.yaml', '--costs', 'none'], /--costs says what the plan says/],
    [['small.yaml', '--resume'], /--resume needs --out/],
    [
      ['small.yaml', '--out', 'plan.yaml'],
      /plan.yaml: is no results file of a sweep, and is not overwritten/,
    ],
    [['small.yaml', '--out', 'no/such.jsonl'], /cannot write no\/such.jsonl: no such file/],
    [['TCP_STREAM', '--target', 'p99 < 1ms'], /of a workload without requests/],
    [['small.yaml', '--workers', '0'], /whole number from 1 to 256/],
  ])('%j is refused', async (args, text) => {
    expectOneLine(await advise(...args), text);
  });
});
