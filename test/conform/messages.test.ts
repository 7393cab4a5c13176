/** Messages of the pipe as bytes: whole however they arrive, and refused by name where they are none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PipeFault } from '../../src/conform/pipe/fault.ts';
import {
  MessageReader,
  MessageWriter,
  tailText,
  textBytes,
  timeOf,
  wordsOfTime,
} from '../../src/conform/pipe/message.ts';
import {
  PIPE_BEGIN,
  PIPE_FAULT_JUNK,
  PIPE_FIELD_COUNTS,
  PIPE_FRAME,
  PIPE_HEADER_BYTES,
  PIPE_MESSAGE_NAMES,
  PIPE_READY,
  PIPE_REST,
  PIPE_TAILED,
} from '../../src/conform/pipe/pipe.gen.ts';

const types = Object.keys(PIPE_MESSAGE_NAMES).map(Number);
const message = fc.constantFrom(...types).chain((type) =>
  fc.record({
    type: fc.constant(type),
    fields: fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), {
      minLength: PIPE_FIELD_COUNTS[type],
      maxLength: PIPE_FIELD_COUNTS[type],
    }),
    tail: PIPE_TAILED.includes(type) ? fc.uint8Array({ maxLength: 200 }) : fc.constant(new Uint8Array(0)),
  }),
);

describe('messages', () => {
  it('arrive as they were written, in whatever pieces', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.integer({ min: 1, max: 50 }), (messages, piece) => {
        const writer = new MessageWriter();
        for (const { type, fields, tail } of messages) writer.write(type, fields, tail);
        const bytes = writer.take();
        const reader = new MessageReader();
        const read = [];
        for (let at = 0; at < bytes.length; at += piece) {
          reader.push(bytes.subarray(at, at + piece));
          for (let one = reader.next(); one !== undefined; one = reader.next()) read.push(one);
        }
        expect(read.map(({ type, fields }) => [type, ...fields])).toEqual(
          messages.map(({ type, fields }) => [type, ...fields]),
        );
        read.forEach(({ tail }, i) => {
          expect(tail.subarray(0, messages[i].tail.length)).toEqual(messages[i].tail);
          expect(tail.length).toBe((messages[i].tail.length + 3) & ~3);
        });
      }),
    );
  });

  it.each([
    ['an unknown type', [99, 1, 0], /there is no message type 0x63/],
    ['another version', [PIPE_REST, 2, 8, 0, 0], /Rest is of version 2, not 1/],
    ['a body too short', [PIPE_REST, 1, 4, 0], /Rest has 4 bytes, not 8/],
    ['a body too long', [PIPE_REST, 1, 12, 0, 0, 0], /Rest has 12 bytes, not 8/],
    ['a body longer than any', [PIPE_FRAME, 1, 0x7fff_fff0], /Frame has 2147483632 bytes/],
    ['half a word', [PIPE_READY, 1, 9], /Ready has 9 bytes/],
  ])('that are none are junk: %s', (_name, words, said) => {
    const reader = new MessageReader();
    reader.push(new Uint8Array(Int32Array.from(words).buffer));
    const caught = (() => {
      try {
        return reader.next();
      } catch (error) {
        return error;
      }
    })();
    expect(caught).toBeInstanceOf(PipeFault);
    expect((caught as PipeFault).fault).toBe(PIPE_FAULT_JUNK);
    expect((caught as PipeFault).message).toMatch(said);
  });

  it('wait for the rest of a header and of a body', () => {
    const writer = new MessageWriter();
    writer.write(
      PIPE_BEGIN,
      new Array<number>(PIPE_FIELD_COUNTS[PIPE_BEGIN]).fill(7),
      textBytes('a case'),
      0x20,
    );
    const bytes = writer.take();
    const reader = new MessageReader();
    reader.push(bytes.subarray(0, PIPE_HEADER_BYTES - 1));
    expect(reader.next()).toBeUndefined();
    reader.push(bytes.subarray(PIPE_HEADER_BYTES - 1, bytes.length - 1));
    expect(reader.next()).toBeUndefined();
    reader.push(bytes.subarray(bytes.length - 1));
    expect(tailText(reader.next()!.tail)).toBe('a case');
  });

  it('carry times whole, and never', () => {
    for (const ns of [0, 1, 2 ** 31, 2 ** 32 + 5, 300e9, Number.POSITIVE_INFINITY])
      expect(timeOf(...wordsOfTime(ns))).toBe(ns);
  });
});
