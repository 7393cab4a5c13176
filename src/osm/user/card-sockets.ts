/**
 * The user subsystem: the socket calls a program makes, answered as Linux answers them (errno by errno: test/socket). Calls of
 * the data path touch the driver's own tables and post a frame; the few that need the card's answer (bind, listen, options)
 * wait for it, which takes a microsecond or two.
 */

import {
  getSocketBindReplyLocalAddress,
  getSocketBindReplyLocalPort,
  getSocketOptionGetReplyValue,
} from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { USER_CALLS, USER_WOULD_BLOCK } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import {
  type Endpoint,
  FAILED,
  HANGUP,
  READABLE,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_STREAM,
  type SocketStack,
  WRITABLE,
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
  ENOPROTOOPT,
  ENOTCONN,
  EOPNOTSUPP,
  EPROTONOSUPPORT,
} from '../../socket/errno.ts';
import { SO_ERROR, SO_LINGER_SECONDS, SO_RCVBUF, SO_SNDBUF } from '../../socket/options.ts';
import { NEVER } from '../../time/agent.ts';
import type { Driver } from '../kernel/driver.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { Requests } from '../message/requests.ts';
import {
  type HostSocket,
  hasRoom,
  STATE_CLOSING,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_FAILED,
  STATE_FREE,
  STATE_LISTENING,
  STATE_OPEN,
  STATE_POSTED,
  socketTag,
  takeError,
} from './host-socket.ts';
import type { SocketTable } from './socket-table.ts';

/** The least SO_SNDBUF and SO_RCVBUF, as Linux has a least. */
const BUFFER_BYTES_MIN = 2048;

import type { Receiver } from './receiver.ts';
import type { Sender } from './sender.ts';
export class CardSockets implements SocketStack {
  readonly name = 'inic';
  /** Buffers offered for sending, and data lent in place, beside the calls every stack has. */
  readonly sender: Sender;
  readonly receiver: Receiver;
  private readonly driver: Driver;
  private readonly requests: Requests;
  private readonly control: ControlCall;
  private readonly table: SocketTable;
  private readonly sockets: readonly HostSocket[];
  private readonly transmit: TransmitPool;
  private readonly counters: Float64Array;

  constructor(
    driver: Driver,
    requests: Requests,
    control: ControlCall,
    table: SocketTable,
    transmit: TransmitPool,
    sender: Sender,
    receiver: Receiver,
    ledger: Ledger,
  ) {
    this.driver = driver;
    this.requests = requests;
    this.control = control;
    this.table = table;
    this.sockets = table.sockets;
    this.transmit = transmit;
    this.sender = sender;
    this.receiver = receiver;
    this.counters = ledger.counters;
  }

  socket(type: number = SOCK_STREAM): number {
    if (type !== SOCK_STREAM) return -EPROTONOSUPPORT;
    this.counters[USER_CALLS] += 1;
    if (this.driver.deadErrno !== 0) return -this.driver.deadErrno;
    let number = this.table.take(STATE_OPEN);
    if (number < 0) {
      // Numbers given up may still be on their way back.
      this.driver.poll();
      number = this.table.take(STATE_OPEN);
      if (number < 0) return -EMFILE;
    }
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) {
      this.sockets[number]!.state = STATE_FREE;
      this.table.give(number);
      return -ENETDOWN;
    }
    this.requests.create(frame, socketTag(number, this.sockets[number]!.generation), number);
    return number;
  }

  bind(number: number, address: number, port: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (socket.state !== STATE_OPEN || socket.bound !== 0 || port < 0 || port > 65535) return -EINVAL;
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
    if (socket.state !== STATE_LISTENING)
      return this.driver.deadErrno !== 0 ? -this.driver.deadErrno : -EINVAL;
    const accepted = socket.acceptHead;
    if (accepted < 0) {
      this.driver.postAccepts(number, socket);
      this.counters[USER_WOULD_BLOCK] += 1;
      return -EAGAIN;
    }
    const next = this.sockets[accepted]!.acceptNext;
    socket.acceptHead = next;
    if (next < 0) socket.acceptTail = -1;
    this.sockets[accepted]!.acceptNext = -1;
    socket.acceptCount -= 1;
    this.driver.postAccepts(number, socket);
    this.table.changed(accepted);
    return accepted;
  }

  connect(number: number, address: number, port: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
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

  send(number: number, bytes: Uint8Array, offset: number, length: number): number {
    return this.sender.send(number, bytes, offset, length);
  }

  recv(number: number, bytes: Uint8Array, offset: number, length: number): number {
    return this.receiver.recv(number, bytes, offset, length);
  }

  shutdown(number: number, how: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -EINVAL;
    if (socket.state === STATE_FAILED) return -ENOTCONN;
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

  close(number: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    this.driver.closeSocket(number, socket, false);
    // Connections nobody has accepted are reset with their listener, as Linux does; now none can join them any more.
    for (let accepted = socket.acceptHead; accepted >= 0; ) {
      const next = this.sockets[accepted]!.acceptNext;
      this.driver.closeSocket(accepted, this.sockets[accepted]!, true);
      accepted = next;
    }
    return 0;
  }

  setOption(number: number, option: number, value: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (option === SO_ERROR) return -ENOPROTOOPT;
    if (option === SO_SNDBUF) {
      if (!(value > 0)) return -EINVAL;
      socket.sendBufferBytes = Math.max(value, BUFFER_BYTES_MIN);
      return 0;
    }
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.optionSet(frame, this.control.begin(), number, option, value);
    const errno = this.driver.awaitControl();
    if (errno === 0 && option === SO_RCVBUF) {
      const bytes = Math.max(value, BUFFER_BYTES_MIN);
      // Connections that wait at a listener keep the buffer they came with, so theirs may be the least it ever had.
      const least = socket.state === STATE_LISTENING ? Math.min(bytes, socket.receiveBufferBytes) : bytes;
      socket.receiveBufferBytes = least;
    }
    if (errno === 0 && option === SO_LINGER_SECONDS) socket.lingerSeconds = value;
    return 0 - errno;
  }

  getOption(number: number, option: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (option === SO_ERROR) {
      const { errno } = socket;
      socket.errno = 0;
      return errno;
    }
    if (option === SO_SNDBUF) return socket.sendBufferBytes;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.optionGet(frame, this.control.begin(), number, option);
    const errno = this.driver.awaitControl();
    return errno === 0 ? getSocketOptionGetReplyValue(this.control.reply, 0) : 0 - errno;
  }

  localEndpoint(number: number): Endpoint | undefined {
    const socket = this.open(number);
    if (socket === undefined) return undefined;
    return { address: socket.localAddress, port: socket.localPort };
  }

  remoteEndpoint(number: number): Endpoint | undefined {
    const socket = this.open(number);
    if (socket === undefined || socket.state !== STATE_CONNECTED) return undefined;
    return { address: socket.remoteAddress, port: socket.remotePort };
  }

  // Hot path.
  readiness(number: number): number {
    const socket = this.open(number);
    if (socket === undefined) return 0;
    switch (socket.state) {
      case STATE_LISTENING:
        return socket.acceptHead >= 0 ? READABLE : 0;
      case STATE_CONNECTED:
        return this.connectedReadiness(socket);
      case STATE_FAILED:
        return READABLE | WRITABLE | HANGUP | (socket.errno !== 0 ? FAILED : 0);
      case STATE_OPEN:
        return WRITABLE | HANGUP;
      default:
        return 0;
    }
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
    const socket = number >= 0 && number < this.sockets.length ? this.sockets[number] : undefined;
    if (socket === undefined || socket.state === STATE_FREE || socket.state === STATE_CLOSING)
      return undefined;
    return socket.state === STATE_POSTED ? undefined : socket;
  }

  private connectedReadiness(socket: HostSocket): number {
    let bits = 0;
    if (socket.receiveHead >= 0 || socket.endOfStream !== 0 || socket.readEnded !== 0) bits |= READABLE;
    if (socket.writeEnded !== 0) bits |= WRITABLE;
    else if (hasRoom(socket) && this.transmit.available > 0) bits |= WRITABLE;
    if (socket.endOfStream !== 0 && socket.writeEnded !== 0) bits |= HANGUP;
    return bits;
  }
}

/** Linux's somaxconn, and at least one connection. */
function clampBacklog(backlog: number): number {
  return Math.max(1, Math.min(backlog, 4096));
}
