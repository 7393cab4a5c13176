/** Stands before a card's sockets and notes each call: when it began and ended, and what it came to. */
import { type DatagramSource, type Endpoint, SOCK_DGRAM } from '../socket/contract.ts';
import { EAGAIN } from '../socket/errno.ts';
import { MSG_PEEK } from '../socket/message-flags.ts';
import type { TcpInfo } from '../socket/tcp-info.ts';
import type { ProgramSockets, SocketEnds } from '../world/virtual/watch.ts';
import type { CallName, DatagramName, Stream } from './events.ts';
import { endpoint } from './flows.ts';
import { NUMBER_BYTES, numberIn } from './frame-names.ts';
import type { Streams } from './streams.ts';

/** Told of calls as they begin and end. */
export interface CallBook {
  readonly streams: Streams;
  callBegun(card: number): void;
  callEnded(card: number, call: EndedCall): void;
  isFull(card: number, socketId: number): boolean;
  /** A program has got a connection from a listener. */
  accepted(card: number, socketId: number): void;
  /** Whether a host's own stack has a socket now: that knows the ends of its connection. */
  isOnHost(card: number, socketId: number): boolean;
  /** The ends of a socket that a host's own stack has. */
  endsOf(card: number, socketId: number): SocketEnds;
  /** A call may have taken a socket elsewhere. @returns whose it is now. */
  settled(card: number, socketId: number, stream: Stream, name: CallName): Stream;
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
  readonly onHost: boolean;
  /** Of a datagram that was taken, or given: which. */
  readonly datagram: DatagramName | undefined;
}

/** What calls have that send nothing. */
const OF_NO_SEND = { first: false, messageBytes: 0, full: false, datagram: undefined };

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
    if (socketId >= 0) this.book.streams.made(this.card, socketId).datagrams = type === SOCK_DGRAM;
    return socketId;
  }

  bind(socketId: number, address: number, port: number): number {
    const answer = this.call('other', socketId, () => this.inner.bind(socketId, address, port));
    const stream = this.stream(socketId);
    if (stream !== undefined && answer === 0) stream.localPort = port;
    return answer;
  }

  listen(socketId: number, backlog: number): number {
    return this.call('other', socketId, () => this.inner.listen(socketId, backlog));
  }

  accept(socketId: number): number {
    return this.call('accept', socketId, () => {
      const accepted = this.inner.accept(socketId);
      if (accepted >= 0) {
        this.book.accepted(this.card, accepted);
        this.named(accepted, this.stream(accepted));
      }
      return accepted;
    });
  }

  connect(socketId: number, address: number, port: number): number {
    const stream = this.stream(socketId);
    if (stream !== undefined) stream.remote = endpoint(address, port);
    return this.call('connect', socketId, () => this.inner.connect(socketId, address, port));
  }

  send(socketId: number, bytes: Uint8Array, offset: number, length: number, flags?: number): number {
    const make = (): number => this.inner.send(socketId, bytes, offset, length, flags);
    return this.sending(socketId, bytes, offset, length, make, undefined);
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
    const make = (): number => this.inner.sendTo(socketId, bytes, offset, length, address, port, flags);
    return this.sending(
      socketId,
      bytes,
      offset,
      length,
      make,
      port === 0 ? undefined : endpoint(address, port),
    );
  }

  recv(socketId: number, bytes: Uint8Array, offset: number, length: number, flags = 0): number {
    const make = (): number => this.inner.recv(socketId, bytes, offset, length, flags);
    return this.receiving(socketId, bytes, offset, flags, make, undefined);
  }

  recvFrom(
    socketId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource,
    flags = 0,
  ): number {
    const make = (): number => this.inner.recvFrom(socketId, bytes, offset, length, from, flags);
    return this.receiving(socketId, bytes, offset, flags, make, from);
  }

  /** @param to where a datagram goes; undefined: where its socket is connected to. */
  private sending(
    socketId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    make: () => number,
    to: string | undefined,
  ): number {
    const { book, card } = this;
    book.callBegun(card);
    const result = make();
    const stream = this.stream(socketId);
    const before = stream?.sent ?? 0;
    if (stream !== undefined && result > 0) stream.sent += result;
    const named = this.named(socketId, stream);
    const datagram = result < 0 ? undefined : datagramOf(named, to, bytes, offset, length);
    const first = offset === 0;
    const messageBytes = bytes.length;
    const full = result === -EAGAIN && book.isFull(card, socketId);
    this.ended('send', socketId, { stream: named, result, before, first, messageBytes, full, datagram });
    return result;
  }

  /** @param from filled in by the call; undefined: a datagram is from where its socket is connected to. */
  private receiving(
    socketId: number,
    bytes: Uint8Array,
    offset: number,
    flags: number,
    make: () => number,
    from: DatagramSource | undefined,
  ): number {
    this.book.callBegun(this.card);
    const result = make();
    const stream = this.stream(socketId);
    const before = stream?.received ?? 0;
    const taken = (flags & MSG_PEEK) === 0;
    if (stream !== undefined && result > 0 && taken) stream.received += result;
    const named = this.named(socketId, stream);
    const source = from === undefined ? undefined : endpoint(from.address, from.port);
    const datagram = result < 0 || !taken ? undefined : datagramOf(named, source, bytes, offset, result);
    this.ended('recv', socketId, { ...OF_NO_SEND, stream: named, result, before, datagram });
    return result;
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

  atMark(socketId: number): number {
    return this.inner.atMark(socketId);
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
    const before = this.stream(socketId);
    this.book.callBegun(this.card);
    const result = make();
    const stream = name === 'close' || before === undefined ? before : this.named(socketId, before, name);
    this.ended(name, socketId, { ...OF_NO_SEND, stream, result, before: 0 });
    return result;
  }

  private ended(name: CallName, socketId: number, call: Omit<EndedCall, 'name' | 'onHost'>): void {
    const onHost = this.book.isOnHost(this.card, socketId);
    this.book.callEnded(this.card, { name, onHost, ...call });
  }

  /** Whose a socket is after a call, and the ends of its connection as far as a host's own stack has it. */
  private named(socketId: number, before: Stream | undefined, name: CallName = 'other'): Stream | undefined {
    const { book, card } = this;
    if (before === undefined) return undefined;
    const stream = book.settled(card, socketId, before, name);
    if (stream.flowOut !== '' || !book.isOnHost(card, socketId)) return stream;
    const { local, remote } = book.endsOf(card, socketId);
    if (local !== undefined) stream.localPort = local.port;
    if (local === undefined || remote === undefined || local.port === 0 || remote.port === 0) return stream;
    const [from, to] = [local, remote].map(({ address, port }) => endpoint(address, port));
    book.streams.connected(stream, from, to);
    return stream;
  }

  private stream(socketId: number): Stream | undefined {
    return socketId < 0 ? undefined : this.book.streams.at(this.card, socketId);
  }
}

/** Which datagram a call was about. @param remote its other end; undefined: its socket's. */
function datagramOf(
  stream: Stream | undefined,
  remote: string | undefined,
  bytes: Uint8Array,
  offset: number,
  length: number,
): DatagramName | undefined {
  if (stream === undefined || !stream.datagrams) return undefined;
  const number = numberIn(bytes, offset, Math.min(NUMBER_BYTES, length));
  return { remote: remote ?? stream.remote, localPort: stream.localPort, number };
}
