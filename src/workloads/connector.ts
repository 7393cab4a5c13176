/** Opens a client's connections, trying again where the server does not listen yet. */
import { WRITABLE } from '../socket/contract.ts';
import { ECONNREFUSED, EINPROGRESS } from '../socket/errno.ts';
import { SO_ERROR, TCP_NODELAY } from '../socket/options.ts';
import { NEVER } from '../time/agent.ts';
import type { ProgramParts, ProgramShape } from './program.ts';
import { Tries } from './ready.ts';
import { failCall } from './workload.ts';

/** Both ends of a world begin at once: a refusal at the start means that the server has not run yet. */
const RETRY_NS = 1e6;
const RETRIES_MAX = 10_000;

/** No socket yet. */
const NONE = -1;

export class Connector {
  /** Sockets by connection; -1 where there is none. */
  readonly sockets: Int32Array;
  /** Whose call may get on, by connection. */
  readonly tries: Tries;
  private readonly parts: ProgramParts;
  private readonly shape: ProgramShape;
  private readonly stands: Uint8Array;
  private readonly atOnce: number;
  private count = 0;
  /** Connections that are opening, and the first that does not stand yet. */
  private opening = 0;
  private first = 0;
  private retries = 0;
  private retryAtNs = NEVER;

  /** @param atOnce connections that are opening at once, at most; absent: all of them. */
  constructor(parts: ProgramParts, shape: ProgramShape, atOnce: number = shape.connections) {
    this.parts = parts;
    this.shape = shape;
    this.atOnce = atOnce;
    this.sockets = new Int32Array(shape.connections).fill(NONE);
    this.stands = new Uint8Array(shape.connections);
    this.tries = new Tries(shape.connections, parts.ready);
  }

  /** Whether every connection stands. */
  get done(): boolean {
    return this.count === this.sockets.length;
  }

  /** Connections that stand. */
  get established(): number {
    return this.count;
  }

  /** When a refused connection is tried again; `NEVER` when none is. */
  get deadlineNs(): number {
    return this.retryAtNs;
  }

  /** Opens what is not open yet. @returns how many calls got on. */
  step(): number {
    const { sockets, stands } = this;
    let progress = 0;
    while (this.first < stands.length && stands[this.first] !== 0) this.first += 1;
    for (let i = this.first; i < sockets.length; i++) {
      if (stands[i] !== 0) continue;
      if (sockets[i] !== NONE) progress += this.look(i);
      else if (this.opening < this.atOnce) progress += this.begin(i);
      // Those behind it have not begun either.
      else break;
    }
    return progress;
  }

  closeAll(): void {
    for (let i = 0; i < this.sockets.length; i++) {
      if (this.sockets[i] !== NONE) this.parts.stack.close(this.sockets[i]);
      this.sockets[i] = NONE;
    }
  }

  private begin(i: number): number {
    const { stack, clock } = this.parts;
    if (this.retryAtNs !== NEVER && clock.nowNs < this.retryAtNs) return 0;
    const socket = openSocket(stack, this.shape.address, this.shape.port);
    this.retryAtNs = NEVER;
    this.sockets[i] = socket;
    this.opening += 1;
    return 1;
  }

  private look(i: number): number {
    const { stack, clock } = this.parts;
    const socket = this.sockets[i];
    const ready = stack.readiness(socket);
    if ((ready & WRITABLE) === 0) return 0;
    const errno = stack.getOption(socket, SO_ERROR);
    if (errno === ECONNREFUSED && this.retries < RETRIES_MAX) {
      this.retries += 1;
      stack.close(socket);
      this.sockets[i] = NONE;
      this.opening -= 1;
      clock.update();
      this.retryAtNs = clock.nowNs + RETRY_NS;
      return 0;
    }
    if (errno !== 0) failCall('connect', -errno);
    stack.setOption(socket, TCP_NODELAY, 1);
    this.stands[i] = 1;
    this.tries.watch(i, socket);
    this.opening -= 1;
    this.count += 1;
    return 1;
  }
}

/** @returns a new socket that is connecting. */
export function openSocket(stack: ProgramParts['stack'], address: number, port: number): number {
  const socket = stack.socket();
  if (socket < 0) failCall('socket', socket);
  const connecting = stack.connect(socket, address, port);
  if (connecting < 0 && connecting !== -EINPROGRESS) failCall('connect', connecting);
  return socket;
}
