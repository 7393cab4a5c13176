/** Live worlds in rounds: what they tell of themselves adds up. */
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Round } from '../../src/calibrate/live-protocol.ts';
import { LiveRun } from '../../src/calibrate/live-run.ts';
import { loopTrips } from '../../src/calibrate/loop-wakes.ts';
import { joined, LOOKING, looped, ROUND_TRIP } from '../../src/calibrate/runs.ts';

const STRETCH_NS = 20e6;

async function roundsOf(plan: Parameters<typeof LiveRun.open>[0]): Promise<Round[]> {
  const run = await LiveRun.open(plan);
  try {
    return run.run(3, STRETCH_NS);
  } finally {
    await run.close();
  }
}

describe.skipIf(availableParallelism() < 2)('bytes to a program of the event loop', () => {
  it('come while it rests, and while it looks', async () => {
    const { resting, looking } = await loopTrips(3);
    expect(resting).toHaveLength(3);
    expect(looking).toHaveLength(3);
    for (const ns of [...resting, ...looking]) expect(ns).toBeGreaterThan(0);
  });
});

describe('a live run', () => {
  it('tells inline how its time went to host and card, and what they counted', async () => {
    const description = looped(ROUND_TRIP, 'inline', LOOKING);
    const rounds = await roundsOf({ shape: 'inline', description, timed: true });
    expect(rounds).toHaveLength(3);
    const operations = rounds.reduce((sum, round) => sum + round.operations, 0);
    expect(operations).toBeGreaterThan(0);
    for (const { agents, elapsedNs } of rounds) {
      expect(agents.map(({ side }) => side)).toEqual(['host', 'card']);
      const spentNs = agents.reduce((sum, agent) => sum + (agent.spentNs ?? 0), 0);
      // What is missing is what the readings of the clock took.
      expect(spentNs).toBeLessThanOrEqual(elapsedNs * 1.02);
      expect(spentNs).toBeGreaterThan(elapsedNs / 4);
    }
    const sent = rounds.reduce((sum, { agents }) => sum + (agents[0].counts['bytesSent'] ?? 0), 0);
    // The first and the last may be counted by half.
    expect(sent).toBeGreaterThanOrEqual(2 * ROUND_TRIP.size * (operations - 1));
    expect(sent).toBeLessThanOrEqual(2 * ROUND_TRIP.size * (operations + 1));
  });

  it('tells two hosts and two cards apart', async () => {
    const rounds = await roundsOf({ shape: 'inline', description: joined(ROUND_TRIP), timed: true });
    expect(rounds[0].agents.map(({ name }) => name)).toEqual(['left', 'right', 'a', 'b']);
  });

  it.skipIf(availableParallelism() < 2)('tells of a card in a thread of its own, and wakes it', async () => {
    const description = looped(ROUND_TRIP, 'thread', { iopSpinNs: 0 });
    const run = await LiveRun.open({ shape: 'thread', description, timed: false });
    const rounds = run.run(3, STRETCH_NS);
    expect(
      rounds.reduce((sum, { agents }) => sum + (agents[1].counts['inboundReleased'] ?? 0), 0),
    ).toBeGreaterThan(0);
    const ringNs = await run.ring(3);
    await run.close();
    expect(ringNs).toHaveLength(3);
    for (const ns of ringNs) expect(ns).toBeGreaterThan(0);
  });
});
