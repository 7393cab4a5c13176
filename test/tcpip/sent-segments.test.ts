/** The records of what was sent: whatever happens, they and their sums agree; and their assertions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HELD, LOST, SentSegments, segmentsOf } from '../../src/tcpip/tcp/sent-segments.ts';
import { Tcb } from '../../src/tcpip/tcp/tcb.ts';
import { trips } from '../rules/trips.ts';

const START = 0x7fff_fff0;

/** Records of 1000 sequence numbers each, sent one after the other. */
function filled(count: number, room = 64) {
  const records = new SentSegments(room, 2);
  const tcb = new Tcb(0);
  tcb.mss = 1000;
  tcb.iss = (START - 1) | 0;
  tcb.sndUna = tcb.sndMax = START | 0;
  for (let i = 0; i < count; i++) send(records, tcb, 1000, i);
  return { records, tcb };
}

function send(records: SentSegments, tcb: Tcb, bytes: number, nowUs: number): void {
  const end = (tcb.sndMax + bytes) | 0;
  records.append(tcb, tcb.sndMax, end, Math.ceil(bytes / 1000), nowUs);
  tcb.sndMax = end;
}

/** The records in order, by a condition on their flags. */
function some(records: SentSegments, tcb: Tcb, allowed: (flags: number) => boolean): number[] {
  const found: number[] = [];
  for (let record = tcb.sent.head; record >= 0; record = records.next[record]) {
    if (allowed(records.flags[record])) found.push(record);
  }
  return found;
}

const isNotHeld = (flags: number): boolean => (flags & HELD) === 0;

/** To which records each may happen. */
const MAY = {
  hold: isNotHeld,
  resend: isNotHeld,
  split: isNotHeld,
  lose: (flags: number) => (flags & (HELD | LOST)) === 0,
  find: (flags: number) => (flags & LOST) !== 0,
  release: (flags: number) => (flags & HELD) !== 0,
};

it('agrees with its sums, whatever is sent, held, lost, found, split, thrown away and acknowledged', () => {
  const step = fc.record({
    kind: fc.constantFrom('send', 'hold', 'lose', 'find', 'resend', 'split', 'release', 'acknowledge'),
    which: fc.nat(1000),
    bytes: fc.integer({ min: 1, max: 5000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom(6, 64), (steps, room) => {
      const { records, tcb } = filled(3, room);
      for (const [i, { kind, which, bytes }] of steps.entries()) {
        const pick = (allowed: (flags: number) => boolean): number => {
          const found = some(records, tcb, allowed);
          return found.length === 0 ? -1 : found[which % found.length];
        };
        const nowUs = 10 + i;
        if (kind === 'send') send(records, tcb, bytes, nowUs);
        else if (kind === 'acknowledge') acknowledge(records, tcb, bytes);
        else {
          const record = pick(MAY[kind]);
          if (record < 0) continue;
          const at = (records.start[record] + (bytes % 1000)) | 0;
          if (kind === 'hold') records.hold(tcb, record);
          else if (kind === 'lose') records.lose(tcb, record);
          else if (kind === 'find') records.findAgain(tcb, record, nowUs);
          else if (kind === 'release') records.release(tcb, record);
          else if (kind === 'resend') records.resend(tcb, record, nowUs);
          else if (((at - records.start[record]) | 0) > 0 && ((records.end[record] - at) | 0) > 0) {
            records.split(tcb, record, at);
          }
        }
        records.check(tcb);
        records.checkFree([tcb]);
      }
      records.forget(tcb);
      expect(records.available).toBe(room + 2);
      expect([tcb.recovery.sackedBytes, tcb.recovery.lostBytes, tcb.sent.heldSegments]).toEqual([0, 0, 0]);
    }),
  );
});

/** So many more sequence numbers are acknowledged, as far as they were sent. */
function acknowledge(records: SentSegments, tcb: Tcb, bytes: number): void {
  const una = (tcb.sndUna + Math.min(bytes, (tcb.sndMax - tcb.sndUna) | 0)) | 0;
  while (tcb.sent.head >= 0 && ((records.end[tcb.sent.head] - una) | 0) <= 0) records.dropFirst(tcb);
  if (tcb.sent.head >= 0 && ((una - records.start[tcb.sent.head]) | 0) > 0) records.cutFirst(tcb, una);
  tcb.sndUna = una;
}

it('gives every connection a record, and adds to it what is sent when the table is full', () => {
  const records = new SentSegments(2, 2);
  const tcbs = [new Tcb(0), new Tcb(1)];
  for (const tcb of tcbs) tcb.mss = 1000;
  for (let i = 0; i < 10; i++) send(records, tcbs[0], 1000, i);
  send(records, tcbs[1], 1000, 20);
  for (const tcb of tcbs) records.check(tcb);
  expect(records.end[tcbs[0].sent.tail]).toBe(10_000);
  expect(records.split(tcbs[0], tcbs[0].sent.tail, 5000)).toBe(false);
});

describe('the assertions of what was sent', () => {
  type Filled = ReturnType<typeof filled>;
  const broken = (fault: (f: Filled) => void) => () => {
    const f = filled(4);
    f.records.hold(f.tcb, f.tcb.sent.head);
    f.records.lose(f.tcb, f.tcb.sent.oldest);
    f.records.check(f.tcb);
    fault(f);
    f.records.check(f.tcb);
  };
  const first = ({ tcb }: Filled): number => tcb.sent.head;
  const second = ({ records, tcb }: Filled): number => records.next[tcb.sent.head];
  const does = (fault: (f: Filled) => void) => () => fault(filled(4));

  trips(
    'sent segments: a record has at least one sequence number',
    does(({ records, tcb }) => records.append(tcb, tcb.sndMax, tcb.sndMax, 1, 9)),
  );
  trips(
    'sent segments: records lie end to end',
    does(({ records, tcb }) => records.append(tcb, tcb.sndMax + 1, tcb.sndMax + 2, 1, 9)),
  );
  trips(
    'sent segments: what the peer holds stays in one piece',
    broken((f) => f.records.split(f.tcb, first(f), (f.tcb.sndUna + 1) | 0)),
  );
  trips('sent segments: a segment holds at least one sequence number', () => segmentsOf(0, 1000));
  trips('sent segments: what is added to is there', () => {
    const { records } = filled(1);
    records['widenLast'](new Tcb(1), 10, 1, 9);
  });
  trips(
    'sent segments: only what the peer holds is put together',
    broken((f) => f.records['joinNext'](f.tcb, first(f))),
  );
  trips('sent segments: what leaves the network was in it', () => {
    const { records, tcb } = filled(1);
    tcb.sent.oldest = -1;
    records.dropFirst(tcb);
  });
  trips('sent segments: what is acknowledged was recorded', () => filled(0).records.dropFirst(new Tcb(0)));
  trips(
    'sent segments: what is cut keeps at least one sequence number',
    does(({ records, tcb }) => records.cutFirst(tcb, tcb.sndUna)),
  );
  trips(
    'sent segments: both parts of a record that is split hold something',
    does(({ records, tcb }) => records.split(tcb, tcb.sent.head, tcb.sndUna)),
  );
  trips(
    'sent segments: what the peer reports anew it did not hold',
    broken((f) => f.records.hold(f.tcb, first(f))),
  );
  trips(
    'sent segments: what is lost was in the network',
    broken((f) => f.records.lose(f.tcb, first(f))),
  );
  trips(
    'sent segments: what is found again was lost',
    broken((f) => f.records.findAgain(f.tcb, first(f), 9)),
  );
  trips(
    'sent segments: nothing is sent again that the peer holds',
    broken((f) => f.records.resend(f.tcb, first(f), 9)),
  );
  trips(
    'sent segments: what the peer throws away it held',
    broken((f) => f.records.release(f.tcb, second(f))),
  );
  trips(
    'sent segments: a connection that is over has no records',
    does(({ records, tcb }) => {
      tcb.sent.oldest = 1;
      tcb.sent.newest = 1;
      records['leaveTimes'] = () => {};
      records.forget(tcb);
    }),
  );
  trips(
    'sent segments: a record is free for every connection',
    does(({ records, tcb }) => {
      records['free'] = -1;
      send(records, tcb, 10, 9);
    }),
  );
  trips(
    'sent segments: no record is empty',
    broken((f) => {
      f.records.end[first(f)] = f.records.start[first(f)];
    }),
  );
  trips(
    'sent segments: the records lie end to end from sndUna on',
    broken((f) => {
      f.tcb.sndUna += 1;
    }),
  );
  trips(
    'sent segments: the records are linked both ways',
    broken((f) => {
      f.records.previous[second(f)] = -1;
    }),
  );
  trips(
    'sent segments: the tail is the last record linked',
    broken((f) => {
      f.tcb.sent.tail = first(f);
    }),
  );
  trips(
    'sent segments: the records reach to what was sent last',
    broken((f) => {
      f.tcb.sndMax += 1;
    }),
  );
  trips(
    'sent segments: as much is held as is counted',
    broken((f) => {
      f.tcb.sent.heldSegments += 1;
    }),
  );
  trips(
    'sent segments: as much is lost as is counted',
    broken((f) => {
      f.tcb.recovery.lostBytes += 1;
    }),
  );
  trips(
    'sent segments: the first that is lost is known',
    broken((f) => {
      f.tcb.sent.firstLost = -1;
    }),
  );
  trips(
    'sent segments: what is in the network is in the order of its sending',
    broken((f) => {
      f.records.sentUs[f.tcb.sent.oldest] = 100;
    }),
  );
  trips(
    'sent segments: only what is in the network has a time',
    broken((f) => {
      f.tcb.sent.oldest = first(f);
    }),
  );
  trips(
    'sent segments: all that is in the network is in the order of its sending',
    broken((f) => {
      f.tcb.sent.oldest = f.tcb.sent.newest;
    }),
  );
  trips(
    'sent segments: each record is free or in one list',
    does(({ records }) => records.checkFree([])),
  );
});
