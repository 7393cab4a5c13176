/**
 * Opening without memory: where a listener has as many connections half open as it may, a SYN is answered
 * with a cookie and forgotten, and the acknowledgement that comes back makes the connection (RFC 4987 §3.6).
 * What a SYN offers beside its MSS survives in timestamps alone; without them such a connection has neither
 * SACK nor scaled windows nor ECN. As Linux has it (tcp_syncookies).
 */
import { assert } from '../../assert/assert.ts';
import {
  TCP_SYNCOOKIES_FAILED,
  TCP_SYNCOOKIES_RECV,
  TCP_SYNCOOKIES_SENT,
} from '../../ledger/counters.gen.ts';
import type { StackConfig } from '../config.ts';
import { ECN_NOT_CAPABLE } from '../header/ipv4.ts';
import { ACK, CWR, ECE, RST, SYN } from '../header/tcp.ts';
import { hasRoomForEmbryo, isAcceptQueueFull } from './accept-queue.ts';
import { advertisedMss } from './path.ts';
import type { SegmentIn } from './segment-in.ts';
import { LISTEN } from './state.ts';
import { STAMP_ECN, STAMP_NO_SHIFT, STAMP_SACK, stampOptions, stampWith } from './syn-cookies.ts';
import type { TcpTables } from './tables.ts';
import { MSS_DEFAULT, type Tcb } from './tcb.ts';
import { firstWindow, windowShift } from './window.ts';

/** `StackConfig.synCookies`: never; where a listener's SYN queue is full; always. */
export const COOKIES_NEVER = 0;
export const COOKIES_WHEN_FULL = 1;
export const COOKIES_ALWAYS = 2;

const FIELD_MAX = 65535;

/** Whether a SYN is to be answered with a cookie. One that finds the accept queue full is dropped. */
export function wantsCookie({ synCookies }: StackConfig, listener: Tcb): boolean {
  assert(
    synCookies >= COOKIES_NEVER && synCookies <= COOKIES_ALWAYS,
    'SYN cookies: it is known when to use them',
  );
  if (synCookies === COOKIES_NEVER || isAcceptQueueFull(listener)) return false;
  return synCookies === COOKIES_ALWAYS || !hasRoomForEmbryo(listener);
}

/** Answers a SYN and keeps nothing of it. Where too many answers wait it is dropped: the peer asks again. */
export function answerWithCookie(tcp: TcpTables, listener: Tcb, segment: SegmentIn): void {
  const { environment, cookies, replies, hash } = tcp;
  const { config, nowMs, counters } = environment;
  const { source, destination, ports, seq } = segment;
  assert((segment.flags & SYN) !== 0, 'SYN cookies: a cookie answers a SYN');
  const own = (ports << 16) | (ports >>> 16);
  const stamped = config.timestamps && segment.timestamps !== 0;
  const options = stamped ? offeredOptions(config, segment) : STAMP_NO_SHIFT;
  const mss = offeredMss(tcp, listener, source);
  const bytes = stamped ? mss - STAMP_OPTION_BYTES : mss;
  const window = Math.min(FIELD_MAX, firstWindow(tcp, listener.received, bytes, source));
  const iss = cookies.make(destination, source, own, seq, segment.mss || MSS_DEFAULT, nowMs);
  const flags = SYN | ACK | ((options & STAMP_ECN) === 0 ? 0 : ECE);
  if (!replies.queue(destination, source, own, iss, (seq + 1) | 0, flags, window)) return;
  counters[TCP_SYNCOOKIES_SENT] += 1;
  replies.setService(listener.tos, listener.ttl);
  const scales = (options & STAMP_NO_SHIFT) !== STAMP_NO_SHIFT;
  const shift = scales ? windowShift(listener.received.bufferBytesMax) : -1;
  replies.addSynOptions(mss, shift, (options & STAMP_SACK) !== 0);
  if (!stamped) return;
  hash.hash(destination, source, own);
  replies.addTimestamps((stampWith(options, nowMs) + hash.high) | 0, segment.tsValue);
}

/** What a timestamps option takes of each segment. */
const STAMP_OPTION_BYTES = 12;

/** What both sides offer, as the bits of a timestamp. */
function offeredOptions(config: StackConfig, segment: SegmentIn): number {
  const { windowScale, sackPermitted, flags, ecn } = segment;
  const asks = (flags & (ECE | CWR)) === (ECE | CWR) && ecn === ECN_NOT_CAPABLE;
  const shift = config.windowScaling && windowScale >= 0 ? windowScale : STAMP_NO_SHIFT;
  assert(shift <= STAMP_NO_SHIFT, 'SYN cookies: a shift has four bits');
  const sack = config.sack && sackPermitted !== 0 ? STAMP_SACK : 0;
  return shift | sack | (config.ecn !== 0 && asks ? STAMP_ECN : 0);
}

/** The MSS of our SYN, by the port that leads to the peer. */
function offeredMss(tcp: TcpTables, listener: Tcb, remote: number): number {
  const port = tcp.routes.portFor(remote);
  return advertisedMss(tcp, listener, port, remote);
}

/**
 * Whether a segment for a listener acknowledges a cookie of ours. If so the segment is made what the SYN was,
 * but for its window, so that it can be taken as one; the caller makes it itself again.
 */
export function takeCookie(tcp: TcpTables, listener: Tcb, segment: SegmentIn): boolean {
  const { environment, cookies, hash } = tcp;
  const { config, nowMs, counters } = environment;
  const { source, destination, ports, seq, ack, flags } = segment;
  assert(listener.state === LISTEN, 'SYN cookies: only a listener is sent one back');
  if (config.synCookies === COOKIES_NEVER || (flags & (SYN | RST)) !== 0 || !cookies.mayCome(nowMs))
    return false;
  const own = (ports << 16) | (ports >>> 16);
  const mss = cookies.mssOf((ack - 1) | 0, destination, source, own, (seq - 1) | 0, nowMs);
  if (mss === 0) {
    counters[TCP_SYNCOOKIES_FAILED] += 1;
    return false;
  }
  counters[TCP_SYNCOOKIES_RECV] += 1;
  hash.hash(destination, source, own);
  const stamped = config.timestamps && segment.timestamps !== 0;
  const options = stamped ? stampOptions((segment.tsEcho - hash.high) | 0) : STAMP_NO_SHIFT;
  segment.seq = (seq - 1) | 0;
  segment.flags = (options & STAMP_ECN) === 0 ? SYN : SYN | ECE | CWR;
  segment.ecn = ECN_NOT_CAPABLE;
  segment.mss = mss;
  segment.sackPermitted = (options & STAMP_SACK) === 0 ? 0 : 1;
  const shift = options & STAMP_NO_SHIFT;
  segment.windowScale = shift === STAMP_NO_SHIFT ? -1 : Math.min(SHIFT_MAX, shift);
  return true;
}

/** RFC 7323 §2.3. */
const SHIFT_MAX = 14;
