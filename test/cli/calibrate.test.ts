/** `inic calibrate` refuses what it cannot do in one line, before it measures anything. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAIN, type Outcome, runNode, testFolder } from './commands.ts';

const folder = testFolder();

/** @param flags of Node's. */
const calibrate = (args: readonly string[], flags: readonly string[] = []): Promise<Outcome> =>
  runNode(folder, [...flags, MAIN, 'calibrate', ...args]);

function expectOneLine({ code, stdout, stderr }: Outcome, words: RegExp): void {
  expect(stderr).toMatch(words);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(code).toBe(1);
}

describe('inic calibrate', () => {
  it('refuses a file that no world could name', async () => {
    expectOneLine(await calibrate(['--out', 'machine.json']), /--out expected a file that ends in \.yaml/);
  });

  it('refuses a place where it cannot write', async () => {
    expectOneLine(
      await calibrate(['--out', 'nowhere/m.yaml']),
      /cannot write nowhere\/m\.yaml: no such file/,
    );
    mkdirSync(join(folder, 'm-inline.yaml'));
    expectOneLine(await calibrate(['--out', 'm.yaml']), /cannot write m-inline\.yaml: it is a directory/);
  });

  it('says what a machine of one core lacks', async () => {
    const one =
      "data:text/javascript,import os from 'node:os';import { syncBuiltinESMExports } from 'node:module';" +
      'os.availableParallelism = () => 1;syncBuiltinESMExports();';
    expectOneLine(await calibrate([], ['--import', one]), /needs two cores/);
  });
});
