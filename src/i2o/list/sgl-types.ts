/**
 * The types of scatter-gather element in I2O 1.5, by the flags in bits 24-31 of an element's first word.
 */
import { assert } from '../../assert/assert.ts';
import {
  ELEMENT_END_OF_BUFFER,
  ELEMENT_KIND_BIT_BUCKET,
  ELEMENT_KIND_IMMEDIATE,
  ELEMENT_LOCAL_ADDRESS,
  ELEMENT_TYPE_SIMPLE,
} from './element-types.ts';
import {
  ELEMENT_ATTRIBUTES,
  ELEMENT_BIT_BUCKET,
  ELEMENT_CHAIN,
  ELEMENT_IGNORE,
  ELEMENT_IMMEDIATE,
  ELEMENT_LONG_TRANSACTION,
  ELEMENT_PAGE_LIST,
  ELEMENT_SHORT_TRANSACTION,
  ELEMENT_TRANSPORT,
} from './elements.gen.ts';

/** AttrFlags: contexts have 64 bits; and all that there are. */
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
TYPES[ELEMENT_IGNORE] = TYPE_IGNORE;
TYPES[ELEMENT_TRANSPORT] = TYPE_TRANSPORT;
TYPES[ELEMENT_KIND_BIT_BUCKET] = TYPE_BIT_BUCKET;
TYPES[ELEMENT_BIT_BUCKET] = TYPE_BIT_BUCKET;
TYPES[ELEMENT_KIND_IMMEDIATE] = TYPE_IMMEDIATE;
TYPES[ELEMENT_IMMEDIATE] = TYPE_IMMEDIATE;
TYPES[ELEMENT_LONG_TRANSACTION] = TYPE_LONG_TRANSACTION;
TYPES[ELEMENT_SHORT_TRANSACTION] = TYPE_SHORT_TRANSACTION;
TYPES[ELEMENT_ATTRIBUTES] = TYPE_ATTRIBUTES;
// Each has any number of context words and any modifiers; but a chain has no direction and ends no buffer.
for (const buffer of [0, ELEMENT_END_OF_BUFFER]) {
  TYPES.fill(TYPE_SIMPLE, ELEMENT_TYPE_SIMPLE | buffer, (ELEMENT_TYPE_SIMPLE | buffer) + 16);
  TYPES.fill(TYPE_PAGE_LIST, ELEMENT_PAGE_LIST | buffer, (ELEMENT_PAGE_LIST | buffer) + 16);
}
TYPES.fill(TYPE_CHAIN, ELEMENT_CHAIN, ELEMENT_CHAIN + 4);
TYPES.fill(TYPE_CHAIN, ELEMENT_CHAIN | ELEMENT_LOCAL_ADDRESS, (ELEMENT_CHAIN | ELEMENT_LOCAL_ADDRESS) + 4);

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
