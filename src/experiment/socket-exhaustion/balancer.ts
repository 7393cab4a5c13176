/**
 * A load balancer's side towards its server, over one of its addresses: requests arrive by a clock that knows
 * nothing of the server, each takes a connection, and afterwards the connection is ended at once, or rests
 * until it is ended by force, or serves later requests as well. A request that finds no connection is refused
 * and not tried again. Written against the socket contract.
 */
import { LatencyRecorder } from '../../record/latency.ts';
import type { SocketStack } from '../../socket/contract.ts';
import { EADDRNOTAVAIL, EAGAIN, EINPROGRESS, EMFILE, ETIMEDOUT } from '../../socket/errno.ts';
import { SO_LINGER_SECONDS, TCP_NODELAY } from '../../socket/options.ts';
import type { Clock } from '../../time/clock.ts';
import type { Random } from '../../time/random.ts';
import { NOT_YET, type Pace, Pacing } from '../../workloads/pacing.ts';
import type { Program } from '../../workloads/program.ts';
import type { ReadyStack } from '../../workloads/ready.ts';
import { HeldSockets } from './held-sockets.ts';

/** What becomes of a connection when its response has come. */
export const AFTERWARDS = ['at once', 'idle', 'reuse'] as const;
export type Afterwards = (typeof AFTERWARDS)[number];

export interface BalancerShape {
  readonly address: number;
  readonly port: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly afterwards: Afterwards;
  /** How long a connection rests unused before it is ended. */
  readonly idleNs: number;
  /** Whether a connection is ended by a reset, and not in order. */
  readonly reset: boolean;
  /** Whether it leaves ending to the server. */
  readonly serverEnds: boolean;
  readonly pace: Pace;
}

/** Why a request was not answered. */
export interface Refusals {
  /** EADDRNOTAVAIL of a connect: no port is left for another pair. */
  ports: number;
  /** EMFILE: the program has as many sockets as it may. */
  sockets: number;
  /** ETIMEDOUT: the server has not answered the SYNs. */
  timeouts: number;
  /** Any other errno. */
  others: number;
}

/** Where a socket's request stands. */
const SENDING = 1;
const RECEIVING = 2;
const RESTING = 3;

function isUnderWay(stage: number): boolean {
  return stage === SENDING || stage === RECEIVING;
}

export class Balancer implements Program {
  /** Requests that have arrived, and that were answered. */
  arrived = 0;
  answered = 0;
  readonly refusals: Refusals = { ports: 0, sockets: 0, timeouts: 0, others: 0 };
  /** Connections it has opened. */
  opened = 0;
  /** When a request was first refused for want of a port, and the next answered one arrived; -1: never. */
  exhaustedNs = -1;
  recoveredNs = -1;
  readonly latency = new LatencyRecorder();
  private readonly stack: SocketStack & ReadyStack;
  private readonly clock: Clock;
  private readonly shape: BalancerShape;
  private readonly pacing: Pacing;
  private readonly held: HeldSockets;
  private readonly stages: number[] = [];
  private readonly left: number[] = [];
  private readonly sinceNs: number[] = [];
  private readonly request: Uint8Array;
  private readonly response: Uint8Array;
  private stopped = false;

  constructor(stack: SocketStack & ReadyStack, clock: Clock, random: Random, shape: BalancerShape) {
    this.stack = stack;
    this.clock = clock;
    this.shape = shape;
    this.pacing = new Pacing(shape.pace, 1, random, clock);
    this.held = new HeldSockets(shape.idleNs);
    this.request = new Uint8Array(shape.requestBytes).fill(1);
    this.response = new Uint8Array(shape.responseBytes);
  }

  /** Whether every request that has arrived has had its end. */
  get idle(): boolean {
    const { ports, sockets, timeouts, others } = this.refusals;
    return this.arrived === this.answered + ports + sockets + timeouts + others;
  }

  /** Requests that arrived before a time, and have had neither an answer nor a refusal yet. */
  hangingSince(beforeNs: number): number {
    const { stages, sinceNs } = this;
    return stages.filter((stage, socket) => isUnderWay(stage) && sinceNs[socket] < beforeNs).length;
  }

  nextDeadlineNs(): number {
    return Math.min(this.stopped ? Number.POSITIVE_INFINITY : this.pacing.nextNs(), this.held.nextNs());
  }

  step(): number {
    const { stack, clock, held } = this;
    let progress = 0;
    for (let socket = held.takeDue(clock.nowNs); socket >= 0; socket = held.takeDue(clock.nowNs)) {
      this.end(socket);
      progress += 1;
    }
    for (let socket = stack.nextReady(); socket >= 0; socket = stack.nextReady()) {
      progress += this.serve(socket);
    }
    if (this.stopped) return progress;
    for (let sinceNs = this.pacing.begin(0); sinceNs !== NOT_YET; sinceNs = this.pacing.begin(0)) {
      this.arrived += 1;
      progress += 1;
      this.begin(sinceNs);
    }
    return progress;
  }

  /** No more requests arrive. */
  stop(): void {
    this.stopped = true;
  }

  /** A request goes over a connection that rests, where such are used again, or over a new one. */
  private begin(sinceNs: number): void {
    const { shape, stack } = this;
    let socket = shape.afterwards === 'reuse' ? this.held.takeLatest() : -1;
    if (socket < 0) {
      socket = stack.socket();
      if (socket < 0) {
        this.refuse(socket);
        return;
      }
      const errno = stack.connect(socket, shape.address, shape.port);
      if (errno < 0 && errno !== -EINPROGRESS) {
        stack.close(socket);
        this.refuse(errno);
        return;
      }
      stack.setOption(socket, TCP_NODELAY, 1);
      this.opened += 1;
    }
    this.stages[socket] = SENDING;
    this.left[socket] = shape.requestBytes;
    this.sinceNs[socket] = sinceNs;
    this.serve(socket);
  }

  private refuse(errno: number): void {
    const { refusals } = this;
    if (errno === -EADDRNOTAVAIL) {
      refusals.ports += 1;
      if (this.exhaustedNs < 0) this.exhaustedNs = this.clock.nowNs;
    } else if (errno === -EMFILE) refusals.sockets += 1;
    else if (errno === -ETIMEDOUT) refusals.timeouts += 1;
    else refusals.others += 1;
  }

  /** Gets on with a socket as far as it goes. @returns how many calls got on. */
  private serve(socket: number): number {
    let progress = 0;
    if (this.stages[socket] === SENDING) {
      const done = this.shape.requestBytes - this.left[socket];
      const sent = this.stack.send(socket, this.request, done, this.left[socket]);
      if (sent === -EAGAIN) return 0;
      if (sent < 0) return this.fail(socket, sent);
      progress += 1;
      this.left[socket] -= sent;
      if (this.left[socket] > 0) return progress;
      this.stages[socket] = RECEIVING;
      this.left[socket] = this.shape.responseBytes;
      return progress;
    }
    if (this.stages[socket] === RECEIVING) {
      const got = this.stack.recv(socket, this.response, 0, this.left[socket]);
      if (got === -EAGAIN) return 0;
      if (got <= 0) return this.fail(socket, got);
      progress += 1;
      this.left[socket] -= got;
      if (this.left[socket] > 0) return progress;
      this.complete(socket);
    }
    return this.stages[socket] === RESTING ? progress + this.look(socket) : progress;
  }

  private complete(socket: number): void {
    const { clock, shape } = this;
    clock.update();
    this.answered += 1;
    const { exhaustedNs } = this;
    if (this.recoveredNs < 0 && exhaustedNs >= 0 && this.sinceNs[socket] > exhaustedNs) {
      this.recoveredNs = this.sinceNs[socket];
    }
    this.latency.record(clock.nowNs - this.sinceNs[socket]);
    this.stages[socket] = RESTING;
    if (shape.serverEnds) return;
    if (shape.afterwards === 'at once') this.end(socket);
    else this.held.hold(socket, clock.nowNs);
  }

  /** Nothing is expected of a connection that rests but its end. */
  private look(socket: number): number {
    const got = this.stack.recv(socket, this.response, 0, 1);
    if (got === -EAGAIN) return 0;
    this.held.release(socket);
    this.close(socket);
    return 1;
  }

  private end(socket: number): void {
    if (this.shape.reset) this.stack.setOption(socket, SO_LINGER_SECONDS, 0);
    this.close(socket);
  }

  private fail(socket: number, errno: number): number {
    // A card says so only after the connect.
    if (errno === -EADDRNOTAVAIL) this.opened -= 1;
    this.refuse(errno);
    this.close(socket);
    return 1;
  }

  private close(socket: number): void {
    this.stages[socket] = 0;
    this.stack.close(socket);
  }
}
