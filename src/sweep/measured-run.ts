/**
 * The run of a world that is measured, whoever runs TCP/IP in it: it warms up, does so many operations, ends
 * its programs, and its books must balance.
 */
import { LatencyRecorder, type LatencySummary } from '../record/latency.ts';
import { type ClientProgram, isClient } from '../workloads/program.ts';
import type { Topology } from '../world/topology/checked.ts';
import { giveUpNs, losesFrames } from '../world/topology/settle.ts';
import type { WorldWatch } from '../world/virtual/watch.ts';
import { type Datagrams, datagramsOf, sentBy } from './datagrams.ts';
import {
  bytesOf,
  clientsOf,
  endPrograms,
  isWarm,
  Operations,
  type ProgramWorld,
  unsettledOf,
} from './run-programs.ts';

/** What clients that are told to end, and their sockets, may take, beside what lost frames cost them. */
const DRAIN_NS = 60e9;

/** A world in virtual time whose programs are measured. */
export interface MeasuredWorld extends ProgramWorld {
  readonly queue: { readonly nowNs: number };
  /** Runs until `done`, for at most `limitNs` more nanoseconds. @returns whether it was done. */
  run(done: () => boolean, limitNs: number): boolean;
}

/** How much is measured. */
export interface Extent {
  readonly operations: number;
  /** Operations before that. */
  readonly warmup: number;
  /** Virtual time for both together. */
  readonly limitNs: number;
}

/** What a client tells its latencies, in place of `latency`, which is to hear of them too. */
export type LatencyOf = (program: string, latency: LatencyRecorder) => LatencyRecorder;

/** What was done while operations counted. */
export interface Counted {
  readonly operations: number;
  readonly elapsedNs: number;
  /** When the last of them was done, in nanoseconds after the world began. */
  readonly untilNs: number;
  /** Payload that all programs were given. */
  readonly bytes: number;
  /** Null of a workload that knows no requests. */
  readonly latencyUs: LatencySummary | null;
  readonly meanLatencyNs: number;
  /** Absent where nothing travels in datagrams. */
  readonly datagrams?: Datagrams;
}

/**
 * @param begun called when operations begin to count; what it returns is called when no more do, and says
 * what it has seen meanwhile.
 * @throws Error of one line when the operations are not done in time, or the books do not balance.
 */
export function runMeasured<Seen>(
  world: MeasuredWorld,
  topology: Topology,
  { operations, warmup, limitNs }: Extent,
  begun: () => (counted: Counted) => Seen,
  latencyOf: LatencyOf = (_, latency) => latency,
): { readonly counted: Counted; readonly seen: Seen } {
  const clients = clientsOf(world);
  const latency = new LatencyRecorder();
  for (const { name, body } of world.programs) {
    if (!isClient(body)) continue;
    body.latency = latencyOf(name, latency);
    body.operationsMax = Number.POSITIVE_INFINITY;
  }
  const all = new Operations(world);
  const beganNs = world.queue.nowNs;
  if (!world.run(() => isWarm(clients, all.done, warmup, operations), limitNs)) {
    throw lateWarmup(clients, all.done, warmup, limitNs);
  }
  latency.reset();
  const before = {
    nowNs: world.queue.nowNs,
    operations: all.done,
    bytes: bytesOf(world),
    sent: sentBy(world),
  };
  const ended = begun();
  const until = before.operations + operations;
  if (!world.run(() => all.done >= until, limitNs - (before.nowNs - beganNs))) {
    throw late('the measurement', all.done - before.operations, operations, limitNs);
  }
  const untilNs = world.queue.nowNs;
  const counted: Counted = {
    operations: all.done - before.operations,
    elapsedNs: Math.max(1, Math.round(untilNs - before.nowNs)),
    untilNs,
    bytes: bytesOf(world) - before.bytes,
    latencyUs: latency.summary() ?? null,
    meanLatencyNs: latency.meanNs,
  };
  const seen = ended(counted);
  const sent = sentBy(world) - before.sent;
  endPrograms(world, DRAIN_NS + (losesFrames(topology) ? giveUpNs(topology) : 0));
  const datagrams = datagramsOf(world, (sent * 1e9) / counted.elapsedNs);
  return { counted: { ...counted, ...(datagrams && { datagrams }) }, seen };
}

/** Who looks on while a world is measured; the measurement is the same without him. */
export interface MeasureWatch extends WorldWatch {
  /** Operations count from now on, or no more. */
  measuring(on: boolean): void;
  /** @returns what a client tells its latencies in place of `latency`, which is to hear of them too. */
  latencyOf: LatencyOf;
}

/** As `runMeasured`. @param watch who looks on; undefined: nobody. */
export function runWatched<Seen>(
  world: MeasuredWorld,
  topology: Topology,
  extent: Extent,
  begun: () => (counted: Counted) => Seen,
  watch: MeasureWatch | undefined,
): { readonly counted: Counted; readonly seen: Seen } {
  if (watch === undefined) return runMeasured(world, topology, extent, begun);
  const begin = (): ((counted: Counted) => Seen) => {
    watch.measuring(true);
    const end = begun();
    return (counted) => {
      watch.measuring(false);
      return end(counted);
    };
  };
  const latencyOf: LatencyOf = (program, latency) => watch.latencyOf(program, latency);
  return runMeasured(world, topology, extent, begin, latencyOf);
}

function lateWarmup(clients: readonly ClientProgram[], done: number, warmup: number, limitNs: number): Error {
  if (done < warmup) return late('the warm-up', done, warmup, limitNs);
  const unsettled = unsettledOf(clients);
  return new Error(`${unsettled} connections have not begun in ${limitNs / 1e9} s of virtual time`);
}

function late(what: string, done: number, wanted: number, limitNs: number): Error {
  return new Error(`${what} came to ${done} of ${wanted} operations in ${limitNs / 1e9} s of virtual time`);
}
