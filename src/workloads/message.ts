/** MSG_RR and MSG_STREAM: the message layer alone, an echo in place of the socket module. */

import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { Clock } from '../time/clock.ts';
import { type Counts, patternBytes, type Workload } from './workload.ts';

/** Round trips of each connection between two looks at the clock; one in as many is timed. */
const ROUND_TRIPS = 16;
/** Messages and bytes between two looks at the clock at most, and how many are published at once. */
const STREAM_MESSAGES = 65_536;
const STREAM_BYTES = 1 << 24;
export const STREAM_BATCH = 64;

/** What the messages of a load carry: a payload for each connection. */
export function payloadsOf({ connections, size }: Load): Uint8Array[] {
  return Array.from({ length: connections }, () => patternBytes(size));
}

/** @throws Error when memory does not hold the payload that was sent. */
export function checkPayload(received: Uint8Array, sent: Uint8Array): void {
  if (Buffer.compare(received, sent) !== 0) throw new Error('a payload came back changed');
}

/** A card with the echo module in place of sockets: the message layer alone. */
export interface EchoPort {
  /** What has come back of each payload. */
  readonly received: readonly Uint8Array[];
  /** Posts messages, one for each payload at a time, and polls for their echoes. @returns how many came. */
  roundTrip(count: number): number;
  /**
   * Posts messages that are only taken, published `batch` at a time. @returns when all have been taken, how
   * many.
   */
  stream(messages: number, batch: number): number;
  close(): Promise<void>;
}

abstract class MessageWorkload implements Workload {
  protected readonly echo: EchoPort;
  protected readonly clock: Clock;
  protected readonly load: Load;

  constructor(echo: EchoPort, clock: Clock, load: Load) {
    this.echo = echo;
    this.clock = clock;
    this.load = load;
  }

  abstract run(durationNs: number, latency: LatencyRecorder): Promise<Counts>;

  async close(): Promise<void> {
    await this.echo.close();
  }
}

export class MessageRoundTrip extends MessageWorkload {
  async run(durationNs: number, latency: LatencyRecorder): Promise<Counts> {
    const { clock, echo } = this;
    const { connections, size } = this.load;
    const untimed = connections * (ROUND_TRIPS - 1);
    let operations = 0;
    // Cleared, so that what is in there afterwards has come back in this run.
    for (const one of echo.received) one.fill(0);
    clock.update();
    const startNs = clock.nowNs;
    while (clock.nowNs - startNs < durationNs) {
      operations += expectAll(echo.roundTrip(untimed), untimed);
      clock.update();
      const sampleNs = clock.nowNs;
      operations += expectAll(echo.roundTrip(connections), connections);
      clock.update();
      latency.record(clock.nowNs - sampleNs);
    }
    const elapsedNs = clock.nowNs - startNs;
    const sent = patternBytes(size);
    for (const one of echo.received) checkPayload(one, sent);
    return { operations, bytes: 2 * operations * size, elapsedNs, spinNs: 0 };
  }
}

export class MessageStream extends MessageWorkload {
  async run(durationNs: number, _latency: LatencyRecorder): Promise<Counts> {
    const { clock, echo } = this;
    const { size } = this.load;
    const atOnce = Math.max(STREAM_BATCH, Math.min(STREAM_MESSAGES, Math.floor(STREAM_BYTES / (size + 1))));
    let operations = 0;
    clock.update();
    const startNs = clock.nowNs;
    while (clock.nowNs - startNs < durationNs) {
      operations += expectAll(echo.stream(atOnce, STREAM_BATCH), atOnce);
      clock.update();
    }
    return { operations, bytes: operations * size, elapsedNs: clock.nowNs - startNs, spinNs: 0 };
  }
}

function expectAll(done: number, expected: number): number {
  if (done !== expected) throw new Error(`${done} of ${expected} messages came through`);
  return done;
}
