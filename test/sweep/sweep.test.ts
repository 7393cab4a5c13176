/** `inic sweep` as its user runs it: results, and what is left of a sweep that does not end. */

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAIN, type Outcome, runNode, testFolder } from '../cli/commands.ts';
import { LONG } from '../long.ts';

const folder = testFolder();
const at = (name: string): string => join(folder, name);
const sweep = (...args: string[]): Promise<Outcome> => runNode(folder, [MAIN, 'sweep', ...args]);

/** Points without the head, which has facts of the machine. */
const pointLines = (name: string): string[] => readFileSync(at(name), 'utf8').trimEnd().split('\n').slice(1);

const PLAN = `title: of a test
world: pair
workload: { workload: TCP_RR, connections: 4, size: 64, think: 20us, spread: exponential }
vary: { pools.transmitBuffers: 2..8:x2, workload.size: [64, 4096] }
seeds: 1..2
operations: 300
`;
writeFileSync(at('plan.yaml'), PLAN);
/** Enough of it that a signal comes in its midst. */
writeFileSync(at('long.yaml'), PLAN.replace('1..2', '1..5'));

function expectOneLine(outcome: Outcome, words: RegExp | string): void {
  expect(outcome.stderr).toMatch(words);
  expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(outcome.code).toBe(1);
}

/** Runs the long plan until its journal has some points, and then sends a signal. */
function interrupted(out: string, signal: NodeJS.Signals): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, 'sweep', 'long.yaml', '--out', out], { cwd: folder });
    let stderr = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      stderr += text;
      if (/10 %/.test(text)) child.kill(signal);
    });
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

describe('inic sweep', () => {
  it('writes a head and a line each point, the same with one worker or three', async () => {
    const one = await sweep('plan.yaml', '--workers', '1', '--out', 'one.jsonl', '--csv', 'one.csv');
    expect(one.code).toBe(0);
    expect(one.stdout).toMatch(/^of a test: 12 of 12 points/);
    await sweep('plan.yaml', '--workers', '3', '--out', 'three.jsonl');
    const lines = pointLines('one.jsonl');
    expect(lines).toHaveLength(12);
    expect(pointLines('three.jsonl')).toEqual(lines);
    expect(lines.map((line) => JSON.parse(line).point)).toEqual(lines.map((_, i) => i));
    expect(JSON.parse(lines[3])).toMatchObject({
      settings: { 'pools.transmitBuffers': 2, 'workload.size': 4096, seed: 2 },
      ok: true,
      balanced: true,
    });
    const [head] = readFileSync(at('one.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(head)).toMatchObject({
      format: 'inic-sweep',
      version: 1,
      varies: ['pools.transmitBuffers', 'workload.size'],
      points: 12,
      plan: { operations: 300, warmup: 30, costs: 'card-2025' },
    });
    const rows = readFileSync(at('one.csv'), 'utf8').trimEnd().split('\n');
    expect(rows).toHaveLength(13);
    expect(rows[0]).toMatch(/^point,pools.transmitBuffers,workload.size,seed,ok,error,operations/);
    expect(existsSync(at('one.jsonl.journal'))).toBe(false);
  });

  it('goes on where a limit ended it', async () => {
    await sweep('plan.yaml', '--limit', '5', '--out', 'part.jsonl');
    expect(pointLines('part.jsonl')).toHaveLength(5);
    await sweep('plan.yaml', '--resume', '--out', 'part.jsonl');
    expect(pointLines('part.jsonl')).toEqual(pointLines('one.jsonl'));
    const nothingLeft = await sweep('plan.yaml', '--resume', '--out', 'part.jsonl');
    expect(nothingLeft.code).toBe(0);
    expect(pointLines('part.jsonl')).toEqual(pointLines('one.jsonl'));
  });

  it.runIf(LONG)(
    'keeps what is done when it is interrupted',
    async () => {
      await sweep('long.yaml', '--out', 'whole.jsonl');
      const ended = await interrupted('int.jsonl', 'SIGINT');
      expect(ended.code).toBe(130);
      expect(ended.stderr).toMatch(/interrupted after \d+ of 30 points: go on with --resume\n$/);
      const kept = pointLines('int.jsonl').length;
      expect(kept).toBeGreaterThanOrEqual(3);
      expect(kept).toBeLessThan(30);
      await sweep('long.yaml', '--resume', '--out', 'int.jsonl');
      expect(pointLines('int.jsonl')).toEqual(pointLines('whole.jsonl'));
    },
    180_000,
  );

  it('keeps what is done when it is killed', async () => {
    await sweep('long.yaml', '--out', 'long.jsonl');
    const whole = pointLines('long.jsonl');
    await interrupted('kill.jsonl', 'SIGKILL');
    expect(existsSync(at('kill.jsonl'))).toBe(false);
    // The point whose line was being written is measured again.
    writeFileSync(at('kill.jsonl.journal'), `${readFileSync(at('kill.jsonl.journal'), 'utf8')}{"poi`);
    expectOneLine(await sweep('long.yaml', '--out', 'kill.jsonl'), /a sweep that did not end has left it/);
    await sweep('long.yaml', '--resume', '--out', 'kill.jsonl');
    expect(pointLines('kill.jsonl')).toEqual(whole);
  }, 180_000);

  it('takes a point that fails as a result, and goes on', async () => {
    writeFileSync(at('late.yaml'), `${PLAN}limit: 20ms\n`.replace('think: 20us', 'think: 100us'));
    const outcome = await sweep('late.yaml', '--out', 'late.jsonl', '--csv', 'late.csv');
    const results = pointLines('late.jsonl').map((line) => JSON.parse(line));
    expect(results).toHaveLength(12);
    const failed = results.filter(({ ok }) => !ok);
    expect(failed.length).toBeGreaterThan(0);
    expect(outcome.code).toBe(failed.length === 12 ? 1 : 0);
    expect(failed[0].error).toMatch(
      /^the measurement came to \d+ of 300 operations in 0.02 s of virtual time$/,
    );
    expect(outcome.stdout).toContain(`${failed.length} of 12 points failed`);
  });

  it('refuses files that are foreign, damaged, or of another plan', async () => {
    writeFileSync(at('foreign.txt'), 'my only copy\n');
    expectOneLine(
      await sweep('plan.yaml', '--out', 'foreign.txt'),
      /foreign.txt: is no results file of a sweep/,
    );
    expectOneLine(
      await sweep('plan.yaml', '--resume', '--out', 'foreign.txt'),
      /foreign.txt:1: is no results file/,
    );
    expect(readFileSync(at('foreign.txt'), 'utf8')).toBe('my only copy\n');
    expectOneLine(
      await sweep('long.yaml', '--resume', '--out', 'one.jsonl'),
      /one.jsonl: is of another plan/,
    );
    const text = readFileSync(at('one.jsonl'), 'utf8');
    const damaged: [string, RegExp][] = [
      [text.slice(0, -20), /bad.jsonl:13: is damaged: the line has no end/],
      [text.replace('{"point":4', '{"point":5'), /bad.jsonl:6: is damaged: expected a point of the plan/],
      [text.replace('"version":1', '"version":7'), /bad.jsonl:1: expected version 1 of the format, got 7/],
      [text.replace('"points":12', '"points":13'), /bad.jsonl:1: is damaged: its plan has not the points/],
      [
        text.replace('"p50":', '"p50":-'),
        /bad.jsonl:2: is damaged: "latencyUs.p50" expected a number of 0 or/,
      ],
    ];
    for (const [bytes, words] of damaged) {
      writeFileSync(at('bad.jsonl'), bytes);
      expectOneLine(await sweep('plan.yaml', '--resume', '--out', 'bad.jsonl'), words);
    }
    expectOneLine(
      await sweep('plan.yaml', '--out', 'no/such/x.jsonl'),
      /cannot write no\/such\/.*: no such file/,
    );
    expectOneLine(await sweep('plan.yaml', '--out', '/dev/full'), /\/dev\/full: is no results file/);
  });

  it('ends with one line when there is no room for its results', async () => {
    const command = `ulimit -f 2; exec "${process.execPath}" "${MAIN}" sweep plan.yaml --out full.jsonl`;
    const outcome = await new Promise<Outcome>((resolve) => {
      const child = spawn('bash', ['-c', command], { cwd: folder });
      let stderr = '';
      child.stderr.setEncoding('utf8');
      child.stderr.on('data', (text: string) => (stderr += text));
      child.on('close', (code) => resolve({ code: code ?? -1, stdout: '', stderr }));
    });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr.trimEnd().split('\n').at(-1)).toBe(
      'inic: cannot write full.jsonl.journal: file too large',
    );
  });

  it.each([
    [['TCP_XR'], /there is no plan "TCP_XR": did you mean TCP_RR or TCP_CRR\?/],
    [['nowhere.yaml'], /there is no plan "nowhere.yaml": expected a YAML file, a workload \(TCP_RR, .*rpc/],
    [['plan.yaml', '--vary', 'pools.transmitBuffers=1'], /--vary says what the plan says/],
    [['plan.yaml', '--costs', 'none'], /--costs says what the plan says/],
    [['plan.yaml', '--resume'], /--resume needs --out/],
    [['TCP_RR', '--vary', 'pools.transmitBuffers'], /"vary" expected path=values/],
    [['TCP_RR', '--vary', 'pools.nonsense=1,2'], /"vary.pools.nonsense": "cards.left.pools.nonsense" /],
    [
      ['TCP_RR', '--link', 'fast'],
      /"link" expected a rate and a one-way delay, such as 10G,100us, got "fast"/,
    ],
    [['TCP_RR', '--seed', 'x'], /"seeds" expected whole numbers/],
    [['TCP_RR', '--costs', 'x'], /there is no cost profile "x"/],
    [['TCP_RR', '--workers', '0'], /whole number from 1 to 256/],
  ])('%j is refused', async (args, words) => {
    expectOneLine(await sweep(...args), words);
  });

  it('needs no plan', async () => {
    const short = ['--link', '10G,100us', '--costs', 'card-2005', '--seed', '1..2', '--operations', '200'];
    const vary = [
      '--vary',
      'pools.transmitBuffers=2..32:x4',
      '--vary',
      'driver.transmitDryPolicy=EAGAIN,block',
    ];
    const outcome = await sweep('TCP_RR', ...vary, ...short);
    expect(outcome.stdout).toMatch(/^TCP_RR, 32 connections, 128 bytes: 12 of 12 points, costs of card-2005/);
    expect(outcome.stdout).toMatch(
      /The knee of pools.transmitBuffers with driver.transmitDryPolicy=block is \d+:/,
    );
  });

  it.runIf(LONG)('says what it found when it is asked nothing', async () => {
    const outcome = await sweep();
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/The knee of pools.transmitBuffers is \d+: [\d,]+ operations\/s/);
  });
});
