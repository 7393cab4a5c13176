/**
 * UDP_RR and UDP_STREAM. A datagram may be lost: a request without an answer is sent again after a while, and
 * counted, and of a stream what has been sent and what has come are two counts. A server has one socket for
 * all its clients, each of which has one for each of its connections.
 */
import type { LatencyRecorder } from '../record/latency.ts';
import { type DatagramSource, SOCK_DGRAM, type SocketStack } from '../socket/contract.ts';
import { EAGAIN, ECONNREFUSED, EHOSTUNREACH } from '../socket/errno.ts';
import { openDatagrams } from '../socket/open-socket.ts';
import { NEVER } from '../time/agent.ts';
import { isOpenLoop, NOT_YET, type Pacing, pacingOf } from './pacing.ts';
import type { ClientProgram, ProgramParts, ProgramShape, ServerProgram } from './program.ts';
import { stepAnswer, Tries } from './ready.ts';
import { Service } from './service.ts';
import { Settling } from './settling.ts';
import { Timing } from './timing.ts';
import { failCall, patternBytes } from './workload.ts';

/** How long an answer is waited for where nobody says. */
const TIMEOUT_NS = 200e6;
/** Datagrams that a server takes in one step. */
const TAKEN_AT_ONCE = 16;
/** How long after one was refused, since nobody listened, the next datagram is sent. */
const RETRY_NS = 1e6;
/** A datagram's number, of which as many bytes travel as there is room for. */
const NUMBER_BYTES = 4;

/** A client's sockets, each connected to the server. */
abstract class DatagramClient {
  operations = 0;
  operationsMax = Number.POSITIVE_INFINITY;
  closeWhenIdle = false;
  finished = false;
  /** Sockets need nobody's consent. */
  readonly connected = true;
  /** There are no connections that a server would accept. */
  readonly opened = 0;
  sent = 0;
  protected readonly parts: ProgramParts;
  protected readonly sockets: Int32Array;
  protected readonly tries: Tries;
  protected readonly message: Uint8Array;
  /** When the next is sent after one that was refused; `NEVER` where none was. */
  protected retryAtNs = NEVER;

  constructor(parts: ProgramParts, { address, port, connections, sizeBytes }: ProgramShape) {
    this.parts = parts;
    this.message = patternBytes(sizeBytes);
    this.tries = new Tries(connections, parts.ready);
    this.sockets = new Int32Array(connections);
    for (let i = 0; i < connections; i++) {
      this.sockets[i] = openConnected(parts.stack, address, port);
      this.tries.watch(i, this.sockets[i]);
    }
  }

  abstract readonly idle: boolean;
  protected abstract advance(): number;

  step(): number {
    if (this.finished) return 0;
    const { ready, clock } = this.parts;
    if (this.retryAtNs <= clock.nowNs) this.retryAtNs = NEVER;
    ready?.collect();
    const answer = stepAnswer(this.advance(), ready);
    if (this.closeWhenIdle && this.operations >= this.operationsMax && this.idle) this.stop();
    return answer;
  }

  stop(): void {
    for (let i = 0; i < this.sockets.length; i++) {
      if (this.sockets[i] >= 0) this.parts.stack.close(this.sockets[i]);
      this.sockets[i] = -1;
    }
    this.finished = true;
  }

  /** @returns whether the datagram was taken. */
  protected put(i: number): boolean {
    const { stack, clock } = this.parts;
    if (this.retryAtNs !== NEVER) return false;
    const taken = stack.send(this.sockets[i], this.message, 0, this.message.length);
    if (taken === -EAGAIN) {
      this.tries.wait(i);
      return false;
    }
    if (isLoss(taken)) {
      clock.update();
      this.retryAtNs = clock.nowNs + RETRY_NS;
      return false;
    }
    if (taken < 0) failCall('send', taken);
    this.sent += 1;
    return true;
  }
}

export class DatagramRequestClient extends DatagramClient implements ClientProgram {
  bytesReceived = 0;
  private readonly timing: Timing;
  private readonly timeoutNs: number;
  private readonly responseSize: number;
  private readonly received: Uint8Array;
  /** Bytes of a request's number that its response brings back. */
  private readonly numberBytes: number;
  /** By connection: the number of the request that waits for its answer, and since when; -1: none does. */
  private readonly numbers: Int32Array;
  private readonly sentNs: Float64Array;
  /** 1 where a request was given up, and is to be sent again. */
  private readonly again: Uint8Array;
  private begun = 0;
  private number = 0;

  constructor(parts: ProgramParts, shape: ProgramShape) {
    super(parts, shape);
    const { connections, sizeBytes, responseBytes = sizeBytes, timeoutNs = TIMEOUT_NS } = shape;
    this.timing = new Timing(parts, shape);
    this.timeoutNs = timeoutNs;
    this.responseSize = responseBytes;
    // One byte more, so that a response that is too long shows.
    this.received = new Uint8Array(responseBytes + 1);
    this.numberBytes = Math.min(NUMBER_BYTES, sizeBytes, responseBytes);
    this.numbers = new Int32Array(connections).fill(-1);
    this.sentNs = new Float64Array(connections);
    this.again = new Uint8Array(connections);
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

  get arrived(): number {
    return this.operations;
  }

  nextDeadlineNs(): number {
    let nextNs = this.begun >= this.operationsMax ? NEVER : this.timing.nextNs();
    for (let i = 0; i < this.numbers.length; i++) {
      if (this.numbers[i] >= 0) nextNs = Math.min(nextNs, this.sentNs[i] + this.timeoutNs);
    }
    return Math.min(nextNs, this.retryAtNs);
  }

  /** // Hot path. */
  protected advance(): number {
    let progress = 0;
    for (let i = 0; i < this.numbers.length; i++) {
      if (this.numbers[i] >= 0) progress += this.collect(i);
    }
    for (let i = 0; i < this.numbers.length; i++) {
      if (this.numbers[i] < 0) progress += this.request(i);
    }
    return progress;
  }

  private request(i: number): number {
    const again = this.again[i] !== 0;
    if (!again && (this.begun >= this.operationsMax || !this.timing.mayBegin(i))) return 0;
    if (!this.tries.at(i)) return 0;
    writeNumber(this.message, this.number, this.numberBytes);
    if (!this.put(i)) return 0;
    if (!again) this.begun += 1;
    this.again[i] = 0;
    this.numbers[i] = this.number;
    this.sentNs[i] = this.parts.clock.nowNs;
    this.number = (this.number + 1) & 0x7fffffff;
    // No answer comes before its request has gone.
    this.tries.wait(i);
    return 1;
  }

  private collect(i: number): number {
    const { stack, clock } = this.parts;
    if (this.tries.at(i)) {
      const got = stack.recv(this.sockets[i], this.received, 0, this.received.length);
      if (got >= 0) return this.take(i, got);
      if (got !== -EAGAIN && !isLoss(got)) failCall('recv', got);
      this.tries.wait(i);
    }
    if (clock.nowNs < this.sentNs[i] + this.timeoutNs) return 0;
    this.numbers[i] = -1;
    this.again[i] = 1;
    // Its socket is ready to be sent to, whatever it has been named for.
    this.tries.wake(i);
    return 1;
  }

  private take(i: number, got: number): number {
    if (got !== this.responseSize) throw wrongLength(got, this.responseSize);
    this.bytesReceived += got;
    // The answer to a request that has been given up, or a second one to the same.
    if (!hasNumber(this.received, this.numbers[i], this.numberBytes)) return 1;
    this.numbers[i] = -1;
    this.timing.completed(i);
    this.operations += 1;
    return 1;
  }
}

export class DatagramStreamClient extends DatagramClient implements ClientProgram {
  /** A stream knows none. */
  latency: LatencyRecorder | undefined;
  readonly bytesReceived = 0;
  /** Each is whole, and nothing of it is left to do. */
  readonly idle = true;
  private readonly pacing: Pacing | undefined;
  private readonly settling: Settling;
  /** Bytes of a datagram's number, as many of it as there is room for: so two are told apart. */
  private readonly numberBytes: number;
  /** An arrival that has not found a buffer yet. */
  private isDue = false;

  constructor(parts: ProgramParts, shape: ProgramShape) {
    super(parts, shape);
    this.pacing = pacingOf(shape.pace, shape.connections, parts.random, parts.clock);
    this.settling = new Settling(shape.connections, isOpenLoop(shape.pace));
    this.numberBytes = Math.min(NUMBER_BYTES, shape.sizeBytes);
  }

  get unsettled(): number {
    return this.settling.left;
  }

  nextDeadlineNs(): number {
    if (this.operations >= this.operationsMax) return NEVER;
    return Math.min(this.retryAtNs, this.pacing?.nextNs() ?? NEVER);
  }

  /** // Hot path: allocates nothing. One datagram a connection. */
  protected advance(): number {
    let progress = 0;
    for (let i = 0; i < this.sockets.length; i++) {
      if (this.operations >= this.operationsMax) break;
      if (!this.tries.at(i) || !this.mayBegin(i)) continue;
      writeNumber(this.message, this.sent, this.numberBytes);
      if (!this.put(i)) continue;
      this.isDue = false;
      this.operations += 1;
      if (this.settling.left > 0) this.settling.settled(i);
      progress += 1;
    }
    return progress;
  }

  private mayBegin(i: number): boolean {
    if (this.pacing !== undefined && !this.isDue) this.isDue = this.pacing.begin(i) !== NOT_YET;
    return this.pacing === undefined || this.isDue;
  }
}

/** A server's one socket. */
abstract class DatagramServer {
  bytesReceived = 0;
  readonly port: number;
  /** It serves whoever sends, without a connection. */
  readonly connections = 0;
  readonly accepted = 0;
  protected readonly stack: SocketStack;
  protected readonly socket: number;
  protected readonly size: number;
  protected readonly received: Uint8Array;
  protected readonly tries: Tries;
  protected readonly service: Service | undefined;
  protected readonly from: DatagramSource = { address: 0, port: 0 };
  private readonly ready: ProgramParts['ready'];
  private stopped = false;

  /** @throws SocketError when the address is another's. */
  constructor(parts: ProgramParts, shape: ProgramShape) {
    const { stack, ready } = parts;
    this.stack = stack;
    this.ready = ready;
    this.socket = openDatagrams(stack, shape.address, shape.port);
    const endpoint = stack.localEndpoint(this.socket);
    if (endpoint === undefined) throw new Error('a bound socket has no local endpoint');
    this.port = endpoint.port;
    this.size = shape.sizeBytes;
    // One byte more, so that a datagram that is too long shows.
    this.received = new Uint8Array(shape.sizeBytes + 1);
    this.service = Service.of(parts, shape);
    this.tries = new Tries(1, ready);
    this.tries.watch(0, this.socket);
  }

  protected abstract serve(): boolean;

  step(): number {
    if (this.stopped) return 0;
    this.ready?.collect();
    let progress = 0;
    while (progress < TAKEN_AT_ONCE && this.tries.at(0) && this.serve()) progress += 1;
    return stepAnswer(progress, this.ready);
  }

  stop(): void {
    if (!this.stopped) this.stack.close(this.socket);
    this.stopped = true;
  }

  /** @returns whether there was a datagram. `from` says whose. */
  protected take(): boolean {
    const got = this.stack.recvFrom(this.socket, this.received, 0, this.received.length, this.from);
    if (got === -EAGAIN) {
      this.tries.wait(0);
      return false;
    }
    if (isLoss(got)) return false;
    if (got < 0) failCall('recvFrom', got);
    if (got !== this.size) throw wrongLength(got, this.size);
    this.bytesReceived += got;
    this.service?.serve();
    return true;
  }
}

export class DatagramRequestServer extends DatagramServer implements ServerProgram {
  private readonly response: Uint8Array;
  private readonly numberBytes: number;
  /** A request that has been served, and whose answer has found no buffer yet. */
  private isPending = false;

  constructor(parts: ProgramParts, shape: ProgramShape) {
    super(parts, shape);
    const { sizeBytes, responseBytes = sizeBytes } = shape;
    this.response = patternBytes(responseBytes);
    this.numberBytes = Math.min(NUMBER_BYTES, sizeBytes, responseBytes);
  }

  /** // Hot path: allocates nothing. */
  protected serve(): boolean {
    const { stack, response, from } = this;
    if (!this.isPending) {
      if (!this.take()) return false;
      for (let i = 0; i < this.numberBytes; i++) response[i] = this.received[i];
      this.isPending = true;
    }
    const sent = stack.sendTo(this.socket, response, 0, response.length, from.address, from.port);
    if (sent === -EAGAIN) {
      this.tries.wait(0);
      return false;
    }
    // An answer that cannot be sent is lost, and its client asks again.
    if (sent < 0 && !isLoss(sent)) failCall('sendTo', sent);
    this.isPending = false;
    return true;
  }
}

export class DatagramStreamServer extends DatagramServer implements ServerProgram {
  arrived = 0;

  /** // Hot path: allocates nothing. */
  protected serve(): boolean {
    if (!this.take()) return false;
    this.arrived += 1;
    return true;
  }
}

/** Whether an errno says that an earlier datagram found nobody, or no way there: datagrams may be lost. */
function isLoss(answer: number): boolean {
  return answer === -ECONNREFUSED || answer === -EHOSTUNREACH;
}

function openConnected(stack: SocketStack, address: number, port: number): number {
  const socket = stack.socket(SOCK_DGRAM);
  if (socket < 0) failCall('socket', socket);
  const answer = stack.connect(socket, address, port);
  if (answer < 0) failCall('connect', answer);
  return socket;
}

function writeNumber(bytes: Uint8Array, number: number, count: number): void {
  for (let i = 0; i < count; i++) bytes[i] = (number >>> (8 * i)) & 255;
}

function hasNumber(bytes: Uint8Array, number: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (bytes[i] !== ((number >>> (8 * i)) & 255)) return false;
  return true;
}

function wrongLength(got: number, wanted: number): Error {
  return new Error(`a datagram of ${got} bytes where ${wanted} were sent`);
}
