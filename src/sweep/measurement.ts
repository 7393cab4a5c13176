/** What one measured world says. */
import type { LatencySummary } from '../record/latency.ts';
import type { Datagrams } from './datagrams.ts';
import type { Counted } from './measured-run.ts';
import type { WorldPools, WorldStalls } from './pressure.ts';

/** Microseconds of one operation, by what it was that took them. */
export interface TimeParts {
  readonly host: number;
  readonly bus: number;
  readonly iop: number;
  readonly wire: number;
  /** For something of a pool: a buffer, a bucket or a frame. */
  readonly waiting: number;
  /** What its latency has beyond all these: behind others, or for the peer. */
  readonly queueing: number;
}

/** How often an operation made something happen, on all cards together. */
export interface OperationCounts {
  readonly copies: number;
  readonly copiedBytes: number;
  readonly dmaRequests: number;
  readonly doorbells: number;
  readonly interrupts: number;
  readonly frames: number;
  /** Buffers mapped for a card and allocated as they were used: 0 but where a driver is told to. */
  readonly mappings: number;
  readonly allocations: number;
}

export interface Measurement {
  readonly operations: number;
  readonly elapsedNs: number;
  readonly ratePerS: number;
  /** Payload that programs were given. */
  readonly bytesPerS: number;
  /** Null of a workload that knows no requests. */
  readonly latencyUs: LatencySummary | null;
  readonly pools: WorldPools;
  readonly stalls: WorldStalls;
  readonly timeUs: TimeParts;
  readonly perOperation: OperationCounts;
  /** Absent where nothing travels in datagrams. */
  readonly datagrams?: Datagrams;
  readonly balanced: true;
}

/** What is seen of a world beside its operations. */
export type Seen = Pick<Measurement, 'pools' | 'stalls' | 'timeUs' | 'perOperation'>;

export function measurementOf(counted: Counted, seen: Seen): Measurement {
  const { operations, elapsedNs, bytes, latencyUs, datagrams } = counted;
  return {
    operations,
    elapsedNs,
    ratePerS: rounded((operations * 1e9) / elapsedNs),
    bytesPerS: rounded((bytes * 1e9) / elapsedNs),
    latencyUs,
    ...seen,
    ...(datagrams && { datagrams }),
    balanced: true,
  };
}

/** To a thousandth: what is beyond would only make lines longer. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
