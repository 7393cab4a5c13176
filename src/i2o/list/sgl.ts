/**
 * Scatter-gather lists, I2O 1.5: the elements our own driver writes, which have the fast way; sgl-reader.ts reads all of
 * them. An element's first word holds flags in bits 24-31 and a byte count in bits 0-23. `at` is always the word index of
 * an element's first word.
 *
 *   SIMPLE in / out            count, address                   a control buffer
 *   SIMPLE in with context     count, context, address          a receive bucket
 *   SIMPLE out with context    count, context, address          a transmit buffer
 *   IMMEDIATE_DATA             count, context, bytes padded     a small send; that a context always follows is ours
 *
 * "Out" is from host memory to the card. Every element here is a buffer of its own, so each carries END_OF_BUFFER, and the
 * last one LAST_ELEMENT. This file stands below the generated codecs, which call `checkSgl`.
 */

/** What `checkSgl` and the reader find wrong, as DetailedStatusCodes: the list, or an address or count in it. */
export const SGL_TOO_LARGE = 0x09; // CHAIN_BUFFER_TOO_LARGE
export const SGL_BAD_LIST = 0x10; // INVALID_OFFSET
export const SGL_BAD_PARAMETER = 0x11; // INVALID_PARAMETER

/** Modifiers. */
export const SGL_LAST = 0x80;
export const SGL_END_OF_BUFFER = 0x40;

/** First-word flags, to be combined with SGL_LAST; each closes its buffer. */
export const SGL_SIMPLE_IN = 0x50;
export const SGL_SIMPLE_OUT = 0x54;
export const SGL_BUCKET = 0x51;
export const SGL_TRANSMIT = 0x55;
export const SGL_IMMEDIATE = 0x4c;

/** Begins a transaction of a batch: no data of its own, so no END_OF_BUFFER; what follows up to the next one belongs to it. */
export const SGL_SHORT_TRANSACTION = 0x70;

/** Words of such an element. */
export const SGL_TRANSACTION_WORDS = 2;
/** Words of an element: SIMPLE without a context, and with one. */
export const SGL_SIMPLE_WORDS = 2;
export const SGL_CONTEXT_WORDS = 3;

/** Kinds of element a message allows, for `checkSgl`. */
export const SGL_ALLOW_IN = 1;
export const SGL_ALLOW_OUT = 2;
export const SGL_ALLOW_BUCKET = 4;
export const SGL_ALLOW_TRANSMIT = 8;
export const SGL_ALLOW_IMMEDIATE = 16;
export const SGL_ALLOW_ANY = 31;

/** What the list last found good by `checkSgl` holds: `sglScan[SGL_SCAN_…]`. One a thread; read it before the next check. */
export const sglScan = new Int32Array(3);
export const SGL_SCAN_ELEMENTS = 0;
/** Bytes of all elements together. */
export const SGL_SCAN_BYTES = 1;
/** Of these, bytes of immediate data. */
export const SGL_SCAN_IMMEDIATE_BYTES = 2;

/** What is left of the flags when LAST_ELEMENT and END_OF_BUFFER are taken away. */
const SHAPE_MASK = 0x3f;
const SHAPE_IN = 0x10;
const SHAPE_OUT = 0x14;
const SHAPE_BUCKET = 0x11;
const SHAPE_TRANSMIT = 0x15;
const SHAPE_IMMEDIATE = 0x0c;

// Hot path: everything below runs for every element of every list.

/** Flags as written, modifiers included. */
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

/** Flags in an element's first word, without LAST_ELEMENT: where the word may be read only once, since the host may change it. */
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
  words[at] = (flags << 24) | count;
  words[at + 1] = address;
  return at + SGL_SIMPLE_WORDS;
}

/** Writes SGL_SHORT_TRANSACTION. @param classFields 16 bits of the class's. @returns the word index after it. */
export function writeSglTransaction(
  words: Int32Array,
  at: number,
  classFields: number,
  context: number,
): number {
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
  words[at] = (flags << 24) | count;
  words[at + 1] = context;
  words[at + 2] = address;
  return at + SGL_CONTEXT_WORDS;
}

/**
 * Writes the head of an immediate element; the caller puts the data at `getSglImmediateAddress(at)`.
 * @returns the word index after the data.
 */
export function writeSglImmediate(
  words: Int32Array,
  at: number,
  flags: number,
  count: number,
  context: number,
): number {
  words[at] = (flags << 24) | count;
  words[at + 1] = context;
  return at + sglImmediateWords(count);
}

/**
 * Walks a list the other side wrote, and leaves in `sglScan` what it holds. Good means: only elements of the allowed
 * kinds, all within the message, the last one marked, and every address and count within the region that `words` views
 * whole. That an address lies in the pool it should is the reader's to check.
 * @param sglWord where the list begins, in words from the frame. @param sizeWords of the message, at most FRAME_WORDS.
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
