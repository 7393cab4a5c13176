/**
 * Every vector through the generated codecs and checks: what is decoded is what it says, what is encoded is
 * what it is.
 */
import { describe, expect, it } from 'vitest';
import * as executive from '../../src/i2o/executive.gen.ts';
import { checkReplyFrame, checkRequestFrame, FLAG_MULTIPLE, FRAME_WORDS } from '../../src/i2o/frame.ts';
import * as lan from '../../src/i2o/lan.gen.ts';
import { writeSglContext, writeSglImmediate, writeSglSimple } from '../../src/i2o/list/sgl.ts';
import * as socket from '../../src/i2o/socket.gen.ts';
import * as utility from '../../src/i2o/utility.gen.ts';
import * as window from '../../src/i2o/window.gen.ts';
import { messageNamed } from '../../src/spec/catalogue.ts';
import type { LayoutEntry } from '../../src/spec/entries.ts';
import { type Vector, vectorFiles, wordsOf } from './vectors.ts';

type Codec = Readonly<Record<string, unknown>>;
type Call = (...values: readonly unknown[]) => number;

const codecs: Readonly<Record<string, Codec>> = { executive, lan, socket, utility, window };
const FRAME = 16;
/** Words of a region in which every address of the vectors lies. */
const REGION_WORDS = 0x40000 / 4;
const words = new Int32Array(REGION_WORDS);

function codecOf({ message }: Vector): Codec {
  return codecs[messageNamed(message)!.className];
}

function layoutOf({ message, kind }: Vector): LayoutEntry | undefined {
  const entry = messageNamed(message)!;
  return kind === 'request' ? entry.request : entry.reply;
}

const prefixOf = ({ message, kind }: Vector): string => message + (kind === 'reply' ? 'Reply' : '');
const pascal = (name: string): string => name[0].toUpperCase() + name.slice(1);

function load(vector: Vector): number {
  words.fill(0);
  words.set(wordsOf(vector), FRAME);
  return words[FRAME] >>> 16;
}

/** Whether the frame has the layout of its message, rather than a status alone or less than its fields. */
function isWhole(vector: Vector): boolean {
  const layout = layoutOf(vector);
  if (layout === undefined) return false;
  const form = messageNamed(vector.message)!.replyForm;
  const statusOnly = vector.kind === 'reply' && Object.keys(vector.fields).length === 0 && form !== 'status';
  return !statusOnly && wordsOf(vector).length >= layout.words;
}

/** What is good and as long as it must be: an encoder makes the same. */
function isPlain(vector: Vector): boolean {
  const good = vector.expect['answer'] === 'legal' || vector.expect['judgement'] === 'good';
  return good && isWhole(vector) && !/\/longer$|\/transaction-error$|\/error$/.test(vector.id);
}

function encode(vector: Vector): Int32Array {
  const codec = codecOf(vector);
  const layout = layoutOf(vector)!;
  const original = wordsOf(vector);
  const { replyForm } = messageNamed(vector.message)!;
  const reply = vector.kind === 'reply';
  const ownWord3 = layout.fields.some(({ word }) => word === 3);
  const status = reply && replyForm !== 'overlaid' ? [original[4] >>> 24, original[4] & 0xffff] : [];
  const fields = layout.fields
    .filter(({ value }) => value === undefined)
    .map(({ name }) => vector.fields[name] | 0);
  const open = layout.list !== undefined || layout.sgl !== undefined;
  const out = new Int32Array(FRAME_WORDS);
  (codec[`write${prefixOf(vector)}`] as Call)(
    out,
    0,
    original[1] & 0xfff,
    (original[1] >>> 12) & 0xfff,
    original[2],
    ...(ownWord3 ? [] : [original[3]]),
    ...status,
    ...fields,
    ...(open ? [original[0] >>> 16] : []),
  );
  let at = layout.words;
  for (const value of (vector.list ?? []).flat()) out[at++] = value;
  for (const { kind, flags, count, words: rest } of vector.elements ?? []) {
    if (kind === 'immediate') {
      at = writeSglImmediate(out, at, flags, count, rest[0]);
      out.set(rest.slice(1), at - rest.length + 1);
    } else if (kind === 'data') {
      out[at] = (flags << 24) | count;
      out.set(rest, at + 1);
      at += 1 + rest.length;
    } else if (rest.length === 1) at = writeSglSimple(out, at, flags, count, rest[0]);
    else at = writeSglContext(out, at, flags, count, rest[0], rest[1]);
  }
  return out.slice(0, original.length);
}

/** Class checks look at lists that a message's handler reads itself only as far as where they begin. */
const leftToTheHandler = (vector: Vector): boolean =>
  layoutOf(vector)?.sgl !== undefined && /\/(no-last|past-end|element-invalid)$/.test(vector.id);

/** MULTIPLE, set or missing, is the handler's to judge: no flag is set beside it, and flags are what is wrong. */
function isOfMultiple(vector: Vector): boolean {
  const { failureCode, detailedStatus } = vector.expect;
  const flags = (wordsOf(vector)[0] >>> 8) & 0xff & ~FLAG_MULTIPLE;
  return flags === 0 && [failureCode, detailedStatus].includes('InvalidMessageFlags');
}

for (const file of vectorFiles()) {
  describe(`${file.path} through the codecs`, () => {
    const whole = file.vectors.filter(isWhole);
    it.each(whole.map((vector) => [vector.id, vector] as const))('%s is decoded', (_id, vector) => {
      load(vector);
      for (const { name } of layoutOf(vector)!.fields) {
        const value = (codecOf(vector)[`get${prefixOf(vector)}${pascal(name)}`] as Call)(words, FRAME);
        expect(value >>> 0, name).toBe(vector.fields[name] >>> 0);
      }
    });

    const plain = file.vectors.filter(isPlain);
    it.each(plain.map((vector) => [vector.id, vector] as const))('%s is encoded', (_id, vector) => {
      expect([...encode(vector)]).toEqual([...wordsOf(vector)]);
    });
  });

  describe(`${file.path} through the checks`, () => {
    const requests = file.vectors.filter(({ kind, message }) => kind === 'request' && message !== 'UtilNop');
    it.each(requests.map((vector) => [vector.id, vector] as const))('%s', (_id, vector) => {
      const size = load(vector);
      const { expect: expected } = vector;
      const header = checkRequestFrame(words, FRAME);
      if (
        expected['answer'] === 'failure' &&
        /InvalidTargetId|InvalidInitiatorId|StateError/.test(String(expected['failureCode']))
      )
        return;
      const { replyForm } = messageNamed(vector.message)!;
      if (expected['answer'] === 'failure' && header === 0 && replyForm === 'overlaid') {
        // Found by the class's check, and said by a failure, since the reply has no status word.
        const { className } = messageNamed(vector.message)!;
        const check = codecOf(vector)[`check${pascal(className)}Request`] as Call;
        if (!isOfMultiple(vector)) expect(check(words, FRAME, size)).not.toBe(0);
        return;
      }
      if (expected['answer'] === 'failure' && !isOfMultiple(vector)) {
        expect(header).toBe(expected['code']);
        return;
      }
      const { className } = messageNamed(vector.message)!;
      const check = codecOf(vector)[`check${pascal(className)}Request`] as Call;
      if (isOfMultiple(vector)) return;
      if (expected['answer'] === 'transactionError') {
        const reader = messageNamed(vector.message)!.request.sgl?.reader === true && leftToTheHandler(vector);
        // A list that ends where it would begin is seen by the header's check too.
        if (header === 0) expect(check(words, FRAME, size)).toBe(reader ? 0 : expected['code']);
        else expect(header).toBe(executive.FAILURE_CODE_INVALID_OFFSET);
      } else if (expected['answer'] === 'legal') {
        expect(header).toBe(0);
        expect(check(words, FRAME, size)).toBe(0);
      }
    });

    const replies = file.vectors.filter(({ kind }) => kind === 'reply');
    if (replies.length === 0) return;
    it.each(replies.map((vector) => [vector.id, vector] as const))('%s', (_id, vector) => {
      const size = load(vector);
      const { judgement, by, code } = vector.expect;
      const header = checkReplyFrame(words, FRAME);
      if (by === 'header') {
        expect(header).toBe(code);
        return;
      }
      expect(header).toBe(0);
      const { className } = messageNamed(vector.message)!;
      const check = codecOf(vector)[`check${pascal(className)}Reply`] as Call;
      expect(check(words, FRAME, size)).toBe(judgement === 'good' ? 0 : code);
    });
  });
}
