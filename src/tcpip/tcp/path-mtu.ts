/**
 * How large a packet the way to a connection's peer carries: what routers say of it (RFC 1191), for how long
 * that is believed (§6.3), and what is tried where routers say nothing (RFC 4821 §7.7, tcp_mtu_probing).
 */
import { assert } from '../../assert/assert.ts';
import { TCP_BLACK_HOLES } from '../../ledger/counters.gen.ts';
import { IPV4_BYTES } from '../header/ipv4.ts';
import { TCP_BYTES } from '../header/tcp.ts';
import { hasPassed } from '../seq.ts';
import { heedsPathMtu } from './narrowed.ts';
import { MSS_MIN, pathMtu, updateMss } from './path.ts';
import type { TcpTables } from './tables.ts';
import { flightBytes, type Tcb } from './tcb.ts';

const US_PER_MS = 1000;
/**
 * Retransmissions without an answer after which the segments are suspected to be too large (tcp_retries1).
 */
const RETRIES_SUSPECT = 3;

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

/**
 * The retransmission timer has expired again. Where small segments may get through, and a router drops large
 * ones without a word, smaller ones are tried: of tcp_base_mss first, then of half as much each time.
 */
export function suspectBlackHole(tcp: TcpTables, tcb: Tcb): void {
  const { config, counters, nowMs } = tcp.environment;
  if (config.mtuProbing === 0 || tcb.timers.retries <= RETRIES_SUSPECT || !heedsPathMtu(tcb)) return;
  assert(flightBytes(tcb) > 0, 'path MTU: only what is outstanding can have been dropped in silence');
  const now = pathMtu(tcp, tcb) - IPV4_BYTES - TCP_BYTES;
  const tried = now > config.baseMss ? config.baseMss : Math.max(MSS_MIN, now >> 1);
  if (tried >= now) return;
  counters[TCP_BLACK_HOLES] += 1;
  tcb.pathMtu = tried + IPV4_BYTES + TCP_BYTES;
  tcb.pathMtuMs = nowMs;
  updateMss(tcp, tcb);
}
