/**
 * The card in C and the host in Python pass what they claim, as docs/conform.md shows. Skipped, loudly, where
 * gcc or python3 is missing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Conformance, type Conformed } from '../../src/conform/run/run.ts';
import { countsOf } from '../../src/report/conform-text.ts';
import { testFolder } from '../cli/commands.ts';
import { ROOT } from '../rules/sources.ts';

const folder = testFolder();
const CARD = join(folder, 'iop');
const HOST = `PYTHONDONTWRITEBYTECODE=1 python3 '${ROOT}/spec/examples/python/host.py'`;

function has(program: string): boolean {
  const there = spawnSync(program, ['--version']).status === 0;
  if (!there) process.stderr.write(`SKIPPED: ${program} is not installed, so its example is not tried\n`);
  return there;
}

function tried(exec: string, role: 'card' | 'host', only: string): Conformed {
  return new Conformance({ target: { exec }, role, only, patienceMs: 20_000 }).run();
}

it.skipIf(!has('gcc'))(
  'the card in C',
  () => {
    const warnings = ['-Wall', '-Wextra', '-Werror'];
    execFileSync('gcc', ['-O1', ...warnings, '-o', CARD, join(ROOT, 'spec/examples/c/card.c')]);
    const { verdicts, unknown, failure } = tried(CARD, 'card', '');
    expect([failure, unknown]).toEqual(['', []]);
    expect(verdicts.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(countsOf(verdicts).passed).toBeGreaterThan(500);
  },
  170_000,
);

it.skipIf(!has('python3'))(
  'the host in Python',
  () => {
    const { verdicts, failure } = tried(HOST, 'host', '');
    expect(failure).toBe('');
    expect(verdicts.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(verdicts.length).toBeGreaterThan(50);
  },
  170_000,
);
