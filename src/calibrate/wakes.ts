/** How long threads that sleep take to be woken, on this machine. */
import { spreadOf } from '../record/statistics.ts';
import { LiveClient } from './live-client.ts';
import type { Round } from './live-protocol.ts';
import type { WakeCosts } from './machine-profile.ts';
import { LOOKING, looped, ROUND_TRIP, SLEEPING_HOST } from './runs.ts';

/** A card that sleeps as soon as it has nothing to do. */
const SLEEPING_CARD = { ...LOOKING, iopSpinNs: 0 };

/**
 * Round trips of one request at a time, with both sides looking and with either asleep: what a side takes to
 * wake is what a round trip takes longer, by wake-up. @param stretches of a twentieth of a second.
 */
export async function measureWakes(
  stretches: number,
  warm: (client: LiveClient) => Promise<void>,
): Promise<WakeCosts> {
  const clients: LiveClient[] = [];
  try {
    for (const settings of [LOOKING, SLEEPING_CARD, SLEEPING_HOST]) {
      const description = looped(ROUND_TRIP, 'thread', settings);
      const client = await LiveClient.open({ shape: 'thread', description, timed: false });
      clients.push(client);
      await warm(client);
    }
    const [looking, card, host] = await inTurns(clients, stretches);
    clients.push(new LiveClient());
    const ringNs = spreadOf(await clients[1].ring(RINGS)).median;
    return {
      doorbellNs: longerBy(card, looking, 'doorbells'),
      interruptNs: longerBy(host, looking, 'interrupts'),
      ringNs,
      loopNs: await clients[3].loop(LOOP_TRIPS),
    };
  } finally {
    for (const client of clients) client.kill();
  }
}

const RINGS = 100;
const LOOP_TRIPS = 200;
const STRETCH_NS = 50e6;

async function inTurns(clients: readonly LiveClient[], stretches: number): Promise<Round[][]> {
  const rounds = clients.map((): Round[] => []);
  for (let i = 0; i < stretches; i++) {
    for (const [index, client] of clients.entries()) rounds[index].push(...(await client.run(1, STRETCH_NS)));
  }
  return rounds;
}

/** By how much a round trip of some is longer than of others, for each count of a counter in it. */
function longerBy(rounds: readonly Round[], base: readonly Round[], counter: string): number {
  const each = (round: Round): number => round.elapsedNs / Math.max(1, round.operations);
  const counts = rounds.map(
    ({ agents, operations }) =>
      agents.reduce((sum, agent) => sum + (agent.counts[counter] ?? 0), 0) / Math.max(1, operations),
  );
  const more = spreadOf(rounds.map(each)).median - spreadOf(base.map(each)).median;
  return Math.max(0, more / Math.max(1, spreadOf(counts).median));
}
