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
import { SOCK_DGRAM, SOCK_STREAM } from '../../socket/contract.ts';
import {
  EADDRINUSE,
  EAGAIN,
  EALREADY,
  EBADF,
  ECONNABORTED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  EMFILE,
  ENETDOWN,
  ENETUNREACH,
  EOPNOTSUPP,
} from '../../socket/errno.ts';
import { clampBacklog, isMulticast, isPort, typeErrno } from '../../socket/linux-rules.ts';
import { TCP_NOTSENT_LOWAT } from '../../socket/options.ts';
import type { Driver } from '../kernel/driver.ts';
import { takeAccept } from '../memory/accept-queue.ts';
import {
  type HostSocket,
  lostErrno,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_DATAGRAM,
  STATE_FAILED,
  STATE_LISTENING,
  STATE_OPEN,
  takeError,
} from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { Requests } from '../message/requests.ts';
import { markBound } from './datagram-sender.ts';
import { dropAccepts, renew, ShutdownCall } from './shutdown-call.ts';
import type { SocketNames } from './socket-names.ts';
import type { SocketOptions } from './socket-options.ts';

export class SocketCalls {
  private readonly driver: Driver;
  private readonly requests: Requests;
  private readonly control: ControlCall;
  private readonly table: SocketTable;
  private readonly sockets: readonly HostSocket[];
  private readonly names: SocketNames;
  private readonly options: SocketOptions;
  private readonly ends: ShutdownCall;
  private readonly counters: Float64Array;

  constructor(
    driver: Driver,
    requests: Requests,
    control: ControlCall,
    table: SocketTable,
    names: SocketNames,
    options: SocketOptions,
    ledger: Ledger,
  ) {
    this.options = options;
    this.names = names;
    this.ends = new ShutdownCall(driver, requests, table, names);
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
    if (type !== SOCK_STREAM && (type !== SOCK_DGRAM || driver.classVersion < 2)) return typeErrno(type);
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
    this.requests.create(frame, socket.tag, socketId, datagram ? SOCKET_TYPE_DATAGRAM : SOCKET_TYPE_STREAM);
    return socketId;
  }

  /** As `SocketStack.bind`. */
  bind(socketId: number, address: number, port: number): number {
    const socket = this.open(socketId);
    if (socket === undefined) return -EBADF;
    if (!isPort(port) || !this.mayBind(socketId, socket)) return lostErrno(socket) || -EINVAL;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.bind(frame, this.control.begin(), socketId, address, port);
    const errno = this.driver.awaitControl();
    if (errno !== 0) {
      // Linux has let go of the address that the socket had before, when it finds the port taken.
      if (errno === EADDRINUSE) socket.localAddress = 0;
      return 0 - errno;
    }
    socket.bound = 1;
    socket.rebound = socket.state === STATE_OPEN || socket.state === STATE_DATAGRAM ? 0 : 1;
    socket.portChosen = port === 0 ? 1 : 0;
    socket.addressNamed = address === 0 ? 0 : 1;
    socket.localAddress = getSocketBindReplyLocalAddress(this.control.reply, 0);
    socket.localPort = getSocketBindReplyLocalPort(this.control.reply, 0);
    return 0;
  }

  /** Whether the socket holds no port, and is not on its way to one by a connection or by listening. */
  private mayBind(socketId: number, socket: HostSocket): boolean {
    const { state } = socket;
    if (state === STATE_OPEN || state === STATE_DATAGRAM) return socket.bound === 0 && socket.bindDue === 0;
    const failed = state === STATE_FAILED && socket.lost === 0 && socket.unmade === 0;
    if (socket.rebound !== 0 || (!failed && !this.names.isOver(socketId, socket))) return false;
    // A connection that is over holds no port that its user has not chosen.
    return socket.bound === 0 || socket.portChosen !== 0;
  }

  /** As `SocketStack.listen`. */
  listen(socketId: number, backlog: number): number {
    const socket = this.open(socketId);
    if (socket === undefined) return -EBADF;
    if (socket.datagram !== 0) return -EOPNOTSUPP;
    if (!canListen(socket)) return lostErrno(socket) || -EINVAL;
    if (socket.bound === 0) {
      const errno = this.bind(socketId, socket.addressNamed === 0 ? 0 : socket.localAddress, 0);
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
    if (socket.state !== STATE_LISTENING) return acceptErrno(socket);
    const accepted = takeAccept(this.sockets, socket);
    this.driver.accepts.post(socketId, socket);
    if (accepted < 0) {
      this.counters[USER_WOULD_BLOCK] += 1;
      return -EAGAIN;
    }
    assert(this.table.open(accepted) !== undefined, 'socket calls: a connection that is accepted is open');
    this.inherit(socket, accepted);
    this.table.changed(accepted);
    return accepted;
  }

  /**
   * A connection that is accepted begins with what the host keeps of its listener's options. The card has
   * given it the others, but may have done so before the listener had TCP_NOTSENT_LOWAT.
   */
  private inherit({ receiveLowBytes, unsentLowBytes, urgentInline }: HostSocket, accepted: number): void {
    const socket = this.sockets[accepted];
    assert(socket.accepted === 1, 'socket calls: a connection that is accepted came by its listener');
    socket.connectTold = 1;
    socket.receiveLowBytes = receiveLowBytes;
    socket.urgentInline = urgentInline;
    if (unsentLowBytes > 0) this.options.set(accepted, TCP_NOTSENT_LOWAT, unsentLowBytes);
  }

  /** As `SocketStack.connect`. */
  connect(socketId: number, address: number, port: number): number {
    const socket = this.open(socketId);
    if (socket === undefined) return -EBADF;
    if (socket.state === STATE_DATAGRAM) return this.fixPeer(socketId, socket, address, port);
    if (socket.state === STATE_CONNECTING) return -EALREADY;
    if (socket.state === STATE_CONNECTED || socket.state === STATE_LISTENING) return connectedAlready(socket);
    if (socket.state === STATE_FAILED) return this.reopen(socket);
    if (socket.state !== STATE_OPEN || socket.disconnecting !== 0 || !isPort(port)) return -EINVAL;
    if (isMulticast(address)) return -ENETUNREACH;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    if (!isStill(socket, STATE_OPEN)) {
      // While the call waited for a frame the card said that the socket could not be made.
      this.requests.cancel();
      return takeError(socket) || -EINVAL;
    }
    socket.become(STATE_CONNECTING);
    socket.errno = 0;
    socket.remoteAddress = address;
    socket.remotePort = port;
    this.requests.connect(frame, socket.tag, socketId, address, port);
    return -EINPROGRESS;
  }

  /**
   * A connect of a socket whose connection failed: tells why, if nobody was told, and the next connect begins
   * anew (Linux's __inet_stream_connect).
   */
  private reopen(socket: HostSocket): number {
    if (socket.lost !== 0 || socket.broken !== 0 || socket.unmade !== 0)
      return takeError(socket) || lostErrno(socket) || -EINVAL;
    if (socket.connectTold !== 0) return -EISCONN;
    if (socket.disconnecting !== 0) return -EINVAL;
    const errno = takeError(socket) || -ECONNABORTED;
    this.driver.closing.dropUnread(socket);
    socket.become(STATE_OPEN);
    renew(socket);
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
    if (errno !== 0) {
      markBound(socket);
      return 0 - errno;
    }
    socket.bound = 1;
    socket.bindDue = 0;
    socket.localAddress = getSocketConnectReplyLocalAddress(this.control.reply, 0);
    socket.localPort = getSocketConnectReplyLocalPort(this.control.reply, 0);
    // As on Linux, the address 0 is this host, by the name that the socket itself has.
    socket.remoteAddress = address === 0 ? socket.localAddress : address;
    socket.remotePort = port;
    return 0;
  }

  /** As `SocketStack.shutdown`. */
  shutdown(socketId: number, how: number): number {
    const socket = this.open(socketId);
    return socket === undefined ? -EBADF : this.ends.shutdown(socketId, socket, how);
  }

  /** As `SocketStack.close`. */
  close(socketId: number): number {
    const socket = this.open(socketId);
    if (socket === undefined) return -EBADF;
    // What the card has told of already counts as received: a close that has not read it is a reset.
    if (socket.state === STATE_CONNECTED && socket.receiveHead < 0) this.driver.poll();
    this.driver.closeSocket(socketId, socket, false);
    assert(this.table.open(socketId) === undefined, 'socket calls: a socket that was closed is not open');
    dropAccepts(this.driver, this.table, socket);
    return 0;
  }
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

function canListen({ state, disconnecting }: HostSocket): boolean {
  return (state === STATE_OPEN && disconnecting === 0) || state === STATE_LISTENING;
}

/** What accept answers of a socket that does not listen. One that the card could not make says why. */
function acceptErrno(socket: HostSocket): number {
  return lostErrno(socket) || (socket.unmade === 0 ? 0 : takeError(socket)) || -EINVAL;
}
