/**
 * TCP_CRR: connect, request, response, close, a new connection each time, N of them at once. The server
 * closes after its response and the client on seeing the end, as a web server of the first kind did: so
 * TIME-WAIT stays with the server's port, and the client's ports are free to be used again at once. A
 * million connections run through without a port running out, with no option set on either stack.
 */
import type { LatencyRecorder } from '../record/latency.ts';
import type { SocketStack } from '../socket/contract.ts';
import { EAGAIN, ECONNREFUSED } from '../socket/errno.ts';
import { NEVER } from '../time/agent.ts';
import { AcceptingServer, FREE } from './acceptor.ts';
import { openSocket } from './connector.ts';
import { isOpenLoop, NOT_YET, type Pacing, pacingOf } from './pacing.ts';
import type { ClientProgram, ProgramParts, ProgramShape, ServerProgram } from './program.ts';
import { stepAnswer, Tries } from './ready.ts';
import { Service } from './service.ts';
import { Settling } from './settling.ts';
import { failCall, patternBytes, SAMPLE_MASK } from './workload.ts';

/** Where a client stands. */
const IDLE = 0;
const SENDING = 1;
const RECEIVING = 2;
const ENDING = 3;

/**
 * Both ends of a world begin at once: a refusal before the first answer means that the server has not run
 * yet.
 */
const RETRY_NS = 1e6;

export class ConnectRequestResponseClient implements ClientProgram {
  operations = 0;
  operationsMax = Number.POSITIVE_INFINITY;
  latency: LatencyRecorder | undefined;
  closeWhenIdle = false;
  finished = false;
  /** There are no connections but those of operations. */
  readonly connected = true;
  private readonly parts: ProgramParts;
  private readonly shape: ProgramShape;
  private readonly responseSize: number;
  private readonly sockets: Int32Array;
  private readonly tries: Tries;
  private readonly stages: Uint8Array;
  private readonly done: Int32Array;
  private readonly startsNs: Float64Array;
  private readonly message: Uint8Array;
  private readonly received: Uint8Array;
  private readonly sampleMask: number;
  private readonly pacing: Pacing | undefined;
  private readonly settling: Settling;
  private begun = 0;
  private retryAtNs = NEVER;

  constructor(parts: ProgramParts, shape: ProgramShape) {
    const { connections, sizeBytes, responseBytes = sizeBytes } = shape;
    this.parts = parts;
    this.sampleMask = parts.sampleMask ?? SAMPLE_MASK;
    this.pacing = pacingOf(shape.pace, connections, parts.random, parts.clock);
    this.settling = new Settling(connections, isOpenLoop(shape.pace));
    this.shape = shape;
    this.responseSize = responseBytes;
    this.sockets = new Int32Array(connections);
    this.tries = new Tries(connections, parts.ready);
    this.stages = new Uint8Array(connections);
    this.done = new Int32Array(connections);
    this.startsNs = new Float64Array(connections);
    this.message = patternBytes(sizeBytes);
    this.received = new Uint8Array(Math.max(sizeBytes, responseBytes));
  }

  get unsettled(): number {
    return this.settling.left;
  }

  get opened(): number {
    return this.begun;
  }

  get idle(): boolean {
    return this.begun === this.operations;
  }

  get bytesReceived(): number {
    return this.operations * this.responseSize;
  }

  nextDeadlineNs(): number {
    const { pacing } = this;
    if (pacing === undefined || this.begun >= this.operationsMax) return this.retryAtNs;
    return Math.min(this.retryAtNs, pacing.nextNs());
  }

  step(): number {
    if (this.finished) return 0;
    if (this.retryAtNs !== NEVER) {
      if (this.parts.clock.nowNs < this.retryAtNs) return 0;
      this.retryAtNs = NEVER;
    }
    const { ready } = this.parts;
    const { tries, stages } = this;
    ready?.collect();
    let progress = 0;
    for (let i = tries.next(0); i < stages.length; i = tries.next(i + 1)) progress += this.collect(i);
    for (let i = 0; i < stages.length; i++) {
      if (stages[i] === IDLE || tries.at(i)) progress += this.request(i);
    }
    const answer = stepAnswer(progress, ready);
    if (this.closeWhenIdle && this.operations >= this.operationsMax && this.idle) this.finished = true;
    return answer;
  }

  stop(): void {
    for (let i = 0; i < this.stages.length; i++) {
      if (this.stages[i] !== IDLE) this.parts.stack.close(this.sockets[i]);
      this.stages[i] = IDLE;
    }
    this.begun = this.operations;
    this.finished = true;
  }

  /** The way out: connect, and send as soon as the connection takes it. */
  private request(i: number): number {
    const { stack } = this.parts;
    const size = this.shape.sizeBytes;
    let progress = 0;
    if (this.stages[i] === IDLE) {
      if (this.begun >= this.operationsMax || this.retryAtNs !== NEVER || !this.begin(i)) return 0;
      progress = 1;
    }
    if (this.stages[i] !== SENDING) return progress;
    const done = this.done[i];
    const sent = stack.send(this.sockets[i], this.message, done, (size - done) | 0);
    if (sent === -EAGAIN) {
      this.tries.wait(i);
      return progress;
    }
    if (sent === -ECONNREFUSED && this.operations === 0) return this.again(i);
    if (sent < 0) failCall('send', sent);
    this.done[i] = (done + sent) % size;
    if (done + sent === size) {
      this.stages[i] = RECEIVING;
      // No response comes before its request has gone.
      this.tries.wait(i);
    }
    return progress + 1;
  }

  /** Opens a connection for a transaction that is due. @returns whether one was. */
  private begin(i: number): boolean {
    const { stack, clock } = this.parts;
    const sinceNs = this.pacing === undefined ? 0 : this.pacing.begin(i);
    if (sinceNs === NOT_YET) return false;
    if (((this.begun + i) & this.sampleMask) === 0) {
      clock.update();
      this.startsNs[i] = this.pacing === undefined ? clock.nowNs : sinceNs;
    }
    this.sockets[i] = openSocket(stack, this.shape.address, this.shape.port);
    this.tries.watch(i, this.sockets[i]);
    this.stages[i] = SENDING;
    this.done[i] = 0;
    this.begun += 1;
    return true;
  }

  /** The server does not listen yet: the connection is opened again a little later. */
  private again(i: number): number {
    const { stack, clock } = this.parts;
    stack.close(this.sockets[i]);
    this.stages[i] = IDLE;
    this.startsNs[i] = 0;
    this.begun -= 1;
    this.pacing?.again(i);
    clock.update();
    this.retryAtNs = clock.nowNs + RETRY_NS;
    return 0;
  }

  /** The way in: the response, the end of the stream, close. */
  private collect(i: number): number {
    const { stack } = this.parts;
    const size = this.responseSize;
    let progress = 0;
    const socket = this.sockets[i];
    if (this.stages[i] === RECEIVING) {
      const done = this.done[i];
      const got = stack.recv(socket, this.received, done, (size - done) | 0);
      if (got === -EAGAIN) {
        this.tries.wait(i);
        return 0;
      }
      if (got < 0) failCall('recv', got);
      if (got === 0) throw new Error('a response ended early');
      progress = 1;
      this.done[i] = done + got;
      if (done + got === size) this.stages[i] = ENDING;
    }
    if (this.stages[i] !== ENDING) return progress;
    const end = stack.recv(socket, this.received, 0, size);
    if (end === -EAGAIN) {
      this.tries.wait(i);
      return progress;
    }
    if (end < 0) failCall('recv', end);
    if (end > 0) throw new Error('a response was too long');
    stack.close(socket);
    this.complete(i);
    return progress + 1;
  }

  private complete(i: number): void {
    const { clock } = this.parts;
    this.stages[i] = IDLE;
    this.operations += 1;
    if (this.settling.left > 0) this.settling.settled(i);
    this.pacing?.completed(i);
    if (this.startsNs[i] === 0) return;
    clock.update();
    this.latency?.record(clock.nowNs - this.startsNs[i]);
    this.startsNs[i] = 0;
  }
}

/** Where a server's connection stands. */
const SERVING = 1;
const ANSWERING = 2;

export class ConnectRequestResponseServer extends AcceptingServer implements ServerProgram {
  private readonly stack: SocketStack;
  private readonly size: number;
  private readonly responseSize: number;
  private readonly stages: Uint8Array;
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
    this.stages = new Uint8Array(connections);
    this.done = new Int32Array(connections);
    this.message = patternBytes(responseBytes);
    this.received = new Uint8Array(sizeBytes);
  }

  /** One accept that finds nothing speaks for all free places of this step. */
  protected serveAll(): number {
    const { acceptor } = this;
    let progress = 0;
    for (let place = acceptor.accept(); place >= 0; place = acceptor.accept()) {
      this.stages[place] = SERVING;
      this.done[place] = 0;
      progress += 1;
    }
    const { sockets, tries } = acceptor;
    for (let i = tries.next(0); i < sockets.length; i = tries.next(i + 1)) {
      if (sockets[i] !== FREE) progress += this.serve(i, sockets[i]);
    }
    return progress;
  }

  private serve(i: number, socket: number): number {
    const { size } = this;
    let progress = 0;
    if (this.stages[i] === SERVING) {
      const done = this.done[i];
      const got = this.stack.recv(socket, this.received, done, (size - done) | 0);
      if (got === -EAGAIN) {
        this.acceptor.tries.wait(i);
        return 0;
      }
      if (got < 0) failCall('recv', got);
      if (got === 0) {
        if (done > 0) throw new Error('a request ended early');
        // One of a client's idle connections.
        this.acceptor.end(i);
        return 1;
      }
      progress = 1;
      this.bytesReceived += got;
      this.done[i] = (done + got) % size;
      if (done + got === size) {
        this.stages[i] = ANSWERING;
        this.service?.serve();
      }
    }
    return this.stages[i] === ANSWERING ? progress + this.answer(i, socket) : progress;
  }

  private answer(i: number, socket: number): number {
    const { responseSize: size } = this;
    const done = this.done[i];
    const sent = this.stack.send(socket, this.message, done, (size - done) | 0);
    if (sent === -EAGAIN) {
      this.acceptor.tries.wait(i);
      return 0;
    }
    if (sent < 0) failCall('send', sent);
    this.done[i] = done + sent;
    if (done + sent === size) this.acceptor.end(i);
    return 1;
  }
}
