/**
 * Urgent data as a socket of Linux has it (tcp_check_urg, tcp_recvmsg_locked, tcp_recv_urg and tcp_poll of
 * net/ipv4): one byte of the stream at a time, which `recv` leaves out and MSG_OOB receives, unless
 * SO_OOBINLINE leaves it in its place. A receive ends where the byte is; the next begins behind it.
 *
 * The stack below has the byte in the stream, and says how many bytes come before it.
 */
import { assert } from '../assert/assert.ts';
import { PRIORITY } from './contract.ts';
import { EAGAIN, EINVAL } from './errno.ts';
import { MSG_PEEK, MSG_TRUNC } from './message-flags.ts';

/** Values of `urgent` (Linux's urg_data): no mark; its byte has not come; it has; MSG_OOB has taken it. */
export const URGENT_NONE = 0;
export const URGENT_AWAITED = 1;
const URGENT_HERE = 2;
const URGENT_TAKEN = 3;

/** What is kept of it beside a socket's other state. */
export interface UrgentMark {
  /** An URGENT_ number. */
  urgent: number;
  /** How many bytes of the stream the program is to read before it, those included that have not come. */
  urgentAhead: number;
  /** The byte, 0 to 255, of URGENT_HERE. */
  urgentByte: number;
  /** SO_OOBINLINE: 1 where the byte stays in the stream. */
  urgentInline: number;
}

/** How a socket's unread bytes are reached. */
export interface UnreadBytes {
  /** How many there are. */
  readable(): number;
  /** Takes bytes, of which there are so many, to `at` in what the program gave. @returns how many. */
  take(at: number, length: number): number;
  /** Throws the first byte away. */
  drop(): void;
}

/** A socket begins without a mark. */
export function clearMark(mark: UrgentMark): void {
  mark.urgent = URGENT_NONE;
  mark.urgentAhead = 0;
  mark.urgentByte = 0;
}

/**
 * The stack has told of an urgent byte, or that one has come.
 * @param ahead bytes before it. @param byte -1: it has not come. @param readable unread bytes that are here.
 * @returns whether the first unread byte is to be thrown away: it is an earlier urgent one, which the program
 *   would read now that the mark goes on.
 */
export function setMark(mark: UrgentMark, ahead: number, byte: number, readable: number): boolean {
  assert(ahead >= 0, 'urgent: a mark is not behind what is read next');
  let drops = false;
  if (mark.urgent === URGENT_NONE || mark.urgentAhead !== ahead) {
    drops = isAtByte(mark) && readable > 0;
    mark.urgent = URGENT_AWAITED;
    mark.urgentAhead = drops ? ahead - 1 : ahead;
  }
  if (byte >= 0 && mark.urgent === URGENT_AWAITED) {
    mark.urgent = URGENT_HERE;
    mark.urgentByte = byte;
  }
  return drops;
}

/** Whether the next byte is the urgent one (SIOCATMARK). */
export function isAtMark({ urgent, urgentAhead }: UrgentMark): boolean {
  return urgent !== URGENT_NONE && urgentAhead === 0;
}

/** Whether the next byte is urgent and out of the stream: `recv` passes it over. */
export function isAtByte(mark: UrgentMark): boolean {
  return mark.urgentInline === 0 && isAtMark(mark);
}

/** How many of `length` bytes a receive may have before it ends at the mark. */
export function bytesToMark({ urgent, urgentAhead }: UrgentMark, length: number): number {
  return urgent !== URGENT_NONE && urgentAhead > 0 ? Math.min(length, urgentAhead) : length;
}

/** The program has read bytes, or passed over the urgent one: a mark behind them is over. */
export function passMark(mark: UrgentMark, bytes: number): void {
  if (mark.urgent === URGENT_NONE) return;
  mark.urgentAhead -= bytes;
  if (mark.urgentAhead < 0) clearMark(mark);
}

/** A receive of a stream that has a mark. @returns how many bytes; 0: there are none. */
export function receiveAround(mark: UrgentMark, unread: UnreadBytes, length: number): number {
  let done = 0;
  while (done < length) {
    const readable = unread.readable();
    if (readable === 0 || (done > 0 && isAtMark(mark))) break;
    if (isAtByte(mark)) {
      unread.drop();
      passMark(mark, 1);
      continue;
    }
    const taken = unread.take(done, bytesToMark(mark, Math.min(length - done, readable)));
    if (taken === 0) break;
    passMark(mark, taken);
    done += taken;
  }
  return done;
}

/**
 * A receive with MSG_OOB, which never waits. @param ended whether nothing more can come.
 * @returns 1; 0 for no room, or where the byte will never come; -EINVAL: there is no such byte, or it is not
 *   out of the stream; -EAGAIN: it has not come.
 */
export function receiveUrgent(
  mark: UrgentMark,
  bytes: Uint8Array,
  offset: number,
  length: number,
  flags: number,
  ended: boolean,
): number {
  if (mark.urgentInline !== 0 || mark.urgent === URGENT_NONE || mark.urgent === URGENT_TAKEN) return -EINVAL;
  if (mark.urgent === URGENT_AWAITED) return ended ? 0 : -EAGAIN;
  if ((flags & MSG_PEEK) === 0) mark.urgent = URGENT_TAKEN;
  if (length === 0) return 0;
  if ((flags & MSG_TRUNC) === 0) bytes[offset] = mark.urgentByte;
  return 1;
}

/** What a mark adds to a socket's readiness. @param bits those without it. */
export function withPriority({ urgent }: UrgentMark, bits: number): number {
  return urgent === URGENT_HERE ? bits | PRIORITY : bits;
}
