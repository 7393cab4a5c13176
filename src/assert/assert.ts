/**
 * Assertions: what must hold whatever the other side does, because our own code made it so. What comes by
 * frame, ring index, packet, file or option is never asserted: it is checked, refused by name and counted.
 *
 * A failed assertion is a bug of this project. It is thrown as an `AssertionFailure`, which nothing but the
 * two ends of the message layer catches: the card then is FAULTED, the driver gives it up, and both name the
 * assertion.
 *
 * Every assertion has a text of its own, and a test that injects the fault it guards against (`trips` of
 * test/rules/trips.ts).
 */

/**
 * Whether the assertions run whose measured cost a hot path cannot bear. Cheap ones always run. Tests set
 * INIC_ASSERT=all; guard a costly one with `if (COSTLY_ASSERTIONS)`. A module with hot functions guards by a
 * constant of its own, `const COSTLY = COSTLY_ASSERTIONS`: V8 folds that, and with it the guard, but reads
 * an imported binding anew each time (3 % of the processor time of a request and its response).
 */
export const COSTLY_ASSERTIONS: boolean = process.env['INIC_ASSERT'] === 'all';

/** A bug of our own: what was asserted did not hold. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/**
 * Asserts that `condition` holds. Costs a compare where it does: `what` is a constant, so nothing is
 * allocated.
 * @param what the place and the statement that must be true, such as 'ring: the head is not past the tail'.
 * @throws AssertionFailure with `what` as its message.
 */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new AssertionFailure(what);
}
