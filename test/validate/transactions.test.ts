import { expect, it } from 'vitest';
import { Findings } from '../../src/validate/findings.ts';
import { NONE, Transactions } from '../../src/validate/transactions.ts';

const ROW = 7;

it('a full table is told once, and what it missed is not held against anybody', () => {
  const findings = new Findings();
  const table = new Transactions(0, 16, findings);
  for (let i = 0; i < 3000; i++) table.ask(ROW, 1, i, NONE, 0);
  expect(findings.violations.map(({ rule }) => rule)).toEqual(['T-08']);
  expect(table.overflowed).toBe(true);
});

it('gives the oldest of equal requests first, each once, and room back', () => {
  const table = new Transactions(0, 16, new Findings());
  for (let turn = 0; turn < 5000; turn++) {
    table.ask(ROW, 1, 5, 10, 0);
    table.ask(ROW, 1, 5, 11, 0);
    expect(table.take(ROW, 1, 5, true)).toBe(true);
    expect(table.takenSocket).toBe(10);
    expect(table.take(ROW, 1, 5, true)).toBe(true);
    expect(table.takenSocket).toBe(11);
    expect(table.take(ROW, 1, 5, true)).toBe(false);
  }
  expect(table.waiting).toBe(0);
});

it('remembers the latest requests that need no answer, and what was answered', () => {
  const table = new Transactions(0, 16, new Findings());
  for (let i = 0; i < 20_000; i++) table.mention(ROW, 1, i, i, 0);
  expect(table.takeQuiet(ROW, 1, 3)).toBe(false);
  expect(table.takeQuiet(ROW, 1, 19_990)).toBe(true);
  expect(table.takenSocket).toBe(19_990);
  expect(table.takeQuiet(ROW, 1, 19_990)).toBe(false);
  expect(table.wasAnswered(ROW, 1, 19_990)).toBe(true);
});
