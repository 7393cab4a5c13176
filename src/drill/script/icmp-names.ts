/** The names that packetdrill has for ICMP's types and codes (RFC 792, RFC 950, RFC 1122 §3.2.2.1). */
import {
  ICMP_ECHO,
  ICMP_ECHO_REPLY,
  ICMP_PARAMETER_PROBLEM,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
} from '../../tcpip/header/icmp.ts';

const SOURCE_QUENCH = 4;
const REDIRECT = 5;
const TIMESTAMP = 13;
const TIMESTAMP_REPLY = 14;
const INFORMATION = 15;
const INFORMATION_REPLY = 16;
const ADDRESS_MASK = 17;
const ADDRESS_MASK_REPLY = 18;

export const ICMP_TYPES: Readonly<Record<string, number>> = {
  echo_reply: ICMP_ECHO_REPLY,
  unreachable: ICMP_UNREACHABLE,
  source_quench: SOURCE_QUENCH,
  redirect: REDIRECT,
  echo_request: ICMP_ECHO,
  time_exceeded: ICMP_TIME_EXCEEDED,
  parameter_problem: ICMP_PARAMETER_PROBLEM,
  timestamp_request: TIMESTAMP,
  timestamp_reply: TIMESTAMP_REPLY,
  information_request: INFORMATION,
  information_reply: INFORMATION_REPLY,
  address_mask_request: ADDRESS_MASK,
  address_mask_reply: ADDRESS_MASK_REPLY,
};

const UNREACHABLE: readonly string[] = [
  'net_unreachable',
  'host_unreachable',
  'protocol_unreachable',
  'port_unreachable',
  'frag_needed',
  'source_route_failed',
  'net_unknown',
  'host_unknown',
  'source_host_isolated',
  'net_prohibited',
  'host_prohibited',
  'net_unreachable_for_tos',
  'host_unreachable_for_tos',
  'packet_filtered',
  'precedence_violation',
  'precedence_cutoff',
];

/** Codes of each type, by their numbers. */
export const ICMP_CODES: Readonly<Record<number, readonly string[]>> = {
  [ICMP_UNREACHABLE]: UNREACHABLE,
  [REDIRECT]: ['net', 'host', 'tos_net', 'tos_host'],
  [ICMP_TIME_EXCEEDED]: ['ttl_exceeded', 'fragment_reassembly_exceeded'],
};

/** Names that forks of packetdrill have for the same codes. */
export const ICMP_OTHER_NAMES: Readonly<Record<string, string>> = {
  ttl_exceeded_in_transit: 'ttl_exceeded',
  frag_reass_exceeded: 'fragment_reassembly_exceeded',
};

/** A type and a code in words, as a script writes them; numbers where there are none. */
export function icmpWords(type: number, code: number): string {
  const name = Object.keys(ICMP_TYPES).find((key) => ICMP_TYPES[key] === type) ?? `type_${type}`;
  const codes = ICMP_CODES[type];
  if (codes === undefined) return code === 0 ? name : `${name} code_${code}`;
  return `${name} ${codes[code] ?? `code_${code}`}`;
}
