/**
 * What a frame costs in the ring by itself: both ends in one thread, so no cache line moves between cores.
 */
import { allocateRegion } from '../src/dma/region.ts';
import { RingConsumer, RingProducer } from '../src/i2o/queues/ring/ring.ts';
import { ringBytes } from '../src/i2o/queues/ring/ring-layout.ts';

const CAPACITY = 256;
const OFFSET = 128;

/** @param scale 1 for a figure, less for a smoke test. @returns a line for each batch size. */
export function runRingBench(scale: number): string[] {
  return [1, 8, 64].map((batch) => {
    const region = allocateRegion(OFFSET + ringBytes(CAPACITY));
    const producer = new RingProducer(region, OFFSET, CAPACITY);
    const consumer = new RingConsumer(region, OFFSET, CAPACITY);
    const { words } = region;
    const rounds = Math.ceil((4_000_000 * scale) / batch);
    let sum = 0;
    let nsPerFrame = 0;
    for (let repeat = 0; repeat < 3; repeat++) {
      const start = performance.now();
      for (let round = 0; round < rounds; round++) {
        for (let i = 0; i < batch; i++) {
          words[producer.acquire()] = i;
          producer.post();
        }
        producer.publish();
        for (let i = 0; i < batch; i++) {
          sum += words[consumer.receive()];
          consumer.release();
        }
        consumer.publish();
      }
      nsPerFrame = ((performance.now() - start) * 1e6) / (rounds * batch);
    }
    // The sum says that the frames were read, and what was in them.
    const figure = `${nsPerFrame.toFixed(1)} ns a frame (sum ${sum})`;
    return `ring, published ${String(batch).padStart(2)} at a time: ${figure}`;
  });
}
