/**
 * Receives streams. A socket's unread data lies in a queue of buckets: `recv` copies it out, and `lend` hands
 * a bucket's bytes to the program in place, until `release`. A bucket that has been read goes back to the
 * card, which is credited with the bytes used.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import type { Region } from '../../dma/region.ts';
import {
  BYTES_BORROWED,
  BYTES_RECEIVED,
  PEEK_COPIES,
  RECEIVE_COPIES,
  USER_CALLS,
  USER_WOULD_BLOCK,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { DatagramSource } from '../../socket/contract.ts';
import { discard } from '../../socket/discard.ts';
import { EAGAIN, EBADF, EINVAL, ENETDOWN, ENOTCONN } from '../../socket/errno.ts';
import { MSG_OOB, MSG_PEEK, MSG_TRUNC, recvFlagsErrno } from '../../socket/message-flags.ts';
import {
  bytesToMark,
  isAtByte,
  passMark,
  receiveAround,
  receiveUrgent,
  type UnreadBytes,
  URGENT_NONE,
} from '../../socket/urgent-mark.ts';
import type { Driver } from '../kernel/driver.ts';
import {
  type HostSocket,
  lostErrno,
  STATE_CLOSING,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_FAILED,
  STATE_FREE,
  STATE_LISTENING,
  STATE_OPEN,
  takeError,
} from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import { DatagramReceiver } from './datagram-receiver.ts';
import { isWithin, NOT_WITHIN } from './send-policy.ts';

const COSTLY = COSTLY_ASSERTIONS;

export class Receiver {
  private readonly driver: Driver;
  private readonly sockets: readonly HostSocket[];
  private readonly receive: ReceivePool;
  private readonly dma: DmaEngine;
  private readonly datagrams: DatagramReceiver;
  private readonly counters: Float64Array;
  private readonly nowhere = new Uint8Array(1);

  constructor(
    region: Region,
    driver: Driver,
    table: SocketTable,
    receive: ReceivePool,
    dma: DmaEngine,
    ledger: Ledger,
  ) {
    this.datagrams = new DatagramReceiver(region, receive, driver.buckets, dma, ledger);
    this.driver = driver;
    this.sockets = table.sockets;
    this.receive = receive;
    this.dma = dma;
    this.counters = ledger.counters;
  }

  /** As `SocketStack.recv`. // Hot path: 64 B in 40 ns, one copy, no frame. */
  recv(socketId: number, bytes: Uint8Array, offset: number, length: number): number {
    this.counters[USER_CALLS] += 1;
    try {
      return this.take(socketId, bytes, offset, length);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  private take(socketId: number, bytes: Uint8Array, offset: number, length: number): number {
    const socket = socketId >= 0 && socketId < this.sockets.length ? this.sockets[socketId] : undefined;
    if (socket === undefined || socket.receiveHead < 0 || socket.datagram !== 0) {
      if (socket !== undefined && hasDatagrams(socket)) {
        if (!isWithin(bytes, offset, length)) return NOT_WITHIN;
        return this.datagrams.take(socket, bytes, offset, length, undefined);
      }
      return this.empty(socket);
    }
    if (!isWithin(bytes, offset, length)) return NOT_WITHIN;
    if (socket.urgent !== URGENT_NONE) return this.takeAround(socketId, socket, bytes, offset, length);
    return this.takeBytes(socketId, socket, bytes, offset, length);
  }

  /** Takes up to so many bytes of those there are. // Hot path. */
  private takeBytes(
    socketId: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number {
    const { receive } = this;
    let copied = 0;
    while (copied < length) {
      const bucket = socket.receiveHead;
      if (bucket < 0) break;
      const held = receive.length[bucket];
      if (COSTLY) checkHeld(held);
      const count = Math.min(held, length - copied);
      this.dma.copyOut(RECEIVE_COPIES, receive.address[bucket], bytes, offset + copied, count);
      copied += count;
      if (count === held) this.driver.buckets.give(receive.dequeue(socket));
      else receive.consume(bucket, count);
    }
    this.used(socketId, socket, copied);
    return copied;
  }

  /** A receive of a stream that has an urgent byte. */
  private takeAround(
    socketId: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number {
    const unread: UnreadBytes = {
      readable: () => this.receive.unreadBytes(socket),
      take: (at, count) => this.takeBytes(socketId, socket, bytes, offset + at, count),
      drop: () => this.drop(socketId, socket),
    };
    const taken = receiveAround(socket, unread, length);
    return taken > 0 || length === 0 ? taken : this.empty(socket);
  }

  /** Throws the first unread byte away: a program has it by MSG_OOB, or never. */
  private drop(socketId: number, socket: HostSocket): void {
    const { receive } = this;
    this.dma.copyOut(RECEIVE_COPIES, receive.address[socket.receiveHead], this.nowhere, 0, 1);
    receive.dropByte(socket);
    this.driver.buckets.postDue();
    this.used(socketId, socket, 1);
  }

  /**
   * As `SocketStack.recv` with flags. The bytes lie in the host's memory, so that the card is not asked.
   * @param from of a datagram: filled in, unless undefined.
   */
  recvAs(
    socketId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    from?: DatagramSource,
  ): number {
    const errno = recvFlagsErrno(flags);
    if (errno !== 0) return errno;
    const stays = (flags & MSG_PEEK) !== 0;
    const whole = (flags & MSG_TRUNC) !== 0;
    const socket = socketId >= 0 && socketId < this.sockets.length ? this.sockets[socketId] : undefined;
    if ((flags & MSG_OOB) !== 0 && socket !== undefined && isStream(socket)) {
      this.counters[USER_CALLS] += 1;
      if (!isWithin(bytes, offset, length)) return NOT_WITHIN;
      return takeUrgent(socket, bytes, offset, length, flags);
    }
    if (stays || (whole && socket?.datagram === 1)) {
      this.counters[USER_CALLS] += 1;
      try {
        return this.look(socket, bytes, offset, length, flags, from);
      } catch (failure) {
        return this.driver.failed(failure);
      }
    }
    if (whole)
      return discard(socket === undefined ? length : bytesToMark(socket, length), (into, part) =>
        this.recv(socketId, into, 0, part),
      );
    if (from === undefined) return this.recv(socketId, bytes, offset, length);
    return this.recvFrom(socketId, bytes, offset, length, from);
  }

  /** A receive whose bytes stay, or of a datagram that tells its length. */
  private look(
    socket: HostSocket | undefined,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    from: DatagramSource | undefined,
  ): number {
    if (socket === undefined || socket.receiveHead < 0) return this.empty(socket);
    if (!isWithin(bytes, offset, length)) return NOT_WITHIN;
    if (socket.datagram !== 0) return this.datagrams.takeAs(socket, bytes, offset, length, from, flags);
    const { receive } = this;
    // Of bytes that would be thrown away none is copied.
    const copies = (flags & MSG_TRUNC) === 0;
    // An urgent byte that comes next is passed over, and stays as well.
    let skip = isAtByte(socket) ? 1 : 0;
    const most = bytesToMark(socket, length);
    let done = 0;
    for (let at = socket.receiveHead; at >= 0 && done < most; at = receive.next[at]) {
      const count = Math.min(receive.length[at] - skip, most - done);
      if (copies && count > 0)
        this.dma.copyOut(PEEK_COPIES, receive.address[at] + skip, bytes, offset + done, count);
      skip = 0;
      done += count;
    }
    return done > 0 || length === 0 ? done : this.empty(socket);
  }

  /** As `SocketStack.recvFrom`. // Hot path. */
  recvFrom(
    socketId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource,
  ): number {
    const socket = socketId >= 0 && socketId < this.sockets.length ? this.sockets[socketId] : undefined;
    if (socket === undefined || !hasDatagrams(socket)) return this.recv(socketId, bytes, offset, length);
    this.counters[USER_CALLS] += 1;
    if (!isWithin(bytes, offset, length)) return NOT_WITHIN;
    try {
      return this.datagrams.take(socket, bytes, offset, length, from);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  /**
   * Lends the oldest unread bytes in place: `addressOf(bucket)` and `lengthOf(bucket)` say where they lie in
   * the region.
   * @returns the bucket, from 0 on, which is the program's until `release`; −1 at the end of the stream; or a
   *   negative errno, all of which are below −1.
   */
  lend(socketId: number): number {
    this.counters[USER_CALLS] += 1;
    try {
      return this.lendHead(socketId);
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  private lendHead(socketId: number): number {
    const socket = socketId >= 0 && socketId < this.sockets.length ? this.sockets[socketId] : undefined;
    if (socket === undefined || socket.receiveHead < 0) return this.empty(socket) || -1;
    if (socket.datagram !== 0 && socket.errno !== 0) return takeError(socket);
    if (socket.urgent !== URGENT_NONE && socket.datagram === 0) {
      if (this.passUrgent(socketId, socket)) return this.empty(socket) || -1;
    }
    const bucket = this.receive.dequeue(socket);
    this.receive.lend(bucket);
    const length = this.receive.length[bucket];
    this.counters[BYTES_BORROWED] += length;
    if (socket.datagram !== 0) this.datagrams.count(length);
    else this.used(socketId, socket, length);
    return bucket;
  }

  /**
   * The bytes of the first bucket close up over an urgent byte in it, since what is lent has no gap.
   * @returns whether nothing is left to be lent.
   */
  private passUrgent(socketId: number, socket: HostSocket): boolean {
    const { receive } = this;
    const head = socket.receiveHead;
    const { urgentAhead } = socket;
    const held = receive.length[head];
    if (urgentAhead < held && socket.urgentInline === 0) {
      const at = receive.address[head];
      if (urgentAhead > 0) this.dma.move(RECEIVE_COPIES, at, at + 1, urgentAhead);
      this.drop(socketId, socket);
      passMark(socket, urgentAhead + 1);
    } else passMark(socket, held);
    return socket.receiveHead < 0;
  }

  /** Region address of a lent bucket's bytes. */
  addressOf(bucket: number): number {
    return this.receive.address[bucket];
  }

  /** How many bytes a lent bucket holds. */
  lengthOf(bucket: number): number {
    return this.receive.length[bucket];
  }

  /** The program is done with a lent bucket. @returns 0, or −EINVAL for one that is not lent. */
  release(bucket: number): number {
    if (!this.receive.lent(bucket)) return -EINVAL;
    try {
      this.driver.buckets.give(bucket);
      return 0;
    } catch (failure) {
      return this.driver.failed(failure);
    }
  }

  /** Bytes of a stream have gone to the program. */
  private used(socketId: number, socket: HostSocket, bytes: number): void {
    this.counters[BYTES_RECEIVED] += bytes;
    if (socket.state === STATE_CONNECTED) this.driver.credits.add(socketId, socket, bytes);
  }

  /** Where a lent datagram came from. @param from filled in. */
  sourceOf(bucket: number, from: DatagramSource): void {
    this.datagrams.readSource(bucket, from);
  }

  /** What a receive answers that finds no data. */
  private empty(socket: HostSocket | undefined): number {
    if (socket === undefined || socket.state === STATE_FREE || socket.state === STATE_CLOSING) return -EBADF;
    if (socket.datagram !== 0) return this.emptyDatagrams(socket);
    if (socket.state === STATE_FAILED) {
      // As Linux: nothing turns the peer's FIN into an error afterwards. SO_ERROR and sends tell of it.
      if (socket.endOfStream !== 0) return 0;
      // What a dead card has swallowed is no end of a stream, however often one asks.
      return takeError(socket) || lostErrno(socket);
    }
    if (socket.state === STATE_LISTENING) return -ENOTCONN;
    // An open socket has an error where a connect of it was cut short.
    if (socket.state === STATE_OPEN && socket.errno !== 0) return takeError(socket);
    if (socket.endOfStream !== 0 || socket.readEnded !== 0) return 0;
    if (socket.state !== STATE_CONNECTED && socket.state !== STATE_CONNECTING) return -ENOTCONN;
    this.counters[USER_WOULD_BLOCK] += 1;
    return -EAGAIN;
  }

  /** A datagram socket has no end of data to report: 0 would be a datagram of no bytes. */
  private emptyDatagrams(socket: HostSocket): number {
    if (socket.state === STATE_FAILED) return -(this.driver.deadErrno || ENETDOWN);
    if (socket.errno !== 0) return takeError(socket);
    this.counters[USER_WOULD_BLOCK] += 1;
    return -EAGAIN;
  }
}

/** Whether a datagram can be taken: the socket is open, or its card has died and left some. */
function hasDatagrams(socket: HostSocket): boolean {
  return socket.datagram !== 0 && socket.receiveHead >= 0;
}

/** Whether a socket is a stream that is, or was, somebody's. */
function isStream({ datagram, state }: HostSocket): boolean {
  return datagram === 0 && state !== STATE_FREE && state !== STATE_CLOSING;
}

/** MSG_OOB. */
function takeUrgent(
  socket: HostSocket,
  bytes: Uint8Array,
  offset: number,
  length: number,
  flags: number,
): number {
  if (socket.state === STATE_LISTENING) return -ENOTCONN;
  const { endOfStream, readEnded, urgent } = socket;
  // As Linux, once there is no connection and its peer has not ended it.
  if (socket.state === STATE_FAILED && urgent !== URGENT_NONE && endOfStream === 0) return -ENOTCONN;
  return receiveUrgent(socket, bytes, offset, length, flags, endOfStream !== 0 || readEnded !== 0);
}

function checkHeld(bytes: number): void {
  assert(bytes > 0, 'receiver: a bucket in the queue of a stream holds bytes');
}
