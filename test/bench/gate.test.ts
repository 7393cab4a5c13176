/** The regression gate: what it reads, how it takes turns, and what it says of figures that are known. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runFifoBench } from '../../bench/fifo.ts';
import { type Baseline, type Form, readBaseline } from '../../bench/gate/baseline.ts';
import { makeBaselineTree } from '../../bench/gate/baseline-tree.ts';
import { type Contest, runTurns } from '../../bench/gate/contest.ts';
import { type Figures, figuresOf } from '../../bench/gate/figures.ts';
import { judge, type Pair, verdictLines } from '../../bench/gate/judge.ts';
import { measureTree } from '../../bench/gate/single.ts';
import { runHdmBench } from '../../bench/hdm.ts';
import { runRingBench } from '../../bench/ring.ts';
import { runTcpipBench } from '../../bench/tcpip.ts';
import { TESTS } from '../../src/record/row.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const ROOT = join(import.meta.dirname, '../..');
const FORM: Form = {
  budgetSeconds: 10,
  durationSeconds: 0.01,
  repeats: 1,
  pairsMin: 3,
  floor: 0.75,
  widthMax: 1.6,
};
const BASELINE: Baseline = {
  commit: '0'.repeat(40),
  short: FORM,
  long: FORM,
  kernelRatioMin: { a: 0.5 },
  heapBytesMax: { a: 100 },
  heapOperationsMin: 1000,
};

const figures = (part: Partial<Figures>): Figures => ({ rates: {}, heap: {}, kernelRatios: {}, ...part });
const pairsOf = (ratios: readonly number[]): Pair[] =>
  ratios.map((ratio, i) => ({
    here: figures({ rates: { a: ratio * (i + 1) } }),
    baseline: figures({ rates: { a: i + 1 } }),
  }));
const outcomes = (pairs: readonly Pair[]) => judge(pairs, BASELINE, FORM).map(({ outcome }) => outcome);

describe('rates of paired runs', () => {
  it('pass when nothing has changed, however fast the machine was at each pair', () => {
    expect(outcomes(pairsOf([1.01, 0.98, 1, 1.02]))).toEqual(['passed']);
  });

  it('fail when all of the interval is below the floor', () => {
    const [verdict] = judge(pairsOf([0.6, 0.65, 0.62, 0.7]), BASELINE, FORM);
    expect(verdict.outcome).toBe('FAILED');
    expect(verdict.why).toBe('0.635 (0.600..0.700, 4 pairs), floor 0.75');
  });

  it('pass when the interval reaches the floor: the loss may be chance', () => {
    expect(outcomes(pairsOf([0.6, 0.7, 0.76, 0.74]))).toEqual(['passed']);
  });

  it('are not judged on a machine too noisy, slower or faster', () => {
    expect(outcomes(pairsOf([0.2, 0.5, 0.9, 0.4]))).toEqual(['not judged']);
    expect(outcomes(pairsOf([1, 2, 3, 1]))).toEqual(['not judged']);
  });

  it('are not judged with too few pairs', () => {
    expect(outcomes(pairsOf([0.1, 0.1]))).toEqual(['not judged']);
  });

  it('are judged one measure at a time', () => {
    const pair = (a: number, b: number): Pair => ({
      here: figures({ rates: { a, b } }),
      baseline: figures({ rates: { a: 1, b: 1 } }),
    });
    const verdicts = judge([pair(1, 0.5), pair(1, 0.5), pair(1, 0.5)], BASELINE, FORM);
    expect(verdicts.map(({ measure, outcome }) => `${measure} ${outcome}`)).toEqual(['a passed', 'b FAILED']);
  });
});

describe('the heap', () => {
  const grown = (bytesPerOperation: number, operations = 5000): Pair => ({
    here: figures({ heap: { a: { bytesPerOperation, operations } } }),
  });

  it('fails when every run grows by more than the bound', () => {
    expect(outcomes([grown(101), grown(150)])).toEqual(['FAILED']);
  });

  it('passes when one run does not: what each operation allocates would be in all', () => {
    expect(outcomes([grown(300), grown(99)])).toEqual(['passed']);
  });

  it('is not judged by runs of few operations, nor without a bound', () => {
    expect(outcomes([grown(5000, 10)])).toEqual(['not judged']);
    const unknown = { here: figures({ heap: { b: { bytesPerOperation: 1, operations: 5000 } } }) };
    expect(outcomes([unknown])).toEqual(['not judged']);
  });
});

describe('without a baseline tree', () => {
  const alone = (ratio: number): Pair => ({
    here: figures({ rates: { a: 5 }, kernelRatios: { a: ratio } }),
  });

  it('the ratio over the kernel is judged, and no rate', () => {
    expect(outcomes([alone(0.6), alone(0.7), alone(0.65)])).toEqual(['passed']);
    expect(outcomes([alone(0.3), alone(0.31), alone(0.32)])).toEqual(['FAILED']);
    expect(outcomes([alone(0.1), alone(0.3), alone(0.4)])).toEqual(['not judged']);
  });
});

describe('turns', () => {
  const play = (baseline: string | undefined, fail = '') => {
    const order: string[] = [];
    const told: string[] = [];
    let seconds = 0;
    const contest = (name: string, lastsSeconds: number): Contest => ({
      name,
      run(root) {
        order.push(`${name} ${root}`);
        seconds += lastsSeconds;
        if (root === fail) throw new Error('it broke');
        return figures({ rates: { [name]: 1 } });
      },
    });
    const turns = { budgetSeconds: 10, seconds: () => seconds, tell: (line: string) => told.push(line) };
    const pairs = runTurns([contest('x', 1), contest('y', 2)], 'here', baseline, turns);
    return { order, told, pairs, seconds };
  };

  it('change who goes first, and begin no pair that would not end in time', () => {
    const { order, pairs, seconds } = play('base');
    expect(order).toEqual([
      ...['x base', 'x here', 'y base', 'y here'],
      ...['x here', 'x base'],
      ...['x base', 'x here'],
    ]);
    expect(pairs.length).toBe(4);
    expect(seconds).toBe(10);
  });

  it('run this tree alone where there is no baseline', () => {
    const { order, pairs } = play(undefined);
    expect(order.every((line) => line.endsWith('here'))).toBe(true);
    expect(pairs.every(({ baseline }) => baseline === undefined)).toBe(true);
  });

  it('leave a pair out whose baseline fails, and say so; but a failure of this tree ends the gate', () => {
    const { pairs, told } = play('base', 'base');
    expect(pairs).toEqual([]);
    expect(told[0]).toBe('x, the baseline: it broke');
    expect(() => play('base', 'here')).toThrow('it broke');
  });
});

describe('a bench report', () => {
  const row = { test: 'TCP_RR', api: 'socket', params: { connections: 32 } };
  const result = {
    ...row,
    stack: 'inic',
    transport: 'ring',
    rate: { value: 1000 },
    memory: { hostAllocatedBytesPerOp: 2, iopHeapGrowthBytesPerOp: 3 },
    repeats: [{ operations: 400 }, { operations: 300 }],
  };
  const comparison = {
    ...row,
    side: { transport: 'ring' },
    baseline: { stack: 'kernel' },
    rate: { median: 1.5 },
  };

  it('gives rates, growth and ratios by the row', () => {
    const report = {
      results: [result, { ...result, stack: 'kernel' }],
      comparisons: [comparison],
      failures: [],
    };
    expect(figuresOf(JSON.stringify(report))).toEqual({
      rates: { 'TCP_RR socket x32': 1000 },
      heap: {
        'TCP_RR socket x32, host': { bytesPerOperation: 2, operations: 300 },
        'TCP_RR socket x32, card': { bytesPerOperation: 3, operations: 300 },
      },
      kernelRatios: { 'TCP_RR socket x32': 1.5 },
    });
  });

  it('is refused when a side failed, or nothing of the card was measured', () => {
    const failures = [{ test: 'TCP_RR', error: 'no card' }];
    expect(() => figuresOf(JSON.stringify({ results: [result], comparisons: [], failures }))).toThrow(
      'TCP_RR: no card',
    );
    expect(() => figuresOf(JSON.stringify({ results: [], comparisons: [], failures: [] }))).toThrow(
      'nothing',
    );
  });
});

describe('the measures of one thread', () => {
  it('measure this tree, and its heap', () => {
    const tree = { runRingBench, runFifoBench, runTcpipBench, runHdmBench, VirtualWorld };
    const { rates, heap } = measureTree(tree, 0.002);
    expect(Object.keys(rates)).toEqual([
      'simulated segments',
      'ring',
      'fifo',
      'stack',
      'device, checksummed 64 B',
      'device, segmented 65160 B',
    ]);
    for (const rate of Object.values(rates)) expect(rate).toBeGreaterThan(0);
    expect(heap['simulated segments'].operations).toBeGreaterThan(20);
  });
});

describe('the baseline', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inic-gate-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is one commit, and bounds of ratios and bytes: each form asks for enough pairs', () => {
    const baseline = readBaseline(ROOT);
    expect(baseline.commit).toMatch(/^[0-9a-f]{40}$/);
    for (const form of [baseline.short, baseline.long]) {
      expect(form.floor).toBeLessThan(1);
      expect(form.pairsMin).toBeGreaterThanOrEqual(3);
    }
    expect(baseline.long.floor).toBeGreaterThan(baseline.short.floor);
    const tests = Object.keys(baseline.kernelRatioMin).map((name) => name.split(' ')[0]);
    expect(tests.filter((name) => !TESTS.some((test) => test === name))).toEqual([]);
  });

  it('is said to be missing where there is no history', () => {
    expect(makeBaselineTree(folder, BASELINE.commit)).toMatch(
      /^commit 0000000000 is not in this copy's history/,
    );
  });
});

it('a verdict is one line, the columns under each other', () => {
  const lines = verdictLines([
    { measure: 'ring', outcome: 'passed', why: '1.0' },
    { measure: 'simulated', outcome: 'not judged', why: '0 of 3 pairs' },
  ]);
  expect(lines).toBe('ring       passed      1.0\nsimulated  not judged  0 of 3 pairs');
});
