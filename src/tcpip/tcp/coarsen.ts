/**
 * What becomes of a connection's records of what it has sent when it needs one more and none is free: some
 * of them become one. Linux allocates memory for every segment that it cuts once more; a table that never
 * grows has to know less instead. What is lost and not sent again loses nothing by it. Of what is in the
 * network each two become one: so each record that is needed costs a step or two, and what was sent last is
 * known best.
 */
import { assert } from '../../assert/assert.ts';
import { HELD, LOST, NONE, RESENT, type SentSegments } from './sent-segments.ts';
import type { Tcb } from './tcb.ts';

/** Room to record what is sent next, at the end: at least, what is there may be added to. */
export function makeRoomAtEnd(records: SentSegments, tcb: Tcb): void {
  assert(records.isShort(tcb), 'coarsen: room is made where there is none');
  if (coarsen(records, tcb, NONE)) return;
  if ((records.flags[tcb.sent.tail] & (HELD | LOST)) !== 0) forgetHeld(records, tcb, NONE);
}

/**
 * Makes two records of one that the peer does not hold.
 * @param at where the second begins, within the record.
 * @param must it be, even if what the peer holds is forgotten for it. Then the record may have grown first.
 * @returns whether a record was free for it, or was made free.
 */
export function splitRecord(
  records: SentSegments,
  tcb: Tcb,
  record: number,
  at: number,
  must: boolean,
): boolean {
  assert(record >= 0, 'coarsen: what is split is recorded');
  if (records.isShort(tcb) && !coarsen(records, tcb, record)) {
    if (!must) return false;
    forgetHeld(records, tcb, record);
  }
  records.split(tcb, record, at);
  return true;
}

/**
 * Makes a record free, and forgets nothing that the peer has reported.
 * @param kept the record that is about to be split; it stays as it is.
 * @returns whether there was anything to put together.
 */
function coarsen(records: SentSegments, tcb: Tcb, kept: number): boolean {
  const { available } = records;
  assert(tcb.sent.head >= 0, 'coarsen: who has no record needs none of its own for another');
  joinLost(records, tcb, kept);
  if (records.available === available) joinPairs(records, tcb, kept);
  return records.available > available;
}

/** All that is lost and lies together: it is to be sent again as a whole, in segments of the size of then. */
function joinLost(records: SentSegments, tcb: Tcb, kept: number): void {
  let record = tcb.sent.firstLost;
  while (record >= 0) {
    const following = records.next[record];
    if (following < 0) return;
    const areLost = (records.flags[record] & records.flags[following] & LOST) !== 0;
    if (areLost && record !== kept && following !== kept) records.merge(tcb, record, LOST);
    else record = following;
  }
  assert(record === NONE, 'coarsen: the walk over what is lost has come to its end');
}

/** Each two neighbours in the network that were sent equally often. */
function joinPairs(records: SentSegments, tcb: Tcb, kept: number): void {
  assert(
    kept === NONE || (records.flags[kept] & HELD) === 0,
    'coarsen: what is split the peer does not hold',
  );
  let record = tcb.sent.head;
  while (record >= 0) {
    const following = records.next[record];
    if (following < 0) return;
    const isPair = record !== kept && following !== kept && areAlike(records, record, following);
    record = isPair ? records.next[records.merge(tcb, record, 0)] : following;
  }
}

function areAlike({ flags }: SentSegments, record: number, following: number): boolean {
  const areSent = ((flags[record] | flags[following]) & (HELD | LOST)) === 0;
  return areSent && ((flags[record] ^ flags[following]) & RESENT) === 0;
}

/**
 * No two neighbours are alike. The last two become one all the same: what the peer holds of them counts as
 * still in the network, or goes again with what is lost. RFC 2018 §8 lets a sender forget it.
 * @param kept stays what it is, but may grow at its end.
 */
function forgetHeld(records: SentSegments, tcb: Tcb, kept: number): void {
  const { available, previous, flags } = records;
  let last = tcb.sent.tail;
  let first = previous[last];
  while (first >= 0 && (last === kept || first === kept)) {
    last = first;
    first = previous[first];
  }
  if (first >= 0) records.merge(tcb, first, (flags[first] | flags[last]) & LOST);
  else records.merge(tcb, kept, flags[kept] & LOST);
  assert(records.available > available, 'coarsen: of three records two can be put together');
}
