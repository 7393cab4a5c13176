/**
 * TCP_RR by socket calls: on each of N connections a request of `size` bytes, then a response as long, again
 * and again. One thread holds both ends. A pass sends every request that is due, then serves every server,
 * then collects every response; a call is simply tried, and the stack is polled only after a pass that found
 * nothing.
 */

import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { SocketStack } from '../socket/contract.ts';
import { EAGAIN } from '../socket/errno.ts';
import type { Clock } from '../time/clock.ts';
import { closePairs, openPairs, type SocketPairs } from './socket-pairs.ts';
import {
  type Counts,
  failCall,
  passNs,
  patternBytes,
  SAMPLE_MASK,
  StallGuard,
  type Workload,
} from './workload.ts';

/** Where a connection's transaction stands. */
const REQUEST_OUT = 0;
const REQUEST_IN = 1;
const RESPONSE_OUT = 2;
const RESPONSE_IN = 3;

/** Transactions between two looks at the clock. */
const CHECK_OPERATIONS = 256;
/** Passes without progress before the thread waits instead of polling. */
const SPIN_PASSES = 4096;

export class SocketRequestResponse implements Workload {
  private readonly stack: SocketStack;
  private readonly clock: Clock;
  private readonly size: number;
  private readonly pairs: SocketPairs;
  private readonly stages: Uint8Array;
  /** Bytes of the current stage already done. */
  private readonly done: Int32Array;
  private readonly counts: Int32Array;
  private readonly startsNs: Float64Array;
  private readonly message: Uint8Array;
  private readonly received: Uint8Array;
  private latency: LatencyRecorder | undefined;
  private operations = 0;
  /** Whether transactions are only completed, not begun. */
  private finishing = false;

  constructor(stack: SocketStack, clock: Clock, load: Load) {
    this.stack = stack;
    this.clock = clock;
    this.size = load.size;
    this.pairs = openPairs(stack, clock, load.connections);
    this.stages = new Uint8Array(load.connections);
    this.done = new Int32Array(load.connections);
    this.counts = new Int32Array(load.connections);
    this.startsNs = new Float64Array(load.connections);
    this.message = patternBytes(load.size);
    this.received = new Uint8Array(load.size);
  }

  async run(durationNs: number, latency: LatencyRecorder): Promise<Counts> {
    this.latency = latency;
    this.operations = 0;
    const clock = this.clock;
    clock.update();
    const startNs = clock.nowNs;
    const guard = new StallGuard(clock);
    let idlePasses = 0;
    let idleRun = 0;
    let checkAt = CHECK_OPERATIONS;
    // On a busy machine the first may take longer than a short run: what is measured is then that one.
    while (clock.nowNs - startNs < durationNs || this.operations === 0) {
      if (this.pass() > 0) {
        idleRun = 0;
        if (this.operations < checkAt) continue;
        checkAt = this.operations + CHECK_OPERATIONS;
        clock.update();
        guard.moved();
        continue;
      }
      idlePasses += 1;
      idleRun += 1;
      if (this.stack.poll() > 0 || idleRun % SPIN_PASSES !== 0) continue;
      this.stack.wait(100);
      clock.update();
      guard.check();
    }
    clock.update();
    const elapsedNs = clock.nowNs - startNs;
    const operations = this.operations;
    this.finish();
    const spinNs = idlePasses === 0 ? 0 : Math.min(idlePasses * this.idlePassNs(), elapsedNs);
    this.checkContent();
    return { operations, bytes: operations * 2 * this.size, elapsedNs, spinNs };
  }

  async close(): Promise<void> {
    closePairs(this.stack, this.pairs);
  }

  /**
   * // Hot path: allocates nothing but the clock's number on every 16th transaction. @returns how many calls
   * got on.
   */
  private pass(): number {
    return this.sendAll(REQUEST_OUT, this.pairs.clients) + this.serveAll() + this.receiveAll(RESPONSE_IN);
  }

  private serveAll(): number {
    return this.receiveAll(REQUEST_IN) + this.sendAll(RESPONSE_OUT, this.pairs.servers);
  }

  private sendAll(stage: number, sockets: Int32Array): number {
    const stages = this.stages;
    let progress = 0;
    for (let i = 0; i < stages.length; i++) {
      if (stages[i] !== stage) continue;
      const done = this.done[i];
      if (stage === REQUEST_OUT && done === 0) {
        if (this.finishing) continue;
        if ((this.counts[i] & SAMPLE_MASK) === 0) this.stamp(i);
      }
      const sent = this.stack.send(sockets[i], this.message, done, (this.size - done) | 0);
      if (sent === -EAGAIN) continue;
      if (sent < 0) failCall('send', sent);
      progress += 1;
      this.advance(i, sent);
    }
    return progress;
  }

  private receiveAll(stage: number): number {
    const stages = this.stages;
    const sockets = stage === REQUEST_IN ? this.pairs.servers : this.pairs.clients;
    let progress = 0;
    for (let i = 0; i < stages.length; i++) {
      if (stages[i] !== stage) continue;
      const done = this.done[i];
      const got = this.stack.recv(sockets[i], this.received, done, (this.size - done) | 0);
      if (got === -EAGAIN) continue;
      if (got < 0) failCall('recv', got);
      if (got === 0) throw new Error('a connection ended early');
      progress += 1;
      this.advance(i, got);
    }
    return progress;
  }

  private advance(i: number, bytes: number): void {
    const done = this.done[i] + bytes;
    if (done < this.size) {
      this.done[i] = done;
      return;
    }
    this.done[i] = 0;
    if (this.stages[i] !== RESPONSE_IN) {
      this.stages[i] += 1;
      return;
    }
    this.stages[i] = REQUEST_OUT;
    if ((this.counts[i] & SAMPLE_MASK) === 0) this.sample(i);
    this.counts[i] += 1;
    this.operations += 1;
  }

  private stamp(i: number): void {
    this.clock.update();
    this.startsNs[i] = this.clock.nowNs;
  }

  private sample(i: number): void {
    this.clock.update();
    this.latency?.record(this.clock.nowNs - this.startsNs[i]);
  }

  /** Completes what is under way, starting nothing. */
  private finish(): void {
    const guard = new StallGuard(this.clock);
    this.finishing = true;
    while (!this.stages.every((stage, i) => stage === REQUEST_OUT && this.done[i] === 0)) {
      if (this.pass() > 0) continue;
      this.stack.wait(1);
      this.clock.update();
      guard.check();
    }
    this.finishing = false;
  }

  /**
   * What a pass that finds nothing costs, every connection waiting for its request as it would wait for a
   * response.
   */
  private idlePassNs(): number {
    this.stages.fill(REQUEST_IN);
    const ns = passNs(this.clock, () => {
      this.pass();
      this.stack.poll();
    });
    this.stages.fill(REQUEST_OUT);
    return ns;
  }

  /** The last message received must be the one sent. */
  private checkContent(): void {
    if (!this.received.every((byte, i) => byte === this.message[i]))
      throw new Error('received other bytes than sent');
  }
}
