/**
 * A Kaitai Struct description of the frames: spec/kaitai/inic_frame.ksy. The header, replies, failures and
 * scatter-gather elements, and each message of each class, field by field. A frame does not say which class
 * its target is of, so that is a parameter.
 */
import { stringify } from 'yaml';
import type {
  Catalogue,
  ClassEntry,
  EnumEntry,
  FieldEntry,
  LayoutEntry,
  MessageEntry,
} from '../../src/spec/entries.ts';

type Item = Readonly<Record<string, unknown>>;
type Type = Readonly<Record<string, unknown>>;

/** Words of a frame that its header takes. */
const HEADER_WORDS = 3;
const WORD_BITS = 32;
const CONTEXT: Item = { id: 'transaction_context', type: 'u4' };
/** Status of a reply, word 4. */
const STATUS: readonly Item[] = [
  { id: 'detailed_status', type: 'b16' },
  { id: 'reserved_status', type: 'b8' },
  { id: 'request_status', type: 'b8', enum: 'request_status' },
];

export const snake = (name: string): string => name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, '_$&').toLowerCase();

/** Fields and the bits between them, from a word on, so that nothing is left out. */
function wordItems(
  fields: readonly FieldEntry[],
  from: number,
  words: number,
  enums: ReadonlySet<string>,
): Item[] {
  return Array.from({ length: Math.max(0, words - from) }, (_, i) => from + i).flatMap((word) => {
    const own = fields.filter((field) => field.word === word).sort((a, b) => a.low - b.low);
    if (own.length === 0) return [{ id: `reserved_${word}`, type: 'u4' }];
    if (own.length === 1 && own[0].low === 0 && own[0].high === WORD_BITS - 1)
      return [fieldItem(own[0], enums)];
    let bit = 0;
    const items: Item[] = [];
    for (const field of own) {
      if (field.low > bit) items.push({ id: `reserved_${word}_${bit}`, type: `b${field.low - bit}` });
      items.push(fieldItem(field, enums));
      bit = field.high + 1;
    }
    if (bit < WORD_BITS) items.push({ id: `reserved_${word}_${bit}`, type: `b${WORD_BITS - bit}` });
    return items;
  });
}

function fieldItem({ name, low, high, doc, enum: of }: FieldEntry, enums: ReadonlySet<string>): Item {
  const bits = high - low + 1;
  // One bit alone is a truth value to Kaitai; a field of one bit is a number to us.
  const type = bits === WORD_BITS ? 'u4' : `b${bits}`;
  return { id: snake(name), type, ...(of !== undefined && enums.has(of) ? { enum: snake(of) } : {}), doc };
}

function layoutType(
  layout: LayoutEntry,
  className: string,
  first: readonly Item[],
  enums: ReadonlySet<string>,
): Type {
  const { words, fields, list, sgl, doc } = layout;
  const ownWord3 = fields.some(({ word }) => word === HEADER_WORDS);
  const from = ownWord3 ? HEADER_WORDS : HEADER_WORDS + 1;
  const status = first.length > 0;
  const head = [
    ...(ownWord3 ? wordItems(fields, HEADER_WORDS, HEADER_WORDS + 1, enums) : [CONTEXT]),
    ...first,
  ];
  const rest = wordItems(fields, status ? HEADER_WORDS + 2 : ownWord3 ? from + 1 : from, words, enums);
  return {
    ...(doc === undefined ? {} : { doc }),
    seq: [
      ...head,
      ...rest,
      ...(list === undefined ? [] : [listItem(list, fields)]),
      ...sglItems(sgl, className),
    ],
  };
}

function listItem(
  { name, stride, structure }: NonNullable<LayoutEntry['list']>,
  fields: readonly FieldEntry[],
): Item {
  const counted = { repeat: 'expr', 'repeat-expr': 'count' };
  const sized = fields.some((field) => field.name === 'trlElementWords' && field.value === undefined);
  const type = sized
    ? 'trl_element(trl_element_words)'
    : structure === undefined
      ? `words(${stride})`
      : snake(structure);
  return { id: `${snake(name)}_list`, type, ...counted };
}

function sglItems(sgl: LayoutEntry['sgl'], className: string): Item[] {
  if (sgl === undefined) return [];
  const immediate = className === 'utility' || className === 'executive' ? 0 : 1;
  return [
    {
      id: 'elements',
      type: `sgl_element(${immediate})`,
      repeat: 'until',
      'repeat-until': '_.is_last or _io.eof',
    },
  ];
}

const typeName = ({ name }: MessageEntry, reply: boolean): string => `${snake(name)}${reply ? '_reply' : ''}`;

function messageTypes(spec: ClassEntry, enums: ReadonlySet<string>): [string, Type][] {
  return spec.messages.flatMap((message): [string, Type][] => {
    const { request, reply, replyForm } = message;
    const asked: [string, Type] = [typeName(message, false), layoutType(request, spec.name, [], enums)];
    const status = replyForm === 'overlaid' ? [] : STATUS;
    const answered: [string, Type][] =
      reply === undefined ? [] : [[typeName(message, true), layoutType(reply, spec.name, status, enums)]];
    return [asked, ...answered];
  });
}

function enumTypes(enums: readonly EnumEntry[]): Record<string, Item> {
  return Object.fromEntries(
    enums.map(({ name, values }) => [
      snake(name),
      Object.fromEntries(values.map((value) => [value.value, { id: snake(value.name), doc: value.doc }])),
    ]),
  );
}

const keyOf = (classId: number, message: MessageEntry, reply: boolean): number =>
  classId * 1024 + message.function * 2 + (reply ? 1 : 0);

/** Whether a frame is one of these messages. */
function isOneOf(messages: readonly (readonly [number, MessageEntry])[]): string {
  return messages.map(([id, message]) => `key == ${keyOf(id, message, true)}`).join(' or ');
}

const FIXED: Record<string, Type> = {
  message_header: {
    seq: [
      { id: 'version', type: 'b3' },
      { id: 'reserved_0_3', type: 'b1' },
      { id: 'sgl_offset', type: 'b4' },
      { id: 'msg_flags', type: 'b8' },
      { id: 'message_size', type: 'b16' },
      { id: 'target_address', type: 'b12' },
      { id: 'initiator_address', type: 'b12' },
      { id: 'function', type: 'b8' },
      { id: 'initiator_context', type: 'u4' },
    ],
    instances: {
      is_reply: { value: '(msg_flags & 0x80) != 0' },
      is_multiple: { value: '(msg_flags & 0x10) != 0' },
      is_failure: { value: '(msg_flags & 0x20) != 0' },
    },
  },
  status_reply: { doc: 'A reply that may end behind its status.', seq: [CONTEXT, ...STATUS] },
  words: {
    params: [{ id: 'count', type: 'u4' }],
    seq: [{ id: 'word', type: 'u4', repeat: 'expr', 'repeat-expr': 'count' }],
  },
  trl_element: {
    params: [{ id: 'detail_words', type: 'u4' }],
    seq: [
      { id: 'context', type: 'u4' },
      { id: 'detail', type: 'u4', repeat: 'expr', 'repeat-expr': 'detail_words' },
    ],
  },
  sgl_element: {
    doc: 'An element of a scatter-gather list. What is behind the first word depends on its kind.',
    params: [{ id: 'immediate_has_context', type: 'u1' }],
    seq: [
      {
        id: 'count',
        type: 'b24',
        doc: 'bytes; of a transaction and of attributes its length in bits 16 to 23',
      },
      { id: 'flags', type: 'b8' },
      { id: 'context', type: 'u4', if: 'has_context' },
      { id: 'address', type: 'u4', if: 'is_simple or is_chain' },
      { id: 'page_size', type: 'u4', if: 'is_attributes' },
      { id: 'data', size: '(count + 3) / 4 * 4', if: 'is_immediate' },
      { id: 'skipped', size: '(count + 3) / 4 * 4', if: 'is_skipped' },
      { id: 'pages', type: 'u4', repeat: 'eos', if: 'is_page_list' },
    ],
    instances: {
      is_last: { value: '(flags & 0x80) != 0' },
      is_end_of_buffer: { value: '(flags & 0x40) != 0' },
      is_simple: { value: '(flags & 0x30) == 0x10' },
      is_page_list: { value: '(flags & 0x30) == 0x20' },
      is_chain: { value: '(flags & 0x70) == 0x30' },
      is_attributes: { value: '(flags & 0x7c) == 0x7c' },
      is_transaction: { value: '(flags & 0x7f) == 0x70 or (flags & 0x7f) == 0x40' },
      is_bit_bucket: { value: '(flags & 0x7c) == 0x48' },
      is_immediate: { value: '(flags & 0x7c) == 0x4c' },
      is_skipped: { value: '(flags & 0x78) == 0' },
      has_context: {
        value:
          '((is_simple or is_page_list) and (flags & 1) != 0) or is_transaction or is_bit_bucket ' +
          'or (is_immediate and immediate_has_context != 0)',
      },
    },
  },
};

/** @returns spec/kaitai/inic_frame.ksy. */
export function generateKaitai({ frame, classes }: Catalogue): string {
  const enums = [frame, ...classes].flatMap((spec) => spec.enums).filter(({ bitSet }) => !bitSet);
  const known = new Set(enums.map(({ name }) => name));
  const all = classes.flatMap((spec) => spec.messages.map((message) => [spec.id, message] as const));
  const cases = all.flatMap(([id, message]): [number, string][] => [
    [keyOf(id, message, false), typeName(message, false)],
    ...(message.reply === undefined
      ? []
      : [[keyOf(id, message, true), typeName(message, true)] as [number, string]]),
  ]);
  const structures = [frame, ...classes].flatMap((spec) => spec.structures);
  const several = all.filter(([, message]) => message.replyForm === 'multiple');
  const overlaid = all.filter(([, message]) => message.replyForm === 'overlaid');
  const plain = structures
    .filter(({ name }) => !['MessageHeader', 'SingleReply', 'MultipleReply'].includes(name))
    .map(({ name, doc, fields, words }): [string, Type] => {
      const from = name === 'FailureRecord' || name === 'TransactionErrorReply' ? HEADER_WORDS : 0;
      return [snake(name), { doc, seq: wordItems(fields, from, words, known) }];
    });
  const ksy = {
    meta: {
      id: 'inic_frame',
      title: 'Message frames of I2O 1.5 and of the socket class',
      endian: 'le',
      'bit-endian': 'le',
    },
    doc:
      'Generated by spec/generate.ts from spec/*.yaml. Do not edit. A frame, by the class that its ' +
      'target is of (0 for the executive).',
    params: [{ id: 'class_id', type: 'u4' }],
    seq: [
      { id: 'header', type: 'message_header' },
      {
        id: 'body',
        size: 'header.message_size * 4 - 12',
        type: {
          'switch-on': 'body_key',
          cases: {
            1: 'failure_record',
            3: 'transaction_error_reply',
            5: 'status_reply',
            ...Object.fromEntries(cases),
          },
        },
      },
    ],
    instances: {
      status_word: { pos: 16, type: 'u4', if: 'header.message_size >= 5' },
      status: { value: 'header.message_size >= 5 ? (status_word >> 24) & 0xff : 0' },
      of_class: { value: 'header.function < 0x20 ? 0xfff : class_id' },
      key: { value: 'of_class * 1024 + header.function * 2 + (header.is_reply ? 1 : 0)' },
      is_overlaid: { value: isOneOf(overlaid) },
      takes_several: { value: isOneOf(several) },
      body_key: {
        value:
          '(not header.is_reply) ? key : header.is_failure ? 1 : is_overlaid ? key : status == 0x0b ? 3 : ' +
          'header.is_multiple ? key : (takes_several or status != 0) ? 5 : key',
      },
    },
    types: {
      ...FIXED,
      ...Object.fromEntries(plain),
      ...Object.fromEntries(classes.flatMap((spec) => messageTypes(spec, known))),
    },
    enums: enumTypes(enums),
  };
  return stringify(ksy, { lineWidth: 0, aliasDuplicateObjects: false });
}
