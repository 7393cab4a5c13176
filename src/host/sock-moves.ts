/** Connections that go from the host's own stack to a card, and that come back from there. */
import { assert } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import { HAND_OFF_COPIES } from '../ledger/counters.gen.ts';
import { EADDRINUSE, EBADF, EBUSY, EINVAL, EMFILE, ENOBUFS } from '../socket/errno.ts';
import type { MovedPiece, MovingConnection, MovingSockets } from '../socket/moving.ts';
import { SO_RCVBUF } from '../socket/options.ts';
import { URGENT_NONE } from '../socket/urgent-mark.ts';
import type { Stack } from '../tcpip/stack/stack.ts';
import { type ConnectionImage, ImageRefused } from '../tcpip/tcp/hand-off/connection-image.ts';
import type { SendPiece } from '../tcpip/tcp/hand-off/take-over.ts';
import type { Clock } from '../time/clock.ts';
import type { ReadyList } from './ready-list.ts';
import type { SendMemory } from './send-memory.ts';
import { mark, SOCK_CONNECTED, type Sock } from './sock.ts';
import type { SockCalls } from './sock-calls.ts';

/** What these calls work with. */
export interface SockMovesParts {
  readonly stack: Stack;
  readonly clock: Clock;
  readonly dma: DmaEngine;
  readonly memory: SendMemory;
  readonly socks: readonly Sock[];
  readonly calls: SockCalls;
  readonly ready: ReadyList;
}

export class SockMoves implements MovingSockets {
  private readonly parts: SockMovesParts;

  constructor(parts: SockMovesParts) {
    this.parts = parts;
  }

  handOff(socket: number, area: MovedPiece): MovingConnection | number {
    const { stack, clock, calls } = this.parts;
    const sock = calls.open(socket);
    if (sock === undefined) return -EBADF;
    if (sock.state !== SOCK_CONNECTED || sock.errno !== 0) return -EINVAL;
    // An urgent byte would be told of anew.
    if (sock.urgent !== URGENT_NONE) return -EBUSY;
    const { connection } = sock;
    const length = stack.tcpHandOff(connection, area.address, area.length, clock.nowUs);
    if (length < 0) return length;
    const image = stack.tcpReadImage(area.address, length);
    return {
      image: { address: area.address, length },
      elements: image.elements,
      sendAt: image.payloadAt + image.inOrderBytes + image.lateBytes,
      delivered: [],
      localAddress: stack.tcpLocalAddress(connection),
      localPort: stack.tcpLocalPort(connection),
      remoteAddress: stack.tcpRemoteAddress(connection),
      remotePort: stack.tcpRemotePort(connection),
      readEnded: sock.readEnded !== 0,
      writeEnded: sock.writeEnded !== 0,
      sendBufferBytes: sock.sendBufferBytes,
      receiveBufferBytes: stack.tcpGetOption(connection, SO_RCVBUF),
      receiveWindowBytes: image.word('received.bufferBytes'),
      urgentInline: sock.urgentInline,
    };
  }

  keep(socket: number): number {
    const { stack, clock, socks } = this.parts;
    stack.tcpKeep(socks[socket].connection, clock.nowUs);
    stack.tcpProbe(socks[socket].connection, clock.nowUs);
    stack.flush(clock.nowUs);
    return 0;
  }

  depart(socket: number): void {
    const { stack, clock, socks, memory, calls } = this.parts;
    const sock = socks[socket];
    assert(sock.state === SOCK_CONNECTED, 'host moves: a socket whose connection departs is connected');
    stack.tcpClose(sock.connection, clock.nowUs);
    memory.close(sock);
    sock.close();
    calls.giveNumber(socket);
  }

  takeOver(connection: MovingConnection): number {
    const { stack, clock, calls, socks, ready } = this.parts;
    const socket = calls.number();
    if (socket < 0) return -EMFILE;
    const sock = socks[socket];
    sock.open(SOCK_CONNECTED, -1, connection.sendBufferBytes);
    try {
      sock.connection = this.goOn(socket, sock, connection);
    } catch (refusal) {
      sock.close();
      calls.giveNumber(socket);
      if (!(refusal instanceof ImageRefused)) throw refusal;
      stack.tcpRefused();
      return refusal.what === 'connection exists' ? -EADDRINUSE : -ENOBUFS;
    }
    sock.connectTold = 1;
    sock.urgentInline = connection.urgentInline;
    if (connection.readEnded) mark(sock, 0);
    if (connection.writeEnded) mark(sock, 1);
    ready.note(socket);
    stack.tcpProbe(sock.connection, clock.nowUs);
    stack.flush(clock.nowUs);
    return socket;
  }

  /** @throws ImageRefused where the host has no room for it, or the image is none. */
  private goOn(socket: number, sock: Sock, { image: at, delivered }: MovingConnection): number {
    const { stack, clock, memory, socks } = this.parts;
    const image = stack.tcpReadImage(at.address, at.length);
    const sends = [...this.pieces(image, socket, sock)];
    try {
      if (sends.reduce((sum, { length }) => sum + length, 0) < image.sendBytes) {
        throw new ImageRefused('kernel memory short');
      }
      return stack.tcpTakeOver(image, socket, { sends, delivered }, clock.nowUs);
    } catch (refusal) {
      for (const { context } of sends) memory.give(context, socks);
      throw refusal;
    }
  }

  /** Copies what is to be sent into kernel memory, as far as there is some. */
  private *pieces(image: ConnectionImage, socket: number, sock: Sock): Generator<SendPiece> {
    const { dma, memory } = this.parts;
    let from = image.payloadAt + image.inOrderBytes + image.lateBytes;
    for (const { length: elementBytes, more } of image.elements) {
      for (const end = from + elementBytes; from < end; ) {
        const context = memory.take(sock, socket, end - from);
        if (context < 0) return;
        const { address, length } = memory;
        dma.move(HAND_OFF_COPIES, from, address, length);
        from += length;
        yield { address, length, context, more: more || from < end };
      }
    }
  }
}
