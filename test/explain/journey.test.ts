/** One operation's way: it changes nothing, leaves no gap, and says what the world's costs say. */
import { describe, expect, it } from 'vitest';
import type { Turn } from '../../src/explain/events.ts';
import { type Choice, explainPoint, latencyNs, MEDIAN, SLOWEST } from '../../src/explain/explain.ts';
import { type Journey, journeyOf } from '../../src/explain/journey.ts';
import type { Ground } from '../../src/explain/legs.ts';
import { Observer } from '../../src/explain/observer.ts';
import type { Span } from '../../src/explain/path.ts';
import { sumsOf } from '../../src/explain/sums.ts';
import { measureTopology } from '../../src/sweep/measure.ts';
import type { Measurement } from '../../src/sweep/measurement.ts';
import { type SweepPlan, settingsOf, worldOf } from '../../src/sweep/plan.ts';
import { measurePoint } from '../../src/sweep/point.ts';
import { readTopology } from '../../src/world/topology.ts';
import { FORMS, type Form, pairPlan, starPlan, WORLDS } from './worlds.ts';

const P99: Choice = { percentile: 99 };

/** From the first span to the last, each begins where the one before it ends. */
function expectWhole({ operation, spans, astray }: Journey): void {
  const totalNs = Math.round(latencyNs(operation));
  expect(astray).toBe(0);
  let atNs = 0;
  for (const { fromNs, toNs } of spans) {
    expect(fromNs).toBe(atNs);
    expect(toNs).toBeGreaterThan(fromNs);
    atNs = toNs;
  }
  expect(atNs).toBe(totalNs);
}

/** How much of a span lies in turns of one kind of agent. @param cards whose turns; absent: a host's. */
function withinNs(
  { log }: Ground,
  { startNs }: { startNs: number },
  span: Span,
  of: (turn: Turn) => boolean,
) {
  const [fromNs, toNs] = [startNs + span.fromNs, startNs + span.toNs];
  const inside = log.turns
    .filter(of)
    .map((turn) => Math.max(0, Math.min(turn.endNs, toNs) - Math.max(turn.startNs, fromNs)));
  return inside.reduce((sum, ns) => sum + ns, 0);
}

/** Where host and card share a processor, each works in its own turns, and waits for the other in its. */
function expectInTurns(ground: Ground, { operation, spans }: Journey): void {
  const { hosts, cards } = ground.topology;
  for (const span of spans) {
    const { who, where, what, waiting } = span;
    const host = who === 'host' ? hosts.findIndex(({ name }) => name === where) : -1;
    const card = cards.findIndex(({ name }) => name === where);
    const processor = host >= 0 ? host : (cards[card]?.host ?? -1);
    const own = (turn: Turn): boolean =>
      host >= 0 ? isHosts(turn, host) : turn.kind === 'cards' && turn.index === card;
    const shared = ({ kind, index }: Turn): boolean =>
      kind === 'cards' && cards[index].host === processor && cards[index].placement === 'inline';
    if (who === 'wire' || (host < 0 && cards[card].placement !== 'inline')) continue;
    expect(['host', 'iop']).toContain(who);
    const expected = {
      "the host's work": (turn: Turn): boolean => isHosts(turn, processor),
      "the card's work": shared,
      "another card's work": (turn: Turn): boolean => shared(turn) && !own(turn),
      'the processor': own,
      'other requests': own,
      'its turn': own,
    }[what];
    const ns = (of: (turn: Turn) => boolean): number => withinNs(ground, operation, span, of);
    if (what === 'look for work')
      expect(ns((turn) => isHosts(turn, processor) || shared(turn))).toBeLessThan(1);
    else if (expected !== undefined || !waiting)
      expect(ns(expected ?? own)).toBeCloseTo(span.toNs - span.fromNs, -1);
    // A host that waits inside a call has its cards work within its turn.
    if (who === 'host' && !waiting) expect(ns(shared)).toBeLessThan(1);
  }
}

const isHosts = ({ kind, index }: Turn, host: number): boolean => kind === 'hosts' && index === host;

const journey = (plan: SweepPlan, choice: Choice): Journey => explainPoint(plan, 0, choice).journey;

const waits = (form: Form, choice: Choice): string[] =>
  sumsOf(journey(pairPlan(form), choice).spans).waits.map(({ what }) => what);

/** Every so many operations of a plan's point, in one run that is watched from its begin to its end. */
function journeysOf(
  plan: SweepPlan,
  every = 1,
): { readonly measurement: object; readonly journeys: Journey[]; readonly ground: Ground } {
  const observer = new Observer({ fromNs: 0, toNs: Number.POSITIVE_INFINITY });
  const topology = readTopology(worldOf(plan, settingsOf(plan, 0)));
  const { operations, warmup, limitNs } = plan;
  const measurement = measureTopology(topology, { operations, warmup, limitNs }, observer);
  const { ground, streams } = observer;
  const some = observer.operations.filter(({ number }) => number % every === 0);
  return { measurement, journeys: some.map((one) => journeyOf(ground, streams, one)), ground };
}

describe.each(WORLDS)('$name', ({ plan }) => {
  const watched = journeysOf(plan, 10);

  it('is measured as without anybody who looks on', () => {
    const { point: _point, settings: _settings, ok, ...alone } = measurePoint(plan, 0);
    expect(ok).toBe(true);
    expect(JSON.stringify(watched.measurement)).toBe(JSON.stringify(alone));
  });

  it('each of its operations has a whole way, in the turns of those who go it', () => {
    expect(watched.journeys.length).toBeGreaterThan(0);
    for (const way of watched.journeys) {
      expectWhole(way);
      expectInTurns(watched.ground, way);
    }
  });
});

it.each([0, 5, 6, 17])('the way is the same where no more is kept than it takes (form %i)', (form) => {
  const plan = pairPlan({ ...FORMS[form], operations: 60 });
  const { journeys } = journeysOf(plan);
  const { operation, spans } = journey(plan, P99);
  expect(spans).toEqual(journeys[operation.number - 1].spans);
});

it.each(['TCP_RR', 'TCP_CRR', 'TCP_STREAM'])('%s goes over a switch, on both links', (workload) => {
  const way = journey(starPlan(workload), MEDIAN);
  expectWhole(way);
  const links = new Set(way.spans.filter(({ who }) => who === 'wire').map(({ where }) => where));
  expect([...links]).toContain('third');
  expect(links.size).toBe(2);
});

it.each([false, true])('TCP_CRR ends with the call that closes its connection (inline: %s)', (inline) => {
  const plan = pairPlan({ workload: 'TCP_CRR', inline });
  for (const { spans } of journeysOf(plan, 10).journeys) {
    expect(spans[spans.length - 1]).toMatchObject({ who: 'host', where: 'left', what: 'close call' });
  }
});

it('is the link alone where nothing else takes time', () => {
  const { spans } = journey(pairPlan({ connections: 1, costs: 'none', link: '1G,100us' }), MEDIAN);
  expect(spans.map(({ who, what, waiting, leg }) => ({ who, what, waiting, leg }))).toEqual(
    ['request', 'response'].flatMap((leg) =>
      ['frame of 194 bytes', 'propagation'].map((what) => ({ who: 'wire', what, waiting: false, leg })),
    ),
  );
  // 194 bytes and Ethernet's 24 at 1 Gbit/s, twice, and 100 µs each way.
  expect(spans[spans.length - 1].toNs).toBe(2 * (218 * 8 + 100_000));
});

it.each([false, true])(
  'comes to what the ledgers say an operation takes, where there is one at a time (inline: %s)',
  (inline) => {
    const plan = pairPlan({ connections: 1, operations: 500, inline });
    const { workNs } = sumsOf(journey(plan, MEDIAN).spans);
    const { timeUs } = journeysOf(plan, 100).measurement as Measurement;
    expect(workNs.wire / 1000).toBeCloseTo(timeUs.wire, 2);
    // Acknowledgements and credits are work too, and no part of the way.
    expect(workNs.host / 1000).toBeLessThanOrEqual(timeUs.host);
    expect(workNs.host / 1000).toBeGreaterThan(0.5 * timeUs.host);
    expect(workNs.iop / 1000).toBeLessThanOrEqual(timeUs.iop);
    expect(workNs.iop / 1000).toBeGreaterThan(0.3 * timeUs.iop);
    expect(timeUs.bus > 0).toBe(!inline);
    expect(workNs.bus + workNs.dma > 0).toBe(!inline);
  },
);

describe('finds what was waited for', () => {
  it('a lost segment', () => {
    const form = { size: 30_000, vary: 'link.lossProbability=0.03', seed: 2 };
    expect(waits(form, SLOWEST)[0]).toBe('a retransmission');
  });

  it('a transmit buffer', () => {
    const found = waits({ connections: 32, vary: 'pools.transmitBuffers=2', size: 4096 }, P99);
    expect(found).toContain('a transmit buffer');
  });

  it('a transmit buffer, where a send blocks', () => {
    const plan = pairPlan({ connections: 32, size: 2048 });
    const settings = { 'pools.transmitBuffers': [4], 'driver.transmitDryPolicy': ['block'] };
    const { spans } = journey({ ...plan, vary: settings }, P99);
    expect(sumsOf(spans).waits.map(({ what }) => what)).toContain('a transmit buffer');
  });

  it('room in its send buffer, where there are transmit buffers enough', () => {
    const plan = pairPlan({ workload: 'TCP_STREAM', connections: 1, size: 65_536, operations: 200 });
    const { journeys } = journeysOf(plan, 5);
    const found = new Set(journeys.flatMap(({ spans }) => sumsOf(spans).waits.map(({ what }) => what)));
    expect(found).toContain('room in its send buffer');
    expect(found).not.toContain('a transmit buffer');
  });

  it('a receive bucket', () => {
    const found = waits({ connections: 32, vary: 'pools.receiveBuckets=2' }, SLOWEST);
    expect(found).toContain('a receive bucket');
  });

  it('a send that blocks, which keeps its program from all it has to do', () => {
    const plan = pairPlan({ connections: 32, size: 2048, operations: 300 });
    const settings = { 'pools.transmitBuffers': [4], 'driver.transmitDryPolicy': ['block'] };
    const { journeys } = journeysOf({ ...plan, vary: settings });
    const held = journeys.flatMap(({ spans }) => spans.filter(({ what }) => what === 'a call that blocks'));
    expect(held.length).toBeGreaterThan(10);
    expect(held.every(({ who, waiting }) => who === 'host' && waiting)).toBe(true);
    // A host takes a reply in less time than any of them was held.
    const taking = journeys.flatMap(({ spans }) => spans.filter(({ what }) => what === 'reply taken'));
    expect(Math.max(...taking.map(({ fromNs, toNs }) => toNs - fromNs))).toBeLessThan(5000);
  });

  it.each([
    ['host and card', 'two cards of a host, of which one is inline', ["the card's work", "the host's work"]],
    ['two cards', 'two inline cards of a host, a link that takes none', ["another card's work"]],
  ])('whose work a processor was busy with that %s share', (_who, title, expected) => {
    const { plan } = WORLDS.find(({ name }) => name === title) as (typeof WORLDS)[number];
    const spans = journeysOf(plan).journeys.flatMap((one) => [...one.spans]);
    const found = new Set(spans.filter(({ waiting }) => waiting).map(({ what }) => what));
    for (const what of expected) expect([...found]).toContain(what);
  });

  it('moderation', () => {
    const settings = { 'moderation.rxUsecs': [50], 'moderation.rxFrames': [64], 'driver.spinNs': [0] };
    const { spans } = journey({ ...pairPlan({ connections: 8 }), vary: settings }, SLOWEST);
    expect(sumsOf(spans).waits.map(({ what }) => what)).toContain('interrupt moderation');
  });

  it('a free connection', () => {
    const [first] = waits({ connections: 1, vary: 'workload.arrivals=60k/s' }, SLOWEST);
    expect(first).toBe('a free connection');
  });

  it('and service', () => {
    const { spans } = journey(pairPlan({ vary: 'workload.service=5us' }), MEDIAN);
    const served = spans.filter(({ what }) => what === 'service');
    expect(served.map(({ fromNs, toNs }) => toNs - fromNs)).toEqual([5000]);
  });
});

it('chooses by the order of latencies', () => {
  const plan = pairPlan({ connections: 8, operations: 200 });
  const { journeys } = journeysOf(plan);
  const latencies = journeys.map(({ operation }) => latencyNs(operation)).sort((a, b) => a - b);
  const chosen = (choice: Choice): number => latencyNs(journey(plan, choice).operation);
  expect(chosen(MEDIAN)).toBe(latencies[99]);
  expect(chosen(P99)).toBe(latencies[197]);
  expect(chosen(SLOWEST)).toBe(latencies[latencies.length - 1]);
  expect(chosen({ number: 7 })).toBe(latencyNs(journeys[6].operation));
});

it('says what failed, and when', () => {
  const late = { ...pairPlan(), limitNs: 100_000 };
  expect(() => explainPoint(late, 0, MEDIAN)).toThrow(
    /^it fails at [\d.]+ µs of virtual time, before any operation was measured: the warm-up came to \d+ of/,
  );
  expect(() => explainPoint(pairPlan(), 0, { number: 1000 })).toThrow(
    'there is no request 1000: expected 1 to',
  );
});
