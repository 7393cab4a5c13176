/** Costs found from counts: worlds whose true costs are known are told as a live machine's would be. */
import { describe, expect, it } from 'vitest';
import { awake, CARD_COUNTS, fitCosts, HOST_COUNTS, type Stretch, steady } from '../../src/calibrate/fit.ts';
import type { AgentRound, Counts, Round } from '../../src/calibrate/live-protocol.ts';
import { type MachineCosts, priced, profileOf, profileText } from '../../src/calibrate/machine-profile.ts';
import { FITTED, JUDGED, LOOKING, looped } from '../../src/calibrate/runs.ts';
import { virtualRound } from '../../src/calibrate/virtual-run.ts';

const TRUE: MachineCosts = {
  host: {
    hostPolls: 40,
    userCalls: 9,
    messageRequests: 70,
    messageReplies: 55,
    immediateCopies: 20,
    immediateCopiesBytes: 0.3,
    sendCopies: 60,
    sendCopiesBytes: 0.06,
    receiveCopies: 50,
    receiveCopiesBytes: 0.07,
  },
  card: {
    iopPolls: 30,
    inboundReleased: 60,
    outboundPosted: 70,
    tcpInSegs: 150,
    ipOutRequests: 120,
    deviceTxPackets: 90,
    transmitFetches: 30,
    transmitFetchesBytes: 0.08,
    receivePlacements: 40,
    receivePlacementsBytes: 0.05,
    cardImmediateCopies: 20,
    cardImmediateCopiesBytes: 0.2,
    checksums: 12,
    checksumsBytes: 0.4,
    tcpActiveOpens: 900,
    tcpPassiveOpens: 1100,
  },
  newsNs: 80,
  wakes: { doorbellNs: 20_000, interruptNs: 25_000, ringNs: 3000, loopNs: 60_000 },
};
const ORIGIN = { title: 'a machine', method: 'measured: so', shape: 'thread' } as const;
const OPERATIONS = { TCP_RR: 1000, TCP_CRR: 200, TCP_STREAM: 100 } as const;

describe('a fit', () => {
  it('finds costs with which other workloads run as with the true ones', () => {
    const profile = profileOf(profileText(TRUE, ORIGIN));
    const rounds = FITTED.map((load) =>
      virtualRound(priced(looped(load, 'thread', LOOKING), profile), OPERATIONS[load.workload]),
    );
    const host = fitCosts(
      rounds.map((round) => told(round, 0, TRUE.host)),
      HOST_COUNTS,
      {},
    );
    const card = fitCosts(
      rounds.map((round) => told(round, 1, TRUE.card)),
      CARD_COUNTS,
      {},
    );
    for (const { error } of [...host.errors, ...card.errors]) expect(Math.abs(error)).toBeLessThan(0.03);
    const found = profileOf(
      profileText({ ...TRUE, host: awake(host.costs), card: awake(card.costs) }, ORIGIN),
    );
    for (const load of JUDGED) {
      const world = looped(load, 'thread', LOOKING);
      const wanted = virtualRound(priced(world, profile), OPERATIONS[load.workload]);
      const got = virtualRound(priced(world, found), OPERATIONS[load.workload]);
      const ratio = got.elapsedNs / got.operations / (wanted.elapsedNs / wanted.operations);
      expect(ratio, `${load.workload} x${load.connections}`).toBeGreaterThan(0.9);
      expect(ratio, `${load.workload} x${load.connections}`).toBeLessThan(1.1);
    }
  });

  it('finds what the stack sums itself apart from what a device sums as it moves', () => {
    const profile = profileOf(profileText(TRUE, ORIGIN));
    const rounds = FITTED.map((load) =>
      virtualRound(priced(looped(load, 'thread', LOOKING), profile), OPERATIONS[load.workload]),
    );
    const { costs } = fitCosts(
      rounds.map((round) => told(round, 1, TRUE.card)),
      CARD_COUNTS,
      {},
    );
    expect(costs['checksumsBytes']).toBeGreaterThan(0.3);
    expect(costs['checksumsBytes']).toBeLessThan(0.5);
    expect(rounds[0].agents[1].counts['checksums'] ?? 0).toBe(0);
  });

  it('takes off first what is known by other means, and names it among the costs', () => {
    const stretches = [1, 2, 3].map((n) => ({
      label: `${n}`,
      spentNs: n * 1500,
      counts: { userCalls: n * 100, hostRests: n },
    }));
    const { costs, errors } = fitCosts(stretches, ['userCalls'], {}, { hostRests: 500 });
    expect(costs['hostRests']).toBe(500);
    expect(costs['userCalls']).toBeCloseTo(10, 1);
    for (const { error } of errors) expect(error).toBeCloseTo(0, 2);
  });

  it('leaves out a stretch that the others contradict, and says so', () => {
    const calls = (spentNs: number, userCalls: number): Stretch => ({
      label: `${userCalls} calls`,
      spentNs,
      counts: { userCalls },
    });
    const stretches = [1, 2, 3, 4, 5].map((n) => calls(n * 1000, n * 100));
    const { costs, errors } = fitCosts([...stretches, calls(60_000, 600)], ['userCalls'], {});
    expect(costs['userCalls']).toBeCloseTo(10, 0);
    expect(errors.filter(({ leftOut }) => leftOut).map(({ label }) => label)).toEqual(['600 calls']);
  });

  it('leaves to the priors what the stretches do not tell apart', () => {
    const stretches = [
      { label: 'a', spentNs: 300, counts: { userCalls: 10, messageRequests: 10 } },
      { label: 'b', spentNs: 600, counts: { userCalls: 20, messageRequests: 20 } },
    ];
    const names = ['userCalls', 'messageRequests'];
    const even = fitCosts(stretches, names, {}).costs;
    expect(even['userCalls']).toBeCloseTo(15, 1);
    expect(even['messageRequests']).toBeCloseTo(15, 1);
    const known = fitCosts(stretches, names, { userCalls: 5, messageRequests: 25 }).costs;
    expect(known['userCalls']).toBeCloseTo(5, 1);
    expect(known['messageRequests']).toBeCloseTo(25, 1);
  });
});

/** A round's stretch of one agent, its time made of true costs. */
function told({ agents }: Round, agent: number, costs: Counts): Stretch {
  const { counts } = agents[agent];
  const spentNs = Object.entries(costs).reduce((sum, [name, ns]) => sum + ns * (counts[name] ?? 0), 0);
  return { label: String(agent), spentNs, counts };
}

describe('the steady part of a run', () => {
  const slice = (spentNs: number, ran = 1, counts: Counts = { userCalls: 10 }): Round => ({
    operations: 1,
    bytes: 100,
    elapsedNs: spentNs,
    p50Us: null,
    agents: [{ name: 'host', side: 'host', spentNs, ran, counts } satisfies AgentRound],
  });

  it('leaves out slices in which the thread was put aside, or something else took time', () => {
    const slices = [slice(1000), slice(1010), slice(90_000), slice(500, 0.4), slice(1020), slice(5000)];
    const found = steady('run', slices, 0);
    expect(found?.spentNs).toBe(2010);
    expect(found?.counts).toEqual({ userCalls: 20 });
  });

  it('takes what there is where all were disturbed', () => {
    expect(steady('run', [slice(1000, 0.5)], 0)?.spentNs).toBe(1000);
  });

  it('is none of an agent that did nothing', () => {
    const idle = { ...slice(1000, 1, {}), bytes: 0 };
    expect(steady('run', [idle], 0)).toBeUndefined();
  });
});
