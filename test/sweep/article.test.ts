/**
 * The tables of docs/findings.md, as a reader would have them printed. To measure them takes minutes, so they
 * are held in the long form alone; test/sweep/bundled.test.ts has points of each plan.
 */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { bundledNames } from '../../src/plans/files.ts';
import { MAIN, runNode, testFolder } from '../cli/commands.ts';
import { LONG } from '../long.ts';

const PAGE = readFileSync(new URL('../../docs/findings.md', import.meta.url), 'utf8');
const tables = [...PAGE.matchAll(/<!-- sweep (.*) -->\n\n```text\n([\s\S]*?)```/g)].map(
  ([, plan, output]) => ({ plan, output }),
);
const folder = testFolder();

it('has a table of every bundled plan', () => {
  expect(tables.map(({ plan }) => plan).sort()).toEqual([...bundledNames('sweeps')].sort());
});

it.runIf(LONG).each(tables)(
  'inic sweep $plan',
  async ({ plan, output }) => {
    const { stdout, code } = await runNode(folder, [MAIN, 'sweep', plan]);
    expect(stdout).toBe(output);
    expect(code).toBe(0);
  },
  600_000,
);
