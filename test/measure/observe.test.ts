/** What a run cost its thread. */
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Observation, threadCpuNs } from '../../src/measure/observe.ts';

/** Works for so long, of this thread's own time where that can be told: others may have the processor. */
function burn(ms: number): number {
  const nowMs = (): number => (threadCpuNs() ?? performance.now() * 1e6) / 1e6;
  const end = nowMs() + ms;
  let sum = 0;
  while (nowMs() < end) for (let i = 0; i < 1000; i++) sum += Math.sqrt(sum + 1);
  return sum;
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

describe.runIf(existsSync('/proc/thread-self/schedstat'))('processor time', () => {
  it('grows by what was worked', () => {
    const before = threadCpuNs() ?? 0;
    burn(30);
    expect((threadCpuNs() ?? 0) - before).toBeGreaterThan(1e6);
  });

  it('of a run is that between start and stop', () => {
    const observation = new Observation();
    burn(30);
    observation.start();
    const idle = observation.stop();
    observation.start();
    burn(30);
    const busy = observation.stop();
    expect(idle.cpuNs).toBeLessThan(busy.cpuNs ?? 0);
  });
});

describe('the heap', () => {
  it('counts what was allocated, whether or not it was collected since', () => {
    const observation = new Observation();
    observation.start();
    let held: number[][] = [];
    for (let i = 0; i < 100; i++) held.push(new Array<number>(10_000).fill(i));
    const kept = observation.stop();
    observation.start();
    for (let i = 0; i < 100; i++) held.push(new Array<number>(10_000).fill(i));
    held = [];
    collect();
    const collected = observation.stop();
    expect(kept.allocatedBytes).toBeGreaterThan(100 * 10_000 * 4);
    expect(collected.allocatedBytes).toBeGreaterThan(100 * 10_000 * 4);
    expect(collected.collections).toBeGreaterThan(0);
    expect(collected.residentBytes).toBeGreaterThan(1 << 20);
    expect(held).toEqual([]);
  });
});
