/** TCP_MAERTS: TCP_STREAM the other way. The end that listens writes, and the one that connected reads. */
import type { LatencyRecorder } from '../record/latency.ts';
import { EAGAIN } from '../socket/errno.ts';
import { AcceptingServer, FREE } from './acceptor.ts';
import { Connector } from './connector.ts';
import type { Program, ProgramParts, ProgramShape } from './program.ts';
import { RECEIVE_BYTES_MIN } from './stream.ts';
import { failCall, patternBytes } from './workload.ts';

export class MaertsReader implements Program {
  bytesReceived = 0;
  private readonly stack: ProgramParts['stack'];
  private readonly connector: Connector;
  private readonly received: Uint8Array;

  constructor(parts: ProgramParts, shape: ProgramShape) {
    this.stack = parts.stack;
    this.connector = new Connector(parts, shape);
    this.received = new Uint8Array(Math.max(shape.sizeBytes, RECEIVE_BYTES_MIN));
  }

  get connected(): boolean {
    return this.connector.done;
  }

  /** // Hot path: allocates nothing. One read a connection. */
  step(): number {
    if (!this.connector.done) return this.connector.step();
    const { sockets } = this.connector;
    let progress = 0;
    for (let i = 0; i < sockets.length; i++) {
      const got = this.stack.recv(sockets[i], this.received, 0, this.received.length);
      if (got === -EAGAIN) continue;
      if (got < 0) failCall('recv', got);
      if (got === 0) throw new Error('a connection ended early');
      this.bytesReceived += got;
      progress += 1;
    }
    return progress;
  }

  stop(): void {
    this.connector.closeAll();
  }
}

export class MaertsWriter extends AcceptingServer {
  operations = 0;
  operationsMax = Number.POSITIVE_INFINITY;
  latency: LatencyRecorder | undefined;
  private readonly stack: ProgramParts['stack'];
  private readonly size: number;
  private readonly message: Uint8Array;
  /** Bytes of the current write already taken, by place. */
  private readonly done: Int32Array;
  private begun = 0;

  /** @throws SocketError when it cannot listen. */
  constructor(parts: ProgramParts, shape: ProgramShape) {
    super(parts, shape);
    this.stack = parts.stack;
    this.size = shape.sizeBytes;
    this.message = patternBytes(shape.sizeBytes);
    this.done = new Int32Array(shape.connections);
  }

  get idle(): boolean {
    return this.begun === this.operations;
  }

  /** // Hot path: allocates nothing. One write a connection. */
  protected serveAll(): number {
    const { acceptor } = this;
    const { sockets } = acceptor;
    let progress = acceptor.connections < sockets.length && acceptor.accept() >= 0 ? 1 : 0;
    for (let i = 0; i < sockets.length; i++) if (sockets[i] !== FREE) progress += this.write(i, sockets[i]);
    return progress;
  }

  private write(i: number, socket: number): number {
    const done = this.done[i];
    if (done === 0 && this.begun >= this.operationsMax) return 0;
    const sent = this.stack.send(socket, this.message, done, (this.size - done) | 0);
    if (sent === -EAGAIN) return 0;
    if (sent < 0) failCall('send', sent);
    if (done === 0) this.begun += 1;
    this.done[i] = done + sent === this.size ? 0 : done + sent;
    if (this.done[i] === 0) this.operations += 1;
    return 1;
  }
}
