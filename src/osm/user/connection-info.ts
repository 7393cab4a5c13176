/**
 * TCP_INFO of a connection that the card has: one snapshot in two messages, since a frame has not the room for
 * all of it, or in six where the host has chosen shorter outbound frames.
 */
import { assert } from '../../assert/assert.ts';
import {
  getSocketInfoGetReplySnapshot,
  getSocketSnapshotGetReplyFirst,
  getSocketSnapshotGetReplySnapshot,
  getSocketTotalsGetReplySnapshot,
  writeSocketInfoGet,
  writeSocketSnapshotGet,
  writeSocketTotalsGet,
} from '../../i2o/socket.gen.ts';
import {
  readInfoReply,
  readSnapshot,
  readSnapshotReply,
  readTotalsReply,
  SNAPSHOT_PART_WORDS,
  SNAPSHOT_WORDS,
} from '../../i2o/tcp-info.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { EBADF, ENETDOWN, ENOBUFS, ENOPROTOOPT, EOPNOTSUPP, EPROTO } from '../../socket/errno.ts';
import type { TcpInfo } from '../../socket/tcp-info.ts';
import type { Driver } from '../kernel/driver.ts';
import type { HostSocket } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { InfoRequest, Requests } from '../message/requests.ts';

/** The version of the socket class that has these messages. */
const SINCE = 3;

export class ConnectionInfo {
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

  /** As `SocketStack.tcpInfo`. */
  get(socketId: number): TcpInfo | number {
    const socket = this.table.open(socketId);
    if (socket === undefined) return -EBADF;
    if (socket.datagram !== 0) return -EOPNOTSUPP;
    if (this.driver.classVersion < SINCE) return -ENOPROTOOPT;
    const { reply } = this.control;
    const errno = this.ask(socketId, socket, writeSocketInfoGet);
    if (errno === ENOBUFS) return this.parts(socketId, socket);
    if (errno !== 0) return 0 - errno;
    const now = readInfoReply(reply, 0);
    assert(now.state > 0, 'connection info: a reply that was checked names a state');
    const snapshot = getSocketInfoGetReplySnapshot(reply, 0);
    const totalsErrno = this.ask(socketId, socket, writeSocketTotalsGet);
    if (totalsErrno === ENOBUFS) return this.parts(socketId, socket);
    if (totalsErrno !== 0) return 0 - totalsErrno;
    // Another snapshot than the one that was taken for this call: the two halves would not agree.
    if (getSocketTotalsGetReplySnapshot(reply, 0) !== snapshot) return -EPROTO;
    return { ...now, ...readTotalsReply(reply, 0) };
  }

  /** The same where the outbound frames are too short for these replies. */
  private parts(socketId: number, socket: HostSocket): TcpInfo | number {
    const { reply } = this.control;
    const whole = new Int32Array(SNAPSHOT_WORDS);
    let snapshot = 0;
    for (let first = 0; first < SNAPSHOT_WORDS; first += SNAPSHOT_PART_WORDS) {
      const errno = this.ask(socketId, socket, writeSocketSnapshotGet, first);
      // A card that knows no parts has said already why it does not tell the whole.
      if (errno === EOPNOTSUPP) return -ENOBUFS;
      if (errno !== 0) return 0 - errno;
      const number = getSocketSnapshotGetReplySnapshot(reply, 0);
      if (first === 0) snapshot = number;
      if (number !== snapshot || getSocketSnapshotGetReplyFirst(reply, 0) !== first) return -EPROTO;
      readSnapshotReply(reply, 0, whole);
    }
    return readSnapshot(whole);
  }

  /** Asks for one of the replies and waits for it. @param first of a part. @returns its errno. */
  private ask(socketId: number, socket: HostSocket, write: InfoRequest, first = 0): number {
    const frame = socket.lost === 0 ? this.driver.awaitFrame() : NO_FRAME;
    if (frame === NO_FRAME) return ENETDOWN;
    this.requests.infoGet(frame, this.control.begin(), socketId, write, first);
    const errno = this.driver.awaitControl();
    assert(errno >= 0, 'connection info: what asking comes to is an errno, or 0');
    return errno;
  }
}
