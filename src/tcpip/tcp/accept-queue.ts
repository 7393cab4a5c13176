/**
 * A listener's connections that nobody has accepted yet: embryos, whose handshake is not complete, and the
 * accept queue. `Tcb.parent` names the listener of both, and each is a list both ways (`Tcb.acceptNext`,
 * `Tcb.acceptPrevious`), so that one leaves from the middle at the cost of one at the end.
 */
import { assert } from '../../assert/assert.ts';
import type { Listening } from './control-block/listening.ts';
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
export function addEmbryo(tcp: TcpTables, listener: Tcb, tcb: Tcb): void {
  assert(tcb.parent < 0 && tcb.owner < 0, 'accept queue: an embryo is new, and nobody else has it');
  assert(listener.state === LISTEN, 'accept queue: only a listener has embryos');
  const { listening } = listener;
  tcb.parent = listener.index;
  tcb.acceptNext = listening.embryoHead;
  if (listening.embryoHead >= 0) tcp.tcbs[listening.embryoHead].acceptPrevious = tcb.index;
  listening.embryoHead = tcb.index;
  listening.embryoCount += 1;
}

/** The handshake of an embryo is complete: it goes to the end of its listener's accept queue. */
export function joinAcceptQueue(tcp: TcpTables, tcb: Tcb): void {
  const listener = tcp.tcbs[tcb.parent];
  const { listening } = listener;
  removeEmbryo(tcp, listening, tcb);
  tcb.acceptPrevious = listening.acceptTail;
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
  removeAccepted(tcp, listening, tcb);
  tcb.parent = -1;
  return tcb;
}

/** Takes an embryo, or a connection from anywhere in the accept queue, from its listener. */
export function leaveListener(tcp: TcpTables, tcb: Tcb): void {
  const listener = tcp.tcbs[tcb.parent];
  const { listening } = listener;
  tcb.parent = -1;
  if (tcb.state === SYN_RECEIVED) removeEmbryo(tcp, listening, tcb);
  else removeAccepted(tcp, listening, tcb);
}

function removeEmbryo(tcp: TcpTables, listening: Listening, tcb: Tcb): void {
  assert(listening.embryoCount > 0, 'accept queue: an embryo that leaves was counted');
  if (tcb.acceptPrevious < 0) listening.embryoHead = tcb.acceptNext;
  unlink(tcp, tcb);
  listening.embryoCount -= 1;
}

function removeAccepted(tcp: TcpTables, listening: Listening, tcb: Tcb): void {
  assert(listening.acceptCount > 0, 'accept queue: a connection that is taken out was counted');
  if (tcb.acceptPrevious < 0) listening.acceptHead = tcb.acceptNext;
  if (tcb.acceptNext < 0) listening.acceptTail = tcb.acceptPrevious;
  unlink(tcp, tcb);
  listening.acceptCount -= 1;
}

/** Takes a connection from between its neighbours. */
function unlink(tcp: TcpTables, tcb: Tcb): void {
  const { acceptNext, acceptPrevious } = tcb;
  assert(acceptNext !== tcb.index, 'accept queue: a connection is no neighbour of its own');
  if (acceptPrevious >= 0) tcp.tcbs[acceptPrevious].acceptNext = acceptNext;
  if (acceptNext >= 0) tcp.tcbs[acceptNext].acceptPrevious = acceptPrevious;
  tcb.acceptNext = -1;
  tcb.acceptPrevious = -1;
}

/**
 * A listener's lists against its counts. Costs a walk over both.
 * @param embryos its connections in SYN-RECEIVED.
 */
export function checkAcceptQueue(tcp: TcpTables, listener: Tcb, embryos: number): void {
  const { acceptHead, acceptTail, acceptCount, embryoHead, embryoCount } = listener.listening;
  const accepted = checkList(tcp, acceptHead);
  assert(accepted.count === acceptCount, 'accept queue: as many connections are linked as are counted');
  assert(accepted.last === acceptTail, 'accept queue: the tail is the last connection linked');
  const linked = checkList(tcp, embryoHead).count;
  assert(linked === embryoCount, 'accept queue: as many embryos are linked as are counted');
  assert(embryos === embryoCount, 'accept queue: as many embryos name the listener as it counts');
}

/** @returns how many are linked, and the last of them; -1: there is none. */
function checkList(tcp: TcpTables, head: number): { count: number; last: number } {
  let count = 0;
  let last = -1;
  for (let at = head; at >= 0 && count <= tcp.tcbs.length; at = tcp.tcbs[at].acceptNext) {
    assert(tcp.tcbs[at].acceptPrevious === last, 'accept queue: neighbours name each other');
    count += 1;
    last = at;
  }
  return { count, last };
}
