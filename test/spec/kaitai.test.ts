/** The frames as Kaitai Struct describes them: a parser not ours takes every vector apart to what it says. */
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { snake } from '../../spec/generator/kaitai.ts';
import { classNamed, messageNamed, structureNamed } from '../../src/spec/catalogue.ts';
import type { LayoutEntry } from '../../src/spec/entries.ts';
import { type Vector, vectorFiles, wordsOf } from '../conformance/vectors.ts';
import { readRepositoryFile } from './repository.ts';

type Parsed = Readonly<Record<string, unknown>>;
type Parser = new (stream: object, parent: null, root: null, classId: number) => Parsed;

const require = createRequire(import.meta.url);
const compiler = require('kaitai-struct-compiler') as {
  compile(language: string, ksy: object, importer: null, debug: boolean): Promise<Record<string, string>>;
};
const { KaitaiStream } = require('kaitai-struct') as {
  KaitaiStream: new (buffer: ArrayBuffer, offset: number) => object;
};
const FAIL = 0x20;
const MULTIPLE = 0x10;

let InicFrame: Parser;

beforeAll(async () => {
  const files = await compiler.compile(
    'javascript',
    parse(readRepositoryFile('spec/kaitai/inic_frame.ksy')),
    null,
    false,
  );
  const module = { exports: {} };
  new Function('require', 'module', 'exports', files['InicFrame.js'])(require, module, module.exports);
  const made = module.exports as Parser | { InicFrame: Parser };
  InicFrame = typeof made === 'function' ? made : made.InicFrame;
});

/** As Kaitai's JavaScript names a field of ours. */
const camel = (name: string): string =>
  snake(name).replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const layoutOf = ({ message, kind }: Vector): LayoutEntry | undefined => {
  const entry = messageNamed(message)!;
  return kind === 'request' ? entry.request : entry.reply;
};

function parsed(vector: Vector): Parsed {
  const words = wordsOf(vector);
  const buffer = new Uint8Array(words.buffer.slice(0) as ArrayBuffer);
  const { className } = messageNamed(vector.message)!;
  return new InicFrame(new KaitaiStream(buffer.buffer, 0), null, null, classNamed(className)!.id);
}

/** Whether the frame has the layout of its message, and is neither a refusal nor of another length. */
function isWhole(vector: Vector): boolean {
  const layout = layoutOf(vector);
  const words = wordsOf(vector);
  const sizeWords = words[0] >>> 16;
  const { replyForm, function: code } = messageNamed(vector.message)!;
  if (words[1] >>> 24 !== code) return false;
  if (layout === undefined || words.length !== sizeWords || sizeWords < layout.words) return false;
  if (vector.kind === 'request') return (words[0] & 0x8000) === 0;
  const flags = (words[0] >>> 8) & 0xff;
  if ((flags & 0x80) === 0 || (flags & FAIL) !== 0) return false;
  if (replyForm === 'multiple') return (flags & MULTIPLE) !== 0;
  return replyForm === 'overlaid' || words[4] >>> 24 === 0;
}

/** What a vector of a list or of elements has words for. */
const isGood = ({ expect: { answer, judgement } }: Vector): boolean =>
  answer === 'legal' || judgement === 'good';

/** @returns undefined where a list that is malformed runs past the end, which the parser says. */
function attempt(vector: Vector): Parsed | undefined {
  try {
    return parsed(vector);
  } catch (error) {
    expect(isGood(vector), vector.id).toBe(false);
    expect(String(error)).toMatch(/EOFError/);
    return undefined;
  }
}

function rowOf(item: Parsed, structure: string | undefined): number[] {
  if (structure === undefined || 'detail' in item)
    return 'word' in item
      ? [...(item['word'] as number[])]
      : [item['context'] as number, ...(item['detail'] as number[])];
  const { words, fields } = structureNamed(structure)!;
  const row = new Array<number>(words).fill(0);
  for (const { name, word, low } of fields) row[word] += Number(item[camel(name)]) * 2 ** low;
  return row;
}

function elementOf(element: Parsed): { flags: number; count: number; words: number[] } {
  const bytes = (element['data'] as Uint8Array | undefined) ?? new Uint8Array(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const data = Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
  const parts = [element['context'], element['address'], element['pageSize']].filter(
    (part) => part !== undefined,
  );
  return {
    flags: element['flags'] as number,
    count: element['count'] as number,
    words: [...(parts as number[]), ...data],
  };
}

describe.each(vectorFiles().map((file) => [file.path, file] as const))('%s', (_path, { vectors }) => {
  it('is parsed to the fields that its vectors say', () => {
    let whole = 0;
    for (const vector of vectors.filter(isWhole)) {
      const frame = attempt(vector);
      if (frame === undefined) continue;
      const header = frame['header'] as Parsed;
      const body = frame['body'] as Parsed;
      const [word0, word1, initiatorContext] = wordsOf(vector);
      const said = [header['version'], header['sglOffset'], header['msgFlags'], header['messageSize']];
      expect(said, vector.id).toEqual([word0 & 7, (word0 >>> 4) & 15, (word0 >>> 8) & 0xff, word0 >>> 16]);
      expect(header['function']).toBe(word1 >>> 24);
      expect(header['initiatorContext']).toBe(initiatorContext >>> 0);
      for (const { name } of layoutOf(vector)!.fields)
        expect(Number(body[camel(name)]), `${vector.id} ${name}`).toBe(vector.fields[name] >>> 0);
      whole += 1;
    }
    expect(whole).toBeGreaterThan(Math.min(20, vectors.length / 3));
  });

  it('is parsed to the lists and elements that its vectors have', () => {
    const listed = vectors.filter(
      (vector) => isWhole(vector) && isGood(vector) && !vector.id.endsWith('/longer'),
    );
    for (const vector of listed) {
      const body = parsed(vector)['body'] as Parsed;
      const { list } = layoutOf(vector)!;
      if (list !== undefined) {
        const rows = body[camel(`${list.name}List`)] as Parsed[];
        expect(
          rows.map((row) => rowOf(row, list.structure)),
          vector.id,
        ).toEqual(vector.list?.map((row) => row.map((word) => word >>> 0)) ?? []);
      }
      if (vector.elements === undefined) continue;
      const elements = (body['elements'] as Parsed[]).map(elementOf);
      const said = vector.elements.map(({ flags, count, words }) => ({
        flags,
        count,
        words: words.map((word) => word >>> 0),
      }));
      expect(elements, vector.id).toEqual(said);
    }
  });
});

it('tells failure records and transaction errors by their own fields', () => {
  const replies = vectorFiles().flatMap(({ vectors }) => vectors.filter(({ kind }) => kind === 'reply'));
  const errors = replies.filter(({ id }) => id.endsWith('/reply/transaction-error'));
  expect(errors.length).toBeGreaterThan(30);
  for (const vector of errors) {
    const words = wordsOf(vector);
    const body = parsed(vector)['body'] as Parsed;
    expect([body['requestStatus'], body['detailedStatus'], body['errorOffset']], vector.id).toEqual([
      0x0b,
      words[4] & 0xffff,
      words[5] >>> 0,
    ]);
  }
  const words = Int32Array.of(
    (9 << 16) | 0xe001,
    0x89001010 | 0,
    7,
    9,
    (0x85 << 24) | 0x040101,
    2 | (1 << 16),
    0,
    0x1234,
    0,
  );
  const record = new InicFrame(new KaitaiStream(words.buffer, 0), null, null, 0xa0)['body'] as Parsed;
  expect([
    record['failureCode'],
    record['severity'],
    record['failingIopId'],
    record['preservedMfaLow'],
  ]).toEqual([0x85, 4, 2, 0x1234]);
});
