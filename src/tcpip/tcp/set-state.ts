/** The one place where a connection that a user may own changes its state, so that the user can be told. */

import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** @param state a state of `state.ts`. */
export function setState(tcp: TcpTables, tcb: Tcb, state: number): void {
  const before = tcb.state;
  tcb.state = state;
  if (tcb.owner >= 0 && before !== state) tcp.environment.owner.stateChanged(tcb.owner, before, state);
}
