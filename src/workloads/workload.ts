/**
 * What every test of the bench is to whoever measures it: something that is set up once, run several times
 * for a given time, and closed. A test is written once and runs unchanged on both stacks.
 */

import type { LatencyRecorder } from '../record/latency.ts';
import { errnoName } from '../socket/errno.ts';
import type { Clock } from '../time/clock.ts';

/** What one run did. */
export interface Counts {
  /** Transactions, frames or requests completed; for TCP_STREAM the writes' worth of bytes that arrived. */
  readonly operations: number;
  /** Payload bytes that arrived where they were sent to, both directions together. */
  readonly bytes: number;
  readonly elapsedNs: number;
  /** Of these, how long the measuring thread polled and found nothing: an estimate; 0 where it never does. */
  readonly spinNs: number;
  /** Datagrams that did not arrive; absent where none can be lost. */
  readonly lost?: number;
}

export interface Workload {
  /**
   * Runs for about `durationNs`, and until one operation is done, continuing from where the last run stopped.
   * @throws when a call fails or nothing moves.
   */
  run(durationNs: number, latency: LatencyRecorder): Promise<Counts>;
  /** Closes every socket. */
  close(): Promise<void>;
}

/** 127.0.0.1: the card serves it itself while it is installed. */
export const LOOPBACK = 0x7f000001;
export const LOOPBACK_NAME = '127.0.0.1';

/** Latency is taken of every 16th transaction of a connection: a pair of clock readings costs 70 ns. */
export const SAMPLE_MASK = 15;

/** A run in which nothing moves for this long has failed. */
export const STALL_NS = 10e9;

/** Bytes in a pattern that shows a wrong offset: the period is no power of two. */
export function patternBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i % 251;
  return bytes;
}

/** A program's call was answered with an errno: the world's doing, and not a fault of the program that asked. */
export class CallFailure extends Error {}

/** @throws CallFailure that names the call and the errno. @param answer the negative errno a call gave. */
export function failCall(call: string, answer: number): never {
  throw new CallFailure(`${call} failed with ${errnoName(answer)}`);
}

/** Throws when nothing has moved for too long. Call it where a run has found nothing to do. */
export class StallGuard {
  private readonly clock: Clock;
  private sinceNs: number;

  constructor(clock: Clock) {
    this.clock = clock;
    this.sinceNs = clock.nowNs;
  }

  /** Something moved. */
  moved(): void {
    this.sinceNs = this.clock.nowNs;
  }

  /** @throws when nothing has moved for `STALL_NS`. The clock must have been updated. */
  check(): void {
    if (this.clock.nowNs - this.sinceNs > STALL_NS) throw new Error('nothing moved for 10 s');
  }
}

const CALIBRATION_BATCHES = 10;
const CALIBRATION_PASSES = 2000;
/** With thousands of connections a pass takes milliseconds: then a batch has fewer. */
const CALIBRATION_BATCH_NS = 20e6;
/** Passes between two looks at the clock. */
const CALIBRATION_STEP = 10;

/**
 * What a pass costs: the best of ten batches, since a thread put aside for a moment measures that moment
 * too.
 */
export function passNs(clock: Clock, pass: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < CALIBRATION_BATCHES; batch++) {
    clock.update();
    const startNs = clock.nowNs;
    let passes = 0;
    do {
      for (let i = 0; i < CALIBRATION_STEP; i++) pass();
      passes += CALIBRATION_STEP;
      clock.update();
    } while (passes < CALIBRATION_PASSES && clock.nowNs - startNs < CALIBRATION_BATCH_NS);
    best = Math.min(best, (clock.nowNs - startNs) / passes);
  }
  return best;
}
