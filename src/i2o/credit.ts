/**
 * The first word of a pair of SocketReceiveCredit: the socket in bits 0-15, and in bits 16-31, signed, by how
 * many steps its receive window grows beyond the bytes credited. It shrinks by as many where they are
 * negative. Cards of version 1 of the class know no growth: to them it is 0.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';

const COSTLY = COSTLY_ASSERTIONS;

const GROWTH_SHIFT = 16;
const SOCKET_MASK = 0xffff;
/** One step. */
export const CREDIT_GROWTH_BYTES = 256;
/** Steps that one pair tells at most, up or down. */
export const CREDIT_GROWTH_MAX = 0x7fff;

/** @param growthBytes a multiple of a step. // Hot path. */
export function creditWord(socketId: number, growthBytes: number): number {
  if (COSTLY) checkGrowth(growthBytes);
  return socketId | ((growthBytes / CREDIT_GROWTH_BYTES) << GROWTH_SHIFT);
}

/** The socket that a pair is of. // Hot path. */
export function creditSocketId(word: number): number {
  return word & SOCKET_MASK;
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
