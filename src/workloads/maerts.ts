/** TCP_MAERTS: TCP_STREAM the other way. The end that listens writes, and the one that connected reads. */
import type { LatencyRecorder } from '../record/latency.ts';
import { SHUT_WR } from '../socket/contract.ts';
import { EAGAIN } from '../socket/errno.ts';
import { AcceptingServer, FREE } from './acceptor.ts';
import { Connector } from './connector.ts';
import type { ClientProgram, ProgramParts, ProgramShape, ServerProgram } from './program.ts';
import { stepAnswer } from './ready.ts';
import { Settling } from './settling.ts';
import { RECEIVE_BYTES_MIN } from './stream.ts';
import { failCall, patternBytes } from './workload.ts';

/** Where a reader's connection stands. */
const TO_ASK = 0;
const READING = 1;
/** It has said that it wants no more, and reads what is under way. */
const ENDING = 2;
const ENDED = 3;

/** A writer looks for the end of its reader with one in sixteen of its writes. */
const LOOK_MASK = 15;

/** What a reader asks with, where its writer waits for that. */
const QUESTION = Uint8Array.of(1);

export class MaertsReader implements ClientProgram {
  /** Whole writes that have arrived. */
  operations = 0;
  operationsMax = Number.POSITIVE_INFINITY;
  /** A stream knows none. */
  latency: LatencyRecorder | undefined;
  closeWhenIdle = false;
  finished = false;
  bytesReceived = 0;
  private readonly parts: ProgramParts;
  private readonly connector: Connector;
  private readonly size: number;
  private readonly received: Uint8Array;
  private readonly stages: Uint8Array;
  /** Bytes of the current write already received, by connection. */
  private readonly done: Int32Array;
  private readonly settling: Settling;
  private ended = 0;

  constructor(parts: ProgramParts, shape: ProgramShape) {
    const { connections, sizeBytes, asked = false } = shape;
    this.parts = parts;
    this.connector = new Connector(parts, shape);
    this.size = sizeBytes;
    this.received = new Uint8Array(Math.max(sizeBytes, RECEIVE_BYTES_MIN));
    this.stages = new Uint8Array(connections).fill(asked ? TO_ASK : READING);
    this.done = new Int32Array(connections);
    this.settling = new Settling(connections, false);
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
    return this.ended === this.stages.length;
  }

  nextDeadlineNs(): number {
    return this.connector.deadlineNs;
  }

  /** // Hot path: allocates nothing. One read a connection. */
  step(): number {
    if (this.finished) return 0;
    if (!this.connector.done) return this.connector.step();
    const { ready } = this.parts;
    const { tries } = this.connector;
    ready?.collect();
    if (this.closeWhenIdle && this.operations >= this.operationsMax) this.endAll();
    let progress = 0;
    for (let i = tries.next(0); i < this.stages.length; i = tries.next(i + 1)) progress += this.read(i);
    const answer = stepAnswer(progress, ready);
    if (this.closeWhenIdle && this.idle) this.stop();
    return answer;
  }

  stop(): void {
    this.connector.closeAll();
    this.finished = true;
  }

  /** Says on every connection that no more is wanted: what is under way still comes, and is read. */
  private endAll(): void {
    const { sockets, tries } = this.connector;
    for (let i = 0; i < this.stages.length; i++) {
      if (this.stages[i] >= ENDING) continue;
      this.parts.stack.shutdown(sockets[i], SHUT_WR);
      this.stages[i] = ENDING;
      tries.wake(i);
    }
  }

  private read(i: number): number {
    const { stack } = this.parts;
    const { sockets, tries } = this.connector;
    if (this.stages[i] === ENDED) return 0;
    if (this.stages[i] === TO_ASK) return this.ask(i);
    const got = stack.recv(sockets[i], this.received, 0, this.received.length);
    if (got === -EAGAIN) {
      tries.wait(i);
      return 0;
    }
    if (got < 0) failCall('recv', got);
    if (got === 0) {
      if (this.stages[i] !== ENDING) throw new Error('a connection ended early');
      this.stages[i] = ENDED;
      this.ended += 1;
      return 1;
    }
    this.bytesReceived += got;
    if (this.stages[i] === READING) this.take(i, got);
    return 1;
  }

  private ask(i: number): number {
    const sent = this.parts.stack.send(this.connector.sockets[i], QUESTION, 0, 1);
    if (sent === -EAGAIN) {
      this.connector.tries.wait(i);
      return 0;
    }
    if (sent < 0) failCall('send', sent);
    this.stages[i] = READING;
    return 1;
  }

  /** Counts whole writes. What comes once no more is wanted is none that anybody waits for. */
  private take(i: number, got: number): void {
    const bytes = this.done[i] + got;
    const whole = (bytes / this.size) | 0;
    this.done[i] = bytes - whole * this.size;
    if (whole === 0) return;
    this.operations += whole;
    if (this.settling.left > 0) this.settling.settled(i);
  }
}

export class MaertsWriter extends AcceptingServer implements ServerProgram {
  operations = 0;
  operationsMax = Number.POSITIVE_INFINITY;
  latency: LatencyRecorder | undefined;
  private readonly stack: ProgramParts['stack'];
  private readonly size: number;
  private readonly message: Uint8Array;
  /** Bytes of the current write already taken, by place. */
  private readonly done: Int32Array;
  /** Whether its readers ask before it writes, and say when they want no more. */
  private readonly isAsked: boolean;
  /** By place: 1 where it writes. */
  private readonly wanted: Uint8Array;
  private readonly question = new Uint8Array(1);
  /** By place: writes taken, in part or whole. */
  private readonly calls: Int32Array;
  private begun = 0;

  /** @throws SocketError when it cannot listen. */
  constructor(parts: ProgramParts, shape: ProgramShape) {
    super(parts, shape);
    this.stack = parts.stack;
    this.size = shape.sizeBytes;
    this.message = patternBytes(shape.sizeBytes);
    this.done = new Int32Array(shape.connections);
    this.isAsked = shape.asked === true;
    this.wanted = new Uint8Array(shape.connections);
    this.calls = new Int32Array(shape.connections);
  }

  get idle(): boolean {
    return this.begun === this.operations;
  }

  /** // Hot path: allocates nothing. One write a connection. */
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
    this.done[place] = 0;
    this.wanted[place] = this.isAsked ? 0 : 1;
    return 1;
  }

  private serve(i: number, socket: number): number {
    if (this.wanted[i] !== 0) {
      const progress = this.write(i, socket);
      this.calls[i] += progress;
      // One that is slower than its reader is never refused, and must look for the end all the same.
      const looks = progress === 0 || (this.calls[i] & LOOK_MASK) === 0;
      if (!looks || !this.isAsked) return progress;
      if (progress > 0) return progress + this.listen(i, socket, false);
    }
    return this.listen(i, socket, true);
  }

  /** Hears what its reader wants. @param rests whether it has nothing else to do until it is told of more. */
  private listen(i: number, socket: number, rests: boolean): number {
    const got = this.isAsked ? this.stack.recv(socket, this.question, 0, 1) : -EAGAIN;
    if (got === -EAGAIN) {
      if (rests) this.acceptor.tries.wait(i);
      return 0;
    }
    if (got < 0) failCall('recv', got);
    this.bytesReceived += got;
    if (got > 0) this.wanted[i] = 1;
    else this.acceptor.end(i);
    return 1;
  }

  private write(i: number, socket: number): number {
    const done = this.done[i];
    if (done === 0 && this.begun >= this.operationsMax) return 0;
    const sent = this.stack.send(socket, this.message, done, (this.size - done) | 0);
    if (sent === -EAGAIN) {
      if (!this.isAsked) this.acceptor.tries.wait(i);
      return 0;
    }
    if (sent < 0) failCall('send', sent);
    if (done === 0) this.begun += 1;
    this.done[i] = done + sent === this.size ? 0 : done + sent;
    if (this.done[i] === 0) this.operations += 1;
    return 1;
  }
}
