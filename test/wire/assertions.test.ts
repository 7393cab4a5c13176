/** Each assertion of a wire's two ends, tripped by a device that breaks the order of calls. */
import { describe } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { Clock } from '../../src/time/clock.ts';
import { Random } from '../../src/time/random.ts';
import { CableSink, CableSource, planCable } from '../../src/wire/cable.ts';
import { PERFECT_PIPE } from '../../src/wire/config.ts';
import { Switch } from '../../src/wire/switch.ts';
import { trips } from '../rules/trips.ts';
import { createPipeBed, numbered, put, SLOT_BYTES } from './bed.ts';

describe('a pipe', () => {
  trips('pipe: a frame fits its slot', () => createPipeBed().pipe.reserve(SLOT_BYTES));
  trips('pipe: a slot is released only after it was received', () => createPipeBed().pipe.release());
  trips('pipe: a frame is committed only where one was reserved', () => {
    const bed = createPipeBed({ queueFrames: 1 });
    put(bed, bed.pipe, numbered(1));
    bed.pipe.commit(64);
  });
  trips('pipe: every slot is free, on the wire or received', () => {
    const bed = createPipeBed();
    (bed.pipe as unknown as { freeCount: number }).freeCount -= 1;
    put(bed, bed.pipe, numbered(1));
  });
});

function cable(queueFrames: number) {
  const config = { ...PERFECT_PIPE, queueFrames, slotBytes: SLOT_BYTES };
  const plan = new MemoryPlan();
  const offset = planCable(plan, 'cable', config);
  const counters = plan.reserve('ledger', LEDGER_BYTES, 'counters');
  const region = allocateRegion(plan.byteLength);
  const ledger = new Ledger(region, counters);
  const nobody = { changed() {} };
  const clock = new Clock();
  const source = new CableSource(region, offset, config, clock, ledger, nobody);
  const dma = new DmaEngine(region, ledger);
  const sink = new CableSink(region, offset, config, clock, new Random(1), ledger, dma, nobody);
  return { region, clock, ledger, dma, source, sink };
}

describe('a cable', () => {
  trips('cable: a frame fits its slot', () => cable(4).source.reserve(0));
  trips('cable: a slot is released only after it was received', () => cable(4).sink.release());
  trips('cable: a frame is committed only where one was reserved', () => {
    const { source } = cable(1);
    source.reserve(64);
    source.commit(64);
    source.commit(64);
  });
  trips('cable: every slot of the queue is free at the source or was sent', () => {
    const { source } = cable(4);
    (source as unknown as { freeCount: number }).freeCount -= 1;
    return source.room;
  });
  trips('cable: every slot taken is in flight, received, or given back', () => {
    const { source, sink } = cable(4);
    source.reserve(64);
    source.commit(64);
    sink.receive();
    (sink as unknown as { freedTail: number }).freedTail += 1;
    sink.release();
  });
});

describe('a switch', () => {
  trips('switch: an address is learnt behind a port there is', () => {
    const { region, source, sink, ledger, dma, clock } = cable(4);
    const config = { addressesMax: 16, ageingNs: 1e9 };
    const bridge = new Switch('bridge', config, region, [{ source, sink }], ledger, dma, clock);
    (bridge as unknown as { learn(high: number, low: number, port: number): void }).learn(2, 3, 1);
  });
  trips('switch: an address is in the table once', () => {
    const { region, source, sink, ledger, dma, clock } = cable(4);
    const config = { addressesMax: 16, ageingNs: 1e9 };
    const bridge = new Switch('bridge', config, region, [{ source, sink }], ledger, dma, clock);
    const table = bridge as unknown as {
      learn(high: number, low: number, port: number): void;
      highs: Int32Array;
      lows: Int32Array;
      ports: Int32Array;
    };
    // As if an address had been written to a second place instead of its own.
    const other = 15;
    table.highs[other] = 2;
    table.lows[other] = 0x01000000;
    table.learn(2, 0x01000000, 0);
    table.ports[other] = 0;
    table.learn(2, 0x01000000, 0);
  });
});
