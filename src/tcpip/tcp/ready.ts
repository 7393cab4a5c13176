/** What a connection owes the wire: it waits in its port's ring until the next flush looks at it. */
import { ACK_NOW } from './control-block/acknowledgements.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** The connection owes the wire something: the next flush looks at it. // Hot path. */
export function markReady(tcp: TcpTables, tcb: Tcb): void {
  const bit = 1 << tcb.port;
  if ((tcb.ready & bit) !== 0) return;
  tcb.ready |= bit;
  tcp.ready[tcb.port].append(tcb.index);
}

/** The connection owes an acknowledgement that does not wait: the next flush sends it. // Hot path. */
export function acknowledgeNow(tcp: TcpTables, tcb: Tcb): void {
  tcb.acks.owed = ACK_NOW;
  markReady(tcp, tcb);
}

/** Whether any connection owes the wire something. // Hot path. */
export function hasReady(tcp: TcpTables): boolean {
  const { ready } = tcp;
  for (let port = 0; port < ready.length; port++) if (!ready[port].isEmpty) return true;
  return false;
}
