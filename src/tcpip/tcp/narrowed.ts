/** A path that carries less than was thought: RFC 1191, and who heeds it (IP_MTU_DISCOVER). */
import { assert } from '../../assert/assert.ts';
import { MTU_DISCOVER_DO, MTU_DISCOVER_WANT } from '../../socket/options.ts';
import { isRouteLocked, routeMtu } from '../path-limits.ts';
import { headerBytes } from './mtu-probe.ts';
import { pathMtu, prepareHeader, updateMss } from './path.ts';
import { markReady } from './ready.ts';
import { SYN_RECEIVED, SYN_SENT } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** Whether a connection follows what is said of its path. */
export function heedsPathMtu({ options }: Tcb): boolean {
  return options.mtuDiscover === MTU_DISCOVER_WANT || options.mtuDiscover === MTU_DISCOVER_DO;
}

/** A connection hears of a narrow path to a host, which may be its own. @param atMs when it was said. */
export function heedNarrowed(tcp: TcpTables, tcb: Tcb, remote: number, mtu: number, atMs: number): void {
  assert(mtu >= 0, 'path: what it carries is no negative number');
  if (tcb.hashed === 0 || tcb.remoteAddress !== remote || !heedsPathMtu(tcb)) return;
  lowerPathMtu(tcp, tcb, mtu, atMs);
}

/**
 * A router could not pass a segment on: smaller ones from now on, and what is out goes again (RFC 1191 §6.3).
 */
export function lowerPathMtu(
  tcp: TcpTables,
  tcb: Tcb,
  mtu: number,
  atMs: number = tcp.environment.nowMs,
): boolean {
  if (isRouteLocked(tcp, tcb.remoteAddress)) return false;
  const next = believable(tcp, mtu);
  if (next > pathMtu(tcp, tcb) || next === routeMtu(tcp, tcb.remoteAddress, tcb.port)) return false;
  // Less may have been said than is believed: then packets may be cut.
  prepareHeader(tcp, tcb);
  // What is said again is believed anew.
  tcb.pathMtuMs = atMs;
  if (next === tcb.pathMtu) return true;
  const { mss } = tcb;
  tcb.pathMtu = next;
  if (tcb.mtuSearch.on !== 0) bindSearch(tcb);
  updateMss(tcp, tcb);
  assert(tcb.mss <= mss, 'path: a smaller MTU makes no segment longer');
  if (tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED) return true;
  if (tcb.sndUna === tcb.sndMax) {
    // With nothing out, nothing goes again; what waits may fill a segment now.
    if (tcb.sends.count > 0) markReady(tcp, tcb);
    return true;
  }
  if (tcp.recovery.wentBack(tcb)) tcp.sendQueue.rewind(tcb);
  tcb.rtt.timing = 0;
  markReady(tcp, tcb);
  return true;
}

/**
 * Who searches by probes sends no more from now on than what is known to pass: of what was sent before, no more
 * either, since a route may have made segments shorter that the search had held to pass.
 */
function bindSearch(tcb: Tcb): void {
  const { mtuSearch, mss } = tcb;
  mtuSearch.binds = 1;
  mtuSearch.low = Math.min(mtuSearch.low, mss + headerBytes(tcb));
}

/** RFC 791's 68 is legal, but a router that says so is not believed (RFC 5927; min_pmtu). */
export function believable({ environment }: TcpTables, mtu: number): number {
  return Math.max(environment.config.pathMtuMin, mtu);
}
