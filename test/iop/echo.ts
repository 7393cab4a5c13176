/** An echo module that has memory of its own for payload: buffers, buckets, and a place for what it takes. */
import { DmaEngine } from '../../src/dma/engine.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { planPool } from '../../src/dma/pool-area.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { type EchoMemory, EchoModule } from '../../src/iop/echo/echo-module.ts';
import type { Outbound } from '../../src/iop/reply/outbound.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';

export interface EchoParts {
  readonly module: EchoModule;
  readonly memory: EchoMemory;
  readonly region: Region;
}

/** Four buffers of 128 bytes, and four buckets of 64. */
export function echoParts(outbound: Outbound): EchoParts {
  const plan = new MemoryPlan();
  const at = plan.reserve('ledger', LEDGER_BYTES, 'counters');
  const transmit = planPool(plan, 'transmit', 4, 128);
  const receive = planPool(plan, 'receive', 4, 64);
  const takenAt = plan.reserve('taken', 128, 'what is taken');
  const region = allocateRegion(plan.byteLength, false);
  const ledger = new Ledger(region, at);
  const memory = { dma: new DmaEngine(region, ledger), transmit, receive, takenAt };
  return { module: new EchoModule(outbound, ledger, memory), memory, region };
}

export function echoOn(outbound: Outbound): EchoModule {
  return echoParts(outbound).module;
}
