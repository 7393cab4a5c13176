/** What Linux makes of the arguments of socket calls, whichever stack serves them (net/socket.c). */
import { SOCK_DGRAM } from './contract.ts';
import { EINVAL, EPROTONOSUPPORT, ESOCKTNOSUPPORT } from './errno.ts';

/** Linux's somaxconn. */
const BACKLOG_MAX = 4096;
/** Linux's SOCK_RAW, and the first number that is no type of socket. */
const SOCK_RAW = 3;
const SOCK_MAX = 11;

/** What is answered where there are no sockets of a type: a negative errno. */
export function typeErrno(type: number): number {
  if (!(type >= 0 && type < SOCK_MAX)) return -EINVAL;
  return type === SOCK_DGRAM || type === SOCK_RAW ? -EPROTONOSUPPORT : -ESOCKTNOSUPPORT;
}

export function isPort(port: number): boolean {
  return port >= 0 && port <= 65535;
}

/** Whether an address is of many: 224/4 and 255.255.255.255. No stream leads there. */
export function isMulticast(address: number): boolean {
  return address >>> 28 === 14 || address >>> 0 === 0xffff_ffff;
}

/** At most somaxconn, which a negative number asks for. */
export function clampBacklog(backlog: number): number {
  const wanted = Math.trunc(backlog) || 0;
  return wanted < 0 ? BACKLOG_MAX : Math.min(wanted, BACKLOG_MAX);
}

/**
 * Whether a program's offset and length lie within its bytes; if not, the call answers EFAULT.
 * // Hot path: three compares.
 */
export function isWithin(bytes: Uint8Array, offset: number, length: number): boolean {
  return offset >>> 0 === offset && length >>> 0 === length && offset + length <= bytes.length;
}
