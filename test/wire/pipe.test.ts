import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NEVER } from '../../src/time/agent.ts';
import { wireSlotBytes } from '../../src/wire/slots.ts';
import { createPipeBed, numbered, numberOf, put, SLOT_BYTES, take, takeAll, takeInTime } from './bed.ts';

const KINDS = [{}, { delayNs: 0.001 }];

test.each(KINDS)(
  'a wire without damage is a queue, whatever the order of putting and taking: %j',
  (changes) => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.uint8Array({ minLength: 1, maxLength: 254 }))), (steps) => {
        const bed = createPipeBed({ queueFrames: 5, ...changes });
        const expected: Uint8Array[] = [];
        for (const frame of steps) {
          bed.clock.set(bed.clock.nowNs + 1);
          if (frame === null) {
            expect(take(bed, bed.pipe)).toEqual(expected.shift() ?? null);
          } else if (put(bed, bed.pipe, frame)) {
            expected.push(frame);
          } else {
            expect(expected.length).toBe(5);
          }
          expect(bed.pipe.room).toBe(5 - expected.length);
        }
        bed.clock.set(bed.clock.nowNs + 1);
        expect(takeAll(bed, bed.pipe)).toEqual(expected);
      }),
    );
  },
);

test.each(KINDS)('a full wire refuses, counts, and has room again after a release: %j', (changes) => {
  const bed = createPipeBed({ queueFrames: 3, ...changes });
  expect([0, 1, 2, 3, 4].map((i) => put(bed, bed.pipe, numbered(i)))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
  expect(bed.ledger.snapshot()['wireOverflow']).toBe(2);
  bed.clock.set(1);
  expect(bed.pipe.receive()).toBeGreaterThan(0);
  expect(bed.pipe.room).toBe(0);
  bed.pipe.release();
  expect(bed.pipe.room).toBe(1);
  expect(put(bed, bed.pipe, numbered(5))).toBe(true);
  bed.clock.set(2);
  expect(takeAll(bed, bed.pipe).map(numberOf)).toEqual([1, 2, 5]);
});

test('request and response touch one slot, however many there are', () => {
  const bed = createPipeBed({ queueFrames: 16 });
  const addresses = new Set<number>();
  for (let i = 0; i < 50; i++) {
    put(bed, bed.pipe, numbered(i));
    addresses.add(bed.pipe.receive());
    bed.pipe.release();
  }
  expect(addresses.size).toBe(1);
});

test('a reservation that is not committed costs nothing', () => {
  const bed = createPipeBed({ queueFrames: 2 });
  expect(bed.pipe.reserve(100)).toBe(bed.pipe.reserve(50));
  expect(bed.pipe.room).toBe(2);
  expect(bed.pipe.receive()).toBe(-1);
});

test('a received frame stays the same until it is released, even when another could come first', () => {
  const bed = createPipeBed({ delayNs: 10 });
  put(bed, bed.pipe, numbered(1));
  bed.clock.set(10);
  const address = bed.pipe.receive();
  put(bed, bed.pipe, numbered(2));
  bed.clock.set(20);
  expect(bed.pipe.nextArrivalNs()).toBe(0);
  expect(bed.pipe.receive()).toBe(address);
  bed.pipe.release();
  expect(takeAll(bed, bed.pipe).map(numberOf)).toEqual([2]);
  expect(() => bed.pipe.release()).toThrow('pipe: a slot is released only after it was received');
});

test('a frame larger than a slot is a bug of the device', () => {
  const { pipe } = createPipeBed();
  expect(pipe.reserve(SLOT_BYTES - 2)).toBeGreaterThan(0);
  expect(() => pipe.reserve(SLOT_BYTES - 1)).toThrow('pipe: a frame fits its slot');
  expect(() => pipe.reserve(0)).toThrow('pipe: a frame fits its slot');
  expect(wireSlotBytes(1500)).toBeGreaterThanOrEqual(1516);
});

test('frames start two bytes into aligned slots', () => {
  const bed = createPipeBed();
  for (let i = 0; i < 5; i++) {
    expect(bed.pipe.reserve(60) % 4).toBe(2);
    bed.pipe.commit(60);
  }
});

test('a perfect wire never waits; any other tells when the next frame arrives', () => {
  const perfect = createPipeBed();
  expect(perfect.pipe.nextArrivalNs()).toBe(NEVER);
  put(perfect, perfect.pipe, numbered(0));
  expect(perfect.pipe.nextArrivalNs()).toBe(0);
  const slow = createPipeBed({ delayNs: 500 });
  expect(slow.pipe.nextArrivalNs()).toBe(NEVER);
  slow.clock.set(100);
  put(slow, slow.pipe, numbered(0));
  expect(slow.pipe.nextArrivalNs()).toBe(600);
  slow.clock.set(599);
  expect(slow.pipe.receive()).toBe(-1);
  slow.clock.set(600);
  expect(take(slow, slow.pipe)).toEqual(numbered(0));
});

test('bytes, preamble, FCS and gap take their time at the rate, one frame after the other', () => {
  // 8 Gbit/s is a byte a nanosecond. 24 bytes go beside each frame; 40 bytes are padded to 60 (IEEE 802.3).
  const bed = createPipeBed({ rateBitsPerSecond: 8e9, delayNs: 1000 });
  put(bed, bed.pipe, numbered(0, 200));
  put(bed, bed.pipe, numbered(1, 40));
  bed.clock.set(50);
  put(bed, bed.pipe, numbered(2, 100));
  expect(takeInTime(bed).map(({ nowNs }) => nowNs)).toEqual([1224, 1308, 1432]);
  bed.clock.set(5000);
  put(bed, bed.pipe, numbered(3, 100));
  expect(bed.pipe.nextArrivalNs()).toBe(6124);
});

test.each([
  [{ lossProbability: 1.5 }, '"lossProbability" expected 0 to 1, got 1.5'],
  [{ corruptProbability: Number.NaN }, '"corruptProbability"'],
  [{ delayNs: -1 }, '"delayNs" expected 0 or more, got -1'],
  [{ rateBitsPerSecond: Number.POSITIVE_INFINITY }, '"rateBitsPerSecond"'],
  [{ queueFrames: 0 }, '"queueFrames" expected 1 to'],
  [{ slotBytes: 65 }, '"slotBytes" expected a multiple of 4'],
])('a bad configuration is named: %j', (changes, message) => {
  expect(() => createPipeBed(changes)).toThrow(message);
});
