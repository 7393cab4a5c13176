/**
 * How the elements of a scatter-gather list are told apart by the flags in their first word. Made from the
 * codes of spec/frame.yaml.
 */
import {
  ELEMENT_BIT_BUCKET,
  ELEMENT_CHAIN,
  ELEMENT_IMMEDIATE,
  ELEMENT_IN,
  ELEMENT_OUT,
  ELEMENT_PAGE_LIST,
} from './elements.gen.ts';

/**
 * SIMPLE, PAGE_LIST and CHAIN_POINTER are told apart by these bits; in all other elements they are 0, or it
 * has no modifiers.
 */
export const ELEMENT_TYPE_MASK = 0x30;
export const ELEMENT_TYPE_SIMPLE = ELEMENT_IN & ELEMENT_TYPE_MASK;
export const ELEMENT_TYPE_PAGE_LIST = ELEMENT_PAGE_LIST & ELEMENT_TYPE_MASK;
export const ELEMENT_TYPE_CHAIN = ELEMENT_CHAIN & ELEMENT_TYPE_MASK;

/** What may be set in the three: how many context words they have, and DIR and LOCAL_ADDRESS. */
export const ELEMENT_CONTEXT_MASK = 0x03;
export const ELEMENT_DIRECTION_OUT = ELEMENT_OUT & ~ELEMENT_IN;
export const ELEMENT_LOCAL_ADDRESS = 0x08;

/** Set in an element with which a buffer ends. */
export const ELEMENT_END_OF_BUFFER = ELEMENT_IN & ~ELEMENT_TYPE_SIMPLE;

/** What is left of the flags of elements without an address when END_OF_BUFFER is taken away. */
export const ELEMENT_KIND_IMMEDIATE = ELEMENT_IMMEDIATE & ~ELEMENT_END_OF_BUFFER;
export const ELEMENT_KIND_BIT_BUCKET = ELEMENT_BIT_BUCKET & ~ELEMENT_END_OF_BUFFER;

/**
 * The length of a SHORT_TRANSACTION or of SGL_ATTRIBUTES, in words after the first, by the element's first
 * word.
 */
export function elementLengthOf(first: number): number {
  return (first >>> 16) & 0xff;
}

/** The class's bits of a SHORT_TRANSACTION, or AttrFlags of SGL_ATTRIBUTES, by the element's first word. */
export function elementFieldsOf(first: number): number {
  return first & 0xffff;
}
