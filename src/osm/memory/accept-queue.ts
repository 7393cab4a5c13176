/**
 * A listener's connections that the program has not accepted yet: a list of socket ids, oldest first, linked
 * through the sockets themselves, so that it needs no memory of its own.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { type HostSocket, STATE_CONNECTED, STATE_LISTENING } from './host-socket.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** A connection joins its listener's list. */
export function joinAccepts(sockets: readonly HostSocket[], listener: HostSocket, socketId: number): void {
  const socket = sockets[socketId];
  assert(listener.state === STATE_LISTENING, 'accept queue: connections join a listener');
  assert(socket.state === STATE_CONNECTED, 'accept queue: who joins is connected');
  assert(socket.acceptNext < 0 && listener.acceptTail !== socketId, 'accept queue: who joins is in no queue');
  if (listener.acceptTail < 0) listener.acceptHead = socketId;
  else sockets[listener.acceptTail].acceptNext = socketId;
  listener.acceptTail = socketId;
  listener.acceptCount += 1;
  if (COSTLY) checkAccepts(sockets, listener);
}

/** Takes the oldest connection out of a listener's list. @returns its socket id; -1 when there is none. */
export function takeAccept(sockets: readonly HostSocket[], listener: HostSocket): number {
  const socketId = listener.acceptHead;
  if (socketId < 0) return -1;
  const next = sockets[socketId].acceptNext;
  listener.acceptHead = next;
  if (next < 0) listener.acceptTail = -1;
  sockets[socketId].acceptNext = -1;
  listener.acceptCount -= 1;
  if (COSTLY) checkAccepts(sockets, listener);
  return socketId;
}

/** Asserts that a listener's list is whole. */
function checkAccepts(sockets: readonly HostSocket[], listener: HostSocket): void {
  let count = 0;
  let last = -1;
  for (let at = listener.acceptHead; at >= 0 && count <= listener.acceptCount; at = sockets[at].acceptNext) {
    last = at;
    count += 1;
  }
  assert(count === listener.acceptCount, 'accept queue: its count is its length');
  assert(last === listener.acceptTail, 'accept queue: its tail is its last');
}

/**
 * Empties a listener's list, which is then the caller's to follow by `acceptNext`.
 * @returns its first socket id, or -1.
 */
export function detachAccepts(listener: HostSocket): number {
  const first = listener.acceptHead;
  listener.acceptHead = -1;
  listener.acceptTail = -1;
  listener.acceptCount = 0;
  return first;
}
