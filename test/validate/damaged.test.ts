/**
 * Trace files that were cut, damaged or are none: one line says so, and everything before the damage is
 * judged, no worse and no better than it is in the whole trace.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileSink } from '../../src/trace/file-sink.ts';
import { TraceDamage, TraceReader } from '../../src/trace/reader.ts';
import type { Violation } from '../../src/validate/findings.ts';
import { Validator } from '../../src/validate/validator.ts';
import { testFolder } from '../cli/commands.ts';
import { play, type Tape } from '../conformance/trace-surgery.ts';
import { LONG } from '../long.ts';
import { cutTraces } from './cuts/all.ts';

const RUNS = LONG ? 300 : 25;
const folder = testFolder();
const tapes = new Map(
  cutTraces().flatMap(([transport, tape, ground]) =>
    ground === 'socket' ? [[transport, tape] as const] : [],
  ),
);

function fileOf(tape: Tape, name: string): Uint8Array {
  const path = join(folder, `${name}.trace`);
  play(tape, new FileSink(path));
  return new Uint8Array(readFileSync(path));
}

interface Seen {
  readonly violations: readonly Violation[];
  readonly frames: number;
  readonly damage: TraceDamage | undefined;
}

function judged(bytes: Uint8Array, chunk = 1 << 16): Seen {
  const validators: Validator[] = [];
  const reader = new TraceReader(() => {
    validators.push(new Validator());
    return validators.at(-1)!;
  });
  let damage: TraceDamage | undefined;
  try {
    for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk));
    reader.finish();
  } catch (error) {
    if (!(error instanceof TraceDamage)) throw error;
    damage = error;
  }
  const violations = validators.flatMap(({ findings }) => findings.violations);
  return { violations, frames: validators.reduce((sum, { frames }) => sum + frames, 0), damage };
}

describe.each(['ring', 'fifo'])('a trace of the tour, %s', (transport) => {
  const tape = tapes.get(transport)!;
  const good = fileOf(tape, `good-${transport}`);
  /** A reply in the middle has another context than its request. */
  const spoilt = structuredClone(tape.events);
  const replies = spoilt.filter((event) => event.kind === 'frame' && event.direction === 1);
  const reply = replies[replies.length >> 1];
  if (reply.kind === 'frame') reply.words[2] ^= 0x4000_0000;
  const bad = fileOf(
    Object.assign(Object.create(Object.getPrototypeOf(tape)), tape, { events: spoilt }),
    `bad-${transport}`,
  );
  const whole = judged(bad);

  it('is read back whole', () => {
    expect(judged(good)).toMatchObject({ violations: [], damage: undefined });
    expect(whole.damage).toBeUndefined();
    expect(whole.violations.length).toBeGreaterThan(0);
  });

  it('cut anywhere breaks no rule, and says where it was cut', () => {
    let longest = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: good.length - 1 }),
        fc.integer({ min: 1, max: 5000 }),
        (cut, chunk) => {
          const { violations, frames, damage } = judged(good.subarray(0, cut), chunk);
          expect(violations).toEqual([]);
          expect(damage).toMatchObject({ kind: 'truncated', atByte: cut });
          expect(damage!.message).toMatch(/^[^\n]+$/);
          longest = Math.max(longest, frames);
        },
      ),
      { numRuns: RUNS, seed: 7 },
    );
    expect(longest).toBeGreaterThan(judged(good).frames / 2);
  });

  it('cut behind a fault still tells it, and cut before it does not', () => {
    const [first] = whole.violations;
    let told = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: bad.length - 1 }), (cut) => {
        const { violations, frames } = judged(bad.subarray(0, cut));
        expect(violations.length > 0).toBe(frames > first.frame);
        if (violations.length > 0) expect(violations[0]).toEqual(first);
        told += violations.length > 0 ? 1 : 0;
      }),
      { numRuns: RUNS, seed: 7 },
    );
    expect(told).toBeGreaterThan(0);
  });

  it('with noise in place of its rest is judged up to there', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: good.length - 1 }),
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        (cut, noise) => {
          const { damage } = judged(Buffer.concat([good.subarray(0, cut), noise]));
          expect(damage?.message ?? 'no line').toMatch(/^[^\n]+$/);
          expect(damage).toBeInstanceOf(TraceDamage);
          expect(damage!.atByte).toBeLessThanOrEqual(cut + noise.length);
        },
      ),
      { numRuns: RUNS, seed: 7 },
    );
  });
});

describe('a file that is no trace of this version', () => {
  const good = fileOf(tapes.get('ring')!, 'foreign');
  const version = new TextEncoder().encode('version');

  it.each([
    ['compressed', gzipSync(good), /^not a trace: it is compressed; gunzip it first$/],
    ['empty', new Uint8Array(0), /^not a trace: it is empty$/],
    ['of zeros', new Uint8Array(4096), /^not a trace: it does not begin as one of inic does$/],
    ['a program', readFileSync(process.execPath).subarray(0, 65_536), /^not a trace: /],
  ])('%s', (_name, bytes, said) => {
    const { damage, frames } = judged(new Uint8Array(bytes));
    expect([damage?.kind, frames]).toEqual(['foreign', 0]);
    expect(damage!.message).toMatch(said);
  });

  it('of another version names it', () => {
    const other = good.slice();
    const at = Buffer.from(other).indexOf(version) + version.length;
    expect(other[at]).toBe(1);
    other[at] = 2;
    const { damage } = judged(other);
    expect(damage?.message).toMatch(/version 2 of the format is unknown, this inic reads version 1/);
  });
});
