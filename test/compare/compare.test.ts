/** Systems side by side: what each figure is of, and that taking its cause away takes the figure away. */
import { describe, expect, it } from 'vitest';
import { ARMS } from '../../src/compare/arms.ts';
import { type ArmFigures, CompareError, compareArms } from '../../src/compare/compare.ts';
import { compareText } from '../../src/report/compare-text.ts';
import { loadPlan, type SweepPlan } from '../../src/sweep/plan.ts';
import { planOf } from '../../src/sweep/short-form.ts';

const NOTHING = { requests: 0, bytes: 0 };
const BUS = { descriptors: NOTHING, headers: NOTHING, payload: NOTHING, completions: NOTHING };
const SAME = { hostSpeed: 1, systemCallNs: 200 };

function figuresOf(plan: SweepPlan, options = SAME): Record<string, ArmFigures> {
  return Object.fromEntries(compareArms(plan, ARMS, options).map(({ arm, figures }) => [arm.name, figures]));
}

const small = (workload: string, more: object = {}): SweepPlan =>
  planOf({ vary: [], workload, connections: 8, operations: 1000, seeds: '1', link: '10G,20us', ...more });

describe('systems on one wire', () => {
  it('give the same again to the last digit', () => {
    const plan = { ...loadPlan('lossy-wan'), operations: 40, seeds: [1] };
    expect(figuresOf(plan)).toEqual(figuresOf(plan));
  });

  it('do the same work: copies of requests, and a doorbell for each packet of a plain device', () => {
    const { host, inic } = figuresOf(small('TCP_RR', { size: 1000 }));
    expect(host.copies).toBeCloseTo(4, 1);
    expect(inic.copies).toBeCloseTo(4, 1);
    expect(host.iopUs).toBe(0);
    expect(host.doorbells).toBeGreaterThanOrEqual(2);
    expect(inic.doorbells).toBeLessThan(1);
    expect(inic.iopUs).toBeGreaterThan(0);
    expect(host.ratePerS / inic.ratePerS).toBeGreaterThan(0.8);
    expect(host.ratePerS / inic.ratePerS).toBeLessThan(1.05);
  });

  it('take less of the host for each thing that the device does', () => {
    const {
      host,
      'host+checksum': summed,
      'host+GSO': software,
      'host+TSO': cut,
    } = figuresOf(small('TCP_STREAM', { size: 65_536, operations: 200 }));
    expect(summed.hostUs).toBeLessThan(host.hostUs * 0.97);
    expect(software.hostUs).toBeLessThan(summed.hostUs * 0.96);
    expect(cut.hostUs).toBeLessThan(software.hostUs);
  });

  it('cross the stack less often, and get on, where what has come is put together before it', () => {
    const plan = small('TCP_STREAM', { connections: 1, size: 65_536, operations: 200, link: '100G,20us' });
    const only = ARMS.filter(({ name }) => name === 'host+TSO' || name === 'host+GRO');
    const [cut, merged] = compareArms(plan, only, SAME).map(({ figures }) => figures);
    expect(cut.use.host).toBeGreaterThan(0.9);
    expect(merged.ratePerS).toBeGreaterThan(1.3 * cut.ratePerS);
    expect(merged.hostUs).toBeLessThan(0.85 * cut.hostUs);
    expect(merged.copies).toBeCloseTo(cut.copies, -1);
  });

  it('gain nothing by cutting where there is nothing to cut', () => {
    const { 'host+checksum': summed, 'host+TSO': cut } = figuresOf(small('TCP_RR', { size: 100 }));
    expect(cut).toEqual(summed);
  });

  it('have the protocol cost what the processor that runs it makes of it', () => {
    const plan = small('TCP_RR');
    const [slow, fast] = [0.1, 100].map((hostSpeed) => figuresOf(plan, { ...SAME, hostSpeed }));
    expect(slow.host.hostUs).toBeGreaterThan(3 * fast.host.hostUs);
    expect(slow.inic).toEqual(fast.inic);
    const [free, dear] = [0, 2000].map((systemCallNs) => figuresOf(plan, { ...SAME, systemCallNs }));
    expect(dear.host.hostUs - free.host.hostUs).toBeGreaterThan(4 * 2 * 0.9);
    expect(dear.inic).toEqual(free.inic);
  });

  it('have payload cross a bus once each way, and headers alone where the window is on the card', () => {
    const plan = small('TCP_STREAM', { connections: 1, size: 65_536, operations: 100 });
    const { 'host+TSO': cut, window, inic } = figuresOf(plan);
    for (const { bus } of [cut, window, inic]) {
      expect(bus.payload.bytes / 65_536).toBeGreaterThan(1.97);
      expect(bus.payload.bytes / 65_536).toBeLessThan(2.2);
    }
    expect(window.copies).toBe(0);
    expect(window.iopUs).toBeGreaterThan(0);
    expect(window.bus.headers.requests).toBeGreaterThan(30);
    expect(inic.bus.headers.requests).toBe(0);
  });

  it('save the host a copy by a window on the card where a copy is dearer than mapping its pages', () => {
    const [slow, fast] = ['card-2002', 'card-2025'].map((costs) =>
      figuresOf(small('TCP_STREAM', { costs, connections: 1, size: 65_536, operations: 50 })),
    );
    expect(slow.window.hostUs).toBeLessThan(0.8 * slow['host+TSO'].hostUs);
    expect(fast.window.hostUs).toBeGreaterThan(fast['host+TSO'].hostUs);
  });

  it('say which of them did not come to its end', () => {
    const plan = { ...small('TCP_RR'), limitNs: 1000 };
    expect(() => compareArms(plan, ARMS, SAME)).toThrow(CompareError);
    expect(() => compareArms(plan, ARMS, SAME)).toThrow(
      /^host: the warm-up came to 0 of 100 operations in 0\.000001 s/,
    );
  });

  it.each(['rpc', 'idle', 'slow-reader'])('balance their books on the bundled plan %s', (name) => {
    const plan = { ...loadPlan(name), operations: 600, seeds: [1, 2] };
    for (const { figures, rates } of compareArms(plan, ARMS, SAME)) {
      expect(figures.ratePerS).toBeGreaterThan(0);
      expect(rates[0]).toBeLessThanOrEqual(rates[1]);
    }
  });
});

describe('the text of a comparison', () => {
  const figures: ArmFigures = {
    ratePerS: 1000,
    bytesPerS: 1e6,
    p50Us: 10,
    p99Us: 20,
    hostUs: 4,
    iopUs: 0,
    copies: 4,
    dmaRequests: 4,
    interrupts: 1,
    doorbells: 0,
    bus: BUS,
    use: { host: 0.2, card: 0.1, bus: 0, wire: 0.9 },
    perProcessorS: 250_000,
  };
  const text = (card: Partial<ArmFigures>): string => {
    const results = [ARMS[0], ARMS[ARMS.length - 1]].map((arm) => ({
      arm,
      figures: arm.onHost ? figures : { ...figures, ...card },
      rates: [1, 1] as const,
    }));
    return compareText('a title', results, 100, (line) => line);
  };

  it('says plainly where offload wins, where it loses, and where it makes no difference', () => {
    expect(text({ ratePerS: 2000 })).toContain('inic against host, rate: offload wins, 2.00 times as many');
    expect(text({ ratePerS: 500 })).toContain('inic against host, rate: offload loses, 0.50 of it');
    expect(text({})).toContain('inic against host, rate: alike');
    expect(text({ hostUs: 1 })).toContain("the host's processor: offload wins, 4.00 times less of it");
    expect(text({ hostUs: 8 })).toContain("the host's processor: offload loses, 2.00 times more of it");
    expect(text({ perProcessorS: 100_000 })).toContain('of all processors: offload loses, 0.40 of it');
  });

  it('compares nothing with work that costs nothing', () => {
    const free = text({ hostUs: 0, iopUs: 0, perProcessorS: Number.POSITIVE_INFINITY });
    expect(free).not.toMatch(/Infinity|NaN/);
    expect(free).toContain("the host's processor: not to be compared, since work costs nothing");
  });

  it('has a dash for what a workload does not know, and no line that is too long', () => {
    const lines = text({ p50Us: null, p99Us: null }).split('\n');
    expect(lines.find((line) => line.startsWith('inic '))).toMatch(/ - /);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(105);
  });
});
