/**
 * Socket numbers, as both sides have them. They have 24 bits since version 3 of the socket class and had 16
 * before; a message about a number that fits 16 bits is the same in all versions. Where a message has room for
 * 16 bits of a number, the others stand beside (in SocketReceiveCredit and in a batch, once for all), or the
 * contexts say them. Ours.
 */
import { assert } from '../assert/assert.ts';
import {
  getConnectionStateEventSocketId,
  getConnectionStateEventSocketIdHigh,
  getConnectionStateEventSocketIdMiddle,
  writeConnectionStateEvent,
} from './socket.gen.ts';

/** No socket: the one number of 16 bits that no socket has. */
export const NO_SOCKET = 0xffff;
/** How many sockets a driver or a card may be asked for; as many as a stack has connections. */
export const SOCKETS_MAX = 1_048_576;
/** How many sockets the numbers of versions 1 and 2 are enough for: 0 to 0xFFFE. */
export const NARROW_SOCKETS = 0xffff;
/** Largest number that a message has room for. */
export const SOCKET_ID_MAX = 0xff_ffff;
/** Bits of a number that the 16 bits of a list leave over, and how far above they are. */
export const HIGH_SHIFT = 16;

const NARROW_MASK = 0xffff;
const MIDDLE_BITS = 4;
const MIDDLE_MASK = 0xf;
/** A tag has 31 bits, so that it is never negative. */
const TAG_BITS = 31;
export const TAG_MASK = 0x7fff_ffff;
const TAG_ID_BITS_MIN = 16;

/** Bits of a number's word that a card or a driver of the class's version looks at. @param version 1 to 3. */
export function socketIdMask(version: number): number {
  return version >= 3 ? SOCKET_ID_MAX : NARROW_MASK;
}

/**
 * How many numbers there are, from 0 on, for so many sockets: one more where 0xFFFF is among them, which no
 * socket has.
 * @param socketsMax 1 to `SOCKETS_MAX`. @param version of the class; before 3 there are `NARROW_SOCKETS`.
 */
export function socketNumbers(socketsMax: number, version = 3): number {
  assert(
    socketsMax >= 1 && socketsMax <= SOCKETS_MAX,
    'socket number: no more sockets are asked for than may be',
  );
  if (version < 3) return Math.min(socketsMax, NARROW_SOCKETS);
  return socketsMax > NARROW_SOCKETS ? socketsMax + 1 : socketsMax;
}

/** @returns how many sockets so many numbers are enough for: `socketNumbers` backwards. */
export function socketsOf(numbers: number): number {
  assert(numbers >= 1 && numbers <= SOCKET_ID_MAX + 1, 'socket number: numbers are of 24 bits');
  return numbers > NARROW_SOCKETS ? numbers - 1 : numbers;
}

/** @returns whether a socket may have the number, of `numbers` that there are. */
export function isSocketNumber(socketId: number, numbers: number): boolean {
  return socketId >= 0 && socketId < numbers && socketId !== NO_SOCKET;
}

/**
 * A tag names one use of a socket's number: the number in its low bits, and above it a count of the uses, which
 * begins again when it is full. So an answer that comes late finds no later use. A tag of 16 bits of number has
 * 15 for the count; each bit more of the one is a bit less of the other.
 * @param numbers how many there are.
 * @returns bits of a tag that hold the number, 16 to 24.
 */
export function tagIdBits(numbers: number): number {
  const bits = Math.max(TAG_ID_BITS_MIN, 32 - Math.clz32(numbers - 1));
  assert(bits < TAG_BITS, 'socket number: a tag has room for a count beside the number');
  return bits;
}

/** The tag of the number's next use. @param idBits as of `tagIdBits`. // Hot path. */
export function nextTag(tag: number, idBits: number): number {
  return (tag + (1 << idBits)) & TAG_MASK;
}

/** Whose state the data of a ConnectionState event tells. @param at word index of the data. */
export function stateEventSocketId(words: Int32Array, at: number): number {
  const high = getConnectionStateEventSocketIdMiddle(words, at);
  const higher = getConnectionStateEventSocketIdHigh(words, at) << MIDDLE_BITS;
  return getConnectionStateEventSocketId(words, at) | ((high | higher) << HIGH_SHIFT);
}

/** Writes the data of a ConnectionState event. @param before @param state numbers of the spec's TcpState. */
export function writeStateEvent(
  words: Int32Array,
  at: number,
  socketId: number,
  before: number,
  state: number,
): void {
  assert(
    before >= 0 && before <= MIDDLE_MASK && state >= 0 && state <= MIDDLE_MASK,
    'socket number: a state of TCP has four bits',
  );
  const high = socketId >>> HIGH_SHIFT;
  writeConnectionStateEvent(
    words,
    at,
    socketId & NARROW_MASK,
    before,
    high & MIDDLE_MASK,
    state,
    high >>> MIDDLE_BITS,
  );
}
