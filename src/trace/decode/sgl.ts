/**
 * A frame's scatter-gather list, element by element, for people to read (reference section 6). Reads only what the frame
 * holds; a list that does not fit it ends with a trouble instead of an element. Chained lists lie in memory, which no trace holds.
 */
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

const LAST = 0x80;
const PAGE_BYTES = 4096;
const CONTEXT_WORDS = [0, 1, 2, 3];

/** An element, and the words it takes. */
interface Step {
  readonly element: Omit<DecodedElement, 'word'>;
  readonly words: number;
}

/**
 * @param first word index of the list. @param end word index after the message.
 * @param immediateContexts whether immediate data has a context, as in the socket class.
 */
export function decodeSgl(
  words: Int32Array,
  first: number,
  end: number,
  immediateContexts: boolean,
): DecodedList {
  const elements: DecodedElement[] = [];
  let at = first;
  while (at < end) {
    const step = readElement(words, at, immediateContexts);
    if (at + step.words > end)
      return { elements, trouble: `${step.element.kind} element runs past the message` };
    elements.push({ ...step.element, word: at });
    if ((words[at] >>> 24) & LAST) return { elements, trouble: '' };
    at += step.words;
  }
  return { elements, trouble: elements.length === 0 ? 'empty list' : 'no last element' };
}

function readElement(words: Int32Array, at: number, immediateContexts: boolean): Step {
  const first = words[at];
  const flags = (first >>> 24) & 0x7f;
  if (flags === 0x70) return transaction(words, at, 'shortTransaction', (first >>> 16) & 0xff);
  if (flags === 0x40) return transaction(words, at, 'longTransaction', first & 0xffffff);
  if (flags === 0x7c) {
    return {
      element: { kind: 'attributes', note: hexText(first & 0xffff) },
      words: 1 + ((first >>> 16) & 0xff),
    };
  }
  const bytes = first & 0xffffff;
  switch (flags & 0x3c) {
    case 0x00:
      return { element: { kind: 'ignore', bytes }, words: 1 + bytes };
    case 0x04:
      return { element: { kind: 'transport', bytes }, words: 1 + ((bytes + 3) >> 2) };
    case 0x08:
      return { element: { kind: 'bitBucket', bytes, context: contextText(words[at + 1]) }, words: 2 };
    case 0x0c:
      return immediate(words, at, bytes, immediateContexts);
    default:
      return addressed(words, at, flags, bytes);
  }
}

function transaction(words: Int32Array, at: number, kind: string, length: number): Step {
  const note = kind === 'shortTransaction' ? `socket ${words[at] & 0xffff}` : undefined;
  const context = contextText(words[at + 1]);
  return { element: { kind, context, ...(note !== undefined && { note }) }, words: 1 + Math.max(1, length) };
}

function immediate(words: Int32Array, at: number, bytes: number, withContext: boolean): Step {
  const dataWord = at + (withContext ? 2 : 1);
  const context = withContext ? { context: contextText(words[at + 1]) } : {};
  return {
    element: { kind: 'immediate', bytes, ...context, dataWord },
    words: dataWord - at + ((bytes + 3) >> 2),
  };
}

/** SIMPLE, PAGE_LIST and CHAIN_POINTER: context words, then addresses. */
function addressed(words: Int32Array, at: number, flags: number, bytes: number): Step {
  const contextWords = CONTEXT_WORDS[flags & 3];
  const type = flags & 0x30;
  const out = (flags & 4) !== 0;
  const local = (flags & 8) !== 0 ? { note: 'local address' } : {};
  const kind = type === 0x20 ? 'pageList' : type === 0x30 ? 'chain' : simpleKind(contextWords, out);
  const context = contextWords === 0 ? {} : { context: contextText(words[at + 1]) };
  const address = words[at + 1 + contextWords] >>> 0;
  const pages = type === 0x20 ? Math.max(1, Math.ceil(bytes / PAGE_BYTES)) : 1;
  return { element: { kind, bytes, ...context, address, ...local }, words: 1 + contextWords + pages };
}

function simpleKind(contextWords: number, out: boolean): string {
  if (contextWords === 0) return out ? 'out' : 'in';
  return out ? 'transmit' : 'bucket';
}
