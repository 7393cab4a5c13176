/** A server's connections: a listener, and a place for each connection it serves at once. */
import { EAGAIN } from '../socket/errno.ts';
import { openListener } from '../socket/open-socket.ts';
import type { ProgramParts, ProgramShape } from './program.ts';
import { stepAnswer, Tries } from './ready.ts';
import { failCall } from './workload.ts';

/** A place without a connection. */
export const FREE = -1;
/** Connections that may wait for an accept, where fewer are served at once. */
const BACKLOG_LEAST = 16;

export class Acceptor {
  /** Sockets by place; `FREE` where there is none. */
  readonly sockets: Int32Array;
  /** Port it listens at. */
  readonly port: number;
  /** Connections open now, and accepted so far. */
  connections = 0;
  accepted = 0;
  /** Whether it has given everything up. */
  stopped = false;
  /** Whose call may get on, by place. */
  readonly tries: Tries;
  private readonly stack: ProgramParts['stack'];
  private readonly listener: number;
  private readonly listenerTries: Tries;

  /** @throws SocketError when it cannot listen. */
  constructor({ stack, ready }: ProgramParts, { address, port, connections }: ProgramShape) {
    this.stack = stack;
    this.listener = openListener(stack, address, port, Math.max(connections, BACKLOG_LEAST));
    const endpoint = stack.localEndpoint(this.listener);
    if (endpoint === undefined) throw new Error('a listening socket has no local endpoint');
    this.port = endpoint.port;
    this.sockets = new Int32Array(connections).fill(FREE);
    this.tries = new Tries(connections, ready);
    this.listenerTries = new Tries(1, ready);
    this.listenerTries.watch(0, this.listener);
  }

  /** Takes a connection that waits, if there is one and a place for it. @returns its place; -1 for none. */
  accept(): number {
    if (this.connections === this.sockets.length || !this.listenerTries.at(0)) return -1;
    const socket = this.stack.accept(this.listener);
    if (socket === -EAGAIN) {
      this.listenerTries.wait(0);
      return -1;
    }
    if (socket < 0) failCall('accept', socket);
    const place = this.sockets.indexOf(FREE);
    this.sockets[place] = socket;
    this.tries.watch(place, socket);
    this.connections += 1;
    this.accepted += 1;
    return place;
  }

  /** Closes the connection of a place, which is free then. */
  end(place: number): void {
    this.stack.close(this.sockets[place]);
    this.sockets[place] = FREE;
    this.connections -= 1;
  }

  /** Closes every connection, and the listener. */
  stop(): void {
    this.stopped = true;
    for (let place = 0; place < this.sockets.length; place++)
      if (this.sockets[place] !== FREE) this.end(place);
    this.stack.close(this.listener);
  }
}

/** What every server shows of its acceptor. */
export abstract class AcceptingServer {
  bytesReceived = 0;
  protected readonly acceptor: Acceptor;
  private readonly ready: ProgramParts['ready'];

  constructor(parts: ProgramParts, shape: ProgramShape) {
    this.acceptor = new Acceptor(parts, shape);
    this.ready = parts.ready;
  }

  step(): number {
    if (this.acceptor.stopped) return 0;
    this.ready?.collect();
    return stepAnswer(this.serveAll(), this.ready);
  }

  /** Takes new connections, and serves those there are. @returns how many calls got on. */
  protected abstract serveAll(): number;

  get port(): number {
    return this.acceptor.port;
  }

  get connections(): number {
    return this.acceptor.connections;
  }

  get accepted(): number {
    return this.acceptor.accepted;
  }

  stop(): void {
    this.acceptor.stop();
  }
}
