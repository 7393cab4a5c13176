/** TCP_STREAM: writes of `sizeBytes` on each of N connections, drained by the server as they come. */
import type { LatencyRecorder } from '../record/latency.ts';
import type { SocketStack } from '../socket/contract.ts';
import { EAGAIN } from '../socket/errno.ts';
import { SO_SNDBUF } from '../socket/options.ts';
import { AcceptingServer, FREE } from './acceptor.ts';
import { Connector } from './connector.ts';
import type { ClientProgram, ProgramParts, ProgramShape, ServerProgram } from './program.ts';
import { stepAnswer } from './ready.ts';
import { Settling } from './settling.ts';
import { failCall, patternBytes } from './workload.ts';

/** A reader asks for at least this much at once. */
export const RECEIVE_BYTES_MIN = 65_536;

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
  private readonly settling: Settling;
  /** By connection, until it is settled: whether a write was refused, and whole writes taken. */
  private readonly refused: Uint8Array;
  private readonly writes: Int32Array;
  private begun = 0;

  constructor(parts: ProgramParts, shape: ProgramShape) {
    this.parts = parts;
    this.connector = new Connector(parts, shape);
    this.size = shape.sizeBytes;
    this.message = patternBytes(shape.sizeBytes);
    this.done = new Int32Array(shape.connections);
    this.settling = new Settling(shape.connections, false);
    this.refused = new Uint8Array(shape.connections);
    this.writes = new Int32Array(shape.connections);
  }

  get connected(): boolean {
    return this.connector.done;
  }

  get unsettled(): number {
    return this.settling.left;
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
    const { ready } = this.parts;
    const { tries } = this.connector;
    ready?.collect();
    let progress = 0;
    for (let i = tries.next(0); i < this.done.length; i = tries.next(i + 1)) progress += this.write(i);
    const answer = stepAnswer(progress, ready);
    if (this.closeWhenIdle && this.operations >= this.operationsMax && this.idle) this.stop();
    return answer;
  }

  stop(): void {
    this.connector.closeAll();
    this.finished = true;
  }

  private write(i: number): number {
    const done = this.done[i];
    if (done === 0 && this.begun >= this.operationsMax) return 0;
    const sent = this.parts.stack.send(this.connector.sockets[i], this.message, done, (this.size - done) | 0);
    if (sent === -EAGAIN) {
      this.connector.tries.wait(i);
      this.refused[i] = 1;
      return 0;
    }
    if (sent < 0) failCall('send', sent);
    if (done === 0) this.begun += 1;
    if (done + sent < this.size) {
      this.done[i] = done + sent;
    } else {
      this.done[i] = 0;
      this.operations += 1;
      if (this.settling.left > 0) this.settle(i);
    }
    return 1;
  }

  /** The first writes fill the socket's buffer, and say nothing of how fast the peer takes them. */
  private settle(i: number): void {
    const { stack } = this.parts;
    this.writes[i] += 1;
    const overflows = this.writes[i] * this.size > stack.getOption(this.connector.sockets[i], SO_SNDBUF);
    if (this.refused[i] !== 0 || overflows) this.settling.settled(i);
  }
}

export class StreamServer extends AcceptingServer implements ServerProgram {
  private readonly stack: SocketStack;
  private readonly received: Uint8Array;

  /** @throws SocketError when it cannot listen. */
  constructor(parts: ProgramParts, shape: ProgramShape) {
    super(parts, shape);
    this.stack = parts.stack;
    this.received = new Uint8Array(Math.max(shape.sizeBytes, RECEIVE_BYTES_MIN));
  }

  /** // Hot path: allocates nothing. One read a connection. */
  protected serveAll(): number {
    const { acceptor } = this;
    const { sockets, tries } = acceptor;
    let progress = acceptor.connections < sockets.length && acceptor.accept() >= 0 ? 1 : 0;
    for (let i = tries.next(0); i < sockets.length; i = tries.next(i + 1)) {
      if (sockets[i] !== FREE) progress += this.read(i, sockets[i]);
    }
    return progress;
  }

  private read(i: number, socket: number): number {
    const got = this.stack.recv(socket, this.received, 0, this.received.length);
    if (got === -EAGAIN) {
      this.acceptor.tries.wait(i);
      return 0;
    }
    if (got < 0) failCall('recv', got);
    if (got === 0) this.acceptor.end(i);
    else this.bytesReceived += got;
    return 1;
  }
}
