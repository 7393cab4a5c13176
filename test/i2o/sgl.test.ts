import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAME_WORDS, writeHeader } from '../../src/i2o/frame.ts';
import * as s from '../../src/i2o/list/sgl.ts';

const REGION_WORDS = 1024;
const REGION_BYTES = REGION_WORDS * 4;
const FRAME = 64;
const words = new Int32Array(REGION_WORDS);

describe('elements', () => {
  it('of two 1514-byte LAN buckets are the I2O 1.5 example', () => {
    writeHeader(words, 0, 4, 0, 10, 0x010, 1, 0x3e, 0, 2);
    const next = s.writeSglContext(words, 4, s.SGL_BUCKET, 1514, 7, 0x100);
    const end = s.writeSglContext(words, next, s.SGL_BUCKET | s.SGL_LAST, 1514, 8, 0x800);
    expect(end).toBe(10);
    const list = [0x510005ea, 7, 0x100, 0xd10005ea | 0, 8, 0x800];
    expect([...words.subarray(0, 10)]).toEqual([0x000a0041, 0x3e001010, 0, 2, ...list]);
    expect(s.checkSgl(words, 0, 4, 10, s.SGL_ALLOW_BUCKET)).toBe(0);
    expect(s.sglScan[s.SGL_SCAN_ELEMENTS]).toBe(2);
    expect(s.sglScan[s.SGL_SCAN_BYTES]).toBe(3028);
  });

  it('lie in a message as long as a frame at the most', () => {
    expect(s.SGL_MESSAGE_WORDS_MAX).toBe(FRAME_WORDS);
  });

  it('have the flag bytes I2O names', () => {
    expect(s.SGL_SIMPLE_IN | s.SGL_LAST).toBe(0xd0);
    expect(s.SGL_SIMPLE_OUT | s.SGL_LAST).toBe(0xd4);
    expect(s.SGL_SIMPLE_OUT).toBe(0x54);
    expect(s.SGL_TRANSMIT | s.SGL_LAST).toBe(0xd5);
    expect(s.SGL_IMMEDIATE | s.SGL_LAST).toBe(0xcc);
  });
});

interface Element {
  readonly flags: number;
  readonly count: number;
  readonly context: number;
  readonly address: number;
}

const element: fc.Arbitrary<Element> = fc
  .record({
    flags: fc.constantFrom(s.SGL_SIMPLE_IN, s.SGL_SIMPLE_OUT, s.SGL_BUCKET, s.SGL_TRANSMIT, s.SGL_IMMEDIATE),
    count: fc.integer({ min: 1, max: 40 }),
    context: fc.integer(),
    address: fc.integer({ min: 1, max: REGION_BYTES - 40 }),
  })
  .map((e) => (e.flags === s.SGL_IMMEDIATE ? { ...e, count: e.count - 1 } : e));

function write(at: number, { flags, count, context, address }: Element, last: boolean): number {
  const modified = last ? flags | s.SGL_LAST : flags;
  if (flags === s.SGL_IMMEDIATE) return s.writeSglImmediate(words, at, modified, count, context);
  if (flags === s.SGL_BUCKET || flags === s.SGL_TRANSMIT) {
    return s.writeSglContext(words, at, modified, count, context, address);
  }
  return s.writeSglSimple(words, at, modified, count, address);
}

/** Writes as many of the elements as a frame holds. @returns those, and the message's size in words. */
function writeList(elements: readonly Element[], sglWord: number): { kept: Element[]; sizeWords: number } {
  words.fill(0);
  const kept: Element[] = [];
  let room = FRAME_WORDS - sglWord;
  for (const candidate of elements) {
    room -= write(512, candidate, false) - 512;
    if (room < 0) break;
    kept.push(candidate);
  }
  let at = FRAME + sglWord;
  kept.forEach((each, index) => {
    at = write(at, each, index === kept.length - 1);
  });
  return { kept, sizeWords: at - FRAME };
}

const list = fc.array(element, { minLength: 1, maxLength: 12 });
const sglWord = fc.integer({ min: 4, max: 15 });

describe('checkSgl', () => {
  it('takes what the writers wrote and says what is in it', () => {
    fc.assert(
      fc.property(list, sglWord, (elements, word) => {
        const { kept, sizeWords } = writeList(elements, word);
        expect(s.checkSgl(words, FRAME, word, sizeWords, s.SGL_ALLOW_ANY)).toBe(0);
        const bytes = kept.reduce((sum, { count }) => sum + count, 0);
        const immediate = kept.filter(({ flags }) => flags === s.SGL_IMMEDIATE);
        const immediateBytes = immediate.reduce((sum, { count }) => sum + count, 0);
        expect([...s.sglScan]).toEqual([kept.length, bytes, immediateBytes]);
      }),
    );
  });

  it('is walked element by element with the accessors', () => {
    fc.assert(
      fc.property(list, sglWord, (elements, word) => {
        const { kept, sizeWords } = writeList(elements, word);
        let at = FRAME + word;
        kept.forEach((each, index) => {
          expect(s.getSglCount(words, at)).toBe(each.count);
          expect(s.isSglLast(words, at)).toBe(index === kept.length - 1);
          expect(s.getSglFlags(words, at) & ~s.SGL_LAST).toBe(each.flags);
          expect(s.isSglImmediate(words, at)).toBe(each.flags === s.SGL_IMMEDIATE);
          if (each.flags === s.SGL_BUCKET || each.flags === s.SGL_TRANSMIT) {
            expect(s.getSglContext(words, at)).toBe(each.context);
            expect(s.getSglContextAddress(words, at)).toBe(each.address);
          } else if (each.flags === s.SGL_IMMEDIATE) {
            expect(s.getSglImmediateAddress(at)).toBe(at * 4 + 8);
          } else {
            expect(s.getSglAddress(words, at)).toBe(each.address);
          }
          at += s.getSglWords(words, at);
        });
        expect(at).toBe(FRAME + sizeWords);
      }),
    );
  });

  it('refuses a list that is cut short anywhere', () => {
    fc.assert(
      fc.property(list, sglWord, (elements, word) => {
        const { sizeWords } = writeList(elements, word);
        for (let cut = word; cut < sizeWords; cut++) {
          expect(s.checkSgl(words, FRAME, word, cut, s.SGL_ALLOW_ANY)).toBe(s.SGL_BAD_LIST);
        }
      }),
    );
  });

  it('refuses a list without an end', () => {
    const at = s.writeSglContext(words, FRAME + 6, s.SGL_TRANSMIT, 8, 1, 128);
    expect(s.checkSgl(words, FRAME, 6, at - FRAME, s.SGL_ALLOW_ANY)).toBe(s.SGL_BAD_LIST);
  });

  const last = s.SGL_LAST;
  /** Writes words of a list as the other side might: our writers assert against most of these. */
  const put = (...list: number[]): void => words.set(list, FRAME + 6);
  const bad: [string, number, number, number][] = [
    ['address 0', 0, 8, s.SGL_BAD_PARAMETER],
    ['a negative address', -8, 8, s.SGL_BAD_PARAMETER],
    ['an address past the region', REGION_BYTES, 1, s.SGL_BAD_PARAMETER],
    ['a count past the region', REGION_BYTES - 8, 9, s.SGL_BAD_PARAMETER],
    ['the largest count', 128, 0xffffff, s.SGL_BAD_PARAMETER],
    ['count 0', 128, 0, s.SGL_BAD_PARAMETER],
    ['the region’s last bytes', REGION_BYTES - 8, 8, 0],
  ];
  it.each(bad)('%s', (_what, address, count, expected) => {
    put(((s.SGL_TRANSMIT | last) << 24) | count, 1, address);
    expect(s.checkSgl(words, FRAME, 6, 9, s.SGL_ALLOW_TRANSMIT)).toBe(expected);
    put(((s.SGL_SIMPLE_IN | last) << 24) | count, address);
    expect(s.checkSgl(words, FRAME, 6, 8, s.SGL_ALLOW_IN)).toBe(expected);
  });

  it('refuses immediate data longer than the message, and takes none at all', () => {
    put(((s.SGL_IMMEDIATE | last) << 24) | 97, 5);
    expect(s.checkSgl(words, FRAME, 6, FRAME_WORDS, s.SGL_ALLOW_ANY)).toBe(s.SGL_BAD_LIST);
    put(((s.SGL_IMMEDIATE | last) << 24) | 0xffffff, 5);
    expect(s.checkSgl(words, FRAME, 6, FRAME_WORDS, s.SGL_ALLOW_ANY)).toBe(s.SGL_BAD_LIST);
    put(((s.SGL_IMMEDIATE | last) << 24) | 96, 5);
    expect(s.checkSgl(words, FRAME, 6, FRAME_WORDS, s.SGL_ALLOW_ANY)).toBe(0);
    s.writeSglImmediate(words, FRAME + 6, s.SGL_IMMEDIATE | last, 0, 5);
    expect(s.checkSgl(words, FRAME, 6, 8, s.SGL_ALLOW_ANY)).toBe(0);
  });

  it('refuses every kind of element that is not ours', () => {
    const ours = [s.SGL_SIMPLE_IN, s.SGL_SIMPLE_OUT, s.SGL_BUCKET, s.SGL_TRANSMIT, s.SGL_IMMEDIATE];
    for (let flags = 0; flags < 64; flags++) {
      words.set([((flags | last) << 24) | 4, 128, 128], FRAME + 4);
      const known = ours.some((our) => (our & 0x3f) === flags);
      expect(s.checkSgl(words, FRAME, 4, 10, s.SGL_ALLOW_ANY), `${flags}`).toBe(known ? 0 : s.SGL_BAD_LIST);
    }
  });

  it('ends on any words at all', () => {
    const frame = fc.array(fc.integer(), { minLength: FRAME_WORDS, maxLength: FRAME_WORDS });
    fc.assert(
      fc.property(frame, fc.integer({ min: 4, max: FRAME_WORDS }), (body, size) => {
        words.set(body, FRAME);
        expect([0, s.SGL_BAD_LIST, s.SGL_BAD_PARAMETER]).toContain(
          s.checkSgl(words, FRAME, 4, size, s.SGL_ALLOW_ANY),
        );
      }),
    );
  });
});
