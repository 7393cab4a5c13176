/**
 * Names and states of sockets. What the answer to a bind, a connect or an accept has said stands in the
 * driver's table. What only the card knows (the port of a datagram socket that was never bound, or of a
 * connection in progress) is asked for by SocketNameGet or, on a card of class version 1, by SocketStatusGet.
 */
import { assert } from '../../assert/assert.ts';
import {
  getSocketNameGetReplyAddress,
  getSocketNameGetReplyPort,
  getSocketStatusGetReplyCongestionWindowBytes,
  getSocketStatusGetReplyLocalAddress,
  getSocketStatusGetReplyLocalPort,
  getSocketStatusGetReplyReceiveWindowBytes,
  getSocketStatusGetReplyRemoteAddress,
  getSocketStatusGetReplyRemotePort,
  getSocketStatusGetReplyRetransmissions,
  getSocketStatusGetReplyRtoUs,
  getSocketStatusGetReplySendWindowBytes,
  getSocketStatusGetReplySlowStartThresholdBytes,
  getSocketStatusGetReplySmoothedRttUs,
  getSocketStatusGetReplyState,
  getSocketStatusGetReplyUnacknowledgedBytes,
  NAME_OF_LOCAL,
  NAME_OF_PEER,
  TCP_STATE_CLOSED,
  TCP_STATE_TIME_WAIT,
} from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { Endpoint } from '../../socket/contract.ts';
import { EBADF, ENETDOWN } from '../../socket/errno.ts';
import type { Driver } from '../kernel/driver.ts';
import { type HostSocket, STATE_CONNECTED, STATE_CONNECTING, STATE_DATAGRAM } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { Requests } from '../message/requests.ts';

/**
 * What the card tells of a connection, as TCP_INFO does. Of a datagram socket all numbers but its names are
 * 0.
 */
export interface SocketStatus {
  /** TCP_STATE_ number. */
  readonly state: number;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly smoothedRttUs: number;
  readonly rtoUs: number;
  readonly congestionWindowBytes: number;
  readonly slowStartThresholdBytes: number;
  readonly sendWindowBytes: number;
  readonly receiveWindowBytes: number;
  /** Segments sent again. */
  readonly retransmissions: number;
  /** Bytes sent and not yet acknowledged. */
  readonly unacknowledgedBytes: number;
}

export class SocketNames {
  private readonly driver: Driver;
  private readonly requests: Requests;
  private readonly control: ControlCall;
  private readonly table: SocketTable;

  constructor(driver: Driver, requests: Requests, control: ControlCall, table: SocketTable) {
    this.driver = driver;
    this.requests = requests;
    this.control = control;
    this.table = table;
  }

  /** As `SocketStack.localEndpoint`. */
  local(socketId: number): Endpoint | undefined {
    const socket = this.table.open(socketId);
    if (socket === undefined) return undefined;
    const { state } = socket;
    // The port of a connect, until its outcome is known, only the card knows.
    if (state === STATE_CONNECTING || (state === STATE_DATAGRAM && socket.localPort === 0)) {
      this.bindWhereDue(socketId, socket);
      const name = this.ask(socketId, NAME_OF_LOCAL);
      // A connection in progress may yet fail, so its port is not kept; that of a datagram socket stays.
      if (state === STATE_CONNECTING) return name;
      if (name !== undefined) {
        socket.localAddress = name.address;
        socket.localPort = name.port;
      }
    }
    return { address: socket.localAddress >>> 0, port: socket.localPort };
  }

  /** Binds a datagram socket that a datagram has left unbound, since it could not be sent. */
  private bindWhereDue(socketId: number, socket: HostSocket): void {
    if (socket.bindDue === 0) return;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return;
    assert(socket.bound === 0, 'socket names: only a socket that is not bound is still to be');
    socket.bindDue = 0;
    socket.bound = 1;
    this.requests.bind(frame, this.control.begin(), socketId, 0, 0);
    this.driver.awaitControl();
  }

  /** As `SocketStack.remoteEndpoint`. */
  remote(socketId: number): Endpoint | undefined {
    const socket = this.table.open(socketId);
    if (socket === undefined || socket.remotePort === 0) return undefined;
    if (socket.state !== STATE_CONNECTED && socket.state !== STATE_DATAGRAM) return undefined;
    if (this.isOver(socketId, socket)) return undefined;
    return { address: socket.remoteAddress >>> 0, port: socket.remotePort };
  }

  /**
   * Whether both halves of a connection have ended and the peer knows it: Linux then has no connection any
   * more. Only the card knows, so it is asked where both have ended.
   */
  isOver(socketId: number, socket: HostSocket): boolean {
    if (socket.state !== STATE_CONNECTED || socket.endOfStream === 0 || socket.finSent === 0) return false;
    const status = this.status(socketId);
    if (typeof status === 'number') return false;
    return status.state === TCP_STATE_CLOSED || status.state === TCP_STATE_TIME_WAIT;
  }

  /**
   * Asks the card for a name.
   * @param which NAME_OF_ number.
   * @returns undefined when the socket has no such name.
   */
  ask(socketId: number, which: number): Endpoint | undefined {
    if (this.driver.classVersion < 2) {
      const status = this.status(socketId);
      if (typeof status === 'number') return undefined;
      const name = which === NAME_OF_PEER ? status.remote : status.local;
      return which === NAME_OF_PEER && name.port === 0 ? undefined : name;
    }
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return undefined;
    this.requests.nameGet(frame, this.control.begin(), socketId, which);
    if (this.driver.awaitControl() !== 0) return undefined;
    const { reply } = this.control;
    return {
      address: getSocketNameGetReplyAddress(reply, 0) >>> 0,
      port: getSocketNameGetReplyPort(reply, 0),
    };
  }

  /** What the card tells of a socket, or a negative errno. */
  status(socketId: number): SocketStatus | number {
    const socket = this.table.open(socketId);
    if (socket === undefined) return -EBADF;
    const frame = socket.lost === 0 ? this.driver.awaitFrame() : NO_FRAME;
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.statusGet(frame, this.control.begin(), socketId);
    const errno = this.driver.awaitControl();
    if (errno !== 0) return 0 - errno;
    const { reply } = this.control;
    return {
      state: getSocketStatusGetReplyState(reply, 0),
      local: {
        address: getSocketStatusGetReplyLocalAddress(reply, 0) >>> 0,
        port: getSocketStatusGetReplyLocalPort(reply, 0),
      },
      remote: {
        address: getSocketStatusGetReplyRemoteAddress(reply, 0) >>> 0,
        port: getSocketStatusGetReplyRemotePort(reply, 0),
      },
      smoothedRttUs: getSocketStatusGetReplySmoothedRttUs(reply, 0),
      rtoUs: getSocketStatusGetReplyRtoUs(reply, 0),
      congestionWindowBytes: getSocketStatusGetReplyCongestionWindowBytes(reply, 0),
      slowStartThresholdBytes: getSocketStatusGetReplySlowStartThresholdBytes(reply, 0),
      sendWindowBytes: getSocketStatusGetReplySendWindowBytes(reply, 0),
      receiveWindowBytes: getSocketStatusGetReplyReceiveWindowBytes(reply, 0),
      retransmissions: getSocketStatusGetReplyRetransmissions(reply, 0),
      unacknowledgedBytes: getSocketStatusGetReplyUnacknowledgedBytes(reply, 0),
    };
  }
}
