/**
 * MSG_RR and MSG_STREAM by `postMessage` to a worker, the comparison for ring and fifo: the same messages
 * (port-message.ts), both threads in their event loops, which is how two threads of a Node program talk.
 */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { Clock } from '../time/clock.ts';
import { type Encoding, PortCodec, type Posted, portMessage } from './port-message.ts';
import { type Counts, SAMPLE_MASK, type Workload } from './workload.ts';

/** Messages of a stream the other thread may be behind; it reports every quarter of them. */
export const PORT_WINDOW = 4096;

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
  private readonly size: number;
  protected readonly worker: Worker;
  protected failed: (error: Error) => void = () => {};

  protected constructor(clock: Clock, load: Load, data: PortEchoData) {
    this.clock = clock;
    this.codec = new PortCodec(data.encoding);
    this.size = load.size;
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
      bytes: operations * this.size,
      elapsedNs: this.clock.nowNs - startNs,
      spinNs: 0,
    };
  }

  async close(): Promise<void> {
    this.worker.postMessage(null);
    await once(this.worker, 'exit');
  }

  protected post(functionCode: number): void {
    this.codec.post(this.worker, portMessage(this.sequence++, functionCode));
  }

  protected abstract start(endNs: number, latency: LatencyRecorder, finished: (count: number) => void): void;
}

export class PortRoundTrip extends PortWorkload {
  constructor(clock: Clock, load: Load, encoding: Encoding) {
    super(clock, load, { mode: 'echo', reportEvery: 1, encoding });
  }

  protected override start(endNs: number, latency: LatencyRecorder, finished: (count: number) => void): void {
    const clock = this.clock;
    let operations = 0;
    let sentNs = clock.nowNs;
    const answered = (posted: Posted): void => {
      if (this.codec.read(posted).sequence !== this.sequence - 1)
        this.failed(new Error('an answer is wrong'));
      clock.update();
      if ((operations & SAMPLE_MASK) === 0) latency.record(clock.nowNs - sentNs);
      operations += 1;
      if (clock.nowNs >= endNs) {
        this.worker.off('message', answered);
        finished(operations);
        return;
      }
      sentNs = clock.nowNs;
      this.post(ECHO);
    };
    this.worker.on('message', answered);
    this.post(ECHO);
  }
}

export class PortStream extends PortWorkload {
  constructor(clock: Clock, load: Load, encoding: Encoding) {
    super(clock, load, { mode: 'count', reportEvery: PORT_WINDOW / 4, encoding });
  }

  protected override start(
    endNs: number,
    _latency: LatencyRecorder,
    finished: (count: number) => void,
  ): void {
    const burst = PORT_WINDOW / 4;
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
