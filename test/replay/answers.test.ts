/** Answers of a recording and of its replay find each other by key, in the order in which they came. */
import { expect, it } from 'vitest';
import { AnswerPairs } from '../../src/replay/answers.ts';

function pairing(): { answers: AnswerPairs<string>; made: string[] } {
  const made: string[] = [];
  const answers = new AnswerPairs<string>((a, b) => made.push(`${a.value}@${a.frame} ${b.value}`));
  return { answers, made };
}

it('pairs the same key, whichever side was first', () => {
  const { answers, made } = pairing();
  answers.addRecorded('x', { frame: 1, value: 'recorded' });
  answers.addReplayed('x', { frame: 0, value: 'replayed' });
  answers.addReplayed('y', { frame: 0, value: 'early' });
  answers.addRecorded('y', { frame: 2, value: 'late' });
  expect(made).toEqual(['recorded@1 replayed', 'late@2 early']);
  expect(answers.pairs).toBe(2);
  expect(answers.missing).toEqual([]);
  expect(answers.extra).toEqual([]);
});

it('pairs answers of one key in their order', () => {
  const { answers, made } = pairing();
  for (const [i, value] of ['a', 'b'].entries()) answers.addRecorded('x', { frame: i, value });
  for (const value of ['c', 'd']) answers.addReplayed('x', { frame: 0, value });
  expect(made).toEqual(['a@0 c', 'b@1 d']);
});

it('keeps what has no partner: of the recording each, of the replay by key', () => {
  const { answers, made } = pairing();
  answers.addRecorded('x', { frame: 1, value: 'a' });
  answers.addRecorded('x', { frame: 2, value: 'b' });
  answers.addReplayed('y', { frame: 0, value: 'c' });
  answers.addReplayed('y', { frame: 0, value: 'd' });
  expect(made).toEqual([]);
  expect(answers.missing.map(([key, { value }]) => `${key} ${value}`)).toEqual(['x a', 'x b']);
  expect(answers.extra.map(([key, all]) => `${key} ${all.length}`)).toEqual(['y 2']);
});

it('waits for a key as long as a recorded answer of it has no partner', () => {
  const { answers } = pairing();
  expect(answers.waits('x')).toBe(false);
  answers.addRecorded('x', { frame: 1, value: 'a' });
  answers.addRecorded('x', { frame: 2, value: 'b' });
  answers.addReplayed('x', { frame: 0, value: 'c' });
  expect(answers.waits('x')).toBe(true);
  answers.addReplayed('x', { frame: 0, value: 'd' });
  expect(answers.waits('x')).toBe(false);
});
