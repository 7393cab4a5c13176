import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClassSpec,
  type Field,
  type Layout,
  readClass,
  FRAME_WORDS as SPEC_FRAME_WORDS,
} from '../../spec/generator/model.ts';
import { constantName, pascalName } from '../../spec/generator/names.ts';
import * as executiveCodec from '../../src/i2o/executive.gen.ts';
import * as frames from '../../src/i2o/frame.ts';
import { SGL_BAD_LIST, SGL_BAD_PARAMETER } from '../../src/i2o/list/sgl.ts';
import * as socketCodec from '../../src/i2o/socket.gen.ts';
import * as errno from '../../src/socket/errno.ts';
import { readRepositoryFile } from './repository.ts';

type Codec = Readonly<Record<string, unknown>>;
type Numeric = (...values: unknown[]) => number;

const executive = readClass(readRepositoryFile('spec/executive.yaml'));
const socket = readClass(readRepositoryFile('spec/socket.yaml'));
const classes: [ClassSpec, Codec][] = [
  [socket, socketCodec],
  [executive, executiveCodec],
];
const FRAME = 7; // not aligned to anything, so that a forgotten `frame +` shows

function call(codec: Codec, name: string): Numeric {
  expect(codec[name], name).toBeTypeOf('function');
  return codec[name] as Numeric;
}

/** Any number the field can hold, as its accessor gives it back. */
function fieldValue({ bits = [0, 31] }: Field): fc.Arbitrary<number> {
  const width = bits[1] - bits[0] + 1;
  return width === 32 ? fc.integer() : fc.integer({ min: 0, max: 2 ** width - 1 });
}

interface Case {
  readonly title: string;
  readonly codec: Codec;
  readonly owner: string;
  readonly layout: Layout;
  readonly functionCode: number;
  readonly reply: boolean;
}

const cases: Case[] = classes.flatMap(([spec, codec]) =>
  spec.messages.flatMap((message) => {
    const base = { codec, functionCode: message.function };
    const request = {
      ...base,
      title: message.name,
      owner: message.name,
      layout: message.request,
      reply: false,
    };
    if (message.reply === undefined) return [request];
    const owner = `${message.name}Reply`;
    return [request, { ...base, title: owner, owner, layout: message.reply, reply: true }];
  }),
);

describe.each(cases)('$title', ({ codec, owner, layout, functionCode, reply }) => {
  const ownWord3 = layout.fields.some(({ word }) => word === 3);
  const open = layout.list !== undefined || layout.sgl !== undefined;
  const free = layout.fields.filter(({ value }) => value === undefined);
  const message = fc.record({
    target: fc.integer({ min: 0, max: 0xfff }),
    initiator: fc.integer({ min: 0, max: 0xfff }),
    initiatorContext: fc.integer(),
    transactionContext: fc.integer(),
    requestStatus: fc.integer({ min: 0, max: 0xff }),
    detailedStatus: fc.integer({ min: 0, max: 0xffff }),
    fields: fc.tuple(...free.map(fieldValue)),
    sizeWords: fc.integer({ min: layout.words, max: SPEC_FRAME_WORDS }),
  });

  it('is read as it was written, every word written whole', () => {
    fc.assert(
      fc.property(message, (m) => {
        const parameters: unknown[] = [FRAME, m.target, m.initiator, m.initiatorContext];
        if (!ownWord3) parameters.push(m.transactionContext);
        if (reply) parameters.push(m.requestStatus, m.detailedStatus);
        parameters.push(...m.fields);
        if (open) parameters.push(m.sizeWords);
        const words = new Int32Array(64).fill(0x5a5a5a5a);
        const others = new Int32Array(64).fill(-1);
        const write = call(codec, `write${owner}`);
        expect(write.length).toBe(parameters.length + 1);
        write(words, ...parameters);
        write(others, ...parameters);

        const end = FRAME + layout.words;
        expect(words.slice(FRAME, end)).toEqual(others.slice(FRAME, end));
        expect(words.subarray(0, FRAME).every((word) => word === 0x5a5a5a5a)).toBe(true);
        expect(words.subarray(end).every((word) => word === 0x5a5a5a5a)).toBe(true);

        layout.fields.forEach((field) => {
          const expected = field.value ?? m.fields[free.indexOf(field)];
          expect(call(codec, `get${owner}${pascalName(field.name)}`)(words, FRAME)).toBe(expected);
        });
        expect(frames.frameVersion(words, FRAME)).toBe(1);
        expect(frames.frameSizeWords(words, FRAME)).toBe(open ? m.sizeWords : layout.words);
        expect(frames.frameTarget(words, FRAME)).toBe(m.target);
        expect(frames.frameInitiator(words, FRAME)).toBe(m.initiator);
        expect(frames.frameFunction(words, FRAME)).toBe(functionCode);
        expect(frames.frameInitiatorContext(words, FRAME)).toBe(m.initiatorContext);
        if (!ownWord3) expect(frames.frameTransactionContext(words, FRAME)).toBe(m.transactionContext);
        const flags = frames.FLAG_REPLY | frames.FLAG_LAST | (ownWord3 ? frames.FLAG_MULTIPLE : 0);
        expect(frames.frameFlags(words, FRAME)).toBe(reply ? flags : 0);
        expect(frames.frameSglOffset(words, FRAME)).toBe(layout.sgl?.word ?? (reply && ownWord3 ? 3 : 0));
        if (reply) {
          expect(frames.frameRequestStatus(words, FRAME)).toBe(m.requestStatus);
          expect(frames.frameDetailedStatus(words, FRAME)).toBe(m.detailedStatus);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('cuts a number wider than its field, and leaves the neighbours alone', () => {
    const words = new Int32Array(64);
    const header = ownWord3 ? [0, 0, 0] : [0, 0, 0, 0];
    const status = reply ? [0, 0] : [];
    free.forEach((wide, index) => {
      const fields = free.map((_, i) => (i === index ? -1 : 0));
      call(codec, `write${owner}`)(words, FRAME, ...header, ...status, ...fields, layout.words);
      for (const field of free) {
        const read = call(codec, `get${owner}${pascalName(field.name)}`)(words, FRAME);
        const [low, high] = field.bits ?? [0, 31];
        const all = high - low === 31 ? -1 : 2 ** (high - low + 1) - 1;
        expect(read, `${wide.name} -> ${field.name}`).toBe(field === wide ? all : 0);
      }
    });
  });
});

describe.each(classes.flatMap(([spec, codec]) => spec.structures.map((structure) => ({ structure, codec }))))(
  'structure $structure.name',
  ({ structure, codec }) => {
    it('is read as it was written', () => {
      fc.assert(
        fc.property(fc.tuple(...structure.fields.map(fieldValue)), (values) => {
          const words = new Int32Array(80).fill(0x5a5a5a5a);
          call(codec, `write${structure.name}`)(words, 9, ...values);
          structure.fields.forEach((field, index) => {
            expect(call(codec, `get${structure.name}${pascalName(field.name)}`)(words, 9)).toBe(
              values[index],
            );
          });
          expect(words[8]).toBe(0x5a5a5a5a);
          expect(words[9 + structure.words]).toBe(0x5a5a5a5a);
          expect(codec[`${constantName(structure.name)}_WORDS`]).toBe(structure.words);
        }),
        { numRuns: 50 },
      );
    });
  },
);

describe('constants', () => {
  it('names every function and enumeration value', () => {
    for (const [spec, codec] of classes) {
      const names = codec[`${constantName(spec.name)}_FUNCTION_NAMES`] as Record<number, string>;
      for (const message of spec.messages) {
        expect(codec[constantName(message.name)]).toBe(message.function);
        expect(names[message.function]).toBe(message.name);
      }
      for (const { name, values } of spec.enums) {
        const valueNames = codec[`${constantName(name)}_NAMES`] as Record<number, string>;
        for (const value of values) {
          expect(codec[`${constantName(name)}_${constantName(value.name)}`]).toBe(value.value);
          expect(valueNames[value.value]).toBe(value.name);
        }
      }
    }
  });

  it('agree between hand-written and generated files', () => {
    expect(SPEC_FRAME_WORDS).toBe(frames.FRAME_WORDS);
    expect(frames.FRAME_BYTES).toBe(frames.FRAME_WORDS * 4);
    expect(SGL_BAD_LIST).toBe(executiveCodec.DETAILED_STATUS_INVALID_OFFSET);
    expect(SGL_BAD_PARAMETER).toBe(executiveCodec.DETAILED_STATUS_INVALID_PARAMETER);
  });

  it('uses only errno names Linux has and we know', () => {
    for (const { name } of socket.messages.flatMap((message) => message.errno)) {
      expect(errno, name).toHaveProperty(name);
    }
  });

  it('keeps the class-unique functions even to the host, odd to the card, from 0x80 to 0x9F', () => {
    for (const message of socket.messages) {
      expect(message.function).toBeGreaterThanOrEqual(0x80);
      expect(message.function).toBeLessThanOrEqual(0x9f);
    }
  });
});
