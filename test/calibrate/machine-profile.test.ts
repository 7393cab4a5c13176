/** The file that a calibration writes is a profile like any other. */
import { describe, expect, it } from 'vitest';
import { type MachineCosts, priced, profileOf, profileText } from '../../src/calibrate/machine-profile.ts';
import { newsNs } from '../../src/calibrate/news.ts';
import { LOOKING, looped, ROUND_TRIP } from '../../src/calibrate/runs.ts';
import { virtualRound } from '../../src/calibrate/virtual-run.ts';
import { readTopology } from '../../src/world/topology.ts';

const COSTS: MachineCosts = {
  host: { hostPolls: 41.256, userCalls: 0, receiveCopies: 50, receiveCopiesBytes: 0.071234 },
  card: { iopPolls: 30, tcpInSegs: 1234.56, transmitFetchesBytes: 0.08 },
  newsNs: 81,
  wakes: { doorbellNs: 20_123.4, interruptNs: 25_000, ringNs: 3000, loopNs: 60_000 },
};
const TITLE = 'A "machine": 2 cores';
const METHOD = 'measured: in some way';

function world(runs: 'thread' | 'inline', costs: MachineCosts = COSTS) {
  const text = profileText(costs, { title: TITLE, method: METHOD, shape: runs });
  return readTopology(priced(looped(ROUND_TRIP, runs, LOOKING), profileOf(text)));
}

describe('a measured profile', () => {
  it('prices a world with what was measured', () => {
    const { hosts, cards } = world('thread');
    expect(hosts[0].processor.lookNs).toBe(41.26);
    expect(hosts[0].processor.costs).toMatchObject({
      hostPolls: 41.26,
      userCalls: 0,
      receiveCopiesBytes: 0.07123,
      receiveStoreCopiesBytes: 0.07123,
      doorbells: 3000,
    });
    expect(cards[0].processor.lookNs).toBe(30);
    expect(cards[0].processor.costs).toMatchObject({ tcpInSegs: 1235, retransmitFetchesBytes: 0.08 });
    expect(cards[0].bus).toEqual({ latencyNs: 81, nsPerByte: 0, requestNs: 0 });
    expect(cards[0].doorbellNs).toBe(20_120);
    expect(cards[0].interruptNs).toBe(25_000);
  });

  it('says of each number where it comes from', () => {
    const text = profileText(COSTS, { title: TITLE, method: METHOD, shape: 'thread' });
    const values = text.split('\n').filter((line) => line.includes('value:'));
    expect(values.length).toBeGreaterThan(10);
    for (const line of values) expect(line).toMatch(/source: "(measured|assumed): \S/);
    expect(profileOf(text).title).toBe(TITLE);
  });

  it('has no looks and no wake-ups where one processor does all', () => {
    const { hosts, cards } = world('inline', { ...COSTS, wakes: undefined });
    expect(hosts[0].processor.lookNs).toBe(0);
    expect(cards[0].doorbellNs).toBe(0);
    expect(cards[0].bus.latencyNs).toBe(0);
  });
});

describe('the time of news', () => {
  const worldOf = (ns: number): object => {
    const text = profileText({ ...COSTS, newsNs: ns }, { title: TITLE, method: METHOD, shape: 'thread' });
    return priced(looped(ROUND_TRIP, 'thread', LOOKING), profileOf(text));
  };

  it('is found from what a round trip takes', () => {
    const { elapsedNs, operations } = virtualRound(worldOf(350), 1000);
    expect(newsNs(elapsedNs / operations, worldOf)).toBeCloseTo(350, -2);
  });

  it('is nothing where the work alone takes longer', () => {
    expect(newsNs(10, worldOf)).toBe(0);
  });
});
