/**
 * The call that ends halves of connections, by what Linux's inet_shutdown does in each state of a socket. Its
 * marks (`readEnded`, `writeEnded`) are kept whatever it answers; the peer is told of an end only where there
 * is a connection.
 */
import { assert } from '../../assert/assert.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { SHUT_RD, SHUT_RDWR, SHUT_WR } from '../../socket/contract.ts';
import { ECONNRESET, EINVAL, ENETDOWN, ENOTCONN } from '../../socket/errno.ts';
import type { Driver } from '../kernel/driver.ts';
import { detachAccepts } from '../memory/accept-queue.ts';
import {
  type HostSocket,
  lostErrno,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_DATAGRAM,
  STATE_FAILED,
  STATE_LISTENING,
  STATE_OPEN,
} from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { Requests } from '../message/requests.ts';
import type { SocketNames } from './socket-names.ts';

/** A call that needs the outcome of a connect waits so long for a handshake. */
const HANDSHAKE_WAIT_NS = 10e6;

export class ShutdownCall {
  private readonly driver: Driver;
  private readonly requests: Requests;
  private readonly table: SocketTable;
  private readonly names: SocketNames;

  constructor(driver: Driver, requests: Requests, table: SocketTable, names: SocketNames) {
    this.driver = driver;
    this.requests = requests;
    this.table = table;
    this.names = names;
  }

  /** As `SocketStack.shutdown`, of an open socket. */
  shutdown(socketId: number, socket: HostSocket, how: number): number {
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -EINVAL;
    if (socket.state === STATE_LISTENING) return this.listener(socketId, socket, how);
    if (socket.state === STATE_CONNECTING) {
      this.awaitOutcome(socket, HANDSHAKE_WAIT_NS);
      if (isStill(socket, STATE_CONNECTING)) return this.cancelConnect(socketId, socket, how);
    }
    if (socket.state === STATE_CONNECTED && !this.names.isOver(socketId, socket)) {
      return this.connected(socketId, socket, how);
    }
    if (socket.lost !== 0) return lostErrno(socket);
    mark(socket, how);
    this.table.changed(socketId);
    // Linux then takes a connection that is over, and of which no call has heard, for one being given up.
    const isOver = socket.state === STATE_FAILED || socket.state === STATE_CONNECTED;
    if (isOver && socket.connectTold === 0) {
      socket.disconnecting = 1;
    }
    return socket.state === STATE_DATAGRAM && socket.remotePort !== 0 ? 0 : -ENOTCONN;
  }

  private connected(socketId: number, socket: HostSocket, how: number): number {
    socket.connectTold = 1;
    const ends = how !== SHUT_RD && socket.finSent === 0;
    if (ends || (how !== SHUT_WR && socket.readEnded === 0)) {
      const frame = this.driver.awaitFrame();
      if (frame === NO_FRAME) return -ENETDOWN;
      mark(socket, how);
      if (ends) socket.finSent = 1;
      // What was ended before there was a connection, the card has not heard of.
      const half = socket.readEnded === 0 ? SHUT_WR : SHUT_RD;
      this.requests.shutdown(frame, socketId, ends && socket.readEnded !== 0 ? SHUT_RDWR : half);
    }
    this.table.changed(socketId);
    return 0;
  }

  /**
   * On Linux a handshake with this host is over when connect returns, so a call that needs its outcome may
   * wait for it; one with another host may take longer than any call should.
   */
  private awaitOutcome(socket: HostSocket, timeoutNs: number): void {
    this.driver.waitUntil(() => !isStill(socket, STATE_CONNECTING), timeoutNs);
  }

  /**
   * Ends a connect that is under way: the socket is as new, and ECONNRESET waits in SO_ERROR. Where the
   * handshake has ended before the card hears of it, the connection is there and its half is ended.
   */
  private cancelConnect(socketId: number, socket: HostSocket, how: number): number {
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.shutdown(frame, socketId, how);
    // The card answers the connect at once.
    this.awaitOutcome(socket, this.driver.config.controlTimeoutNs);
    if (isStill(socket, STATE_CONNECTED)) {
      if (how !== SHUT_RD) socket.finSent = 1;
      socket.connectTold = 1;
      mark(socket, how);
      return 0;
    }
    if (!isStill(socket, STATE_FAILED) || socket.errno !== ECONNRESET) return -ENOTCONN;
    socket.become(STATE_OPEN);
    renew(socket);
    this.table.changed(socketId);
    return 0;
  }

  /**
   * As on Linux, the reading half of a listener is its listening: it takes no connections any more, and those
   * that nobody has accepted are reset. It may listen again.
   */
  private listener(socketId: number, socket: HostSocket, how: number): number {
    if (how === SHUT_WR) {
      mark(socket, how);
      return 0;
    }
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.shutdown(frame, socketId, how);
    socket.become(STATE_OPEN);
    renew(socket);
    dropAccepts(this.driver, this.table, socket);
    this.table.changed(socketId);
    return 0;
  }
}

/**
 * A socket whose connection, or whose listening, has been given up is as new (Linux's tcp_disconnect): it has
 * no peer and no end, an address only if a bind has named it, and holds its port only if a bind has named
 * that. The number of a port that it holds no more stays its name. Its error, if there is one, waits on.
 */
export function renew(socket: HostSocket): void {
  assert(socket.state === STATE_OPEN, 'shutdown call: a socket that is renewed is open');
  socket.endOfStream = 0;
  socket.restartCount();
  socket.readEnded = 0;
  socket.writeEnded = 0;
  socket.finSent = 0;
  socket.remotePort = 0;
  socket.rebound = 0;
  if (socket.portChosen !== 0) {
    socket.bound = 0;
    socket.portChosen = 0;
  }
  if (socket.addressNamed === 0) socket.localAddress = 0;
}

/** Connections that nobody has accepted are reset with their listener, as on Linux. No more join them. */
export function dropAccepts(driver: Driver, { sockets }: SocketTable, listener: HostSocket): void {
  for (let accepted = detachAccepts(listener); accepted >= 0; ) {
    const next = sockets[accepted].acceptNext;
    driver.closeSocket(accepted, sockets[accepted], true);
    accepted = next;
  }
}

/** Marks the halves that a shutdown has named. */
export function mark(socket: HostSocket, how: number): void {
  assert(how >= SHUT_RD && how <= SHUT_RDWR, 'shutdown call: what is ended is one half, or both');
  if (how !== SHUT_WR) socket.readEnded = 1;
  if (how !== SHUT_RD) socket.writeEnded = 1;
}

/** Whether a socket is in a state, which may have changed while the call waited. */
function isStill(socket: HostSocket, state: number): boolean {
  return socket.state === state;
}
