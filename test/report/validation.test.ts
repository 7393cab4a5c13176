/** What `inic validate` prints of a judged trace. */
import { describe, expect, it } from 'vitest';
import { coverageTable, type Judged, summaryLine, violationLines } from '../../src/report/validation.ts';

const violation = {
  rule: 'T-05',
  title: 'contexts',
  doc: 'A reply repeats the contexts of its request.',
  reference: 'I2O 1.5, frame header',
  frame: 7,
  timeNs: 1500,
  seen: 'SocketBind: contexts 1 and 2',
  count: 1,
};
const judged = (part: Partial<Judged>): Judged => ({
  name: 'a.trace',
  frames: 1234,
  events: 5678,
  total: 0,
  violations: [],
  seconds: 0,
  damage: '',
  whole: true,
  notJudged: [],
  ...part,
});

describe('violations', () => {
  it('have their frame, time, rule, the words of the spec, and what was seen', () => {
    expect(violationLines(judged({ violations: [violation] }), 20)).toEqual([
      'a.trace: frame 7 at 1.50 µs: T-05 contexts',
      '    the spec: A reply repeats the contexts of its request. (I2O 1.5, frame header)',
      '    seen: SocketBind: contexts 1 and 2',
    ]);
  });

  it('before the first frame say so, and repeated ones are counted', () => {
    const lines = violationLines(judged({ violations: [{ ...violation, frame: 0, count: 3 }] }), 20);
    expect(lines[0]).toContain('before the first frame');
    expect(lines.at(-1)).toContain('; 3 times in all');
  });

  it('beyond the wanted number are only counted', () => {
    const lines = violationLines(judged({ violations: [violation, violation, violation] }), 1);
    expect(lines.filter((line) => line.includes('T-05'))).toHaveLength(1);
    expect(lines.at(-1)).toBe('a.trace: 2 more not shown (--max)');
  });

  it('are folded at 110 columns', () => {
    const long = { ...violation, doc: 'word '.repeat(60) };
    for (const line of violationLines(judged({ violations: [long] }), 1)) {
      expect(line.length).toBeLessThanOrEqual(110);
    }
  });
});

describe('the summary', () => {
  it('counts, and says what could not be judged', () => {
    expect(summaryLine(judged({}))).toBe('a.trace: 1,234 frames, 5,678 events, 0 violations');
    expect(summaryLine(judged({ total: 1, whole: false }))).toBe(
      'a.trace: 1,234 frames, 5,678 events, 1 violation, no end record: ' +
        'what was open at the end is not judged',
    );
  });

  it('of a damaged file says how far it goes', () => {
    expect(summaryLine(judged({ damage: 'it ends in a record' }))).toMatch(/violations, up to its damage$/);
  });

  it('has a rate only of many frames', () => {
    expect(summaryLine(judged({ seconds: 0.1 }))).not.toContain('/s');
    expect(summaryLine(judged({ frames: 200_000, seconds: 0.1 }))).toContain('2.00 M frames/s');
  });
});

it('coverage leaves out states that no message met', () => {
  const line = { message: 'SocketBind', requests: 12_345, successes: 0, errors: 3, byState: [1, 0, 2] };
  expect(coverageTable([line], ['Open', 'Bound', 'Listening'])).toEqual([
    'message     requests  good  errors  Open  Listening',
    'SocketBind     12.3k     .       3     1          2',
  ]);
});

it('coverage of more states than a terminal has room for names those of each message', () => {
  const states = Array.from({ length: 12 }, (_, i) => `StateNumber${i}`);
  const byState = states.map((_, i) => i);
  const line = { message: 'SocketBind', requests: 66, successes: 66, errors: 0, byState };
  const none = { message: 'ExecHrtGet', requests: 1, successes: 1, errors: 0, byState: states.map(() => 0) };
  const lines = coverageTable([line, none], states);
  const [head, first] = lines;
  const second = lines.at(-1);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  expect(head).toBe('message     requests  good  errors  in states');
  expect(first).toMatch(/^SocketBind {8}66 {4}66 {7}\. {2}StateNumber1 1, StateNumber2 2, /);
  expect(second).toBe('ExecHrtGet         1     1       .');
});
