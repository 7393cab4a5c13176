/** A slow model of how a scatter-gather list is read, and elements to read, in memory of their own. */
import fc from 'fast-check';
import * as s from '../../src/i2o/list/sgl.ts';
import * as r from '../../src/i2o/list/sgl-reader.ts';

const REGION_WORDS = 8192;
export const REGION_BYTES = REGION_WORDS * 4;
const FRAME = 64;
const SGL_WORD = 4;
/** Where chained lists may lie. */
export const AREA = { offset: 4096, byteLength: 4096 };
export const words = new Int32Array(REGION_WORDS);

export interface Piece {
  readonly kind: number;
  readonly contexts: readonly number[];
  readonly address: number;
  readonly count: number;
  readonly end: boolean;
  readonly local: boolean;
  readonly classFields: number;
}
export interface Read {
  readonly pieces: readonly Piece[];
  /** 0 where the list is good. */
  readonly fault: number;
}

class Bad extends Error {
  readonly code: number;
  constructor(code: number) {
    super();
    this.code = code;
  }
}

/**
 * The same by a slow model, which knows I2O 1.5's table of elements and nothing of the reader. Each method
 * that takes an element returns the words it fills.
 */
class Model {
  readonly pieces: Piece[] = [];
  private readonly seen: [number, number][];
  private readonly immediateContexts: boolean;
  private page: number;

  constructor(sizeWords: number, immediateContexts: boolean, pageBytes: number) {
    this.seen = [[FRAME * 4, (FRAME + sizeWords) * 4]];
    this.immediateContexts = immediateContexts;
    this.page = pageBytes;
  }

  walk(byteAddress: number, listWords: number): void {
    const list = words.slice(byteAddress / 4, byteAddress / 4 + listWords);
    for (let at = 0; ; ) {
      const element = new Element(list, at);
      const { flags } = element;
      if ((flags & ~0xb) === 0x30) {
        this.chain(element);
        return;
      }
      if (flags === 0x40 || flags === 0x70) at += this.transaction(element);
      else if (flags === 0x7c) at += this.attributes(element);
      else if (flags === 0x00) at += element.whole(1 + element.count);
      else if (flags === 0x04) at += element.whole(1 + Math.ceil(element.count / 4));
      else if (flags === 0x08 || flags === 0x48) at += this.bitBucket(element);
      else if (flags === 0x0c || flags === 0x4c) at += this.immediate(element, byteAddress + at * 4);
      else if ((flags & 0x30) === 0x10) at += this.simple(element);
      else if ((flags & 0x30) === 0x20) at += this.pageList(element);
      else throw new Bad(s.SGL_BAD_LIST);
      if (element.last) return;
    }
  }

  private add(
    kind: number,
    contexts: readonly number[],
    address: number,
    count: number,
    flags: number,
    classFields = 0,
  ): void {
    const memory = kind === r.SGL_PIECE_IN || kind === r.SGL_PIECE_OUT;
    if (memory && (count === 0 || address <= 0 || address + count > REGION_BYTES)) {
      throw new Bad(s.SGL_BAD_PARAMETER);
    }
    if (this.pieces.length === r.SGL_FRAGMENTS_MAX) throw new Bad(s.SGL_TOO_LARGE);
    const end = (flags & 0x40) !== 0;
    const local = memory && (flags & 8) !== 0;
    this.pieces.push({ kind, contexts, address, count, end, local, classFields });
  }

  private transaction(element: Element): number {
    const { count } = element;
    const long = element.flags === 0x40;
    const length = long ? count : count >>> 16;
    if (length === 0) throw new Bad(s.SGL_BAD_LIST);
    element.whole(1 + length);
    this.add(r.SGL_PIECE_TRANSACTION, [element.word(1)], 0, 0, 0, long ? 0 : count & 0xffff);
    return 1 + length;
  }

  private attributes(element: Element): number {
    const length = element.count >>> 16;
    if (length === 0) throw new Bad(s.SGL_BAD_LIST);
    element.whole(1 + length);
    const size = element.word(1);
    const possible = size >= 64 && size <= 1 << 20 && Number.isInteger(Math.log2(size));
    if (!possible || (element.count & 0xffff & ~0x700) !== 0) throw new Bad(s.SGL_BAD_PARAMETER);
    this.page = size;
    return 1 + length;
  }

  private bitBucket(element: Element): number {
    element.whole(2);
    if (element.count === 0) throw new Bad(s.SGL_BAD_PARAMETER);
    this.add(r.SGL_PIECE_DISCARD, [element.word(1)], 0, element.count, element.flags);
    return 2;
  }

  /** @param byteAddress the element's. */
  private immediate(element: Element, byteAddress: number): number {
    const head = this.immediateContexts ? 2 : 1;
    const length = element.whole(head + Math.ceil(element.count / 4));
    const contexts = this.immediateContexts ? [element.word(1)] : [];
    this.add(r.SGL_PIECE_IMMEDIATE, contexts, byteAddress + head * 4, element.count, element.flags);
    return length;
  }

  private simple(element: Element): number {
    const { contextWords, count, direction, flags } = element;
    const length = element.whole(2 + contextWords);
    this.add(direction, element.contexts, element.word(1 + contextWords), count, flags);
    return length;
  }

  private pageList(element: Element): number {
    const { contextWords, contexts, count, direction, flags } = element;
    const { page } = this;
    element.whole(2 + contextWords);
    if (count === 0) throw new Bad(s.SGL_BAD_PARAMETER);
    const offset = ((element.word(1 + contextWords) % page) + page) % page;
    const pages = Math.ceil((offset + count) / page);
    const length = element.whole(1 + contextWords + pages);
    for (let i = 0, left = count; i < pages; i++) {
      const address = element.word(1 + contextWords + i);
      if (i > 0 && address % page !== 0) throw new Bad(s.SGL_BAD_PARAMETER);
      const bytes = Math.min(left, i === 0 ? page - offset : page);
      left -= bytes;
      this.add(direction, i === 0 ? contexts : [], address, bytes, left === 0 ? flags : flags & ~0x40);
    }
    return length;
  }

  private chain(element: Element): void {
    const { contextWords, count, flags } = element;
    element.inside(2 + contextWords);
    const address = element.word(1 + contextWords);
    if (count > 1024 || this.seen.length === 5) throw new Bad(s.SGL_TOO_LARGE);
    const inside = address >= AREA.offset && address + count <= AREA.offset + AREA.byteLength;
    const whole = count !== 0 && count % 4 === 0 && address % 4 === 0;
    if (!whole || (flags & 8) !== 0 || !inside) throw new Bad(s.SGL_BAD_PARAMETER);
    if (this.seen.some(([start, end]) => address < end && address + count > start)) {
      throw new Bad(s.SGL_BAD_LIST);
    }
    this.seen.push([address, address + count]);
    this.walk(address, count / 4);
  }
}

/** The element of a list that begins at a word of it. */
class Element {
  readonly flags: number;
  readonly count: number;
  readonly contextWords: number;
  readonly last: boolean;
  private readonly list: Int32Array;
  private readonly at: number;

  constructor(list: Int32Array, at: number) {
    this.list = list;
    this.at = at;
    this.inside(1);
    const first = list[at] >>> 0;
    this.flags = (first >>> 24) & 0x7f;
    this.count = first & 0xffffff;
    this.contextWords = this.flags & 3;
    this.last = first >>> 31 === 1;
  }

  get contexts(): readonly number[] {
    return [...this.list.slice(this.at + 1, this.at + 1 + this.contextWords)];
  }

  get direction(): number {
    return (this.flags & 4) !== 0 ? r.SGL_PIECE_OUT : r.SGL_PIECE_IN;
  }

  word(index: number): number {
    return this.list[this.at + index];
  }

  /** @param length words of the element. @returns the same. @throws Bad where the list ends before. */
  inside(length: number): number {
    if (this.at + length > this.list.length) throw new Bad(s.SGL_BAD_LIST);
    return length;
  }

  /** The same of one that is not the last and yields something: what follows it lies in the list, too. */
  whole(length: number): number {
    this.inside(this.last ? length : length + 1);
    return length;
  }
}

export function model(sizeWords: number, immediateContexts: boolean, pageBytes: number): Read {
  const model = new Model(sizeWords, immediateContexts, pageBytes);
  const { pieces } = model;
  try {
    model.walk((FRAME + SGL_WORD) * 4, sizeWords - SGL_WORD);
  } catch (error) {
    if (error instanceof Bad) return { pieces, fault: error.code };
    throw error;
  }
  return { pieces, fault: 0 };
}

/** One element's words, LAST_ELEMENT not set. */
export const contextWords = fc.integer({ min: 0, max: 3 });
export const address = fc.integer({ min: 1, max: REGION_BYTES - 9000 });
export const simple = fc
  .tuple(
    fc.constantFrom(0x10, 0x14, 0x18, 0x1c, 0x50, 0x54, 0x5c),
    contextWords,
    fc.array(fc.integer(), { minLength: 3, maxLength: 3 }),
    fc.integer({ min: 0, max: 3000 }),
    address,
  )
  .map(([flags, n, contexts, count, where]) => [((flags | n) << 24) | count, ...contexts.slice(0, n), where]);
export const pages = fc
  .tuple(
    fc.constantFrom(0x20, 0x24, 0x60, 0x64),
    contextWords,
    fc.integer({ min: 1, max: 9000 }),
    fc.integer({ min: 0, max: 4095 }),
    fc.integer({ min: 256, max: 4096 }),
  )
  .map(([flags, n, count, offset, size]) => {
    const page = 2 ** Math.floor(Math.log2(size));
    const number = Math.ceil(((offset % page) + count) / page);
    const where = Array.from(
      { length: Math.min(number, 20) },
      (_, i) => page * (i + 1) + (i === 0 ? offset % page : 0),
    );
    return [0x7c010000, page, ((flags | n) << 24) | count, ...[1, 2, 3].slice(0, n), ...where];
  });
export const immediate = fc
  .tuple(fc.constantFrom(0x0c, 0x4c), fc.integer(), fc.integer({ min: 0, max: 40 }))
  .map(([flags, context, count]) => [
    (flags << 24) | count,
    context,
    ...new Array(Math.ceil(count / 4)).fill(0x55),
  ]);
