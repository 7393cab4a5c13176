/**
 * How well virtual time agrees with this machine: workloads that the profile was not fitted to, live and in
 * virtual time. Live runs take turns, so that what disturbs one shape disturbs the other too; where a thread
 * was put aside, that part of a run is left out. Each live run has a process of its own: where its memory
 * lies and which core its threads got makes one process nearly twice as fast as the next, all its life.
 */

import type { CostProfile } from '../plans/profiles.ts';
import { type Spread, spreadOf } from '../record/statistics.ts';
import { isUndisturbed } from './fit.ts';
import { LiveClient } from './live-client.ts';
import { type Round, type Shape, total } from './live-protocol.ts';
import { priced } from './machine-profile.ts';
import { JUDGED, LOOKING, type Load, looped } from './runs.ts';
import { virtualRound } from './virtual-run.ts';
import { warmUp } from './warm-up.ts';

/** How far apart two figures may be and still agree, as a share of the live one. */
export const TOLERANCE = 0.25;

export interface Compared {
  readonly live: Spread;
  readonly virtual: number;
  readonly agrees: boolean;
}

/** What a transaction was counted to take, in the middle one of the live runs and in virtual time. */
export interface ComparedCount {
  readonly name: string;
  readonly live: number;
  readonly virtual: number;
}

export interface AgreementRow {
  readonly load: Load;
  readonly shape: Shape;
  /** Operations a second; of a stream, bytes. */
  readonly rate: Compared;
  /** Microseconds; null of a stream. */
  readonly p50Us: Compared | null;
  readonly counts: readonly ComparedCount[];
}

/** What is compared of the ledgers, and the counters whose sum it is. */
const COUNTED: Readonly<Record<string, readonly string[]>> = {
  requests: ['inboundPosted'],
  replies: ['outboundPosted'],
  copies: ['sendCopies', 'immediateCopies', 'receiveCopies', 'cardImmediateCopies'],
  transfers: ['transmitFetches', 'receivePlacements'],
  segments: ['tcpOutSegs'],
};

/** Operations of a virtual round: enough for rates and medians that stand still. */
const VIRTUAL_OPERATIONS = { TCP_RR: 10_000, TCP_CRR: 2000, TCP_STREAM: 1000 } as const;

export interface AgreementOptions {
  /** Live runs of each, in a process each. */
  readonly repeats: number;
  readonly repeatNs: number;
  readonly warmUpSeconds: number;
}

/**
 * @param profiles of the machine, by shape. @param step is told before each run what runs.
 * @throws Error when a live world does not come up or nothing moves in it.
 */
export async function measureAgreement(
  profiles: Readonly<Record<Shape, CostProfile>>,
  { repeats, repeatNs, warmUpSeconds }: AgreementOptions,
  step: (label: string) => void,
): Promise<AgreementRow[]> {
  const rows: AgreementRow[] = [];
  const shapes = Object.keys(profiles) as Shape[];
  for (const load of JUDGED) {
    const rounds: Record<Shape, Round[]> = { thread: [], inline: [] };
    for (let i = 0; i < repeats; i++) {
      for (const shape of shapes) {
        step(`${loadName(load)}, ${SHAPE_NAMES[shape]}`);
        const description = looped(load, shape, LOOKING);
        const client = await LiveClient.open({ shape, description, timed: false });
        try {
          await warmUp(client, warmUpSeconds);
          rounds[shape].push(together(await client.run(Math.ceil(repeatNs / SLICE_NS), SLICE_NS)));
        } finally {
          client.kill();
        }
      }
    }
    for (const shape of shapes) {
      step(`${loadName(load)}, ${SHAPE_NAMES[shape]}, virtual`);
      const description = priced(looped(load, shape, LOOKING), profiles[shape]);
      const virtual = virtualRound(description, VIRTUAL_OPERATIONS[load.workload]);
      rows.push(compare(load, shape, rounds[shape], virtual));
    }
  }
  return rows;
}

const SLICE_NS = 5e6;
/** Fewer slices than this say too little of a run. */
const SLICES_MIN = 5;

/** A run of its slices in which nobody was put aside, as far as there are such. */
export function together(slices: readonly Round[]): Round {
  const good = slices.filter(({ agents }) => agents.every(isUndisturbed));
  const taken = good.length >= SLICES_MIN ? good : slices;
  const known = taken.flatMap(({ p50Us }) => (p50Us === null ? [] : [p50Us]));
  const sum = (pick: (round: Round) => number): number =>
    taken.reduce((total, round) => total + pick(round), 0);
  return {
    operations: sum(({ operations }) => operations),
    bytes: sum(({ bytes }) => bytes),
    elapsedNs: sum(({ elapsedNs }) => elapsedNs),
    p50Us: known.length === 0 ? null : spreadOf(known).median,
    agents: taken[0].agents.map((agent, i) => ({
      ...agent,
      counts: total(taken.map(({ agents }) => agents[i].counts)),
    })),
  };
}

export const SHAPE_NAMES: Readonly<Record<Shape, string>> = { thread: 'threads', inline: 'inline' };

export function loadName({ workload, connections, size }: Load): string {
  return workload === 'TCP_STREAM' ? `${workload} ${size} B` : `${workload} x${connections}`;
}

/** @param rounds of the live world, one or more. */
export function compare(load: Load, shape: Shape, rounds: readonly Round[], virtual: Round): AgreementRow {
  const rateOf = ({ operations, bytes, elapsedNs }: Round): number =>
    ((load.workload === 'TCP_STREAM' ? bytes : operations) * 1e9) / elapsedNs;
  const known = rounds.flatMap(({ p50Us }) => (p50Us === null ? [] : [p50Us]));
  return {
    load,
    shape,
    rate: compared(rounds.map(rateOf), rateOf(virtual)),
    p50Us: known.length === 0 || virtual.p50Us === null ? null : compared(known, virtual.p50Us),
    counts: Object.entries(COUNTED).map(([name, counters]) => ({
      name,
      live: spreadOf(rounds.map((round) => each(round, counters))).median,
      virtual: each(virtual, counters),
    })),
  };
}

/** Within a quarter of the live median, or where the live runs themselves have been. */
function compared(values: readonly number[], virtual: number): Compared {
  const live = spreadOf(values);
  const near = Math.abs(virtual / live.median - 1) <= TOLERANCE;
  return { live, virtual, agrees: near || (virtual >= live.min && virtual <= live.max) };
}

function each({ agents, operations }: Round, counters: readonly string[]): number {
  const sum = agents.reduce(
    (all, { counts }) => counters.reduce((more, name) => more + (counts[name] ?? 0), all),
    0,
  );
  return sum / Math.max(1, operations);
}
