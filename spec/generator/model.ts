/** Reads and checks a class's YAML; what comes out can be generated from without further thought. */
import { parse } from 'yaml';
import { expect, integer, items, type Raw, record, text, unique } from './yaml.ts';

/** Words of a frame; test/spec holds it against src/i2o/frame.ts. */
export const FRAME_WORDS = 32;

export interface Field {
  readonly name: string;
  readonly word: number;
  readonly bits?: readonly [low: number, high: number];
  readonly min?: number;
  readonly max?: number;
  /** Always this: the writer fills it in. */
  readonly value?: number;
  /** Of the numbers in its range only the powers of two are good. */
  readonly powerOfTwo?: boolean;
  readonly enum?: string;
  readonly unit?: string;
  /** The header that has the field, one of SOURCES; what is ours says so. */
  readonly source: string;
  readonly doc: string;
}
export interface List {
  readonly name: string;
  readonly word: number;
  readonly stride?: number;
  readonly structure?: string;
  readonly doc: string;
}
export interface Sgl {
  readonly word: number;
  readonly elements: readonly string[];
  readonly count?: string;
  /** Elements a good list has at the least, where it is more than one. */
  readonly least?: number;
  /** Whoever serves the message reads the list itself: the generated check looks only where it begins. */
  readonly reader?: boolean;
}
/** One drawing of a frame: a request or a reply. `words` is its size without what a list or SGL adds. */
export interface Layout {
  readonly fields: readonly Field[];
  readonly words: number;
  readonly list?: List;
  readonly sgl?: Sgl;
  readonly doc?: string;
  /** A reply whose word 4 holds a field of its own: it has no status word. */
  readonly overlaid?: boolean;
}
export interface Errno {
  readonly name: string;
  /** When it is the answer. */
  readonly when?: string;
  /** States of the socket's machine in which it is the answer to a message that is not legal there. */
  readonly in?: readonly string[];
  /** It is also the answer to a message that is legal in its state, for another of the reasons in `when`. */
  readonly elsewhere?: true;
  /** States in which it may be the answer too, by what went before; another is to be expected there. */
  readonly also?: readonly string[];
}
export interface Message {
  readonly name: string;
  readonly function: number;
  readonly doc: string;
  readonly request: Layout;
  readonly reply?: Layout;
  readonly errno: readonly Errno[];
  /** What is malformed is not answered by a reply either. */
  readonly refused?: 'none';
  /** A request always covers several transactions: its header has the flag MULTIPLE. */
  readonly multiple?: boolean;
  /** A request may have the flag MULTIPLE: it then is a batch of transactions. */
  readonly batch?: boolean;
  /** Version of the class that brought it. */
  readonly since: number;
  /** Where it comes from, when not from where its class does. */
  readonly origin?: string;
  /** Section of the notes on I2O it restates, when not its class's. */
  readonly reference?: string;
}
export interface Enum {
  readonly name: string;
  readonly doc: string;
  /** Where the numbers come from; where it is not said, from where its class does. */
  readonly source?: string;
  readonly bitSet?: boolean;
  readonly values: readonly { readonly name: string; readonly value: number; readonly doc: string }[];
}
export interface Structure extends Layout {
  readonly name: string;
  readonly doc: string;
}
export interface ClassSpec {
  readonly name: string;
  readonly id: number;
  readonly version: number;
  readonly origin: string;
  /** Section of the notes on I2O it restates; none for what is ours. */
  readonly reference?: string;
  readonly doc: string;
  readonly enums: readonly Enum[];
  readonly messages: readonly Message[];
  readonly structures: readonly Structure[];
}

export const SGL_ELEMENTS = ['in', 'out', 'bucket', 'transmit', 'immediate', 'data'];
/** Where a field can come from: the SIG's headers (revision 1.5.4; i2olan.h 1.5.3), those of systems, or us. */
export const SOURCES: readonly string[] = [
  'i2omsg.h',
  'i2oexec.h',
  'i2outil.h',
  'i2olan.h',
  'NetBSD i2o.h',
  'Linux i2o-dev.h',
  'ours',
];
const FIELD_KEYS = 'name word bits min max value powerOfTwo enum unit source doc'.split(' ');
const CAMEL = /^[a-z][A-Za-z0-9]*$/;
const PASCAL = /^[A-Z][A-Za-z0-9]*$/;
/** Parameter names every writer has, so that no field may. */
const RESERVED =
  'words frame at targetTid initiatorTid initiatorContext transactionContext ' +
  'requestStatus detailedStatus sizeWords';

function readFields(
  value: unknown,
  where: string,
  enums: readonly Enum[],
  first: number,
  end: number,
  source: string | undefined,
  reserved = RESERVED,
): Field[] {
  const taken = new Map<number, number>();
  const fields = items(value, where).map((entry, index) => {
    const place = `${where}.${String((entry as Raw)?.['name'] ?? index)}`;
    const optional = FIELD_KEYS.filter((key) => !['name', 'word', 'doc'].includes(key)).map(
      (key) => `${key}?`,
    );
    const raw = record(entry, place, ['name', 'word', 'doc', ...optional]);
    const field = { ...raw, source: readSource(raw['source'] ?? source, place) } as unknown as Field;
    expect(CAMEL.test(field.name), place, 'a field name is camelCase');
    expect(!reserved.split(' ').includes(field.name), place, `"${field.name}" is a name the writers use`);
    integer(field.word, `${place}.word`, 0, 1000);
    expect(
      field.word >= first && field.word < end,
      place,
      `word ${field.word} is outside ${first} to ${end - 1}`,
    );
    expect(field.bits === undefined || items(field.bits, place).length === 2, place, 'bits are [low, high]');
    const [low, high] = field.bits ?? [0, 31];
    integer(low, `${place}.bits`, 0, 31);
    integer(high, `${place}.bits`, low, 31);
    const bits = maskOf(field) << low;
    expect(((taken.get(field.word) ?? 0) & bits) === 0, place, `bits ${low}-${high} overlap another field's`);
    taken.set(field.word, (taken.get(field.word) ?? 0) | bits);
    for (const key of ['min', 'max', 'value'] as const) {
      if (field[key] !== undefined) integer(field[key], `${place}.${key}`, 0, maskOf(field) >>> 0);
    }
    const powers = [field.min ?? 0, field.max ?? 0].every(
      (bound) => bound > 0 && (bound & (bound - 1)) === 0,
    );
    expect(field.powerOfTwo !== true || powers, place, 'a power of two lies between two of them');
    const known = field.enum === undefined || enums.some(({ name }) => name === field.enum);
    expect(known, place, `enum ${field.enum} is unknown`);
    return field;
  });
  unique(
    fields.map(({ name }) => name),
    where,
    'field',
  );
  return fields;
}

/** @throws TypeError where a field has no source, or one that nobody knows. */
export function readSource(value: unknown, where: string): string {
  expect(SOURCES.includes(String(value)), where, `source ${String(value)} is none of ${SOURCES.join(', ')}`);
  return String(value);
}

/** The field's bits, moved down to bit 0. */
export function maskOf({ bits = [0, 31] }: Field): number {
  const width = bits[1] - bits[0] + 1;
  return width === 32 ? -1 : 2 ** width - 1;
}

function readLayout(
  raw: Raw,
  where: string,
  { enums, source }: Known,
  first: number,
  header: number,
): Layout {
  const fields = readFields(raw['fields'], where, enums, first, FRAME_WORDS, source);
  const end = Math.max(header, ...fields.map(({ word }) => word + 1));
  const doc = typeof raw['doc'] === 'string' ? { doc: raw['doc'] } : {};
  if (raw['list'] !== undefined) {
    const keys = ['name', 'word', 'stride?', 'structure?', 'doc'];
    const list = record(raw['list'], `${where}.list`, keys) as unknown as List;
    const count = fields.find(({ name }) => name === 'count');
    expect(list.word >= end, `${where}.list`, `word ${list.word} is inside the fields`);
    expect(count?.max !== undefined, `${where}.list`, 'a list needs a field "count" with a max');
    const last = list.word + count.max * (list.stride ?? 1);
    expect(
      last <= FRAME_WORDS,
      `${where}.list`,
      `${count.max} elements end at word ${last}, a frame has ${FRAME_WORDS}`,
    );
    return { fields, words: list.word, list, ...doc };
  }
  if (raw['sgl'] === undefined) return { fields, words: end, ...doc };
  const sgl = record(raw['sgl'], `${where}.sgl`, [
    'word',
    'elements',
    'count?',
    'least?',
    'reader?',
  ]) as unknown as Sgl;
  expect(
    sgl.word >= end && sgl.word < 16,
    `${where}.sgl`,
    `word ${sgl.word} is inside the fields or past word 15`,
  );
  for (const element of items(sgl.elements, `${where}.sgl`)) {
    expect(SGL_ELEMENTS.includes(String(element)), `${where}.sgl`, `element "${String(element)}" is unknown`);
  }
  const counted = sgl.count === undefined || fields.some(({ name }) => name === sgl.count);
  expect(counted, `${where}.sgl`, `count field ${sgl.count} is unknown`);
  return { fields, words: sgl.word, sgl, ...doc };
}

/** What the fields of a class may name, and where they come from unless they say otherwise. */
interface Known {
  readonly enums: readonly Enum[];
  readonly source: string | undefined;
}

function readReply(raw: Raw, where: string, known: Known, shared: Raw): Layout | undefined {
  const reply = raw['reply'];
  if (reply === 'none') return undefined;
  if (Array.isArray(reply)) return readLayout({ fields: reply }, `${where}.reply`, known, 5, 5);
  if (typeof reply === 'object') {
    const { overlaid } = record(reply, `${where}.reply`, ['overlaid']);
    return { ...readLayout({ fields: overlaid }, `${where}.reply`, known, 4, 5), overlaid: true };
  }
  expect(typeof reply === 'string' && reply in shared, where, `reply "${String(reply)}" is unknown`);
  const layout = record(shared[reply], `replies.${reply}`, ['doc', 'fields', 'list']);
  return readLayout(layout, `replies.${reply}`, known, 3, 5);
}

function readMessage(entry: unknown, known: Known, shared: Raw): Message {
  const keys = [
    'name',
    'function',
    'doc',
    'since?',
    'origin?',
    'reference?',
    'refused?',
    'multiple?',
    'batch?',
    'request',
    'list?',
    'sgl?',
    'reply',
    'errno',
  ];
  const where = `messages.${String((entry as Raw)?.['name'])}`;
  const raw = record(entry, where, keys);
  expect(PASCAL.test(String(raw['name'])), where, 'a message name is PascalCase');
  integer(raw['function'], `${where}.function`, 0, 255);
  expect(raw['list'] === undefined || raw['sgl'] === undefined, where, 'has both a list and an SGL');
  const request = readLayout({ ...raw, fields: raw['request'], doc: undefined }, where, known, 3, 4);
  const reply = readReply(raw, where, known, shared);
  const base = {
    ...(raw as unknown as Message),
    since: integer(raw['since'] ?? 1, `${where}.since`, 1, 15),
    errno: readErrno(raw['errno'], `${where}.errno`),
    request,
  };
  return reply === undefined ? { ...base, reply: undefined as never } : { ...base, reply };
}

/** Each a name, or a mapping that says when it is the answer too. */
function readErrno(value: unknown, where: string): Errno[] {
  const errno = items(value, where).map((entry) => {
    if (typeof entry === 'string') return { name: entry };
    const raw = record(entry, where, ['name', 'when?', 'in?', 'also?', 'elsewhere?']);
    const [states, also] = (['in', 'also'] as const).map((key) =>
      raw[key] === undefined ? undefined : items(raw[key], where).map((state) => text(state, where)),
    );
    return {
      name: text(raw['name'], where),
      ...(raw['when'] === undefined ? {} : { when: text(raw['when'], where) }),
      ...(states === undefined ? {} : { in: states }),
      ...(also === undefined ? {} : { also }),
      ...(raw['elsewhere'] === true ? { elsewhere: true as const } : {}),
    };
  });
  unique(
    errno.map(({ name }) => name),
    where,
    'errno',
  );
  return errno;
}

export function readEnum(entry: unknown): Enum {
  const where = `enums.${String((entry as Raw)?.['name'])}`;
  const raw = record(entry, where, ['name', 'doc', 'source?', 'bitSet?', 'values']) as unknown as Enum;
  for (const value of items(raw.values, where)) {
    integer(record(value, where, ['name', 'value', 'doc'])['value'], where, 0, 0xffffffff);
  }
  unique(
    raw.values.map(({ name }) => name),
    where,
    'name',
  );
  unique(
    raw.values.map(({ value }) => value),
    where,
    'value',
  );
  return raw;
}

/** @param reserved names no field may have; none where no writer is generated. */
export function readStructure(
  entry: unknown,
  enums: readonly Enum[],
  source: string | undefined,
  reserved = RESERVED,
): Structure {
  const where = `structures.${String((entry as Raw)?.['name'])}`;
  const raw = record(entry, where, ['name', 'doc', 'words', 'fields']) as unknown as Structure;
  integer(raw.words, `${where}.words`, 1, 64);
  return { ...raw, fields: readFields(raw.fields, where, enums, 0, raw.words, source, reserved) };
}

/**
 * @param yaml text of socket.yaml or executive.yaml.
 * @throws TypeError of one line that says where and what.
 */
export function readClass(yaml: string): ClassSpec {
  const root = record(parse(yaml), 'file', ['class', 'enums', 'messages', 'structures', 'replies?']);
  const keys = ['name', 'id', 'version', 'origin', 'source?', 'reference?', 'doc'];
  const head = record(root['class'], 'class', keys);
  const source = head['source'] as string | undefined;
  const enums = items(root['enums'], 'enums').map(readEnum);
  const shared = root['replies'] === undefined ? {} : (root['replies'] as Raw);
  const messages = items(root['messages'], 'messages').map((entry) =>
    readMessage(entry, { enums, source }, shared),
  );
  const structures = items(root['structures'], 'structures').map((entry) =>
    readStructure(entry, enums, source),
  );
  unique(
    [...messages, ...structures, ...enums].map(({ name }) => name),
    'file',
    'name',
  );
  unique(
    messages.map((message) => message.function),
    'messages',
    'function',
  );
  for (const { list } of messages.flatMap(({ request, reply }) => [request, reply ?? request])) {
    const known = list?.structure === undefined || structures.some(({ name }) => name === list.structure);
    expect(known, 'lists', `structure ${list?.structure} is unknown`);
  }
  return { ...(head as unknown as ClassSpec), enums, messages, structures };
}

/** Reads spec/numbers.yaml: enumerations that are of no class. */
export function readNumbers(yaml: string): readonly Enum[] {
  const root = record(parse(yaml), 'numbers', ['enums']);
  return items(root['enums'], 'numbers').map(readEnum);
}
