/** What became of a run's datagrams: how many came, and by what name the others were lost. */
import { spreadOf } from '../record/statistics.ts';
import { isClient } from '../workloads/program.ts';
import { named } from './counts.ts';
import type { ProgramWorld } from './run-programs.ts';

export interface Datagrams {
  /** Sent a second while operations counted; requests that were sent again too. */
  readonly sentPerS: number;
  /** Of the whole run, its warm-up and its end included: so none is under way. */
  readonly sent: number;
  /** Of those, what did not come; of requests, what had no answer in time. */
  readonly lost: number;
  /** Where frames and datagrams were lost meanwhile, by name, zeros left out. */
  readonly lostAt: Readonly<Record<string, number>>;
}

/** By the name of a loss: the counters that have it, of hosts and cards, and of links. */
const LOSSES: Readonly<Record<string, readonly string[]>> = {
  'lost on a link': ['wireDropped'],
  "a link's queue full": ['wireOverflow'],
  'no packet slot': ['deviceRxNoBuffer'],
  "the reader's socket full": ['udpRcvbufErrors'],
  'no socket': ['udpNoPorts'],
  'a fragment missing': ['ipReasmFails'],
  'never sent': ['datagramsUnsent'],
  'never read': ['datagramsDropped'],
};

/** Datagrams that clients have sent so far. */
export function sentBy({ programs }: ProgramWorld): number {
  return programs.reduce((sum, { body }) => sum + (isClient(body) ? (body.sent ?? 0) : 0), 0);
}

/** @returns what a run at its end has lost; undefined where nothing travels in datagrams. */
export function datagramsOf(world: ProgramWorld, sentPerS: number): Datagrams | undefined {
  if (!world.programs.some(({ body }) => isClient(body) && body.sent !== undefined)) return undefined;
  const sent = sentBy(world);
  const arrived = world.programs.reduce((sum, { body }) => sum + (body.arrived ?? 0), 0);
  const counts = [...world.snapshot(), world.wireCounters()];
  const sum = (counters: readonly string[]): number =>
    counts.reduce((total, one) => total + named(one, counters), 0);
  const losses = Object.entries(LOSSES).map(([name, counters]) => [name, sum(counters)] as const);
  // What the stack took and never sent: it waited for a neighbour's hardware address, beyond what may wait.
  const unresolved = sum(['datagramsSent']) - sum(['datagramsUnsent']) - sum(['udpOutDatagrams']);
  // The first of these counts those that found their socket full too.
  const damaged = sum(['udpInErrors', 'ipInHdrErrors']) - sum(['udpRcvbufErrors']);
  return {
    sentPerS: Math.round(sentPerS * 1000) / 1000,
    sent,
    // A link that doubles frames brings more than were sent.
    lost: Math.max(0, sent - arrived),
    lostAt: Object.fromEntries(
      [...losses, ['damaged', damaged] as const, ['no hardware address in time', unresolved] as const].filter(
        ([, count]) => count > 0,
      ),
    ),
  };
}

/** The medians of several seeds' datagrams, losses by name too; nothing where there are none. */
export function middleDatagrams(all: readonly Datagrams[]): { readonly datagrams?: Datagrams } {
  if (all.length === 0) return {};
  const median = (of: (one: Datagrams) => number): number => spreadOf(all.map(of)).median;
  const names = [...new Set(all.flatMap(({ lostAt }) => Object.keys(lostAt)))];
  return {
    datagrams: {
      sentPerS: median(({ sentPerS }) => sentPerS),
      sent: median(({ sent }) => sent),
      lost: median(({ lost }) => lost),
      lostAt: Object.fromEntries(names.map((name) => [name, median(({ lostAt }) => lostAt[name] ?? 0)])),
    },
  };
}

/** The share of those sent that was lost, in percent. */
export function lostPercent({ sent, lost }: Datagrams): number {
  return sent === 0 ? 0 : (100 * lost) / sent;
}
