/**
 * Decides, when a handle binds or connects, whether it lives on the card or in the kernel, and opens its
 * channel if it is the card.
 *
 * The card serves its own addresses: all of 127.0.0.0/8, ::1, those it is configured with, and listeners on
 * every address. Other addresses are the kernel's unless a `host` of the rule names them.
 */
import { EADDRINUSE, EALREADY, EBADF, ECONNREFUSED, EINPROGRESS, EINVAL, EISCONN } from '../socket/errno.ts';
import { SO_REUSEADDR } from '../socket/options.ts';
import { ANY, isLoopback, LOOPBACK, LOOPBACK6, NOT_AN_ADDRESS, parseIPv4, parseIPv6 } from './addresses.ts';
import type { StreamRequest, TcpHandle } from './bindings.ts';
import { Channel } from './channel.ts';
import { BOUND, CLOSED, CONNECTING, captureContext, LISTENING } from './channel-state.ts';
import type { OffloadRule } from './offload-rule.ts';
import type { Pump } from './pump.ts';

/** By what it is decided where new handles live while a card is installed. */
export interface Policy {
  readonly pump: Pump;
  readonly rule: OffloadRule;
  /**
   * Asked before each bind. Some programs (a cluster's primary) must hand their listeners to other processes,
   * so they may not have any on the card. Their connections go to the card only to ports where the card has a
   * listener.
   */
  readonly mayListen: () => boolean;
}

/** The number the card carries for an address text, or NOT_AN_ADDRESS. */
export function parseAddress(text: string, ipv6: boolean): number {
  return ipv6 ? parseIPv6(text) : parseIPv4(text);
}

function isOffloaded(policy: Policy, address: number, port: number): boolean {
  if (address === NOT_AN_ADDRESS) return false;
  const seen = address === LOOPBACK6 ? LOOPBACK : address; // `host 127.0.0.1` in a rule means ::1 too
  if (!policy.rule.matches(seen, port)) return false;
  if (address === ANY || isLoopback(address)) return true;
  return policy.pump.card.addresses.includes(address) || policy.rule.namesHost(address);
}

/** Whether a bind to this address belongs on the card. */
export function bindsOnCard(policy: Policy, address: number, port: number): boolean {
  return isOffloaded(policy, address, port) && policy.mayListen();
}

/** Whether a connection to this destination belongs on the card. */
export function connectsOnCard(policy: Policy, address: number, port: number): boolean {
  if (!isOffloaded(policy, address === ANY ? LOOPBACK : address, port)) return false;
  return policy.mayListen() || policy.pump.listeners.some((listener) => listener.boundPort === port);
}

/** Opens a channel for a handle that has none. @returns the channel, or a negative errno. */
export function openChannel(policy: Policy, handle: TcpHandle, ipv6: boolean): Channel | number {
  const pump = policy.pump;
  if (pump.deadErrno !== 0) return -pump.deadErrno;
  const socket = pump.stack.socket();
  return socket < 0 ? socket : new Channel(pump, handle, socket, BOUND, ipv6);
}

/**
 * Binds a fresh channel.
 * @returns 0 or a negative errno. As in libuv, it is `listen` or `connect` that reports a port in use.
 */
export function bindChannel(
  channel: Channel,
  text: string,
  address: number,
  port: number,
  ipv6Only: boolean,
): number {
  channel.boundText = text;
  channel.boundAddress = address;
  channel.ipv6Only = ipv6Only;
  const stack = channel.pump.stack;
  stack.setOption(channel.socket, SO_REUSEADDR, 1); // as libuv does: only a live listener keeps a port busy
  const result = stack.bind(channel.socket, address, port);
  if (result === -EADDRINUSE) {
    channel.delayedErrno = EADDRINUSE;
    return 0;
  }
  if (result === 0) channel.boundPort = stack.localEndpoint(channel.socket)?.port ?? port;
  return result;
}

export function listenOnChannel(channel: Channel, backlog: number): number {
  if (channel.state !== BOUND) return channel.state === CLOSED ? -EBADF : -EINVAL;
  if (channel.delayedErrno !== 0) return -channel.delayedErrno;
  const result = channel.pump.stack.listen(channel.socket, backlog);
  if (result < 0) return result;
  channel.state = LISTENING;
  channel.pump.listeners.push(channel);
  channel.updateHold();
  channel.pump.wake();
  return 0;
}

/**
 * Begins a connection.
 * @returns 0, after which `request.oncomplete` tells the outcome, or a negative errno.
 */
export function connectChannel(
  channel: Channel,
  request: StreamRequest,
  address: number,
  port: number,
): number {
  if (channel.state !== BOUND) {
    return channel.state === CLOSED ? -EBADF : channel.state === CONNECTING ? -EALREADY : -EISCONN;
  }
  const pump = channel.pump;
  if (pump.deadErrno !== 0) return -pump.deadErrno;
  if (channel.delayedErrno !== 0) return -channel.delayedErrno;
  // To Linux, connecting to the unspecified address means connecting to this host.
  const target = address !== ANY ? address : channel.ipv6 ? LOOPBACK6 : LOOPBACK;
  if (target === LOOPBACK6 && channel.boundText === '') {
    const bound = pump.stack.bind(channel.socket, LOOPBACK6, 0); // so that the peer sees ::1
    if (bound < 0) return bound;
  }
  const refused = isOtherFamily(pump, target, port);
  const result = refused ? -EINPROGRESS : pump.stack.connect(channel.socket, target, port);
  if (result < 0 && result !== -EINPROGRESS && result !== -ECONNREFUSED) return result;
  channel.state = CONNECTING;
  channel.connectRequest = request;
  channel.connectContext = captureContext();
  channel.updateHold();
  if (refused || result === -ECONNREFUSED) pump.later(() => refuse(channel));
  else if (result === 0) pump.enqueue(channel);
  pump.wake();
  return 0;
}

function refuse(channel: Channel): void {
  if (channel.state === CONNECTING) channel.completeConnect(-ECONNREFUSED);
}

/**
 * Whether only a listener of the other address family would hear this connection: a listener on 0.0.0.0 does
 * not hear ::1, and one on :: with `ipv6Only` does not hear IPv4. The card cannot tell the families apart,
 * but all its listeners are this process's, so it can be decided here.
 */
function isOtherFamily(pump: Pump, target: number, port: number): boolean {
  let mismatch = false;
  for (const listener of pump.listeners) {
    if (listener.boundPort !== port) continue;
    if (listener.boundAddress === target) return false;
    if (listener.boundAddress === ANY) mismatch = target === LOOPBACK6 ? !listener.ipv6 : listener.ipv6Only;
  }
  return mismatch;
}
