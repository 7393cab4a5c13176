/** Receive buckets on the card's side: whose they are, and that one slow reader cannot have them all. */
import { describe, expect, it } from 'vitest';
import { Buckets } from '../../src/ism/sockets/buckets.ts';

const AREA = { offset: 4096, count: 16, bufferBytes: 2048 };
const address = (bucket: number): number => AREA.offset + bucket * AREA.bufferBytes;

function stocked(): Buckets {
  const buckets = new Buckets(AREA, 4);
  for (let i = 0; i < AREA.count; i++) expect(buckets.post(address(i), 2048, 100 + i)).toBe(true);
  return buckets;
}

describe('posting', () => {
  it.each([
    ['an address no bucket starts at', address(3) + 8, 2048],
    ['one below the pool', AREA.offset - 2048, 2048],
    ['one past it', address(16), 2048],
    ['another length', address(3), 2047],
  ])('refuses %s', (_what, at, length) => {
    expect(new Buckets(AREA, 4).post(at, length, 1)).toBe(false);
  });

  it('refuses a bucket the card has already', () => {
    const buckets = new Buckets(AREA, 4);
    expect(buckets.post(address(1), 2048, 1)).toBe(true);
    expect(buckets.post(address(1), 2048, 1)).toBe(false);
    expect(buckets.remaining).toBe(1);
  });
});

describe('taking', () => {
  it('gives the bucket posted last, with its context', () => {
    const buckets = stocked();
    const bucket = buckets.take(0);
    expect(buckets.contextOf(bucket)).toBe(115);
    expect(buckets.addressOf(bucket)).toBe(address(15));
  });

  it('leaves a socket that does not read no more buckets than are free', () => {
    const buckets = stocked();
    let held = 0;
    while (buckets.take(0) >= 0) held += 1;
    expect(held).toBe(8);
    expect(buckets.remaining).toBe(8);
    expect(buckets.take(1)).toBeGreaterThanOrEqual(0); // another socket still gets some
  });

  it('lets a socket have its last one, and none when there are none', () => {
    const buckets = new Buckets(AREA, 4);
    buckets.post(address(0), 2048, 1);
    expect(buckets.take(0)).toBe(0);
    expect(buckets.take(1)).toBe(-1);
  });

  it('lets a socket go on once the host has posted its buckets again, or its number is free', () => {
    const buckets = stocked();
    const held: number[] = [];
    for (let bucket = buckets.take(0); bucket >= 0; bucket = buckets.take(0)) held.push(bucket);
    for (const bucket of held.slice(0, 4)) buckets.post(buckets.addressOf(bucket), 2048, 1);
    expect(buckets.take(0)).toBeGreaterThanOrEqual(0);
    buckets.forget(0);
    let more = 0;
    while (buckets.take(0) >= 0) more += 1;
    expect(more).toBeGreaterThan(4);
  });
});
