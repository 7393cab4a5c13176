/**
 * A script's file descriptors. A call that makes one has the number that the script says; which socket of the
 * stack it is, is remembered. Beside it what the program has written and read, to hold the wire against it.
 */
import type { Expression } from '../script/ast.ts';
import { NotJudged } from '../script/script-error.ts';
import type { Flow } from '../wire/flow.ts';
import type { WirePacket } from '../wire/wire-packet.ts';
import { numberOf } from './constants.ts';
import { ErrorQueue } from './error-queue.ts';
import { Failed } from './outcome.ts';
import { patternByte, WrittenBytes } from './stream-bytes.ts';

export interface SocketDescriptor {
  readonly kind: 'socket';
  /** The stack's number. */
  readonly socket: number;
  readonly datagram: boolean;
  nonBlocking: boolean;
  /** Whether the program has ended its own reading. */
  readEnded: boolean;
  /** Whether the program has said how large its buffers are: Linux then tells twice as much. */
  sendBufferSet: boolean;
  receiveBufferSet: boolean;
  readonly written: WrittenBytes;
  /** Bytes read from the stream. */
  readBytes: number;
  /** Sends that found no room for all, which an edge of writability follows. */
  shortSends: number;
  /** What it is told of bytes that it has sent. */
  readonly errors: ErrorQueue;
  /** TCP_INQ: a message that is received says how much waits still. */
  tellsInq: boolean;
  /** IP_LOCAL_PORT_RANGE: first and last port that a connect may choose; undefined: as the host has it. */
  ports: readonly [number, number] | undefined;
}

/** What was told of a descriptor, and had happened to it by then, which tells an edge (EPOLLET). */
export interface Watch {
  events: number;
  data: Expression;
  told: number;
  seen: Happened;
}

export interface Happened {
  /** Bytes that arrived in order, or connections or datagrams that wait. */
  readonly arrived: number;
  /** TCP's state by Linux's number. */
  readonly state: number;
  readonly shortSends: number;
  /** Messages of its error queue. */
  readonly errors: number;
}

/** What an epoll descriptor watches: events and what is told with them, by descriptor. */
export interface EpollDescriptor {
  readonly kind: 'epoll';
  readonly watched: Map<number, Watch>;
}

/** A file that is read from. */
export interface FileDescriptor {
  readonly kind: 'file';
  readonly size: number;
  /** Where the next byte is read. */
  at: number;
}

/** One end of a pipe. */
export interface PipeDescriptor {
  readonly kind: 'pipe';
  /** What both ends share. */
  readonly held: { bytes: Uint8Array };
  /** Whether this end is read. */
  readonly reads: boolean;
}

export type Descriptor = SocketDescriptor | EpollDescriptor | FileDescriptor | PipeDescriptor;

const NO_SOCKET = { epoll: 'an epoll descriptor', file: 'a file', pipe: 'a pipe' };

export class Descriptors {
  private readonly table = new Map<number, Descriptor>();
  private readonly closed: SocketDescriptor[] = [];
  /** A stream with urgent data is not held against what was sent: it may lie anywhere. */
  urgent = false;

  add(fd: number, descriptor: Descriptor): void {
    this.table.set(fd, descriptor);
  }

  remove(fd: number): void {
    const gone = this.table.get(fd);
    if (gone?.kind === 'socket') this.closed.push(gone);
    this.table.delete(fd);
    for (const other of this.table.values()) if (other.kind === 'epoll') other.watched.delete(fd);
  }

  get(fd: number): Descriptor | undefined {
    return this.table.get(fd);
  }

  /** @throws NotJudged for what is no socket: its calls answer what no script of TCP's asks for. */
  socket(expression: Expression): SocketDescriptor | undefined {
    const found = this.table.get(numberOf(expression));
    if (found !== undefined && found.kind !== 'socket') {
      throw new NotJudged(expression.place, `a socket call of ${NO_SOCKET[found.kind]}`);
    }
    return found;
  }

  /** The socket of a number of the stack's, open or closed since. */
  ofNumber(socket: number): SocketDescriptor | undefined {
    for (const descriptor of this.table.values()) {
      if (descriptor.kind === 'socket' && descriptor.socket === socket) return descriptor;
    }
    return this.closed.findLast((descriptor) => descriptor.socket === socket);
  }

  /** @throws Failed where the payload of a segment is not what the program wrote at that place. */
  checkPayload(flow: Flow, { transport, payload }: WirePacket): void {
    if (flow.written === undefined || transport?.kind !== 'tcp' || payload.length === 0) return;
    const offset = (transport.seq - flow.liveLocalIsn - 1) | 0;
    if (flow.written.holds(offset, payload)) return;
    const words = `the ${payload.length} bytes from ${offset + 1} on are not what the program wrote`;
    throw new Failed({ line: 0, column: 0 }, words);
  }

  /**
   * Notes bytes that were read.
   * @param peeked they stay to be read again. @returns what is wrong with them, in words; undefined: nothing.
   */
  checkRead(
    descriptor: SocketDescriptor,
    bytes: Uint8Array,
    length: number,
    peeked = false,
  ): string | undefined {
    const from = descriptor.readBytes;
    if (!peeked) descriptor.readBytes += length;
    if (this.urgent || descriptor.datagram) return undefined;
    const wrong = bytes.subarray(0, length).findIndex((byte, i) => byte !== patternByte((from + i) | 0));
    return wrong < 0 ? undefined : `byte ${from + wrong + 1} of the stream is not the one that was sent`;
  }
}

/** A new socket's. */
export function socketDescriptor(socket: number, datagram: boolean, nonBlocking: boolean): SocketDescriptor {
  return {
    kind: 'socket',
    socket,
    datagram,
    nonBlocking,
    readEnded: false,
    sendBufferSet: false,
    receiveBufferSet: false,
    written: new WrittenBytes(),
    readBytes: 0,
    shortSends: 0,
    errors: new ErrorQueue(),
    tellsInq: false,
    ports: undefined,
  };
}
