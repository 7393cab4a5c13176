/**
 * The words of a message as boxes to be drawn, made of the spec's layouts. `spec-drawing.ts` draws them as
 * text, `spec-html-parts.ts` as HTML.
 */
import { elementNamed, structureNamed } from '../spec/catalogue.ts';
import type { ElementEntry, FieldEntry, LayoutEntry, MessageEntry } from '../spec/entries.ts';

/** Bits `high` to `low` of a word. */
export interface Box {
  readonly high: number;
  readonly low: number;
  /** Empty if the bits have no meaning and are 0. */
  readonly text: string;
  /** The field in the box; absent for bits that are the same in every message. */
  readonly field?: FieldEntry;
}

export interface WordRow {
  readonly label: string;
  /** From bit 31 downwards, without gaps. */
  readonly boxes: readonly Box[];
}

/** Words of a list, which are not drawn one by one. */
export interface ListRow {
  readonly label: string;
  readonly list: string;
}

export type DrawnRow = WordRow | ListRow;

const WORD_BITS = 32;
const REQUEST_FLAGS_MULTIPLE = 0x10;
const REPLY_FLAGS = 0xc0;
const REPLY_FLAGS_MULTIPLE = 0xd0;

/** The words of a request or a reply, from the first one on. */
export function messageRows(message: MessageEntry, reply: boolean): readonly DrawnRow[] {
  const layout = reply ? message.reply! : message.request;
  const own = new Set(layout.fields.map(({ word }) => word));
  const rows = headerRows(message, layout, reply, own);
  const first = reply ? 5 : 4;
  for (let word = own.has(3) ? 3 : 4; word < layout.words; word++) {
    if (own.has(word) || word >= first) rows.push(wordRow(String(word), word, layout.fields));
    else if (reply && word === 4) rows.push(statusRow());
  }
  return [...rows, ...openEnd(layout)];
}

/** The words of a structure, or of another layout that stands alone. */
export function layoutRows(layout: LayoutEntry): readonly DrawnRow[] {
  const rows: DrawnRow[] = [];
  for (let word = 0; word < layout.words; word++) rows.push(wordRow(String(word), word, layout.fields));
  return rows;
}

export function elementRows(element: ElementEntry): readonly DrawnRow[] {
  const flags = `flags ${hexText(element.flags, 2)}`;
  const rows: DrawnRow[] = [{ label: '0', boxes: [box(31, 24, flags), box(23, 0, 'byte count')] }];
  element.words.forEach(({ name }, i) => {
    rows.push({ label: String(i + 1), boxes: [box(31, 0, name)] });
  });
  const { tail } = element;
  if (tail !== undefined) rows.push({ label: `${element.words.length + 1}…`, list: tail });
  return rows;
}

/** The elements that a message's list may have. */
export function elementsOf(layout: LayoutEntry): readonly ElementEntry[] {
  return (layout.sgl?.elements ?? []).flatMap((name) => elementNamed(name) ?? []);
}

/** @returns a number in hexadecimal, such as `0x0A0`. */
export function hexText(value: number, digits: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(digits, '0')}`;
}

function headerRows(
  message: MessageEntry,
  layout: LayoutEntry,
  reply: boolean,
  own: ReadonlySet<number>,
): DrawnRow[] {
  const multiple = reply && message.replyForm === 'multiple';
  const open = layout.list !== undefined || layout.sgl !== undefined;
  const size = open ? `size: ${layout.words} and the list` : `size ${layout.words}`;
  const requestFlags = message.multiple === true ? REQUEST_FLAGS_MULTIPLE : 0;
  const flags = reply ? (multiple ? REPLY_FLAGS_MULTIPLE : REPLY_FLAGS) : requestFlags;
  const list = multiple ? 3 : (layout.sgl?.word ?? 0);
  const rows: DrawnRow[] = [
    {
      label: '0',
      boxes: [
        box(31, 16, size),
        box(15, 8, `flags ${hexText(flags, 2)}`),
        box(7, 4, `list ${list}`),
        box(3, 3, ''),
        box(2, 0, 'ver 1'),
      ],
    },
    {
      label: '1',
      boxes: [
        box(31, 24, `function ${hexText(message.function, 2)}`),
        box(23, 12, 'initiator TID'),
        box(11, 0, 'target TID'),
      ],
    },
    { label: '2', boxes: [box(31, 0, 'InitiatorContext')] },
  ];
  if (!own.has(3)) rows.push({ label: '3', boxes: [box(31, 0, 'TransactionContext')] });
  return rows;
}

function statusRow(): WordRow {
  return { label: '4', boxes: [box(31, 24, 'ReqStatus'), box(23, 16, ''), box(15, 0, 'DetailedStatusCode')] };
}

function wordRow(label: string, word: number, fields: readonly FieldEntry[]): WordRow {
  const inWord = fields.filter((field) => field.word === word).sort((a, b) => b.high - a.high);
  const boxes: Box[] = [];
  let next = WORD_BITS - 1;
  for (const field of inWord) {
    if (field.high < next) boxes.push(box(next, field.high + 1, ''));
    boxes.push({ high: field.high, low: field.low, text: field.name, field });
    next = field.low - 1;
  }
  if (next >= 0) boxes.push(box(next, 0, ''));
  return { label, boxes };
}

/** The rows of a list or scatter-gather list. A structure is drawn once, where the first one lies. */
function openEnd({ list, sgl }: LayoutEntry): DrawnRow[] {
  if (sgl !== undefined) {
    return [{ label: `${sgl.word}…`, list: `scatter-gather list of ${sgl.elements.join(', ')}` }];
  }
  if (list === undefined) return [];
  const structure = list.structure === undefined ? undefined : structureNamed(list.structure);
  const each = list.stride === 1 ? 'a word' : `${list.stride} words`;
  if (structure === undefined) {
    return [{ label: `${list.word}…`, list: `count times ${list.name}, ${each} each` }];
  }
  const rows: DrawnRow[] = [];
  for (let word = 0; word < structure.words; word++) {
    rows.push(wordRow(String(list.word + word), word, structure.fields));
  }
  rows.push({
    label: `${list.word + list.stride}…`,
    list: `count times ${structure.name} in all, ${each} each`,
  });
  return rows;
}

function box(high: number, low: number, text: string): Box {
  return { high, low, text };
}
