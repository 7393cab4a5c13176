/**
 * The kernels of every kind of memory give what those over shared memory in WebAssembly give, for every
 * range.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { allocateRegion, Region } from '../../src/dma/region.ts';

const BYTES = 1 << 20;
const wasm = allocateRegion(BYTES);

describe.each([
  ['without WebAssembly', new Region({ buffer: new SharedArrayBuffer(BYTES) }), true, true],
  ['of one thread without WebAssembly', new Region({ buffer: new ArrayBuffer(BYTES) }), true, false],
  ['of one thread', allocateRegion(BYTES, false), false, false],
] as const)('a region %s', (_kind, plain, isPlain, isShared) => {
  function fillBoth(seed: number): void {
    let state = seed | 1;
    for (let i = 0; i < 200_000; i++) {
      state = (Math.imul(state, 1103515245) + 12345) | 0;
      wasm.bytes[i] = plain.bytes[i] = state >>> 16;
    }
  }

  function expectSameBytes(): void {
    expect(Buffer.compare(wasm.bytes.subarray(0, 400_000), plain.bytes.subarray(0, 400_000))).toBe(0);
  }

  const length = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 100_000 }));
  const place = fc.integer({ min: 0, max: 300 });
  const initial = fc.integer({ min: 0, max: 0xffff });

  beforeAll(() => {
    wasm.bytes.fill(0);
    plain.bytes.fill(0);
  });

  it('is of that kind', () => expect([plain.isPlain, plain.isShared]).toEqual([isPlain, isShared]));
  it('sums as the other does', () => {
    fc.assert(
      fc.property(place, length, initial, fc.integer(), (offset, count, before, seed) => {
        fillBoth(seed);
        expect(plain.kernels.sum(offset, count, before)).toBe(wasm.kernels.sum(offset, count, before));
      }),
      { numRuns: 30 },
    );
  });

  it('copies as the other does, overlap included', () => {
    fc.assert(
      fc.property(place, place, length, fc.integer(), (target, source, count, seed) => {
        fillBoth(seed);
        plain.kernels.copy(target, source, count);
        wasm.kernels.copy(target, source, count);
        expectSameBytes();
      }),
      { numRuns: 30 },
    );
  });

  it('copies and sums as the other does', () => {
    fc.assert(
      fc.property(place, length, initial, fc.integer(), (source, count, before, seed) => {
        fillBoth(seed);
        const sum = wasm.kernels.copySum(200_000 + source, source, count, before);
        expect(plain.kernels.copySum(200_000 + source, source, count, before)).toBe(sum);
        expectSameBytes();
      }),
      { numRuns: 30 },
    );
  });

  it('loses no carry when every bit is set, and is 0 only for zeros', () => {
    plain.bytes.fill(0xff);
    wasm.bytes.fill(0xff);
    for (const count of [1, 2, 63_999, 64_000, 64_001, BYTES]) {
      expect(plain.kernels.sum(0, count, 0xffff)).toBe(wasm.kernels.sum(0, count, 0xffff));
    }
    plain.bytes.fill(0);
    expect(plain.kernels.sum(0, BYTES, 0)).toBe(0);
    expect(plain.kernels.sum(0, BYTES, 0xffff)).toBe(0xffff);
  });

  it.each([
    ['copy from past the end', () => plain.kernels.copy(0, BYTES - 7, 8)],
    ['copy to past the end', () => plain.kernels.copy(BYTES - 7, 0, 8)],
    ['copy of a negative length', () => plain.kernels.copy(64, 0, -1)],
    ['sum past the end', () => plain.kernels.sum(BYTES - 7, 8, 0)],
    ['sum at a negative offset', () => plain.kernels.sum(-1, 1, 0)],
    ['copySum to past the end', () => plain.kernels.copySum(BYTES - 1, 0, 2, 0)],
  ])('refuses a %s', (_name, call) => {
    expect(call).toThrow(/leaves the memory|out of bounds/);
  });
});
