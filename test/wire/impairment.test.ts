import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PipeConfig } from '../../src/wire/config.ts';
import { createPipeBed, numbered, numberOf, type PipeBed, put, takeInTime } from './bed.ts';

/** Sends numbered frames, a nanosecond apart. */
function sendNumbered(bed: PipeBed, count: number): void {
  for (let i = 0; i < count; i++) {
    bed.clock.set(bed.clock.nowNs + 1);
    put(bed, bed.pipe, numbered(i));
  }
}

const bitsSet = (byte: number): number => byte.toString(2).replaceAll('0', '').length;

const ALL: Partial<PipeConfig> = {
  queueFrames: 1024,
  delayNs: 300,
  jitterNs: 50,
  lossProbability: 0.2,
  duplicateProbability: 0.1,
  corruptProbability: 0.1,
  reorderProbability: 0.1,
  reorderDelayNs: 40,
};

test('sent frames and copies are what arrives and what was dropped', () => {
  const chance = fc.constantFrom(0, 0.01, 0.3, 1);
  const changes = fc.record({
    lossProbability: chance,
    duplicateProbability: chance,
    corruptProbability: chance,
    reorderProbability: chance,
    jitterNs: fc.constantFrom(0, 100),
    rateBitsPerSecond: fc.constantFrom(0, 1e9),
    queueFrames: fc.constantFrom(8, 1000),
  });
  fc.assert(
    fc.property(changes, fc.integer(), (config, seed) => {
      const bed = createPipeBed({ delayNs: 10, reorderDelayNs: 77, ...config }, seed);
      sendNumbered(bed, 200);
      const arrived = takeInTime(bed).length;
      const counts = bed.ledger.snapshot();
      const sent = 200 - counts['wireOverflow'];
      expect(sent + counts['wireDuplicated']).toBe(arrived + counts['wireDropped']);
      expect(counts['wireDuplicatedBytes']).toBe(64 * counts['wireDuplicated']);
      expect(bed.pipe.room).toBe(config.queueFrames);
      if (config.lossProbability === 1) expect(arrived).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('the same seed gives the same bytes at the same times, another seed others', () => {
  const run = (seed: number) => {
    const bed = createPipeBed(ALL, seed);
    sendNumbered(bed, 300);
    return { arrivals: takeInTime(bed), counts: bed.ledger.snapshot() };
  };
  expect(run(5)).toEqual(run(5));
  expect(run(5).arrivals).not.toEqual(run(6).arrivals);
});

test.each([
  ['lossProbability', 'wireDropped'],
  ['duplicateProbability', 'wireDuplicated'],
  ['corruptProbability', 'wireCorrupted'],
  ['reorderProbability', 'wireReordered'],
] as const)('%s is how often it happens', (name, counter) => {
  const bed = createPipeBed({ queueFrames: 20_000, [name]: 0.1 });
  sendNumbered(bed, 10_000);
  const count = bed.ledger.snapshot()[counter];
  expect(count).toBeGreaterThan(900);
  expect(count).toBeLessThan(1100);
});

test('a corrupted frame differs from the sent one in one bit', () => {
  const bed = createPipeBed({ corruptProbability: 1, queueFrames: 256 });
  sendNumbered(bed, 200);
  const places = new Set<number>();
  takeInTime(bed).forEach(({ frame }, i) => {
    const flipped = numbered(i).map((byte, at) => byte ^ frame[at]);
    expect(flipped.reduce((sum, byte) => sum + bitsSet(byte), 0)).toBe(1);
    places.add(flipped.findIndex((byte) => byte !== 0));
  });
  expect(places.size).toBeGreaterThan(40);
});

test('a copy arrives right behind its frame, undamaged', () => {
  const bed = createPipeBed({ duplicateProbability: 1, corruptProbability: 1, queueFrames: 64 });
  sendNumbered(bed, 10);
  const frames = takeInTime(bed).map(({ frame }) => frame);
  expect(frames.length).toBe(20);
  frames.forEach((frame, i) => {
    if (i % 2 === 1) expect(frame).toEqual(numbered(i >> 1));
    else expect(frame).not.toEqual(numbered(i >> 1));
  });
});

test('a full wire makes no copies', () => {
  const bed = createPipeBed({ duplicateProbability: 1, queueFrames: 3 });
  sendNumbered(bed, 2);
  expect(bed.ledger.snapshot()).toMatchObject({ wireDuplicated: 1, wireOverflow: 0 });
  expect(takeInTime(bed).map(({ frame }) => numberOf(frame))).toEqual([0, 0, 1]);
});

test('jitter alone keeps the order and stays within its bound', () => {
  const bed = createPipeBed({ delayNs: 1000, jitterNs: 500, queueFrames: 512 });
  sendNumbered(bed, 500);
  const arrivals = takeInTime(bed);
  expect(arrivals.map(({ frame }) => numberOf(frame))).toEqual(arrivals.map((_, i) => i));
  const delays = arrivals.map(({ nowNs }, i) => nowNs - (i + 1));
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(1000);
  expect(Math.max(...delays)).toBeLessThan(1500);
  expect(new Set(delays).size).toBeGreaterThan(5);
});

test('reordering holds a frame back while later ones pass', () => {
  const bed = createPipeBed(
    { delayNs: 100, reorderProbability: 0.2, reorderDelayNs: 5.5, queueFrames: 512 },
    3,
  );
  sendNumbered(bed, 200);
  const order = takeInTime(bed).map(({ frame }) => numberOf(frame));
  const { wireReordered } = bed.ledger.snapshot();
  expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  const passed = order.filter((number, i) => order.slice(0, i).some((earlier) => earlier > number));
  expect(passed.length).toBeGreaterThan(0);
  expect(passed.length).toBeLessThanOrEqual(wireReordered);
});

test('a lost frame has still taken its time on the wire', () => {
  const lossy = createPipeBed({ rateBitsPerSecond: 8e9, lossProbability: 0.5 }, 2);
  sendNumbered(lossy, 10);
  const arrivals = takeInTime(lossy);
  expect(arrivals.length).toBeGreaterThan(0);
  expect(arrivals.length).toBeLessThan(10);
  for (const { frame, nowNs } of arrivals) expect(nowNs).toBe(1 + (numberOf(frame) + 1) * 88);
});
