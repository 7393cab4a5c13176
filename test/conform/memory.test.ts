/**
 * Frames and memory in a file that both sides map: the card in C passes as it does by the pipe, and one that
 * breaks a ring is told by name, as docs/conform.md says. Skipped, loudly, where gcc or koffi is missing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runForeignCardBench } from '../../bench/foreign-card.ts';
import { RING } from '../../spec/generator/foreign.ts';
import { Conformance, type Conformed } from '../../src/conform/run/run.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import * as layout from '../../src/i2o/queues/ring/ring-layout.ts';
import { isLeftOver, mapOver } from '../../src/linux/file-mapping.ts';
import { loadLibc } from '../../src/linux/libc.ts';
import { countsOf } from '../../src/report/conform-text.ts';
import { testFolder } from '../cli/commands.ts';
import { buildCard } from './c-card.ts';

const folder = testFolder();
const path = join(folder, 'region');
const can = loadLibc() !== undefined && spawnSync('gcc', ['--version']).status === 0;
if (!can) process.stderr.write('SKIPPED: gcc or koffi is not installed, so no file is shared\n');

const built = (name: string, from = '', to = '', flags?: string[]): string =>
  buildCard(folder, name, from, to, flags);

function tried(exec: string, only: string, free = false, patienceMs = 20_000): Conformed {
  const memory = { path, free, map: (region: Parameters<typeof mapOver>[1]) => mapOver(path, region) };
  return new Conformance({ target: { exec }, role: 'card', only, patienceMs, memory }).run();
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

  it('is told where it writes what is the host’s', () => {
    const from = '  if (told) say(INIC_PIPE_INTERRUPT';
    const at = (offset: string): string => `  if (region != NULL && count > 0) ${offset} = 1;\n${from}`;
    const places = [
      ['tail', 'requests[0]', /the tail of the ring of requests, which is the host’s/],
      ['head', 'answers[128]', /the head of the ring of replies, which is the host’s/],
      ['gap', 'answers[260]', /between the words of a ring/],
    ] as const;
    for (const [name, place, said] of places) {
      const { verdicts } = tried(built(`stray-${name}`, from, at(place)), 'SocketBind/request/typical');
      expect(verdicts.map(({ fault }) => fault)).toEqual(['OutsideWindow']);
      expect(verdicts[0].findings[0].what).toMatch(said);
    }
  });

  it('must take the file up', () => {
    const features = 'INIC_PIPE_FEATURE_SHARED_MEMORY | INIC_PIPE_FEATURE_FREE_RUNNING;';
    const { failure } = tried(
      built('unwilling', `uint32_t features = ${features}`, 'uint32_t features = 0;'),
      'SocketBind/',
    );
    expect(failure).toBe('NoStart: it does not take up SharedMemory, which --memory offers');
  });
});

describe.skipIf(!can)('a card that runs by itself', () => {
  const run = (exec: string, only: string, patienceMs?: number): Conformed =>
    tried(exec, only, true, patienceMs);

  it('passes as it does in turns', () => {
    const card = built('free');
    for (const only of ['SocketSend/', 'tour/', 'transport/', 'ExecIopReset/']) {
      const { verdicts, failure } = run(card, only);
      expect(failure).toBe('');
      expect(verdicts.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
      expect(countsOf(verdicts).passed).toBeGreaterThan(0);
    }
  }, 60_000);

  const WORKS = '    if (work() > 0) looks = 0;';
  const FLUSHES = '  inic_pipe_flush(&front);\n  return count;';
  const TELLS = 'if (told) say(';
  it.each([
    ['never rests', 'looks < LOOKS || ring_more()', 'looks < LOOKS || looks > 0 || ring_more()', 'Hang'],
    ['dies while the host polls', WORKS, `${WORKS}\n    if (taken > 10) exit(3);`, 'Death'],
    ['an index too far', 'store(ring, index, next);', 'store(ring, index, next + 5000);', 'FrameOverrun'],
    ['between the words', WORKS, `${WORKS}\n    if (taken > 10) answers[260] = 1;`, 'OutsideWindow'],
    [
      'a frame by the pipe',
      'told = region != NULL ? ring_answer() : pipe_answer();',
      'told = (lent_count = 1, pipe_answer());',
      'OutOfTurn',
    ],
    [
      'a flood of words',
      FLUSHES,
      `  for (int i = 0; taken > 10 && i < 200000; i++) say(INIC_PIPE_INTERRUPT, NULL, 0, NULL, 0);\n${FLUSHES}`,
      'Flood',
    ],
    [
      'a Rest that nobody asked for',
      FLUSHES,
      `  if (taken > 10) say(INIC_PIPE_REST, settings, 2, NULL, 0);\n${FLUSHES}`,
      'OutOfTurn',
    ],
    ['no word of its answers', TELLS, 'if (told && taken < 10) say(', 'Unannounced'],
    ['deaf', 'looks < LOOKS || ring_more()', 'looks < LOOKS', 'Hang'],
  ])(
    'is told by name where it is wrong: %s',
    (name, from, to, fault) => {
      const card = built(`free-${name.replaceAll(' ', '-')}`, from, to);
      const started = performance.now();
      const { verdicts } = run(card, 'tour/', 500);
      expect(verdicts.map((verdict) => verdict.fault)).toContain(fault);
      expect(performance.now() - started).toBeLessThan(30_000);
    },
    60_000,
  );

  it.each([
    [
      'a transmit buffer',
      '    bucket_used[bucket.context] = 0;',
      '    bucket_used[bucket.context] = 0;\n    region[SETTING(TRANSMIT_OFFSET) + 5] ^= 1;',
      'in a transmit buffer',
    ],
    [
      'a bucket that it has told of',
      '    bucket_used[bucket.context] = 0;',
      '    static uint32_t told = 0;\n    if (told != 0 && told != bucket.address) region[told + 3] ^= 1;\n' +
        '    told = bucket.address;\n    bucket_used[bucket.context] = 0;',
      'in bucket',
    ],
  ])(
    'is told where it writes %s',
    (name, from, to, words) => {
      const { verdicts } = run(built(`writes-${name.replaceAll(' ', '-')}`, from, to), 'tour/exchange', 2000);
      const found = verdicts.flatMap(({ findings }) => findings).filter(({ rule }) => rule === 'O-04');
      expect(found.map(({ what }) => what).join()).toContain(words);
    },
    60_000,
  );

  it('is measured beside the other forms', () => {
    const lines = runForeignCardBench(built('measured'), 0.01, 1);
    expect(lines.length).toBe(6);
    for (const line of lines)
      expect(Number(/: ([\d,]+) frames/.exec(line)?.[1].replaceAll(',', ''))).toBeGreaterThan(0);
  }, 60_000);

  it('is told where it shows frames before they are written', () => {
    const from = '  for (; reply_head != reply_tail && sent - head < capacity; reply_head++)';
    const shown = 'sent + (reply_tail - reply_head)';
    const early = `  inic_ring_publish(answers, INIC_RING_TAIL, INIC_RING_TAIL_EVENT, ${shown});\n  usleep(500);\n`;
    const torn = built('torn', from, early + from, ['-O1', '-D_DEFAULT_SOURCE']);
    const { verdicts } = run(torn, 'tour/exchange', 500);
    expect(verdicts.map(({ outcome }) => outcome)).toEqual(['failed']);
    expect(verdicts[0].findings.length).toBeGreaterThan(0);
  }, 60_000);
});
