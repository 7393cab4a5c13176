/**
 * Options of sockets. The driver keeps those that only it needs (SO_SNDBUF, SO_RCVLOWAT, SO_OOBINLINE, SO_ERROR); the
 * others are the card's, and are set and asked for by SocketOptionSet and SocketOptionGet.
 */
import { assert } from '../../assert/assert.ts';
import { getSocketOptionGetReplyValue } from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { EBADF, EINVAL, ENETDOWN, ENOPROTOOPT, EOPNOTSUPP, EPROTO } from '../../socket/errno.ts';
import { isOptionOf } from '../../socket/option-versions.ts';
import {
  SO_BROADCAST,
  SO_ERROR,
  SO_LINGER_SECONDS,
  SO_OOBINLINE,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_SNDBUF,
  TCP_CONGESTION,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
} from '../../socket/options.ts';
import type { Driver } from '../kernel/driver.ts';
import { type HostSocket, STATE_LISTENING } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { Requests } from '../message/requests.ts';

/** The smallest SO_SNDBUF and SO_RCVBUF; Linux, too, raises smaller ones to a minimum. */
const BUFFER_BYTES_MIN = 2048;

export class SocketOptions {
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

  /** As `SocketStack.setOption`. */
  set(socketId: number, option: number, value: number): number {
    const socket = this.table.open(socketId);
    if (socket === undefined) return -EBADF;
    if (!isOptionOf(option, this.driver.classVersion)) return -ENOPROTOOPT;
    if (option === SO_ERROR || (socket.datagram !== 0 && isTcpOption(option))) return -ENOPROTOOPT;
    if (option === SO_SNDBUF) {
      if (!(value > 0)) return -EINVAL;
      socket.sendBufferBytes = Math.max(value, BUFFER_BYTES_MIN);
      if (socket.wantsRoom !== 0) this.driver.blocked.tell(true);
      return 0;
    }
    if (option === SO_RCVLOWAT) return setReceiveLow(socket, value);
    if (option === SO_OOBINLINE) {
      socket.urgentInline = value === 0 ? 0 : 1;
      return 0;
    }
    const frame = socket.lost === 0 ? this.driver.awaitFrame() : NO_FRAME;
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.optionSet(frame, this.control.begin(), socketId, option, value);
    const errno = this.driver.awaitControl();
    assert(errno >= 0, 'socket options: what setting one comes to is an errno, or 0');
    if (errno === 0 && option === SO_RCVBUF) {
      const bytes = Math.max(value, BUFFER_BYTES_MIN);
      // Connections that wait at a listener keep the buffer they came with, perhaps the smallest it ever had.
      const least = socket.state === STATE_LISTENING ? Math.min(bytes, socket.receiveBufferBytes) : bytes;
      socket.receiveBufferBytes = least;
      // As on the card: a limit, up to which the window may grow.
      const first = this.driver.config.receiveWindowBytes;
      socket.receiveWindowBytes = Math.min(least, Math.max(first, socket.receiveWindowBytes));
    }
    if (errno === 0 && option === SO_LINGER_SECONDS) socket.lingerSeconds = value;
    if (errno === 0 && option === TCP_NOTSENT_LOWAT) socket.unsentLowBytes = Math.max(0, value);
    if (errno === 0 && option === SO_BROADCAST) socket.broadcast = value !== 0 ? 1 : 0;
    return 0 - errno;
  }

  /** As `SocketStack.getOption`. */
  get(socketId: number, option: number): number {
    const socket = this.table.open(socketId);
    if (socket === undefined) return -EBADF;
    if (option === SO_ERROR) {
      const { errno } = socket;
      socket.errno = 0;
      return errno;
    }
    if (option === SO_SNDBUF) return socket.sendBufferBytes;
    if (option === SO_RCVLOWAT) return socket.receiveLowBytes;
    if (socket.datagram !== 0 && isTcpOption(option)) return -EOPNOTSUPP;
    if (!isOptionOf(option, this.driver.classVersion)) return -ENOPROTOOPT;
    if (option === SO_OOBINLINE) return socket.urgentInline;
    const frame = socket.lost === 0 ? this.driver.awaitFrame() : NO_FRAME;
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.optionGet(frame, this.control.begin(), socketId, option);
    const errno = this.driver.awaitControl();
    if (errno !== 0) return 0 - errno;
    const value = getSocketOptionGetReplyValue(this.control.reply, 0);
    // No option has a value below -1, which is SO_LINGER's: the caller would take it for an errno.
    return value < -1 ? -EPROTO : value;
  }
}

/** As Linux's tcp_set_rcvlowat: 0 is 1, and more than half of the buffer, or less than 0, is that half. */
function setReceiveLow(socket: HostSocket, value: number): number {
  const most = Math.max(1, socket.receiveBufferBytes >> 1);
  socket.receiveLowBytes = value < 0 ? most : Math.max(1, Math.min(most, value));
  return 0;
}

/**
 * Whether an option is TCP's. Linux keeps these on a level of their own, which a datagram socket does not
 * have.
 */
function isTcpOption(option: number): boolean {
  return option >= TCP_NODELAY && option <= TCP_CONGESTION;
}
