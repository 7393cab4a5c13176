/** What very many connections cost a stack: bytes each, rates beside each other, and counts. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ratioOf, spreadOf } from '../../src/record/statistics.ts';
import type { Stack } from '../../src/tcpip/stack/stack.ts';
import { type ScaleBed, tablesOf } from './bed.ts';

/** Round trips of a batch. */
const BATCH = 10_000;

export interface ScaleMemory {
  /** Bytes of the heap, of arrays and of the process that all connections of both stacks have taken. */
  readonly heapBytes: number;
  readonly arrayBytes: number;
  readonly residentBytes: number;
}

export interface ScaleRatios {
  /** Round trips a second of the few alone, and of the same number among all, and of all in turn. */
  readonly alone: number;
  readonly among: number;
  readonly spread: number;
  /** Medians of the ratios of neighbouring batches. */
  readonly amongRatio: number;
  readonly spreadRatio: number;
}

export interface ScaleCounts {
  /** Tcbs of both stacks, and connections that sleep. */
  readonly tcbs: number;
  readonly sleeping: number;
  /** Places looked at by a lookup of the demultiplexer, on the average and at most. */
  readonly probes: number;
  readonly probesMax: number;
}

/** Memory in use, with nothing left that could be given back. */
export function memoryNow(): ScaleMemory {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, arrayBytes: arrayBuffers, residentBytes: rss };
}

export function countsOf(bed: ScaleBed): ScaleCounts {
  const tables = [bed.client, bed.server].map(tablesOf);
  const looks = [bed.client, bed.server].flatMap((stack) => probesOf(bed, stack));
  return {
    tcbs: tables.reduce((sum, { made }) => sum + made.length, 0),
    sleeping: tables.reduce((sum, { dormant }) => sum + dormant.count, 0),
    probes: looks.reduce((sum, probes) => sum + probes, 0) / looks.length,
    probesMax: looks.reduce((most, probes) => Math.max(most, probes), 0),
  };
}

/** How often a connection was woken in both stacks. */
export function wokenIn(bed: ScaleBed): number {
  return tablesOf(bed.client).dormant.woken + tablesOf(bed.server).dormant.woken;
}

/** Places that a lookup of each connection looks at. */
function probesOf(bed: ScaleBed, stack: Stack): number[] {
  const { demux } = tablesOf(stack);
  const own = stack === bed.client ? bed.clients : bed.servers;
  return Array.from(own.subarray(0, bed.count), (c) => {
    const ports = (stack.tcpRemotePort(c) << 16) | stack.tcpLocalPort(c);
    return demux.probes(stack.tcpRemoteAddress(c), stack.tcpLocalAddress(c), ports);
  });
}

/** The order in which all connections are used in turn: far from each other, each as often. */
export function spreadOrder(count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  let state = 12_345;
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    const j = (state >>> 1) % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * Batches of round trips in turns, so that what else the machine does meets all alike.
 * @param few how many connections are active in the first two. @param rounds batches of each.
 * @param batch round trips of each.
 */
export function ratios(
  small: ScaleBed,
  large: ScaleBed,
  few: number,
  rounds: number,
  batch = BATCH,
): ScaleRatios {
  const order = spreadOrder(large.count);
  let next = 0;
  const batches: readonly [ScaleBed, () => number][] = [
    [small, () => next++ % few],
    [large, () => Math.imul(next++ % few, (large.count / few) | 0)],
    [large, () => order[next++ % order.length]],
  ];
  const rates: number[][] = [[], [], []];
  for (let round = -2; round < rounds; round++) {
    for (const [i, [bed, which]] of batches.entries()) {
      next = Math.max(0, round) * batch;
      // What the batch before has left: its timers, and connections that sleep. Then those in use are awake.
      bed.rest();
      for (let n = 0; n < few; n++) bed.roundTrip(which());
      const rate = run(bed, batch, which);
      if (round >= 0) rates[i].push(rate);
    }
  }
  const [alone, among, spread] = rates;
  return {
    alone: spreadOf(alone).median,
    among: spreadOf(among).median,
    spread: spreadOf(spread).median,
    amongRatio: ratioOf(among, alone)?.median ?? Number.NaN,
    spreadRatio: ratioOf(spread, alone)?.median ?? Number.NaN,
  };
}

/** @returns round trips a second of the processor's time: what else runs on the machine takes none of it. */
function run(bed: ScaleBed, batch: number, which: () => number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < batch; i++) bed.roundTrip(which());
  const { user, system } = process.cpuUsage(before);
  return (batch * 1e6) / Math.max(1, user + system);
}
