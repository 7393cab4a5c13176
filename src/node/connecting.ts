/**
 * When a connection that the program has begun is told of, and with what outcome: as libuv tells of it, which looks at
 * the socket in the loop's next poll phase.
 */
import { before } from '../dma/wrapping.ts';
import { FAILED, HANGUP, WRITABLE } from '../socket/contract.ts';
import { ECONNRESET } from '../socket/errno.ts';
import { SO_ERROR } from '../socket/options.ts';
import type { StreamRequest } from './bindings.ts';
import { type AwaitingSocket, awaitsListener, endNumber } from './both-ends.ts';
import type { Listener, Pump, PumpedSocket } from './pump.ts';

/** What is kept of a connection under way. */
export interface ConnectingSocket extends PumpedSocket, AwaitingSocket {
  readonly pump: Pump;
  target: Listener | undefined;
  /** The request that waits for the outcome. */
  readonly connectRequest: StreamRequest | undefined;
  readonly connectPort: number;
  /** The first turn of the pump in which the program may be told of it. */
  readonly connectTurn: number;
  /** Tells the program. @param status 0 or a negative errno. */
  completeConnect(status: number): void;
}

/** Tells of a connection that the card has made or given up, unless it is too early for that. */
export function finishConnect(channel: ConnectingSocket): void {
  const { pump, socket, connectRequest: request } = channel;
  const ready = pump.stack.readiness(socket);
  if ((ready & (WRITABLE | HANGUP | FAILED)) === 0) return;
  if (before(pump.turn, channel.connectTurn)) {
    pump.enqueueNextTurn(channel);
    return;
  }
  const status = -Math.abs(pump.stack.getOption(socket, SO_ERROR)) | 0;
  // The kernel may take over what the card had no room for.
  if (status !== 0 && request !== undefined && pump.connectInKernel?.(channel, request, status)) return;
  if (status === 0 && awaitsListener(channel)) pump.enqueue(channel);
  else channel.completeConnect(status === 0 && isReset(channel) ? -ECONNRESET : status);
}

/** The number of this end of a connection that has been made. */
export function clientEnd({ pump, socket, connectPort }: ConnectingSocket): number {
  return endNumber(pump.stack.localEndpoint(socket)?.port ?? 0, connectPort, false);
}

/** Whether the listener that has heard of this connection has reset it at once. */
function isReset(channel: ConnectingSocket): boolean {
  if (channel.target === undefined || !channel.pump.closed.isReset(clientEnd(channel))) return false;
  channel.target = undefined;
  return true;
}
