/**
 * The calls that make sockets, name them, connect them and give them up, answered as Linux answers them. The
 * few that need the card's answer (bind, listen, a datagram socket's connect) wait for it, which takes a
 * microsecond or two.
 */
import { assert } from '../../assert/assert.ts';
import {
  getSocketBindReplyLocalAddress,
  getSocketBindReplyLocalPort,
  getSocketConnectReplyLocalAddress,
  getSocketConnectReplyLocalPort,
  SOCKET_TYPE_DATAGRAM,
  SOCKET_TYPE_STREAM,
} from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { USER_CALLS, USER_SOCKETS_REFUSED, USER_WOULD_BLOCK } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { SHUT_RD, SHUT_RDWR, SHUT_WR, SOCK_DGRAM, SOCK_STREAM } from '../../socket/contract.ts';
import {
  EAGAIN,
  EALREADY,
  EBADF,
  ECONNABORTED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  EMFILE,
  ENETDOWN,
  ENOTCONN,
  EOPNOTSUPP,
  EPROTONOSUPPORT,
} from '../../socket/errno.ts';
import type { Driver } from '../kernel/driver.ts';
import { detachAccepts, takeAccept } from '../memory/accept-queue.ts';
import {
  type HostSocket,
  lostErrno,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_DATAGRAM,
  STATE_FAILED,
  STATE_LISTENING,
  STATE_OPEN,
  socketTag,
  takeError,
} from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { Requests } from '../message/requests.ts';
import type { SocketNames } from './socket-names.ts';

/** Linux takes the address 0, as a destination, for this host, and then names it so. */
const LOOPBACK = 0x7f000001;

/** A call that needs the outcome of a connect waits so often, and so long each time. */
const HANDSHAKE_WAITS = 20;
const HANDSHAKE_WAIT_NS = 500_000;

export class SocketCalls {
  private readonly driver: Driver;
  private readonly requests: Requests;
  private readonly control: ControlCall;
  private readonly table: SocketTable;
  private readonly sockets: readonly HostSocket[];
  private readonly names: SocketNames;
  private readonly counters: Float64Array;

  constructor(
    driver: Driver,
    requests: Requests,
    control: ControlCall,
    table: SocketTable,
    names: SocketNames,
    ledger: Ledger,
  ) {
    this.names = names;
    this.driver = driver;
    this.requests = requests;
    this.control = control;
    this.table = table;
    this.sockets = table.sockets;
    this.counters = ledger.counters;
  }

  /** Counts a call. @returns the socket it is about; undefined: EBADF. // Hot path. */
  open(socketId: number): HostSocket | undefined {
    this.counters[USER_CALLS] += 1;
    return this.table.open(socketId);
  }

  /** As `SocketStack.socket`. */
  socket(type: number): number {
    const { driver, table } = this;
    this.counters[USER_CALLS] += 1;
    if (driver.deadErrno !== 0) return -driver.deadErrno;
    if (type !== SOCK_STREAM && (type !== SOCK_DGRAM || driver.classVersion < 2)) return -EPROTONOSUPPORT;
    const datagram = type === SOCK_DGRAM;
    const state = datagram ? STATE_DATAGRAM : STATE_OPEN;
    // Socket ids that were given up may have come back, if only their replies are looked at.
    if (!table.mayCreate) driver.poll();
    const socketId = table.mayCreate ? table.take(state) : -1;
    if (socketId < 0) {
      this.counters[USER_SOCKETS_REFUSED] += 1;
      return -EMFILE;
    }
    const socket = this.sockets[socketId];
    socket.datagram = datagram ? 1 : 0;
    const frame = driver.awaitFrame();
    if (frame === NO_FRAME) {
      table.give(socketId);
      return -ENETDOWN;
    }
    const tag = socketTag(socketId, socket.generation);
    this.requests.create(frame, tag, socketId, datagram ? SOCKET_TYPE_DATAGRAM : SOCKET_TYPE_STREAM);
    return socketId;
  }

  /** As `SocketStack.bind`. */
  bind(socketId: number, address: number, port: number): number {
    const socket = this.open(socketId);
    if (socket === undefined) return -EBADF;
    const fresh = socket.state === STATE_OPEN || socket.state === STATE_DATAGRAM;
    if (!fresh || socket.bound !== 0 || !isPort(port)) return lostErrno(socket) || -EINVAL;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.bind(frame, this.control.begin(), socketId, address, port);
    const errno = this.driver.awaitControl();
    if (errno !== 0) return 0 - errno;
    socket.bound = 1;
    socket.portChosen = port === 0 ? 1 : 0;
    socket.localAddress = getSocketBindReplyLocalAddress(this.control.reply, 0);
    socket.localPort = getSocketBindReplyLocalPort(this.control.reply, 0);
    return 0;
  }

  /** As `SocketStack.listen`. */
  listen(socketId: number, backlog: number): number {
    const socket = this.open(socketId);
    if (socket === undefined) return -EBADF;
    if (socket.datagram !== 0) return -EOPNOTSUPP;
    if (!canListen(socket)) return lostErrno(socket) || -EINVAL;
    if (socket.bound === 0) {
      const errno = this.bind(socketId, 0, 0);
      if (errno !== 0) return errno;
    }
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.listen(frame, this.control.begin(), socketId, clampBacklog(backlog));
    const errno = this.driver.awaitControl();
    if (errno !== 0) return 0 - errno;
    // While the call waited the card may have said that the socket could not be made.
    if (!canListen(socket)) return takeError(socket) || -EINVAL;
    assert(socket.bound === 1, 'socket calls: a listener is bound');
    socket.become(STATE_LISTENING);
    socket.backlog = clampBacklog(backlog);
    this.driver.accepts.post(socketId, socket);
    return 0;
  }

  /** As `SocketStack.accept`. */
  accept(socketId: number): number {
    const socket = this.open(socketId);
    if (socket === undefined) return -EBADF;
    if (socket.datagram !== 0) return -EOPNOTSUPP;
    if (socket.state !== STATE_LISTENING) return lostErrno(socket) || takeError(socket) || -EINVAL;
    const accepted = takeAccept(this.sockets, socket);
    this.driver.accepts.post(socketId, socket);
    if (accepted < 0) {
      this.counters[USER_WOULD_BLOCK] += 1;
      return -EAGAIN;
    }
    assert(this.table.open(accepted) !== undefined, 'socket calls: a connection that is accepted is open');
    this.sockets[accepted].connectTold = 1;
    this.table.changed(accepted);
    return accepted;
  }

  /** As `SocketStack.connect`. */
  connect(socketId: number, address: number, port: number): number {
    const socket = this.open(socketId);
    if (socket === undefined) return -EBADF;
    if (socket.state === STATE_DATAGRAM) return this.fixPeer(socketId, socket, address, port);
    if (socket.state === STATE_CONNECTING) return -EALREADY;
    if (socket.state === STATE_CONNECTED || socket.state === STATE_LISTENING) return connectedAlready(socket);
    if (socket.state === STATE_FAILED) return this.reopen(socket);
    if (socket.state !== STATE_OPEN) return -EINVAL;
    if (!isPort(port)) return -EINVAL;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    if (!isStill(socket, STATE_OPEN)) {
      // While the call waited for a frame the card said that the socket could not be made.
      this.requests.cancel();
      return takeError(socket) || -EINVAL;
    }
    socket.become(STATE_CONNECTING);
    socket.remoteAddress = address;
    socket.remotePort = port;
    this.requests.connect(frame, socketTag(socketId, socket.generation), socketId, address, port);
    return -EINPROGRESS;
  }

  /**
   * A connect of a socket whose connection failed: tells why, if nobody was told, and the next connect begins
   * anew (Linux's __inet_stream_connect).
   */
  private reopen(socket: HostSocket): number {
    if (socket.lost !== 0 || socket.broken !== 0 || socket.remotePort === 0)
      return takeError(socket) || lostErrno(socket) || -EINVAL;
    if (socket.connectTold !== 0) return -EISCONN;
    const errno = takeError(socket) || -ECONNABORTED;
    this.driver.closing.dropUnread(socket);
    socket.become(STATE_OPEN);
    socket.endOfStream = 0;
    socket.readEnded = 0;
    socket.writeEnded = 0;
    socket.remotePort = 0;
    return errno;
  }

  /** Connects a datagram socket: where to, and from whom only. It may be done again. */
  private fixPeer(socketId: number, socket: HostSocket, address: number, port: number): number {
    assert(socket.datagram === 1, 'socket calls: a peer is fixed for a datagram socket');
    if (!isPort(port) || port === 0) return -EINVAL;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.connectDatagram(frame, this.control.begin(), socketId, address, port);
    const errno = this.driver.awaitControl();
    if (errno !== 0) return 0 - errno;
    socket.bound = 1;
    socket.localAddress = getSocketConnectReplyLocalAddress(this.control.reply, 0);
    socket.localPort = getSocketConnectReplyLocalPort(this.control.reply, 0);
    socket.remoteAddress = address === 0 ? LOOPBACK : address;
    socket.remotePort = port;
    return 0;
  }

  /** As `SocketStack.shutdown`. */
  shutdown(socketId: number, how: number): number {
    const socket = this.open(socketId);
    if (socket === undefined) return -EBADF;
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -EINVAL;
    if (socket.state === STATE_DATAGRAM) return this.shutdownDatagram(socketId, socket, how);
    if (socket.state === STATE_LISTENING) return this.shutdownListener(socketId, socket, how);
    if (socket.state === STATE_CONNECTING) this.awaitHandshake(socket);
    if (socket.state !== STATE_CONNECTED || this.names.isOver(socketId, socket)) {
      return lostErrno(socket) || -ENOTCONN;
    }
    socket.connectTold = 1;
    if (how !== SHUT_WR) {
      socket.readEnded = 1;
      this.table.changed(socketId);
    }
    if (how === SHUT_RD) return 0;
    if (socket.writeEnded === 0) {
      const frame = this.driver.awaitFrame();
      if (frame === NO_FRAME) return -ENETDOWN;
      socket.writeEnded = 1;
      this.requests.shutdown(frame, socketId, SHUT_WR);
    }
    this.table.changed(socketId);
    return 0;
  }

  /**
   * On Linux a handshake with this host is over when connect returns, so a call that needs its outcome may
   * wait for it; one with another host may take longer than any call should.
   */
  private awaitHandshake(socket: HostSocket): void {
    for (let i = 0; i < HANDSHAKE_WAITS && isStill(socket, STATE_CONNECTING); i++) {
      if (this.driver.wait(HANDSHAKE_WAIT_NS) === 0 && this.driver.deadErrno !== 0) return;
    }
  }

  /**
   * As on Linux, the reading half of a listener is its listening: it takes no connections any more, and those
   * that nobody has accepted are reset. It may listen again.
   */
  private shutdownListener(socketId: number, socket: HostSocket, how: number): number {
    if (how === SHUT_WR) return 0;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.shutdown(frame, socketId, how);
    socket.become(STATE_OPEN);
    // A port that the card has chosen is gone with the listening; another listen gets another.
    if (socket.portChosen !== 0) socket.localPort = 0;
    this.dropAccepts(socket);
    this.table.changed(socketId);
    return 0;
  }

  /**
   * Only marks the socket, for datagrams have no end that could be sent. Without a peer Linux marks it, too,
   * and yet answers ENOTCONN.
   */
  private shutdownDatagram(socketId: number, socket: HostSocket, how: number): number {
    if (how !== SHUT_WR) socket.readEnded = 1;
    if (how !== SHUT_RD) socket.writeEnded = 1;
    this.table.changed(socketId);
    return socket.remotePort === 0 ? -ENOTCONN : 0;
  }

  /** As `SocketStack.close`. */
  close(socketId: number): number {
    const socket = this.open(socketId);
    if (socket === undefined) return -EBADF;
    // What the card has told of already counts as received: a close that has not read it is a reset.
    if (socket.state === STATE_CONNECTED && socket.receiveHead < 0) this.driver.poll();
    this.driver.closeSocket(socketId, socket, false);
    assert(this.table.open(socketId) === undefined, 'socket calls: a socket that was closed is not open');
    this.dropAccepts(socket);
    return 0;
  }

  /** Connections that nobody has accepted are reset with their listener, as on Linux. No more join them. */
  private dropAccepts(socket: HostSocket): void {
    for (let accepted = detachAccepts(socket); accepted >= 0; ) {
      const next = this.sockets[accepted].acceptNext;
      this.driver.closeSocket(accepted, this.sockets[accepted], true);
      accepted = next;
    }
  }
}

function isPort(port: number): boolean {
  return port >= 0 && port <= 65535;
}

function isStill(socket: HostSocket, state: number): boolean {
  return socket.state === state;
}

/** As Linux: the first connect after the handshake hears that it went well, later ones that it is done. */
function connectedAlready(socket: HostSocket): number {
  if (socket.state === STATE_LISTENING || socket.connectTold !== 0) return -EISCONN;
  socket.connectTold = 1;
  return 0;
}

function canListen({ state }: HostSocket): boolean {
  return state === STATE_OPEN || state === STATE_LISTENING;
}

/** At most Linux's somaxconn, and at least one connection. */
function clampBacklog(backlog: number): number {
  return Math.max(1, Math.min(Math.trunc(backlog) || 1, 4096));
}
