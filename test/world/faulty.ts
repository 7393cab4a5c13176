/** How a test and the faulty card's thread (faulty-thread.ts) agree on a fault. */
import { type CardLayout, CONTROL_BYTES } from '../../src/dma/card-layout.ts';

/** The module throws a RangeError, or an assertion of its own fails. */
export const BREAK_ERROR = 1;
export const BREAK_ASSERTION = 2;

/** Word in which the fault is asked for. */
export function breakWord({ control }: CardLayout): number {
  return (control + CONTROL_BYTES - 4) >> 2;
}
