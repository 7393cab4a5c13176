/** The sweeps and the refusals of docs/sweep.md, as a reader has them; `test/docs` runs its programs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bundledNames } from '../../src/plans/files.ts';
import { loadPlan, parsePlan } from '../../src/sweep/plan.ts';
import { MAIN, runNode, testFolder } from '../cli/commands.ts';

const folder = testFolder();
const PAGE = readFileSync(new URL('../../docs/sweep.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...PAGE.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1]);

const [plan] = blocks('yaml');
const outputs = [...PAGE.matchAll(/<!-- (sweep.*) -->\n\n```text\n([\s\S]*?)```/g)];
const [refusals] = blocks('text').slice(outputs.length);

it.each(outputs.map(([, command, output]) => ({ command, output })))(
  '$command',
  async ({ command, output }) => {
    writeFileSync(join(folder, 'plan.yaml'), plan);
    const { stdout, code } = await runNode(folder, [MAIN, ...command.split(' ')]);
    expect(stdout).toBe(output);
    expect(code).toBe(0);
  },
);

const WRONG: readonly [string, string][] = [
  ['world: pair', 'world: pear'],
  ['size: 2048', 'syze: 2048'],
  ['2..32:x4', '0..32'],
  ['[EAGAIN, block]', '[]'],
  ['pools.transmitBuffers: 2..32:x4', 'host.memory: [1GiB, 32MiB]'],
  ['driver.transmitDryPolicy: [EAGAIN, block]', 'cards.left.pools.transmitBuffers: [2, 4]'],
  ['connections: 16', 'connections: 1024'],
];

it.each(
  refusals
    .trim()
    .split('\n')
    .map((line, i) => ({ line, wrong: WRONG[i] })),
)('refuses: $line', (row) => {
  expect(() => parsePlan(plan.replace(...row.wrong), 'plan.yaml')).toThrow(new RangeError(row.line));
});

it('every bundled plan can be read, and has its row', () => {
  const names = bundledNames('sweeps');
  expect(names).toHaveLength(7);
  for (const name of names) {
    expect(loadPlan(name).operations).toBeGreaterThan(0);
    expect(PAGE).toContain(`| \`${name}\` |`);
  }
});
