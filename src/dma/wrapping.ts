/**
 * The order of numbers that wrap at 32 bits: indices of queues in shared memory, TCP's sequence numbers,
 * times in microseconds or milliseconds. They are int32 and are compared by their signed distance, which is
 * right as long as two numbers that meet lie less than 2^31 apart.
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

/**
 * Whether at least `span` has passed since a time that has been, by a clock that wraps. A difference that has
 * wrapped is longer than any span.
 */
export function hasPassed(now: number, since: number, span: number): boolean {
  const elapsed = (now - since) | 0;
  return elapsed < 0 || elapsed >= span;
}
