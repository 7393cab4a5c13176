/** In the short form each test that is left to the long one is skipped, and says so. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, type RunnerTestCase } from 'vitest';
import { LEFT_TO_LONG } from './left-to-long.ts';
import { LONG } from './long.ts';

const TESTS = fileURLToPath(new URL('.', import.meta.url));

function fullName({ name, suite }: Pick<RunnerTestCase, 'name' | 'suite'>): string {
  return suite === undefined || suite.name === '' ? name : `${fullName(suite)} ${name}`;
}

if (!LONG) {
  beforeEach(({ task, skip }) => {
    const names = LEFT_TO_LONG.tests[relative(TESTS, task.file.filepath)];
    if (names?.includes(fullName(task))) skip('left to the long form: INIC_LONG=1');
  });
}
