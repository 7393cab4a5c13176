/**
 * Programs that know nothing of a card, each run over the kernel and over a card: what they print, and the
 * code they exit with, must be the same. `memory` is the test double, `slow` the same with every effect late,
 * so that the pump sleeps and is woken in between, `card` the real one.
 */

import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PLACEMENTS } from '../../src/world/open/placement.ts';
import { LONG } from '../long.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAMS = `${ROOT}test/node/programs/`;
/** What programs import. */
const SHARED = ['certificate.mjs', 'log.mjs'];
const REAL = `${ROOT}dist/src/node/register.js`;
const MEMORY = `${ROOT}dist/test/node/memory-register.js`;
const TIMEOUT_MS = 170_000;

// Real latency makes these measure it, or take too long.
const NOT_SLOW = [
  'autocannon.mjs',
  'download.mjs',
  'fairness.mjs',
  'websocket.mjs',
  'backpressure.mjs',
  'timeouts.mjs',
  'tls-ends.mjs',
  'small-writes.mjs',
  'many-sockets.mjs',
  'order.mjs',
  'both-ends.mjs',
  'fake-timers.mjs',
];

// In a thread of its own a card takes a while to tell one end what the other has done.
const ONLY_INLINE = ['both-ends.mjs'];

interface Outcome {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  program: string,
  register: string | undefined,
  environment: Record<string, string>,
): Promise<Outcome> {
  const flags = register === undefined ? [] : ['--import', pathToFileURL(register).href];
  const env = { ...process.env, NODE_OPTIONS: '', ...environment };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...flags, PROGRAMS + program],
      { env, timeout: TIMEOUT_MS - 5000, maxBuffer: 1 << 24 },
      (error, stdout, stderr) => resolve({ code: error?.code ?? error?.signal ?? 0, stdout, stderr }),
    );
  });
}

const kernel = new Map<string, Promise<Outcome>>();

function onKernel(program: string): Promise<Outcome> {
  const known = kernel.get(program) ?? run(program, undefined, {});
  kernel.set(program, known);
  return known;
}

async function compare(
  program: string,
  register: string,
  environment: Record<string, string>,
): Promise<void> {
  const expected = await onKernel(program);
  const got = await run(program, register, environment);
  expect(got.stderr).toBe(expected.stderr);
  expect(got.stdout).toBe(expected.stdout);
  expect(got.code).toBe(expected.code);
  expect(got.stdout).not.toBe('');
}

const programs = readdirSync(PROGRAMS).filter((name) => name.endsWith('.mjs') && !SHARED.includes(name));

describe('a program prints the same over the kernel and over the card', () => {
  for (const [index, program] of programs.entries()) {
    // In the short form each program runs over the card in one of its places, and over one of the doubles.
    const places = ONLY_INLINE.includes(program)
      ? (['inline'] as const)
      : PLACEMENTS.filter((_, i) => LONG || i === index % 2);
    const isSlow = !NOT_SLOW.includes(program);
    if (LONG || !isSlow || index % 2 === 0) {
      it(`${program} over memory`, () => compare(program, MEMORY, {}), TIMEOUT_MS);
    }
    if (isSlow && (LONG || index % 2 !== 0)) {
      it(
        `${program} over slow memory`,
        () => compare(program, MEMORY, { INIC_TEST_DELAY_MS: '1' }),
        TIMEOUT_MS,
      );
    }
    for (const placement of places) {
      it.runIf(existsSync(REAL.replace('node/register', 'world/open/card')))(
        `${program} over the card, ${placement}`,
        () => compare(program, REAL, { INIC_IOP: placement }),
        TIMEOUT_MS,
      );
    }
  }
});
