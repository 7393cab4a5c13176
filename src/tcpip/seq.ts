/**
 * Sequence-number arithmetic (RFC 9293 §3.4): numbers are int32, wrap, and are compared by their signed
 * distance, which is right as long as two numbers that meet lie less than 2^31 apart. The same holds for
 * `nowUs`, `nowMs` and timestamps (RFC 7323 §5.2), so times are compared by the same functions: `before(now,
 * deadline)` says that a deadline is still to come, `atOrAfter(now, deadline)` that it has passed.
 */

/** Whether `a` comes before `b`. */
export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** Whether `a` comes before `b` or is the same. */
export function atOrBefore(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0;
}

/** Whether `a` comes after `b`. */
export function after(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

/** Whether `a` comes after `b` or is the same. */
export function atOrAfter(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0;
}

/** The later of two. */
export function later(a: number, b: number): number {
  return ((a - b) | 0) > 0 ? a : b;
}

/** The earlier of two. */
export function earlier(a: number, b: number): number {
  return ((a - b) | 0) < 0 ? a : b;
}
