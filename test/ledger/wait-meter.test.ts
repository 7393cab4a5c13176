/** Waits counted as episodes, told by hand. */
import { expect, test } from 'vitest';
import { WaitMeter } from '../../src/ledger/wait-meter.ts';
import { Clock } from '../../src/time/clock.ts';

function started() {
  const clock = new Clock();
  clock.set(1000);
  const meter = new WaitMeter();
  meter.start(clock);
  return { clock, meter };
}

test('adds up the times of those that wait at once, and tells how long anybody waited', () => {
  const { clock, meter } = started();
  meter.begin();
  clock.set(1100);
  meter.begin();
  clock.set(1300);
  meter.end();
  clock.set(1400);
  expect(meter.waits(clock)).toEqual({ episodes: 2, ns: 100 + 2 * 200 + 100 });
  expect(meter.spells(clock)).toEqual({ episodes: 1, ns: 400 });
  meter.end();
  clock.set(5000);
  meter.begin();
  clock.set(5010);
  expect(meter.waits(clock)).toEqual({ episodes: 3, ns: 610 });
  expect(meter.spells(clock)).toEqual({ episodes: 2, ns: 410 });
});

test('begins anew with those that wait', () => {
  const { clock, meter } = started();
  meter.begin();
  meter.begin();
  clock.set(2000);
  meter.restart();
  clock.set(2050);
  expect(meter.waits(clock)).toEqual({ episodes: 2, ns: 100 });
  expect(meter.spells(clock)).toEqual({ episodes: 1, ns: 50 });
});

test('is read by whoever has another clock', () => {
  const { meter } = started();
  meter.begin();
  expect(meter.waits({ nowNs: 200, originNs: 1000 }).ns).toBe(200);
});
