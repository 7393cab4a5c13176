/**
 * The records of what was sent: whatever happens, and however few are free, they and their sums agree, and what
 * must be split is split; and their assertions.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRoomAtEnd, splitRecord } from '../../src/tcpip/tcp/coarsen.ts';
import { checkFree, checkSent } from '../../src/tcpip/tcp/sent-checks.ts';
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
  if (records.isShort(tcb)) makeRoomAtEnd(records, tcb);
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
  must: isNotHeld,
  lose: (flags: number) => (flags & (HELD | LOST)) === 0,
  find: (flags: number) => (flags & LOST) !== 0,
  release: (flags: number) => (flags & HELD) !== 0,
};

it('agrees with its sums, whatever is sent, held, lost, found, split, thrown away and acknowledged', () => {
  const step = fc.record({
    kind: fc.constantFrom(
      'send',
      'hold',
      'lose',
      'find',
      'resend',
      'split',
      'must',
      'release',
      'acknowledge',
    ),
    which: fc.nat(1000),
    bytes: fc.integer({ min: 1, max: 5000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom(1, 2, 5, 64), (steps, room) => {
      const { records, tcb } = filled(3, room);
      const all = records.next.length;
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
            splits(records, tcb, record, at, kind === 'must');
          }
        }
        checkSent(records, tcb);
        checkFree(records, [tcb]);
      }
      records.forget(tcb);
      expect(records.available).toBe(all);
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

/** Splits a record, if need be at the expense of others: it keeps what it was, and its beginning. */
function splits(records: SentSegments, tcb: Tcb, record: number, at: number, must: boolean): void {
  const [start, end, lost] = [records.start[record], records.end[record], records.flags[record] & LOST];
  const held = tcb.recovery.sackedBytes;
  if (!splitRecord(records, tcb, record, at, must)) {
    expect(must).toBe(false);
    expect(records.end[record]).toBe(end);
    return;
  }
  const second = records.next[record];
  expect([records.start[record], records.end[record], records.start[second]]).toEqual([start, at, at]);
  expect([records.flags[record] & (LOST | HELD), records.flags[second] & (LOST | HELD)]).toEqual([
    lost,
    lost,
  ]);
  if (must) return;
  expect(records.end[second]).toBe(end);
  expect(tcb.recovery.sackedBytes).toBe(held);
}

describe('when the records run out', () => {
  /** What each record of a connection is: its first and last thousand, and whether held, lost or sent again. */
  function told(records: SentSegments, tcb: Tcb): string {
    return some(records, tcb, () => true)
      .map((record) => {
        const [from, to] = [records.start, records.end].map((edge) => ((edge[record] - START) | 0) / 1000);
        const flags = records.flags[record];
        return `${from}-${to}${(flags & HELD) === 0 ? '' : 'H'}${(flags & LOST) === 0 ? '' : 'L'}`;
      })
      .join(' ');
  }

  it('gives every connection its share, and puts together what was sent first', () => {
    const records = new SentSegments(2, 2);
    const tcbs = [new Tcb(0), new Tcb(1)];
    for (const tcb of tcbs) {
      tcb.mss = 1000;
      tcb.sndUna = tcb.sndMax = START | 0;
    }
    for (let i = 0; i < 10; i++) send(records, tcbs[0], 1000, i);
    for (let i = 0; i < 10; i++) send(records, tcbs[1], 1000, 20 + i);
    for (const tcb of tcbs) checkSent(records, tcb);
    expect(tcbs.map((tcb) => told(records, tcb))).toEqual(['0-8 8-9 9-10', '0-8 8-9 9-10']);
    expect(records.available).toBe(2);
  });

  it('knows a long flight by halves, what was sent last the best', () => {
    const { records, tcb } = filled(16, 8);
    expect(told(records, tcb)).toBe('0-4 4-8 8-10 10-12 12-13 13-14 14-15 15-16');
    checkSent(records, tcb);
  });

  it('makes one of all that is lost, and takes segments of any size off it', () => {
    const { records, tcb } = filled(6, 1);
    for (const record of some(records, tcb, () => true)) records.lose(tcb, record);
    tcb.mss = 250;
    for (let at = 250; at < 5000; at += 250) {
      expect(splitRecord(records, tcb, tcb.sent.firstLost, (START + at) | 0, true)).toBe(true);
      records.resend(tcb, tcb.sent.firstLost, 100 + at);
      checkSent(records, tcb);
    }
    expect(told(records, tcb)).toMatch(/^0-4.* 4.75-6L$/);
    expect(tcb.recovery.lostBytes).toBe(1250);
  });

  it('takes no report of the peer that there is no room for, and forgets one only where something must go', () => {
    const { records, tcb } = filled(3, 1);
    const [first, second, third] = some(records, tcb, () => true);
    records.hold(tcb, second);
    records.lose(tcb, third);
    expect(splitRecord(records, tcb, first, (START + 500) | 0, false)).toBe(false);
    expect(told(records, tcb)).toBe('0-1 1-2H 2-3L');
    expect(splitRecord(records, tcb, third, (START + 2500) | 0, true)).toBe(true);
    expect(told(records, tcb)).toBe('0-2 2-2.5L 2.5-3L');
    checkSent(records, tcb);
  });

  it('forgets what is held in front of what is lost, and that goes with it', () => {
    const { records, tcb } = filled(3, 1);
    const [first, second, third] = some(records, tcb, () => true);
    records.lose(tcb, first);
    records.hold(tcb, second);
    records.lose(tcb, third);
    splitRecord(records, tcb, first, (START + 500) | 0, true);
    expect(told(records, tcb)).toBe('0-0.5L 0.5-1L 1-3L');
    checkSent(records, tcb);
  });
});

describe('the assertions of what was sent', () => {
  type Filled = ReturnType<typeof filled>;
  const broken = (fault: (f: Filled) => void) => () => {
    const f = filled(4);
    f.records.hold(f.tcb, f.tcb.sent.head);
    f.records.lose(f.tcb, f.tcb.sent.oldest);
    checkSent(f.records, f.tcb);
    fault(f);
    checkSent(f.records, f.tcb);
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
  trips('sent segments: what is added to is in the network', () => {
    const { records } = filled(1);
    records['widenLast'](new Tcb(1), 10, 1, 9);
  });
  trips(
    'sent segments: what is put together has a neighbour',
    does(({ records, tcb }) => records.merge(tcb, tcb.sent.tail, HELD)),
  );
  trips(
    'sent segments: a part of what is in the network was sent',
    broken((f) => f.records.merge(f.tcb, first(f), 0)),
  );
  trips('sent segments: what has swallowed another holds something', () => {
    const { records, tcb } = filled(2);
    records.end[tcb.sent.tail] = records.start[tcb.sent.head];
    records.merge(tcb, tcb.sent.head, 0);
  });
  trips('coarsen: room is made where there is none', () => {
    const { records, tcb } = filled(1);
    makeRoomAtEnd(records, tcb);
  });
  trips('coarsen: what is split is recorded', () => {
    const { records, tcb } = filled(1);
    splitRecord(records, tcb, -1, 0, false);
  });
  trips('coarsen: who has no record needs none of its own for another', () => {
    const { records, tcb } = filled(0);
    records.isShort = () => true;
    makeRoomAtEnd(records, tcb);
  });
  trips('coarsen: of three records two can be put together', () => {
    const { records, tcb } = filled(2, 1);
    records.hold(tcb, tcb.sent.tail);
    records.isShort = () => true;
    records.merge = () => -1;
    makeRoomAtEnd(records, tcb);
  });
  trips('coarsen: what is split the peer does not hold', () => {
    const { records, tcb } = filled(3, 1);
    records.hold(tcb, tcb.sent.tail);
    splitRecord(records, tcb, tcb.sent.tail, (START + 2500) | 0, false);
  });
  trips('coarsen: the walk over what is lost has come to its end', () => {
    const { records, tcb } = filled(2, 1);
    records.isShort = () => true;
    tcb.sent.firstLost = -2;
    makeRoomAtEnd(records, tcb);
  });
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
    does(({ records }) => checkFree(records, [])),
  );
});
