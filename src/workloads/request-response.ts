/**
 * TCP_RR: on each of N connections a request, then a response as long, again and again. Server and client
 * are apart. A call is simply tried: EAGAIN means that its time has not come.
 */
import type { LatencyRecorder } from '../record/latency.ts';
import type { SocketStack } from '../socket/contract.ts';
import { EAGAIN } from '../socket/errno.ts';
import { TCP_NODELAY } from '../socket/options.ts';
import { AcceptingServer, FREE } from './acceptor.ts';
import { Connector } from './connector.ts';
import type { ClientProgram, ProgramParts, ProgramShape, ServerProgram } from './program.ts';
import { stepAnswer } from './ready.ts';
import { Service } from './service.ts';
import { Timing } from './timing.ts';
import { failCall, patternBytes } from './workload.ts';

/** Where a client's transaction stands. */
const REQUEST_OUT = 0;
const RESPONSE_IN = 1;

export class RequestResponseClient implements ClientProgram {
  operations = 0;
  operationsMax = Number.POSITIVE_INFINITY;
  closeWhenIdle = false;
  finished = false;
  private readonly parts: ProgramParts;
  private readonly connector: Connector;
  /** Bytes of a request, and of its response. */
  private readonly size: number;
  private readonly responseSize: number;
  private readonly stages: Uint8Array;
  /** Bytes of the current stage already done. */
  private readonly done: Int32Array;
  private readonly message: Uint8Array;
  private readonly response: Uint8Array;
  private readonly received: Uint8Array;
  private readonly timing: Timing;
  /** Transactions begun. */
  private begun = 0;

  constructor(parts: ProgramParts, shape: ProgramShape) {
    const { connections, sizeBytes, responseBytes = sizeBytes } = shape;
    this.parts = parts;
    this.timing = new Timing(parts, shape);
    this.connector = new Connector(parts, shape);
    this.size = sizeBytes;
    this.responseSize = responseBytes;
    this.stages = new Uint8Array(connections);
    this.done = new Int32Array(connections);
    this.message = patternBytes(sizeBytes);
    this.response = patternBytes(responseBytes);
    this.received = new Uint8Array(responseBytes);
  }

  get latency(): LatencyRecorder | undefined {
    return this.timing.latency;
  }

  set latency(latency: LatencyRecorder | undefined) {
    this.timing.latency = latency;
  }

  get connected(): boolean {
    return this.connector.done;
  }

  get unsettled(): number {
    return Math.max(this.timing.settling.left, this.stages.length - this.connector.established);
  }

  get opened(): number {
    return this.connector.established;
  }

  get idle(): boolean {
    return this.begun === this.operations;
  }

  get bytesReceived(): number {
    return this.operations * this.responseSize;
  }

  nextDeadlineNs(): number {
    if (this.begun >= this.operationsMax) return this.connector.deadlineNs;
    return Math.min(this.connector.deadlineNs, this.timing.nextNs());
  }

  /** // Hot path: allocates nothing but the clock's number on every 16th transaction. */
  step(): number {
    if (this.finished) return 0;
    if (!this.connector.done) return this.connector.step();
    const { ready } = this.parts;
    ready?.collect();
    const answer = stepAnswer(this.collect() + this.request(), ready);
    if (this.closeWhenIdle && this.operations >= this.operationsMax && this.idle) this.finish();
    return answer;
  }

  stop(): void {
    this.connector.closeAll();
    this.finished = true;
  }

  /** The last response received must be the one the server sends. @throws when it is not. */
  checkContent(): void {
    if (!this.received.every((byte, i) => byte === this.response[i])) {
      throw new Error('received other bytes than sent');
    }
  }

  private finish(): void {
    this.checkContent();
    this.stop();
  }

  private request(): number {
    const { stages, done, size } = this;
    const { sockets, tries } = this.connector;
    const { stack } = this.parts;
    let progress = 0;
    for (let i = tries.next(0); i < stages.length; i = tries.next(i + 1)) {
      if (stages[i] !== REQUEST_OUT) continue;
      const sentBefore = done[i];
      if (sentBefore === 0) {
        if (this.begun >= this.operationsMax || !this.timing.mayBegin(i)) continue;
      }
      const sent = stack.send(sockets[i], this.message, sentBefore, (size - sentBefore) | 0);
      if (sent === -EAGAIN) {
        tries.wait(i);
        continue;
      }
      if (sent < 0) failCall('send', sent);
      progress += 1;
      if (sentBefore === 0) this.begun += 1;
      if (sentBefore + sent < size) {
        done[i] = sentBefore + sent;
      } else {
        done[i] = 0;
        stages[i] = RESPONSE_IN;
        // No response comes before its request has gone.
        tries.wait(i);
      }
    }
    return progress;
  }

  private collect(): number {
    const { stages, done, responseSize: size } = this;
    const { sockets, tries } = this.connector;
    const { stack } = this.parts;
    let progress = 0;
    for (let i = tries.next(0); i < stages.length; i = tries.next(i + 1)) {
      if (stages[i] !== RESPONSE_IN) continue;
      const gotBefore = done[i];
      const got = stack.recv(sockets[i], this.received, gotBefore, (size - gotBefore) | 0);
      if (got === -EAGAIN) {
        tries.wait(i);
        continue;
      }
      if (got < 0) failCall('recv', got);
      if (got === 0) throw new Error('a connection ended early');
      progress += 1;
      if (gotBefore + got < size) {
        done[i] = gotBefore + got;
      } else {
        done[i] = 0;
        this.complete(i);
      }
    }
    return progress;
  }

  private complete(i: number): void {
    this.stages[i] = REQUEST_OUT;
    this.timing.completed(i);
    this.operations += 1;
  }
}

export class RequestResponseServer extends AcceptingServer implements ServerProgram {
  private readonly stack: SocketStack;
  /** Bytes of a request, and of its response. */
  private readonly size: number;
  private readonly responseSize: number;
  /** Bytes of the request already received; `size` and more: of the response already sent, behind them. */
  private readonly done: Int32Array;
  private readonly message: Uint8Array;
  private readonly received: Uint8Array;
  private readonly service: Service | undefined;

  /** @throws SocketError when it cannot listen. */
  constructor(parts: ProgramParts, shape: ProgramShape) {
    super(parts, shape);
    const { connections, sizeBytes, responseBytes = sizeBytes } = shape;
    this.stack = parts.stack;
    this.service = Service.of(parts, shape);
    this.size = sizeBytes;
    this.responseSize = responseBytes;
    this.done = new Int32Array(connections);
    this.message = patternBytes(responseBytes);
    this.received = new Uint8Array(sizeBytes);
  }

  /** // Hot path: allocates nothing. */
  protected serveAll(): number {
    const { acceptor } = this;
    const { sockets, tries } = acceptor;
    let progress = acceptor.connections < sockets.length ? this.accept() : 0;
    for (let i = tries.next(0); i < sockets.length; i = tries.next(i + 1)) {
      if (sockets[i] !== FREE) progress += this.serve(i, sockets[i]);
    }
    return progress;
  }

  private accept(): number {
    const place = this.acceptor.accept();
    if (place < 0) return 0;
    this.stack.setOption(this.acceptor.sockets[place], TCP_NODELAY, 1);
    this.done[place] = 0;
    return 1;
  }

  private serve(i: number, socket: number): number {
    const { stack, size, responseSize, done } = this;
    const { tries } = this.acceptor;
    let progress = 0;
    if (done[i] < size) {
      const got = stack.recv(socket, this.received, done[i], (size - done[i]) | 0);
      if (got === -EAGAIN) {
        tries.wait(i);
        return 0;
      }
      if (got <= 0) {
        if (got < 0) failCall('recv', got);
        this.acceptor.end(i);
        return 1;
      }
      done[i] += got;
      this.bytesReceived += got;
      progress = 1;
      if (done[i] >= size) this.service?.serve();
    }
    if (done[i] < size) return progress;
    const sentBefore = done[i] - size;
    const sent = stack.send(socket, this.message, sentBefore, (responseSize - sentBefore) | 0);
    if (sent === -EAGAIN) {
      tries.wait(i);
      return progress;
    }
    if (sent < 0) failCall('send', sent);
    done[i] = sentBefore + sent === responseSize ? 0 : done[i] + sent;
    // No request comes before the response to the one before it has gone.
    if (done[i] === 0) tries.wait(i);
    return progress + 1;
  }
}
