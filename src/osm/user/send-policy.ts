/**
 * What the senders of streams and of datagrams have in common: reply modes, and what a send answers that
 * finds no room.
 */

import { assert } from '../../assert/assert.ts';
import { REPLY_MODE_BATCH, REPLY_MODE_IMMEDIATE } from '../../i2o/socket.gen.ts';
import { USER_WOULD_BLOCK } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { EAGAIN, EBADF, EFAULT, ENOBUFS, EPIPE } from '../../socket/errno.ts';
import type { Driver } from '../kernel/driver.ts';
import { GAVE_UP } from '../kernel/driver-parts.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import {
  type HostSocket,
  lostErrno,
  STATE_CLOSING,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_DATAGRAM,
  STATE_FREE,
  sendingCharge,
  takeError,
} from '../memory/host-socket.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import { REPLY_MODES } from '../message/reply-modes.ts';

/** What a sender answers when no buffer is free and the call is to wait for one: no errno has this number. */
export const WAIT_FOR_BUFFER = -0x40000000;

export class SendPolicy {
  /** The REPLY_MODE_ number that the configuration asks of every send; −1: each send chooses. */
  readonly replyMode: number;
  private readonly driver: Driver;
  private readonly config: DriverConfig;
  private readonly transmit: TransmitPool;
  private readonly counters: Float64Array;

  constructor(driver: Driver, transmit: TransmitPool, ledger: Ledger) {
    this.driver = driver;
    this.config = driver.config;
    this.transmit = transmit;
    this.counters = ledger.counters;
    this.replyMode = REPLY_MODES[this.config.replyMode];
  }

  /** Whether the socket or the pool runs low, so that buffers are wanted back at once. // Hot path. */
  isLow(socket: HostSocket): boolean {
    return (
      sendingCharge(socket) > socket.sendBufferBytes >> 1 ||
      this.transmit.available < this.config.transmitLowWatermark
    );
  }

  /**
   * Contexts are wanted at once when the socket or the pool runs low; else they may wait for company.
   * // Hot path.
   */
  replyModeFor(socket: HostSocket): number {
    if (this.replyMode >= 0) return this.replyMode;
    return this.isLow(socket) ? REPLY_MODE_IMMEDIATE : REPLY_MODE_BATCH;
  }

  /** A send found no room, or no frame: the socket is told when there is some. @returns -EAGAIN. */
  blocked(socketId: number, socket: HostSocket): number {
    const { state } = socket;
    assert(state === STATE_CONNECTED || state === STATE_DATAGRAM, 'send policy: who waits for room can send');
    this.driver.blocked.add(socketId, socket);
    this.counters[USER_WOULD_BLOCK] += 1;
    return -EAGAIN;
  }

  /** By TCP_NOTSENT_LOWAT no more may wait to be sent: the card tells when it has sent some. @returns -EAGAIN. */
  unsentLimit({ unsentLowBytes }: HostSocket): number {
    assert(unsentLowBytes > 0, 'send policy: only a limit makes a send wait for what is unsent');
    this.counters[USER_WOULD_BLOCK] += 1;
    return -EAGAIN;
  }

  /**
   * A send is to wait for a buffer: a reply may bring one, or the connection's end.
   * @returns 0 to try again, or a negative errno.
   */
  waitForBuffer(socketId: number, socket: HostSocket): number {
    const { stalls } = this.driver.blocked;
    stalls.begin(socketId, socket, this.transmit);
    this.driver.credits.early(socketId, socket);
    const taken = this.driver.wait(this.config.controlTimeoutNs, true);
    if (this.transmit.serves(socket) || taken === 0) stalls.end(socketId);
    if (taken !== GAVE_UP) return taken === 0 ? -ENOBUFS : 0;
    const sends = socket.state === STATE_CONNECTED || socket.state === STATE_DATAGRAM;
    if (!sends) return 0;
    if (this.driver.blocked.overdue) return -ENOBUFS;
    const answer = this.blocked(socketId, socket);
    this.driver.blocked.hold(socket);
    return answer;
  }

  /** What a send answers in a state in which nothing can be sent. */
  refused(socket: HostSocket | undefined): number {
    if (socket === undefined || socket.state === STATE_FREE || socket.state === STATE_CLOSING) return -EBADF;
    if (socket.errno !== 0) return takeError(socket);
    if (socket.state === STATE_CONNECTING) {
      this.counters[USER_WOULD_BLOCK] += 1;
      return -EAGAIN;
    }
    return lostErrno(socket) || -EPIPE;
  }

  /** A send found no buffer. @returns a negative errno, or WAIT_FOR_BUFFER, as the configuration says. */
  dry(socketId: number, socket: HostSocket): number {
    const { transmitDryPolicy } = this.config;
    if (transmitDryPolicy === 'ENOBUFS') return -ENOBUFS;
    return transmitDryPolicy === 'block' ? WAIT_FOR_BUFFER : this.blocked(socketId, socket);
  }
}

export { isWithin } from '../../socket/linux-rules.ts';

/** What a call answers whose bytes are not all there. */
export const NOT_WITHIN = -EFAULT;
