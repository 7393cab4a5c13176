/**
 * What a frame costs in the FIFOs by itself: both sides in one thread, so no cache line moves between cores.
 */
import { MemoryPlan } from '../src/dma/plan.ts';
import { allocateRegion } from '../src/dma/region.ts';
import { FifoCardConsumer } from '../src/i2o/queues/fifo/card-consumer.ts';
import { planOutboundFrames, planUnit } from '../src/i2o/queues/fifo/fifo-layout.ts';
import { HostPort } from '../src/i2o/queues/fifo/fifo-port.ts';
import { FifoHostProducer } from '../src/i2o/queues/fifo/host-producer.ts';
import { LEDGER_BYTES, Ledger } from '../src/ledger/ledger.ts';

const COUNTS = { inboundFrames: 256, outboundFrames: 256 };

/** @param scale 1 for a figure, less for a smoke test. @returns a line for each batch size. */
export function runFifoBench(scale: number): string[] {
  return [1, 8, 64].map((batch) => {
    const plan = new MemoryPlan();
    const ledgers = plan.reserve('ledgers', 2 * LEDGER_BYTES, 'both sides');
    const unit = planUnit(plan, 'unit', COUNTS);
    const layout = { unit, outbound: planOutboundFrames(plan, 'outbound', COUNTS), ...COUNTS };
    const region = allocateRegion(plan.byteLength);
    const hostLedger = new Ledger(region, ledgers);
    const consumer = new FifoCardConsumer(region, layout, new Ledger(region, ledgers + LEDGER_BYTES));
    const port = new HostPort(region, layout, hostLedger);
    const producer = new FifoHostProducer(region, layout, port, hostLedger);
    const { words } = region;
    const rounds = Math.ceil((1_000_000 * scale) / batch);
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
    return `fifo, taken ${String(batch).padStart(2)} at a time: ${figure}`;
  });
}
