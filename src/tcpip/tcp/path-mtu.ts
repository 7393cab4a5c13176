/**
 * How large a packet the way to a connection's peer carries: what routers say of it (RFC 1191), and for how
 * long that is believed (§6.3). What is tried where routers say nothing is `mtu-search.ts`.
 */
import { assert } from '../../assert/assert.ts';
import { hasPassed } from '../seq.ts';
import { heedsPathMtu } from './narrowed.ts';
import { updateMss } from './path.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

const US_PER_MS = 1000;
/** A connection begins with what is known of the way to its peer. Its route has been found. */
export function recallPathMtu({ environment, pathMtus }: TcpTables, tcb: Tcb): void {
  assert(tcb.sndMax === tcb.iss, 'path MTU: it is recalled before anything is sent');
  const expiresMs = environment.config.pathMtuExpiresUs / US_PER_MS;
  const mtu = heedsPathMtu(tcb) ? pathMtus.find(tcb.remoteAddress, environment.nowMs, expiresMs) : 0;
  tcb.pathMtu = mtu;
  if (mtu > 0) tcb.pathMtuMs = pathMtus.foundAtMs;
}

/**
 * What is known of the path was known for long enough: it may carry more by now (RFC 1191 §6.3). Asked before
 * a connection sends, as on Linux, where something is known.
 */
export function agePathMtu(tcp: TcpTables, tcb: Tcb): void {
  const { nowMs, config } = tcp.environment;
  assert(tcb.pathMtu > 0, 'path MTU: what ages is known');
  if (!hasPassed(nowMs, tcb.pathMtuMs, config.pathMtuExpiresUs / US_PER_MS)) return;
  tcb.pathMtu = 0;
  updateMss(tcp, tcb);
}
