/** What is said of how far virtual time is from live runs. */
import { describe, expect, it } from 'vitest';
import { compare, together } from '../../src/calibrate/agreement.ts';
import type { Calibration } from '../../src/calibrate/calibrate.ts';
import type { Counts, Round } from '../../src/calibrate/live-protocol.ts';
import { JUDGED } from '../../src/calibrate/runs.ts';
import { machineFacts } from '../../src/record/manifest.ts';
import { calibrationText } from '../../src/report/agreement-table.ts';

const [RR] = JUDGED;
const STREAM = JUDGED[3];

function round(perSecond: number, p50Us: number | null, counts: Counts = {}): Round {
  const agent = { name: 'host', side: 'host' as const, spentNs: 1e9, ran: 1, counts };
  return { operations: perSecond, bytes: perSecond * 10, elapsedNs: 1e9, p50Us, agents: [agent] };
}

describe('agreement', () => {
  it('is a quarter of the live median, either way', () => {
    const live = [round(90, 10), round(100, 10), round(110, 10)];
    const agrees = (virtual: number): boolean => compare(RR, 'thread', live, round(virtual, 10)).rate.agrees;
    expect([74, 76, 124, 126].map(agrees)).toEqual([false, true, true, false]);
  });

  it('is also where live runs have been themselves', () => {
    const live = [round(40, 10), round(100, 10), round(400, 10)];
    expect(compare(RR, 'thread', live, round(399, 10)).rate.agrees).toBe(true);
    expect(compare(RR, 'thread', live, round(401, 10)).rate.agrees).toBe(false);
  });

  it('compares bytes of a stream, which has no latency, and counts by operation', () => {
    const row = compare(
      STREAM,
      'inline',
      [round(100, null, { inboundPosted: 200 })],
      round(100, null, { inboundPosted: 210 }),
    );
    expect(row.rate.live.median).toBe(1000);
    expect(row.p50Us).toBeNull();
    expect(row.counts[0]).toEqual({ name: 'requests', live: 2, virtual: 2.1 });
  });
});

describe('a live run of slices', () => {
  const slice = (operations: number, ran: number): Round => {
    const made = round(operations, operations / 10, { inboundPosted: operations });
    return { ...made, agents: made.agents.map((agent) => ({ ...agent, ran })) };
  };

  it('is those in which nobody was put aside', () => {
    const slices = [slice(1, 0.2), ...[100, 110, 120, 130, 140].map((n) => slice(n, 1)), slice(7, 0.9)];
    const run = together(slices);
    expect(run.operations).toBe(600);
    expect(run.elapsedNs).toBe(5e9);
    expect(run.p50Us).toBe(12);
    expect(run.agents[0].counts).toEqual({ inboundPosted: 600 });
  });

  it('is all of them where hardly one was undisturbed', () => {
    expect(together([slice(100, 1), slice(50, 0.5)]).operations).toBe(150);
  });
});

describe('the text of a calibration', () => {
  const facts = machineFacts(['inic', 'calibrate']);
  const costs = { host: { userCalls: 9.87 }, card: { tcpInSegs: 1234 }, newsNs: 81, wakes: undefined };
  const shape = {
    costs,
    errors: [{ label: 'a run', error: -0.04, leftOut: false }],
    undisturbed: 0.9,
    text: '',
  };
  const text = (loadAverageAtStart: number, undisturbed = 0.9): string => {
    const calibration: Calibration = {
      facts: { ...facts, machine: { ...facts.machine, cores: 2, loadAverageAtStart } },
      began: '2026-01-01T00:00:00.000Z',
      shapes: { thread: { ...shape, undisturbed }, inline: shape },
      agreement: [
        compare(RR, 'thread', [round(100, 10)], round(110, 9)),
        compare(STREAM, 'inline', [round(100, null)], round(300, null)),
      ],
    };
    return calibrationText(calibration);
  };

  it('says for each workload what was live, what was virtual, and whether they agree', () => {
    const lines = text(0.2).split('\n');
    const row = (start: RegExp): string => lines.find((line) => start.test(line)) ?? '';
    expect(row(/^TCP_RR x1 +threads +100/)).toMatch(/110\/s +1\.10 +10\.0 µs +9\.00 µs +0\.90 +yes$/);
    expect(row(/^TCP_STREAM.*inline +1\.00 kB\/s/)).toMatch(/3\.00 kB\/s +3\.00 +- +- +- +no$/);
    expect(lines).toContain('2 of 3 figures agree.');
    expect(row(/^userCalls/)).toMatch(/9\.870 +9\.870$/);
    expect(row(/^tcpInSegs/)).toMatch(/1234 +1234$/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(150);
  });

  it('says that a machine was busy', () => {
    expect(text(0.2)).not.toContain('This machine was busy');
    expect(text(3.5)).toContain('This machine was busy: load average 3.50 on 2 cores.');
  });

  it('says that costs are not to be used where hardly anything ran undisturbed', () => {
    expect(text(0.2)).not.toContain('do not use these costs');
    const disturbed = text(0.2, 0.1);
    expect(disturbed).toContain('Of threads hardly anything ran undisturbed: do not use these costs');
    expect(disturbed).not.toContain('Of inline hardly');
  });
});
