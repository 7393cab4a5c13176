/** `inic validate` as a program: what it prints, and how it exits. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { FileSink } from '../../src/trace/file-sink.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { first, put, workload } from '../conformance/mutant.ts';
import { MAIN, type Outcome, runNode, testFolder } from './commands.ts';

const TIMEOUT_MS = 30_000;
const OPTION_GET = 0x92;

const folder = testFolder();

/** Records the workload, broken or not. */
function record(name: string, broken: boolean, open = false): void {
  const file = new FileSink(join(folder, name));
  const change = first(OPTION_GET, put(0, 0, 2, 2));
  const { frame, end } = FileSink.prototype;
  if (open) file.end = (timeNs) => end.call(file, timeNs, { host: {}, iop: {}, lost: 0 });
  let done = !broken;
  file.frame = (direction, timeNs, slot, words, at) => {
    if (!done && direction === 1) done = change(words, at);
    frame.call(file, direction, timeNs, slot, words, at);
  };
  const world = new VirtualWorld({
    cards: [{ packetSlots: 128 }],
    traces: [{ sink: file, snapBytes: open ? 0 : 128 }],
  });
  workload(world.cards[0], undefined);
  world.run(() => false, 1e9);
  world.cards[0].endTrace();
  file.close();
}

beforeAll(() => {
  record('clean.trace', false);
  record('open.trace', false, true);
  writeFileSync(join(folder, 'other.txt'), 'hello');
  writeFileSync(join(folder, 'cut.trace'), readFileSync(join(folder, 'clean.trace')).subarray(0, 4000));
});

const validate = (...args: string[]): Promise<Outcome> => runNode(folder, [MAIN, 'validate', ...args]);

it('a clean trace exits 0', { timeout: TIMEOUT_MS }, async () => {
  const { code, stdout } = await validate('clean.trace');
  expect(stdout).toMatch(/^clean\.trace: \d+ frames, [\d,]+ events, 0 violations/);
  expect(code).toBe(0);
});

it('a broken one exits 1, with rule, words and frame', { timeout: TIMEOUT_MS }, async () => {
  try {
    record('broken.trace', true);
  } catch {
    // The driver gives up on a card that answers so.
  }
  const { code, stdout } = await validate('broken.trace', '--json');
  const [judged] = JSON.parse(stdout) as [{ violations: { rule: string; frame: number; doc: string }[] }];
  expect(judged.violations[0]).toMatchObject({ rule: 'H-01' });
  expect(judged.violations[0].frame).toBeGreaterThan(5);
  expect(judged.violations[0].doc).toMatch(/I2O 1\.5/);
  expect([1, 2]).toContain(code);
});

it('what is no whole trace exits 2, each with its line', { timeout: TIMEOUT_MS }, async () => {
  const { code, stdout, stderr } = await validate('cut.trace', 'other.txt', 'missing.trace', 'clean.trace');
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^inic: cut\.trace: the trace was cut/),
    expect.stringMatching(/^inic: other\.txt: not a trace/),
    'inic: cannot read missing.trace: no such file or directory',
  ]);
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^cut\.trace: \d+ frames, .*, up to its damage$/),
    ...['sums', 'packets', 'order'].map((what) =>
      expect.stringMatching(new RegExp(`^cut\\.trace: not judged: .*${what}`)),
    ),
    expect.stringMatching(/^clean\.trace: .*0 violations/),
  ]);
  expect(code).toBe(2);
});

it('as JSON what is wrong with a file is both data and a line', { timeout: TIMEOUT_MS }, async () => {
  const { code, stdout, stderr } = await validate('--json', 'other.txt');
  const [{ damage }] = JSON.parse(stdout) as [{ damage: string }];
  expect(damage).toMatch(/^not a trace/);
  expect([stderr, code]).toEqual([`inic: other.txt: ${damage}\n`, 2]);
});

it('says what it could not judge, which is an error where that is asked for', {
  timeout: TIMEOUT_MS,
}, async () => {
  const lenient = await validate('open.trace');
  expect(lenient.stdout).toMatch(
    /^open\.trace: not judged: the sums \(rules R\): the ledger of the host and card is empty$/m,
  );
  expect(lenient.stdout).toMatch(
    /^open\.trace: not judged: what packets show .*: no packets were recorded$/m,
  );
  expect(lenient.code).toBe(0);
  const { code, stdout } = await validate('open.trace', '--strict', '--json');
  const [{ notJudged }] = JSON.parse(stdout) as [{ notJudged: string[] }];
  expect(notJudged).toHaveLength(2);
  expect(code).toBe(1);
  expect((await validate('clean.trace', '--strict')).code).toBe(0);
});

it('a live card is judged, and what it covered is told', { timeout: TIMEOUT_MS }, async () => {
  const { code, stdout } = await validate('--live', '--virtual', '--transport', 'fifo');
  expect(stdout).toMatch(/^SocketAbort /m);
  expect(stdout).toMatch(/live, fifo, virtual time, seed 1: .* 0 violations/);
  expect(code).toBe(0);
});

it('without a file it says what it needs', { timeout: TIMEOUT_MS }, async () => {
  const { code, stderr } = await validate();
  expect(stderr).toMatch(/needs a trace/);
  expect(code).toBe(1);
});

it.each(['lan', 'window'])('--class %s judges a port in virtual time, and does no other', async (device) => {
  const live = [MAIN, 'validate', '--live', '--class', device, '--seed', '3'];
  const { code, stdout } = await runNode(folder, [...live, '--virtual']);
  expect(code).toBe(0);
  expect(stdout).toContain(`live, ${device}, ring, virtual time, seed 3: `);
  expect(stdout).toContain('0 violations');
  const threaded = await runNode(folder, live);
  expect(threaded.code).toBe(1);
  expect(threaded.stderr).toBe(`inic: --class ${device} is judged in virtual time only: add --virtual\n`);
});
