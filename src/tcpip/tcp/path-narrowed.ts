/** What becomes of all connections to a host when the path there is found narrower. */
import { awakeInOrder } from './awake.ts';
import { believable, heedNarrowed } from './narrowed.ts';
import type { TcpTables } from './tables.ts';
import { tellSleepers } from './wake.ts';

/** Somebody has heard that the path to a host is narrower: every connection to it heeds that. */
export function pathNarrowed(tcp: TcpTables, remote: number, mtu: number): void {
  const { news, environment, pathMtus } = tcp;
  const locked = mtu < environment.config.pathMtuMin;
  pathMtus.note(remote, believable(tcp, mtu), environment.nowMs, locked);
  if (news.isFull) tellSleepers(tcp);
  news.narrow(remote, mtu, environment.nowMs);
  for (const tcb of awakeInOrder(tcp, ({ remoteAddress }) => remoteAddress === remote)) {
    heedNarrowed(tcp, tcb, remote, mtu, environment.nowMs);
  }
}
