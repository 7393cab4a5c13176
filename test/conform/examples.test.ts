/**
 * The card in C and the host in Python pass what they claim, as docs/conform.md shows. Skipped, loudly, where
 * gcc or python3 is missing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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

describe.skipIf(!has('gcc'))('a card that answers in memory', () => {
  it.each([
    [
      'ExecOutboundInit/request/typical',
      'write_word(elements[0].address, INIC_POLLED_STATUS_COMPLETE);',
      '',
      /is to say Complete, and says nothing/,
    ],
    [
      'ExecOutboundInit/request/bad-initCode-31',
      'INIC_POLLED_STATUS_FAILED',
      'INIC_POLLED_STATUS_REJECTED',
      /is to say Failed, and says Rejected/,
    ],
    [
      'ExecIopReset/request/typical',
      'write_word(address, INIC_POLLED_STATUS_IN_PROGRESS);',
      '',
      /is to say InProgress, and says nothing/,
    ],
    [
      'ExecStatusGet/state/Reset',
      'memory_write(address, block, sizeof block)',
      '(void)address',
      /the status block was never written whole/,
    ],
    [
      'ExecStatusGet/state/Reset',
      'IOP_STATE, iop_state)',
      'IOP_STATE, INIC_IOP_STATE_READY)',
      /the status block says Ready, and the IOP is Reset/,
    ],
  ])('is told by name where it does not: %s', (only, from, to, said) => {
    const text = readFileSync(join(ROOT, 'spec/examples/c/card.c'), 'utf8');
    expect(text).toContain(from);
    writeFileSync(join(folder, 'mute.c'), text.replace(from, to));
    copyFileSync(join(ROOT, 'spec/examples/c/inic.h'), join(folder, 'inic.h'));
    execFileSync('gcc', ['-O1', '-o', join(folder, 'mute'), join(folder, 'mute.c')]);
    const { verdicts } = tried(join(folder, 'mute'), 'card', only);
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['failed']);
    expect(verdicts[0].findings.map(({ what }) => what).join('; ')).toMatch(said);
  });
});

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
