/** What a time-out means for explicit congestion notification (RFC 3168 §6.1.2). */
import { assert } from '../../assert/assert.ts';
import { flightBytes, type Tcb } from './tcb.ts';

/** A time-out has reduced the window: that ends what an echo began, and the peer is told as well. */
export function noteTimeoutReduction(tcb: Tcb): void {
  const { marks } = tcb;
  assert(flightBytes(tcb) > 0, 'ECN: a time-out is of what is outstanding');
  marks.reducing = 0;
  marks.reductionDue = 1;
}
