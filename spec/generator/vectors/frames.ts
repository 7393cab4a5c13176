/**
 * Builds frames from the YAML alone: an encoder of its own, so that the generated codecs are held against
 * something else.
 */
import type { ElementValue, Place } from '../../../src/conform/card/vector-file.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../../src/i2o/tids.ts';
import type { ElementSpec, FrameSpec } from '../frame.ts';
import {
  type ClassSpec,
  type Field,
  FRAME_WORDS,
  type Layout,
  type Message,
  type Structure,
} from '../model.ts';
import { goodValues } from './values.ts';
import { type Frame, VECTOR_MEMORY } from './vector.ts';

export const VERSION = 1;
export const FLAG_MULTIPLE = 0x10;
export const FLAG_LAST = 0x40;
export const FLAG_REPLY = 0x80;
const LAST_ELEMENT = 0x80;
const INITIATOR_CONTEXT = 0x11223344;
const TRANSACTION_CONTEXT = 0x55667788;
/** Where the control word of a multiple-transaction reply is. */
const CONTROL_WORD = 3;
const STATUS_WORD = 4;
const IMMEDIATE_BYTES = 5;
/** An operation list: one FieldGet of every field of group F103. */
const OPERATION_LIST = [0x00000001, 0xf1030001, 0x0000ffff];
const TRANSMIT_BYTES = 64;
const CONTROL_BYTES = 1024;
const CONTROL_STRIDE = 1280;
/** Words of a list's longest element beside its first. */
const ELEMENT_WORDS_MAX = 3;

export interface Spec {
  readonly frame: FrameSpec;
  readonly spec: ClassSpec;
  /** Of every class, for structures that lists name. */
  readonly structures: readonly Structure[];
}

export interface Choice {
  readonly fields?: Readonly<Record<string, number>>;
  /** Elements of a list; the least there may be if it does not say. */
  readonly listLength?: number;
  /** Kinds of the elements of a scatter-gather list. */
  readonly elements?: readonly string[];
  /** Words 4: status of a reply. */
  readonly status?: number;
}

/** What is wrong with a frame that would be good. */
export interface Damage {
  readonly size?: number;
  readonly sglOffset?: number;
  readonly flags?: number;
  readonly version?: number;
  readonly target?: number;
  readonly initiator?: number;
  readonly function?: number;
}

/** Classes whose messages go to a device. */
const DEVICE_CLASSES = ['socket', 'lan', 'window'];

export function targetOf(spec: ClassSpec, message: Message): number {
  return DEVICE_CLASSES.includes(spec.name) || message.name.startsWith('Private') ? DEVICE_TID : IOP_TID;
}

export function elementSpec(frame: FrameSpec, kind: string): ElementSpec {
  const found = frame.elements.find(({ name }) => name === kind);
  if (found === undefined) throw new TypeError(`spec: element ${kind} is unknown`);
  return found;
}

/** Kinds a typical list of the message has. Immediate data is left out where others decide how it looks. */
export function typicalElements(
  { sgl }: Layout,
  fields: Readonly<Record<string, number>>,
): readonly string[] {
  if (sgl === undefined) return [];
  const kinds = sgl.elements.filter((kind) => kind !== 'immediate' && kind !== 'data');
  if (sgl.reader === true)
    return sgl.least === undefined
      ? kinds
      : Array.from({ length: sgl.least }, (_, i) => kinds[i % kinds.length]);
  const count = sgl.count === undefined ? 1 : (fields[sgl.count] ?? 1);
  return Array.from({ length: count }, () => kinds[0]);
}

/** A request, or a reply of the form its message has. */
export function buildFrame(
  { frame, spec, structures }: Spec,
  message: Message,
  kind: 'request' | 'reply',
  choice: Choice = {},
  damage: Damage = {},
): Frame {
  const layout = kind === 'request' ? message.request : message.reply!;
  const fields: Record<string, number> = {};
  for (const field of layout.fields)
    fields[field.name] = choice.fields?.[field.name] ?? goodValues(spec, field)[0];
  if (layout.list !== undefined)
    fields['count'] = choice.fields?.['count'] ?? choice.listLength ?? fields['count'];
  const words: number[] = Array.from({ length: layout.words }, () => 0);
  const places: Place[] = [];
  words[2] = INITIATOR_CONTEXT;
  words[3] = TRANSACTION_CONTEXT;
  if (layout.fields.some(({ word }) => word === CONTROL_WORD)) words[CONTROL_WORD] = 0;
  if (kind === 'reply' && layout.overlaid !== true) words[STATUS_WORD] = choice.status ?? 0;
  for (const field of layout.fields) {
    place(words, field, fields[field.name]);
    if (/AddressLow$/.test(field.name) && choice.fields?.[field.name] === undefined) {
      places.push({ word: field.word, area: 'control', number: 0 });
      fields[field.name] = VECTOR_MEMORY.control.offset;
      words[field.word] = VECTOR_MEMORY.control.offset;
    }
  }
  const list =
    layout.list === undefined
      ? undefined
      : listRows(layout, structures, choice.listLength ?? fields['count'], fields['trlElementWords'] ?? 0);
  if (list !== undefined) words.push(...list.flat());
  const kinds = choice.elements ?? typicalElements(layout, fields);
  const elements =
    layout.sgl === undefined
      ? undefined
      : kinds.map((name, i) => element(elementSpec(frame, name), i, kinds.length));
  for (const { value, at } of elements ?? []) {
    for (const item of at) places.push({ ...item, word: words.length + item.word });
    words.push(((value.flags << 24) | value.count) >>> 0, ...value.words);
  }
  writeHeader(words, spec, message, kind, layout, damage);
  return {
    words: words.slice(0, FRAME_WORDS),
    fields,
    ...(list === undefined ? {} : { list }),
    ...(elements === undefined ? {} : { elements: elements.map(({ value }) => value) }),
    places,
  };
}

function writeHeader(
  words: number[],
  spec: ClassSpec,
  message: Message,
  kind: 'request' | 'reply',
  layout: Layout,
  damage: Damage,
): void {
  const multiple = layout.fields.some(({ word }) => word === CONTROL_WORD) && kind === 'reply';
  const asked = message.multiple === true ? FLAG_MULTIPLE : 0;
  const good = kind === 'request' ? asked : FLAG_REPLY | FLAG_LAST | (multiple ? FLAG_MULTIPLE : 0);
  const offset = damage.sglOffset ?? (multiple ? CONTROL_WORD : (layout.sgl?.word ?? 0));
  const size = damage.size ?? words.length;
  while (words.length < Math.min(size, FRAME_WORDS)) words.push(0);
  words[0] =
    ((damage.version ?? VERSION) | (offset << 4) | ((damage.flags ?? good) << 8) | (size << 16)) >>> 0;
  const target = damage.target ?? targetOf(spec, message);
  words[1] =
    (target | ((damage.initiator ?? HOST_TID) << 12) | ((damage.function ?? message.function) << 24)) >>> 0;
}

function place(words: number[], { word, bits = [0, 31] }: Field, value: number): void {
  words[word] = ((words[word] ?? 0) | (value << bits[0])) >>> 0;
}

/**
 * Elements of a list: structures have their first word numbered, plain words are numbers from 1.
 * @param elementWords what the reply says of its elements: so many words each beside the first.
 */
function listRows(
  { list }: Layout,
  structures: readonly Structure[],
  length: number,
  elementWords: number,
): number[][] {
  const stride = Math.max(list!.stride ?? 1, Math.min(elementWords, ELEMENT_WORDS_MAX) + 1);
  const known = structures.find(({ name }) => name === list!.structure);
  return Array.from({ length }, (_, index) =>
    Array.from({ length: stride }, (_unused, word) =>
      word === 0 ? index + (known === undefined ? 1 : 0) : word,
    ),
  );
}

/** One element: transmit buffers and buckets by their number, control buffers one behind the other. */
function element(
  { name, flags }: ElementSpec,
  index: number,
  length: number,
): { value: ElementValue; at: readonly Place[] } {
  const { transmit, receive, control, immediate } = VECTOR_MEMORY;
  const marked = index === length - 1 ? flags | LAST_ELEMENT : flags;
  const value = (count: number, words: readonly number[]): ElementValue => ({
    kind: name,
    flags: marked,
    count,
    words,
  });
  switch (name) {
    case 'transmit':
      return {
        value: value(TRANSMIT_BYTES, [index, transmit.offset + index * transmit.bufferBytes]),
        at: [{ word: 2, area: 'transmit', number: index }],
      };
    case 'bucket':
      return {
        value: value(receive.bufferBytes, [index, receive.offset + index * receive.bufferBytes]),
        at: [{ word: 2, area: 'receive', number: index }],
      };
    case 'immediate':
      return {
        value: value(IMMEDIATE_BYTES, [immediate.firstContext + index, 0x04030201, 0x00000005]),
        at: [{ word: 1, area: 'immediate', number: index }],
      };
    case 'data':
      return { value: value(OPERATION_LIST.length * 4, OPERATION_LIST), at: [] };
    default:
      return {
        value: value(CONTROL_BYTES, [control.offset + index * CONTROL_STRIDE]),
        at: [{ word: 1, area: 'control', number: index }],
      };
  }
}
