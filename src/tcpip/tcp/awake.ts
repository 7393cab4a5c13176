/** Which connections have a Tcb now. */
import { assert } from '../../assert/assert.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** Whether a Tcb is a connection's now. */
export function isAwake({ tcbs }: TcpTables, tcb: Tcb): boolean {
  return tcb.inUse !== 0 && tcbs[tcb.index] === tcb;
}

/**
 * Those that are awake and that something is to become of, by their numbers: in which order it becomes of them
 * must not say who has slept, and has another Tcb since. Costs a walk over the Tcbs; for what happens rarely.
 */
export function awakeInOrder(tcp: TcpTables, concerns: (tcb: Tcb) => boolean): Tcb[] {
  const found = tcp.made.filter((tcb) => isAwake(tcp, tcb) && concerns(tcb));
  assert(found.length <= tcp.tcbs.length, 'tables: no more connections are awake than there may be');
  return found.sort((one, other) => one.index - other.index);
}
