/** A pool's use over time, told by hand. */
import { expect, test } from 'vitest';
import { METER_FIELDS, PoolMeter } from '../../src/ledger/pool-meter.ts';
import { Clock } from '../../src/time/clock.ts';

function started(count = 8) {
  const clock = new Clock();
  clock.set(1000);
  const meter = new PoolMeter(new Float64Array(METER_FIELDS));
  meter.start(clock, count, 0);
  return { clock, meter };
}

test('weighs what is in use by how long it is, and remembers the least and the most', () => {
  const { clock, meter } = started();
  meter.set(4);
  clock.set(1100);
  meter.set(8);
  clock.set(1200);
  meter.set(2);
  clock.set(1400);
  expect(meter.use(clock)).toMatchObject({ count: 8, min: 0, highWater: 8, mean: (400 + 800 + 400) / 400 });
});

test('counts a stall once, however often it is asked, and its time until something is had', () => {
  const { clock, meter } = started();
  expect(meter.refused()).toBe(true);
  clock.set(1500);
  expect(meter.refused()).toBe(false);
  expect(meter.use(clock)).toMatchObject({ dryEpisodes: 1, dryNs: 500 });
  clock.set(1700);
  meter.served();
  clock.set(9000);
  expect(meter.use(clock)).toMatchObject({ dryEpisodes: 1, dryNs: 700 });
  meter.refused();
  meter.served();
  expect(meter.use(clock)).toMatchObject({ dryEpisodes: 2, dryNs: 700 });
});

test('begins anew at what is in use, in the midst of a stall too', () => {
  const { clock, meter } = started();
  meter.set(5);
  meter.refused();
  clock.set(2000);
  meter.begin();
  clock.set(2300);
  expect(meter.use(clock)).toMatchObject({
    inUse: 5,
    min: 5,
    mean: 5,
    highWater: 5,
    dryEpisodes: 1,
    dryNs: 300,
  });
});

test('is read by whoever has another clock', () => {
  const { clock, meter } = started();
  meter.set(2);
  clock.set(1200);
  expect(meter.use({ nowNs: 200, originNs: 1000 }).mean).toBe(2);
  meter.refused();
  expect(meter.use({ nowNs: 500, originNs: 1000 }).dryNs).toBe(300);
});
