/**
 * Turns the addresses that Node writes as text into the card's IPv4 numbers and back, so that a program sees
 * the text that Linux would show it.
 *
 * The card speaks IPv4 only. For a program `::1` is a loopback address of its own: a listener on 127.0.0.1
 * does not hear it. So the card carries `::1` as one address of 127.0.0.0/8 that is set aside for it. An IPv6
 * socket shows IPv4 peers as mapped addresses (RFC 4291 §2.5.5.2), as Linux's dual-stack sockets do. Whatever
 * the card cannot carry is the kernel's, and so is 127.6.0.1 itself when a program writes it.
 */

export const ANY = 0;
export const LOOPBACK = 0x7f000001; // 127.0.0.1
/** 127.6.0.1, the card's stand-in for ::1. */
export const LOOPBACK6 = 0x7f060001;

/** `parseIPv4` and `parseIPv6` return this for text that is no address. */
export const NOT_AN_ADDRESS = -1;
/** They return this for an address that the card cannot carry. */
export const NOT_CARRIED = -2;
/** `parseIPv6` returns this for `::ffff:0.0.0.0`: every address, but of IPv4 only. */
export const ANY_MAPPED = -3;

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const GROUP = /^[\da-f]{1,4}$/i;
const GROUPS = 8;
/** libuv reads no more than this of an address that has a zone. */
const ZONED_CHARS_MAX = 39;

/** Reads a dotted decimal address. @returns the unsigned number that the card carries for it. */
export function parseIPv4(text: string): number {
  if (text === '127.0.0.1') return LOOPBACK;
  const address = dotted(text);
  return address === LOOPBACK6 ? NOT_CARRIED : address;
}

/** @returns the address as an unsigned number, or NOT_AN_ADDRESS. Like libuv, it takes no leading zeros. */
function dotted(text: string): number {
  const match = IPV4.exec(text);
  if (match === null) return NOT_AN_ADDRESS;
  let address = 0;
  for (let i = 1; i <= 4; i++) {
    const part = Number(match[i]);
    if (part > 255 || (match[i].length > 1 && match[i].startsWith('0'))) return NOT_AN_ADDRESS;
    address = address * 256 + part;
  }
  return address;
}

/** Reads an IPv6 address in any spelling. @returns the number that the card carries for it. */
export function parseIPv6(text: string): number {
  if (text === '::') return ANY;
  if (text === '::1') return LOOPBACK6;
  const groups = parseGroups(text);
  if (groups === undefined) return NOT_AN_ADDRESS;
  const [g0, g1, g2, g3, g4, g5, g6, g7] = groups;
  if ((g0 | g1 | g2 | g3 | g4) !== 0) return NOT_CARRIED;
  const low = g6 * 65536 + g7;
  if (g5 === 0xffff) return low === LOOPBACK6 ? NOT_CARRIED : low === ANY ? ANY_MAPPED : low;
  if (g5 !== 0) return NOT_CARRIED;
  return low === 0 ? ANY : low === 1 ? LOOPBACK6 : NOT_CARRIED;
}

/**
 * Reads the text forms of RFC 4291 §2.2, with a zone (RFC 4007 §11) or without: the zone of an address that
 * is not link-local means nothing to Linux.
 * @returns the eight groups, or undefined where the text is no address.
 */
export function parseGroups(text: string): number[] | undefined {
  const zone = text.indexOf('%');
  const address = zone < 0 ? text : text.slice(0, Math.min(zone, ZONED_CHARS_MAX));
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves;
  const last = tail ?? head;
  const before = tail === undefined ? [] : readGroups(head, false);
  const after = readGroups(last, true);
  if (before === undefined || after === undefined) return undefined;
  const missing = GROUPS - before.length - after.length;
  // `::` stands for one group or more.
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  return [...before, ...new Array<number>(missing).fill(0), ...after];
}

/** @param mayEndDotted whether the last four bytes may be written as an IPv4 address. */
function readGroups(text: string, mayEndDotted: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (let i = 0; i < parts.length; i++) {
    if (GROUP.test(parts[i])) groups.push(Number.parseInt(parts[i], 16));
    else {
      const address = mayEndDotted && i === parts.length - 1 ? dotted(parts[i]) : NOT_AN_ADDRESS;
      if (address < 0) return undefined;
      groups.push(Math.floor(address / 65536), address % 65536);
    }
  }
  return groups;
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
  const text =
    address === LOOPBACK
      ? '127.0.0.1'
      : `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
  return ipv6 ? `::ffff:${text}` : text;
}
