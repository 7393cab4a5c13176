/**
 * Connected pairs of sockets for the tests that keep their connections: both ends in this thread, on one
 * stack.
 */
import type { SocketStack } from '../socket/contract.ts';
import { EAGAIN, EINPROGRESS } from '../socket/errno.ts';
import { TCP_NODELAY } from '../socket/options.ts';
import type { Clock } from '../time/clock.ts';
import { failCall, LOOPBACK, StallGuard } from './workload.ts';

export interface SocketPairs {
  readonly clients: Int32Array;
  /** `servers[i]` is the other end of `clients[i]`. */
  readonly servers: Int32Array;
}

/** @returns a listening socket on a free port of the loopback address. */
export function openListener(stack: SocketStack, backlog: number): { socket: number; port: number } {
  const socket = stack.socket();
  if (socket < 0) failCall('socket', socket);
  const bound = stack.bind(socket, LOOPBACK, 0);
  if (bound < 0) failCall('bind', bound);
  const listening = stack.listen(socket, backlog);
  if (listening < 0) failCall('listen', listening);
  const endpoint = stack.localEndpoint(socket);
  if (endpoint === undefined) throw new Error('a listening socket has no local endpoint');
  return { socket, port: endpoint.port };
}

/**
 * Connects `count` pairs, one after the other, without Nagle's delay, as a server of small requests sets it.
 */
export function openPairs(stack: SocketStack, clock: Clock, count: number): SocketPairs {
  const listener = openListener(stack, count);
  const pairs = { clients: new Int32Array(count), servers: new Int32Array(count) };
  for (let i = 0; i < count; i++) {
    const client = stack.socket();
    if (client < 0) failCall('socket', client);
    const connecting = stack.connect(client, LOOPBACK, listener.port);
    if (connecting < 0 && connecting !== -EINPROGRESS) failCall('connect', connecting);
    pairs.clients[i] = client;
    pairs.servers[i] = acceptOne(stack, clock, listener.socket);
    stack.setOption(pairs.clients[i], TCP_NODELAY, 1);
    stack.setOption(pairs.servers[i], TCP_NODELAY, 1);
  }
  stack.close(listener.socket);
  return pairs;
}

function acceptOne(stack: SocketStack, clock: Clock, listener: number): number {
  clock.update();
  const guard = new StallGuard(clock);
  for (;;) {
    const socket = stack.accept(listener);
    if (socket >= 0) return socket;
    if (socket !== -EAGAIN) failCall('accept', socket);
    stack.wait(100);
    clock.update();
    guard.check();
  }
}

export function closePairs(stack: SocketStack, pairs: SocketPairs): void {
  for (const socket of [...pairs.clients, ...pairs.servers]) stack.close(socket);
  stack.poll();
}
