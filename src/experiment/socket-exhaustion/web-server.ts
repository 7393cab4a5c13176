/**
 * The server behind a balancer: it works on each request for a while and answers, over as many connections as
 * it may have sockets. It ends a connection when the balancer has, or first. Written against the socket
 * contract.
 */
import type { SocketStack } from '../../socket/contract.ts';
import { EAGAIN } from '../../socket/errno.ts';
import { openListener } from '../../socket/open-socket.ts';
import type { Clock } from '../../time/clock.ts';
import type { Random } from '../../time/random.ts';
import { draw, type Pace } from '../../workloads/pacing.ts';
import type { Program } from '../../workloads/program.ts';
import type { ReadyStack } from '../../workloads/ready.ts';
import { HeldSockets } from './held-sockets.ts';

export interface ServerShape {
  readonly address: number;
  readonly port: number;
  /** Connections that may wait for its accept (listen's backlog, somaxconn). */
  readonly backlog: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Of it `serviceNs` and `spread`: processor time of a request. */
  readonly pace: Pace;
  /** It ends a connection so long after its answer; undefined: it waits for the balancer's end. */
  readonly endsAfterNs: number | undefined;
}

export class WebServer implements Program {
  accepted = 0;
  /** Processor time that its requests have taken, beside calls and protocol. */
  workedNs = 0;
  private readonly stack: SocketStack & ReadyStack;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly shape: ServerShape;
  private readonly work: (ns: number) => void;
  private readonly listener: number;
  private readonly held: HeldSockets;
  private readonly left: number[] = [];
  private readonly request: Uint8Array;
  private readonly response: Uint8Array;
  /** An accept found no socket free: another is worth trying once one is. */
  private full = false;

  /** @param work keeps its processor busy for so long. @throws SocketError when it cannot listen. */
  constructor(
    stack: SocketStack & ReadyStack,
    clock: Clock,
    random: Random,
    shape: ServerShape,
    work: (ns: number) => void,
  ) {
    this.stack = stack;
    this.clock = clock;
    this.random = random;
    this.shape = shape;
    this.work = work;
    this.listener = openListener(stack, shape.address, shape.port, shape.backlog);
    this.held = new HeldSockets(shape.endsAfterNs ?? 0);
    this.request = new Uint8Array(shape.requestBytes);
    this.response = new Uint8Array(shape.responseBytes).fill(2);
  }

  nextDeadlineNs(): number {
    return this.held.nextNs();
  }

  step(): number {
    const { stack, held, clock } = this;
    let progress = 0;
    for (let socket = held.takeDue(clock.nowNs); socket >= 0; socket = held.takeDue(clock.nowNs)) {
      progress += this.close(socket);
    }
    for (let socket = stack.nextReady(); socket >= 0; socket = stack.nextReady()) {
      progress += socket === this.listener ? this.accept() : this.serve(socket);
    }
    if (this.full && progress > 0) progress += this.accept();
    return progress;
  }

  private accept(): number {
    let count = 0;
    for (;;) {
      const socket = this.stack.accept(this.listener);
      if (socket < 0) {
        this.full = socket !== -EAGAIN;
        return count;
      }
      this.accepted += 1;
      count += 1;
      this.left[socket] = this.shape.requestBytes;
      this.serve(socket);
    }
  }

  /** Takes requests until there is none, or the connection has ended. @returns how many calls got on. */
  private serve(socket: number): number {
    let progress = 0;
    for (;;) {
      const got = this.stack.recv(socket, this.request, 0, this.left[socket]);
      if (got === -EAGAIN) return progress;
      // An end in order, or a reset.
      if (got <= 0) {
        this.held.release(socket);
        return progress + this.close(socket);
      }
      progress += 1;
      this.left[socket] -= got;
      if (this.left[socket] === 0) this.answer(socket);
    }
  }

  private answer(socket: number): void {
    const { pace, requestBytes, responseBytes, endsAfterNs } = this.shape;
    const ns = draw(pace.serviceNs, pace, this.random);
    this.work(ns);
    this.workedNs += ns;
    this.left[socket] = requestBytes;
    // A short answer of an idle connection is taken whole; what finds no memory is an end.
    if (this.stack.send(socket, this.response, 0, responseBytes) !== responseBytes) {
      this.stack.shutdown(socket, 2);
      return;
    }
    if (endsAfterNs !== undefined) this.held.hold(socket, this.clock.nowNs);
  }

  private close(socket: number): number {
    this.stack.close(socket);
    return 1;
  }
}
