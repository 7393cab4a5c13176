/** The file that a calibration writes is a profile like any other. */
import { describe, expect, it } from 'vitest';
import { type MachineCosts, priced, profileOf, profileText } from '../../src/calibrate/machine-profile.ts';
import { newsNs, restNs } from '../../src/calibrate/round-trip.ts';
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
      peekCopiesBytes: 0.07123,
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

describe('what is done beside the way of a round trip', () => {
  /** A machine of which more is known to be beside the way, and less to be on it: the sum is the same. */
  const worldOf = (ns: number): object => {
    const costs = {
      ...COSTS,
      newsNs: 0,
      host: { ...COSTS.host, hostRests: ns, messageReplies: Math.max(0, 800 - ns) },
      card: { ...COSTS.card, iopRests: ns, outboundPosted: Math.max(0, 700 - ns) },
    };
    const text = profileText(costs, { title: TITLE, method: METHOD, shape: 'thread' });
    return priced(looped(ROUND_TRIP, 'thread', LOOKING), profileOf(text));
  };
  const takes = (ns: number): number => {
    const { elapsedNs, operations } = virtualRound(worldOf(ns), 1000);
    return elapsedNs / operations;
  };

  it('makes the round trip shorter, and is found from what that takes', () => {
    expect(takes(400)).toBeLessThan(takes(0) - 1000);
    for (const ns of [150, 400]) {
      expect(Math.abs(takes(restNs(takes(ns), worldOf)) / takes(ns) - 1)).toBeLessThan(0.03);
    }
  });

  it('is nothing where the work fits in', () => {
    expect(restNs(takes(0) * 1.2, worldOf)).toBe(0);
  });

  it('is as much as brings it nearest where nothing is enough', () => {
    expect(restNs(takes(0) / 3, worldOf)).toBeGreaterThan(200);
  });
});
