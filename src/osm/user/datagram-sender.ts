/**
 * Sending datagrams: each is one SocketSendTo frame, whole or not at all. From the program: bytes and a destination. To the
 * card: the bytes inside the frame where they fit, else in transmit buffers, whose contexts come back when the device has
 * fetched them. What a datagram meets on its way is told later, by the next call, as Linux tells what ICMP brings.
 */
import type { DmaEngine } from '../../dma/engine.ts';
import {
  getSglImmediateAddress,
  SGL_CONTEXT_WORDS,
  SGL_IMMEDIATE,
  SGL_LAST,
  SGL_TRANSMIT,
  writeSglContext,
  writeSglImmediate,
} from '../../i2o/list/sgl.ts';
import {
  REPLY_MODE_IMMEDIATE,
  REPLY_MODE_ON_ERROR,
  SOCKET_SEND_TO_SGL_WORD,
  writeSocketSendTo,
} from '../../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import {
  BYTES_SENT,
  DATAGRAMS_SENT,
  DATAGRAMS_SENT_BYTES,
  IMMEDIATE_COPIES,
  SEND_COPIES,
  USER_WOULD_BLOCK,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { DATAGRAM_BYTES_MAX } from '../../socket/contract.ts';
import { EAGAIN, EDESTADDRREQ, EMSGSIZE, ENOBUFS, EPIPE } from '../../socket/errno.ts';
import type { Driver } from '../kernel/driver.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import { type HostSocket, socketTag, takeError, WAIT_FOR_BUFFER } from '../memory/host-socket.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import { HANDLER_SEND } from '../message/handlers.ts';
import { REPLY_MODES, type Requests } from '../message/requests.ts';

/** Buffers one SocketSendTo can name: (32 words − 7) / 3. */
const ELEMENTS_PER_SEND_TO = 8;
/** The longest immediate data: 32 words − 7 of the message − 2 of the element. */
const IMMEDIATE_BYTES_LIMIT = 92;

export class DatagramSender {
  private readonly driver: Driver;
  private readonly requests: Requests;
  private readonly transmit: TransmitPool;
  private readonly dma: DmaEngine;
  private readonly counters: Float64Array;
  private readonly config: DriverConfig;
  private readonly immediateBytesMax: number;
  /** The longest datagram: what IPv4 carries, or what the buffers of one frame hold. */
  private readonly bytesMax: number;
  /** Reply mode the configuration asks for; −1: what serves best. */
  private readonly replyMode: number;

  constructor(
    driver: Driver,
    requests: Requests,
    transmit: TransmitPool,
    dma: DmaEngine,
    ledger: Ledger,
    config: DriverConfig,
  ) {
    this.driver = driver;
    this.requests = requests;
    this.transmit = transmit;
    this.dma = dma;
    this.counters = ledger.counters;
    this.config = config;
    this.immediateBytesMax = Math.min(config.immediateBytesMax, IMMEDIATE_BYTES_LIMIT);
    const elements = Math.min(ELEMENTS_PER_SEND_TO, transmit.buffers);
    this.bytesMax = Math.min(DATAGRAM_BYTES_MAX, elements * transmit.bufferBytes);
    this.replyMode = REPLY_MODES[config.replyMode];
  }

  /**
   * Sends one datagram of an open datagram socket. // Hot path: one copy, one frame.
   * @param address the destination; both 0 for the peer.
   * @returns `length`, a negative errno, or WAIT_FOR_BUFFER when the policy is to wait for a buffer.
   */
  send(
    number: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
  ): number {
    if (socket.writeEnded !== 0) return -EPIPE;
    if (port === 0 && socket.remotePort === 0) return -EDESTADDRREQ;
    if (socket.errno !== 0) return takeError(socket);
    if (length > this.bytesMax) return -EMSGSIZE;
    const room = socket.sendBufferBytes - socket.sendingBytes;
    if (room < length && socket.sendingBytes > 0) return this.blocked(number, socket);
    const frame = this.requests.acquire();
    if (frame === NO_FRAME) return this.blocked(number, socket);
    const sizeWords =
      length <= this.immediateBytesMax
        ? this.fillImmediate(frame, number, socket, bytes, offset, length)
        : this.fillBuffers(frame, number, socket, bytes, offset, length);
    if (sizeWords === 0) {
      this.requests.cancel();
      return this.dry(number, socket);
    }
    this.counters[BYTES_SENT] += length;
    this.counters[DATAGRAMS_SENT] += 1;
    this.counters[DATAGRAMS_SENT_BYTES] += length;
    writeSocketSendTo(
      this.requests.words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_SEND,
      socketTag(number, socket.generation),
      number,
      this.replyMode < 0 ? this.replyModeFor(socket) : this.replyMode,
      address,
      port,
      sizeWords,
    );
    this.requests.post();
    return length;
  }

  /** Contexts are wanted at once when the socket or the pool runs low; that a datagram went well is not. // Hot path. */
  private replyModeFor(socket: HostSocket): number {
    const low =
      socket.sendingBytes > socket.sendBufferBytes >> 1 ||
      this.transmit.available < this.config.transmitLowWatermark;
    return low && socket.sendingBytes > 0 ? REPLY_MODE_IMMEDIATE : REPLY_MODE_ON_ERROR;
  }

  private blocked(number: number, socket: HostSocket): number {
    this.driver.blocked.add(number, socket);
    this.counters[USER_WOULD_BLOCK] += 1;
    return -EAGAIN;
  }

  private dry(number: number, socket: HostSocket): number {
    if (this.config.transmitDryPolicy === 'ENOBUFS') return -ENOBUFS;
    return this.config.transmitDryPolicy === 'block' ? WAIT_FOR_BUFFER : this.blocked(number, socket);
  }

  /** Puts the payload into the frame. @returns the message's words; 0 when neither slot nor buffer is free. // Hot path. */
  private fillImmediate(
    frame: number,
    number: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number {
    const at = frame + SOCKET_SEND_TO_SGL_WORD;
    const { words } = this.requests;
    // A datagram of no bytes names no buffer, so its context means nothing.
    if (length === 0) return writeSglImmediate(words, at, SGL_IMMEDIATE | SGL_LAST, 0, 0) - frame;
    const context = this.transmit.takeSlot();
    if (context < 0) return this.fillBuffers(frame, number, socket, bytes, offset, length);
    const end = writeSglImmediate(words, at, SGL_IMMEDIATE | SGL_LAST, length, context);
    this.dma.copyIn(IMMEDIATE_COPIES, bytes, offset, getSglImmediateAddress(at), length);
    this.lend(context, number, socket, length);
    return end - frame;
  }

  /** Copies the payload into buffers. @returns the message's words; 0 when too few are free. // Hot path. */
  private fillBuffers(
    frame: number,
    number: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number {
    const { transmit } = this;
    const { words } = this.requests;
    const { bufferBytes } = transmit;
    const wanted = Math.max(1, Math.ceil(length / bufferBytes));
    if (!transmit.canTake(wanted, socket.sendingContexts === 0)) return 0;
    let at = frame + SOCKET_SEND_TO_SGL_WORD;
    // A dry-checked pool gives them all: the first of a socket with none in use may come from the reserve, and so the rest.
    const first = socket.sendingContexts === 0;
    for (let done = 0; done < length; ) {
      const context = transmit.take(first);
      const count = Math.min(length - done, bufferBytes);
      const address = transmit.addressOf(context);
      this.dma.copyIn(SEND_COPIES, bytes, offset + done, address, count);
      this.lend(context, number, socket, count);
      done += count;
      at = writeSglContext(words, at, SGL_TRANSMIT, count, context, address);
    }
    words[at - SGL_CONTEXT_WORDS] = words[at - SGL_CONTEXT_WORDS] | (SGL_LAST << 24);
    return at - frame;
  }

  private lend(context: number, number: number, socket: HostSocket, length: number): void {
    this.transmit.lend(context, socketTag(number, socket.generation), length);
    socket.sendingBytes += length;
    socket.sendingContexts += 1;
  }
}
