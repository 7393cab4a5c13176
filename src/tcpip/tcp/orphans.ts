/** Connections whose user has gone, and whose stack goes too. */
import { assert } from '../../assert/assert.ts';
import { abortTcb } from './lifecycle.ts';
import type { TcpTables } from './tables.ts';
import { awakeTcb } from './wake.ts';

/**
 * Aborts every connection whose user has gone, awake or not. Those that wait to be accepted are their
 * listener's. Costs a walk over all that sleep where one of them is to be ended.
 */
export function abortOrphans(tcp: TcpTables): void {
  const { made, dormant, tcbs } = tcp;
  for (const tcb of made) {
    if (tcb.inUse !== 0 && tcb.owner < 0 && tcb.parent < 0) abortTcb(tcp, tcb);
  }
  for (let index = 0; index < tcbs.length && dormant.orphans > 0; index++) {
    if (dormant.has(index) && dormant.isOrphan(index)) abortTcb(tcp, awakeTcb(tcp, index));
  }
  assert(dormant.orphans === 0, 'orphans: none is left that sleeps');
}
