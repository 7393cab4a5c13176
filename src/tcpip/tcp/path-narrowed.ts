/** What becomes of all connections to a host when the path there is found narrower. */
import { believable, heedNarrowed } from './narrowed.ts';
import { isAwake } from './rerouted.ts';
import type { TcpTables } from './tables.ts';
import { tellSleepers } from './wake.ts';

/** Somebody has heard that the path to a host is narrower: every connection to it heeds that. */
export function pathNarrowed(tcp: TcpTables, remote: number, mtu: number): void {
  const { news, environment, pathMtus } = tcp;
  pathMtus.note(remote, believable(tcp, mtu), environment.nowMs);
  if (news.isFull) tellSleepers(tcp);
  news.narrow(remote, mtu);
  for (const tcb of tcp.made) if (isAwake(tcp, tcb)) heedNarrowed(tcp, tcb, remote, mtu);
}
