/**
 * When a client's connections may begin their operations, and how long each takes. An operation's latency
 * counts from when it is due, so that what keeps its client from sending it is a part of it.
 */
import type { LatencyRecorder } from '../record/latency.ts';
import { NEVER } from '../time/agent.ts';
import type { Clock } from '../time/clock.ts';
import { isOpenLoop, NOT_YET, type Pacing, pacingOf } from './pacing.ts';
import type { ProgramParts, ProgramShape } from './program.ts';
import { Settling } from './settling.ts';
import { SAMPLE_MASK } from './workload.ts';

export class Timing {
  /** Told the latency of as many as `sampleMask` says; undefined: nobody. */
  latency: LatencyRecorder | undefined;
  /** Connections that have had an answer are past their start. */
  readonly settling: Settling;
  private readonly clock: Clock;
  private readonly sampleMask: number;
  private readonly pacing: Pacing | undefined;
  /** By connection: operations completed, and since when the one under way is due. */
  private readonly counts: Int32Array;
  private readonly startsNs: Float64Array;
  /** 1 where an operation is due and not yet completed. */
  private readonly due: Uint8Array;

  constructor(parts: ProgramParts, { connections, pace }: ProgramShape) {
    this.clock = parts.clock;
    this.sampleMask = parts.sampleMask ?? SAMPLE_MASK;
    this.pacing = pacingOf(pace, connections, parts.random, parts.clock);
    this.settling = new Settling(connections, isOpenLoop(pace));
    this.counts = new Int32Array(connections);
    this.startsNs = new Float64Array(connections);
    this.due = new Uint8Array(connections);
  }

  /** When the next operation is due, in clock nanoseconds; `NEVER` where that is no matter of time. */
  nextNs(): number {
    return this.pacing === undefined ? NEVER : this.pacing.nextNs();
  }

  /** Whether a connection's next operation is due. It stays due until it is completed. // Hot path. */
  mayBegin(i: number): boolean {
    const { pacing } = this;
    if (this.due[i] !== 0) return true;
    if (pacing === undefined) {
      // Once: a request that finds no buffer waits, and its wait is a part of its latency.
      this.due[i] = 1;
      if ((this.counts[i] & this.sampleMask) === 0) this.stamp(i);
      return true;
    }
    const sinceNs = pacing.begin(i);
    if (sinceNs === NOT_YET) return false;
    this.due[i] = 1;
    this.startsNs[i] = sinceNs;
    return true;
  }

  /** A connection has its answer. // Hot path. */
  completed(i: number): void {
    this.due[i] = 0;
    this.pacing?.completed(i);
    if ((this.counts[i] & this.sampleMask) === 0) this.sample(i);
    if (this.settling.left > 0) this.settling.settled(i);
    this.counts[i] += 1;
  }

  private stamp(i: number): void {
    this.clock.update();
    this.startsNs[i] = this.clock.nowNs;
  }

  private sample(i: number): void {
    this.clock.update();
    this.latency?.record(this.clock.nowNs - this.startsNs[i]);
  }
}
