/**
 * Our own card and host over the pipe pass; each card and host that is wrong on purpose is told by name, within its
 * time, and the cases that its fault does not touch still pass.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Finding, Outcome } from '../../src/conform/link/case.ts';
import { clauseOutcomes } from '../../src/conform/link/clause-outcomes.ts';
import { CARD_FAULTS, TRANSPORT_FAULTS, type TransportFault } from '../../src/conform/own/card-faults.ts';
import { HOST_FAULTS, type HostFault, SPOILT_TRANSFER } from '../../src/conform/own/host-faults.ts';
import { Conformance, type Conformed } from '../../src/conform/run/run.ts';
import { clauseTallies } from '../../src/report/conform-clauses.ts';
import { countsOf } from '../../src/report/conform-text.ts';
import { LONG } from '../long.ts';
import { ROOT } from '../rules/sources.ts';

const OWN = `${process.execPath} ${ROOT}/dist/src/conform/own/main.js`;
/** Messages that read and set, among them the one that the faults are about. */
const ONLY = 'et/request/typical';
const SPOILT = 'SocketNameGet/request/typical';

function tried(exec: string, only: string, patienceMs = 20_000, role: 'card' | 'host' = 'card'): Conformed {
  return new Conformance({ target: { exec }, role, only, patienceMs }).run();
}

function clauseVerdicts(verdicts: Conformed['verdicts']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    clauseTallies(verdicts, 'card').map(({ clause, verdict }) => [clause.id, verdict]),
  );
}

function started(exec: string, startMs: number): Conformed {
  return new Conformance({ target: { exec }, role: 'card', patienceMs: 100, startMs }).run();
}

/** One of each way of being wrong: in answers, in time, in the pipe. The others are tried in the long form. */
const MAIN_FAULTS: readonly (typeof CARD_FAULTS)[number][] = [
  'wrong-context',
  'double-answer',
  'hang',
  'death',
  'junk',
  'outside-read',
];

/** What is said of each; a name of Fault where the pipe itself was broken. */
const SAID: Readonly<Record<(typeof CARD_FAULTS)[number], readonly [fault: string | null, words: RegExp]>> = {
  'wrong-context': [null, /never answered/],
  'wrong-status': [null, /refused by what it may not be/],
  'no-answer': [null, /never answered/],
  'double-answer': [null, /answered 2 times/],
  hang: ['Hang', /no answer within 4 s/],
  death: ['Death', /ended with exit status 3/],
  junk: ['Junk', /there is no message type 0x4a4a4a4a/],
  'outside-read': ['OutsideWindow', /it read 4 bytes at 0x7ffffff0/],
  'outside-write': ['OutsideWindow', /it wrote 4 bytes at 0x0/],
  unannounced: ['Unannounced', /1 frames were not announced/],
  overrun: ['FrameOverrun', /it released frame -1/],
  'out-of-turn': ['OutOfTurn', /Turn: a back-end that is a card does not send it/],
  flood: ['Flood', /more than 100000 messages in one turn/],
};

/** What is broken of the transport: the cases that fail, the clause, and what is said. */
const SAID_OF_TRANSPORT: Readonly<
  Record<TransportFault, readonly [cases: readonly string[], clause: string, words: RegExp]>
> = {
  'rests-over-work': [['burst', 'together', 'short'], 'TRANSPORT-2.6', /rested over 64 of 64 requests/],
  'interrupts-each': [['together'], 'TRANSPORT-2.11', /announced each of 64 answers by itself/],
  'minds-hints': [['hints'], 'TRANSPORT-2.7', /rested over 1 of 1 requests that were announced/],
  'outlives-reset': [['reset'], 'TRANSPORT-2.12', /1 requests from before the reset were answered after it/],
};

/** Of a host: one that hangs, one that breaks the pipe, and those that only the books or the validator tell. */
const MAIN_HOST_FAULTS: readonly HostFault[] = [
  'hang',
  'huge-length',
  'unclaimed-socket',
  'foreign-memory',
  'idle-doorbells',
  'keeps-replies',
];

const SAID_OF_HOST: Readonly<Record<HostFault, readonly [fault: string | null, words: RegExp]>> = {
  hang: ['Hang', /no answer within 4 s/],
  death: ['Death', /ended with exit status 3/],
  junk: ['Junk', /there is no message type 0x4a4a4a4a/],
  'cut-message': ['Death', /ended with exit status 0/],
  'huge-length': ['Junk', /Frame has 4294967292 bytes/],
  'outside-read': ['OutsideWindow', /it read 4 bytes at 0x7ffffff0/],
  'outside-write': ['OutsideWindow', /it wrote 4 bytes at 0x0/],
  unannounced: ['Unannounced', /1 frames were not announced/],
  overrun: ['FrameOverrun', /it released frame -1/],
  'out-of-turn': ['OutOfTurn', /Turn: a back-end that is a host does not send it/],
  flood: ['Flood', /more than 100000 messages in one turn/],
  'double-send': ['FrameOverrun', /it sent frame \d+ again before that was released/],
  'double-request': [null, /B-04 buffer sent twice/],
  'unclaimed-socket': [null, /SocketSend of socket 15, which is Free/],
  'short-frame': [null, /H-02 message size: SocketSend: MessageSize 2/],
  'foreign-memory': [null, /S-0\d|F-0\d/],
  'wrong-size': [null, /S-0\d|F-0\d/],
  'idle-doorbells': [null, /N-01 doorbell for nothing/],
  'keeps-replies': [null, /has not released \d+ frames of the card’s/],
  'forgets-replies': [null, /the host gave up: the card never brought/],
  'short-transfer': [null, /it moved 1 bytes of 5000/],
  'gives-up': [null, /the host gave up: it gives up on purpose/],
  'never-done': [null, /it never said that its program is done/],
};

describe('a card over the pipe', () => {
  it('passes where it is ours', () => {
    const { verdicts, unknown, failure } = tried(OWN, ONLY);
    expect([failure, unknown]).toEqual(['', []]);
    expect(verdicts.length).toBeGreaterThan(8);
    expect(verdicts.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(tried(OWN, 'lists').failure).toMatch(/no case has "lists" in its name/);
  });

  it('passes scenarios, and the tour by our driver', () => {
    expect(countsOf(tried(OWN, 'UtilAbort/').verdicts).failed).toBe(0);
    const { verdicts } = tried(OWN, 'tour/exchange');
    expect(countsOf(verdicts)).toEqual({ passed: 1, failed: 0, notJudged: 0 });
    // A run keeps the clauses that name it, and says nothing of the others.
    expect(clauseVerdicts(verdicts)).toMatchObject({ 'CARD-9.1': 'kept', 'CARD-9.2': 'not judged' });
  });

  it.each<(typeof CARD_FAULTS)[number]>(LONG ? CARD_FAULTS : MAIN_FAULTS)(
    'is told by name where it is wrong: %s',
    (name) => {
      const [fault, words] = SAID[name];
      const { verdicts } = tried(`${OWN} --fault ${name}`, ONLY, name === 'hang' ? 4000 : 20_000);
      const spoilt = verdicts.find(({ id }) => id === SPOILT)!;
      expect([spoilt.outcome, spoilt.fault]).toEqual(['failed', fault]);
      expect(spoilt.findings.map(({ what }) => what).join('; ')).toMatch(words);
      expect(verdicts.filter(({ id, outcome }) => id !== SPOILT && outcome !== 'passed')).toEqual([]);
      const clauses = clauseVerdicts(verdicts);
      expect(clauses).toMatchObject({ 'CARD-5.1': 'broken', 'CARD-7.6': 'broken', 'CARD-7.7': 'kept' });
      expect(clauses['HOST-5.1']).toBeUndefined();
    },
  );

  it.each(TRANSPORT_FAULTS)('is told by the clause where its transport is wrong: %s', (name) => {
    const [cases, clause, words] = SAID_OF_TRANSPORT[name];
    const { verdicts } = tried(`${OWN} --fault ${name}`, 'transport/');
    const failed = verdicts.filter(({ outcome }) => outcome === 'failed');
    expect(failed.map(({ id }) => id)).toEqual(cases.map((one) => `transport/${one}`));
    expect(failed[0].findings.map(({ what }) => what).join('; ')).toMatch(words);
    expect(clauseVerdicts(verdicts)).toMatchObject({ [clause]: 'broken', 'TRANSPORT-2.3': 'not judged' });
  });

  it.each([
    ['sent-too-much', ['told', 'later', 'all', 'both'], /unexpected 132\/0 a10f0000 02000000 00000010/],
    ['sent-not-told', ['told', 'later', 'all', 'both'], /missing 132\/0 a00f0000 02000000 00000010/],
    ['sent-of-another', ['told', 'later', 'all', 'both'], /unexpected 132\/0 a00f0000 03000000 00000010/],
  ])('is told where what it says is sent is wrong: %s', (name, cases, words) => {
    const { verdicts } = tried(`${OWN} --fault ${name}`, 'SocketSend/sent/');
    const failed = verdicts.filter(({ outcome }) => outcome === 'failed');
    expect(failed.map(({ id }) => id)).toEqual(cases.map((one) => `SocketSend/sent/${one}`));
    expect(failed[0].findings.map(({ what }) => what).join('; ')).toMatch(words);
    expect(clauseVerdicts(verdicts)).toMatchObject({ 'CARD-9.7': 'broken' });
  });

  it('has the reason of each clause that was not judged', () => {
    const rows = clauseTallies(tried(OWN, 'transport/').verdicts, 'card');
    for (const { verdict, reason } of rows) expect(reason === '').toBe(verdict !== 'not judged');
    const reasonOf = (id: string): string => rows.find(({ clause }) => clause.id === id)!.reason;
    expect(reasonOf('TRANSPORT-2.3')).toMatch(/^Over the pipe each side works in its turn/);
    expect(reasonOf('TRANSPORT-2.10')).toMatch(/with --memory/);
    expect(reasonOf('CARD-7.4')).toBe('none of the cases that were tried is of it');
  });

  it('ends with one line where the front-end’s words are none', () => {
    for (const words of ['no message, but a line of text', '\u0001\u0000\u0000\u0000\u0002']) {
      const { status, stderr } = spawnSync(process.execPath, [`${ROOT}/dist/src/conform/own/main.js`], {
        input: words.padEnd(40, '\u0000'),
      });
      expect(status).toBe(1);
      expect(stderr.toString()).toMatch(/^Junk: [^\n]+\n$/);
    }
  });

  it('that cannot be started is said to be so', () => {
    expect(started('exit 7', 20_000).failure).toBe('NoStart: the process ended with exit status 7');
    expect(started('echo this is no message, but a line of text', 20_000).failure).toMatch(/^Junk: /);
    expect(started('sleep 30', 300).failure).toBe('Hang: no answer within 0.3 s');
  });
});

describe('a host over the pipe', () => {
  it('passes where it is ours, whatever card it meets and whatever replies are strewn in', () => {
    const verdicts = ['transfer/', 'replies/Socket'].flatMap(
      (only) => tried(OWN, only, 20_000, 'host').verdicts,
    );
    expect(verdicts.length).toBeGreaterThan(15);
    expect(verdicts.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
  });

  it.each(LONG ? HOST_FAULTS : MAIN_HOST_FAULTS)('is told by name where it is wrong: %s', (name) => {
    const [fault, words] = SAID_OF_HOST[name];
    const only = 'transfer/few';
    const { verdicts } = tried(`${OWN} --fault ${name}`, only, name === 'hang' ? 4000 : 20_000, 'host');
    const spoilt = verdicts.find(({ id }) => id === SPOILT_TRANSFER)!;
    expect([spoilt.outcome, spoilt.fault]).toEqual(['failed', fault]);
    expect(spoilt.findings.map(({ what }) => what).join('; ')).toMatch(words);
    expect(verdicts.length).toBeGreaterThan(1);
    expect(verdicts.filter(({ id, outcome }) => id !== SPOILT_TRANSFER && outcome !== 'passed')).toEqual([]);
  });
});

describe('clauses of a case', () => {
  const rule = (id: string): Finding => ({ rule: id, what: '' });
  const of = (
    one: Parameters<typeof clauseOutcomes>[0],
    role: 'card' | 'host',
    outcome: Outcome,
    ...findings: Finding[]
  ): Readonly<Record<string, string>> =>
    Object.fromEntries(
      clauseOutcomes(one, role, outcome, findings).map(({ id, outcome: came }) => [id, came]),
    );
  const tour = { id: 'tour/exchange', kind: 'tour' } as const;

  it('are broken by their rules alone, whoever names the run', () => {
    const broken = of(tour, 'card', 'failed', rule('T-02'), rule('P-07'));
    expect(broken).toMatchObject({ 'CARD-5.1': 'failed', 'CARD-3.3': 'passed', 'CARD-9.4': 'failed' });
  });

  it('are not judged by a run that did not come to its end, but for those that ask no more', () => {
    const unfinished = of(tour, 'card', 'failed', { what: 'it gave up' });
    expect(unfinished).toMatchObject({ 'CARD-5.1': 'notJudged', 'CARD-1.6': 'failed' });
  });

  it('are those of the implementation that is tried', () => {
    expect(of(tour, 'card', 'failed', rule('O-01'))['HOST-8.2']).toBeUndefined();
    const transfer = { id: 'transfer/100', kind: 'transfer' } as const;
    expect(of(transfer, 'host', 'failed', rule('O-01'))).toMatchObject({ 'HOST-8.2': 'failed' });
    const replies = { id: 'replies/UtilLock', kind: 'replies', vectors: ['UtilLock/reply/version'] } as const;
    expect(of(replies, 'host', 'passed')).toMatchObject({ 'HOST-5.4': 'passed' });
  });
});
