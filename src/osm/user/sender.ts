/**
 * Sending: bytes become a SocketSend frame. Three ways there, by cost: an offered buffer, which the program has filled in place
 * (no copy); immediate data inside the frame, for short sends (one copy, and the bytes cross with the frame's own cache lines);
 * transmit buffers (one copy).
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
  REPLY_MODE_BATCH,
  REPLY_MODE_IMMEDIATE,
  SOCKET_SEND_SGL_WORD,
  writeSocketSend,
} from '../../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import {
  BYTES_LENT,
  BYTES_SENT,
  IMMEDIATE_COPIES,
  SEND_COPIES,
  USER_CALLS,
  USER_WOULD_BLOCK,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { EAGAIN, EBADF, EINVAL, ENOBUFS, EPIPE } from '../../socket/errno.ts';
import type { Driver } from '../kernel/driver.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import {
  type HostSocket,
  PIECE_BYTES_MIN,
  STATE_CLOSING,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_DATAGRAM,
  STATE_FREE,
  socketTag,
  takeError,
  WAIT_FOR_BUFFER,
} from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import { HANDLER_SEND } from '../message/handlers.ts';
import { REPLY_MODES, type Requests } from '../message/requests.ts';
import type { SendBatch } from '../message/send-batch.ts';
import { DatagramSender } from './datagram-sender.ts';

/** Buffers one SocketSend can name: (32 words − 6) / 3. */
const ELEMENTS_PER_SEND = 8;
/** The longest immediate data: 32 words − 6 of the message − 2 of the element. */
const IMMEDIATE_BYTES_LIMIT = 96;
export class Sender {
  private readonly driver: Driver;
  private readonly requests: Requests;
  private readonly sockets: readonly HostSocket[];
  private readonly transmit: TransmitPool;
  private readonly dma: DmaEngine;
  private readonly counters: Float64Array;
  private readonly config: DriverConfig;
  private readonly datagrams: DatagramSender;
  private readonly batch: SendBatch;
  private readonly immediateBytesMax: number;
  /** Reply mode the configuration asks for; −1: what serves best. */
  private readonly replyMode: number;

  constructor(
    driver: Driver,
    requests: Requests,
    batch: SendBatch,
    table: SocketTable,
    transmit: TransmitPool,
    dma: DmaEngine,
    ledger: Ledger,
    config: DriverConfig,
  ) {
    this.driver = driver;
    this.requests = requests;
    this.batch = batch;
    this.sockets = table.sockets;
    this.transmit = transmit;
    this.dma = dma;
    this.counters = ledger.counters;
    this.config = config;
    this.datagrams = new DatagramSender(driver, requests, transmit, dma, ledger, config);
    this.replyMode = REPLY_MODES[config.replyMode];
    this.immediateBytesMax = Math.min(config.immediateBytesMax, IMMEDIATE_BYTES_LIMIT);
  }

  /** Whether short sends wait for company. */
  private get batches(): boolean {
    return this.config.batchSends && this.driver.classVersion >= 2;
  }

  /** As `SocketStack.send`. // Hot path: 64 B in 60 ns, one copy, one frame. */
  send(number: number, bytes: Uint8Array, offset: number, length: number): number {
    this.counters[USER_CALLS] += 1;
    for (;;) {
      const taken = this.trySend(number, bytes, offset, length);
      if (taken !== WAIT_FOR_BUFFER) return taken;
      // The pool is dry, and the call is to wait: a reply may have brought a buffer, or the connection's end.
      if (this.driver.wait(this.config.controlTimeoutNs) === 0) return -ENOBUFS;
    }
  }

  /** As `SocketStack.sendTo`. // Hot path. */
  sendTo(
    number: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
  ): number {
    const socket = number >= 0 && number < this.sockets.length ? this.sockets[number] : undefined;
    if (socket === undefined || socket.state !== STATE_DATAGRAM) {
      return this.send(number, bytes, offset, length);
    }
    this.counters[USER_CALLS] += 1;
    if (!(port > 0 && port <= 65535)) return -EINVAL;
    for (;;) {
      const taken = this.datagrams.send(number, socket, bytes, offset, length, address, port);
      if (taken !== WAIT_FOR_BUFFER) return taken;
      if (this.driver.wait(this.config.controlTimeoutNs) === 0) return -ENOBUFS;
      if (socket.state !== STATE_DATAGRAM) return this.refused(socket);
    }
  }

  private trySend(number: number, bytes: Uint8Array, offset: number, length: number): number {
    const socket = number >= 0 && number < this.sockets.length ? this.sockets[number] : undefined;
    if (
      socket === undefined ||
      socket.state !== STATE_CONNECTED ||
      socket.writeEnded !== 0 ||
      socket.errno !== 0
    ) {
      if (socket !== undefined && socket.state === STATE_DATAGRAM) {
        return this.datagrams.send(number, socket, bytes, offset, length, 0, 0);
      }
      return this.refused(socket);
    }
    if (length === 0) return 0;
    const room = socket.sendBufferBytes - socket.sendingBytes;
    const tooShort = room < length && room < PIECE_BYTES_MIN && socket.sendingBytes > 0;
    if (room <= 0 || tooShort) return this.blocked(number, socket);
    if (this.batches) {
      if (length <= this.immediateBytesMax && length <= room)
        return this.sendBatched(number, socket, bytes, offset, length);
      if (!this.batch.flush()) return this.blocked(number, socket);
    }
    const frame = this.requests.acquire();
    if (frame === NO_FRAME) return this.blocked(number, socket);
    let taken = 0;
    if (length <= this.immediateBytesMax && length <= room) {
      taken = this.fillImmediate(frame, number, socket, bytes, offset, length);
    }
    if (taken === 0) taken = this.fillBuffers(frame, number, socket, bytes, offset, Math.min(length, room));
    if (taken === 0) {
      this.requests.cancel();
      return this.dry(number, socket);
    }
    this.counters[BYTES_SENT] += taken;
    return taken;
  }

  /** Puts a short send into the batch. // Hot path where `batchSends` is on. */
  private sendBatched(
    number: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number {
    if (!this.batch.hasRoom()) return this.blocked(number, socket);
    const context = this.transmit.take(socket.sendingContexts === 0);
    if (context < 0) return this.dry(number, socket);
    this.dma.copyIn(SEND_COPIES, bytes, offset, this.transmit.addressOf(context), length);
    this.lend(context, number, socket, length);
    this.counters[BYTES_SENT] += length;
    this.batch.add(number, context, this.replyModeFor(socket));
    return length;
  }

  /** Takes a transmit buffer for the program to fill. @returns its context, or −EAGAIN. */
  allocate(number: number): number {
    const socket = number >= 0 && number < this.sockets.length ? this.sockets[number] : undefined;
    if (socket === undefined || socket.state !== STATE_CONNECTED || socket.writeEnded !== 0) {
      return this.refused(socket);
    }
    const room = socket.sendBufferBytes - socket.sendingBytes;
    const context = room > 0 ? this.transmit.take(socket.sendingContexts === 0) : -1;
    return context < 0 ? this.blocked(number, socket) : context;
  }

  /** Region address of an allocated buffer. */
  addressOf(context: number): number {
    return this.transmit.addressOf(context);
  }

  /**
   * Sends an allocated buffer, without a copy. It is the card's from here on.
   * @param context what `allocate` returned. @param length bytes filled, 1 to the buffer's size.
   * @returns `length`, or a negative errno: then the buffer is still the program's.
   */
  sendAllocated(number: number, context: number, length: number): number {
    this.counters[USER_CALLS] += 1;
    const socket = number >= 0 && number < this.sockets.length ? this.sockets[number] : undefined;
    if (
      socket === undefined ||
      socket.state !== STATE_CONNECTED ||
      socket.writeEnded !== 0 ||
      socket.errno !== 0
    ) {
      return this.refused(socket);
    }
    if (!(length > 0 && length <= this.transmit.bufferBytes) || !this.transmit.taken(context)) return -EINVAL;
    const frame = this.batch.flush() ? this.requests.acquire() : NO_FRAME;
    if (frame === NO_FRAME) return this.blocked(number, socket);
    const at = frame + SOCKET_SEND_SGL_WORD;
    writeSglContext(
      this.requests.words,
      at,
      SGL_TRANSMIT | SGL_LAST,
      length,
      context,
      this.transmit.addressOf(context),
    );
    this.lend(context, number, socket, length);
    this.counters[BYTES_SENT] += length;
    this.counters[BYTES_LENT] += length;
    this.post(frame, number, socket, SOCKET_SEND_SGL_WORD + 3);
    return length;
  }

  /** Gives an allocated buffer back unsent. @returns 0 or −EINVAL. */
  releaseAllocated(context: number): number {
    if (!this.transmit.taken(context)) return -EINVAL;
    this.transmit.give(context);
    this.driver.roomMade();
    return 0;
  }

  private refused(socket: HostSocket | undefined): number {
    if (socket === undefined || socket.state === STATE_FREE || socket.state === STATE_CLOSING) return -EBADF;
    if (socket.errno !== 0) return takeError(socket);
    if (socket.state === STATE_CONNECTING) {
      this.counters[USER_WOULD_BLOCK] += 1;
      return -EAGAIN;
    }
    return -EPIPE;
  }

  private blocked(number: number, socket: HostSocket): number {
    this.driver.blocked.add(number, socket);
    this.counters[USER_WOULD_BLOCK] += 1;
    return -EAGAIN;
  }

  /** No buffer: what the send answers is a matter of policy. @returns a negative errno, or WAIT_FOR_BUFFER to wait in the call. */
  private dry(number: number, socket: HostSocket): number {
    if (this.config.transmitDryPolicy === 'ENOBUFS') return -ENOBUFS;
    return this.config.transmitDryPolicy === 'block' ? WAIT_FOR_BUFFER : this.blocked(number, socket);
  }

  /** Puts the bytes into the frame. @returns bytes taken, 0 when no slot of card memory is free. // Hot path. */
  private fillImmediate(
    frame: number,
    number: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number {
    const context = this.transmit.takeSlot();
    if (context < 0) return 0;
    const at = frame + SOCKET_SEND_SGL_WORD;
    const end = writeSglImmediate(this.requests.words, at, SGL_IMMEDIATE | SGL_LAST, length, context);
    this.dma.copyIn(IMMEDIATE_COPIES, bytes, offset, getSglImmediateAddress(at), length);
    this.lend(context, number, socket, length);
    this.post(frame, number, socket, end - frame);
    return length;
  }

  /** Copies the bytes into transmit buffers and names them in the frame. @returns bytes taken. // Hot path. */
  private fillBuffers(
    frame: number,
    number: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    wanted: number,
  ): number {
    const { transmit } = this;
    const { words } = this.requests;
    const { bufferBytes } = transmit;
    let at = frame + SOCKET_SEND_SGL_WORD;
    let taken = 0;
    for (let elements = 0; taken < wanted && elements < ELEMENTS_PER_SEND; elements++) {
      const context = transmit.take(socket.sendingContexts === 0);
      if (context < 0) break;
      const count = Math.min(wanted - taken, bufferBytes);
      const address = transmit.addressOf(context);
      this.dma.copyIn(SEND_COPIES, bytes, offset + taken, address, count);
      this.lend(context, number, socket, count);
      taken += count;
      at = writeSglContext(words, at, SGL_TRANSMIT, count, context, address);
    }
    if (taken === 0) return 0;
    // Only now is it known which element is the last; the frame is not posted yet, so it is still ours to change.
    words[at - SGL_CONTEXT_WORDS] = words[at - SGL_CONTEXT_WORDS] | (SGL_LAST << 24);
    this.post(frame, number, socket, at - frame);
    return taken;
  }

  private lend(context: number, number: number, socket: HostSocket, length: number): void {
    this.transmit.lend(context, socketTag(number, socket.generation), length);
    socket.sendingBytes += length;
    socket.sendingContexts += 1;
  }

  /** Contexts are wanted at once when the socket or the pool runs low, else they may wait for company. // Hot path. */
  private replyModeFor(socket: HostSocket): number {
    if (this.replyMode >= 0) return this.replyMode;
    const low =
      socket.sendingBytes > socket.sendBufferBytes >> 1 ||
      this.transmit.available < this.config.transmitLowWatermark;
    return low ? REPLY_MODE_IMMEDIATE : REPLY_MODE_BATCH;
  }

  private post(frame: number, number: number, socket: HostSocket, sizeWords: number): void {
    writeSocketSend(
      this.requests.words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_SEND,
      socketTag(number, socket.generation),
      number,
      this.replyModeFor(socket),
      0,
      0,
      sizeWords,
    );
    this.requests.post();
  }
}
