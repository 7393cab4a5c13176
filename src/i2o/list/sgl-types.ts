/**
 * The types of scatter-gather element in I2O 1.5, by the flags in bits 24-31 of an element's first word, and
 * the bits of those flags that say more.
 */
import { assert } from '../../assert/assert.ts';

/** Bits of a SIMPLE, PAGE_LIST or CHAIN_POINTER element's flags. */
export const CONTEXT_MASK = 0x03;
export const DIRECTION_OUT = 0x04;
export const LOCAL_ADDRESS = 0x08;
export const END_OF_BUFFER = 0x40;
export const ATTRIBUTE_64BIT_CONTEXT = 0x0004;
export const ATTRIBUTES_KNOWN = 0x0704;

export const TYPE_IGNORE = 1;
export const TYPE_TRANSPORT = 2;
export const TYPE_BIT_BUCKET = 3;
export const TYPE_IMMEDIATE = 4;
export const TYPE_SIMPLE = 5;
export const TYPE_PAGE_LIST = 6;
export const TYPE_CHAIN = 7;
export const TYPE_LONG_TRANSACTION = 8;
export const TYPE_SHORT_TRANSACTION = 9;
export const TYPE_ATTRIBUTES = 10;

/** The type of an element by its flags without LAST_ELEMENT; 0 where the flags are reserved or invalid. */
export const TYPES = new Uint8Array(128);
TYPES[0x00] = TYPE_IGNORE;
TYPES[0x04] = TYPE_TRANSPORT;
TYPES.fill(TYPE_SIMPLE, 0x10, 0x20);
TYPES.fill(TYPE_PAGE_LIST, 0x20, 0x30);
TYPES.fill(TYPE_SIMPLE, 0x50, 0x60);
TYPES.fill(TYPE_PAGE_LIST, 0x60, 0x70);
TYPES.fill(TYPE_CHAIN, 0x30, 0x34);
TYPES.fill(TYPE_CHAIN, 0x38, 0x3c);
TYPES[0x08] = TYPE_BIT_BUCKET;
TYPES[0x48] = TYPE_BIT_BUCKET;
TYPES[0x0c] = TYPE_IMMEDIATE;
TYPES[0x4c] = TYPE_IMMEDIATE;
TYPES[0x40] = TYPE_LONG_TRANSACTION;
TYPES[0x70] = TYPE_SHORT_TRANSACTION;
TYPES[0x7c] = TYPE_ATTRIBUTES;

/** Holds the page sizes against each other: the least a list may ask for, the usual one, and the most. */
export function checkPageSizes(least: number, standard: number, most: number): void {
  assert(
    [least, standard, most].every((bytes) => bytes >= 4 && (bytes & (bytes - 1)) === 0),
    'sgl types: page sizes are powers of two',
  );
  assert(
    least <= standard && standard <= most,
    'sgl types: the usual page size is one that a list may ask for',
  );
}
