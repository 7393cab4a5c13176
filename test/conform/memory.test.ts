/**
 * Frames and memory in a file that both sides map: the card in C passes as it does by the pipe, and one that
 * breaks a ring is told by name, as docs/conform.md says. Skipped, loudly, where gcc or koffi is missing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RING } from '../../spec/generator/foreign.ts';
import { Conformance, type Conformed } from '../../src/conform/run/run.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import * as layout from '../../src/i2o/queues/ring/ring-layout.ts';
import { isLeftOver, mapOver } from '../../src/linux/file-mapping.ts';
import { loadLibc } from '../../src/linux/libc.ts';
import { countsOf } from '../../src/report/conform-text.ts';
import { testFolder } from '../cli/commands.ts';
import { ROOT } from '../rules/sources.ts';
import { buildCard } from './c-card.ts';

const folder = testFolder();
const path = join(folder, 'region');
const can = loadLibc() !== undefined && spawnSync('gcc', ['--version']).status === 0;
if (!can) process.stderr.write('SKIPPED: gcc or koffi is not installed, so no file is shared\n');

const built = (name: string, from = '', to = ''): string => buildCard(folder, name, from, to);

function tried(exec: string, only: string): Conformed {
  const memory = { path, map: (region: Parameters<typeof mapOver>[1]) => mapOver(path, region) };
  return new Conformance({ target: { exec }, role: 'card', only, patienceMs: 20_000, memory }).run();
}

it('the offsets for other languages are those of our rings', () => {
  const { TAIL_OFFSET, HEAD_OFFSET, TAIL_EVENT_OFFSET, HEAD_EVENT_OFFSET, FRAMES_OFFSET } = layout;
  const ours = [TAIL_OFFSET, HEAD_OFFSET, TAIL_EVENT_OFFSET, HEAD_EVENT_OFFSET, FRAMES_OFFSET];
  expect(RING.map(([, offset]) => Number(offset))).toEqual(ours);
});

describe.skipIf(!can)('a region in a file', () => {
  it('is seen by both, and a later one is another file', () => {
    const first = allocateRegion(100_000);
    mapOver(path, first);
    expect(first.words.buffer).toBeInstanceOf(SharedArrayBuffer);
    Atomics.store(first.words, 3, 0x1234_5678);
    expect(readFileSync(path).readInt32LE(12)).toBe(0x1234_5678);
    expect(readFileSync(path).length).toBe(first.byteLength);
    const second = allocateRegion(70_000);
    mapOver(path, second);
    second.bytes[0] = 9;
    expect([first.bytes[0], first.words[3], readFileSync(path)[0]]).toEqual([0, 0x1234_5678, 9]);
  });

  it('is nobody’s to shorten or to make longer', () => {
    const region = allocateRegion(100_000);
    mapOver(path, region);
    region.bytes[99_999] = 7;
    expect(() => truncateSync(path, 0)).toThrow(/EPERM/);
    expect(() => truncateSync(path, 200_000)).toThrow(/EPERM/);
    expect([readFileSync(path).length, region.bytes[99_999]]).toEqual([region.byteLength, 7]);
  });

  it('is known as what is left over once it leads nowhere', () => {
    const left = join(folder, 'left');
    symlinkSync('/proc/1/fd/987654', left);
    mapOver(path, allocateRegion(1000));
    expect([isLeftOver(left), isLeftOver(path), isLeftOver(join(folder, 'none'))]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('is not mapped over memory that has no pages of its own', () => {
    expect(() => mapOver(path, allocateRegion(1000, false))).toThrow(/^no file can be mapped/);
    expect(() => mapOver(join(folder, 'no', 'such'), allocateRegion(1000))).toThrow(/ENOENT/);
  });
});

describe.skipIf(!can)('a card over a shared file', () => {
  it('passes what it claims, vectors and tour', () => {
    const card = built('card');
    for (const only of ['SocketBind/', 'SocketSend/', 'tour/exchange', 'ExecIopReset/']) {
      const { verdicts, failure } = tried(card, only);
      expect(failure).toBe('');
      expect(verdicts.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
      expect(countsOf(verdicts).passed).toBeGreaterThan(0);
    }
    expect(existsSync(path)).toBe(true);
  }, 60_000);

  it.each([
    [
      'an index too far',
      'inic_ring_store(ring, index, next);',
      'inic_ring_store(ring, index, next + 5000);',
      'FrameOverrun',
    ],
    ['no word of its answers', 'if (told) say(', 'if (told && region == NULL) say(', 'Unannounced'],
    [
      'a frame by the pipe',
      'told = region != NULL ? ring_answer() : pipe_answer();',
      'told = (lent_count = 1, pipe_answer());',
      'OutOfTurn',
    ],
  ])('is told by name where it is wrong: %s', (name, from, to, fault) => {
    const { verdicts } = tried(built(name.replaceAll(' ', '-'), from, to), 'SocketBind/request/typical');
    expect(verdicts.map((verdict) => verdict.fault)).toEqual([fault]);
  });

  it('may write what it likes wherever it likes, and every case has its verdict', () => {
    const from = '  if (told) say(INIC_PIPE_INTERRUPT';
    const scribble =
      '  for (int i = 0; region != NULL && i < 4000; i++)\n' +
      '    region[((size_t)rand() * 32768 + (size_t)rand()) % SETTING(REGION_BYTES)] = (uint8_t)rand();\n';
    const { verdicts, failure } = tried(built('scribbler', from, scribble + from), 'Bind/request/');
    expect(failure).toBe('');
    expect(verdicts.length).toBeGreaterThan(5);
    expect(verdicts.filter(({ outcome }) => outcome === 'passed')).toEqual([]);
  });

  it('must take the file up', () => {
    const { failure } = tried(`${process.execPath} ${ROOT}/dist/src/conform/own/main.js`, 'SocketBind/');
    expect(failure).toBe('NoStart: it does not take up SharedMemory, which --memory offers');
  });
});
