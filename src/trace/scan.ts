/**
 * Finds where a MessagePack object ends, without decoding it, so that the decoder is only given whole ones.
 * Knows what a trace may hold: no extension types, nothing nested deeper than a few levels.
 */

/** The object is not all there yet. */
export const INCOMPLETE = -1;
/** No trace holds this. */
export const INVALID = -2;

const DEPTH_MAX = 16;

/**
 * @returns the index after the object that begins at `at`, or INCOMPLETE or INVALID.
 * @param end where the bytes end.
 */
export function objectEnd(bytes: Uint8Array, at: number, end: number): number {
  return skip(bytes, at, end, 0);
}

function skip(bytes: Uint8Array, start: number, end: number, depth: number): number {
  if (start >= end) return INCOMPLETE;
  if (depth > DEPTH_MAX) return INVALID;
  const head = bytes[start];
  const at = start + 1;
  if (head < 0x80 || head >= 0xe0) return at;
  if (head < 0x90) return skipItems(bytes, at, end, (head & 15) * 2, depth);
  if (head < 0xa0) return skipItems(bytes, at, end, head & 15, depth);
  if (head < 0xc0) return within(at + (head & 31), end);
  switch (head) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return at;
    case 0xc4: // bin
    case 0xd9: // str
      return skipString(bytes, at, end, 1);
    case 0xc5:
    case 0xda:
      return skipString(bytes, at, end, 2);
    case 0xc6:
    case 0xdb:
      return skipString(bytes, at, end, 4);
    case 0xcc: // 8-bit numbers
    case 0xd0:
      return within(at + 1, end);
    case 0xcd:
    case 0xd1:
      return within(at + 2, end);
    case 0xca:
    case 0xce:
    case 0xd2:
      return within(at + 4, end);
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return within(at + 8, end);
    case 0xdc: // array
    case 0xde: // map
      if (at + 2 > end) return INCOMPLETE;
      return skipItems(bytes, at + 2, end, bigEndian(bytes, at, 2) * (head === 0xde ? 2 : 1), depth);
    default: // extensions, and arrays and maps of more than 65535 items
      return INVALID;
  }
}

function within(after: number, end: number): number {
  return after <= end ? after : INCOMPLETE;
}

function skipString(bytes: Uint8Array, at: number, end: number, lengthBytes: number): number {
  if (at + lengthBytes > end) return INCOMPLETE;
  return within(at + lengthBytes + bigEndian(bytes, at, lengthBytes), end);
}

function skipItems(bytes: Uint8Array, start: number, end: number, count: number, depth: number): number {
  let at = start;
  for (let i = 0; i < count && at >= 0; i++) at = skip(bytes, at, end, depth + 1);
  return at;
}

function bigEndian(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + bytes[at + i];
  return value;
}
