/**
 * Scatter-gather lists of I2O 1.5: the elements that our own driver writes, with the fast accessors and the
 * fast check for them. sgl-reader.ts reads every element there is. The first word of an element holds flags
 * in bits 24-31 and a byte count in bits 0-23. `at` is always the word index of an element's first word.
 *
 *   SIMPLE in / out            count, address                   a control buffer
 *   SIMPLE in with context     count, context, address          a receive bucket
 *   SIMPLE out with context    count, context, address          a transmit buffer
 *   IMMEDIATE_DATA             count, context, bytes padded     a small send; that it has a context is ours
 *
 * "Out" is from host memory to the card. Every element here is a buffer of its own, so each carries
 * END_OF_BUFFER, and the last one LAST_ELEMENT. The generated codecs call `checkSgl`, so this file imports
 * none of them.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { ELEMENT_END_OF_BUFFER } from './element-types.ts';
import {
  ELEMENT_BUCKET,
  ELEMENT_IMMEDIATE,
  ELEMENT_IN,
  ELEMENT_OUT,
  ELEMENT_SHORT_TRANSACTION,
  ELEMENT_TRANSMIT,
} from './elements.gen.ts';

const COSTLY = COSTLY_ASSERTIONS;

/**
 * What `checkSgl` and the reader find wrong, as DetailedStatusCodes: the list, or an address or count in it.
 */
export const SGL_TOO_LARGE = 0x09; // CHAIN_BUFFER_TOO_LARGE
export const SGL_BAD_LIST = 0x10; // INVALID_OFFSET
export const SGL_BAD_PARAMETER = 0x11; // INVALID_PARAMETER

/** Modifiers. */
export const SGL_LAST = 0x80;
export const SGL_END_OF_BUFFER = ELEMENT_END_OF_BUFFER;

/** Flags of the elements we write, to be combined with SGL_LAST. Each element ends its buffer. */
export const SGL_SIMPLE_IN = ELEMENT_IN;
export const SGL_SIMPLE_OUT = ELEMENT_OUT;
export const SGL_BUCKET = ELEMENT_BUCKET;
export const SGL_TRANSMIT = ELEMENT_TRANSMIT;
export const SGL_IMMEDIATE = ELEMENT_IMMEDIATE;

/**
 * Begins a transaction of a batch. It has no data of its own, so no END_OF_BUFFER; the elements up to the
 * next one belong to it.
 */
export const SGL_SHORT_TRANSACTION = ELEMENT_SHORT_TRANSACTION;

/** Words of SGL_SHORT_TRANSACTION. */
export const SGL_TRANSACTION_WORDS = 2;
/** Words of a SIMPLE element without a context. */
export const SGL_SIMPLE_WORDS = 2;
/** Words of a SIMPLE element with a context. */
export const SGL_CONTEXT_WORDS = 3;

/**
 * Words of a message at the most: FRAME_WORDS of i2o/frame-size.ts. Lists import nothing from the codecs'
 * folder.
 */
export const SGL_MESSAGE_WORDS_MAX = 32;

/** Kinds of element that a message allows, as bits for `checkSgl`. */
export const SGL_ALLOW_IN = 1;
export const SGL_ALLOW_OUT = 2;
export const SGL_ALLOW_BUCKET = 4;
export const SGL_ALLOW_TRANSMIT = 8;
export const SGL_ALLOW_IMMEDIATE = 16;
export const SGL_ALLOW_ANY = 31;

/**
 * What the list holds that `checkSgl` last found good: `sglScan[SGL_SCAN_…]`. Each thread has one; read it
 * before the next check.
 */
export const sglScan = new Int32Array(3);
export const SGL_SCAN_ELEMENTS = 0;
/** Bytes of all elements together. */
export const SGL_SCAN_BYTES = 1;
/** Of these, bytes of immediate data. */
export const SGL_SCAN_IMMEDIATE_BYTES = 2;

/** The flags without LAST_ELEMENT and END_OF_BUFFER: which kind of element it is. */
const SHAPE_MASK = 0x3f;
const SHAPE_IN = ELEMENT_IN & SHAPE_MASK;
const SHAPE_OUT = ELEMENT_OUT & SHAPE_MASK;
const SHAPE_BUCKET = ELEMENT_BUCKET & SHAPE_MASK;
const SHAPE_TRANSMIT = ELEMENT_TRANSMIT & SHAPE_MASK;
const SHAPE_IMMEDIATE = ELEMENT_IMMEDIATE & SHAPE_MASK;

/** Bytes that the count of an element holds at the most. */
const COUNT_MAX = 0xffffff;

/** @param pairs the flags with which an element is written, and the shape by which it is read. */
export function checkShapes(pairs: readonly (readonly [flags: number, shape: number])[]): void {
  for (const [flags, shape] of pairs) {
    assert((flags & SHAPE_MASK) === shape, 'sgl: an element is read by the shape it is written with');
    assert((flags & SGL_END_OF_BUFFER) !== 0, 'sgl: every element we write ends its buffer');
  }
}

checkShapes([
  [SGL_SIMPLE_IN, SHAPE_IN],
  [SGL_SIMPLE_OUT, SHAPE_OUT],
  [SGL_BUCKET, SHAPE_BUCKET],
  [SGL_TRANSMIT, SHAPE_TRANSMIT],
  [SGL_IMMEDIATE, SHAPE_IMMEDIATE],
]);

// Hot path: everything below runs for every element of every list.

/** Flags as they were written, LAST_ELEMENT and END_OF_BUFFER included. */
export function getSglFlags(words: Int32Array, at: number): number {
  return words[at] >>> 24;
}

/** Bytes, 0 to 2^24 - 1. */
export function getSglCount(words: Int32Array, at: number): number {
  return words[at] & 0xffffff;
}

export function isSglLast(words: Int32Array, at: number): boolean {
  return words[at] < 0; // LAST_ELEMENT is the word's sign
}

/**
 * Flags in an element's first word, without LAST_ELEMENT. For readers that may read the word only once, since
 * the host may change it meanwhile.
 */
export function sglShapeOf(first: number): number {
  return (first >>> 24) & ~SGL_LAST;
}

/** Bytes, 0 to 2^24 - 1, by an element's first word. */
export function sglBytesOf(first: number): number {
  return first & 0xffffff;
}

/** Whether the element is the list's last, by its first word: LAST_ELEMENT is the word's sign. */
export function isLastSgl(first: number): boolean {
  return first < 0;
}

export function isSglImmediate(words: Int32Array, at: number): boolean {
  return ((words[at] >>> 24) & SHAPE_MASK) === SHAPE_IMMEDIATE;
}

/** Context of a bucket or a transmit buffer. */
export function getSglContext(words: Int32Array, at: number): number {
  return words[at + 1];
}

/** Address of a bucket or a transmit buffer. */
export function getSglContextAddress(words: Int32Array, at: number): number {
  return words[at + 2];
}

/** Address of a SIMPLE element without a context. */
export function getSglAddress(words: Int32Array, at: number): number {
  return words[at + 1];
}

/** Address of an element's immediate data: a byte address in the region `words` views. */
export function getSglImmediateAddress(at: number): number {
  return (at + 2) << 2;
}

/** Words an immediate element of this many bytes takes, its context included. */
export function sglImmediateWords(bytes: number): number {
  return 2 + ((bytes + 3) >> 2);
}

/** Words of an element that `checkSgl` found good. */
export function getSglWords(words: Int32Array, at: number): number {
  const first = words[at];
  if (((first >>> 24) & SHAPE_MASK) === SHAPE_IMMEDIATE) return sglImmediateWords(first & 0xffffff);
  return (first & (1 << 24)) === 0 ? SGL_SIMPLE_WORDS : SGL_CONTEXT_WORDS;
}

/** Writes SGL_SIMPLE_IN or SGL_SIMPLE_OUT. @returns the word index after it. */
export function writeSglSimple(
  words: Int32Array,
  at: number,
  flags: number,
  count: number,
  address: number,
): number {
  assert(
    (flags & SHAPE_MASK) === SHAPE_IN || (flags & SHAPE_MASK) === SHAPE_OUT,
    'sgl: a simple element goes in or out',
  );
  assert(count > 0 && count <= COUNT_MAX, 'sgl: a simple element has bytes, as many as a count holds');
  assert(address > 0, 'sgl: a simple element has an address');
  words[at] = (flags << 24) | count;
  words[at + 1] = address;
  return at + SGL_SIMPLE_WORDS;
}

/**
 * Writes SGL_SHORT_TRANSACTION.
 * @param classFields 16 bits that the class defines.
 * @returns the word index after it.
 */
export function writeSglTransaction(
  words: Int32Array,
  at: number,
  classFields: number,
  context: number,
): number {
  assert((classFields & ~0xffff) === 0, 'sgl: the fields of the class have sixteen bits');
  // ElementLength counts the words after the first.
  words[at] = (classFields & 0xffff) | ((SGL_TRANSACTION_WORDS - 1) << 16) | (SGL_SHORT_TRANSACTION << 24);
  words[at + 1] = context;
  return at + SGL_TRANSACTION_WORDS;
}

/** Writes SGL_BUCKET or SGL_TRANSMIT. @returns the word index after it. */
export function writeSglContext(
  words: Int32Array,
  at: number,
  flags: number,
  count: number,
  context: number,
  address: number,
): number {
  if (COSTLY) checkContextElement(flags, count, address);
  words[at] = (flags << 24) | count;
  words[at + 1] = context;
  words[at + 2] = address;
  return at + SGL_CONTEXT_WORDS;
}

function checkContextElement(flags: number, count: number, address: number): void {
  assert(
    (flags & SHAPE_MASK) === SHAPE_BUCKET || (flags & SHAPE_MASK) === SHAPE_TRANSMIT,
    'sgl: an element with a context is a bucket or a transmit buffer',
  );
  assert(count > 0 && count <= COUNT_MAX, 'sgl: a buffer has bytes, as many as a count holds');
  assert(address > 0, 'sgl: a buffer has an address');
}

/**
 * Writes the head of an immediate element. The caller puts the data at `getSglImmediateAddress(at)`.
 * @param count bytes, 0 for an empty datagram. @returns the word index after the data.
 */
export function writeSglImmediate(
  words: Int32Array,
  at: number,
  flags: number,
  count: number,
  context: number,
): number {
  if (COSTLY) checkImmediateElement(flags, count);
  words[at] = (flags << 24) | count;
  words[at + 1] = context;
  return at + sglImmediateWords(count);
}

function checkImmediateElement(flags: number, count: number): void {
  assert((flags & SHAPE_MASK) === SHAPE_IMMEDIATE, 'sgl: immediate data has the flags of immediate data');
  assert(count >= 0 && sglImmediateWords(count) < SGL_MESSAGE_WORDS_MAX, 'sgl: immediate data fits a frame');
}

/**
 * Walks a list that the other side wrote, and leaves in `sglScan` what it holds. A good list has only
 * elements of the allowed kinds, all within the message, with the last one marked; and every address and
 * count lies within the region, all of which `words` views. Whoever serves the message checks that an address
 * lies in the pool it should.
 * @param sglWord where the list begins, in words from the frame.
 * @param sizeWords of the message; the frame's check has found it FRAME_WORDS at the most.
 * @param allowed SGL_ALLOW_ bits.
 * @returns 0, SGL_BAD_LIST or SGL_BAD_PARAMETER.
 */
export function checkSgl(
  words: Int32Array,
  frame: number,
  sglWord: number,
  sizeWords: number,
  allowed: number,
): number {
  assert(sizeWords <= SGL_MESSAGE_WORDS_MAX, 'sgl: the message was found to end within its frame');
  assert(
    allowed !== 0 && (allowed & ~SGL_ALLOW_ANY) === 0,
    'sgl: a message with a list allows some kind of element',
  );
  const end = frame + sizeWords;
  let at = frame + sglWord;
  let elements = 0;
  let bytes = 0;
  let immediateBytes = 0;
  let first = 0;
  do {
    if (at >= end) return SGL_BAD_LIST;
    first = words[at];
    const shape = (first >>> 24) & SHAPE_MASK;
    const count = first & 0xffffff;
    let elementWords = SGL_CONTEXT_WORDS;
    if (shape === SHAPE_IMMEDIATE) {
      elementWords = sglImmediateWords(count);
      immediateBytes += count;
    } else if (shape === SHAPE_IN || shape === SHAPE_OUT) {
      elementWords = SGL_SIMPLE_WORDS;
    }
    if ((allowOf(shape) & allowed) === 0 || at + elementWords > end) return SGL_BAD_LIST;
    if (shape !== SHAPE_IMMEDIATE) {
      const address = words[at + elementWords - 1] >>> 0;
      if (count === 0 || address === 0 || address + count > words.length * 4) {
        return SGL_BAD_PARAMETER;
      }
    }
    bytes += count;
    elements += 1;
    at += elementWords;
  } while (first >= 0);
  sglScan[SGL_SCAN_ELEMENTS] = elements;
  sglScan[SGL_SCAN_BYTES] = bytes;
  sglScan[SGL_SCAN_IMMEDIATE_BYTES] = immediateBytes;
  return 0;
}

function allowOf(shape: number): number {
  switch (shape) {
    case SHAPE_TRANSMIT:
      return SGL_ALLOW_TRANSMIT;
    case SHAPE_BUCKET:
      return SGL_ALLOW_BUCKET;
    case SHAPE_IMMEDIATE:
      return SGL_ALLOW_IMMEDIATE;
    case SHAPE_IN:
      return SGL_ALLOW_IN;
    case SHAPE_OUT:
      return SGL_ALLOW_OUT;
    default:
      return 0;
  }
}
