/**
 * What an image says of each segment that was sent and not acknowledged (`sent-segments.ts`), and how another
 * stack goes on with it. A stack that finds losses by count, and has no such records, makes do with the
 * ranges that the peer holds; one that finds them by time, and is given no records, makes some of the ranges.
 * Where the two differ in what they know of a loss, all that the peer is not known to hold is sent again, as
 * after a time-out, and the congestion window stays as it is.
 */
import { assert } from '../../../assert/assert.ts';
import { DUE_HOLES, DUE_NOTHING, RECOVERY_NONE, RECOVERY_TIMEOUT } from '../control-block/recovery-state.ts';
import { HELD, LOST, RESENT, type SentSegments, segmentsOf } from '../sent-segments.ts';
import type { TcpTables } from '../tables.ts';
import { flightBytes, type Tcb } from '../tcb.ts';
import type { ConnectionImage, ImageRecord } from './connection-image.ts';
import { SPAN_MAX } from './image-fields.ts';

/** A connection's records, in the order of their numbers. */
function chainOf({ sent }: TcpTables, tcb: Tcb): number[] {
  let count = 0;
  for (let record = tcb.sent.head; record >= 0; record = sent.next[record]) count += 1;
  let at = tcb.sent.head;
  return Array.from({ length: count }, () => {
    const record = at;
    at = sent.next[record];
    return record;
  });
}

/** As many ranges of what the peer holds as an image may have are said; what is left out is sent again. */
export function heldRanges(tcp: TcpTables, tcb: Tcb, most: number): (readonly [number, number])[] {
  const { sent } = tcp;
  assert(most >= 0, 'sent image: there is room for so many ranges or more');
  const held = chainOf(tcp, tcb).filter((record) => (sent.flags[record] & HELD) !== 0);
  return held.slice(0, most).map((record) => [sent.start[record], sent.end[record]]);
}

/** What an image says of each record. @param nowUs the stack's clock. */
export function sentRecords(tcp: TcpTables, tcb: Tcb, nowUs: number): ImageRecord[] {
  const { sent } = tcp;
  return chainOf(tcp, tcb).map((record) => {
    const ago = (nowUs - sent.sentUs[record]) | 0;
    // What was sent half an hour ago and more was sent long ago.
    const sentAgoUs = ago < 0 || ago > SPAN_MAX ? SPAN_MAX : ago;
    return {
      end: sent.end[record],
      sentAgoUs,
      segments: sent.segments[record],
      flags: sent.flags[record],
    };
  });
}

/** Goes on with what was sent, as far as this stack writes it down. The fields of the image are set. */
export function restoreSent(tcp: TcpTables, tcb: Tcb, image: ConnectionImage): void {
  const { nowUs, config } = tcp.environment;
  const byTime = config.lossRecovery === 'rack' && tcb.sackPermitted !== 0;
  if (byTime && image.records.length > 0) {
    restoreRecords(tcp.sent, tcb, image.records, nowUs);
    return;
  }
  // Without records, whatever else the image says of them is void.
  if (!byTime || image.ranges.length > 0 || flightBytes(tcb) > 0) tcb.rack.reset();
  if (byTime) recordRanges(tcp, tcb, image);
  else restoreRanges(tcp, tcb, image);
}

/** As they were. */
function restoreRecords(sent: SentSegments, tcb: Tcb, records: readonly ImageRecord[], nowUs: number): void {
  let start = tcb.sndUna;
  const placed = records.map((record) => {
    sent.append(tcb, start, record.end, record.segments, (nowUs - record.sentAgoUs) | 0);
    start = record.end;
    return { ...record, at: tcb.sent.tail };
  });
  assert(start === tcb.sndMax, 'sent image: the records reach to what was sent last');
  // With too few free records what was sent has become fewer of them, of which less is known.
  if (!isEachItsOwn(placed)) return;
  // The order of sending: `resend` puts a record behind all others.
  const waiting = placed.filter(({ flags }) => (flags & (HELD | LOST)) === 0);
  waiting.sort((one, other) => other.sentAgoUs - one.sentAgoUs);
  for (const { at, sentAgoUs, flags } of waiting) {
    sent.resend(tcb, at, (nowUs - sentAgoUs) | 0);
    sent.flags[at] = flags;
  }
  for (const { at, flags } of placed) {
    sent.flags[at] |= flags & RESENT;
    if ((flags & HELD) !== 0) sent.hold(tcb, at);
    else if ((flags & LOST) !== 0) sent.lose(tcb, at);
  }
}

/** Whether there was a record for each. */
function isEachItsOwn(placed: readonly { readonly at: number }[]): boolean {
  return placed.every(({ at }, i) => i === 0 || at !== placed[i - 1].at);
}

/**
 * Of the ranges that the peer holds records are made. When the others were sent is not known: they count as
 * sent again just now, so that no round trip is measured by them.
 */
function recordRanges(tcp: TcpTables, tcb: Tcb, image: ConnectionImage): void {
  const { sent, environment, sendQueue } = tcp;
  const { recovery } = tcb;
  if (flightBytes(tcb) <= 0) return;
  const isLost = recovery.phase !== RECOVERY_NONE || tcb.sndNxt !== tcb.sndMax;
  let start = tcb.sndUna;
  const ends = image.ranges.flatMap(({ seq, length }) => [seq, (seq + length) | 0]);
  const placed = [...ends, tcb.sndMax].flatMap((end, i) => {
    const from = start;
    start = end;
    if (from === end) return [];
    sent.append(tcb, from, end, segmentsOf((end - from) | 0, tcb.mss), environment.nowUs);
    sent.flags[tcb.sent.tail] |= RESENT;
    return [{ at: tcb.sent.tail, isHeld: i % 2 === 1 }];
  });
  assert(tcb.sent.head >= 0, 'sent image: of what is outstanding there is a record');
  if (isEachItsOwn(placed)) for (const { at, isHeld } of placed) if (isHeld) sent.hold(tcb, at);
  if (!isLost) return;
  for (const record of chainOf(tcp, tcb)) if ((sent.flags[record] & HELD) === 0) sent.lose(tcb, record);
  recoverAnew(tcb);
  recovery.due = DUE_HOLES;
  tcb.sndNxt = tcb.sndMax;
  if (tcb.sends.count > 0) sendQueue.seek(tcb, Math.min((tcb.sndMax - tcb.sndUna) | 0, image.sendBytes));
}

/** Of records this stack, or this connection, has none: what the peer holds is all that is kept. */
function restoreRanges(tcp: TcpTables, tcb: Tcb, image: ConnectionImage): void {
  for (const { seq, length } of image.ranges) tcp.scoreboard.restore(tcb, seq, (seq + length) | 0);
  if (image.records.length === 0) return;
  tcb.recovery.due = DUE_NOTHING;
  if (tcb.recovery.phase === RECOVERY_NONE) return;
  recoverAnew(tcb);
  if (tcb.sends.count > 0) tcp.sendQueue.rewind(tcb);
  tcb.sndNxt = tcb.sndUna;
}

function recoverAnew(tcb: Tcb): void {
  const { recovery } = tcb;
  assert(flightBytes(tcb) > 0, 'sent image: what is recovered anew is outstanding');
  recovery.phase = RECOVERY_TIMEOUT;
  recovery.recover = tcb.sndMax;
  recovery.due = DUE_NOTHING;
  recovery.dupAcks = 0;
}
