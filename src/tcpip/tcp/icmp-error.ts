/**
 * An ICMP error about a segment of ours (RFC 9293 §3.9.2.2, RFC 1191, hardened by RFC 5927): believed only if
 * it quotes a sequence number in flight. As on Linux, each error ends a connection that is being opened,
 * whether it would last or not: a program had better try another address than wait for minutes (RFC 5461
 * §4.1, against MUST-56). One that is open goes on: the error is remembered as a soft one, and told by
 * SO_ERROR, or when the connection times out.
 */
import {
  ECONNREFUSED,
  EHOSTDOWN,
  EHOSTUNREACH,
  EMSGSIZE,
  ENETUNREACH,
  ENONET,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPROTO,
} from '../../socket/errno.ts';
import { ICMP_PARAMETER_PROBLEM, ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION } from '../header/icmp.ts';
import { atOrAfter, before } from '../seq.ts';
import { failTcb, forgetEmbryo } from './lifecycle.ts';
import { heedsPathMtu, lowerPathMtu } from './narrowed.ts';
import { SYN_RECEIVED, SYN_SENT } from './state.ts';
import type { TcpTables } from './tables.ts';
import { awakeTcb } from './wake.ts';

/**
 * What each code of "destination unreachable" (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1) says to a
 * program as an errno, and whether it will last, as Linux has both (net/ipv4/icmp.c; some were measured).
 */
const UNREACHABLE: readonly (readonly [errno: number, lasting: boolean])[] = [
  [ENETUNREACH, false],
  [EHOSTUNREACH, false],
  [ENOPROTOOPT, true],
  [ECONNREFUSED, true],
  [EMSGSIZE, false],
  [EOPNOTSUPP, false],
  [ENETUNREACH, true],
  [EHOSTDOWN, true],
  [ENONET, true],
  [ENETUNREACH, true],
  [EHOSTUNREACH, true],
  [ENETUNREACH, false],
  [EHOSTUNREACH, false],
  [EHOSTUNREACH, true],
  [EHOSTUNREACH, true],
  [EHOSTUNREACH, true],
];

/**
 * The errno of an ICMP error, as Linux has it; 0 where a code means nothing.
 * @param type not an echo or another message that is no error.
 */
export function icmpErrno(type: number, code: number): number {
  if (type !== ICMP_UNREACHABLE) return type === ICMP_PARAMETER_PROBLEM ? EPROTO : EHOSTUNREACH;
  return code < UNREACHABLE.length ? UNREACHABLE[code][0] : 0;
}

/** Whether what an ICMP error says will last: a datagram socket hears of no other. */
export function isLasting(type: number, code: number): boolean {
  if (type !== ICMP_UNREACHABLE) return type === ICMP_PARAMETER_PROBLEM;
  return code < UNREACHABLE.length && UNREACHABLE[code][1];
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
  const tcb = awakeTcb(tcp, found - 1);
  if (tcb.moving !== 0) return false;
  // Whoever cannot see the connection would have to guess this (RFC 5927 §4.1).
  if (before(seq, tcb.sndUna) || atOrAfter(seq, tcb.sndMax)) return false;
  if (type === ICMP_UNREACHABLE && code === UNREACHABLE_FRAGMENTATION) {
    // Who lets packets be cut hears nothing of narrow paths, nor does who only probes (as on Linux).
    return heedsPathMtu(tcb) && lowerPathMtu(tcp, tcb, mtu);
  }
  const errno = icmpErrno(type, code);
  if (errno === 0) return false;
  if (tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED) {
    if (tcb.parent >= 0) forgetEmbryo(tcp, tcb);
    else failTcb(tcp, tcb, errno);
  } else {
    tcb.softError = errno;
  }
  return false;
}
