/**
 * Turns the addresses that Node writes as text into the card's IPv4 numbers and back, so that a program sees
 * the text that Linux would show it.
 *
 * The card speaks IPv4 only. For a program `::1` is a loopback address of its own: a listener on 127.0.0.1
 * does not hear it. So the card carries `::1` as one address of 127.0.0.0/8 that is set aside for it. An IPv6
 * socket shows IPv4 peers as mapped addresses (RFC 4291 §2.5.5.2), as Linux's dual-stack sockets do.
 */

export const ANY = 0;
export const LOOPBACK = 0x7f000001; // 127.0.0.1
/** 127.6.0.1, the card's stand-in for ::1. */
export const LOOPBACK6 = 0x7f060001;

/** `parseIPv4` and `parseIPv6` return this for text that is no address, or one that the card cannot carry. */
export const NOT_AN_ADDRESS = -1;

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const MAPPED = /^::ffff:(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/i;

/** Reads a dotted decimal address. @returns it as an unsigned number, or NOT_AN_ADDRESS. */
export function parseIPv4(text: string): number {
  if (text === '127.0.0.1') return LOOPBACK;
  const match = IPV4.exec(text);
  if (match === null) return NOT_AN_ADDRESS;
  let address = 0;
  for (let i = 1; i <= 4; i++) {
    const part = Number(match[i]);
    if (part > 255) return NOT_AN_ADDRESS;
    address = address * 256 + part;
  }
  return address;
}

/**
 * Reads `::`, `::1` or a mapped IPv4 address.
 * @returns the number that the card carries for it, or NOT_AN_ADDRESS for every other IPv6 address.
 */
export function parseIPv6(text: string): number {
  if (text === '::' || text === '0:0:0:0:0:0:0:0') return ANY;
  if (text === '::1' || text === '0:0:0:0:0:0:0:1') return LOOPBACK6;
  const match = MAPPED.exec(text);
  return match === null ? NOT_AN_ADDRESS : parseIPv4(match[1]);
}

export function isLoopback(address: number): boolean {
  return address >>> 24 === 127;
}

/**
 * Writes an address as Node shows it.
 * @param ipv6 whether the socket is an IPv6 one, which sees `::`, `::1` and mapped addresses.
 */
export function formatAddress(address: number, ipv6: boolean): string {
  if (address === LOOPBACK6) return '::1';
  if (ipv6 && address === ANY) return '::';
  const dotted =
    address === LOOPBACK
      ? '127.0.0.1'
      : `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
  return ipv6 ? `::ffff:${dotted}` : dotted;
}
