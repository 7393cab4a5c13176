/**
 * The user subsystem: the socket calls a program makes, answered as Linux answers them (errno by errno: test/socket). Calls of
 * the data path touch the driver's own tables and post a frame; the few that need the card's answer (bind, listen, options)
 * wait for it, which takes a microsecond or two.
 */

import {
  getSocketBindReplyLocalAddress,
  getSocketBindReplyLocalPort,
  getSocketConnectReplyLocalAddress,
  getSocketConnectReplyLocalPort,
  SOCKET_TYPE_DATAGRAM,
  SOCKET_TYPE_STREAM,
} from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { USER_CALLS, USER_WOULD_BLOCK } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import {
  type DatagramSource,
  type Endpoint,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_STREAM,
  type SocketStack,
} from '../../socket/contract.ts';
import {
  EAGAIN,
  EALREADY,
  EBADF,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  EMFILE,
  ENETDOWN,
  ENOTCONN,
  EOPNOTSUPP,
  EPROTONOSUPPORT,
} from '../../socket/errno.ts';
import { NEVER } from '../../time/agent.ts';
import type { Driver } from '../kernel/driver.ts';
import {
  type HostSocket,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_DATAGRAM,
  STATE_FREE,
  STATE_LISTENING,
  STATE_OPEN,
  socketTag,
  takeError,
} from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { Requests } from '../message/requests.ts';
import type { DeviceCalls } from './device-calls.ts';
import { readinessOf } from './readiness.ts';
import type { Receiver } from './receiver.ts';
import type { Sender } from './sender.ts';
import { SocketNames, type SocketStatus } from './socket-names.ts';
import { SocketOptions } from './socket-options.ts';

/** The address 0 as a destination is this host, and Linux then names it so. */
const LOOPBACK = 0x7f000001;

export class CardSockets implements SocketStack {
  readonly name = 'inic';
  /** Buffers offered for sending, and data lent in place, beside the calls every stack has. */
  readonly sender: Sender;
  readonly receiver: Receiver;
  /** The device's counters, parameter groups and events. */
  readonly device: DeviceCalls;
  private readonly driver: Driver;
  private readonly requests: Requests;
  private readonly control: ControlCall;
  private readonly table: SocketTable;
  private readonly sockets: readonly HostSocket[];
  private readonly transmit: TransmitPool;
  private readonly options: SocketOptions;
  private readonly names: SocketNames;
  private readonly counters: Float64Array;

  constructor(
    driver: Driver,
    requests: Requests,
    control: ControlCall,
    table: SocketTable,
    transmit: TransmitPool,
    sender: Sender,
    receiver: Receiver,
    device: DeviceCalls,
    ledger: Ledger,
  ) {
    this.driver = driver;
    this.requests = requests;
    this.control = control;
    this.table = table;
    this.sockets = table.sockets;
    this.transmit = transmit;
    this.options = new SocketOptions(driver, requests, control, table);
    this.names = new SocketNames(driver, requests, control, table);
    this.sender = sender;
    this.receiver = receiver;
    this.device = device;
    this.counters = ledger.counters;
  }

  socket(type: number = SOCK_STREAM): number {
    this.counters[USER_CALLS] += 1;
    if (this.driver.deadErrno !== 0) return -this.driver.deadErrno;
    if (type !== SOCK_STREAM && (type !== SOCK_DGRAM || this.driver.classVersion < 2))
      return -EPROTONOSUPPORT;
    const datagram = type === SOCK_DGRAM;
    let number = this.table.take(STATE_OPEN);
    if (number < 0) {
      // Numbers given up may still be on their way back.
      this.driver.poll();
      number = this.table.take(STATE_OPEN);
      if (number < 0) return -EMFILE;
    }
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) {
      this.sockets[number].state = STATE_FREE;
      this.table.give(number);
      return -ENETDOWN;
    }
    const socket = this.sockets[number];
    const tag = socketTag(number, socket.generation);
    if (datagram) {
      socket.state = STATE_DATAGRAM;
      socket.datagram = 1;
    }
    this.requests.create(frame, tag, number, datagram ? SOCKET_TYPE_DATAGRAM : SOCKET_TYPE_STREAM);
    return number;
  }

  bind(number: number, address: number, port: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    const fresh = socket.state === STATE_OPEN || socket.state === STATE_DATAGRAM;
    if (!fresh || socket.bound !== 0 || port < 0 || port > 65535) return -EINVAL;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.bind(frame, this.control.begin(), number, address, port);
    const errno = this.driver.awaitControl();
    if (errno !== 0) return 0 - errno;
    socket.bound = 1;
    socket.localAddress = getSocketBindReplyLocalAddress(this.control.reply, 0);
    socket.localPort = getSocketBindReplyLocalPort(this.control.reply, 0);
    return 0;
  }

  listen(number: number, backlog: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (socket.datagram !== 0) return -EOPNOTSUPP;
    if (socket.state !== STATE_OPEN && socket.state !== STATE_LISTENING) return -EINVAL;
    if (socket.bound === 0) {
      const errno = this.bind(number, 0, 0);
      if (errno !== 0) return errno;
    }
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.listen(frame, this.control.begin(), number, clampBacklog(backlog));
    const errno = this.driver.awaitControl();
    if (errno !== 0) return 0 - errno;
    socket.state = STATE_LISTENING;
    socket.backlog = clampBacklog(backlog);
    this.driver.postAccepts(number, socket);
    return 0;
  }

  accept(number: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (socket.datagram !== 0) return -EOPNOTSUPP;
    if (socket.state !== STATE_LISTENING)
      return this.driver.deadErrno !== 0 ? -this.driver.deadErrno : takeError(socket) || -EINVAL;
    const accepted = socket.acceptHead;
    if (accepted < 0) {
      this.driver.postAccepts(number, socket);
      this.counters[USER_WOULD_BLOCK] += 1;
      return -EAGAIN;
    }
    const next = this.sockets[accepted].acceptNext;
    socket.acceptHead = next;
    if (next < 0) socket.acceptTail = -1;
    this.sockets[accepted].acceptNext = -1;
    socket.acceptCount -= 1;
    this.driver.postAccepts(number, socket);
    this.table.changed(accepted);
    return accepted;
  }

  connect(number: number, address: number, port: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (socket.state === STATE_DATAGRAM) return this.fixPeer(number, socket, address, port);
    if (socket.state === STATE_CONNECTING) return -EALREADY;
    if (socket.state === STATE_CONNECTED || socket.state === STATE_LISTENING) return -EISCONN;
    if (socket.state !== STATE_OPEN) return takeError(socket) || -EINVAL;
    if (port < 0 || port > 65535) return -EINVAL;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    socket.state = STATE_CONNECTING;
    socket.remoteAddress = address;
    socket.remotePort = port;
    this.requests.connect(frame, socketTag(number, socket.generation), number, address, port);
    return -EINPROGRESS;
  }

  /** Connects a datagram socket: where to, and from whom only. It may be done again. */
  private fixPeer(number: number, socket: HostSocket, address: number, port: number): number {
    if (!(port > 0 && port <= 65535)) return -EINVAL;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.connectDatagram(frame, this.control.begin(), number, address, port);
    const errno = this.driver.awaitControl();
    if (errno !== 0) return 0 - errno;
    socket.bound = 1;
    socket.localAddress = getSocketConnectReplyLocalAddress(this.control.reply, 0);
    socket.localPort = getSocketConnectReplyLocalPort(this.control.reply, 0);
    socket.remoteAddress = address === 0 ? LOOPBACK : address;
    socket.remotePort = port;
    return 0;
  }

  send(number: number, bytes: Uint8Array, offset: number, length: number): number {
    return this.sender.send(number, bytes, offset, length);
  }

  recv(number: number, bytes: Uint8Array, offset: number, length: number): number {
    return this.receiver.recv(number, bytes, offset, length);
  }

  sendTo(
    number: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
  ): number {
    return this.sender.sendTo(number, bytes, offset, length, address, port);
  }

  recvFrom(number: number, bytes: Uint8Array, offset: number, length: number, from: DatagramSource): number {
    return this.receiver.recvFrom(number, bytes, offset, length, from);
  }

  shutdown(number: number, how: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -EINVAL;
    if (socket.state === STATE_DATAGRAM) return this.shutdownDatagram(number, socket, how);
    if (socket.state !== STATE_CONNECTED) return -ENOTCONN;
    if (how !== SHUT_WR) {
      socket.readEnded = 1;
      this.table.changed(number);
    }
    if (how === SHUT_RD) return 0;
    if (socket.writeEnded === 0) {
      const frame = this.driver.awaitFrame();
      if (frame === NO_FRAME) return -ENETDOWN;
      socket.writeEnded = 1;
      this.requests.shutdown(frame, number, SHUT_WR);
    }
    this.table.changed(number);
    return 0;
  }

  /** Only marks: the wire knows no end of datagrams. Without a peer Linux marks, too, and says ENOTCONN. */
  private shutdownDatagram(number: number, socket: HostSocket, how: number): number {
    if (how !== SHUT_WR) socket.readEnded = 1;
    if (how !== SHUT_RD) socket.writeEnded = 1;
    this.table.changed(number);
    return socket.remotePort === 0 ? -ENOTCONN : 0;
  }

  close(number: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    this.driver.closeSocket(number, socket, false);
    // Connections nobody has accepted are reset with their listener, as Linux does; now none can join them any more.
    for (let accepted = socket.acceptHead; accepted >= 0; ) {
      const next = this.sockets[accepted].acceptNext;
      this.driver.closeSocket(accepted, this.sockets[accepted], true);
      accepted = next;
    }
    return 0;
  }

  setOption(number: number, option: number, value: number): number {
    this.counters[USER_CALLS] += 1;
    return this.options.set(number, option, value);
  }

  getOption(number: number, option: number): number {
    this.counters[USER_CALLS] += 1;
    return this.options.get(number, option);
  }

  localEndpoint(number: number): Endpoint | undefined {
    this.counters[USER_CALLS] += 1;
    return this.names.local(number);
  }

  remoteEndpoint(number: number): Endpoint | undefined {
    this.counters[USER_CALLS] += 1;
    return this.names.remote(number);
  }

  /** What the card tells of a socket, as TCP_INFO does; or a negative errno. */
  status(number: number): SocketStatus | number {
    this.counters[USER_CALLS] += 1;
    return this.names.status(number);
  }

  // Hot path.
  readiness(number: number): number {
    const socket = this.open(number);
    return socket === undefined ? 0 : readinessOf(socket, this.transmit);
  }

  poll(): number {
    return this.driver.poll();
  }

  wait(timeoutMs: number): number {
    return this.driver.wait(timeoutMs < 0 ? NEVER : timeoutMs * 1e6);
  }

  /** The socket whose readiness changed longest ago, each once; -1 when there is none. For event loops. */
  nextReady(): number {
    return this.table.nextChanged();
  }

  /** Sockets in use, those on their way to the card's answer included. */
  get socketsInUse(): number {
    return this.sockets.length - this.table.available;
  }

  private open(number: number): HostSocket | undefined {
    this.counters[USER_CALLS] += 1;
    return this.table.open(number);
  }
}

/** Linux's somaxconn, and at least one connection. */
function clampBacklog(backlog: number): number {
  return Math.max(1, Math.min(backlog, 4096));
}
