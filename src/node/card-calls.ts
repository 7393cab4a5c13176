/**
 * Opens, on the card, the sockets of listeners and of connections: what `opening.ts` does once it is decided
 * that they are the card's. Results are libuv's: 0 or a negative errno.
 */
import { ECONNREFUSED, EINPROGRESS } from '../socket/errno.ts';
import { SO_REUSEADDR } from '../socket/options.ts';
import { ANY, ANY_MAPPED, LOOPBACK6 } from './addresses.ts';
import type { StreamRequest, TcpHandle } from './bindings.ts';
import { Channel } from './channel.ts';
import { BOUND, CONNECTING, captureContext, LISTENING } from './channel-state.ts';
import { type Bound, ELSEWHERE } from './policy.ts';
import type { Listener, Pump } from './pump.ts';

/** @returns a socket that is bound, or a negative errno. */
export function openBound(pump: Pump, address: number, port: number): number {
  if (pump.deadErrno !== 0) return -pump.deadErrno;
  const stack = pump.stack;
  const socket = stack.socket();
  if (socket < 0) return socket;
  stack.setOption(socket, SO_REUSEADDR, 1); // as libuv does: only a live listener keeps a port busy
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
  channel.ownsPort = connection.bound === undefined;
  if (connection.listener !== ELSEWHERE) {
    channel.target = connection.listener;
    connection.listener.expected++;
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
    return bound === undefined ? openFromLoopback6(pump) : openBound(pump, LOOPBACK6, localPort);
  }
  if (bound !== undefined) return openBound(pump, bound.address, localPort);
  return pump.deadErrno !== 0 ? -pump.deadErrno : pump.stack.socket();
}

/** Without SO_REUSEADDR: the port is one of the stack's choice, which a later bind must find taken. */
function openFromLoopback6(pump: Pump): number {
  if (pump.deadErrno !== 0) return -pump.deadErrno;
  const socket = pump.stack.socket();
  if (socket < 0) return socket;
  const result = pump.stack.bind(socket, LOOPBACK6, 0);
  if (result >= 0) return socket;
  pump.stack.close(socket);
  return result;
}

function refuse(channel: Channel): void {
  if (channel.state === CONNECTING) channel.completeConnect(-ECONNREFUSED);
}
