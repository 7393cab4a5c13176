/**
 * What a socket is ready for, from the driver's own tables alone: the bits of the contract.
 * // Hot path: all of it.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { FAILED, HANGUP, READABLE, WRITABLE } from '../../socket/contract.ts';
import { URGENT_NONE, withPriority } from '../../socket/urgent-mark.ts';
import {
  type HostSocket,
  hasRoom,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_DATAGRAM,
  STATE_FAILED,
  STATE_FREE,
  STATE_LISTENING,
  STATE_OPEN,
} from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** @returns READABLE, WRITABLE, HANGUP, FAILED and PRIORITY bits. */
export function readinessOf(socket: HostSocket, transmit: TransmitPool, receive: ReceivePool): number {
  if (COSTLY) assert(socket.state !== STATE_FREE, 'readiness: only a socket in use is ready for anything');
  switch (socket.state) {
    case STATE_LISTENING:
      return socket.acceptHead >= 0 ? READABLE : 0;
    case STATE_CONNECTED:
      return connectedReadiness(socket, transmit, receive);
    case STATE_DATAGRAM:
      return datagramReadiness(socket, transmit);
    case STATE_FAILED:
      return withPriority(socket, READABLE | WRITABLE | HANGUP | (socket.errno !== 0 ? FAILED : 0));
    case STATE_OPEN:
      return openReadiness(socket);
    case STATE_CONNECTING:
      // Ends that were made before there was a connection are there already.
      if (socket.readEnded === 0) return 0;
      return socket.writeEnded !== 0 ? READABLE | HANGUP : READABLE;
    default:
      return 0;
  }
}

/** As Linux of a socket that is closed: nothing makes it wait. */
function openReadiness(socket: HostSocket): number {
  if (socket.errno !== 0) return READABLE | WRITABLE | HANGUP | FAILED;
  return WRITABLE | HANGUP | (socket.readEnded !== 0 ? READABLE : 0);
}

function connectedReadiness(socket: HostSocket, transmit: TransmitPool, receive: ReceivePool): number {
  let bits = 0;
  const plain = socket.receiveLowBytes <= 1 && socket.urgent === URGENT_NONE;
  const some = socket.receiveHead >= 0 && (plain || receive.hasEnough(socket));
  if (some || socket.endOfStream !== 0 || socket.readEnded !== 0) bits |= READABLE;
  if (socket.writeEnded !== 0) bits |= WRITABLE;
  else if (hasRoom(socket) && transmit.serves(socket)) bits |= WRITABLE;
  if (socket.writeEnded !== 0 && (socket.endOfStream !== 0 || socket.readEnded !== 0)) bits |= HANGUP;
  return socket.urgent === URGENT_NONE ? bits : withPriority(socket, bits);
}

function datagramReadiness(socket: HostSocket, transmit: TransmitPool): number {
  let bits = 0;
  if (socket.errno !== 0) bits |= READABLE | WRITABLE | FAILED;
  if (socket.receiveHead >= 0 || socket.readEnded !== 0) bits |= READABLE;
  if (socket.writeEnded !== 0 || (hasRoom(socket) && transmit.available > 0)) bits |= WRITABLE;
  if (socket.readEnded !== 0 && socket.writeEnded !== 0) bits |= HANGUP;
  return bits;
}
