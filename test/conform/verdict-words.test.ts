/** What a verdict says, and which clauses it accuses: those that the finding is about, and no others. */
import { describe, expect, it } from 'vitest';
import { judge } from '../../src/conform/card/judge.ts';
import { expectationText, replyText } from '../../src/conform/card/reply-words.ts';
import { vectorFile, wordsOf } from '../../src/conform/card/vectors.ts';
import { clauseOutcomes } from '../../src/conform/link/clause-outcomes.ts';

/** A reply of the device's, or of the IOP's. */
function reply(functionCode: number, words: readonly number[], flags = 0xc0, target = 0x10): Int32Array {
  const header = [
    1 | (flags << 8) | ((4 + words.length) << 16),
    target | (1 << 12) | (functionCode << 24),
    1,
    2,
  ];
  return Int32Array.from([...header, ...words]);
}

/** The ids of the clauses that a case has broken. */
function broken(...given: Parameters<typeof clauseOutcomes>): string[] {
  return clauseOutcomes(...given)
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ id }) => id);
}

describe('a verdict', () => {
  it('tells a reply by the names of the spec, each code as the class and the status have it', () => {
    const cases: [Int32Array, string | undefined, string][] = [
      [reply(0x81, [0]), undefined, 'SocketCreate: Success'],
      [reply(0x9a, [(5 << 24) | 25]), undefined, 'SocketInfoGet: ErrorNoData, UnknownFunction (25)'],
      [reply(0x96, [(5 << 24) | 9]), undefined, 'SocketNameGet: ErrorNoData, EBADF (9)'],
      [
        reply(0x96, [(11 << 24) | 17, 0, 0]),
        undefined,
        'SocketNameGet: TransactionError, InvalidParameter (17)',
      ],
      [reply(0x06, [(5 << 24) | 4]), undefined, 'UtilParamsGet: ErrorNoData, ReplyBufferFull (4)'],
      [
        reply(0xa3, [(5 << 24) | 13], 0xc0, 0),
        undefined,
        'ExecSysTabSet: ErrorNoData, InappropriateFunction (13)',
      ],
      [
        reply(0x3b, [(5 << 24) | 10]),
        'lan',
        'LanPacketSend: ErrorNoData, BucketOverrun/UnsupportedFunction (10)',
      ],
      [reply(0x01, [3]), undefined, 'UtilAbort: abortedCount 0x3'],
      [reply(0x89, [0, 7], 0xd0), undefined, 'SocketSend: a list of 2, Success'],
      [reply(0xee, [(5 << 24) | 25]), undefined, 'function 0xee: ErrorNoData, UnknownFunction (25)'],
      [
        reply(0x83, [(0x85 << 24) | (4 << 16), 0, 0, -1, 0], 0xe0),
        undefined,
        'SocketBind: failure record, StateError, severity PathState',
      ],
    ];
    for (const [words, className, text] of cases) expect(replyText(words, className)).toBe(text);
  });

  it('tells what was expected in the same words', () => {
    const { vectors } = vectorFile('order.json');
    const texts = vectors.map(({ expect: expected }) => expectationText(expected));
    expect(texts).toContain('a failure record, InvalidVersion, severity FormatError');
    expect(texts).toContain('TransactionError, MessageTooSmall (21)');
    expect(texts).toContain('ErrorNoData, InappropriateFunction');
    const [vector] = vectors;
    expect(judge(vector, [])).toBe(`expected ${texts[0]}; got nothing`);
  });

  it('takes a number for free whose close was answered before, and not one whose close is answered behind', () => {
    const { vectors } = vectorFile('socket-states.json');
    const vector = vectors.find(({ id }) => id === 'SocketCreate/state/Closing')!;
    const [, , initiator, transaction] = wordsOf(vector);
    const made = reply(0x81, [0]);
    made.set([initiator, transaction], 2);
    const closed = reply(0x8f, [0, 2]);
    expect(judge(vector, [closed, made])).toBe('');
    expect(judge(vector, [made, closed])).toMatch(/^expected ErrorNoData, EINVAL; got SocketCreate: Success/);
  });

  it('tells a context that came back though ErrorOffset names its element', () => {
    const vector = vectorFile('socket.json').vectors.find(({ id }) => id === 'SocketSend/request/no-last')!;
    const [, , initiator, transaction] = wordsOf(vector);
    const refused = reply(0x89, [(11 << 24) | 16, 24, 0]);
    refused.set([initiator, transaction], 2);
    const home = reply(0x89, [0, 0], 0xd0);
    home[3] = (0x80 << 24) | 1;
    expect(judge(vector, [refused])).toBe('');
    expect(judge(vector, [refused, home])).toMatch(/^context 0 came back, and ErrorOffset 24 names/);
  });

  it('accuses no clause of ports or of the window for what a socket did', () => {
    const tour = { id: 'tour/exchange', kind: 'tour' as const };
    for (const rule of ['T-01', 'B-08', 'T-02', 'T-04']) {
      const clauses = broken(tour, 'card', 'failed', [{ what: 'wrong', rule }]);
      expect(clauses.length).toBeGreaterThan(0);
      expect(clauses.filter((id) => /^CARD-1[56]\./.test(id))).toEqual([]);
    }
  });

  it('accuses of what is missing afterwards the clause of that alone', () => {
    const one = { id: 'order/version-flags', kind: 'vector' as const };
    const books = { what: 'it has kept 1 inbound frames', clause: 'CARD-6.13' };
    expect(broken(one, 'card', 'failed', [books])).toEqual(['CARD-6.13']);
    expect(broken(one, 'card', 'failed', [books, { what: 'never answered' }])).toContain('CARD-6.1');
  });
});
