/** ICMP header (RFC 792): layout. Offsets are from the ICMP header. */
export const ICMP_BYTES = 8;
export const ICMP_TYPE = 0;
export const ICMP_CODE = 1;
export const ICMP_CHECKSUM = 2;
/** Of a "fragmentation needed" message (RFC 1191 §4). */
export const ICMP_NEXT_MTU = 6;

export const ICMP_ECHO_REPLY = 0;
export const ICMP_UNREACHABLE = 3;
export const ICMP_ECHO = 8;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETER_PROBLEM = 12;

export const UNREACHABLE_NET = 0;
export const UNREACHABLE_HOST = 1;
export const UNREACHABLE_PROTOCOL = 2;
export const UNREACHABLE_PORT = 3;
export const UNREACHABLE_FRAGMENTATION = 4;
export const UNREACHABLE_SOURCE_ROUTE = 5;
export const EXCEEDED_REASSEMBLY = 1;
