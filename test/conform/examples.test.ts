/**
 * The card in C and the host in Python pass what they claim, as docs/conform.md shows. Skipped, loudly, where
 * gcc or python3 is missing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Conformance, type Conformed } from '../../src/conform/run/run.ts';
import { countsOf } from '../../src/report/conform-text.ts';
import { testFolder } from '../cli/commands.ts';
import { ROOT } from '../rules/sources.ts';
import { buildCard, C_CARD, C_FLAGS, COMPILERS } from './c-card.ts';

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
    for (const compiler of COMPILERS)
      execFileSync(compiler, ['-O2', ...C_FLAGS, '-o', CARD, join(C_CARD, 'card.c')]);
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
      'INIC_POLLED_STATUS_COMPLETE : INIC',
      '0 : INIC',
      /is to say Complete, and says nothing/,
    ],
    [
      'ExecOutboundInit/request/bad-initCode-31',
      ': INIC_POLLED_STATUS_FAILED',
      ': INIC_POLLED_STATUS_REJECTED',
      /is to say Failed, and says Rejected/,
    ],
    [
      'ExecIopReset/request/typical',
      '_ADDRESS_LOW), INIC_POLLED_STATUS_IN_PROGRESS',
      '_ADDRESS_LOW), 0',
      /is to say InProgress, and says nothing/,
    ],
    [
      'ExecStatusGet/state/Reset',
      'block, sizeof block);',
      'block, 0);',
      /the status block was never written whole/,
    ],
    [
      'ExecStatusGet/state/Reset',
      '.iop_state = iop_state',
      '.iop_state = INIC_IOP_STATE_READY',
      /the status block says Ready, and the IOP is Reset/,
    ],
  ])('is told by name where it does not: %s', (only, from, to, said) => {
    const { verdicts } = tried(buildCard(folder, 'mute', from, to), 'card', only);
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['failed']);
    expect(verdicts[0].findings.map(({ what }) => what).join('; ')).toMatch(said);
  });
});

it('the card in C stays small: no file of more than 300 lines, and 900 in all', () => {
  const files = readdirSync(C_CARD).filter((name) => name !== 'inic.h');
  const lines = files.map((name) => readFileSync(join(C_CARD, name), 'utf8').split('\n').length - 1);
  expect(Math.max(...lines)).toBeLessThanOrEqual(300);
  expect(lines.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(900);
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
