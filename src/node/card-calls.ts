/**
 * Opens, on the card, the sockets of listeners and of connections: what `opening.ts` does once it is decided
 * that they are the card's. Results are libuv's: 0 or a negative errno.
 */
import { ECONNREFUSED, EINPROGRESS } from '../socket/errno.ts';
import { SO_REUSEADDR } from '../socket/options.ts';
import { ANY, ANY_MAPPED, LOOPBACK6 } from './addresses.ts';
import type { StreamRequest, TcpHandle } from './bindings.ts';
import { expect } from './both-ends.ts';
import { Channel } from './channel.ts';
import { BOUND, CONNECTING, captureContext, LISTENING } from './channel-state.ts';
import { type Bound, ELSEWHERE } from './policy.ts';
import type { Listener, Pump } from './pump.ts';

/** @returns a socket, or a negative errno. */
function openSocket({ stack, deadErrno }: Pump, type?: number): number {
  return deadErrno !== 0 ? -deadErrno : stack.socket(type);
}

/**
 * @param shares whether the port may be bound again, as libuv has it: only a live listener keeps it busy. Not
 *   for a port of the stack's choice, which a later bind must find taken.
 * @param type SOCK_ number; a stream unless told. @returns a socket that is bound, or a negative errno.
 */
export function openBound(pump: Pump, address: number, port: number, shares = true, type?: number): number {
  const stack = pump.stack;
  const socket = openSocket(pump, type);
  if (socket < 0) return socket;
  if (shares) stack.setOption(socket, SO_REUSEADDR, 1);
  const result = stack.bind(socket, address === ANY_MAPPED ? ANY : address, port);
  if (result >= 0) return socket;
  stack.close(socket);
  return result;
}

/** Makes a bound socket listen and gives the handle its channel; closes the socket if it cannot. */
export function listenOnCard(
  pump: Pump,
  handle: TcpHandle,
  socket: number,
  place: { readonly bound: Bound; readonly port: number; readonly backlog: number },
): number {
  const result = pump.stack.listen(socket, place.backlog);
  if (result < 0) {
    pump.stack.close(socket);
    return result;
  }
  const channel = new Channel(pump, handle, socket, LISTENING, place.bound.ipv6);
  channel.boundAddress = place.bound.address === ANY_MAPPED ? ANY : place.bound.address;
  channel.boundPort = place.port;
  channel.hearsIPv4 = place.bound.hearsIPv4;
  channel.hearsIPv6 = place.bound.hearsIPv6;
  pump.listeners.push(channel);
  channel.updateHold();
  pump.wake();
  return 0;
}

/** Where a connection comes from and goes to. */
export interface Connection {
  /** The destination as the program wrote it. */
  readonly text: string;
  readonly address: number;
  readonly port: number;
  readonly ipv6: boolean;
  readonly bound: Bound | undefined;
  /** The port that the client was bound to; 0 if it was not. */
  readonly localPort: number;
  readonly listener: Listener | typeof ELSEWHERE;
}

/**
 * Begins a connection on the card.
 * @returns 0, after which `request.oncomplete` tells the outcome, or a negative errno; then the handle has no
 *   channel.
 */
export function connectOnCard(
  pump: Pump,
  handle: TcpHandle,
  request: StreamRequest,
  connection: Connection,
): number {
  const socket = openClient(pump, connection);
  if (socket < 0) return socket;
  const result = pump.stack.connect(socket, connection.address, connection.port);
  if (result < 0 && result !== -EINPROGRESS && result !== -ECONNREFUSED) {
    pump.stack.close(socket);
    return result;
  }
  const channel = new Channel(pump, handle, socket, BOUND, connection.ipv6);
  channel.state = CONNECTING;
  channel.connectRequest = request;
  channel.connectContext = captureContext();
  channel.connectText = connection.text;
  channel.connectPort = connection.port;
  channel.connectTurn = pump.connectTurn();
  channel.ownsPort = connection.bound === undefined;
  if (connection.listener !== ELSEWHERE) {
    channel.target = connection.listener;
    channel.awaited = expect(connection.listener);
  }
  channel.updateHold();
  if (result === -ECONNREFUSED) pump.later(() => refuse(channel));
  else if (result === 0) pump.enqueue(channel);
  pump.wake();
  return 0;
}

function openClient(pump: Pump, { address, bound, localPort }: Connection): number {
  // From ::1 where the peer is ::1, so that it sees that.
  if (address === LOOPBACK6 && (bound === undefined || bound.address === ANY)) {
    return openBound(pump, LOOPBACK6, localPort, bound !== undefined);
  }
  return bound === undefined ? openSocket(pump) : openBound(pump, bound.address, localPort);
}

function refuse(channel: Channel): void {
  if (channel.state === CONNECTING) channel.completeConnect(-ECONNREFUSED);
}
