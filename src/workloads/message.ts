/** MSG_RR and MSG_STREAM: the message layer alone, an echo in place of the socket module. */

import type { LatencyRecorder } from '../record/latency.ts';
import type { Clock } from '../time/clock.ts';
import type { Counts, Workload } from './workload.ts';

/** Round trips between two looks at the clock; one in as many is timed by itself. */
const ROUND_TRIPS = 16;
/** Frames between two looks at the clock, and how many are published at once. */
const STREAM_FRAMES = 65_536;
export const STREAM_BATCH = 64;

/** A card with the echo module in place of sockets: the message layer alone. */
export interface EchoPort {
  /** Posts a request and polls for its answer, `count` times. @returns how many were answered. */
  roundTrip(count: number): number;
  /**
   * Posts frames that are only taken, published `batch` at a time. @returns when all have been taken, how
   * many.
   */
  stream(frames: number, batch: number): number;
  close(): Promise<void>;
}

export class MessageRoundTrip implements Workload {
  private readonly echo: EchoPort;
  private readonly clock: Clock;

  constructor(echo: EchoPort, clock: Clock) {
    this.echo = echo;
    this.clock = clock;
  }

  async run(durationNs: number, latency: LatencyRecorder): Promise<Counts> {
    const clock = this.clock;
    let operations = 0;
    clock.update();
    const startNs = clock.nowNs;
    while (clock.nowNs - startNs < durationNs) {
      operations += expectAll(this.echo.roundTrip(ROUND_TRIPS - 1), ROUND_TRIPS - 1);
      clock.update();
      const sampleNs = clock.nowNs;
      operations += expectAll(this.echo.roundTrip(1), 1);
      clock.update();
      latency.record(clock.nowNs - sampleNs);
    }
    return { operations, bytes: 0, elapsedNs: clock.nowNs - startNs, spinNs: 0 };
  }

  async close(): Promise<void> {
    await this.echo.close();
  }
}

export class MessageStream implements Workload {
  private readonly echo: EchoPort;
  private readonly clock: Clock;

  constructor(echo: EchoPort, clock: Clock) {
    this.echo = echo;
    this.clock = clock;
  }

  async run(durationNs: number, _latency: LatencyRecorder): Promise<Counts> {
    const clock = this.clock;
    let operations = 0;
    clock.update();
    const startNs = clock.nowNs;
    while (clock.nowNs - startNs < durationNs) {
      operations += expectAll(this.echo.stream(STREAM_FRAMES, STREAM_BATCH), STREAM_FRAMES);
      clock.update();
    }
    return { operations, bytes: 0, elapsedNs: clock.nowNs - startNs, spinNs: 0 };
  }

  async close(): Promise<void> {
    await this.echo.close();
  }
}

function expectAll(done: number, expected: number): number {
  if (done !== expected) throw new Error(`${done} of ${expected} frames came through`);
  return done;
}
