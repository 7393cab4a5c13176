/**
 * What holds for every test: its seed, and which tests the short form leaves to the long one.
 *
 * Seeds every property test, so that a run depends on nothing but the tree. `INIC_SEED=N npm test` tries
 * other inputs, and `INIC_SEED=random` tries new ones each time; a failure prints the seed that repeats it.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeEach, type RunnerTestCase } from 'vitest';
import { LONG } from './long.ts';

const wish = process.env.INIC_SEED ?? '20261128';

if (wish !== 'random') {
  const seed = Number(wish);
  if (!Number.isInteger(seed)) throw new Error(`INIC_SEED=${wish}: give a whole number or the word "random"`);
  fc.configureGlobal({ seed });
}

/**
 * Tests that take seconds and are left to the long form, by file and full name, so that the short form ends in
 * minutes on a slow machine. Of each file some tests stay.
 */
const LEFT_TO_LONG = JSON.parse(
  readFileSync(new URL('left-to-long.json', import.meta.url), 'utf8'),
) as Record<string, string[]>;
const TESTS = fileURLToPath(new URL('.', import.meta.url));

function fullName({ name, suite }: Pick<RunnerTestCase, 'name' | 'suite'>): string {
  return suite === undefined || suite.name === '' ? name : `${fullName(suite)} ${name}`;
}

if (!LONG) {
  beforeEach(({ task, skip }) => {
    const names = LEFT_TO_LONG[relative(TESTS, task.file.filepath)];
    if (names?.includes(fullName(task))) skip('left to the long form: INIC_LONG=1');
  });
}
