/**
 * The host in Python over a file that both sides map, in turns and by itself; and what one that is wrong is
 * told. Skipped, loudly, where python3 or koffi is missing. Shown in docs/conform.md.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Conformance, type Conformed } from '../../src/conform/run/run.ts';
import { mapOver } from '../../src/linux/file-mapping.ts';
import { loadLibc } from '../../src/linux/libc.ts';
import { testFolder } from '../cli/commands.ts';
import { ROOT } from '../rules/sources.ts';

const folder = testFolder();
const path = join(folder, 'region');
const can = loadLibc() !== undefined && spawnSync('python3', ['--version']).status === 0;
if (!can)
  process.stderr.write('SKIPPED: python3 or koffi is not installed, so no file is shared with a host\n');

/** The host's program, with one place of it changed. */
function host(name: string, from = '', to = ''): string {
  const examples = join(ROOT, 'spec/examples/python');
  const text = readFileSync(join(examples, 'host.py'), 'utf8');
  if (from !== '') expect(text.split(from).length).toBe(2);
  copyFileSync(join(examples, 'inic.py'), join(folder, 'inic.py'));
  writeFileSync(join(folder, `${name}.py`), text.replace(from, to));
  return `PYTHONDONTWRITEBYTECODE=1 python3 '${join(folder, `${name}.py`)}'`;
}

function tried(exec: string, only: string, free: boolean, patienceMs = 20_000): Conformed {
  const memory = { path, free, map: (region: Parameters<typeof mapOver>[1]) => mapOver(path, region) };
  return new Conformance({ target: { exec }, role: 'host', only, patienceMs, memory }).run();
}

describe.skipIf(!can)('a host over a shared file', () => {
  it.each([
    ['in turns', false],
    ['by itself', true],
  ])(
    'passes %s',
    (_name, free) => {
      const exec = host('good');
      for (const only of ['transfer/', 'replies/Socket']) {
        const { verdicts, failure } = tried(exec, only, free);
        expect(failure).toBe('');
        expect(verdicts.length).toBeGreaterThan(3);
        expect(verdicts.flatMap(({ id, findings }) => findings.map(({ what }) => [id, what]))).toEqual([]);
      }
    },
    60_000,
  );

  it.each([
    ['another processor', 'platform.machine() in X86', 'False', 'it does not take up FreeRunning'],
    ['x86', 'platform.machine() in X86', 'True', ''],
  ])(
    'without a fence of C runs by itself on x86 alone: %s',
    (name, from, to, failure) => {
      const exec = host(`unfenced-${name.length}`, from, to);
      const file = exec.split("'")[1];
      writeFileSync(file, readFileSync(file, 'utf8').replace('libatomic.so.1', 'libnone.so.1'));
      const only = 'transfer/100';
      expect(tried(exec, only, true).failure).toContain(failure);
      const { verdicts, failure: inTurns } = tried(exec, only, false);
      expect(inTurns).toBe('');
      expect(verdicts.map(({ findings }) => findings.length)).toEqual(verdicts.map(() => 0));
    },
    60_000,
  );

  it.each([
    ['in turns', false],
    ['by itself', true],
  ])(
    'is told of bytes that it sends and has not written, also where they were there before: %s',
    (name, free) => {
      // Each buffer holds what it is to hold from the start on, and is written once.
      const same = 'data = bytes((i * 31 + (i >> 8)) & 0xFF for i in range(length))';
      const exec = host(`forgetful-${name.length}`, same, 'data = bytes(0xA5 for _ in range(length))');
      const file = exec.split("'")[1];
      const writes = '        self.write(address, data)\n        flags = inic.SGL_TRANSMIT';
      const once = writes.replace('self.write', 'if buffer not in self.filled: self.write');
      const text = readFileSync(file, 'utf8').replace(
        writes,
        once.replace('flags =', 'self.filled.add(buffer)\n        flags ='),
      );
      writeFileSync(
        file,
        text.replace('        self.records = []', '        self.records, self.filled = [], set()'),
      );
      const { verdicts } = tried(exec, 'transfer/100000', free);
      const rules = verdicts.flatMap(({ findings }) => findings.map(({ rule }) => rule));
      expect(rules).toContain('O-05');
    },
    60_000,
  );

  const RINGS =
    '            self.pipe.send(inic.PIPE_DOORBELL)\n\n    def take_arrived(self):\n        """Takes what';
  const POSTS = '        self.posted = (self.posted + 1) & 0xFFFFFFFF\n';
  const once = (what: string): string => `${POSTS}        if self.posted == 9:\n            ${what}\n`;
  it.each([
    ['an index too far', POSTS, once('self.posted += 999'), true, 'FrameOverrun'],
    ['an index too far', POSTS, once('self.posted += 999'), false, 'FrameOverrun'],
    ['the card’s index', POSTS, once('self.requests.store(inic.RING_HEAD, 77)'), true, 'OutsideWindow'],
    ['between the words', POSTS, once('self.answers.store(inic.RING_HEAD + 8, 1)'), false, 'OutsideWindow'],
    ['dies', POSTS, once('os._exit(3)'), true, 'Death'],
    ['never rests', POSTS, once('[0 for _ in iter(int, 1)]'), true, 'Hang'],
    ['no doorbell', RINGS, RINGS.replace('self.pipe.send(inic.PIPE_DOORBELL)', 'pass'), true, 'Unannounced'],
    ['no doorbell', RINGS, RINGS.replace('self.pipe.send(inic.PIPE_DOORBELL)', 'pass'), false, 'Unannounced'],
    ['a frame by the pipe', POSTS, once('Host.send_frame(self, frame)'), true, 'OutOfTurn'],
  ])(
    'is told by name where it is wrong: %s',
    (name, from, to, free, fault) => {
      const started = performance.now();
      const exec = host(`${name.replace(/\W/g, '-')}-${free}`, from, to);
      const { verdicts } = tried(exec, 'transfer/100', free, 1500);
      expect(verdicts.map((verdict) => verdict.fault ?? verdict.findings[0]?.what)).toContain(fault);
      expect(performance.now() - started).toBeLessThan(30_000);
    },
    60_000,
  );
});
