import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runKernelsBench } from '../../bench/kernels.ts';
import { allocateRegion } from '../../src/dma/region.ts';

const region = allocateRegion(4 << 20);
const { kernels, bytes } = region;

/** RFC 1071, word by word, with nothing clever. */
function plainSum(offset: number, length: number, initial: number): number {
  let sum = initial;
  for (let i = 0; i < length; i += 2) {
    sum += (bytes[offset + i] << 8) | (i + 1 < length ? bytes[offset + i + 1] : 0);
    if (sum > 0xffff) sum = (sum & 0xffff) + 1;
  }
  return sum;
}

function fill(offset: number, length: number, seed: number): void {
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) | 0;
    bytes[offset + i] = state >>> 16;
  }
}

const range = fc.record({
  offset: fc.integer({ min: 128, max: 400 }),
  length: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 70_000 })),
  initial: fc.integer({ min: 0, max: 0xffff }),
  seed: fc.integer(),
});

describe('kernels.sum', () => {
  it('gives the example of RFC 1071 section 3', () => {
    bytes.set([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7], 200);
    expect(kernels.sum(200, 8, 0)).toBe(0xddf2);
  });

  it('is the word-by-word sum for every alignment and length up to 130', () => {
    fill(128, 1024, 7);
    for (let alignment = 0; alignment < 16; alignment++) {
      for (let length = 0; length <= 130; length++) {
        expect(kernels.sum(256 + alignment, length, length)).toBe(plainSum(256 + alignment, length, length));
      }
    }
  });

  it('is the word-by-word sum of any range', () => {
    fc.assert(
      fc.property(range, ({ offset, length, initial, seed }) => {
        fill(offset, length, seed);
        expect(kernels.sum(offset, length, initial)).toBe(plainSum(offset, length, initial));
      }),
    );
  });

  it('continues over the parts of a range cut at even places', () => {
    fill(128, 3000, 3);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 1500 }), (words, rest) => {
        const first = kernels.sum(131, words * 2, 0);
        expect(kernels.sum(131 + words * 2, rest, first)).toBe(kernels.sum(131, words * 2 + rest, 0));
      }),
    );
  });

  it('loses no carry when every bit is set, however long the range', () => {
    bytes.fill(0xff, 1024, (3 << 20) + 1024);
    for (const length of [1, 2, 3, 64, 65535, 65536, 1 << 20, (1 << 20) + 64, 3 << 20]) {
      expect(kernels.sum(1024, length, 0xffff)).toBe(plainSum(1024, length, 0xffff));
    }
  });

  it('is 0 only for zeros', () => {
    bytes.fill(0, 1024, 4096);
    expect(kernels.sum(1024, 3000, 0)).toBe(0);
    expect(kernels.sum(1024, 3000, 0xffff)).toBe(0xffff);
  });
});

describe('kernels.copySum', () => {
  it('copies exactly the range and gives the sum of the source', () => {
    fc.assert(
      fc.property(range, fc.integer({ min: 0, max: 15 }), ({ offset, length, initial, seed }, alignment) => {
        const target = 200_000 + alignment;
        fill(offset, length, seed);
        bytes.fill(0xa5, target - 16, target + length + 16);
        expect(kernels.copySum(target, offset, length, initial)).toBe(plainSum(offset, length, initial));
        const same = Buffer.compare(
          bytes.subarray(target, target + length),
          bytes.subarray(offset, offset + length),
        );
        expect(same).toBe(0);
        expect(bytes.subarray(target - 16, target).every((byte) => byte === 0xa5)).toBe(true);
        const after = bytes.subarray(target + length, target + length + 16);
        expect(after.every((byte) => byte === 0xa5)).toBe(true);
      }),
    );
  });

  it('loses no carry past one block of the accumulators', () => {
    bytes.fill(0xff, 1024, (1 << 20) + 2048);
    const length = (1 << 20) + 129;
    expect(kernels.copySum(2 << 20, 1024, length, 1)).toBe(plainSum(1024, length, 1));
    expect(bytes[(2 << 20) + length - 1]).toBe(0xff);
  });
});

describe('kernels.copy', () => {
  it('moves as Uint8Array.copyWithin does, overlap included', () => {
    const length = fc.oneof(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 0, max: 5000 }));
    const place = fc.integer({ min: 128, max: 400 });
    fc.assert(
      fc.property(place, place, length, fc.integer(), (source, target, count, seed) => {
        fill(100, 5600, seed);
        const expected = bytes.slice(100, 5700);
        expected.copyWithin(target - 100, source - 100, source - 100 + count);
        kernels.copy(target, source, count);
        expect(Buffer.compare(bytes.subarray(100, 5700), expected)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('bounds', () => {
  const end = region.byteLength;
  const rows: [string, () => unknown][] = [
    ['copy from past the end', () => kernels.copy(128, end - 63, 64)],
    ['copy to past the end', () => kernels.copy(end - 7, 128, 8)],
    ['long copy past the end', () => kernels.copy(end - 100, 128, 101)],
    ['copy of a negative length', () => kernels.copy(4096, 128, -1)],
    ['sum past the end', () => kernels.sum(end - 64, 65, 0)],
    ['sum of a negative length', () => kernels.sum(4096, -1, 0)],
    ['sum at a negative offset', () => kernels.sum(-1, 1, 0)],
    ['copySum to past the end', () => kernels.copySum(end - 1, 128, 2, 0)],
    ['copySum from past the end', () => kernels.copySum(128, end - 15, 16, 0)],
  ];
  it.each(rows)('%s throws', (_name, call) => {
    expect(call).toThrow(/out of bounds/);
  });

  it('reaches the last byte', () => {
    bytes[end - 1] = 9;
    expect(kernels.sum(end - 1, 1, 0)).toBe(0x900);
    kernels.copy(end - 65, end - 64, 64);
    kernels.copySum(end - 128, end - 64, 64, 0);
    expect(bytes[end - 65]).toBe(9);
  });
});

describe('bench/kernels', () => {
  it('measures every kernel', () => {
    const figures = runKernelsBench(0);
    const ways = ['copy', 'copyWithin', 'sum', 'copySum', 'copyIn', 'copyOut', 'plain, set'];
    for (const way of ['set agree', 'set differ', 'fill']) ways.push(`in, ${way}`, `out, ${way}`);
    expect(new Set(figures.map(({ name }) => name))).toEqual(new Set(ways));
    expect(figures.every(({ nsPerCall }) => nsPerCall > 0)).toBe(true);
  });
});
