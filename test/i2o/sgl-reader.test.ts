/** Scatter-gather lists as they are read: beside a slow model, and case by case. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as s from '../../src/i2o/list/sgl.ts';
import * as r from '../../src/i2o/list/sgl-reader.ts';
import {
  AREA,
  immediate,
  model,
  type Piece,
  pages,
  REGION_BYTES,
  type Read,
  simple,
  words,
} from './sgl-model.ts';

const FRAME = 64;
const SGL_WORD = 4;

/** Reads with the reader under test. */
function read(sizeWords: number, immediateContexts = true, pageBytes = 4096): Read {
  const reader = new r.SglReader(words, [AREA]);
  reader.hostPageBytes = pageBytes;
  reader.open(FRAME, SGL_WORD, sizeWords, immediateContexts);
  const pieces: Piece[] = [];
  for (let kind = reader.next(); kind > 0; kind = reader.next()) {
    expect(pieces.length).toBeLessThan(r.SGL_FRAGMENTS_MAX);
    pieces.push({
      kind,
      contexts: [reader.context, reader.context1, reader.context2].slice(0, reader.contextWords),
      address: reader.address,
      count: reader.count,
      end: reader.endOfBuffer !== 0,
      local: reader.local !== 0,
      classFields: kind === r.SGL_PIECE_TRANSACTION ? reader.classFields : 0,
    });
  }
  expect(reader.next()).toBe(reader.fault === 0 ? r.SGL_END : r.SGL_FAULT);
  return { pieces, fault: reader.fault };
}
const others = fc.oneof(
  fc.integer({ min: 0, max: 3 }).map((n) => [n, ...new Array(n).fill(-1)]),
  fc.integer({ min: 0, max: 9 }).map((n) => [0x04000000 | n, ...new Array(Math.ceil(n / 4)).fill(-1)]),
  fc
    .tuple(fc.constantFrom(0x08, 0x48), fc.integer({ min: 0, max: 5000 }))
    .map(([flags, n]) => [(flags << 24) | n, 77]),
  fc.integer({ min: 0, max: 65535 }).map((fields) => [0x70010000 | fields, 5]),
  fc.integer({ min: 0, max: 3 }).map((n) => [0x40000000 | n, ...new Array(n).fill(9)]),
  fc.integer({ min: 0, max: 127 }).map((flags) => [(flags << 24) | 8, 4096, 4096, 4096, 4096, 4096]),
);
const chunk = fc.array(fc.oneof({ weight: 3, arbitrary: simple }, pages, immediate, others), {
  minLength: 1,
  maxLength: 6,
});

/**
 * Lays lists out one after the other, the first in the frame, and links them.
 * @returns the message's size in words.
 */
function lay(chunks: readonly (readonly (readonly number[])[])[], gap: number): number {
  words.fill(0);
  let where = FRAME + SGL_WORD;
  let sizeWords = 32;
  chunks.forEach((elements, index) => {
    const start = where;
    let lastAt = where;
    for (const element of elements) {
      if (index === 0 && where + element.length > FRAME + 28) break;
      lastAt = where;
      words.set(element, where);
      where += element.length;
    }
    const next = AREA.offset / 4 + index * (200 + gap);
    const following = chunks[index + 1];
    if (following === undefined) {
      words[lastAt] = words[lastAt] | (1 << 31);
    } else {
      const length = following.flat().length + (index + 2 < chunks.length ? 2 : 0);
      words.set([0x30000000 | (length * 4), next * 4], where);
      where += 2;
    }
    if (index === 0) sizeWords = where - FRAME;
    if (where - start > 0) where = next;
  });
  return sizeWords;
}

describe('SglReader', () => {
  it('reads any list as a slow model of the element table does', () => {
    const chunks = fc.array(chunk, { minLength: 1, maxLength: 6 });
    let good = 0;
    fc.assert(
      fc.property(chunks, fc.boolean(), (lists, contexts) => {
        const sizeWords = lay(lists, 0);
        const expected = model(sizeWords, contexts, 4096);
        if (expected.fault === 0) good += 1;
        expect(read(sizeWords, contexts)).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
    expect(good).toBeGreaterThan(100);
  });

  it('reads a list with a word changed as the model does', () => {
    const change = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer());
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1, maxLength: 4 }), change, (lists, [at, value]) => {
        const sizeWords = lay(lists, 0);
        words[at < 28 ? FRAME + SGL_WORD + at : AREA.offset / 4 + at] = value;
        expect(read(sizeWords)).toEqual(model(sizeWords, true, 4096));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads noise as the model does', () => {
    const noise = fc.array(
      fc.oneof(
        fc.integer(),
        fc.integer({ min: -0x80000000, max: 0x00ffffff }),
        fc.constantFrom(0x30000040, 4096, 4160),
      ),
      { minLength: 1, maxLength: 28 },
    );
    fc.assert(
      fc.property(noise, noise, (frame, chained) => {
        words.fill(0);
        words.set(frame, FRAME + SGL_WORD);
        words.set(chained, AREA.offset / 4);
        expect(read(SGL_WORD + frame.length)).toEqual(model(SGL_WORD + frame.length, true, 4096));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the context with the first segment of a buffer, and its end with the last', () => {
    words.set([0x15000010, 7, 0x1000, 0x14000020, 0x2000, 0xd4000030, 0x3000], FRAME + SGL_WORD);
    const { pieces, fault } = read(SGL_WORD + 7);
    expect(fault).toBe(0);
    expect(pieces.map(({ contexts, count, end }) => [contexts.length, count, end])).toEqual([
      [1, 16, false],
      [0, 32, false],
      [0, 48, true],
    ]);
  });

  it('cuts a page list at host pages, by the page size of OutboundInit or of the list', () => {
    words.set([0xe5001000, 9, 0x1800, 0x3000], FRAME + SGL_WORD);
    expect(read(SGL_WORD + 4).pieces.map(({ address: a, count, end }) => [a, count, end])).toEqual([
      [0x1800, 0x800, false],
      [0x3000, 0x800, true],
    ]);
    expect(read(SGL_WORD + 4, true, 0x800).pieces.map(({ count }) => count)).toEqual([0x800, 0x800]);
    words.set([0x7c010000, 0x1000, 0xe5001000, 9, 0x1800, 0x3000], FRAME + SGL_WORD);
    expect(read(SGL_WORD + 6, true, 64).pieces.map(({ count }) => count)).toEqual([0x800, 0x800]);
    words.set([0xe5001000, 9, 0x1800, 0x3004], FRAME + SGL_WORD);
    expect(read(SGL_WORD + 4).fault).toBe(s.SGL_BAD_PARAMETER);
  });

  it('refuses invalid and reserved elements', () => {
    for (const flags of [0x34, 0x3c, 0x44, 0x74, 0x78, 0x01, 0x05, 0x09, 0x0d, 0x71]) {
      words.fill(0x1000, FRAME, FRAME + 32);
      words[FRAME + SGL_WORD] = ((flags | 0x80) << 24) | 16;
      expect(read(32).fault, `flags ${flags.toString(16)}`).toBe(s.SGL_BAD_LIST);
    }
  });

  it('refuses chains that lead back, into the frame, elsewhere, too deep, too long or to card memory', () => {
    const chainTo = (at: number, count: number, where: number, flags = 0xb0): void => {
      words.set([(flags << 24) | count, where], at);
    };
    const first = FRAME + SGL_WORD;
    chainTo(first, 8, AREA.offset);
    chainTo(AREA.offset / 4, 8, AREA.offset);
    expect(read(6).fault).toBe(s.SGL_BAD_LIST);
    chainTo(first, 8, FRAME * 4 + 16);
    expect(read(6).fault).toBe(s.SGL_BAD_PARAMETER);
    for (const where of [AREA.offset + 2, AREA.offset - 4, AREA.offset + AREA.byteLength - 4, -8, 0]) {
      chainTo(first, 8, where);
      expect(read(6).fault, `to ${where}`).toBe(s.SGL_BAD_PARAMETER);
    }
    chainTo(first, 1028, AREA.offset);
    expect(read(6).fault).toBe(s.SGL_TOO_LARGE);
    chainTo(first, 8, AREA.offset, 0xb8);
    expect(read(6).fault).toBe(s.SGL_BAD_PARAMETER);
    chainTo(first, 8, AREA.offset);
    for (let i = 0; i < 6; i++) chainTo((AREA.offset + i * 8) / 4, 8, AREA.offset + (i + 1) * 8);
    expect(read(6).fault).toBe(s.SGL_TOO_LARGE);
  });

  it('refuses a chain into its own frame even where frames may hold lists', () => {
    const reader = new r.SglReader(words, [{ offset: 4, byteLength: REGION_BYTES - 4 }]);
    words.set([0xb0000008, (FRAME + 6) * 4, 0xd4000004, 0x1000], FRAME + SGL_WORD);
    reader.open(FRAME, SGL_WORD, 8, true);
    expect([reader.next(), reader.fault, reader.errorOffset]).toEqual([r.SGL_FAULT, s.SGL_BAD_LIST, 16]);
  });

  it('uses what it checked, whatever the host writes meanwhile', () => {
    const reader = new r.SglReader(words, [AREA]);
    words.set([0xb0000010, AREA.offset], FRAME + SGL_WORD);
    words.set([0x54000008, 0x1000, 0xd4000008, 0x2000], AREA.offset / 4);
    reader.open(FRAME, SGL_WORD, 6, true);
    expect(reader.next()).toBe(r.SGL_PIECE_OUT);
    words.fill(-1, FRAME, FRAME + 32);
    words.fill(-1, AREA.offset / 4, AREA.offset / 4 + 16);
    expect([reader.next(), reader.address, reader.count]).toEqual([r.SGL_PIECE_OUT, 0x2000, 8]);
    expect(reader.next()).toBe(r.SGL_END);
  });

  it('stops at the most pieces it takes', () => {
    const element = [0x54000001, 0x1000];
    const many = Array.from({ length: r.SGL_FRAGMENTS_MAX + 1 }, () => element).flat();
    many[many.length - 2] = 0xd4000001;
    words.set([0xb0000000 | (many.length * 4), AREA.offset], FRAME + SGL_WORD);
    words.set(many, AREA.offset / 4);
    const { pieces, fault } = read(6);
    expect([pieces.length, fault]).toEqual([r.SGL_FRAGMENTS_MAX, s.SGL_TOO_LARGE]);
  });
});
