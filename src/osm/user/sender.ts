/**
 * Sends streams: bytes become SocketSend messages. There are three ways, by cost: an offered buffer, which
 * the program has filled in place (no copy); immediate data inside the frame, for short sends (one copy, and
 * the bytes cross with the frame's own cache lines); transmit buffers (one copy).
 */
import { AssertionFailure, assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import {
  BYTES_LENT,
  BYTES_SENT,
  IMMEDIATE_COPIES,
  MEMORY_TRANSMIT_RESERVE,
  SEND_COPIES,
  SENDS_GATHERED,
  USER_CALLS,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { EINVAL } from '../../socket/errno.ts';
import type { Driver } from '../kernel/driver.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import { type HostSocket, PIECE_BYTES_MIN, STATE_CONNECTED, STATE_DATAGRAM } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import type { SendBatch } from '../message/send-batch.ts';
import { IMMEDIATE_BYTES_PER_SEND, type SendRequests } from '../message/send-requests.ts';
import { DatagramSender, markBound } from './datagram-sender.ts';
import { isWithin, NOT_WITHIN, SendPolicy, WAIT_FOR_BUFFER } from './send-policy.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** With so many of a socket's buffers at the card, small sends go together. */
const GATHER_FROM = 16;
/** The send goes by itself: no result and no errno has this number. */
const ALONE = -0x40000001;

export class Sender {
  private readonly driver: Driver;
  private readonly table: SocketTable;
  private readonly sockets: readonly HostSocket[];
  private readonly transmit: TransmitPool;
  private readonly dma: DmaEngine;
  private readonly counters: Float64Array;
  private readonly config: DriverConfig;
  private readonly datagrams: DatagramSender;
  private readonly messages: SendRequests;
  private readonly batch: SendBatch;
  private readonly policy: SendPolicy;
  private readonly immediateBytesMax: number;

  constructor(
    driver: Driver,
    messages: SendRequests,
    batch: SendBatch,
    table: SocketTable,
    transmit: TransmitPool,
    dma: DmaEngine,
    ledger: Ledger,
  ) {
    const { config } = driver;
    this.driver = driver;
    this.messages = messages;
    this.batch = batch;
    this.table = table;
    this.sockets = table.sockets;
    this.transmit = transmit;
    this.dma = dma;
    this.counters = ledger.counters;
    this.config = config;
    this.policy = new SendPolicy(driver, transmit, ledger);
    this.datagrams = new DatagramSender(messages, transmit, dma, this.policy, ledger, config);
    this.immediateBytesMax = Math.min(config.immediateBytesMax, IMMEDIATE_BYTES_PER_SEND);
  }

  /** Whether short sends wait for others to share a message with. */
  private get batches(): boolean {
    return this.config.batchSends && this.driver.classVersion >= 2;
  }

  /** As `SocketStack.send`. @param kind SEND_ bits. // Hot path: 64 B in 60 ns, one copy, one frame. */
  send(socketId: number, bytes: Uint8Array, offset: number, length: number, kind = 0): number {
    this.counters[USER_CALLS] += 1;
    try {
      for (;;) {
        const taken = this.trySend(socketId, bytes, offset, length, kind);
        if (taken !== WAIT_FOR_BUFFER) return taken;
        const answer = this.policy.waitForBuffer(socketId, this.sockets[socketId]);
        if (answer !== 0) return answer;
      }
    } catch (failure) {
      return this.failed(failure);
    }
  }

  /** As `SocketStack.sendTo`. // Hot path. */
  sendTo(
    socketId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
    kind = 0,
  ): number {
    const socket = socketId >= 0 && socketId < this.sockets.length ? this.sockets[socketId] : undefined;
    if (socket === undefined || socket.state !== STATE_DATAGRAM) {
      return this.send(socketId, bytes, offset, length, kind);
    }
    this.counters[USER_CALLS] += 1;
    if (!(port > 0 && port <= 65535)) {
      markBound(socket);
      return -EINVAL;
    }
    try {
      for (;;) {
        const taken = this.datagrams.send(socketId, socket, bytes, offset, length, address, port);
        if (taken !== WAIT_FOR_BUFFER) return taken;
        const answer = this.policy.waitForBuffer(socketId, socket);
        if (answer !== 0) return answer;
        if (socket.state !== STATE_DATAGRAM) return this.policy.refused(socket);
      }
    } catch (failure) {
      return this.failed(failure);
    }
  }

  private trySend(socketId: number, bytes: Uint8Array, offset: number, length: number, kind: number): number {
    const { policy, messages } = this;
    const socket = socketId >= 0 && socketId < this.sockets.length ? this.sockets[socketId] : undefined;
    if (
      socket === undefined ||
      socket.state !== STATE_CONNECTED ||
      socket.writeEnded !== 0 ||
      socket.errno !== 0
    ) {
      if (socket !== undefined && socket.state === STATE_DATAGRAM) {
        return this.datagrams.send(socketId, socket, bytes, offset, length, 0, 0);
      }
      return this.policy.refused(socket);
    }
    if (length === 0) return 0;
    if (!isWithin(bytes, offset, length)) return NOT_WITHIN;
    const low = socket.unsentLowBytes;
    if (low > 0 && socket.unsentBytes >= low) return policy.unsentLimit(socket);
    const room = low > 0 ? this.roomByLimit(socket) : socket.sendBufferBytes - socket.sendingBytes;
    const tooShort = room < length && room < PIECE_BYTES_MIN && socket.sendingBytes > 0;
    if (room <= 0 || tooShort) return policy.blocked(socketId, socket);
    if (kind !== 0) {
      // What is said of its last byte is said by its own message, behind what waits.
      if (!this.batch.flush()) return policy.blocked(socketId, socket);
    } else if (this.batches || socket.sendingContexts >= GATHER_FROM || this.batch.count !== 0) {
      const together = this.sendTogether(socketId, socket, bytes, offset, length, room);
      if (together !== ALONE) return together;
    }
    const short = length <= this.immediateBytesMax && length <= room;
    if (!messages.begin()) return policy.blocked(socketId, socket);
    const sentBefore = socket.sendingBytes;
    let taken = short ? this.fillImmediate(socket, bytes, offset, length) : 0;
    if (taken === 0) taken = this.fillBuffers(socket, bytes, offset, Math.min(length, room));
    if (COSTLY) checkTaken(taken, length, socket.sendingBytes - sentBefore);
    if (taken === 0) return this.sendFromReserve(socketId, socket, bytes, offset, length, kind);
    return this.post(socketId, socket, taken, taken === length ? kind : 0);
  }

  /** What may be given to the card by TCP_NOTSENT_LOWAT: whole buffers, as whole segments on Linux. */
  private roomByLimit({ sendBufferBytes, sendingBytes, unsentLowBytes, unsentBytes }: HostSocket): number {
    const { bufferBytes } = this.transmit;
    assert(unsentBytes < unsentLowBytes, 'sender: less waits to be sent than may');
    const buffers = Math.ceil((unsentLowBytes - unsentBytes) / bufferBytes);
    return Math.min(sendBufferBytes - sendingBytes, buffers * bufferBytes);
  }

  /** Posts the message begun, which holds `bytes` of the socket's. @returns them. // Hot path. */
  private post(socketId: number, socket: HostSocket, bytes: number, kind: number): number {
    this.messages.post(socketId, socket.tag, this.policy.replyModeFor(socket), kind);
    this.counters[BYTES_SENT] += bytes;
    return bytes;
  }

  /**
   * A send that may go with others: a short one where short ones share messages, and a small one of a socket
   * of which the card has many already: it goes behind the one before, in the same buffer, so that many small
   * writes take few. // Hot path where `batchSends` is on.
   * @returns bytes taken, or a negative errno; ALONE: nothing waits any more, and the send goes by itself.
   */
  private sendTogether(
    socketId: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
    room: number,
  ): number {
    const { batch, transmit } = this;
    if (length <= room && this.driver.classVersion >= 2) {
      const many = socket.sendingContexts >= GATHER_FROM && length <= transmit.bufferBytes >> 2;
      const address = many ? batch.extend(socketId, socket, length) : -1;
      if (address >= 0) {
        this.dma.copyIn(SEND_COPIES, bytes, offset, address, length);
        this.counters[SENDS_GATHERED] += 1;
        this.counters[BYTES_SENT] += length;
        return length;
      }
      const short = length <= Math.min(this.immediateBytesMax, transmit.bufferBytes);
      const shares = many ? transmit.serves(socket) : this.batches && short;
      if (shares) return this.sendBatched(socketId, socket, bytes, offset, length);
    }
    return batch.flush() ? ALONE : this.policy.blocked(socketId, socket);
  }

  /** Puts a short send into the batch. // Hot path where `batchSends` is on. */
  private sendBatched(
    socketId: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number {
    if (!this.batch.hasRoom(socketId)) return this.policy.blocked(socketId, socket);
    const context = this.transmit.takeFor(socket);
    if (context < 0) return this.sendUnbatched(socketId, socket, bytes, offset, length);
    this.dma.copyIn(SEND_COPIES, bytes, offset, this.transmit.addressOf(context), length);
    this.transmit.lend(context, socket, length);
    this.counters[BYTES_SENT] += length;
    this.batch.add(socketId, context, this.policy.replyModeFor(socket));
    return length;
  }

  /** A short send that found no buffer goes by itself, in a slot of the reserve if the socket may have it. */
  private sendUnbatched(
    socketId: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number {
    if (!this.batch.flush() || !this.messages.begin()) return this.policy.blocked(socketId, socket);
    return this.sendFromReserve(socketId, socket, bytes, offset, length, 0);
  }

  /**
   * No buffer is free for a socket. If it has nothing in the card's hands, no reply would ever tell it to go
   * on, however long the others keep theirs: a few of its bytes go in a slot of card memory, of which the
   * pool keeps one for every such socket, unless nothing is to travel so (`immediateBytesMax` is 0). Else the
   * message that was begun is given up.
   */
  private sendFromReserve(
    socketId: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
    kind: number,
  ): number {
    const count = Math.min(length, IMMEDIATE_BYTES_PER_SEND);
    const first = socket.sendingContexts === 0 && this.immediateBytesMax > 0;
    const taken = first ? this.fillImmediate(socket, bytes, offset, count) : 0;
    if (taken === 0) {
      this.messages.cancel();
      return this.policy.dry(socketId, socket);
    }
    this.counters[MEMORY_TRANSMIT_RESERVE] += 1;
    return this.post(socketId, socket, taken, taken === length ? kind : 0);
  }

  /** A transmit buffer for the program to fill. @returns its context, or −EAGAIN. */
  allocate(socketId: number): number {
    try {
      const socket = socketId >= 0 && socketId < this.sockets.length ? this.sockets[socketId] : undefined;
      if (socket === undefined || socket.state !== STATE_CONNECTED || socket.writeEnded !== 0) {
        return this.policy.refused(socket);
      }
      const room = socket.sendBufferBytes - socket.sendingBytes;
      const context = room > 0 ? this.transmit.offer(socket) : -1;
      if (context < 0) return this.policy.blocked(socketId, socket);
      assert(this.transmit.taken(context), 'sender: a buffer that is offered has been taken');
      return context;
    } catch (failure) {
      return this.failed(failure);
    }
  }

  /** Region address of an allocated buffer; −EINVAL for a context that is not allocated. */
  addressOf(context: number): number {
    return this.transmit.taken(context) ? this.transmit.addressOf(context) : -EINVAL;
  }

  /**
   * Sends an allocated buffer, without a copy. It is the card's from here on.
   * @param context what `allocate` returned. @param length bytes filled, 1 to the buffer's size.
   * @returns `length`, or a negative errno: then the buffer is still the program's.
   */
  sendAllocated(socketId: number, context: number, length: number): number {
    this.counters[USER_CALLS] += 1;
    try {
      return this.postAllocated(socketId, context, length);
    } catch (failure) {
      return this.failed(failure);
    }
  }

  private postAllocated(socketId: number, context: number, length: number): number {
    const { transmit, messages, policy } = this;
    const socket = socketId >= 0 && socketId < this.sockets.length ? this.sockets[socketId] : undefined;
    if (
      socket === undefined ||
      socket.state !== STATE_CONNECTED ||
      socket.writeEnded !== 0 ||
      socket.errno !== 0
    ) {
      return this.policy.refused(socket);
    }
    const fits = Number.isInteger(length) && length > 0 && length <= transmit.bufferBytes;
    if (!fits || !transmit.taken(context)) return -EINVAL;
    if (!this.batch.flush() || !messages.begin()) return policy.blocked(socketId, socket);
    messages.buffer(context, length);
    transmit.endOffer(context, this.table);
    transmit.lend(context, socket, length);
    this.counters[BYTES_LENT] += length;
    return this.post(socketId, socket, length, 0);
  }

  /** Gives an allocated buffer back unsent. @returns 0, or −EINVAL for one that is not allocated. */
  releaseAllocated(context: number): number {
    if (!this.transmit.taken(context)) return -EINVAL;
    try {
      this.transmit.endOffer(context, this.table);
      this.transmit.give(context);
      // No reply tells the senders that wait of this room.
      this.driver.blocked.tell(true);
      return 0;
    } catch (failure) {
      return this.failed(failure);
    }
  }

  /** A call has thrown: nothing is left half written, and the driver looks whether it can go on. */
  private failed(failure: unknown): never {
    if (!(failure instanceof AssertionFailure)) this.messages.abandon();
    return this.driver.failed(failure);
  }

  /**
   * Puts the bytes into the frame.
   * @returns bytes taken, 0 when no slot of card memory is free. // Hot path.
   */
  private fillImmediate(socket: HostSocket, bytes: Uint8Array, offset: number, length: number): number {
    const context = this.transmit.takeSlot(socket.sendingContexts === 0);
    if (context < 0) return 0;
    const address = this.messages.immediate(context, length);
    this.dma.copyIn(IMMEDIATE_COPIES, bytes, offset, address, length);
    this.transmit.lend(context, socket, length);
    return length;
  }

  /**
   * Copies the bytes into transmit buffers and names them.
   * @returns bytes taken, 0 when no buffer is free. // Hot path.
   */
  private fillBuffers(socket: HostSocket, bytes: Uint8Array, offset: number, wanted: number): number {
    const { transmit, messages, dma } = this;
    const { bufferBytes } = transmit;
    let taken = 0;
    while (taken < wanted && messages.hasRoom) {
      const context = transmit.takeFor(socket);
      if (context < 0) break;
      const count = Math.min(wanted - taken, bufferBytes);
      dma.copyIn(SEND_COPIES, bytes, offset + taken, messages.buffer(context, count), count);
      transmit.lend(context, socket, count);
      taken += count;
    }
    return taken;
  }
}

/**
 * Asserts what must be true of a send.
 * @param lent bytes by which the card has more of the socket's than before.
 */
function checkTaken(taken: number, length: number, lent: number): void {
  assert(taken >= 0 && taken <= length, 'sender: no more bytes are taken than there are');
  assert(taken === lent, 'sender: what is taken is lent to the card');
}
