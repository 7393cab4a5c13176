/**
 * HTTP by socket calls: on each of N connections a request, a head and a body in answer, and the next
 * request, until the connection has had so many and one of its ends closes it. `http.ts` is the same over
 * `node:http`.
 */
import type { LatencyRecorder } from '../record/latency.ts';
import type { SocketStack } from '../socket/contract.ts';
import { EAGAIN, ECONNREFUSED } from '../socket/errno.ts';
import { TCP_NODELAY } from '../socket/options.ts';
import { NEVER } from '../time/agent.ts';
import { AcceptingServer, FREE } from './acceptor.ts';
import { openSocket } from './connector.ts';
import {
  BODY_BYTES_MAX,
  bodyBytesOf,
  closesAfter,
  REQUEST_BYTES_MAX,
  REQUEST_BYTES_MIN,
  RESPONSE_HEAD_BYTES,
  RequestReader,
  RequestWriter,
  ResponseHead,
} from './http-message.ts';
import type { ClientProgram, HttpShape, ProgramParts, ProgramShape, ServerProgram } from './program.ts';
import { stepAnswer, Tries } from './ready.ts';
import { Service } from './service.ts';
import { Sizes } from './sizes.ts';
import { Timing } from './timing.ts';
import { failCall, patternBytes } from './workload.ts';

/** What is asked for where nobody says more. */
const PLAIN: HttpShape = { requestBytes: 128, sizes: 'constant', requests: 0, closes: 'server' };
/** Bytes that are read at once. */
const READ_BYTES = 65_536;
/** Both ends begin at once: a refusal before the first answer means that the server has not run yet. */
const RETRY_NS = 1e6;

/** Where a client's connection stands. */
const CLOSED = 0;
const RESTING = 1;
const REQUEST_OUT = 2;
const HEAD_IN = 3;
const BODY_IN = 4;
/** It has its answer, and its server closes. */
const END_IN = 5;

export class HttpClient implements ClientProgram {
  operations = 0;
  operationsMax = Number.POSITIVE_INFINITY;
  closeWhenIdle = false;
  finished = false;
  bytesReceived = 0;
  opened = 0;
  /** A connection is opened when there is a request for it. */
  readonly connected = true;
  private readonly parts: ProgramParts;
  private readonly shape: ProgramShape;
  private readonly http: HttpShape;
  private readonly timing: Timing;
  private readonly requestSizes: Sizes;
  private readonly bodySizes: Sizes;
  private readonly writer: RequestWriter;
  private readonly received: Uint8Array;
  private readonly sockets: Int32Array;
  private readonly tries: Tries;
  private readonly stages: Uint8Array;
  /** By connection: bytes of the request and of the body it asks for, and of the current stage done. */
  private readonly requestBytes: Int32Array;
  private readonly bodyBytes: Int32Array;
  private readonly done: Int32Array;
  /** Heads of responses, of which some may have come in part. */
  private readonly heads: Uint8Array;
  /** Requests that a connection has had. */
  private readonly requests: Int32Array;
  private begun = 0;
  private retryAtNs = NEVER;

  constructor(parts: ProgramParts, shape: ProgramShape) {
    const { connections, sizeBytes, http = PLAIN } = shape;
    const { random } = parts;
    this.parts = parts;
    this.shape = shape;
    this.http = http;
    this.timing = new Timing(parts, shape);
    const limits = [REQUEST_BYTES_MIN, REQUEST_BYTES_MAX] as const;
    this.requestSizes = new Sizes(http.requestBytes, http.sizes, limits, random);
    this.bodySizes = new Sizes(sizeBytes, http.sizes, [1, BODY_BYTES_MAX], random);
    this.writer = new RequestWriter(this.requestSizes.most);
    this.received = new Uint8Array(READ_BYTES);
    this.sockets = new Int32Array(connections);
    this.tries = new Tries(connections, parts.ready);
    this.stages = new Uint8Array(connections);
    this.requestBytes = new Int32Array(connections);
    this.bodyBytes = new Int32Array(connections);
    this.done = new Int32Array(connections);
    this.heads = new Uint8Array(connections * RESPONSE_HEAD_BYTES);
    this.requests = new Int32Array(connections);
  }

  get latency(): LatencyRecorder | undefined {
    return this.timing.latency;
  }

  set latency(latency: LatencyRecorder | undefined) {
    this.timing.latency = latency;
  }

  get unsettled(): number {
    return this.timing.settling.left;
  }

  get idle(): boolean {
    return this.begun === this.operations;
  }

  nextDeadlineNs(): number {
    if (this.begun >= this.operationsMax) return this.retryAtNs;
    return Math.min(this.retryAtNs, this.timing.nextNs());
  }

  /** // Hot path. */
  step(): number {
    if (this.finished) return 0;
    const { ready, clock } = this.parts;
    const { stages, tries } = this;
    if (this.retryAtNs <= clock.nowNs) this.retryAtNs = NEVER;
    ready?.collect();
    let progress = 0;
    for (let i = tries.next(0); i < stages.length; i = tries.next(i + 1)) {
      if (stages[i] >= HEAD_IN) progress += this.collect(i);
    }
    for (let i = 0; i < stages.length; i++) if (stages[i] <= REQUEST_OUT) progress += this.request(i);
    const answer = stepAnswer(progress, ready);
    if (this.closeWhenIdle && this.operations >= this.operationsMax && this.idle) this.stop();
    return answer;
  }

  stop(): void {
    for (let i = 0; i < this.stages.length; i++) if (this.stages[i] !== CLOSED) this.close(i);
    this.finished = true;
  }

  private request(i: number): number {
    let progress = 0;
    if (this.stages[i] !== REQUEST_OUT) {
      if (this.retryAtNs !== NEVER || this.begun >= this.operationsMax) return 0;
      if (!this.timing.mayBegin(i)) return 0;
      this.begin(i);
      progress = 1;
    }
    if (!this.tries.at(i)) return progress;
    const { stack } = this.parts;
    const { bytes } = this.writer;
    const [done, length] = [this.done[i], this.requestBytes[i]];
    this.writer.write(length, this.bodyBytes[i]);
    const sent = stack.send(this.sockets[i], bytes, done, (length - done) | 0);
    if (sent === -EAGAIN) {
      this.tries.wait(i);
      return progress;
    }
    if (sent === -ECONNREFUSED && this.operations === 0) return this.again(i);
    if (sent < 0) failCall('send', sent);
    this.done[i] = done + sent;
    if (done + sent === length) {
      this.done[i] = 0;
      this.stages[i] = HEAD_IN;
      // No response comes before its request has gone.
      this.tries.wait(i);
    }
    return progress + 1;
  }

  /** A request is due: it goes on the connection there is, or opens one. */
  private begin(i: number): void {
    if (this.stages[i] === CLOSED) {
      const { stack } = this.parts;
      this.sockets[i] = openSocket(stack, this.shape.address, this.shape.port);
      stack.setOption(this.sockets[i], TCP_NODELAY, 1);
      this.tries.watch(i, this.sockets[i]);
      this.opened += 1;
      this.requests[i] = 0;
    }
    this.requestBytes[i] = this.requestSizes.draw();
    this.bodyBytes[i] = this.bodySizes.draw();
    this.stages[i] = REQUEST_OUT;
    this.done[i] = 0;
    this.begun += 1;
    // A connection that rested has nothing that keeps it from sending.
    this.tries.wake(i);
  }

  /** The server does not listen yet: the request is made again a little later. */
  private again(i: number): number {
    const { clock } = this.parts;
    this.close(i);
    this.opened -= 1;
    this.begun -= 1;
    clock.update();
    this.retryAtNs = clock.nowNs + RETRY_NS;
    return 0;
  }

  private collect(i: number): number {
    if (this.stages[i] === HEAD_IN) return this.head(i);
    return this.stages[i] === BODY_IN ? this.body(i) : this.end(i);
  }

  private head(i: number): number {
    const done = this.done[i];
    const at = i * RESPONSE_HEAD_BYTES;
    const got = this.recv(i, this.heads, at + done, RESPONSE_HEAD_BYTES - done);
    if (got <= 0) return 0;
    this.done[i] = done + got;
    if (done + got < RESPONSE_HEAD_BYTES) return 1;
    if (bodyBytesOf(this.heads, at) !== this.bodyBytes[i]) throw new Error('an answer to another request');
    this.done[i] = 0;
    this.stages[i] = BODY_IN;
    return 1 + this.body(i);
  }

  private body(i: number): number {
    const done = this.done[i];
    const got = this.recv(i, this.received, 0, Math.min(READ_BYTES, this.bodyBytes[i] - done));
    if (got <= 0) return 0;
    // It is a pattern, of which one byte says whether it has come to where it belongs.
    if (this.received[0] !== done % 251) throw new Error('received other bytes than sent');
    this.done[i] = done + got;
    if (done + got === this.bodyBytes[i]) this.complete(i);
    return 1;
  }

  private end(i: number): number {
    const end = this.parts.stack.recv(this.sockets[i], this.received, 0, 1);
    if (end === -EAGAIN) {
      this.tries.wait(i);
      return 0;
    }
    if (end < 0) failCall('recv', end);
    if (end > 0) throw new Error('an answer was too long');
    this.close(i);
    return 1;
  }

  /** @returns bytes; 0 when there are none yet. @throws Error when the connection has ended. */
  private recv(i: number, bytes: Uint8Array, offset: number, length: number): number {
    const got = this.parts.stack.recv(this.sockets[i], bytes, offset, length | 0);
    if (got === -EAGAIN) {
      this.tries.wait(i);
      return 0;
    }
    if (got < 0) failCall('recv', got);
    if (got === 0) throw new Error('a connection ended early');
    this.bytesReceived += got;
    return got;
  }

  private complete(i: number): void {
    const { requests, closes } = this.http;
    this.timing.completed(i);
    this.operations += 1;
    this.requests[i] += 1;
    if (closesAfter(this.heads, i * RESPONSE_HEAD_BYTES)) this.stages[i] = END_IN;
    else if (closes === 'client' && this.requests[i] === requests) this.close(i);
    else this.stages[i] = RESTING;
  }

  private close(i: number): void {
    this.parts.stack.close(this.sockets[i]);
    this.stages[i] = CLOSED;
  }
}

export class HttpServer extends AcceptingServer implements ServerProgram {
  private readonly stack: SocketStack;
  private readonly http: HttpShape;
  private readonly reader: RequestReader;
  private readonly head = new ResponseHead();
  private readonly bodies: Uint8Array;
  private readonly received: Uint8Array;
  private readonly service: Service | undefined;
  /** By place: bytes of the answer already sent, its head first; -1 while none is under way. */
  private readonly done: Int32Array;
  /** Requests that a connection has had. */
  private readonly requests: Int32Array;

  /** @throws SocketError when it cannot listen. */
  constructor(parts: ProgramParts, shape: ProgramShape) {
    super(parts, shape);
    const { connections, sizeBytes, http = PLAIN } = shape;
    this.stack = parts.stack;
    this.http = http;
    this.reader = new RequestReader(connections);
    this.bodies = patternBytes(http.sizes === 'constant' ? sizeBytes : BODY_BYTES_MAX);
    this.received = new Uint8Array(READ_BYTES);
    this.service = Service.of(parts, shape);
    this.done = new Int32Array(connections);
    this.requests = new Int32Array(connections);
  }

  /** // Hot path. One accept that finds nothing speaks for all free places of this step. */
  protected serveAll(): number {
    const { acceptor } = this;
    let progress = 0;
    for (let place = acceptor.accept(); place >= 0; place = acceptor.accept()) {
      this.stack.setOption(acceptor.sockets[place], TCP_NODELAY, 1);
      this.reader.reset(place);
      this.done[place] = -1;
      this.requests[place] = 0;
      progress += 1;
    }
    const { sockets, tries } = acceptor;
    for (let i = tries.next(0); i < sockets.length; i = tries.next(i + 1)) {
      if (sockets[i] !== FREE) progress += this.serve(i, sockets[i]);
    }
    return progress;
  }

  private serve(i: number, socket: number): number {
    if (this.done[i] >= 0) return this.answer(i, socket);
    const got = this.stack.recv(socket, this.received, 0, READ_BYTES);
    if (got === -EAGAIN) {
      this.acceptor.tries.wait(i);
      return 0;
    }
    if (got < 0) failCall('recv', got);
    if (got === 0) {
      if (this.reader.read[i] > 0) throw new Error('a request ended early');
      this.acceptor.end(i);
      return 1;
    }
    this.bytesReceived += got;
    if (!this.reader.take(i, this.received, got)) return 1;
    this.requests[i] += 1;
    this.service?.serve();
    this.done[i] = 0;
    return 1 + this.answer(i, socket);
  }

  /** The head in a write of its own, then as much of the body as is taken. */
  private answer(i: number, socket: number): number {
    const { requests, closes } = this.http;
    const last = closes === 'server' && this.requests[i] === requests;
    const length = RESPONSE_HEAD_BYTES + this.reader.bodyBytes[i];
    let done = this.done[i];
    let progress = 0;
    if (done < RESPONSE_HEAD_BYTES) {
      this.head.write(this.reader.bodyBytes[i], last);
      const sent = this.send(i, socket, this.head.bytes, done, RESPONSE_HEAD_BYTES - done);
      if (sent === 0) return 0;
      done += sent;
      this.done[i] = done;
      progress = 1;
      if (done < RESPONSE_HEAD_BYTES) return progress;
    }
    const sent = this.send(i, socket, this.bodies, done - RESPONSE_HEAD_BYTES, length - done);
    if (sent === 0) return progress;
    this.done[i] = done + sent;
    if (done + sent < length) return progress + 1;
    this.done[i] = -1;
    if (last) this.acceptor.end(i);
    // No request comes before the answer to the one before it has gone.
    else this.acceptor.tries.wait(i);
    return progress + 1;
  }

  /** @returns bytes taken; 0 when none are now. */
  private send(i: number, socket: number, bytes: Uint8Array, offset: number, length: number): number {
    const sent = this.stack.send(socket, bytes, offset, length | 0);
    if (sent === -EAGAIN) {
      this.acceptor.tries.wait(i);
      return 0;
    }
    if (sent < 0) failCall('send', sent);
    return sent;
  }
}
