/**
 * The user subsystem: the socket calls a program makes, answered as Linux answers them (errno by errno: test/socket). Calls of
 * the data path touch the driver's own tables and post a frame; the few that need the card's answer (bind, listen, options)
 * wait for it, which takes a microsecond or two.
 */
import type { DmaEngine } from '../../dma/engine.ts';
import { NO_FRAME } from '../../i2o/ring.ts';
import { SGL_IMMEDIATE, SGL_LAST, SGL_TRANSMIT, writeSglContext } from '../../i2o/sgl.ts';
import {
  getSocketBindReplyLocalAddress,
  getSocketBindReplyLocalPort,
  getSocketOptionGetReplyValue,
  REPLY_MODE_BATCH,
  REPLY_MODE_IMMEDIATE,
  SOCKET_SEND_SGL_WORD,
  writeSocketSend,
} from '../../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../i2o/tids.ts';
import {
  BYTES_RECEIVED,
  BYTES_SENT,
  IMMEDIATE_COPIES,
  RECEIVE_COPIES,
  SEND_COPIES,
  USER_CALLS,
  USER_WOULD_BLOCK,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import {
  type Endpoint,
  FAILED,
  HANGUP,
  READABLE,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_STREAM,
  type SocketStack,
  WRITABLE,
} from '../../socket/contract.ts';
import {
  EAGAIN,
  EALREADY,
  EBADF,
  EDESTADDRREQ,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  EMFILE,
  ENETDOWN,
  ENOBUFS,
  ENOPROTOOPT,
  ENOTCONN,
  EPIPE,
  EPROTONOSUPPORT,
} from '../../socket/errno.ts';
import { SO_ERROR, SO_LINGER_SECONDS, SO_RCVBUF, SO_SNDBUF } from '../../socket/options.ts';
import { NEVER } from '../../time/agent.ts';
import type { DriverConfig } from '../config.ts';
import type { Driver } from '../kernel/driver.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import type { ControlCall } from '../message/control-call.ts';
import { HANDLER_SEND } from '../message/handlers.ts';
import type { Requests } from '../message/requests.ts';
import {
  type HostSocket,
  STATE_CLOSING,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_FAILED,
  STATE_FREE,
  STATE_LISTENING,
  STATE_OPEN,
  STATE_POSTED,
  socketTag,
} from './host-socket.ts';
import type { SocketTable } from './socket-table.ts';

/** Buffers one SocketSend can name: (32 words − 6) / 3. */
const ELEMENTS_PER_SEND = 8;
/** The longest immediate data: 32 words − 6 of the message − 2 of the element. */
export const IMMEDIATE_BYTES_LIMIT = 96;
const BUFFER_BYTES_MIN = 2048;

export class CardSockets implements SocketStack {
  readonly name = 'inic';
  private readonly driver: Driver;
  private readonly requests: Requests;
  private readonly control: ControlCall;
  private readonly table: SocketTable;
  private readonly sockets: readonly HostSocket[];
  private readonly transmit: TransmitPool;
  private readonly receive: ReceivePool;
  private readonly dma: DmaEngine;
  private readonly counters: Float64Array;
  private readonly config: DriverConfig;
  private readonly immediateBytesMax: number;

  constructor(
    driver: Driver,
    requests: Requests,
    control: ControlCall,
    table: SocketTable,
    transmit: TransmitPool,
    receive: ReceivePool,
    dma: DmaEngine,
    ledger: Ledger,
    config: DriverConfig,
  ) {
    this.driver = driver;
    this.requests = requests;
    this.control = control;
    this.table = table;
    this.sockets = table.sockets;
    this.transmit = transmit;
    this.receive = receive;
    this.dma = dma;
    this.counters = ledger.counters;
    this.config = config;
    this.immediateBytesMax = Math.min(config.immediateBytesMax, IMMEDIATE_BYTES_LIMIT);
  }

  socket(type: number = SOCK_STREAM): number {
    if (type !== SOCK_STREAM) return -EPROTONOSUPPORT;
    this.counters[USER_CALLS] += 1;
    if (this.driver.deadErrno !== 0) return -this.driver.deadErrno;
    let number = this.table.take(STATE_OPEN);
    if (number < 0) {
      // Numbers given up may still be on their way back.
      this.driver.poll();
      number = this.table.take(STATE_OPEN);
      if (number < 0) return -EMFILE;
    }
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) {
      this.sockets[number]!.state = STATE_FREE;
      this.table.give(number);
      return -ENETDOWN;
    }
    this.requests.create(frame, socketTag(number, this.sockets[number]!.generation), number);
    return number;
  }

  bind(number: number, address: number, port: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (socket.state !== STATE_OPEN || socket.bound !== 0 || port < 0 || port > 65535) return -EINVAL;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.bind(frame, this.control.begin(), number, address, port);
    const errno = this.driver.awaitControl();
    if (errno !== 0) return -errno;
    socket.bound = 1;
    socket.localAddress = getSocketBindReplyLocalAddress(this.control.reply, 0);
    socket.localPort = getSocketBindReplyLocalPort(this.control.reply, 0);
    return 0;
  }

  listen(number: number, backlog: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (socket.state === STATE_LISTENING) {
      socket.backlog = clampBacklog(backlog);
      return 0;
    }
    if (socket.state !== STATE_OPEN) return -EINVAL;
    if (socket.bound === 0) {
      const errno = this.bind(number, 0, 0);
      if (errno !== 0) return errno;
    }
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.listen(frame, this.control.begin(), number, clampBacklog(backlog));
    const errno = this.driver.awaitControl();
    if (errno !== 0) return -errno;
    socket.state = STATE_LISTENING;
    socket.backlog = clampBacklog(backlog);
    this.driver.postAccepts(number, socket);
    return 0;
  }

  accept(number: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (socket.state !== STATE_LISTENING)
      return this.driver.deadErrno !== 0 ? -this.driver.deadErrno : -EINVAL;
    const accepted = socket.acceptHead;
    if (accepted < 0) {
      this.driver.postAccepts(number, socket);
      return this.wouldBlock();
    }
    const next = this.sockets[accepted]!.acceptNext;
    socket.acceptHead = next;
    if (next < 0) socket.acceptTail = -1;
    this.sockets[accepted]!.acceptNext = -1;
    socket.acceptCount -= 1;
    this.driver.postAccepts(number, socket);
    this.table.changed(accepted);
    return accepted;
  }

  connect(number: number, address: number, port: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (socket.state === STATE_CONNECTING) return -EALREADY;
    if (socket.state === STATE_CONNECTED || socket.state === STATE_LISTENING) return -EISCONN;
    if (socket.state !== STATE_OPEN) return this.takeError(socket) || -EINVAL;
    if (port < 0 || port > 65535) return -EINVAL;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    socket.state = STATE_CONNECTING;
    socket.remoteAddress = address;
    socket.remotePort = port;
    this.requests.connect(frame, socketTag(number, socket.generation), number, address, port);
    return -EINPROGRESS;
  }

  // Hot path: 64 B in 60 ns, one copy, one frame.
  send(number: number, bytes: Uint8Array, offset: number, length: number): number {
    this.counters[USER_CALLS] += 1;
    const socket = number >= 0 && number < this.sockets.length ? this.sockets[number]! : undefined;
    if (
      socket === undefined ||
      socket.state !== STATE_CONNECTED ||
      socket.writeEnded !== 0 ||
      socket.errno !== 0
    ) {
      return this.sendRefused(socket);
    }
    if (length === 0) return 0;
    const room = socket.sendBufferBytes - socket.sendingBytes;
    if (room <= 0 || (room < length && room < BUFFER_BYTES_MIN && socket.sendingBytes > 0))
      return this.sendBlocked(number, socket);
    const wanted = Math.min(length, room);
    const frame = this.requests.acquire();
    if (frame === NO_FRAME) return this.sendBlocked(number, socket);
    const taken =
      length <= this.immediateBytesMax
        ? this.fillImmediate(frame, number, socket, bytes, offset, length)
        : this.fillBuffers(frame, number, socket, bytes, offset, wanted);
    if (taken === 0) {
      this.requests.cancel();
      return this.sendDry(number, socket, bytes, offset, length);
    }
    this.counters[BYTES_SENT] += taken;
    return taken;
  }

  // Hot path: 64 B in 40 ns, one copy, no frame.
  recv(number: number, bytes: Uint8Array, offset: number, length: number): number {
    this.counters[USER_CALLS] += 1;
    const socket = number >= 0 && number < this.sockets.length ? this.sockets[number]! : undefined;
    if (socket === undefined || socket.receiveHead < 0) return this.receiveEmpty(socket, length);
    const { receive } = this;
    let copied = 0;
    while (copied < length) {
      const bucket = socket.receiveHead;
      if (bucket < 0) break;
      const held = receive.length[bucket]!;
      const wanted = length - copied;
      const count = Math.min(held, wanted);
      this.dma.copyOut(RECEIVE_COPIES, receive.address[bucket]!, bytes, offset + copied, count);
      copied += count;
      if (count === held) this.dropHead(socket, bucket);
      else {
        receive.address[bucket] = receive.address[bucket]! + count;
        receive.length[bucket] = held - count;
      }
    }
    this.counters[BYTES_RECEIVED] += copied;
    if (socket.state === STATE_CONNECTED) this.driver.credit(number, socket, copied);
    return copied;
  }

  shutdown(number: number, how: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) return -EINVAL;
    if (socket.state === STATE_FAILED) return -ENOTCONN;
    if (socket.state !== STATE_CONNECTED) return -ENOTCONN;
    if (how !== SHUT_WR) {
      socket.readEnded = 1;
      this.table.changed(number);
    }
    if (how === SHUT_RD) return 0;
    if (socket.writeEnded === 0) {
      const frame = this.driver.awaitFrame();
      if (frame === NO_FRAME) return -ENETDOWN;
      socket.writeEnded = 1;
      this.requests.shutdown(frame, number, SHUT_WR);
    }
    this.table.changed(number);
    return 0;
  }

  close(number: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    // Connections nobody has accepted go with their listener.
    for (let accepted = socket.acceptHead; accepted >= 0; ) {
      const next = this.sockets[accepted]!.acceptNext;
      this.driver.closeSocket(accepted, this.sockets[accepted]!);
      accepted = next;
    }
    this.driver.closeSocket(number, socket);
    return 0;
  }

  setOption(number: number, option: number, value: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (option === SO_ERROR) return -ENOPROTOOPT;
    if (option === SO_SNDBUF) {
      if (!(value > 0)) return -EINVAL;
      socket.sendBufferBytes = Math.max(value, BUFFER_BYTES_MIN);
      return 0;
    }
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.optionSet(frame, this.control.begin(), number, option, value);
    const errno = this.driver.awaitControl();
    if (errno === 0 && option === SO_RCVBUF) socket.receiveBufferBytes = Math.max(value, BUFFER_BYTES_MIN);
    if (errno === 0 && option === SO_LINGER_SECONDS) socket.lingerSeconds = value;
    return -errno;
  }

  getOption(number: number, option: number): number {
    const socket = this.open(number);
    if (socket === undefined) return -EBADF;
    if (option === SO_ERROR) {
      const { errno } = socket;
      socket.errno = 0;
      return errno;
    }
    if (option === SO_SNDBUF) return socket.sendBufferBytes;
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    this.requests.optionGet(frame, this.control.begin(), number, option);
    const errno = this.driver.awaitControl();
    return errno === 0 ? getSocketOptionGetReplyValue(this.control.reply, 0) : -errno;
  }

  localEndpoint(number: number): Endpoint | undefined {
    const socket = this.open(number);
    if (socket === undefined) return undefined;
    return { address: socket.localAddress, port: socket.localPort };
  }

  remoteEndpoint(number: number): Endpoint | undefined {
    const socket = this.open(number);
    if (socket === undefined || socket.state !== STATE_CONNECTED) return undefined;
    return { address: socket.remoteAddress, port: socket.remotePort };
  }

  // Hot path.
  readiness(number: number): number {
    const socket = this.open(number);
    if (socket === undefined) return 0;
    switch (socket.state) {
      case STATE_LISTENING:
        return socket.acceptHead >= 0 ? READABLE : 0;
      case STATE_CONNECTED:
        return this.connectedReadiness(socket);
      case STATE_FAILED:
        return READABLE | WRITABLE | HANGUP | (socket.errno !== 0 ? FAILED : 0);
      case STATE_OPEN:
        return WRITABLE | HANGUP;
      default:
        return 0;
    }
  }

  poll(): number {
    return this.driver.poll();
  }

  wait(timeoutMs: number): number {
    return this.driver.wait(timeoutMs < 0 ? NEVER : timeoutMs * 1e6);
  }

  /** The socket whose readiness changed longest ago, each once; -1 when there is none. For event loops. */
  nextReady(): number {
    return this.table.nextChanged();
  }

  /** Sockets in use, those on their way to the card's answer included. */
  get socketsInUse(): number {
    return this.sockets.length - this.table.available;
  }

  private open(number: number): HostSocket | undefined {
    this.counters[USER_CALLS] += 1;
    const socket = number >= 0 && number < this.sockets.length ? this.sockets[number] : undefined;
    if (socket === undefined || socket.state === STATE_FREE || socket.state === STATE_CLOSING)
      return undefined;
    return socket.state === STATE_POSTED ? undefined : socket;
  }

  private connectedReadiness(socket: HostSocket): number {
    let bits = 0;
    if (socket.receiveHead >= 0 || socket.endOfStream !== 0 || socket.readEnded !== 0) bits |= READABLE;
    if (socket.writeEnded !== 0) bits |= WRITABLE;
    else if (socket.sendingBytes < socket.sendBufferBytes && this.transmit.available > 0) bits |= WRITABLE;
    if (socket.endOfStream !== 0 && socket.writeEnded !== 0) bits |= HANGUP;
    return bits;
  }

  private wouldBlock(): number {
    this.counters[USER_WOULD_BLOCK] += 1;
    return -EAGAIN;
  }

  /** Takes a waiting error away. @returns it, negative; 0 for none. */
  private takeError(socket: HostSocket): number {
    const { errno } = socket;
    socket.errno = 0;
    return -errno;
  }

  private sendRefused(socket: HostSocket | undefined): number {
    if (socket === undefined || socket.state === STATE_FREE || socket.state === STATE_CLOSING) return -EBADF;
    if (socket.errno !== 0) return this.takeError(socket);
    if (socket.state === STATE_CONNECTING) return this.wouldBlock();
    if (socket.state === STATE_OPEN)
      return socket.bound !== 0 && socket.state === undefined ? -EDESTADDRREQ : -EPIPE;
    return socket.state === STATE_LISTENING ? -EPIPE : -EPIPE;
  }

  private sendBlocked(number: number, socket: HostSocket): number {
    this.driver.block(number, socket);
    return this.wouldBlock();
  }

  /** No buffer: what the send answers is a matter of policy. */
  private sendDry(
    number: number,
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number {
    switch (this.config.transmitDryPolicy) {
      case 'ENOBUFS':
        return -ENOBUFS;
      case 'block':
        if (this.driver.wait(this.config.controlTimeoutNs) === 0) return -ENOBUFS;
        return this.send(number, bytes, offset, length);
      default:
        return this.sendBlocked(number, socket);
    }
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
    const { words } = this.requests;
    const at = frame + SOCKET_SEND_SGL_WORD;
    words[at] = ((SGL_IMMEDIATE | SGL_LAST) << 24) | length;
    words[at + 1] = context;
    this.dma.copyIn(IMMEDIATE_COPIES, bytes, offset, (at + 2) << 2, length);
    this.transmit.lend(context, socketTag(number, socket.generation), length);
    socket.sendingBytes += length;
    socket.sendingContexts += 1;
    this.postSend(frame, number, socket, SOCKET_SEND_SGL_WORD + 2 + ((length + 3) >> 2));
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
    const bufferBytes = transmit.bufferBytes;
    const start = frame + SOCKET_SEND_SGL_WORD;
    let at = start;
    let taken = 0;
    for (let elements = 0; taken < wanted && elements < ELEMENTS_PER_SEND; elements++) {
      const context = transmit.take(socket.sendingContexts === 0);
      if (context < 0) break;
      const left = wanted - taken;
      const count = Math.min(left, bufferBytes);
      const address = transmit.addressOf(context);
      this.dma.copyIn(SEND_COPIES, bytes, offset + taken, address, count);
      transmit.lend(context, socketTag(number, socket.generation), count);
      at = writeSglContext(words, at, SGL_TRANSMIT, count, context, address);
      socket.sendingContexts += 1;
      taken += count;
    }
    if (taken === 0) return 0;
    socket.sendingBytes += taken;
    words[at - 3] = words[at - 3]! | (SGL_LAST << 24);
    this.postSend(frame, number, socket, at - frame);
    return taken;
  }

  /** Contexts are wanted at once when the socket or the pool runs low, else they may wait for company. // Hot path. */
  private postSend(frame: number, number: number, socket: HostSocket, sizeWords: number): void {
    const low =
      socket.sendingBytes > socket.sendBufferBytes >> 1 ||
      this.transmit.available < this.config.transmitLowWatermark;
    writeSocketSend(
      this.requests.words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_SEND,
      socketTag(number, socket.generation),
      number,
      low ? REPLY_MODE_IMMEDIATE : REPLY_MODE_BATCH,
      0,
      0,
      sizeWords,
    );
    this.requests.post();
  }

  private receiveEmpty(socket: HostSocket | undefined, length: number): number {
    if (socket === undefined || socket.state === STATE_FREE || socket.state === STATE_CLOSING) return -EBADF;
    if (length === 0 && socket.state === STATE_CONNECTED) return 0;
    if (socket.errno !== 0 && socket.state === STATE_FAILED) return this.takeError(socket);
    if (socket.state === STATE_CONNECTED) {
      return socket.endOfStream !== 0 || socket.readEnded !== 0 ? 0 : this.wouldBlock();
    }
    if (socket.state === STATE_CONNECTING) return this.wouldBlock();
    return socket.state === STATE_FAILED ? 0 : -ENOTCONN;
  }

  private dropHead(socket: HostSocket, bucket: number): void {
    const next = this.receive.next[bucket]!;
    socket.receiveHead = next;
    if (next < 0) socket.receiveTail = -1;
    this.driver.bucketRead(bucket);
  }
}

/** Linux's somaxconn, and at least one connection. */
function clampBacklog(backlog: number): number {
  return Math.max(1, Math.min(backlog, 4096));
}
