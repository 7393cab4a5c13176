/** Every world's trace is a good file of the Trace Event Format, and the rules by which that is said trip. */
import { describe, expect, it } from 'vitest';
import { chromeTrace, type TraceEvent } from '../../src/explain/chrome-trace.ts';
import { type Explanation, explainPoint, latencyNs, SLOWEST } from '../../src/explain/explain.ts';
import { breaches } from './trace-rules.ts';
import { pairPlan, WORLDS } from './worlds.ts';

const keyOf = ({ pid, tid }: TraceEvent): string => `${pid}/${tid}`;

const ofKind =
  (events: readonly TraceEvent[]) =>
  (...kinds: string[]): TraceEvent[] =>
    events.filter(({ ph }) => kinds.includes(ph));

/** The text that is written, and what it holds. */
function written(explanation: Explanation): { text: string; events: readonly TraceEvent[] } {
  const text = JSON.stringify(chromeTrace(explanation));
  return { text, events: JSON.parse(text).traceEvents };
}

describe.each(WORLDS)('the trace of $name', ({ plan }) => {
  it('keeps the rules, and its slices are the request, to the nanosecond', () => {
    const explanation = explainPoint(plan, 0, SLOWEST);
    const { text, events } = written(explanation);
    expect(breaches(text)).toEqual([]);
    const { journey } = explanation;
    const own = events.filter(({ cat }) => cat === 'work' || cat === 'wait');
    expect(own.map(({ name }) => name)).toEqual(
      journey.spans.map(({ what, waiting }) => (waiting ? `waits for ${what}` : what)),
    );
    const sumNs = own.reduce((sum, { dur = 0 }) => sum + Math.round(dur * 1000), 0);
    expect(sumNs).toBe(Math.round(latencyNs(journey.operation)));
  });
});

describe('a trace', () => {
  const form = { connections: 4, vary: 'pools.transmitBuffers=4' };
  const explanation = explainPoint(pairPlan(form), 0, SLOWEST);
  const of = ofKind(written(explanation).events);

  it('has a process for each host, card and link', () => {
    const names = of('M').flatMap(({ name, args }) => (name === 'process_name' ? [args?.['name']] : []));
    expect(names).toEqual(['host left', 'host right', 'card left', 'card right', 'link wire']);
  });

  it('leads an arrow from each span to the next one on another track', () => {
    const own = of('X').filter(({ cat }) => cat === 'work' || cat === 'wait');
    const turns = own.filter((slice, i) => i > 0 && keyOf(slice) !== keyOf(own[i - 1]));
    expect(turns.length).toBeGreaterThan(8);
    expect(of('f').map(({ ts, pid, tid }) => ({ ts, pid, tid }))).toEqual(
      turns.map(({ ts, pid, tid }) => ({ ts, pid, tid })),
    );
  });

  it('counts the pools in use', () => {
    const names = new Set(of('C').map(({ name }) => name));
    expect(names).toContain('transmit in use');
    expect(names).toContain('receive in use');
  });

  it('has all turns of a processor on its track, of the host and of an inline card', () => {
    const { events } = written(explainPoint(pairPlan({ ...form, inline: true }), 0, SLOWEST));
    const inline = ofKind(events);
    const tracks = inline('M').flatMap(({ name, args }) => (name === 'thread_name' ? [args?.['name']] : []));
    expect(tracks).toContain('this request: on the processor of host left');
    expect(tracks).not.toContain('DMA engine');
    const turns = inline('X').filter(({ name }) => name === 'turn of card left');
    expect(turns.length).toBeGreaterThan(2);
    const host = inline('M').find(({ args }) => args?.['name'] === 'host left');
    expect(turns.every(({ pid }) => pid === host?.pid)).toBe(true);
  });

  it('keeps names with quotes, line ends and other signs', () => {
    const hostile = 'a"b\\c\n\r\t\u2028</script>\u0000é漢🜁\ud800';
    const text = JSON.stringify(chromeTrace(renamed(explanation, hostile)));
    expect(breaches(text)).toEqual([]);
    const { traceEvents, otherData } = JSON.parse(text);
    expect(text).not.toContain('\n');
    expect(traceEvents.map(({ args }: TraceEvent) => args?.['name'])).toContain(`host ${hostile}`);
    expect(otherData).toMatchObject({ program: hostile, 'pools.name': hostile });
  });
});

/** The same world where the left host, its card and its program are called otherwise. */
function renamed(explanation: Explanation, name: string): Explanation {
  const { journey, ground, settings } = explanation;
  const { topology } = ground;
  const called = <T extends { readonly name: string }>(all: readonly T[]): T[] =>
    all.map((one) => (one.name === 'left' ? { ...one, name } : one));
  return {
    ...explanation,
    settings: { ...settings, 'pools.name': name },
    journey: {
      ...journey,
      operation: { ...journey.operation, program: name },
      spans: journey.spans.map((span) => (span.where === 'left' ? { ...span, where: name } : span)),
    },
    ground: {
      ...ground,
      topology: { ...topology, hosts: called(topology.hosts), cards: called(topology.cards) },
    },
  };
}

/** A small file that keeps the rules. */
const GOOD: readonly object[] = [
  { ph: 'M', name: 'process_name', pid: 1, tid: 0, ts: 0, args: { name: 'host' } },
  { ph: 'M', name: 'thread_name', pid: 1, tid: 1, ts: 0, args: { name: 'track' } },
  { ph: 'X', name: 'outer', pid: 1, tid: 1, ts: 1, dur: 10 },
  { ph: 'X', name: 'inner', pid: 1, tid: 1, ts: 1, dur: 3.001 },
  { ph: 's', name: 'next', cat: 'flow', id: 1, pid: 1, tid: 1, ts: 2 },
  { ph: 'f', bp: 'e', name: 'next', cat: 'flow', id: 1, pid: 1, tid: 1, ts: 5 },
  { ph: 'B', name: 'begun', pid: 1, tid: 1, ts: 12 },
  { ph: 'E', name: 'begun', pid: 1, tid: 1, ts: 13 },
  { ph: 'C', name: 'in use', pid: 1, tid: 1, ts: 3, args: { count: 2 } },
];

const fileOf = (events: readonly object[]): string =>
  JSON.stringify({ displayTimeUnit: 'ns', traceEvents: events });

/** The good file where one event is another. */
const but = (place: number, ...others: object[]): string =>
  fileOf([
    ...GOOD.slice(0, place),
    ...others.map((other) => ({ ...GOOD[place], ...other })),
    ...GOOD.slice(place + 1),
  ]);

describe('the rules', () => {
  it('are kept by a good file', () => {
    expect(breaches(fileOf(GOOD))).toEqual([]);
  });

  it.each<[string, string]>([
    ['no JSON', '{"traceEvents":[{"name":"a\n"}]}'],
    ['is no list', JSON.stringify(GOOD)],
    ['displayTimeUnit is us', JSON.stringify({ displayTimeUnit: 'us', traceEvents: GOOD })],
    ['its phase is unknown', but(2, { ph: 'Y', dur: undefined })],
    ['it has no name', but(2, { name: '' })],
    ['pid and tid are whole', but(2, { tid: '1' })],
    ['ts is a time', but(2, { ts: -1 })],
    ['ts is a time', but(2, { ts: '1' })],
    ['more than whole nanoseconds', but(2, { ts: 1.0005 })],
    ['dur is of X', but(2, { dur: -1 })],
    ['dur is of X', but(4, { dur: 1 })],
    ['id is of arrows', but(4, { id: undefined })],
    ['knows the colour', but(2, { cname: 'greenish' })],
    ['it names nothing', but(0, { args: { name: '' } })],
    ['it counts nothing', but(8, { args: { count: 'two' } })],
    ['process 1 has no name', but(0)],
    ['1/1 has no name', but(1)],
    ['thread_name of 1/1 is said twice', but(1, {}, {})],
    ['overlap', but(3, { ts: 1.001, dur: 10 })],
    ['inner first', but(2, { dur: 3 }, { dur: 10 })],
    ['an E at 13 ends nothing', but(6)],
    ['a B has no E', but(7)],
    ['s is bound to no slice', but(4, { ts: 0.5 })],
    ['f is bound to no slice', but(5, { ts: 11.5 })],
    ['arrow flow/next/1 is f', but(4)],
    ['arrow flow/next/1 is s', but(5, { id: 2 })],
    ['arrow flow/next/1 is f s', but(4, { ts: 6 })],
  ])('say: %s', (words, text) => {
    expect(breaches(text).join('\n')).toContain(words);
  });
});
