/** What a pass costs: bounded in time, however slow a pass is. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/time/clock.ts';
import { passNs } from '../../src/workloads/workload.ts';

describe('what a pass costs', () => {
  it.each([10, 2_000_000])(
    'is found with passes of %i ns, within ten batches of a bounded time',
    (costNs) => {
      let nowNs = 0;
      let passes = 0;
      const clock = new VirtualClock(() => nowNs);
      const found = passNs(clock, () => {
        passes += 1;
        nowNs += costNs;
      });
      expect(found).toBe(costNs);
      expect(passes).toBeLessThanOrEqual(20_000);
      expect(nowNs).toBeLessThanOrEqual(10 * 2 * 20e6);
    },
  );
});
