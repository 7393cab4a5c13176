import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClassSpec,
  type Field,
  type Layout,
  type Message,
  maskOf,
  readClass,
} from '../../spec/generator/model.ts';
import { checkFault, FAULT_BYTE } from '../../src/i2o/check-fault.ts';
import * as executiveCodec from '../../src/i2o/executive.gen.ts';
import { FRAME_WORDS, TRANSACTION_ERROR_WORDS, writeTransactionError } from '../../src/i2o/frame.ts';
import {
  SGL_BUCKET,
  SGL_IMMEDIATE,
  SGL_LAST,
  SGL_SIMPLE_IN,
  SGL_SIMPLE_OUT,
  SGL_TRANSMIT,
} from '../../src/i2o/list/sgl.ts';
import * as socketCodec from '../../src/i2o/socket.gen.ts';
import * as utilityCodec from '../../src/i2o/utility.gen.ts';
import { readRepositoryFile } from './repository.ts';

const TOO_SMALL = executiveCodec.DETAILED_STATUS_MESSAGE_TOO_SMALL;
const INVALID = executiveCodec.DETAILED_STATUS_INVALID_PARAMETER;
const BAD_OFFSET = executiveCodec.DETAILED_STATUS_INVALID_OFFSET;
const UNKNOWN = executiveCodec.DETAILED_STATUS_UNKNOWN_FUNCTION;
const FRAME = 32;
const ELEMENTS: Readonly<Record<string, readonly number[]>> = {
  in: [SGL_SIMPLE_IN, 64, 256],
  out: [SGL_SIMPLE_OUT, 64, 256],
  bucket: [SGL_BUCKET, 64, 5, 256],
  transmit: [SGL_TRANSMIT, 64, 5, 256],
  immediate: [SGL_IMMEDIATE, 4, 77, 0x01020304],
};

type Check = (words: Int32Array, frame: number, sizeWords: number) => number;
const classes = [
  {
    spec: readClass(readRepositoryFile('spec/socket.yaml')),
    codec: socketCodec as Readonly<Record<string, unknown>>,
    checkRequest: socketCodec.checkSocketRequest as Check,
    checkReply: socketCodec.checkSocketReply as Check,
  },
  {
    spec: readClass(readRepositoryFile('spec/executive.yaml')),
    codec: executiveCodec as Readonly<Record<string, unknown>>,
    checkRequest: executiveCodec.checkExecutiveRequest as Check,
    checkReply: executiveCodec.checkExecutiveReply as Check,
  },
  {
    spec: readClass(readRepositoryFile('spec/utility.yaml')),
    codec: utilityCodec as Readonly<Record<string, unknown>>,
    checkRequest: utilityCodec.checkUtilityRequest as Check,
    checkReply: utilityCodec.checkUtilityReply as Check,
  },
];
const rows = classes.flatMap((row) =>
  row.spec.messages.map((message) => ({ ...row, message, title: message.name })),
);

/** The least value of a field that is good. */
function leastGood(spec: ClassSpec, field: Field): number {
  const values = spec.enums.find(({ name }) => name === field.enum)?.values.map(({ value }) => value);
  return field.value ?? field.min ?? (values === undefined ? 0 : Math.min(...values));
}

/** Values of a field that are not good, where its bits can hold any. */
function badValues(spec: ClassSpec, field: Field): number[] {
  const values = spec.enums
    .find(({ name, bitSet }) => name === field.enum && !bitSet)
    ?.values.map((v) => v.value);
  const mask = maskOf(field);
  const bad: number[] = [];
  if (field.value !== undefined) bad.push(field.value ^ 1);
  if (values !== undefined && mask !== -1) {
    for (let value = 0; value <= mask; value++) if (!values.includes(value)) bad.push(value);
  }
  if (field.min !== undefined && field.min > 0) bad.push(field.min - 1);
  if (field.max !== undefined && field.max !== mask) bad.push(field.max + 1);
  if (mask === -1 && (field.min !== undefined || field.max !== undefined)) bad.push(-1);
  return bad;
}

function store(words: Int32Array, { word, bits = [0, 31] }: Field, value: number, mask: number): void {
  words[FRAME + word] = (words[FRAME + word] & ~(mask << bits[0])) | ((value & mask) << bits[0]);
}

/** A good message of the least size. @returns its size in words. */
function writeLeast(
  words: Int32Array,
  spec: ClassSpec,
  message: Message,
  layout: Layout,
  reply: boolean,
): number {
  words.fill(0);
  for (const field of layout.fields) store(words, field, leastGood(spec, field), maskOf(field));
  let size = layout.words;
  if (layout.list !== undefined) {
    const count = layout.fields.find(({ name }) => name === 'count')!;
    size += leastGood(spec, count) * (layout.list.stride ?? 1);
  }
  if (layout.sgl !== undefined) {
    const [first, ...rest] = ELEMENTS[layout.sgl.elements[0]];
    words[FRAME + size] = ((first! | SGL_LAST) << 24) | rest[0];
    for (let i = 1; i < rest.length; i++) words[FRAME + size + i] = rest[i];
    size += rest.length;
  }
  const multiple = reply && layout.fields.some(({ word }) => word === 3);
  const flags = reply ? (multiple ? 0xd0 : 0xc0) : 0;
  words[FRAME] = 1 | ((layout.sgl?.word ?? 0) << 4) | (flags << 8) | (size << 16);
  words[FRAME + 1] = 0x001010 | (message.function << 24);
  return size;
}

describe.each(rows)('check of $title', ({ spec, message, checkRequest, checkReply }) => {
  const words = new Int32Array(96);
  const kinds = [{ layout: message.request, check: checkRequest, reply: false }];
  if (message.reply !== undefined) kinds.push({ layout: message.reply, check: checkReply, reply: true });

  it('takes the least good message and every longer one', () => {
    for (const { layout, check, reply } of kinds) {
      const size = writeLeast(words, spec, message, layout, reply);
      for (let larger = size; larger <= FRAME_WORDS; larger++) expect(check(words, FRAME, larger)).toBe(0);
    }
  });

  it('refuses every shorter one', () => {
    for (const { layout, check, reply } of kinds) {
      const size = writeLeast(words, spec, message, layout, reply);
      // A list whose reader checks it is looked at only where it begins.
      const end = layout.sgl?.reader === true ? layout.words + 1 : size;
      for (let smaller = reply ? 5 : 3; smaller < end; smaller++) {
        const inList = layout.sgl !== undefined && smaller >= layout.words;
        expect(check(words, FRAME, smaller), `${smaller} of ${size}`).toBe(inList ? BAD_OFFSET : TOO_SMALL);
      }
    }
  });

  it('refuses each field out of its range', () => {
    for (const { layout, check, reply } of kinds) {
      for (const field of layout.fields) {
        for (const bad of badValues(spec, field)) {
          const size = writeLeast(words, spec, message, layout, reply);
          store(words, field, bad, maskOf(field));
          expect(check(words, FRAME, size), `${field.name} = ${bad}`).toBe(INVALID);
          if (!reply) expect(checkFault[FAULT_BYTE] >> 2, field.name).toBe(field.word);
        }
      }
    }
  });

  it('refuses a list offset that is not the message’s', () => {
    const size = writeLeast(words, spec, message, message.request, false);
    words[FRAME] = words[FRAME] ^ 0x10;
    expect(checkRequest(words, FRAME, size)).toBe(BAD_OFFSET);
  });

  it('takes only the elements its list may have', () => {
    const { sgl } = message.request;
    if (sgl === undefined || sgl.reader === true) return;
    for (const [kind, [first, ...rest]] of Object.entries(ELEMENTS)) {
      writeLeast(words, spec, message, message.request, false);
      words.fill(0, FRAME + sgl.word);
      words[FRAME + sgl.word] = ((first! | SGL_LAST) << 24) | rest[0];
      for (let i = 1; i < rest.length; i++) words[FRAME + sgl.word + i] = rest[i];
      const expected = sgl.elements.includes(kind) ? 0 : BAD_OFFSET;
      expect(checkRequest(words, FRAME, sgl.word + rest.length), kind).toBe(expected);
    }
  });

  it('lets an unsuccessful or refused reply end after its status', () => {
    const reply = message.reply;
    if (reply === undefined || reply.overlaid === true) return;
    writeLeast(words, spec, message, reply, true);
    words[FRAME] = words[FRAME] & ~0x1000;
    words[FRAME + 4] = (executiveCodec.REQUEST_STATUS_ERROR_NO_DATA << 24) | 9;
    expect(checkReply(words, FRAME, 5)).toBe(0);
  });

  it('takes a transaction error for an answer', () => {
    writeTransactionError(words, FRAME, 16, 1, message.function, 2, 3, INVALID, 20);
    expect(checkReply(words, FRAME, TRANSACTION_ERROR_WORDS)).toBe(0);
  });
});

describe('SocketReceivePost', () => {
  it('names as many buckets as it counts', () => {
    const words = new Int32Array(96);
    const { writeSocketReceivePost, checkSocketRequest } = socketCodec;
    for (let named = 1; named <= 9; named++) {
      for (let counted = 1; counted <= 9; counted++) {
        const size = 4 + named * 3;
        writeSocketReceivePost(words, FRAME, 16, 1, 0, counted, size);
        for (let i = 0; i < named; i++) {
          const flags = i === named - 1 ? SGL_BUCKET | SGL_LAST : SGL_BUCKET;
          words.set([(flags << 24) | 16, i, 128], FRAME + 4 + i * 3);
        }
        expect(checkSocketRequest(words, FRAME, size)).toBe(named === counted ? 0 : INVALID);
      }
    }
  });
});

describe.each(classes)('functions of class $spec.name', ({ spec, checkRequest, checkReply }) => {
  it('refuses the others', () => {
    const words = new Int32Array(96);
    for (let code = 0; code < 256; code++) {
      if (spec.messages.some((message) => message.function === code)) continue;
      words[FRAME] = 1 | (FRAME_WORDS << 16);
      words[FRAME + 1] = code << 24;
      expect(checkRequest(words, FRAME, FRAME_WORDS)).toBe(UNKNOWN);
      expect(checkReply(words, FRAME, FRAME_WORDS)).toBe(UNKNOWN);
    }
  });

  it('gives some answer to any words at all, and never throws', () => {
    const word = fc.oneof(fc.integer(), fc.constantFrom(...spec.messages.map((m) => m.function << 24)));
    const frame = fc.array(word, { minLength: FRAME_WORDS, maxLength: FRAME_WORDS });
    fc.assert(
      fc.property(frame, fc.integer({ min: 5, max: FRAME_WORDS }), (body, size) => {
        const words = new Int32Array(96);
        words.set(body, FRAME);
        const known = Object.keys(executiveCodec.DETAILED_STATUS_NAMES).map(Number);
        expect(known).toContain(checkRequest(words, FRAME, size));
        expect(known).toContain(checkReply(words, FRAME, size));
      }),
    );
  });
});
