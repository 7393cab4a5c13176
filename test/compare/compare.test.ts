/** Systems side by side: what each figure is of, and that taking its cause away takes the figure away. */
import { describe, expect, it } from 'vitest';
import { ARMS, type Arm } from '../../src/compare/arms.ts';
import { type ArmFigures, type ArmResult, CompareError, compareArms } from '../../src/compare/compare.ts';
import { pausing } from '../../src/compare/pauses.ts';
import { compareText } from '../../src/report/compare-text.ts';
import { compareCharts } from '../../src/report/html/compare-html.ts';
import { loadPlan, type SweepPlan } from '../../src/sweep/plan.ts';
import { planOf } from '../../src/sweep/short-form.ts';

const NOTHING = { requests: 0, bytes: 0 };
const BUS = { descriptors: NOTHING, headers: NOTHING, payload: NOTHING, completions: NOTHING };
const SAME = { hostSpeed: 1, systemCallNs: 200 };

/** @param names of the systems, with spaces between. */
function figuresOf(plan: SweepPlan, names: string, options = SAME): Record<string, ArmFigures> {
  const results = compareArms(plan, armsOf(names), options);
  return Object.fromEntries(results.map(({ arm, figures }) => [arm.name, figures]));
}

function armsOf(names: string): Arm[] {
  return names.split(' ').map((wanted) => ARMS.find(({ name }) => name === wanted)!);
}

const small = (workload: string, more: object = {}): SweepPlan =>
  planOf({ vary: [], workload, connections: 8, operations: 1000, seeds: '1', link: '10G,20us', ...more });

describe('systems on one wire', () => {
  it('have no part that is busier than always, however short a run is', () => {
    for (const workload of ['TCP_STREAM', 'UDP_STREAM', 'TCP_MAERTS']) {
      const plan = small(workload, { connections: 1, operations: 1 });
      for (const [name, { use }] of Object.entries(figuresOf(plan, 'host window mixed inic'))) {
        expect(Math.max(...Object.values(use)), `${workload}, ${name}`).toBeLessThanOrEqual(1);
      }
    }
  });

  it('give the same again to the last digit', () => {
    const lossy = loadPlan('lossy-wan');
    const workload = { ...lossy.workload, connections: 4 };
    const plan = { ...lossy, workload, operations: 10, seeds: [1] };
    const names = 'host lan mixed inic';
    expect(figuresOf(plan, names)).toEqual(figuresOf(plan, names));
  });

  it('do the same work: copies of requests, and a doorbell for each packet of a plain device', () => {
    const { host, inic } = figuresOf(small('TCP_RR', { size: 1000 }), 'host inic');
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
    } = figuresOf(
      small('TCP_STREAM', { size: 65_536, operations: 200 }),
      'host host+checksum host+GSO host+TSO',
    );
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
    const { 'host+checksum': summed, 'host+TSO': cut } = figuresOf(
      small('TCP_RR', { size: 100 }),
      'host+checksum host+TSO',
    );
    expect(cut).toEqual(summed);
  });

  it('have the protocol cost what the processor that runs it makes of it', () => {
    const plan = small('TCP_RR');
    const [slow, fast] = [0.1, 100].map((hostSpeed) => figuresOf(plan, 'host inic', { ...SAME, hostSpeed }));
    expect(slow.host.hostUs).toBeGreaterThan(3 * fast.host.hostUs);
    expect(slow.inic).toEqual(fast.inic);
    const [free, dear] = [0, 2000].map((systemCallNs) =>
      figuresOf(plan, 'host inic', { ...SAME, systemCallNs }),
    );
    expect(dear.host.hostUs - free.host.hostUs).toBeGreaterThan(4 * 2 * 0.9);
    expect(dear.inic).toEqual(free.inic);
  });

  it('have payload cross a bus once each way, and headers alone where the window is on the card', () => {
    const plan = small('TCP_STREAM', { connections: 1, size: 65_536, operations: 100 });
    const { 'host+TSO': cut, window, inic } = figuresOf(plan, 'host+TSO window inic');
    for (const { bus } of [cut, window, inic]) {
      expect(bus.payload.bytes / 65_536).toBeGreaterThan(1.97);
      expect(bus.payload.bytes / 65_536).toBeLessThan(2.2);
    }
    expect(window.iopUs).toBeGreaterThan(0);
    expect(window.bus.headers.requests).toBeGreaterThan(30);
    expect(inic.bus.headers.requests).toBe(0);
  });

  it('save the host a copy by a window on the card where a copy is dearer than mapping its pages', () => {
    const [slow, fast] = ['card-2002', 'card-2025'].map((costs) =>
      figuresOf(
        small('TCP_STREAM', { costs, connections: 1, size: 65_536, operations: 50 }),
        'host+TSO window',
      ),
    );
    expect(slow.window.hostUs).toBeLessThan(0.8 * slow['host+TSO'].hostUs);
    expect(fast.window.hostUs).toBeGreaterThan(fast['host+TSO'].hostUs);
    // The driver knows what both cost: it copies where that is cheaper.
    expect(slow.window.copies).toBeLessThan(1);
    expect(fast.window.copies).toBeGreaterThan(3);
  });

  it('say which of them did not come to its end', () => {
    const plan = { ...small('TCP_RR'), limitNs: 1000 };
    expect(() => compareArms(plan, ARMS, SAME)).toThrow(CompareError);
    expect(() => compareArms(plan, ARMS, SAME)).toThrow(
      /^host: the warm-up came to 0 of 100 operations in 0\.000001 s/,
    );
  });

  it('refuse a program that lets no time pass, and measure it where its calls or its pauses take some', () => {
    const free = { hostSpeed: 1, systemCallNs: 0 };
    const plan = small('UDP_STREAM', { costs: 'none', connections: 1, operations: 50 });
    for (const name of ['host', 'lan', 'window', 'mixed']) {
      expect(() => compareArms(plan, armsOf(name), free)).toThrow(
        /"programs\.\w+" sends datagrams without a pause, by calls that cost nothing/,
      );
    }
    expect(figuresOf(plan, 'host').host.ratePerS).toBeGreaterThan(0);
    const paced = { ...plan, workload: { ...plan.workload, arrivals: '200k/s' } };
    expect(figuresOf(paced, 'host', free).host.ratePerS).toBeLessThan(250_000);
    // The card takes its turns in between.
    expect(figuresOf(plan, 'inic', free).inic.ratePerS).toBeGreaterThan(0);
  });

  it('name what was lost because no hardware address was known yet', () => {
    const plan = small('UDP_STREAM', { costs: 'none', connections: 1, operations: 100 });
    const { datagrams } = figuresOf(plan, 'host').host;
    expect(datagrams?.lost).toBeGreaterThan(0);
    expect(datagrams?.lostAt).toEqual({ 'no hardware address in time': datagrams?.lost });
  });

  it('divide connections by a policy: the card alone where it gets all, the host where it gets none', () => {
    const plan = small('TCP_RR', { size: 1000, operations: 300 });
    const [alone, card] = compareArms(plan, armsOf('host+TSO inic'), SAME);
    const mixed = (policy: string, connections: number | undefined) =>
      compareArms(plan, armsOf('mixed'), { ...SAME, mixed: { policy, connections } })[0];
    const all = mixed('any => offload', 1000);
    expect(all.offloads.map(({ offloaded, own }) => [offloaded, own])).toEqual([
      [8, 0],
      [8, 0],
    ]);
    expect(all.figures.hostUs / card.figures.hostUs).toBeCloseTo(1, 1);
    expect(all.figures.iopUs / card.figures.iopUs).toBeCloseTo(1, 1);
    const none = mixed('', undefined);
    expect(none.offloads.map(({ offloaded, own }) => [offloaded, own])).toEqual([
      [0, 8],
      [0, 8],
    ]);
    expect(none.figures.hostUs / alone.figures.hostUs).toBeCloseTo(1, 1);
    expect(none.figures.iopUs).toBeLessThan(0.02 * card.figures.iopUs);
    const half = mixed('any => offload', undefined);
    expect(half.offloads.map(({ refusals }) => refusals['connections full'])).toEqual([4, 4]);
    expect(half.figures.iopUs / card.figures.iopUs).toBeCloseTo(0.5, 1);
    // Those that rest have their place on a card as well.
    const [resting] = compareArms(small('TCP_RR', { operations: 50, idle: 40 }), armsOf('mixed'), SAME);
    expect(resting.offloads.map(({ offloaded, own }) => [offloaded, own])).toEqual([
      [24, 24],
      [24, 24],
    ]);
  });

  it('leave out a system that the world cannot have, where nobody has named it', () => {
    const plan = small('TCP_RR', { operations: 50 });
    const { cards } = plan.world as { cards: Record<string, object> };
    const inline = Object.fromEntries(
      Object.entries(cards).map(([name, own]) => [name, { ...own, runs: 'inline' }]),
    );
    const odd = { ...plan, world: { ...(plan.world as object), cards: inline } } as SweepPlan;
    const lines: string[] = [];
    const results = compareArms(odd, armsOf('mixed inic'), { ...SAME, leftOut: (line) => lines.push(line) });
    expect(results.map(({ arm }) => arm.name)).toEqual(['inic']);
    expect(lines[0]).toMatch(/^mixed: "cards\.left" shares its wire with its host: expected a processor/);
    expect(() => compareArms(odd, armsOf('mixed'), SAME)).toThrow(CompareError);
  });

  it('cost a plain card its messages, and spare the host its packets', () => {
    const { lan, 'host+checksum': plain } = figuresOf(small('TCP_RR', { size: 1000 }), 'lan host+checksum');
    expect(lan.iopUs).toBeGreaterThan(0);
    expect(lan.doorbells).toBeLessThan(plain.doorbells);
    expect(lan.bus.payload.requests).toBeGreaterThan(3);
    expect(lan.bus.descriptors.bytes).toBeGreaterThan(plain.bus.descriptors.bytes);
    expect(lan.ratePerS).toBeLessThan(plain.ratePerS);
  });

  it('lose by falling into step, and no more where connections pause for drawn times', () => {
    const rates = (thinkUs: number) => {
      const plan = pausing(small('TCP_CRR', { connections: 32, size: 16_384, operations: 300 }), thinkUs);
      return compareArms(plan, armsOf('host+TSO inic'), SAME).map(({ figures }) => figures.ratePerS);
    };
    const [host, card] = rates(0);
    expect(card / host).toBeLessThan(0.85);
    const [resting, restingCard] = rates(100);
    expect(restingCard / resting).toBeGreaterThan(0.95);
  });

  it.each(['rpc', 'idle', 'slow-reader'])('balance their books on the bundled plan %s', (name) => {
    const plan = { ...loadPlan(name), operations: 200, seeds: [1] };
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
      offloads: [],
      unmet: [],
    }));
    return compareText('a title', results, [], 100, (line) => line);
  };

  const against = (card: Partial<ArmFigures>): string[] => {
    const line = text(card)
      .split('\n')
      .find((one) => one.startsWith('inic against host'));
    return line!.split(/ {2,}/).slice(1);
  };

  it('says plainly where offload wins, where it loses, and where it makes no difference', () => {
    expect(against({})).toEqual(['alike', 'alike', 'alike']);
    expect(against({ ratePerS: 2000, hostUs: 1, perProcessorS: 100_000 })).toEqual([
      'wins 2.00',
      'wins 4.00',
      'loses 0.40',
    ]);
    expect(against({ ratePerS: 500, hostUs: 8 })).toEqual(['loses 0.50', 'loses 0.50', 'alike']);
  });

  it('has the rate of a stream be its bytes wherever it is told, whatever writes a buffer took meanwhile', () => {
    const [slow, fast] = [ARMS[0], ARMS[ARMS.length - 1]].map((arm, i) => ({
      arm,
      figures: { ...figures, ratePerS: [2000, 1000][i], bytesPerS: [1e6, 2e6][i] },
      rates: [1, 1] as const,
      offloads: [],
      unmet: [],
    }));
    const said = compareText('a title', [slow, fast], [], 100, (line) => line, 'write');
    expect(said).toMatch(/inic against host +wins 2\.00/);
    const [{ y, series }] = compareCharts([slow, fast], 'write');
    expect([y.unit, series[0].points.map((point) => point.y)]).toEqual(['B/s', [1e6, 2e6]]);
    expect(compareCharts([slow, fast])[0].series[0].points.map((point) => point.y)).toEqual([2000, 1000]);
  });

  it('compares nothing with work that costs nothing', () => {
    const free = { hostUs: 0, iopUs: 0, perProcessorS: Number.POSITIVE_INFINITY };
    expect(text(free)).not.toMatch(/Infinity|NaN/);
    expect(against(free)).toEqual(['alike', '-', '-']);
  });

  it('sets messages against the same card without them', () => {
    const named = (name: string): ArmResult => {
      const arm = ARMS.find((one) => one.name === name)!;
      const ratePerS = name === 'lan' ? 800 : name === 'host' ? 2000 : 1000;
      return { arm, figures: { ...figures, ratePerS }, rates: [1, 1], offloads: [], unmet: [] };
    };
    const results = ['host', 'host+checksum', 'lan'].map(named);
    const said = compareText('a title', results, [], 100, (line) => line);
    expect(said).toMatch(/lan against host\+checksum +loses 0\.80/);
  });

  it('says of datagrams that the host has them, whoever has its connections', () => {
    const arm = ARMS.find(({ mixed }) => mixed === true)!;
    const offloads = [{ host: 'left', offloaded: 0, own: 0, refusals: {} }];
    const result = { arm, figures, rates: [1, 1] as const, offloads, unmet: [] };
    const said = compareText('a title', [result], [], 200, (line) => line);
    expect(said).toContain("mixed, at left: no connections, and datagrams are its own stack's\n");
  });

  it('says where connections went, and why', () => {
    const arm = ARMS.find(({ mixed }) => mixed === true)!;
    const offloads = [
      { host: 'left', offloaded: 16, own: 18, refusals: { 'connections full': 12, 'link down': 4 } },
      { host: 'right', offloaded: 34, own: 0, refusals: {} },
    ];
    const result = { arm, figures, rates: [1, 1] as const, offloads, unmet: [] };
    const said = compareText('a title', [result], ['lan: not here'], 200, (line) => line);
    expect(said).toContain(
      'mixed, at left: 16 connections offloaded, 18 fell to its own stack ' +
        '(12 connections full, 4 link down, 2 by policy)',
    );
    expect(said).toContain('mixed, at right: 34 connections offloaded, none fell to its own stack\n');
    expect(said).toContain('left out: lan: not here');
  });

  it('has a dash for what a workload does not know, and no line that is too long', () => {
    const lines = text({ p50Us: null, p99Us: null }).split('\n');
    expect(lines.find((line) => line.startsWith('inic '))).toMatch(/ - /);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(105);
  });
});
