/**
 * An ICMP error about a segment of ours (RFC 9293 §3.9.2.2, RFC 1191, hardened by RFC 5927): believed only if
 * it quotes a sequence number in flight. Hard errors end only a connection that is being opened (RFC 5461);
 * everything else is remembered as a soft error, and told when the connection times out.
 */
import { assert } from '../../assert/assert.ts';
import { ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EPROTO } from '../../socket/errno.ts';
import {
  ICMP_UNREACHABLE,
  UNREACHABLE_FRAGMENTATION,
  UNREACHABLE_NET,
  UNREACHABLE_PORT,
  UNREACHABLE_PROTOCOL,
} from '../header/icmp.ts';
import { atOrAfter, before } from '../seq.ts';
import { failTcb } from './lifecycle.ts';
import { updateMss } from './path.ts';
import { markReady } from './ready.ts';
import { SYN_RECEIVED, SYN_SENT } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** RFC 792: parameter problem. */
const ICMP_PARAMETER_PROBLEM = 12;
/** RFC 791's 68 is legal, but below this an error is an attack (RFC 5927; Linux min_pmtu). */
const PATH_MTU_MIN = 552;

/**
 * The errno of an ICMP error, as Linux has it.
 * @param type not an echo or another message that is no error.
 */
export function icmpErrno(type: number, code: number): number {
  if (type !== ICMP_UNREACHABLE) return type === ICMP_PARAMETER_PROBLEM ? EPROTO : EHOSTUNREACH;
  if (code === UNREACHABLE_NET) return ENETUNREACH;
  if (code === UNREACHABLE_PORT || code === UNREACHABLE_PROTOCOL) return ECONNREFUSED;
  return EHOSTUNREACH;
}

/**
 * Takes an error that is said to be about a segment of ours.
 * @param seq the sequence number that the error quotes. @param mtu of the next hop, where the error names
 * one; else 0.
 * @returns whether it is believed that the path to `remote` is narrower than it was.
 */
export function tcpIcmpError(
  tcp: TcpTables,
  local: number,
  remote: number,
  localPort: number,
  remotePort: number,
  seq: number,
  type: number,
  code: number,
  mtu: number,
): boolean {
  const found = tcp.demux.find(remote, local, (remotePort << 16) | localPort);
  if (found <= 0) return false;
  const tcb = tcp.tcbs[found - 1];
  if (tcb.moving !== 0) return false;
  // Whoever cannot see the connection would have to guess this (RFC 5927 §4.1).
  if (before(seq, tcb.sndUna) || atOrAfter(seq, tcb.sndMax)) return false;
  if (type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION) {
    return lowerPathMtu(tcp, tcb, mtu);
  }
  const hard = type === ICMP_UNREACHABLE && (code === UNREACHABLE_PROTOCOL || code === UNREACHABLE_PORT);
  const opening = tcb.state === SYN_SENT || (tcb.state === SYN_RECEIVED && tcb.parent < 0);
  if (hard && opening) failTcb(tcp, tcb, ECONNREFUSED);
  else tcb.softError = icmpErrno(type, code);
  return false;
}

/** Somebody has heard that the path to a host is narrower: every connection to it heeds that. */
export function pathNarrowed(tcp: TcpTables, remote: number, mtu: number): void {
  for (const tcb of tcp.tcbs) {
    if (tcb.hashed !== 0 && tcb.remoteAddress === remote) lowerPathMtu(tcp, tcb, mtu);
  }
}

/**
 * A router could not pass a segment on: smaller ones from now on, and what is out goes again (RFC 1191 §6.3).
 */
function lowerPathMtu(tcp: TcpTables, tcb: Tcb, mtu: number): boolean {
  const now = tcb.pathMtu > 0 ? tcb.pathMtu : tcp.environment.mtus[tcb.port];
  const next = Math.max(PATH_MTU_MIN, mtu === 0 ? PATH_MTU_MIN : mtu);
  if (next >= now) return false;
  const { mss } = tcb;
  tcb.pathMtu = next;
  updateMss(tcp, tcb);
  assert(tcb.mss <= mss, 'path: a smaller MTU makes no segment longer');
  if (tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED) return true;
  if (tcp.recovery.wentBack(tcb)) tcp.sendQueue.rewind(tcb);
  tcb.rtt.timing = 0;
  markReady(tcp, tcb);
  return true;
}
