/**
 * Sends datagrams, each in one SocketSendTo frame, whole or not at all: the bytes travel inside the frame
 * where they fit, else in transmit buffers, whose contexts come back when the device has fetched them. What a
 * datagram meets on its way is reported by the socket's next call, as Linux reports what ICMP brings.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import { REPLY_MODE_IMMEDIATE, REPLY_MODE_ON_ERROR } from '../../i2o/socket.gen.ts';
import {
  BYTES_SENT,
  DATAGRAMS_SENT,
  DATAGRAMS_SENT_BYTES,
  IMMEDIATE_COPIES,
  SEND_COPIES,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { DATAGRAM_BYTES_MAX } from '../../socket/contract.ts';
import { EACCES, EDESTADDRREQ, EMSGSIZE, EPIPE } from '../../socket/errno.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import { DATAGRAM_CHARGE_BYTES, type HostSocket, sendingCharge, takeError } from '../memory/host-socket.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import {
  BUFFERS_PER_SEND_TO,
  IMMEDIATE_BYTES_PER_SEND_TO,
  type SendRequests,
} from '../message/send-requests.ts';
import { isWithin, NOT_WITHIN, type SendPolicy } from './send-policy.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** The limited broadcast. Which other addresses are of many, only the card knows. */
const EVERYBODY = 0xffff_ffff;

export class DatagramSender {
  private readonly messages: SendRequests;
  private readonly transmit: TransmitPool;
  private readonly dma: DmaEngine;
  private readonly counters: Float64Array;
  private readonly policy: SendPolicy;
  private readonly immediateBytesMax: number;
  /** The longest datagram: what IPv4 carries, or what the buffers of one frame hold. */
  private readonly bytesMax: number;

  constructor(
    messages: SendRequests,
    transmit: TransmitPool,
    dma: DmaEngine,
    policy: SendPolicy,
    ledger: Ledger,
    config: DriverConfig,
  ) {
    this.messages = messages;
    this.transmit = transmit;
    this.dma = dma;
    this.counters = ledger.counters;
    this.policy = policy;
    this.immediateBytesMax = Math.min(config.immediateBytesMax, IMMEDIATE_BYTES_PER_SEND_TO);
    const buffers = Math.min(BUFFERS_PER_SEND_TO, transmit.buffers);
    this.bytesMax = Math.min(DATAGRAM_BYTES_MAX, buffers * transmit.bufferBytes);
  }

  /**
   * Sends one datagram of an open datagram socket. // Hot path: one copy, one frame.
   * @param address of the destination, as is `port`; both 0 for the socket's peer.
   * @returns `length`, a negative errno, or WAIT_FOR_BUFFER when the configuration is to wait for a buffer.
   */
  send(
    socketId: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
  ): number {
    const { messages, policy, counters } = this;
    const errno = this.refuses(socket, length, address, port);
    if (errno !== 0) return errno;
    if (!isWithin(bytes, offset, length)) return NOT_WITHIN;
    const room = socket.sendBufferBytes - sendingCharge(socket);
    if (room < length + DATAGRAM_CHARGE_BYTES && socket.sendingBytes > 0)
      return policy.blocked(socketId, socket);
    if (!messages.beginTo()) return policy.blocked(socketId, socket);
    const sentBefore = socket.sendingBytes;
    const filled =
      length <= this.immediateBytesMax
        ? this.fillImmediate(socket, bytes, offset, length)
        : this.fillBuffers(socket, bytes, offset, length);
    if (!filled) {
      messages.cancel();
      return policy.dry(socketId, socket);
    }
    if (COSTLY)
      assert(
        socket.sendingBytes === sentBefore + length,
        'datagram sender: a datagram is lent to the card whole',
      );
    counters[BYTES_SENT] += length;
    counters[DATAGRAMS_SENT] += 1;
    counters[DATAGRAMS_SENT_BYTES] += length;
    const replyMode = policy.replyMode < 0 ? this.replyModeFor(socket) : policy.replyMode;
    messages.postTo(socketId, socket.tag, replyMode, address, port);
    return length;
  }

  /** Why a datagram cannot be sent, in the order in which Linux looks. @returns a negative errno, or 0. */
  private refuses(socket: HostSocket, length: number, address: number, port: number): number {
    let errno = 0;
    if (port === 0 && socket.remotePort === 0) errno = -EDESTADDRREQ;
    else if (address >>> 0 === EVERYBODY && socket.broadcast === 0) errno = -EACCES;
    else if (length > this.bytesMax) errno = -EMSGSIZE;
    else if (socket.errno !== 0) errno = takeError(socket);
    else if (socket.writeEnded !== 0) errno = -EPIPE;
    if (errno !== 0) markBound(socket);
    return errno;
  }

  /**
   * Buffers are wanted back at once when the socket or the pool runs low; that a datagram went well is not.
   * // Hot path.
   */
  private replyModeFor(socket: HostSocket): number {
    return socket.sendingBytes > 0 && this.policy.isLow(socket) ? REPLY_MODE_IMMEDIATE : REPLY_MODE_ON_ERROR;
  }

  /**
   * Puts the payload into the frame.
   * @returns false when neither a slot nor buffers are free. // Hot path.
   */
  private fillImmediate(socket: HostSocket, bytes: Uint8Array, offset: number, length: number): boolean {
    // A datagram of no bytes names no slot, so its context means nothing.
    if (length === 0) {
      this.messages.immediate(0, 0);
      return true;
    }
    const context = this.transmit.takeSlot(socket.sendingContexts === 0);
    if (context < 0) return this.fillBuffers(socket, bytes, offset, length);
    const address = this.messages.immediate(context, length);
    this.dma.copyIn(IMMEDIATE_COPIES, bytes, offset, address, length);
    this.transmit.lend(context, socket, length);
    return true;
  }

  /** Copies the payload into buffers. @returns false when too few are free. // Hot path. */
  private fillBuffers(socket: HostSocket, bytes: Uint8Array, offset: number, length: number): boolean {
    const { transmit, messages } = this;
    const { bufferBytes } = transmit;
    const wanted = Math.max(1, Math.ceil(length / bufferBytes));
    // The first buffer of a socket with none in use may come from the reserve, and then so may the others.
    const first = socket.sendingContexts === 0;
    if (!transmit.canTake(wanted, first)) return false;
    for (let done = 0; done < length; ) {
      const context = transmit.take(first);
      if (COSTLY) assert(context >= 0, 'datagram sender: a pool that can give all buffers gives each');
      if (COSTLY) assert(messages.hasRoom, 'datagram sender: a datagram that is not too long fits a frame');
      const count = Math.min(length - done, bufferBytes);
      this.dma.copyIn(SEND_COPIES, bytes, offset + done, messages.buffer(context, count), count);
      transmit.lend(context, socket, count);
      done += count;
    }
    return true;
  }
}

/** Linux binds a socket that is to send before it looks at anything else. */
export function markBound(socket: HostSocket): void {
  assert(socket.datagram === 1, 'datagram sender: a send binds datagram sockets only');
  if (socket.bound === 0 && socket.localPort === 0) socket.bindDue = 1;
}
