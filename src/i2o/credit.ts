/**
 * The first word of a pair of SocketReceiveCredit: bits 0-15 of the socket's number in bits 0-15, and in bits
 * 16-31, signed, by how many steps its receive window grows beyond the bytes credited. It shrinks by as many
 * where they are negative. Cards of version 1 of the class know no growth: to them it is 0. The number's bits
 * 16-23, since version 3, are the same in all pairs of a message and stand in its word 4: a pair stays two
 * words, and a message about small numbers is what it was.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import { HIGH_SHIFT } from './socket-number.ts';

const COSTLY = COSTLY_ASSERTIONS;

const GROWTH_SHIFT = 16;
const SOCKET_MASK = 0xffff;
const HIGH_MASK = 0xff_0000;
/** One step. */
export const CREDIT_GROWTH_BYTES = 256;
/** Steps that one pair tells at most, up or down. */
export const CREDIT_GROWTH_MAX = 0x7fff;

/** @param growthBytes a multiple of a step. // Hot path. */
export function creditWord(socketId: number, growthBytes: number): number {
  if (COSTLY) checkGrowth(growthBytes);
  return (socketId & SOCKET_MASK) | ((growthBytes / CREDIT_GROWTH_BYTES) << GROWTH_SHIFT);
}

/** What a message says of the numbers of all its pairs: `socketIdHigh`. */
export function creditHigh(socketId: number): number {
  return socketId >>> HIGH_SHIFT;
}

/** The socket that a pair is of. @param word4 of its message, with no more bits than are looked at. // Hot path. */
export function creditSocketId(word: number, word4: number): number {
  return (word & SOCKET_MASK) | (word4 & HIGH_MASK);
}

/** By how many bytes its window grows; negative: shrinks. // Hot path. */
export function creditGrowthBytes(word: number): number {
  return (word >> GROWTH_SHIFT) * CREDIT_GROWTH_BYTES;
}

function checkGrowth(growthBytes: number): void {
  const steps = growthBytes / CREDIT_GROWTH_BYTES;
  assert(
    Number.isInteger(steps) && Math.abs(steps) <= CREDIT_GROWTH_MAX,
    'credit: a window grows by steps that a pair can tell',
  );
}
