/**
 * An operation's way on each of the systems that are compared, of each workload: nothing is changed by its
 * being looked at, no part of it is lost, and where a policy decides it says who got the connection.
 */
import { describe, expect, it } from 'vitest';
import { ARMS, type Arm } from '../../src/compare/arms.ts';
import { runArm, topologyUnder } from '../../src/compare/compare.ts';
import { chromeTrace } from '../../src/explain/chrome-trace.ts';
import { type Explanation, explainPoint, latencyNs, MEDIAN, SLOWEST } from '../../src/explain/explain.ts';
import { journeyOf } from '../../src/explain/journey.ts';
import { Observer } from '../../src/explain/observer.ts';
import type { Span } from '../../src/explain/path.ts';
import { wayText } from '../../src/explain/ways.ts';
import { readPlan, type SweepPlan, settingsOf } from '../../src/sweep/plan.ts';
import { measurePoint } from '../../src/sweep/point.ts';
import { planOf } from '../../src/sweep/short-form.ts';
import type { WorkloadName } from '../../src/workloads/programs.ts';
import { LONG } from '../long.ts';
import { breaches } from './trace-rules.ts';

const OPTIONS = { hostSpeed: 1, systemCallNs: 200 };

interface Load {
  readonly workload: WorkloadName;
  readonly size: number;
  readonly idle?: number;
  readonly vary?: string;
}

const LOADS: readonly Load[] = [
  { workload: 'TCP_RR', size: 128 },
  { workload: 'TCP_RR', size: 6000, vary: 'link.lossProbability=0.02' },
  { workload: 'TCP_RR', size: 128, idle: 12 },
  { workload: 'TCP_CRR', size: 128 },
  { workload: 'TCP_STREAM', size: 3000 },
  { workload: 'TCP_MAERTS', size: 3000 },
  { workload: 'UDP_RR', size: 128 },
  { workload: 'UDP_RR', size: 2, vary: 'link.lossProbability=0.05' },
  { workload: 'UDP_RR', size: 4000 },
  { workload: 'UDP_STREAM', size: 1472 },
  { workload: 'UDP_STREAM', size: 5000 },
  { workload: 'HTTP', size: 1024 },
];

const planOfLoad = ({ workload, size, idle, vary }: Load): SweepPlan =>
  planOf(
    {
      ...{ workload, size, costs: 'card-2005', operations: 40, seeds: '3', connections: 3 },
      vary: vary === undefined ? [] : [vary],
      ...(idle !== undefined && { idle }),
    },
    true,
  );

/** Each system with each load; in the short form each system with a few, and each load on some. */
const CASES = ARMS.flatMap((arm, a) =>
  LOADS.flatMap((load, l) => {
    const { workload, size, vary = '' } = load;
    const name = `${arm.name}, ${workload} of ${size} bytes ${vary}${load.idle ? ' beside idle ones' : ''}`;
    return LONG || (a * 5 + l) % 9 === 0 ? [{ name, arm, load }] : [];
  }),
);

describe.each(CASES)('$name', ({ arm, load }) => {
  const plan = planOfLoad(load);
  const topology = topologyUnder(arm, plan, settingsOf(plan, 0));
  const observer = new Observer({ fromNs: 0, toNs: Number.POSITIVE_INFINITY });
  const watched = runArm(arm, plan, topology, OPTIONS, observer);

  it('is measured as without anybody who looks on', () => {
    expect(JSON.stringify(watched)).toBe(JSON.stringify(runArm(arm, plan, topology, OPTIONS)));
  });

  it('each of its operations has a whole way, part by part', () => {
    const { ground, streams, operations } = observer;
    const some = operations.filter(({ number }) => number % 4 === 0);
    expect(some.length).toBeGreaterThan(0);
    for (const operation of some) {
      const { spans, astray } = journeyOf(ground, streams, operation);
      expect(astray).toBe(0);
      let atNs = 0;
      for (const { fromNs, toNs } of spans) {
        expect(fromNs).toBe(atNs);
        atNs = toNs;
      }
      expect(atNs).toBe(Math.round(latencyNs(operation)));
      // A call whose message goes with an earlier one's takes no time of its own.
      expect(['host', 'bus']).toContain(spans[0].who);
      expect(spans.at(-1)?.who).toBe('host');
      expect(spans.some(({ who, waiting }) => who === 'wire' && !waiting)).toBe(true);
    }
  });
});

const armOf = (name: string): Arm => ARMS.find((arm) => arm.name === name) as Arm;
const explained = (load: Load, name: string): Explanation =>
  explainPoint(planOfLoad(load), 0, MEDIAN, { arm: armOf(name), options: OPTIONS });
const what = (spans: readonly Span[]): string[] => spans.map((span) => `${span.who} ${span.what}`);

it('on a host the stack is at work in its calls, and no card has a processor', () => {
  const { journey } = explained(LOADS[0], 'host+TSO');
  expect(journey.spans.some(({ who }) => who === 'iop')).toBe(false);
  expect(what(journey.spans)).toContain('host segment in');
  expect(journey.spans[0]).toMatchObject({ who: 'host', what: 'send call' });
});

it('over messages of packets it crosses the bus in them, each way', () => {
  const { journey } = explained(LOADS[0], 'lan');
  const spans = what(journey.spans);
  for (const span of ['bus message to the card', 'dma packet to the host', 'bus reply to the host']) {
    expect(spans.filter((one) => one === span)).toHaveLength(2);
  }
});

it('with the window on the card long segments are placed in a message of their own', () => {
  const long = what(explained({ workload: 'TCP_RR', size: 1200 }, 'window').journey.spans);
  const short = what(explained({ workload: 'TCP_RR', size: 64 }, 'window').journey.spans);
  expect(long).toContain('dma payload placed');
  expect(short).not.toContain('dma payload placed');
});

it("each system's trace is a good file", () => {
  for (const { name } of LONG ? ARMS : ARMS.filter((_, i) => i % 3 === 0)) {
    const explanation = explainPoint(planOfLoad({ workload: 'TCP_CRR', size: 700 }), 0, SLOWEST, {
      arm: armOf(name),
      options: OPTIONS,
    });
    const trace = chromeTrace(explanation);
    expect(breaches(JSON.stringify(trace))).toEqual([]);
    expect(trace.otherData['system']).toBe(name);
  }
});

const policyPlan = (policy: string, more: object = {}): SweepPlan =>
  readPlan({
    title: 'by policy',
    world: 'pair',
    workload: { workload: 'TCP_RR', connections: 4, size: 100, ...more },
    costs: 'card-2005',
    vary: { 'workload.size': [100] },
    operations: 30,
    policy,
  });

describe('where a policy decides', () => {
  it('what comes before a connection moves is said to be before', () => {
    const plan = policyPlan('[active] any => offload, after 1500');
    const textOf = (number: number): string => wayText(explainPoint(plan, 0, { number }).ways[0]);
    expect(textOf(2)).toBe('opened by its own stack (rule 1, [active] any => offload, after 1500)');
    expect(textOf(30)).toContain('and its card left has it since 1500 bytes');
  });

  it.each([
    ['any => offload', ['opened by its card left (rule 1, any => offload)', 'accepted by its card right']],
    [
      'any => no-offload',
      ['opened by its own stack (rule 1, any => no-offload)', 'accepted by its own stack (rule 1'],
    ],
    ['[active] any => offload', ['opened by its card left (rule 1', 'accepted by its own stack (no rule']],
    [
      '[active] any => offload, after 700',
      ['opened by its own stack, and its card left has it since 700 bytes', 'accepted by its own stack'],
    ],
  ])('%s', (policy, expected) => {
    const plan = policyPlan(policy);
    const explanation = explainPoint(plan, 0, { number: 25 });
    const { journey, ways, ground, measurement } = explanation;
    expect(ways.map(({ host }) => host)).toEqual(['left', 'right']);
    ways.forEach((way, i) => {
      expect(wayText(way)).toContain(expected[i]);
    });
    // Who has it is who is at work.
    for (const { host, card } of ways) {
      const iop = journey.spans.some(({ who, where }) => who === 'iop' && where === host);
      expect(iop).toBe(card !== undefined);
    }
    expect(journey.astray).toBe(0);
    expect(breaches(JSON.stringify(chromeTrace(explanation)))).toEqual([]);
    expect(ground.splitters).toHaveLength(2);
    expect(measurePoint(plan, 0)).toMatchObject({ ok: true, elapsedNs: measurement.elapsedNs });
  });

  it('a card that is full leaves a connection to its host, and is named with the reason', () => {
    const options = { ...OPTIONS, mixed: { policy: 'any => offload', connections: 1 } };
    const plan = planOfLoad({ workload: 'TCP_RR', size: 100 });
    const texts = [1, 2, 3, 4, 5, 6].flatMap((number) =>
      explainPoint(plan, 0, { number }, { arm: armOf('mixed'), options }).ways.map(wayText),
    );
    expect(texts).toContain('opened by its card left (rule 1, any => offload)');
    expect(texts).toContain(
      'opened by its own stack (rule 1, any => offload; toe0 did not get it: connections full)',
    );
  });

  it('datagrams are the own of the host, and no rule says so', () => {
    const { ways, journey } = explainPoint(policyPlan('any => offload', { workload: 'UDP_RR' }), 0, MEDIAN);
    expect(ways).toEqual([]);
    expect(journey.spans.some(({ who }) => who === 'iop')).toBe(false);
  });
});
