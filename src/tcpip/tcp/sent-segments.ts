/**
 * What each connection has sent and its peer has not acknowledged, segment by segment: RFC 9293's
 * retransmission queue, without the bytes, which lie in the send queue. A record says from where to where,
 * when it was sent last, and what has become of it: held by the peer (SACK, RFC 2018), lost, sent again.
 * Records of a connection lie end to end from `sndUna` to `sndMax`. A packet that the device cuts is one
 * record until its parts fare differently; what the peer holds in one piece becomes one record again.
 *
 * A second list has those in the network in the order in which they were sent: loss detection by time
 * (RFC 8985) looks at the oldest first, and ends its search early.
 *
 * One table serves all connections. Each may always have a few records; when all others are in use, who needs
 * one more puts neighbours of its own together (`coarsen.ts`): then less is known, and more is sent again.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { after, before } from '../seq.ts';
import type { Tcb } from './tcb.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** Bits of a record's flags. The peer holds it. */
export const HELD = 1;
/** It is taken for lost, and is to be sent again. */
export const LOST = 2;
/** It has been sent more than once. */
export const RESENT = 4;

/** No record. */
export const NONE = -1;

/**
 * Records that every connection with bytes outstanding may have, however many the others have: one that is to
 * be split, one on either side of it; of the three, two can be put together for the fourth.
 */
const SHARE = 3;

export class SentSegments {
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** When it was sent last: the stack's microseconds. */
  readonly sentUs: Int32Array;
  readonly flags: Uint8Array;
  /** How many segments it stands for. */
  readonly segments: Uint16Array;
  /** The neighbours in the order of sequence numbers. */
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** The neighbours in the order of sending; only of what is neither held nor lost. */
  readonly later: Int32Array;
  readonly sooner: Int32Array;
  /** The first of the records that nobody uses, linked by `next`. */
  private free = 0;
  available: number;
  /** Records that are left to connections that have less than their share. */
  private readonly reserve: number;

  /**
   * @param elements of all send queues: so many records are there for whoever needs them, and no more
   *   connections than that have bytes outstanding. Each of these has its share.
   * @param connections each of which may have one record, for its FIN.
   */
  constructor(elements: number, connections: number) {
    this.reserve = connections + (SHARE - 1) * Math.min(elements, connections);
    const all = elements + this.reserve;
    this.start = new Int32Array(all);
    this.end = new Int32Array(all);
    this.sentUs = new Int32Array(all);
    this.flags = new Uint8Array(all);
    this.segments = new Uint16Array(all);
    this.next = new Int32Array(all);
    this.previous = new Int32Array(all);
    this.later = new Int32Array(all);
    this.sooner = new Int32Array(all);
    this.available = all;
    for (let i = 0; i < all; i++) this.next[i] = i + 1 < all ? i + 1 : NONE;
  }

  /** Whether a connection that needs one more record has its share, and nothing else is free. // Hot path. */
  isShort({ sent }: Tcb): boolean {
    if (this.available > this.reserve || sent.head < 0) return false;
    const second = this.next[sent.head];
    return second >= 0 && this.next[second] >= 0;
  }

  /** What lies behind all that is recorded has been sent. @param segments of it. // Hot path. */
  append(tcb: Tcb, start: number, end: number, segments: number, nowUs: number): void {
    const { sent } = tcb;
    if (COSTLY) {
      assert(before(start, end), 'sent segments: a record has at least one sequence number');
      assert(sent.tail < 0 || this.end[sent.tail] === start, 'sent segments: records lie end to end');
    }
    if (this.isShort(tcb)) {
      this.widenLast(tcb, end, segments, nowUs);
      return;
    }
    const record = this.take(start, end, segments, nowUs, 0);
    this.next[record] = NONE;
    this.previous[record] = sent.tail;
    if (sent.tail < 0) sent.head = record;
    else this.next[sent.tail] = record;
    sent.tail = record;
    this.joinTimes(tcb, record);
  }

  /** Takes off a record at the front, or what of it lies before `sndUna`. */
  dropFirst(tcb: Tcb): void {
    const { sent } = tcb;
    const record = sent.head;
    assert(record >= 0, 'sent segments: what is acknowledged was recorded');
    const flags = this.flags[record];
    this.forgetSums(tcb, record, (this.end[record] - this.start[record]) | 0, this.segments[record]);
    if ((flags & (HELD | LOST)) === 0) this.leaveTimes(tcb, record);
    if (sent.firstLost === record) sent.firstLost = this.lostFrom(this.next[record]);
    this.unlink(tcb, record);
  }

  /** A part of the first record is acknowledged. @param una lies within it. */
  cutFirst(tcb: Tcb, una: number): void {
    const record = tcb.sent.head;
    assert(
      record >= 0 && after(una, this.start[record]) && before(una, this.end[record]),
      'sent segments: what is cut keeps at least one sequence number',
    );
    const bytes = (una - this.start[record]) | 0;
    const segments = Math.min(this.segments[record] - 1, segmentsOf(bytes, tcb.mss));
    this.forgetSums(tcb, record, bytes, segments);
    this.segments[record] -= segments;
    this.start[record] = una;
  }

  /**
   * Makes two records of one that the peer does not hold.
   * @param at where the second begins, within the record.
   */
  split(tcb: Tcb, record: number, at: number): void {
    assert(
      after(at, this.start[record]) && before(at, this.end[record]),
      'sent segments: both parts of a record that is split hold something',
    );
    assert((this.flags[record] & HELD) === 0, 'sent segments: what the peer holds stays in one piece');
    const first = Math.min(segmentsOf((at - this.start[record]) | 0, tcb.mss), this.segments[record]);
    const rest = Math.max(1, this.segments[record] - first);
    const flags = this.flags[record];
    const added = this.take(at, this.end[record], rest, this.sentUs[record], flags);
    this.end[record] = at;
    this.segments[record] = Math.max(1, first);
    const following = this.next[record];
    this.next[added] = following;
    this.previous[added] = record;
    this.next[record] = added;
    if (following < 0) tcb.sent.tail = added;
    else this.previous[following] = added;
    if ((flags & (HELD | LOST)) === 0) this.joinTimesBehind(tcb, added, record);
  }

  /** The peer holds it. What touches it and is held as well becomes one with it. @returns the record. */
  hold(tcb: Tcb, record: number): number {
    const { recovery, sent } = tcb;
    const flags = this.flags[record];
    const bytes = (this.end[record] - this.start[record]) | 0;
    assert((flags & HELD) === 0, 'sent segments: what the peer reports anew it did not hold');
    if ((flags & LOST) !== 0) recovery.lostBytes -= bytes;
    else this.leaveTimes(tcb, record);
    recovery.sackedBytes += bytes;
    sent.heldSegments += this.segments[record];
    this.flags[record] = (flags & ~LOST) | HELD;
    if (sent.firstLost === record) sent.firstLost = this.lostFrom(this.next[record]);
    const before = this.previous[record];
    const whole = before >= 0 && (this.flags[before] & HELD) !== 0 ? this.merge(tcb, before, HELD) : record;
    const behind = this.next[whole];
    return behind >= 0 && (this.flags[behind] & HELD) !== 0 ? this.merge(tcb, whole, HELD) : whole;
  }

  /** It is taken for lost. */
  lose(tcb: Tcb, record: number): void {
    assert((this.flags[record] & (HELD | LOST)) === 0, 'sent segments: what is lost was in the network');
    this.leaveTimes(tcb, record);
    this.flags[record] |= LOST;
    tcb.recovery.lostBytes += (this.end[record] - this.start[record]) | 0;
    const { sent } = tcb;
    if (sent.firstLost < 0 || before(this.start[record], this.start[sent.firstLost])) sent.firstLost = record;
  }

  /** It was in the network after all, though it was taken for lost. @param nowUs since when that is known. */
  findAgain(tcb: Tcb, record: number, nowUs: number): void {
    assert((this.flags[record] & LOST) !== 0, 'sent segments: what is found again was lost');
    this.flags[record] &= ~LOST;
    tcb.recovery.lostBytes -= (this.end[record] - this.start[record]) | 0;
    this.sentUs[record] = nowUs;
    this.joinTimes(tcb, record);
    if (tcb.sent.firstLost === record) tcb.sent.firstLost = this.lostFrom(this.next[record]);
  }

  /** It has been sent again. */
  resend(tcb: Tcb, record: number, nowUs: number): void {
    const flags = this.flags[record];
    assert((flags & HELD) === 0, 'sent segments: nothing is sent again that the peer holds');
    if ((flags & LOST) !== 0) tcb.recovery.lostBytes -= (this.end[record] - this.start[record]) | 0;
    else this.leaveTimes(tcb, record);
    this.flags[record] = (flags & ~LOST) | RESENT;
    this.sentUs[record] = nowUs;
    this.joinTimes(tcb, record);
    if (tcb.sent.firstLost === record) tcb.sent.firstLost = this.lostFrom(this.next[record]);
  }

  /** The peer has thrown away what it held (RFC 2018 §8): it is lost. */
  release(tcb: Tcb, record: number): void {
    const { recovery, sent } = tcb;
    assert((this.flags[record] & HELD) !== 0, 'sent segments: what the peer throws away it held');
    const bytes = (this.end[record] - this.start[record]) | 0;
    this.flags[record] = (this.flags[record] & ~HELD) | LOST;
    recovery.sackedBytes -= bytes;
    recovery.lostBytes += bytes;
    sent.heldSegments -= this.segments[record];
    if (sent.firstLost < 0 || before(this.start[record], this.start[sent.firstLost])) sent.firstLost = record;
  }

  /**
   * A record and the next one become one.
   * @param state of it: HELD, LOST, or 0: it is in the network, since the later of both was sent.
   * @returns it, which begins where the first did.
   */
  merge(tcb: Tcb, record: number, state: number): number {
    const second = this.next[record];
    assert(second >= 0, 'sent segments: what is put together has a neighbour');
    const flags = this.flags[record];
    const others = this.flags[second];
    const wasSent = (flags & (HELD | LOST)) === 0;
    const otherWasSent = (others & (HELD | LOST)) === 0;
    assert(
      state !== 0 || wasSent || otherWasSent,
      'sent segments: a part of what is in the network was sent',
    );
    this.forgetSums(tcb, record, (this.end[record] - this.start[record]) | 0, this.segments[record]);
    this.forgetSums(tcb, second, (this.end[second] - this.start[second]) | 0, this.segments[second]);
    const isSecondLater = otherWasSent && (!wasSent || !after(this.sentUs[record], this.sentUs[second]));
    if (state === 0 && isSecondLater) {
      if (wasSent) this.leaveTimes(tcb, record);
      this.joinTimesBehind(tcb, record, second);
      this.sentUs[record] = this.sentUs[second];
    } else if (state !== 0 && wasSent) this.leaveTimes(tcb, record);
    if (otherWasSent) this.leaveTimes(tcb, second);
    this.end[record] = this.end[second];
    this.segments[record] = Math.min(0xffff, this.segments[record] + this.segments[second]);
    this.flags[record] = state | ((flags | others) & RESENT);
    this.forgetSums(tcb, record, (this.start[record] - this.end[record]) | 0, -this.segments[record]);
    this.unlink(tcb, second);
    this.renewFirstLost(tcb, record, second);
    return record;
  }

  /** What was known of the first that is lost may no longer be so: a record has swallowed the next one. */
  private renewFirstLost({ sent }: Tcb, record: number, swallowed: number): void {
    const { firstLost } = sent;
    assert(
      this.end[record] !== this.start[record],
      'sent segments: what has swallowed another holds something',
    );
    if ((this.flags[record] & LOST) !== 0) {
      const isFirst = firstLost < 0 || firstLost === swallowed;
      if (isFirst || before(this.start[record], this.start[firstLost])) sent.firstLost = record;
    } else if (firstLost === record || firstLost === swallowed) {
      sent.firstLost = this.lostFrom(this.next[record]);
    }
  }

  /** The connection is over. */
  forget(tcb: Tcb): void {
    const { sent } = tcb;
    while (sent.head >= 0) this.dropFirst(tcb);
    assert(sent.tail < 0 && sent.oldest < 0, 'sent segments: a connection that is over has no records');
  }

  /** The first record from `record` on that is lost; NONE: there is none. */
  lostFrom(record: number): number {
    let at = record;
    while (at >= 0 && (this.flags[at] & LOST) === 0) at = this.next[at];
    return at;
  }

  private take(start: number, end: number, segments: number, sentUs: number, flags: number): number {
    const record = this.free;
    if (COSTLY) assert(record >= 0, 'sent segments: a record is free for every connection');
    this.free = this.next[record];
    this.available -= 1;
    this.start[record] = start;
    this.end[record] = end;
    this.sentUs[record] = sentUs;
    this.segments[record] = segments;
    this.flags[record] = flags;
    return record;
  }

  /** What was sent becomes part of the record before it, which is in the network. */
  private widenLast(tcb: Tcb, end: number, segments: number, nowUs: number): void {
    const record = tcb.sent.tail;
    assert(
      record >= 0 && (this.flags[record] & (HELD | LOST)) === 0,
      'sent segments: what is added to is in the network',
    );
    this.leaveTimes(tcb, record);
    this.end[record] = end;
    this.segments[record] = Math.min(0xffff, this.segments[record] + segments);
    this.sentUs[record] = nowUs;
    this.joinTimes(tcb, record);
  }

  /** Bytes at the front of a record, and so many segments of it, are acknowledged. */
  private forgetSums(tcb: Tcb, record: number, bytes: number, segments: number): void {
    const { recovery, sent } = tcb;
    const flags = this.flags[record];
    if ((flags & HELD) !== 0) {
      recovery.sackedBytes -= bytes;
      sent.heldSegments -= segments;
    } else if ((flags & LOST) !== 0) {
      recovery.lostBytes -= bytes;
    }
  }

  private unlink(tcb: Tcb, record: number): void {
    const { sent } = tcb;
    const before = this.previous[record];
    const behind = this.next[record];
    if (before < 0) sent.head = behind;
    else this.next[before] = behind;
    if (behind < 0) sent.tail = before;
    else this.previous[behind] = before;
    this.next[record] = this.free;
    this.free = record;
    this.available += 1;
  }

  /** It was sent just now. */
  private joinTimes(tcb: Tcb, record: number): void {
    const { sent } = tcb;
    this.later[record] = NONE;
    this.sooner[record] = sent.newest;
    if (sent.newest < 0) sent.oldest = record;
    else this.later[sent.newest] = record;
    sent.newest = record;
  }

  /** It was sent together with another. */
  private joinTimesBehind(tcb: Tcb, record: number, other: number): void {
    const { sent } = tcb;
    const behind = this.later[other];
    this.later[record] = behind;
    this.sooner[record] = other;
    this.later[other] = record;
    if (behind < 0) sent.newest = record;
    else this.sooner[behind] = record;
  }

  private leaveTimes(tcb: Tcb, record: number): void {
    const { sent } = tcb;
    assert(sent.oldest >= 0, 'sent segments: what leaves the network was in it');
    const before = this.sooner[record];
    const behind = this.later[record];
    if (before < 0) sent.oldest = behind;
    else this.later[before] = behind;
    if (behind < 0) sent.newest = before;
    else this.sooner[behind] = before;
  }
}

/** So many segments are bytes sent as one packet. */
export function segmentsOf(bytes: number, mss: number): number {
  if (COSTLY) assert(bytes > 0, 'sent segments: a segment holds at least one sequence number');
  return bytes <= mss ? 1 : Math.ceil(bytes / mss);
}
