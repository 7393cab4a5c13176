/** The records of what was sent against the sums that are kept of them: for assertions, and tests. */
import { assert } from '../../assert/assert.ts';
import { after } from '../seq.ts';
import { HELD, LOST, NONE, type SentSegments } from './sent-segments.ts';
import type { Tcb } from './tcb.ts';

/** One connection's records against its numbers and sums. Costs a walk over them. */
export function checkSent(records: SentSegments, tcb: Tcb): void {
  const { sent, recovery } = tcb;
  let [held, lost, heldSegments, inNetwork, last, firstLost] = [0, 0, 0, 0, NONE, NONE];
  for (let record = sent.head; record >= 0; record = records.next[record]) {
    const bytes = (records.end[record] - records.start[record]) | 0;
    const flags = records.flags[record];
    assert(bytes > 0, 'sent segments: no record is empty');
    assert(
      last < 0 ? records.start[record] === tcb.sndUna : records.end[last] === records.start[record],
      'sent segments: the records lie end to end from sndUna on',
    );
    assert(records.previous[record] === last, 'sent segments: the records are linked both ways');
    if ((flags & HELD) !== 0) {
      held += bytes;
      heldSegments += records.segments[record];
    } else if ((flags & LOST) !== 0) {
      lost += bytes;
      if (firstLost < 0) firstLost = record;
    } else inNetwork += 1;
    last = record;
  }
  assert(last === sent.tail, 'sent segments: the tail is the last record linked');
  assert(
    last < 0 || records.end[last] === tcb.sndMax,
    'sent segments: the records reach to what was sent last',
  );
  assert(
    held === recovery.sackedBytes && heldSegments === sent.heldSegments,
    'sent segments: as much is held as is counted',
  );
  assert(lost === recovery.lostBytes, 'sent segments: as much is lost as is counted');
  assert(firstLost === sent.firstLost, 'sent segments: the first that is lost is known');
  checkTimes(records, tcb, inNetwork);
}

/** The list by time. */
function checkTimes(records: SentSegments, tcb: Tcb, inNetwork: number): void {
  let count = 0;
  let last = NONE;
  for (let record = tcb.sent.oldest; record >= 0 && count <= inNetwork; record = records.later[record]) {
    assert(
      last < 0 || !after(records.sentUs[last], records.sentUs[record]),
      'sent segments: what is in the network is in the order of its sending',
    );
    assert(
      (records.flags[record] & (HELD | LOST)) === 0,
      'sent segments: only what is in the network has a time',
    );
    count += 1;
    last = record;
  }
  assert(
    count === inNetwork && last === tcb.sent.newest,
    'sent segments: all that is in the network is in the order of its sending',
  );
}

/** The free list. @param tcbs all connections. Costs a walk over the table. */
export function checkFree(records: SentSegments, tcbs: readonly Tcb[]): void {
  let count = 0;
  for (const tcb of tcbs) {
    for (let record = tcb.sent.head; record >= 0; record = records.next[record]) count += 1;
  }
  assert(
    count + records.available === records.next.length,
    'sent segments: each record is free or in one list',
  );
}
