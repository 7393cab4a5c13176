/** The ring: credits, order, notification, and what it does with indices that cannot be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { FRAME_WORDS } from '../../src/i2o/frame.ts';
import { RingConsumer, RingProducer } from '../../src/i2o/queues/ring/ring.ts';
import { checkCapacity, HEAD_OFFSET, ringBytes, TAIL_OFFSET } from '../../src/i2o/queues/ring/ring-layout.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';

const BASE = 128;

interface Pair {
  readonly region: Region;
  readonly producer: RingProducer;
  readonly consumer: RingConsumer;
}

/** Both ends of a ring whose indices begin at `start`. */
function pair(capacity: number, start = 0): Pair {
  const region = allocateRegion(BASE + ringBytes(capacity));
  region.words[(BASE + TAIL_OFFSET) >> 2] = start;
  region.words[(BASE + HEAD_OFFSET) >> 2] = start;
  return {
    region,
    producer: new RingProducer(region, BASE, capacity),
    consumer: new RingConsumer(region, BASE, capacity),
  };
}

function post({ region, producer }: Pair, value: number): boolean {
  const frame = producer.acquire();
  if (frame === NO_FRAME) return false;
  region.words[frame] = value;
  region.words[frame + FRAME_WORDS - 1] = ~value;
  producer.post();
  return true;
}

function take({ region, consumer }: Pair): number | undefined {
  const frame = consumer.receive();
  if (frame === NO_FRAME) return undefined;
  const value = region.words[frame];
  expect(region.words[frame + FRAME_WORDS - 1]).toBe(~value);
  consumer.release();
  return value;
}

describe('credits', () => {
  it('gives exactly as many frames as it has, and each again when released', () => {
    const ring = pair(4);
    expect([1, 2, 3, 4, 5].map((value) => post(ring, value))).toEqual([true, true, true, true, false]);
    ring.producer.publish();
    expect(take(ring)).toBe(1);
    expect(post(ring, 5)).toBe(false); // released, and not yet published as released
    ring.consumer.publish();
    expect(post(ring, 5)).toBe(true);
    expect(post(ring, 6)).toBe(false);
  });

  it('gives a cancelled frame again', () => {
    const ring = pair(2);
    const frame = ring.producer.acquire();
    ring.producer.cancel();
    expect(ring.producer.acquire()).toBe(frame);
  });

  it('shows nothing before it is published', () => {
    const ring = pair(4);
    post(ring, 1);
    expect(take(ring)).toBeUndefined();
    ring.producer.publish();
    expect(take(ring)).toBe(1);
  });
});

describe('order', () => {
  /** Steps of both ends, in any interleaving, against a plain queue. */
  const steps = fc.array(
    fc.constantFrom('post', 'publish', 'take', 'release', 'armConsumer', 'armProducer'),
    { maxLength: 400 },
  );
  const starts = fc.constantFrom(0, 1, 0x7ffffffe, -2, -0x80000000);

  it('is kept across every interleaving and every wrap of the indices, and nobody sleeps over work', () => {
    fc.assert(
      fc.property(steps, starts, fc.constantFrom(2, 4, 8), (script, start, capacity) => {
        const ring = pair(capacity, start);
        const posted: number[] = [];
        const visible: number[] = [];
        let next = 1;
        let consumerSleeps = false;
        let producerSleeps = false;
        for (const step of script) {
          if (step === 'post' && post(ring, next)) posted.push(next++);
          else if (step === 'publish') {
            const notified = ring.producer.publish();
            expect(notified !== 0).toBe(posted.length > 0);
            if (consumerSleeps && posted.length > 0) expect(notified).toBe(2);
            if (posted.length > 0) consumerSleeps = false;
            visible.push(...posted.splice(0));
          } else if (step === 'take') expect(take(ring)).toBe(visible.shift());
          else if (step === 'release') {
            const notified = ring.consumer.publish();
            if (producerSleeps && notified !== 0) {
              expect(notified).toBe(2);
              producerSleeps = false;
            }
          } else if (step === 'armConsumer') {
            const safe = ring.consumer.arm();
            expect(safe).toBe(visible.length === 0);
            consumerSleeps = safe;
          } else if (step === 'armProducer') producerSleeps = ring.producer.armForFree(1);
          expect(ring.producer.broken || ring.consumer.broken).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('costs one notification for a batch', () => {
    const ring = pair(8);
    expect(ring.consumer.arm()).toBe(true);
    post(ring, 1);
    post(ring, 2);
    expect(ring.producer.publish()).toBe(2);
    post(ring, 3);
    expect(ring.producer.publish()).toBe(1); // not armed again
  });
});

describe('an index that cannot be', () => {
  const impossible = fc.integer().filter((index) => index < 0 || index > 4);

  it('stops the consumer, which then sees no frames', () => {
    fc.assert(
      fc.property(impossible, (tail) => {
        const ring = pair(4);
        Atomics.store(ring.region.words, (BASE + TAIL_OFFSET) >> 2, tail);
        expect(ring.consumer.receive()).toBe(NO_FRAME);
        expect(ring.consumer.broken).toBe(true);
      }),
    );
  });

  it('stops the producer where a frame is released before it was published', () => {
    for (const start of [0, 0x7fff_fffe]) {
      const ring = pair(4, start);
      post(ring, 1);
      ring.producer.publish();
      post(ring, 2);
      const release = (count: number): void => {
        Atomics.store(ring.region.words, (BASE + HEAD_OFFSET) >> 2, (start + count) | 0);
      };
      release(1); // what is published
      expect(ring.producer.inUse).toBe(1);
      expect(ring.producer.broken).toBe(false);
      release(2); // posted, and not shown yet
      expect(ring.producer.available(4)).toBe(0);
      expect(ring.producer.broken).toBe(true);
    }
  });

  it('stops the producer, which then gets no frames', () => {
    fc.assert(
      fc.property(impossible, (head) => {
        const ring = pair(4);
        for (let i = 0; i < 4; i++) post(ring, i);
        Atomics.store(ring.region.words, (BASE + HEAD_OFFSET) >> 2, head);
        expect(ring.producer.acquire()).toBe(NO_FRAME);
        expect(ring.producer.broken).toBe(true);
      }),
    );
  });
});

describe('capacity', () => {
  it.each([0, 1, 3, 6, 131072, 2.5, Number.NaN])('%d is refused', (capacity) => {
    expect(() => checkCapacity(capacity)).toThrow(RangeError);
  });
});
