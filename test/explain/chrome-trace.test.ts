/** The trace's shape, by what the Trace Event Format asks of each kind of event. */
import { describe, expect, it } from 'vitest';
import { chromeTrace, type TraceEvent } from '../../src/explain/chrome-trace.ts';
import { explainPoint, SLOWEST } from '../../src/explain/explain.ts';
import { pairPlan } from './worlds.ts';

const explanation = explainPoint(pairPlan({ connections: 4, vary: 'pools.transmitBuffers=4' }), 0, SLOWEST);
const trace = chromeTrace(explanation);
const events = trace.traceEvents;
const of = (...kinds: string[]): TraceEvent[] => events.filter(({ ph }) => kinds.includes(ph));
const keyOf = ({ pid, tid }: TraceEvent): string => `${pid}/${tid}`;

describe('a trace', () => {
  it('is JSON that comes back as it was', () => {
    expect(JSON.parse(JSON.stringify(trace))).toEqual(trace);
    expect(trace.displayTimeUnit).toBe('ns');
  });

  it('has of each kind what that kind must have, and nothing before time 0', () => {
    for (const { ph, name, pid, tid, ts, dur, id, args } of events) {
      expect(name).not.toBe('');
      expect([pid, tid].every(Number.isInteger)).toBe(true);
      expect(ts).toBeGreaterThanOrEqual(0);
      if (ph === 'X') expect(dur).toBeGreaterThan(0);
      if (ph === 's' || ph === 'f') expect(id).toBeGreaterThan(0);
      if (ph === 'C') expect(Object.values(args ?? {}).every(Number.isFinite)).toBe(true);
    }
  });

  it('names every process and track on which something is drawn', () => {
    const named = (what: string): TraceEvent[] => of('M').filter(({ name }) => name === what);
    const processes = new Set(named('process_name').map(({ pid }) => pid));
    const tracks = new Set(named('thread_name').map(keyOf));
    for (const event of of('X', 's', 'f')) {
      expect(processes).toContain(event.pid);
      expect(tracks).toContain(keyOf(event));
    }
    const names = named('process_name').map(({ args }) => args?.['name']);
    expect(names).toEqual(['host left', 'host right', 'card left', 'card right', 'link wire']);
  });

  it('draws slices of one track beside or within each other', () => {
    for (const key of new Set(of('X').map(keyOf))) {
      const slices = of('X').filter((slice) => keyOf(slice) === key);
      const open: number[] = [];
      const inOrder = [...slices].sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
      for (const { ts, dur = 0 } of inOrder) {
        while (open.length > 0 && open[open.length - 1] <= ts + 1e-6) open.pop();
        if (open.length > 0) expect(ts + dur).toBeLessThanOrEqual(open[open.length - 1] + 1e-6);
        open.push(ts + dur);
      }
    }
  });

  it('leads an arrow from each span to the next one on another track, within both', () => {
    const starts = of('s');
    const ends = of('f');
    expect(starts.length).toBeGreaterThan(8);
    expect(ends.map(({ id }) => id)).toEqual(starts.map(({ id }) => id));
    const own = of('X').filter(({ cat }) => cat === 'work' || cat === 'wait');
    expect(own).toHaveLength(explanation.journey.spans.length);
    for (const arrow of [...starts, ...ends]) {
      const within = own.filter(
        (slice) =>
          keyOf(slice) === keyOf(arrow) &&
          slice.ts <= arrow.ts + 1e-6 &&
          arrow.ts < slice.ts + (slice.dur ?? 0) + 1e-6,
      );
      expect(within.length).toBeGreaterThan(0);
    }
  });

  it('counts the pools in use', () => {
    const names = new Set(of('C').map(({ name }) => name));
    expect(names).toContain('transmit in use');
    expect(names).toContain('receive in use');
  });
});
