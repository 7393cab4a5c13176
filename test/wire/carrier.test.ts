/** Links that go down and come back: what is on them is lost and counted, and their ends see it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NEVER } from '../../src/time/agent.ts';
import { Random } from '../../src/time/random.ts';
import { Carrier } from '../../src/wire/carrier.ts';
import { checkPipeConfig, isPerfect, type LinkDown, PERFECT_PIPE } from '../../src/wire/config.ts';
import { Pipe } from '../../src/wire/pipe.ts';
import { trips } from '../rules/trips.ts';
import { createPipeBed, numbered, numberOf, put, take, takeAll } from './bed.ts';

/** A wire of so many nanoseconds, whose link a test may cut. */
function wire(delayNs: number, downs: readonly LinkDown[] = []) {
  const bed = createPipeBed({ delayNs, downs });
  const carrier = new Carrier(downs);
  const { region, config, clock, ledger, dma } = bed;
  // The first pipe's slots are free: another can have them.
  const pipe = new Pipe(
    region,
    bed.pipe['offset'],
    config,
    clock,
    new Random(1),
    ledger,
    dma,
    undefined,
    carrier,
  );
  const counts = () => {
    const { wireSent = 0, wireArrived = 0, wireCut = 0 } = ledger.snapshot();
    return [wireSent, wireArrived, wireCut];
  };
  return { bed, pipe, carrier, clock, counts };
}

test('what leaves, travels or arrives while its link is down does not arrive', () => {
  const { bed, pipe, clock, counts } = wire(100, [{ atNs: 1000, forNs: 50 }]);
  const got: number[] = [];
  // Sent at 850, 899: there before it goes down. 950: cut off. 1020: sent into it. 1050: it is whole again.
  for (const [number, sentNs] of [850, 899, 950, 1020, 1050].entries()) {
    clock.set(sentNs);
    put(bed, pipe, numbered(number));
  }
  for (let ns = 1050; ns < 1300; ns += 10) {
    clock.set(ns);
    got.push(...takeAll(bed, pipe).map(numberOf));
  }
  expect(got).toEqual([0, 1, 4]);
  expect(counts()).toEqual([5, 3, 2]);
  expect(pipe.room).toBe(16);
});

test('a call cuts off what is in flight, and leaves what has arrived', () => {
  const { bed, pipe, carrier, clock, counts } = wire(100);
  put(bed, pipe, numbered(1));
  clock.set(50);
  put(bed, pipe, numbered(2));
  clock.set(120);
  carrier.set(false, 120);
  put(bed, pipe, numbered(3));
  carrier.set(true, 130);
  clock.set(140);
  put(bed, pipe, numbered(4));
  clock.set(300);
  expect(takeAll(bed, pipe).map(numberOf)).toEqual([1, 4]);
  expect(counts()).toEqual([4, 2, 2]);
});

test('a wire that takes no time loses what is sent into a cut', () => {
  const { bed, pipe, carrier, counts } = wire(0);
  put(bed, pipe, numbered(1));
  carrier.set(false, 0);
  put(bed, pipe, numbered(2));
  carrier.set(true, 0);
  put(bed, pipe, numbered(3));
  expect(
    [take(bed, pipe), take(bed, pipe), take(bed, pipe)].map((frame) => frame && numberOf(frame)),
  ).toEqual([1, 3, null]);
  expect(counts()).toEqual([3, 2, 1]);
});

test('a sender that waits for room hears of the room that a lost frame leaves', () => {
  const { bed, pipe, carrier, clock } = wire(100);
  while (put(bed, pipe, numbered(1)));
  let told = 0;
  pipe.listen({ committed: () => {}, roomMade: () => (told += 1) });
  pipe.awaitRoom(4);
  carrier.set(false, 0);
  clock.set(100);
  expect(take(bed, pipe)).toBeNull();
  expect([told, pipe.room]).toEqual([1, 16]);
});

test('a carrier says when it is up and when that changes next, as its times say', () => {
  const times = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 })), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      times,
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 60 }),
      (gaps, startNs, span) => {
        let endNs = 0;
        const downs = gaps.map(([gap, forNs]) => {
          const atNs = endNs + gap;
          endNs = atNs + forNs;
          return { atNs, forNs };
        });
        const carrier = new Carrier(downs, { startNs: () => startNs });
        const isUp = (ns: number): boolean =>
          !downs.some(({ atNs, forNs }) => ns - startNs >= atNs && ns - startNs < atNs + forNs);
        const downAt = Array.from({ length: 700 }, (_, ns) => !isUp(ns));
        for (let ns = 0; ns < 500; ns += 7) {
          expect(carrier.isUp(ns)).toBe(!downAt[ns]);
          const change = downAt.findIndex((down, at) => at > ns && down !== downAt[ns]);
          expect(carrier.nextChangeNs(ns)).toBe(change < 0 ? NEVER : change);
          expect(carrier.isDescribedDown(ns, ns + span)).toBe(downAt.slice(ns, ns + span + 1).includes(true));
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('before its world has begun a link is as it will be then, and looks again whether it has', () => {
  let startNs = NEVER;
  const beginning = { startNs: () => startNs };
  const [later, atOnce] = [5e6, 0].map((atNs) => new Carrier([{ atNs, forNs: 1e6 }], beginning));
  expect([later, atOnce].map((carrier) => carrier.isUp(60e6))).toEqual([true, false]);
  expect(later.isDescribedDown(1e6, 60e6)).toBe(false);
  const lookNs = later.nextChangeNs(60e6);
  expect(lookNs).toBeGreaterThan(60e6);
  expect(lookNs).toBeLessThanOrEqual(61e6);
  startNs = 60e6;
  expect([later, atOnce].map((carrier) => carrier.nextChangeNs(60e6))).toEqual([65e6, 61e6]);
  expect([later, atOnce].map((carrier) => carrier.isUp(65e6))).toEqual([false, true]);
});

trips('carrier: a link has two directions', () => {
  const carrier = new Carrier();
  for (let i = 0; i < 3; i++) carrier.join({ cut: () => {} });
});

test('times that cannot be are refused, and a wire with any is not perfect', () => {
  const pipe = { ...PERFECT_PIPE, slotBytes: 256 };
  const check =
    (...downs: LinkDown[]) =>
    () =>
      checkPipeConfig({ ...pipe, downs });
  expect(check({ atNs: -1, forNs: 1 })).toThrow('"downs.0.atNs" expected 0 or more, got -1');
  expect(check({ atNs: 1, forNs: 0 })).toThrow('"downs.0.forNs" expected more than 0, got 0');
  expect(check({ atNs: 1, forNs: 9 }, { atNs: 5, forNs: 1 })).toThrow('"downs.1.atNs" expected 10 or more');
  expect(isPerfect({ ...pipe, downs: [{ atNs: 1, forNs: 1 }] })).toBe(false);
  expect(isPerfect({ ...pipe, downs: [] })).toBe(true);
});
