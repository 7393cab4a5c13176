/** TCP_STREAM: writes of `sizeBytes` on each of N connections, drained by the server as they come. */
import type { LatencyRecorder } from '../record/latency.ts';
import { EAGAIN } from '../socket/errno.ts';
import { Connector, Listener } from './connector.ts';
import type { ClientProgram, ProgramParts, ProgramShape, ServerProgram } from './program.ts';
import { failCall, patternBytes } from './workload.ts';

/** A reader asks for at least this much at once. */
const RECEIVE_BYTES_MIN = 65_536;

export class StreamClient implements ClientProgram {
  operations = 0;
  operationsMax = Number.POSITIVE_INFINITY;
  latency: LatencyRecorder | undefined;
  closeWhenIdle = false;
  finished = false;
  readonly bytesReceived = 0;
  private readonly parts: ProgramParts;
  private readonly connector: Connector;
  private readonly size: number;
  private readonly message: Uint8Array;
  /** Bytes of the current write already taken, by connection. */
  private readonly done: Int32Array;
  private begun = 0;

  constructor(parts: ProgramParts, shape: ProgramShape) {
    this.parts = parts;
    this.connector = new Connector(parts, shape);
    this.size = shape.sizeBytes;
    this.message = patternBytes(shape.sizeBytes);
    this.done = new Int32Array(shape.connections);
  }

  get connected(): boolean {
    return this.connector.done;
  }

  get opened(): number {
    return this.connector.established;
  }

  get idle(): boolean {
    return this.begun === this.operations;
  }

  nextDeadlineNs(): number {
    return this.connector.deadlineNs;
  }

  /** // Hot path: allocates nothing. One write a connection. */
  step(): number {
    if (this.finished) return 0;
    if (!this.connector.done) return this.connector.step();
    let progress = 0;
    for (let i = 0; i < this.done.length; i++) progress += this.write(i);
    if (this.closeWhenIdle && this.operations >= this.operationsMax && this.idle) this.stop();
    return progress;
  }

  stop(): void {
    this.connector.closeAll();
    this.finished = true;
  }

  private write(i: number): number {
    const done = this.done[i];
    if (done === 0 && this.begun >= this.operationsMax) return 0;
    const sent = this.parts.stack.send(this.connector.sockets[i], this.message, done, (this.size - done) | 0);
    if (sent === -EAGAIN) return 0;
    if (sent < 0) failCall('send', sent);
    if (done === 0) this.begun += 1;
    if (done + sent < this.size) {
      this.done[i] = done + sent;
    } else {
      this.done[i] = 0;
      this.operations += 1;
    }
    return 1;
  }
}

const FREE = -1;

export class StreamServer implements ServerProgram {
  readonly port: number;
  connections = 0;
  accepted = 0;
  bytesReceived = 0;
  private stopped = false;
  private readonly parts: ProgramParts;
  private readonly listener: Listener;
  private readonly sockets: Int32Array;
  private readonly received: Uint8Array;

  /** @throws when it cannot listen. */
  constructor(parts: ProgramParts, shape: ProgramShape) {
    const { connections, sizeBytes } = shape;
    this.parts = parts;
    this.listener = new Listener(parts.stack, shape.address, shape.port, Math.max(connections, 16));
    this.port = this.listener.port;
    this.sockets = new Int32Array(connections).fill(FREE);
    this.received = new Uint8Array(Math.max(sizeBytes, RECEIVE_BYTES_MIN));
  }

  /** // Hot path: allocates nothing. One read a connection. */
  step(): number {
    if (this.stopped) return 0;
    const { sockets } = this;
    let progress = this.connections < sockets.length ? this.accept() : 0;
    for (let i = 0; i < sockets.length; i++) if (sockets[i] !== FREE) progress += this.read(i);
    return progress;
  }

  stop(): void {
    this.stopped = true;
    for (let i = 0; i < this.sockets.length; i++) if (this.sockets[i] !== FREE) this.end(i);
    this.listener.close();
  }

  private accept(): number {
    const socket = this.listener.accept();
    if (socket < 0) return 0;
    this.sockets[this.sockets.indexOf(FREE)] = socket;
    this.connections += 1;
    this.accepted += 1;
    return 1;
  }

  private read(i: number): number {
    const got = this.parts.stack.recv(this.sockets[i], this.received, 0, this.received.length);
    if (got === -EAGAIN) return 0;
    if (got < 0) failCall('recv', got);
    if (got === 0) this.end(i);
    else this.bytesReceived += got;
    return 1;
  }

  private end(i: number): void {
    this.parts.stack.close(this.sockets[i]);
    this.sockets[i] = FREE;
    this.connections -= 1;
  }
}
