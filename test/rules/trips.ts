/** Injects the fault that an assertion guards against. */
import { expect, it } from 'vitest';
import { AssertionFailure } from '../../src/assert/assert.ts';

/**
 * A test that `fault` trips the assertion with exactly this text. test/rules/assertions.test.ts finds the
 * text in this call and holds it against the assertions in `src`, so it must be a plain string literal.
 */
export function trips(what: string, fault: () => unknown): void {
  it(`trips "${what}"`, () => {
    let failure: unknown;
    try {
      fault();
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(AssertionFailure);
    expect((failure as Error).message).toBe(what);
  });
}
