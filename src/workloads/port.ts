/**
 * MSG_RR and MSG_STREAM by `postMessage` to a worker, the comparison for ring and fifo: the same messages
 * (port-message.ts), both threads in their event loops, which is how two threads of a Node program talk.
 */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { Clock } from '../time/clock.ts';
import { checkPayload, payloadsOf } from './message.ts';
import { type Encoding, PortCodec, type Posted, portMessage } from './port-message.ts';
import { type Counts, patternBytes, SAMPLE_MASK, type Workload } from './workload.ts';

/**
 * Messages of a stream the other thread may be behind, fewer where they are long; it reports every quarter of
 * them.
 */
export const PORT_WINDOW = 4096;
const WINDOW_LEAST = 16;
const WINDOW_BYTES = 1 << 24;

function windowOf({ size }: Load): number {
  const whole = 2 ** Math.floor(Math.log2(WINDOW_BYTES / (size + 1)));
  return Math.max(WINDOW_LEAST, Math.min(PORT_WINDOW, whole));
}

/** What the worker is told to be. */
export interface PortEchoData {
  readonly mode: 'echo' | 'count';
  readonly reportEvery: number;
  readonly encoding: Encoding;
}

/** XFunctionCode of a request that is answered, and of one that is only taken. */
const ECHO = 1;
const COUNT_ONLY = 2;

abstract class PortWorkload implements Workload {
  protected readonly clock: Clock;
  protected readonly codec: PortCodec;
  protected sequence = 0;
  protected readonly size: number;
  private readonly payloads: readonly (Uint8Array | undefined)[];
  protected readonly worker: Worker;
  protected failed: (error: Error) => void = () => {};

  protected constructor(clock: Clock, load: Load, data: PortEchoData) {
    this.clock = clock;
    this.codec = new PortCodec(data.encoding);
    this.size = load.size;
    this.payloads = payloadsOf(load).map((payload) => (load.size === 0 ? undefined : payload));
    this.worker = new Worker(new URL('./port-echo.js', import.meta.url), { workerData: data });
    this.worker.on('error', (error) => this.failed(error as Error));
  }

  async run(durationNs: number, latency: LatencyRecorder): Promise<Counts> {
    this.clock.update();
    const startNs = this.clock.nowNs;
    const operations = await new Promise<number>((resolve, reject) => {
      this.failed = reject;
      this.start(startNs + durationNs, latency, resolve);
    });
    this.clock.update();
    return {
      operations,
      bytes: operations * this.size * this.ways,
      elapsedNs: this.clock.nowNs - startNs,
      spinNs: 0,
    };
  }

  async close(): Promise<void> {
    this.worker.postMessage(null);
    await once(this.worker, 'exit');
  }

  protected get connections(): number {
    return this.payloads.length;
  }

  /** Messages take turns to send the payloads. */
  protected post(functionCode: number): void {
    const payload = this.payloads[this.sequence % this.payloads.length];
    this.codec.post(this.worker, portMessage(this.sequence++, functionCode, payload));
  }

  /** How often a payload is moved: there, and perhaps back. */
  protected abstract readonly ways: number;

  protected abstract start(endNs: number, latency: LatencyRecorder, finished: (count: number) => void): void;
}

export class PortRoundTrip extends PortWorkload {
  protected readonly ways = 2;

  constructor(clock: Clock, load: Load, encoding: Encoding) {
    super(clock, load, { mode: 'echo', reportEvery: 1, encoding });
  }

  /** One message on its way for each connection. */
  protected override start(endNs: number, latency: LatencyRecorder, finished: (count: number) => void): void {
    const { clock, connections } = this;
    const first = this.sequence;
    let operations = 0;
    const sentNs = new Float64Array(connections);
    const post = (): void => {
      sentNs[this.sequence % connections] = clock.nowNs;
      this.post(ECHO);
    };
    const answered = (posted: Posted): void => {
      const { sequence, payload } = this.codec.read(posted);
      if (sequence !== first + operations) this.failed(new Error('an answer is wrong'));
      clock.update();
      if ((operations & SAMPLE_MASK) === 0) latency.record(clock.nowNs - sentNs[sequence % connections]);
      operations += 1;
      if (clock.nowNs < endNs) post();
      else if (sequence + 1 === this.sequence) {
        this.worker.off('message', answered);
        this.checkContent(payload);
        finished(operations);
      }
    };
    this.worker.on('message', answered);
    for (let i = 0; i < connections; i++) post();
  }

  private checkContent(payload: Uint8Array | undefined): void {
    try {
      if (this.size > 0) checkPayload(payload ?? new Uint8Array(0), patternBytes(this.size));
    } catch (error) {
      this.failed(error as Error);
    }
  }
}

export class PortStream extends PortWorkload {
  protected readonly ways = 1;
  private readonly burst: number;

  constructor(clock: Clock, load: Load, encoding: Encoding) {
    const burst = windowOf(load) / 4;
    super(clock, load, { mode: 'count', reportEvery: burst, encoding });
    this.burst = burst;
  }

  protected override start(
    endNs: number,
    _latency: LatencyRecorder,
    finished: (count: number) => void,
  ): void {
    const { burst } = this;
    const first = this.sequence;
    let taken = 0;
    let posted = 0;
    const post = (): void => {
      for (let i = 0; i < burst; i++) this.post(COUNT_ONLY);
      posted += burst;
    };
    const reported = (inSequence: number): void => {
      taken = inSequence - first;
      this.clock.update();
      if (this.clock.nowNs < endNs) post();
      else if (taken === posted) {
        this.worker.off('message', reported);
        finished(taken);
      }
    };
    this.worker.on('message', reported);
    for (let i = 0; i < 4; i++) post();
  }
}
