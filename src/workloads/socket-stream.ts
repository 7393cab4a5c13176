/**
 * TCP_STREAM by socket calls: writes of `size` bytes on each of N connections, drained as they come. One
 * thread holds both ends, so a pass is one write and one read a connection; the stack is polled only after a
 * pass that moved nothing.
 */

import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { SocketStack } from '../socket/contract.ts';
import { EAGAIN } from '../socket/errno.ts';
import type { Clock } from '../time/clock.ts';
import { closePairs, openPairs, type SocketPairs } from './socket-pairs.ts';
import { type Counts, failCall, passNs, patternBytes, StallGuard, type Workload } from './workload.ts';

/** A reader asks for at least this much at once. */
const RECEIVE_BYTES_MIN = 65_536;
/** Calls that got on between two looks at the clock. */
const CHECK_CALLS = 128;
const SPIN_PASSES = 4096;

export class SocketStream implements Workload {
  private readonly stack: SocketStack;
  private readonly clock: Clock;
  private readonly size: number;
  private readonly pairs: SocketPairs;
  private readonly message: Uint8Array;
  private readonly received: Uint8Array;
  /** Bytes of the current write already taken, by connection. */
  private readonly done: Int32Array;
  private bytes = 0;
  /** Whether the writers rest. */
  private draining = false;

  constructor(stack: SocketStack, clock: Clock, load: Load) {
    this.stack = stack;
    this.clock = clock;
    this.size = load.size;
    this.pairs = openPairs(stack, clock, load.connections);
    this.message = patternBytes(load.size);
    this.received = new Uint8Array(Math.max(load.size, RECEIVE_BYTES_MIN));
    this.done = new Int32Array(load.connections);
  }

  async run(durationNs: number, _latency: LatencyRecorder): Promise<Counts> {
    this.bytes = 0;
    const clock = this.clock;
    clock.update();
    const startNs = clock.nowNs;
    const guard = new StallGuard(clock);
    let idlePasses = 0;
    let idleRun = 0;
    let calls = 0;
    // On a busy machine the first may take longer than a short run: what is measured is then that one.
    while (clock.nowNs - startNs < durationNs || this.bytes === 0) {
      const progress = this.pass();
      if (progress > 0) {
        idleRun = 0;
        calls += progress;
        if (calls < CHECK_CALLS) continue;
        calls = 0;
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
    const bytes = this.bytes;
    this.drain();
    const spinNs = idlePasses === 0 ? 0 : Math.min(idlePasses * this.idlePassNs(), elapsedNs);
    this.draining = false;
    return { operations: bytes / this.size, bytes, elapsedNs, spinNs };
  }

  async close(): Promise<void> {
    closePairs(this.stack, this.pairs);
  }

  /** // Hot path: allocates nothing. @returns how many calls got on. */
  private pass(): number {
    const { clients, servers } = this.pairs;
    let progress = 0;
    for (let i = 0; i < this.done.length; i++) {
      if (!this.draining) progress += this.write(i, clients[i]);
      const got = this.stack.recv(servers[i], this.received, 0, this.received.length);
      if (got === -EAGAIN) continue;
      if (got < 0) failCall('recv', got);
      if (got === 0) throw new Error('a connection ended early');
      this.bytes += got;
      progress += 1;
    }
    return progress;
  }

  private write(i: number, socket: number): number {
    const done = this.done[i];
    const sent = this.stack.send(socket, this.message, done, (this.size - done) | 0);
    if (sent === -EAGAIN) return 0;
    if (sent < 0) failCall('send', sent);
    this.done[i] = done + sent === this.size ? 0 : done + sent;
    return 1;
  }

  /** Reads until nothing has come for a while: what the next run counts shall be its own. */
  private drain(): void {
    this.draining = true;
    let quiet = 0;
    while (quiet < 3) {
      quiet = this.pass() > 0 ? 0 : quiet + 1;
      if (quiet > 0) this.stack.wait(1);
    }
  }

  /** What a pass that finds nothing costs, the writers resting. */
  private idlePassNs(): number {
    const ns = passNs(this.clock, () => {
      this.pass();
      this.stack.poll();
    });
    return ns;
  }
}
