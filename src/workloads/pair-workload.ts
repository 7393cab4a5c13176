/**
 * A workload's client and server on one stack, in one thread, in real time: what the bench measures by
 * socket calls. A pass gives each its step; the stack is polled only after a pass that found nothing, and
 * waited for after many of them.
 */
import type { LatencyRecorder } from '../record/latency.ts';
import type { Load } from '../record/row.ts';
import type { SocketStack } from '../socket/contract.ts';
import type { Clock } from '../time/clock.ts';
import { MaertsReader, MaertsWriter } from './maerts.ts';
import type { Program, ProgramParts, ProgramShape } from './program.ts';
import { WORKLOADS } from './programs.ts';
import { RequestResponseClient } from './request-response.ts';
import { RestingReaders } from './resting.ts';
import { type Counts, LOOPBACK, passNs, StallGuard, type Workload } from './workload.ts';

/** Passes without progress before the thread waits instead of polling. */
const SPIN_PASSES = 4096;
/** Looks in a row that find nothing after which a stream has been drained. */
const QUIET_LOOKS = 3;

/** Steps that got on between two looks at the clock: about as many as take a tenth of a millisecond. */
const STEPS_PER_CLOCK = { TCP_RR: 1024, TCP_CRR: 256, TCP_STREAM: 128, TCP_MAERTS: 128 } as const;

export type PairName = keyof typeof STEPS_PER_CLOCK;
export const PAIR_NAMES = Object.keys(STEPS_PER_CLOCK) as readonly PairName[];

/** Both ends of a workload: who connects to whom, and who begins an operation. */
interface Pair {
  readonly connecting: Program & { readonly connected: boolean; stop(): void };
  readonly listening: Program & { readonly connections: number; readonly port: number; stop(): void };
  readonly source: {
    readonly operations: number;
    operationsMax: number;
    readonly idle: boolean;
    latency: LatencyRecorder | undefined;
  };
  /** Where what the source begins arrives. */
  readonly sink: { readonly bytesReceived: number };
}

function openPair(name: PairName, parts: ProgramParts, shape: ProgramShape): Pair {
  if (name === 'TCP_MAERTS') {
    const listening = new MaertsWriter(parts, shape);
    const connecting = new MaertsReader(parts, { ...shape, port: listening.port });
    return { connecting, listening, source: listening, sink: connecting };
  }
  const { Client, Server } = WORKLOADS[name];
  const listening = new Server(parts, shape);
  const connecting = new Client(parts, { ...shape, port: listening.port });
  return { connecting, listening, source: connecting, sink: listening };
}

export class PairWorkload implements Workload {
  private readonly stack: SocketStack;
  private readonly clock: Clock;
  private readonly size: number;
  private readonly responseSize: number;
  private readonly isStream: boolean;
  private readonly stepsPerClock: number;
  private readonly pair: Pair;
  private readonly resting: RestingReaders;

  /** Opens the connections. @throws when a call fails or nothing moves. */
  constructor(name: PairName, stack: SocketStack, clock: Clock, load: Load) {
    const { connections, size, response = size } = load;
    const shape = { address: LOOPBACK, port: 0, connections, sizeBytes: size, responseBytes: response };
    this.stack = stack;
    this.clock = clock;
    this.size = size;
    this.responseSize = response;
    this.isStream = name === 'TCP_STREAM' || name === 'TCP_MAERTS';
    this.stepsPerClock = STEPS_PER_CLOCK[name];
    this.resting = new RestingReaders(stack, load.resting ?? 0);
    this.pair = openPair(name, { stack, clock }, shape);
    this.pair.source.operationsMax = 0;
    const { connecting, listening } = this.pair;
    const lastsConnections = name !== 'TCP_CRR';
    this.until(() => connecting.connected && (!lastsConnections || listening.connections === connections));
  }

  async run(durationNs: number, latency: LatencyRecorder): Promise<Counts> {
    const { clock } = this;
    const { source, sink } = this.pair;
    source.latency = latency;
    source.operationsMax = Number.POSITIVE_INFINITY;
    const operationsBefore = source.operations;
    const bytesBefore = sink.bytesReceived;
    const nothing = (): boolean =>
      source.operations === operationsBefore || sink.bytesReceived === bytesBefore;
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
      ? sink.bytesReceived - bytesBefore
      : (source.operations - operationsBefore) * (this.size + this.responseSize);
    const operations = this.isStream ? bytes / this.size : source.operations - operationsBefore;
    this.finish();
    const spinNs = idlePasses === 0 ? 0 : Math.min(idlePasses * this.idlePassNs(), elapsedNs);
    if (source instanceof RequestResponseClient) source.checkContent();
    return { operations, bytes, elapsedNs, spinNs };
  }

  async close(): Promise<void> {
    this.pair.connecting.stop();
    this.pair.listening.stop();
    this.resting.close();
    this.stack.poll();
  }

  /** // Hot path. @returns how many calls got on. */
  private pass(): number {
    return this.pair.connecting.step() + this.pair.listening.step();
  }

  /** Completes what is under way, beginning nothing: what the next run counts shall be its own. */
  private finish(): void {
    const { source } = this.pair;
    source.operationsMax = 0;
    this.until(() => source.idle);
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

  /** What a pass that finds nothing costs, the source beginning nothing. */
  private idlePassNs(): number {
    return passNs(this.clock, () => {
      this.pass();
      this.stack.poll();
    });
  }
}
