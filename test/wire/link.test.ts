import { expect, test } from 'vitest';
import { createLink, createLoopback } from '../../src/wire/link.ts';
import { createPipeBed, numbered, put, take } from './bed.ts';

test('a loop-back plug brings frames back to the end that sent them', () => {
  const bed = createPipeBed();
  const end = createLoopback(bed.parts, bed.offsets[0], bed.config);
  expect(end.sink).toBe(end.source);
  put(bed, end.source, numbered(7));
  expect(take(bed, end.sink)).toEqual(numbered(7));
});

test('a link brings the frames of each end to the other', () => {
  const bed = createPipeBed();
  const [near, far] = createLink(bed.parts, bed.offsets, bed.config);
  put(bed, near.source, numbered(1));
  put(bed, far.source, numbered(2));
  expect(take(bed, near.sink)).toEqual(numbered(2));
  expect(take(bed, near.sink)).toBeNull();
  expect(take(bed, far.sink)).toEqual(numbered(1));
});

test('the two ways of a link draw their losses apart', () => {
  const bed = createPipeBed({ lossProbability: 0.5, queueFrames: 64 });
  const [near, far] = createLink(bed.parts, bed.offsets, bed.config);
  const survivors = [near, far].map(({ source }) => {
    for (let i = 0; i < 50; i++) put(bed, source, numbered(i));
    return Array.from({ length: 50 }, () => take(bed, source)?.[1]);
  });
  expect(survivors[0]).not.toEqual(survivors[1]);
});
