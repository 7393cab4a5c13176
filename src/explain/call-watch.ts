/** Stands before a card's sockets and notes each call: when it began and ended, and what it came to. */
import type { DatagramSource, Endpoint } from '../socket/contract.ts';
import { EAGAIN } from '../socket/errno.ts';
import { MSG_PEEK } from '../socket/message-flags.ts';
import type { TcpInfo } from '../socket/tcp-info.ts';
import type { ProgramSockets } from '../world/virtual/watch.ts';
import type { CallName, Stream } from './events.ts';
import type { Streams } from './streams.ts';

/** Told of calls as they begin and end. */
export interface CallBook {
  readonly streams: Streams;
  callBegun(card: number): void;
  callEnded(card: number, call: EndedCall): void;
  isFull(card: number, socketId: number): boolean;
}

export interface EndedCall {
  readonly name: CallName;
  readonly stream: Stream | undefined;
  readonly result: number;
  readonly before: number;
  readonly first: boolean;
  /** Bytes of the whole message that the program sends; 0 of other calls. */
  readonly messageBytes: number;
  /** It was refused for want of room in the socket's send buffer. */
  readonly full: boolean;
}

/** What calls have that send nothing. */
const OF_NO_SEND = { first: false, messageBytes: 0, full: false };

export class WatchedSockets implements ProgramSockets {
  private readonly inner: ProgramSockets;
  private readonly card: number;
  private readonly book: CallBook;

  constructor(inner: ProgramSockets, card: number, book: CallBook) {
    this.inner = inner;
    this.card = card;
    this.book = book;
  }

  get name(): string {
    return this.inner.name;
  }

  socket(type?: number): number {
    const socketId = this.call('other', -1, () => this.inner.socket(type));
    if (socketId >= 0) this.book.streams.made(this.card, socketId);
    return socketId;
  }

  bind(socketId: number, address: number, port: number): number {
    return this.call('other', socketId, () => this.inner.bind(socketId, address, port));
  }

  listen(socketId: number, backlog: number): number {
    return this.call('other', socketId, () => this.inner.listen(socketId, backlog));
  }

  accept(socketId: number): number {
    return this.call('accept', socketId, () => this.inner.accept(socketId));
  }

  connect(socketId: number, address: number, port: number): number {
    return this.call('connect', socketId, () => this.inner.connect(socketId, address, port));
  }

  send(socketId: number, bytes: Uint8Array, offset: number, length: number, flags?: number): number {
    this.book.callBegun(this.card);
    const result = this.inner.send(socketId, bytes, offset, length, flags);
    const stream = this.stream(socketId);
    const before = stream?.sent ?? 0;
    if (stream !== undefined && result > 0) stream.sent += result;
    const first = offset === 0;
    const messageBytes = bytes.length;
    const full = result === -EAGAIN && this.book.isFull(this.card, socketId);
    this.book.callEnded(this.card, { name: 'send', stream, result, before, first, messageBytes, full });
    return result;
  }

  recv(socketId: number, bytes: Uint8Array, offset: number, length: number, flags = 0): number {
    this.book.callBegun(this.card);
    const result = this.inner.recv(socketId, bytes, offset, length, flags);
    const stream = this.stream(socketId);
    const before = stream?.received ?? 0;
    if (stream !== undefined && result > 0 && (flags & MSG_PEEK) === 0) stream.received += result;
    this.book.callEnded(this.card, { ...OF_NO_SEND, name: 'recv', stream, result, before });
    return result;
  }

  sendTo(
    socketId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: number,
    port: number,
    flags?: number,
  ): number {
    const { inner } = this;
    return this.call('other', socketId, () =>
      inner.sendTo(socketId, bytes, offset, length, address, port, flags),
    );
  }

  recvFrom(
    socketId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource,
    flags?: number,
  ): number {
    const { inner } = this;
    return this.call('other', socketId, () => inner.recvFrom(socketId, bytes, offset, length, from, flags));
  }

  shutdown(socketId: number, how: number): number {
    return this.call('shutdown', socketId, () => this.inner.shutdown(socketId, how));
  }

  close(socketId: number): number {
    return this.call('close', socketId, () => this.inner.close(socketId));
  }

  setOption(socketId: number, option: number, value: number): number {
    return this.call('other', socketId, () => this.inner.setOption(socketId, option, value));
  }

  getOption(socketId: number, option: number): number {
    return this.call('other', socketId, () => this.inner.getOption(socketId, option));
  }

  tcpInfo(socketId: number): TcpInfo | number {
    return this.inner.tcpInfo(socketId);
  }

  localEndpoint(socketId: number): Endpoint | undefined {
    return this.inner.localEndpoint(socketId);
  }

  remoteEndpoint(socketId: number): Endpoint | undefined {
    return this.inner.remoteEndpoint(socketId);
  }

  readiness(socketId: number): number {
    return this.inner.readiness(socketId);
  }

  nextReady(): number {
    return this.inner.nextReady();
  }

  poll(): number {
    return this.inner.poll();
  }

  wait(timeoutMs: number): number {
    return this.inner.wait(timeoutMs);
  }

  private call(name: CallName, socketId: number, make: () => number): number {
    const stream = this.stream(socketId);
    this.book.callBegun(this.card);
    const result = make();
    this.book.callEnded(this.card, { ...OF_NO_SEND, name, stream, result, before: 0 });
    return result;
  }

  private stream(socketId: number): Stream | undefined {
    return socketId < 0 ? undefined : this.book.streams.at(this.card, socketId);
  }
}
