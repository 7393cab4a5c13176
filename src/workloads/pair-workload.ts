/**
 * A workload's client and server on one stack, in one thread, in real time: what the bench measures by
 * socket calls. A pass gives each its step; the stack is polled only after a pass that found nothing, and
 * waited for after many of them.
 */
import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { SocketStack } from '../socket/contract.ts';
import type { Clock } from '../time/clock.ts';
import type { ClientProgram, ServerProgram } from './program.ts';
import { WORKLOADS, type WorkloadName } from './programs.ts';
import { RequestResponseClient } from './request-response.ts';
import { RestingReaders } from './resting.ts';
import { type Counts, LOOPBACK, passNs, StallGuard, type Workload } from './workload.ts';

/** Passes without progress before the thread waits instead of polling. */
const SPIN_PASSES = 4096;
/** Looks in a row that find nothing after which a stream has been drained. */
const QUIET_LOOKS = 3;

/** Steps that got on between two looks at the clock: about as many as take a tenth of a millisecond. */
const STEPS_PER_CLOCK: Readonly<Record<WorkloadName, number>> = {
  TCP_RR: 1024,
  TCP_CRR: 256,
  TCP_STREAM: 128,
};

export class PairWorkload implements Workload {
  private readonly stack: SocketStack;
  private readonly clock: Clock;
  private readonly size: number;
  private readonly isStream: boolean;
  private readonly stepsPerClock: number;
  private readonly client: ClientProgram;
  private readonly server: ServerProgram;
  private readonly resting: RestingReaders;

  /** Opens the connections. @throws when a call fails or nothing moves. */
  constructor(name: WorkloadName, stack: SocketStack, clock: Clock, load: Load) {
    const { Client, Server } = WORKLOADS[name];
    const parts = { stack, clock };
    const shape = { address: LOOPBACK, port: 0, connections: load.connections, sizeBytes: load.size };
    this.stack = stack;
    this.clock = clock;
    this.size = load.size;
    this.isStream = name === 'TCP_STREAM';
    this.stepsPerClock = STEPS_PER_CLOCK[name];
    this.resting = new RestingReaders(stack, load.resting ?? 0);
    this.server = new Server(parts, shape);
    this.client = new Client(parts, { ...shape, port: this.server.port });
    this.client.operationsMax = 0;
    const lastsConnections = name !== 'TCP_CRR';
    this.until(
      () => this.client.connected && (!lastsConnections || this.server.connections === load.connections),
    );
  }

  async run(durationNs: number, latency: LatencyRecorder): Promise<Counts> {
    const { client, clock } = this;
    client.latency = latency;
    client.operationsMax = Number.POSITIVE_INFINITY;
    const operationsBefore = client.operations;
    const bytesBefore = this.server.bytesReceived;
    const nothing = (): boolean =>
      client.operations === operationsBefore || this.server.bytesReceived === bytesBefore;
    clock.update();
    const startNs = clock.nowNs;
    const guard = new StallGuard(clock);
    let idlePasses = 0;
    let idleRun = 0;
    let steps = 0;
    // On a busy machine the first operation may take longer than a short run: what is measured is then that
    // one.
    while (clock.nowNs - startNs < durationNs || nothing()) {
      const progress = this.pass();
      if (progress > 0) {
        idleRun = 0;
        steps += progress;
        if (steps < this.stepsPerClock) continue;
        steps = 0;
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
    const bytes = this.isStream
      ? this.server.bytesReceived - bytesBefore
      : (client.operations - operationsBefore) * 2 * this.size;
    const operations = this.isStream ? bytes / this.size : client.operations - operationsBefore;
    this.finish();
    const spinNs = idlePasses === 0 ? 0 : Math.min(idlePasses * this.idlePassNs(), elapsedNs);
    if (client instanceof RequestResponseClient) client.checkContent();
    return { operations, bytes, elapsedNs, spinNs };
  }

  async close(): Promise<void> {
    this.client.stop();
    this.server.stop();
    this.resting.close();
    this.stack.poll();
  }

  /** // Hot path. @returns how many calls got on. */
  private pass(): number {
    return this.client.step() + this.server.step();
  }

  /** Completes what is under way, beginning nothing: what the next run counts shall be its own. */
  private finish(): void {
    const { client } = this;
    client.operationsMax = 0;
    this.until(() => client.idle);
    let quiet = this.isStream ? 0 : QUIET_LOOKS;
    while (quiet < QUIET_LOOKS) {
      quiet = this.pass() > 0 ? 0 : quiet + 1;
      if (quiet > 0) this.stack.wait(1);
    }
  }

  private until(done: () => boolean): void {
    this.clock.update();
    const guard = new StallGuard(this.clock);
    while (!done()) {
      if (this.pass() > 0) continue;
      this.stack.wait(1);
      this.clock.update();
      guard.check();
    }
  }

  /** What a pass that finds nothing costs, the client beginning nothing. */
  private idlePassNs(): number {
    return passNs(this.clock, () => {
      this.pass();
      this.stack.poll();
    });
  }
}
