/**
 * A client with connections beside those of its workload that are never used: what they cost the others, in
 * tables and in the calls of a program that looks at every one of its sockets, is what is asked. They are
 * opened first, a few at once, as nobody opens thousands in one moment.
 */
import type { LatencyRecorder } from '../record/latency.ts';
import { Connector } from './connector.ts';
import type { ClientProgram, ProgramParts, ProgramShape } from './program.ts';

/** Connections that are opened at once. */
const AT_ONCE = 32;

export class BesideIdle implements ClientProgram {
  private readonly inner: ClientProgram;
  private readonly connector: Connector;

  /** @param idle connections, at least one. */
  constructor(inner: ClientProgram, parts: ProgramParts, shape: ProgramShape, idle: number) {
    this.inner = inner;
    this.connector = new Connector(parts, { ...shape, connections: idle }, AT_ONCE);
  }

  /** // Hot path. */
  step(): number {
    if (!this.connector.done) return this.connector.step();
    if (this.inner.finished) return 0;
    const progress = this.inner.step();
    if (this.inner.finished) this.connector.closeAll();
    return progress;
  }

  stop(): void {
    this.inner.stop();
    this.connector.closeAll();
  }

  nextDeadlineNs(): number {
    const { deadlineNs, done } = this.connector;
    return done ? (this.inner.nextDeadlineNs?.() ?? deadlineNs) : deadlineNs;
  }

  get operations(): number {
    return this.inner.operations;
  }

  get operationsMax(): number {
    return this.inner.operationsMax;
  }

  set operationsMax(count: number) {
    this.inner.operationsMax = count;
  }

  get connected(): boolean {
    return this.connector.done && this.inner.connected;
  }

  get unsettled(): number {
    return this.inner.unsettled;
  }

  get idle(): boolean {
    return this.inner.idle;
  }

  get finished(): boolean {
    return this.inner.finished;
  }

  get opened(): number {
    return this.connector.established + this.inner.opened;
  }

  get bytesReceived(): number {
    return this.inner.bytesReceived;
  }

  get latency(): LatencyRecorder | undefined {
    return this.inner.latency;
  }

  set latency(latency: LatencyRecorder | undefined) {
    this.inner.latency = latency;
  }

  get closeWhenIdle(): boolean {
    return this.inner.closeWhenIdle;
  }

  set closeWhenIdle(closes: boolean) {
    this.inner.closeWhenIdle = closes;
  }
}
