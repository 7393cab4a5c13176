/**
 * ICMP header (RFC 792): where its fields lie, and the types and codes in use. Offsets are from its first
 * byte.
 */
export const ICMP_BYTES = 8;
export const ICMP_TYPE = 0;
export const ICMP_CODE = 1;
export const ICMP_CHECKSUM = 2;
/** The MTU of the next hop, in a "fragmentation needed" message (RFC 1191 §4). */
export const ICMP_NEXT_MTU = 6;
/** The better gateway, in a redirect. */
export const ICMP_GATEWAY = 4;

export const ICMP_ECHO_REPLY = 0;
export const ICMP_UNREACHABLE = 3;
export const ICMP_REDIRECT = 5;
export const ICMP_ECHO = 8;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETER_PROBLEM = 12;

/** Codes of ICMP_UNREACHABLE. */
export const UNREACHABLE_NET = 0;
export const UNREACHABLE_HOST = 1;
export const UNREACHABLE_PROTOCOL = 2;
export const UNREACHABLE_PORT = 3;
export const UNREACHABLE_FRAGMENTATION = 4;
export const UNREACHABLE_SOURCE_ROUTE = 5;
/** Code of ICMP_TIME_EXCEEDED: fragments took too long to come together. */
export const EXCEEDED_REASSEMBLY = 1;
