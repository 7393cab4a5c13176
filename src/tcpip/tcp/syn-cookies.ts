/**
 * SYN cookies (RFC 4987 §3.6): an initial sequence number that says, to whoever has the key, that a SYN was
 * answered a moment ago, and with which MSS. So a SYN can be answered and forgotten. Laid out as Linux has
 * it:
 *
 *   hash of addresses and ports + the peer's number + minute << 24 + (hash of them and the minute + MSS) &
 *   2^24-1
 *
 * Where timestamps are used, the lowest bits of ours hold what the SYN offered besides:
 *
 *   bits 0 to 3 window shift, 15: none   4 SACK   5 ECN
 */
import { assert } from '../../assert/assert.ts';
import type { Random } from '../../time/random.ts';
import { KeyedHash } from '../keyed-hash.ts';
import { after, hasPassed } from '../seq.ts';

/** What a cookie can say of the peer's MSS, rounded down: the usual ones (Linux's, as measured in 2011). */
const SIZES = [536, 1300, 1440, 1460] as const;
const MINUTE_MS = 60_000;
/** A cookie is good in the minute it was made and in the next. */
const MINUTES_MAX = 2;
const LOW_BITS = 0xff_ffff;

/** The bits of a timestamp that hold options. */
const STAMP_BITS = 63;
export const STAMP_NO_SHIFT = 15;
export const STAMP_SACK = 16;
export const STAMP_ECN = 32;

export class SynCookies {
  private readonly places: KeyedHash;
  private readonly minutes: KeyedHash;
  /** 1 once a cookie was sent, and when the latest was: without one no segment can have one. */
  private sent = 0;
  private sentMs = 0;

  constructor(random: Random) {
    this.places = new KeyedHash(random);
    this.minutes = new KeyedHash(random);
  }

  /**
   * The initial sequence number of an answer. @param ports ours in the upper half. @param seq of the SYN.
   * @param mss the peer's.
   */
  make(local: number, remote: number, ports: number, seq: number, mss: number, nowMs: number): number {
    assert(mss > 0, 'SYN cookies: a peer takes segments of some size');
    let size = SIZES.length - 1;
    while (size > 0 && SIZES[size] > mss) size -= 1;
    this.sent = 1;
    this.sentMs = nowMs;
    const minute = minuteOf(nowMs);
    this.places.hash(local, remote, ports);
    const sum = (this.places.low + seq + (minute << 24)) | 0;
    const cookie = (sum + ((this.ofMinute(minute) + size) & LOW_BITS)) | 0;
    return cookie;
  }

  /**
   * What an acknowledged number says. @param cookie the number that is acknowledged, less 1. @param seq of
   * the peer's SYN. @returns the MSS; 0: it is no cookie of ours, or too old.
   */
  mssOf(cookie: number, local: number, remote: number, ports: number, seq: number, nowMs: number): number {
    this.places.hash(local, remote, ports);
    const rest = (cookie - this.places.low - seq) | 0;
    const now = minuteOf(nowMs);
    const age = (now - (rest >>> 24)) & 0xff;
    if (age >= MINUTES_MAX) return 0;
    const size = (rest - this.ofMinute((now - age) & 0xff)) & LOW_BITS;
    return size < SIZES.length ? SIZES[size] : 0;
  }

  /** Whether a cookie may be on its way back: if none was sent lately, nobody is let guess one. */
  mayCome(nowMs: number): boolean {
    return this.sent !== 0 && !hasPassed(nowMs, this.sentMs, MINUTES_MAX * MINUTE_MS);
  }

  /** Of the place that was hashed last. */
  private ofMinute(minute: number): number {
    assert(minute >= 0 && minute < 256, 'SYN cookies: a minute has eight bits');
    this.minutes.hash(this.places.low, this.places.high, minute);
    return this.minutes.low;
  }
}

/**
 * Eight bits of a count of minutes. The clock wraps where they do not: then a cookie is lost, and no harm
 * done.
 */
function minuteOf(nowMs: number): number {
  return Math.floor((nowMs >>> 0) / MINUTE_MS) & 0xff;
}

/** Our timestamp, made a little older, so that its lowest bits say what the SYN offered. */
export function stampWith(options: number, stamp: number): number {
  assert((options & ~STAMP_BITS) === 0, 'SYN cookies: the options fit the bits that there are');
  const said = (stamp & ~STAMP_BITS) | options | 0;
  return after(said, stamp) ? (said - STAMP_BITS - 1) | 0 : said;
}

/** What `stampWith` has put there. */
export function stampOptions(stamp: number): number {
  return stamp & STAMP_BITS;
}
