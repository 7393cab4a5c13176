/** When the value of an option is known, and when it may be the old one or the new one: nothing is told then. */
import { expect, it } from 'vitest';
import {
  SOCKET_OPTION_GET as GET,
  getSocketOptionGetReplyValue,
  SOCKET_OPTION_SET as SET,
} from '../../src/i2o/socket.gen.ts';
import { SO_KEEPALIVE, SO_SNDBUF, TCP_CONGESTION, TCP_KEEPCNT } from '../../src/socket/options.ts';
import type { Findings } from '../../src/validate/findings.ts';
import type { MessageRow } from '../../src/validate/message-rows.ts';
import { OptionValues } from '../../src/validate/option-values.ts';

const SOCKET = 2;

class Bed {
  readonly told: string[] = [];
  readonly values: OptionValues;

  constructor() {
    const findings = {
      report: (rule: string, _subject: number, seen: string) => this.told.push(`${rule} ${seen}`),
    };
    this.values = new OptionValues(4, findings as unknown as Findings);
    this.values.forget(SOCKET);
  }

  ask(functionCode: number, option: number, silent = false): void {
    const row = { functionCode, silent: () => silent } as unknown as MessageRow;
    this.values.asked(row, SOCKET, Int32Array.of(0, 0, 0, 0, SOCKET, option, 0), 0);
  }

  answer(functionCode: number, option: number, value: number, success = true): void {
    const words = Int32Array.of(0, 0, 0, 0, 0, value);
    expect(getSocketOptionGetReplyValue(words, 0)).toBe(value);
    this.values.answered(functionCode, SOCKET, option, value, success, words, 0);
  }

  set(option: number, value: number, success = true): void {
    this.ask(SET, option);
    this.answer(SET, option, value, success);
  }

  get(option: number, value: number): void {
    this.ask(GET, option);
    this.answer(GET, option, value);
  }
}

const wrong = (value: number, told: number): string[] => [
  `E-10 option ${SO_KEEPALIVE} of socket ${SOCKET} was set to ${value}, and is told as ${told}`,
];

it('tells of a value that is not the last that was set', () => {
  const bed = new Bed();
  bed.get(SO_KEEPALIVE, 1);
  bed.set(SO_KEEPALIVE, 5);
  bed.get(SO_KEEPALIVE, 1);
  bed.set(TCP_KEEPCNT, 9);
  bed.get(TCP_KEEPCNT, 9);
  expect(bed.told).toEqual([]);
  bed.get(SO_KEEPALIVE, 0);
  expect(bed.told).toEqual(wrong(1, 0));
});

it.each<[string, (bed: Bed) => void]>([
  ['of an option that a card may round', (bed) => bed.set(SO_SNDBUF, 4000)],
  ['of what was refused', (bed) => bed.set(SO_KEEPALIVE, 1, false)],
  ['of what was set without an answer', (bed) => bed.ask(SET, SO_KEEPALIVE, true)],
  ['of a number that has begun anew', (bed) => [bed.set(SO_KEEPALIVE, 1), bed.values.forget(SOCKET)]],
  ['of one that is being set', (bed) => [bed.set(SO_KEEPALIVE, 1), bed.ask(SET, SO_KEEPALIVE)]],
  ['of a value that means another', (bed) => bed.set(TCP_CONGESTION, -1)],
])('tells nothing %s', (_what, before) => {
  const bed = new Bed();
  before(bed);
  for (const option of [SO_SNDBUF, SO_KEEPALIVE, TCP_CONGESTION]) bed.get(option, 0);
  expect(bed.told).toEqual([]);
});

it('tells nothing of a value that was asked for before it was set, and knows the next one', () => {
  const bed = new Bed();
  bed.ask(GET, SO_KEEPALIVE);
  bed.set(SO_KEEPALIVE, 1);
  bed.answer(GET, SO_KEEPALIVE, 0);
  expect(bed.told).toEqual([]);
  bed.set(SO_KEEPALIVE, 1);
  bed.get(SO_KEEPALIVE, 0);
  expect(bed.told).toEqual(wrong(1, 0));
});
