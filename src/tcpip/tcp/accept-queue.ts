/**
 * A listener's connections that nobody has accepted yet: embryos, whose handshake is not complete, and the
 * accept queue, linked by `Tcb.acceptNext`. `Tcb.parent` names the listener of both.
 */
import { assert } from '../../assert/assert.ts';
import { LISTEN, SYN_RECEIVED } from './state.ts';
import type { TcpTables } from './tables.ts';
import type { Tcb } from './tcb.ts';

/** Embryos that any listener may have, however small its backlog. */
const SYN_QUEUE_MIN = 16;

/**
 * Whether the accept queue takes no more connections. Linux, too, lets one more wait than the backlog says.
 */
export function isAcceptQueueFull(listener: Tcb): boolean {
  return listener.listening.acceptCount > listener.listening.backlog;
}

/** Whether the listener may have one more embryo. */
export function hasRoomForEmbryo(listener: Tcb): boolean {
  const { backlog, embryoCount } = listener.listening;
  return !isAcceptQueueFull(listener) && embryoCount < Math.max(backlog, SYN_QUEUE_MIN);
}

/** A connection that a SYN has opened becomes an embryo of its listener. */
export function addEmbryo(listener: Tcb, tcb: Tcb): void {
  assert(tcb.parent < 0 && tcb.owner < 0, 'accept queue: an embryo is new, and nobody else has it');
  assert(listener.state === LISTEN, 'accept queue: only a listener has embryos');
  tcb.parent = listener.index;
  listener.listening.embryoCount += 1;
}

/** The handshake of an embryo is complete: it goes to the end of its listener's accept queue. */
export function joinAcceptQueue(tcp: TcpTables, tcb: Tcb): void {
  const listener = tcp.tcbs[tcb.parent];
  const { listening } = listener;
  assert(listening.embryoCount > 0, 'accept queue: a connection that joins was counted as an embryo');
  listening.embryoCount -= 1;
  tcb.acceptNext = -1;
  if (listening.acceptTail < 0) listening.acceptHead = tcb.index;
  else tcp.tcbs[listening.acceptTail].acceptNext = tcb.index;
  listening.acceptTail = tcb.index;
  listening.acceptCount += 1;
  if (listening.acceptCount === 1 && listener.owner >= 0) tcp.environment.owner.acceptable(listener.owner);
}

/** Takes the first connection off the accept queue. @returns it; undefined when none waits. */
export function takeAccepted(tcp: TcpTables, listener: Tcb): Tcb | undefined {
  const { listening } = listener;
  if (listening.acceptHead < 0) return undefined;
  const tcb = tcp.tcbs[listening.acceptHead];
  assert(tcb.parent === listener.index, 'accept queue: what waits in it belongs to the listener');
  removeAfter(tcp, listener, -1, tcb);
  tcb.parent = -1;
  return tcb;
}

/** Takes an embryo, or a connection from anywhere in the accept queue, from its listener. */
export function leaveListener(tcp: TcpTables, tcb: Tcb): void {
  const listener = tcp.tcbs[tcb.parent];
  const { listening } = listener;
  tcb.parent = -1;
  if (tcb.state === SYN_RECEIVED) {
    listening.embryoCount -= 1;
    assert(listening.embryoCount >= 0, 'accept queue: an embryo that leaves was counted');
    return;
  }
  let previous = -1;
  let at = listening.acceptHead;
  while (at !== tcb.index) {
    assert(at >= 0, 'accept queue: a connection that leaves waits in it');
    previous = at;
    at = tcp.tcbs[at].acceptNext;
  }
  removeAfter(tcp, listener, previous, tcb);
}

/**
 * Unlinks a connection from the accept queue.
 * @param previous the one in front of it; -1: it is the first.
 */
function removeAfter(tcp: TcpTables, listener: Tcb, previous: number, tcb: Tcb): void {
  const { listening } = listener;
  if (previous < 0) listening.acceptHead = tcb.acceptNext;
  else tcp.tcbs[previous].acceptNext = tcb.acceptNext;
  if (tcb.acceptNext < 0) listening.acceptTail = previous;
  tcb.acceptNext = -1;
  listening.acceptCount -= 1;
  assert(listening.acceptCount >= 0, 'accept queue: a connection that is taken out was counted');
}

/**
 * A listener's queue against its counts. Costs a walk over the queue.
 * @param embryos its connections in SYN-RECEIVED.
 */
export function checkAcceptQueue(tcp: TcpTables, listener: Tcb, embryos: number): void {
  const { listening } = listener;
  let count = 0;
  let last = -1;
  for (let at = listening.acceptHead; at >= 0 && count <= tcp.tcbs.length; at = tcp.tcbs[at].acceptNext) {
    count += 1;
    last = at;
  }
  assert(count === listening.acceptCount, 'accept queue: as many connections are linked as are counted');
  assert(last === listening.acceptTail, 'accept queue: the tail is the last connection linked');
  assert(embryos === listening.embryoCount, 'accept queue: as many embryos name the listener as it counts');
}
