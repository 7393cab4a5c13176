/** Turns of a card that would only look once more are left out of virtual time, and nothing is different. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { IoProcessor } from '../../src/iop/run/processor.ts';
import { readPlan } from '../../src/sweep/plan.ts';
import { measurePoint } from '../../src/sweep/point.ts';

const RPC = { workload: 'TCP_RR', connections: 8, size: 128, service: '1us', spread: 'exponential' };

/** A point each, of worlds in which a card waits for different things. */
const PLANS: Readonly<Record<string, object>> = {
  'small requests': { world: 'pair', workload: RPC },
  'two transmit buffers': { world: 'pair', workload: RPC, set: { 'pools.transmitBuffers': 2 } },
  'four buckets for a stream': {
    world: 'pair',
    workload: { workload: 'TCP_STREAM', connections: 2, size: 16384 },
    set: { 'pools.receiveBuckets': 4 },
  },
  'interrupts held back': {
    world: 'pair',
    workload: RPC,
    set: { 'moderation.rxUsecs': 40, 'moderation.rxFrames': 8 },
  },
  'connections that come and go': {
    world: 'pair',
    workload: { workload: 'TCP_CRR', connections: 4, size: 64 },
  },
  'frames that are lost': { world: 'pair', workload: RPC, set: { 'link.lossProbability': 0.02 } },
};

afterEach(() => vi.restoreAllMocks());

describe('a turn that is left out', () => {
  it.each(Object.keys(PLANS))('changes no figure: %s', (name) => {
    const { set = {}, ...data } = PLANS[name] as { set?: Record<string, unknown> };
    const vary = Object.fromEntries(Object.entries(set).map(([key, value]) => [key, [value]]));
    const plan = readPlan({
      ...data,
      vary: { 'driver.spinNs': [200_000], ...vary },
      seeds: [1, 2],
      operations: 20,
    });
    const leftOut = vi.spyOn(IoProcessor.prototype, 'leftOut');
    const without = [0, 1].map((point) => measurePoint(plan, point));
    expect(leftOut).toHaveBeenCalled();
    leftOut.mockClear();
    vi.spyOn(IoProcessor.prototype, 'drained', 'get').mockReturnValue(false);
    const withAll = [0, 1].map((point) => measurePoint(plan, point));
    expect(leftOut).not.toHaveBeenCalled();
    expect(without).toEqual(withAll);
    expect(without.map(({ ok }) => ok)).toEqual([true, true]);
  });
});
