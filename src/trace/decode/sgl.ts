/**
 * A frame's scatter-gather list, element by element, for people to read. Reads only what the frame holds: a
 * list that does not fit it ends with the trouble it made in place of an element, and a chained list lies in
 * memory, which no trace holds.
 */
import {
  ELEMENT_CONTEXT_MASK,
  ELEMENT_DIRECTION_OUT,
  ELEMENT_KIND_BIT_BUCKET,
  ELEMENT_KIND_IMMEDIATE,
  ELEMENT_LOCAL_ADDRESS,
  ELEMENT_TYPE_CHAIN,
  ELEMENT_TYPE_MASK,
  ELEMENT_TYPE_PAGE_LIST,
  elementFieldsOf,
  elementLengthOf,
} from '../../i2o/list/element-types.ts';
import {
  ELEMENT_ATTRIBUTES,
  ELEMENT_IGNORE,
  ELEMENT_LONG_TRANSACTION,
  ELEMENT_SHORT_TRANSACTION,
  ELEMENT_TRANSPORT,
} from '../../i2o/list/elements.gen.ts';
import { isLastSgl, SGL_END_OF_BUFFER, sglBytesOf, sglShapeOf } from '../../i2o/list/sgl.ts';
import { contextText, hexText, type Value } from './values.ts';

export interface DecodedElement {
  /** As the class specs name it: `transmit`, `bucket`, `immediate`…; with what the flags add. */
  readonly kind: string;
  readonly bytes?: number;
  readonly context?: Value;
  /** Of memory, as a number; where in the pools it lies is the reader's to say. */
  readonly address?: number;
  /** Word index of its first word, from the frame's. */
  readonly word: number;
  /** Of immediate data: word index and bytes. */
  readonly dataWord?: number;
  readonly note?: string;
}

export interface DecodedList {
  readonly elements: readonly DecodedElement[];
  /** Why the list could not be read to its end; empty where it could. */
  readonly trouble: string;
}

/** Bytes of a page, unless the host has said otherwise, which a single frame does not tell. */
const PAGE_BYTES = 4096;

/** An element, and the words it takes. */
interface Step {
  readonly element: Omit<DecodedElement, 'word'>;
  readonly words: number;
}

/**
 * @param first word index of the list. @param end word index after the message.
 * @param immediateContexts whether immediate data has a context, as in the socket class.
 * @param idHigh bits 16-23 of the socket numbers of a batch, at their places.
 */
export function decodeSgl(
  words: Int32Array,
  first: number,
  end: number,
  immediateContexts: boolean,
  idHigh = 0,
): DecodedList {
  const elements: DecodedElement[] = [];
  let at = first;
  while (at < end) {
    const step = readElement(words, at, immediateContexts, idHigh);
    if (at + step.words > end)
      return { elements, trouble: `${step.element.kind} element runs past the message` };
    elements.push({ ...step.element, word: at });
    if (isLastSgl(words[at])) return { elements, trouble: '' };
    at += step.words;
  }
  return { elements, trouble: elements.length === 0 ? 'empty list' : 'no last element' };
}

function readElement(words: Int32Array, at: number, immediateContexts: boolean, idHigh: number): Step {
  const first = words[at];
  const flags = sglShapeOf(first);
  const bytes = sglBytesOf(first);
  if (flags === ELEMENT_SHORT_TRANSACTION) {
    const note = `socket ${elementFieldsOf(first) | idHigh}`;
    return transaction(words, at, 'shortTransaction', elementLengthOf(first), note);
  }
  if (flags === ELEMENT_LONG_TRANSACTION) return transaction(words, at, 'longTransaction', bytes);
  if (flags === ELEMENT_ATTRIBUTES) {
    return {
      element: { kind: 'attributes', note: hexText(elementFieldsOf(first)) },
      words: 1 + elementLengthOf(first),
    };
  }
  switch (flags & ~SGL_END_OF_BUFFER & ~ELEMENT_CONTEXT_MASK) {
    case ELEMENT_IGNORE:
      return { element: { kind: 'ignore', bytes }, words: 1 + bytes };
    case ELEMENT_TRANSPORT:
      return { element: { kind: 'transport', bytes }, words: 1 + ((bytes + 3) >> 2) };
    case ELEMENT_KIND_BIT_BUCKET:
      return { element: { kind: 'bitBucket', bytes, context: contextText(words[at + 1]) }, words: 2 };
    case ELEMENT_KIND_IMMEDIATE:
      return immediate(words, at, bytes, immediateContexts);
    default:
      return addressed(words, at, flags, bytes);
  }
}

function transaction(words: Int32Array, at: number, kind: string, length: number, note?: string): Step {
  const context = contextText(words[at + 1]);
  return { element: { kind, context, ...(note !== undefined && { note }) }, words: 1 + Math.max(1, length) };
}

function immediate(words: Int32Array, at: number, bytes: number, withContext: boolean): Step {
  const dataWord = at + (withContext ? 2 : 1);
  const context = withContext ? { context: contextText(words[at + 1]) } : {};
  return {
    element: { kind: withContext ? 'immediate' : 'data', bytes, ...context, dataWord },
    words: dataWord - at + ((bytes + 3) >> 2),
  };
}

/** SIMPLE, PAGE_LIST and CHAIN_POINTER: context words, then addresses. */
function addressed(words: Int32Array, at: number, flags: number, bytes: number): Step {
  const contextWords = flags & ELEMENT_CONTEXT_MASK;
  const type = flags & ELEMENT_TYPE_MASK;
  const paged = type === ELEMENT_TYPE_PAGE_LIST;
  const out = (flags & ELEMENT_DIRECTION_OUT) !== 0;
  const local = (flags & ELEMENT_LOCAL_ADDRESS) !== 0 ? { note: 'local address' } : {};
  const addressedKind = type === ELEMENT_TYPE_CHAIN ? 'chain' : simpleKind(contextWords, out);
  const kind = paged ? 'pageList' : addressedKind;
  const context = contextWords === 0 ? {} : { context: contextText(words[at + 1]) };
  const address = words[at + 1 + contextWords] >>> 0;
  const pages = paged ? Math.max(1, Math.ceil(bytes / PAGE_BYTES)) : 1;
  return { element: { kind, bytes, ...context, address, ...local }, words: 1 + contextWords + pages };
}

function simpleKind(contextWords: number, out: boolean): string {
  if (contextWords === 0) return out ? 'out' : 'in';
  return out ? 'transmit' : 'bucket';
}
