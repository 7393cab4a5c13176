/**
 * The user subsystem as a program sees it: the socket calls of the contract (src/socket), which behave as on
 * Linux (test/socket holds the two against each other, errno by errno). Calls of the data path touch only the
 * driver's own tables, and post a frame.
 *
 * An assertion of ours that fails in a call reaches the program as an exception; the driver is dead then
 * (`Driver.failed`).
 */

import { USER_CALLS } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import {
  type DatagramSource,
  type Endpoint,
  SOCK_STREAM,
  type SocketStack,
  WRITABLE,
} from '../../socket/contract.ts';
import { EBADF, ENOTTY, EOPNOTSUPP } from '../../socket/errno.ts';
import { MSG_EOR, sendFlagsErrno } from '../../socket/message-flags.ts';
import { kindOf } from '../../socket/send-kind.ts';
import type { TcpInfo } from '../../socket/tcp-info.ts';
import { isAtMark } from '../../socket/urgent-mark.ts';
import { NEVER } from '../../time/agent.ts';
import type { Driver } from '../kernel/driver.ts';
import { STATE_CONNECTED } from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { Requests } from '../message/requests.ts';
import type { CardMoves } from './card-moves.ts';
import { ConnectionInfo } from './connection-info.ts';
import type { DeviceCalls } from './device-calls.ts';
import { readinessOf } from './readiness.ts';
import type { Receiver } from './receiver.ts';
import type { Sender } from './sender.ts';
import { SocketCalls } from './socket-calls.ts';
import { SocketNames, type SocketStatus } from './socket-names.ts';
import { SocketOptions } from './socket-options.ts';

/** What the calls stand on: parts of one driver. */
export interface CardSocketsParts {
  readonly driver: Driver;
  readonly requests: Requests;
  readonly control: ControlCall;
  readonly table: SocketTable;
  readonly transmit: TransmitPool;
  readonly receive: ReceivePool;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly device: DeviceCalls;
  readonly moves: CardMoves;
  readonly ledger: Ledger;
}

export class CardSockets implements SocketStack {
  readonly name = 'inic';
  /** Connections that come from the host's own stack, and go there. */
  readonly moves: CardMoves;
  /** Offers buffers for sending, beside the calls that every stack has. */
  readonly sender: Sender;
  /** Lends received data in place, beside the calls that every stack has. */
  readonly receiver: Receiver;
  /** The device's counters, parameter groups and events. */
  readonly device: DeviceCalls;
  private readonly driver: Driver;
  private readonly table: SocketTable;
  private readonly transmit: TransmitPool;
  private readonly receive: ReceivePool;
  private readonly calls: SocketCalls;
  private readonly options: SocketOptions;
  private readonly names: SocketNames;
  private readonly infos: ConnectionInfo;
  private readonly counters: Float64Array;

  constructor(parts: CardSocketsParts) {
    const { driver, requests, control, table, transmit, sender, receiver, device, ledger } = parts;
    this.driver = driver;
    this.table = table;
    this.transmit = transmit;
    this.receive = parts.receive;
    this.names = new SocketNames(driver, requests, control, table);
    this.options = new SocketOptions(driver, requests, control, table);
    this.calls = new SocketCalls(driver, requests, control, table, this.names, this.options, ledger);
    this.infos = new ConnectionInfo(driver, requests, control, table);
    this.sender = sender;
    this.receiver = receiver;
    this.device = device;
    this.counters = ledger.counters;
    this.moves = parts.moves;
  }

  socket(type: number = SOCK_STREAM): number {
    try {
      return this.calls.socket(type);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  bind(socketId: number, address: number, port: number): number {
    try {
      return this.calls.bind(socketId, address, port);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  listen(socketId: number, backlog: number): number {
    try {
      return this.calls.listen(socketId, backlog);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  accept(socketId: number): number {
    try {
      return this.calls.accept(socketId);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  connect(socketId: number, address: number, port: number): number {
    try {
      return this.calls.connect(socketId, address, port);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  send(socketId: number, bytes: Uint8Array, offset: number, length: number, flags = 0): number {
    if (flags === 0) return this.sender.send(socketId, bytes, offset, length);
    const errno = this.sendErrno(socketId, flags);
    return errno !== 0 ? errno : this.sender.send(socketId, bytes, offset, length, kindOf(flags));
  }

  /**
   * Why the card cannot be told of a send's flags: a negative errno; 0: it can, or the socket is none. A
   * record is refused on a card of class version 2.
   */
  private sendErrno(socketId: number, flags: number): number {
    const socket = this.table.open(socketId);
    if (socket === undefined) return 0;
    const datagram = socket.datagram !== 0;
    if ((flags & MSG_EOR) !== 0 && !datagram && this.driver.classVersion < 3) return -EOPNOTSUPP;
    return sendFlagsErrno(flags, datagram);
  }

  recv(socketId: number, bytes: Uint8Array, offset: number, length: number, flags = 0): number {
    if (flags === 0) return this.receiver.recv(socketId, bytes, offset, length);
    return this.receiver.recvAs(socketId, bytes, offset, length, flags);
  }

  sendTo(
    socketId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
    flags = 0,
  ): number {
    const errno = flags === 0 ? 0 : this.sendErrno(socketId, flags);
    if (errno !== 0) return errno;
    return this.sender.sendTo(socketId, bytes, offset, length, address, port, kindOf(flags));
  }

  recvFrom(
    socketId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource,
    flags = 0,
  ): number {
    if (flags === 0) return this.receiver.recvFrom(socketId, bytes, offset, length, from);
    return this.receiver.recvAs(socketId, bytes, offset, length, flags, from);
  }

  shutdown(socketId: number, how: number): number {
    try {
      return this.calls.shutdown(socketId, how);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  close(socketId: number): number {
    try {
      return this.calls.close(socketId);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  setOption(socketId: number, option: number, value: number): number {
    this.counters[USER_CALLS] += 1;
    try {
      return this.options.set(socketId, option, value);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  getOption(socketId: number, option: number): number {
    this.counters[USER_CALLS] += 1;
    try {
      return this.options.get(socketId, option);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  tcpInfo(socketId: number): TcpInfo | number {
    this.counters[USER_CALLS] += 1;
    try {
      return this.infos.get(socketId);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  localEndpoint(socketId: number): Endpoint | undefined {
    this.counters[USER_CALLS] += 1;
    try {
      return this.names.local(socketId);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  remoteEndpoint(socketId: number): Endpoint | undefined {
    this.counters[USER_CALLS] += 1;
    return this.names.remote(socketId);
  }

  /** What the card tells of a socket, as TCP_INFO does; or a negative errno. */
  status(socketId: number): SocketStatus | number {
    this.counters[USER_CALLS] += 1;
    try {
      return this.names.status(socketId);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  atMark(socketId: number): number {
    this.counters[USER_CALLS] += 1;
    const socket = this.calls.open(socketId);
    if (socket === undefined) return -EBADF;
    if (socket.datagram !== 0) return -ENOTTY;
    return isAtMark(socket) ? 1 : 0;
  }

  // Hot path.
  readiness(socketId: number): number {
    const socket = this.calls.open(socketId);
    if (socket === undefined) return 0;
    const bits = readinessOf(socket, this.transmit, this.receive);
    // Whoever waits for room to send, as after a connect, is told when there is some, tried or not.
    if ((bits & WRITABLE) === 0 && socket.state === STATE_CONNECTED)
      this.driver.blocked.add(socketId, socket);
    return bits;
  }

  poll(): number {
    this.driver.loop.end();
    return this.driver.poll();
  }

  wait(timeoutMs: number): number {
    return this.driver.wait(timeoutMs < 0 ? NEVER : timeoutMs * 1e6);
  }

  /**
   * The socket whose readiness changed longest ago, each once; -1 when there is none. For event loops.
   * // Hot path.
   */
  nextReady(): number {
    try {
      return this.table.nextChanged();
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  /** Sockets in use, those that wait for the card's answer to their close included. */
  get socketsInUse(): number {
    return this.table.most - this.table.available;
  }

  /** Socket ids that are free. */
  get socketsFree(): number {
    return this.table.available;
  }
}
