/**
 * Connections that go from the card to the host's own stack, and from there to the card: SocketExport,
 * SocketImport. Each call waits for the card's answer. The image lies in the image area, which both sides
 * share.
 */
import { assert } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import {
  EXPORT_STEP_KEEP,
  EXPORT_STEP_TAKE,
  getSocketExportReplyImageBytes,
  OPEN_HALF_BOTH,
  OPEN_HALF_READ_ONLY,
  SEND_PIECE_WORDS,
  writeSendPiece,
} from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { HAND_OFF_DELIVERED_BYTES, HAND_OFF_FILLS } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { EBADF, EBUSY, EINVAL, EMFILE, ENETDOWN, ENOBUFS, EOPNOTSUPP, EPROTO } from '../../socket/errno.ts';
import type { MovedPiece, MovingConnection, MovingSockets } from '../../socket/moving.ts';
import { URGENT_NONE } from '../../socket/urgent-mark.ts';
import type { Driver } from '../kernel/driver.ts';
import {
  type HostSocket,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_FAILED,
  STATE_OPEN,
} from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import type { WindowBudget } from '../memory/window-budget.ts';
import type { ControlCall } from '../message/control-call.ts';
import type { Requests } from '../message/requests.ts';

/** What these calls work with. */
export interface CardMovesParts {
  readonly driver: Driver;
  readonly requests: Requests;
  readonly control: ControlCall;
  readonly table: SocketTable;
  readonly receive: ReceivePool;
  readonly windows: WindowBudget;
  readonly ledger: Ledger;
  readonly transmit: TransmitPool;
  readonly dma: DmaEngine;
  readonly words: Int32Array;
  /** The image area: one buffer, or none. */
  readonly image: PoolArea;
}

/** Bytes to be sent in a transmit buffer. */
interface FilledPiece extends MovedPiece {
  readonly context: number;
  readonly more: boolean;
}

export class CardMoves implements MovingSockets {
  /** Where images lie; undefined: no connection moves. */
  readonly area: MovedPiece | undefined;
  private readonly parts: CardMovesParts;
  private readonly counters: Float64Array;

  constructor(parts: CardMovesParts) {
    const { image, ledger } = parts;
    assert(image.count <= 1, 'card moves: one connection moves at a time');
    this.parts = parts;
    this.counters = ledger.counters;
    this.area = image.count === 0 ? undefined : { address: image.offset, length: image.bufferBytes };
  }

  handOff(socketId: number, area: MovedPiece): MovingConnection | number {
    const { driver, table, control } = this.parts;
    const socket = table.open(socketId);
    if (socket === undefined) return -EBADF;
    if (this.area === undefined || driver.classVersion < 2) return -EOPNOTSUPP;
    if (area.address !== this.area.address) return -EINVAL;
    if (socket.state !== STATE_CONNECTED || socket.errno !== 0) return -EINVAL;
    // Bytes that the card was never given make a hole, and offered buffers are still to be filled.
    if (socket.broken !== 0 || socket.offeredBuffers > 0) return -EBUSY;
    // An urgent byte would be told of anew.
    if (socket.urgent !== URGENT_NONE) return -EBUSY;
    const errno = this.ask(socketId, EXPORT_STEP_TAKE, area.length);
    if (errno !== 0) return 0 - errno;
    const length = getSocketExportReplyImageBytes(control.reply, 0);
    if (length <= 0 || length > area.length) {
      driver.die(ENETDOWN);
      return -EPROTO;
    }
    return {
      image: { address: area.address, length },
      elements: [],
      sendAt: 0,
      delivered: [...this.unread(socket)],
      localAddress: socket.localAddress,
      localPort: socket.localPort,
      remoteAddress: socket.remoteAddress,
      remotePort: socket.remotePort,
      readEnded: socket.readEnded !== 0,
      writeEnded: socket.writeEnded !== 0,
      sendBufferBytes: socket.sendBufferBytes,
      receiveBufferBytes: socket.receiveBufferBytes,
      receiveWindowBytes: socket.receiveWindowBytes,
      urgentInline: socket.urgentInline,
    };
  }

  keep(socketId: number): number {
    return 0 - this.ask(socketId, EXPORT_STEP_KEEP, 0);
  }

  depart(socketId: number): void {
    const { table, receive, driver } = this.parts;
    const socket = table.open(socketId);
    assert(socket !== undefined, 'card moves: a socket whose connection departs is open');
    while (socket.receiveHead >= 0) {
      const bucket = receive.dequeue(socket);
      this.counters[HAND_OFF_DELIVERED_BYTES] += receive.length[bucket];
      receive.give(bucket);
    }
    driver.closeSocket(socketId, socket, false);
  }

  takeOver(connection: MovingConnection): number {
    const { driver, requests, control, table, windows } = this.parts;
    const { image, delivered, writeEnded } = connection;
    if (this.area === undefined || driver.classVersion < 2) return -EOPNOTSUPP;
    if (image.address !== this.area.address || delivered.length > 0) return -EINVAL;
    if (!table.mayCreate) return -EMFILE;
    if (!windows.bears(connection.receiveWindowBytes)) return -ENOBUFS;
    const frame = driver.awaitFrame();
    if (frame === NO_FRAME) return -ENETDOWN;
    const socketId = table.take(STATE_OPEN);
    if (socketId < 0) {
      requests.cancel();
      return -EMFILE;
    }
    const socket = table.sockets[socketId];
    this.begin(socket, connection);
    const pieces = this.fill(connection, socket);
    if (pieces === undefined) {
      requests.cancel();
      table.give(socketId);
      return -ENOBUFS;
    }
    const half = writeEnded ? OPEN_HALF_READ_ONLY : OPEN_HALF_BOTH;
    requests.importConnection(frame, control.begin(), socketId, half, image.length, pieces.length);
    const errno = driver.awaitControl();
    if (errno === 0 && !hasFailed(socket)) {
      table.changed(socketId);
      return socketId;
    }
    // Of a card that has died the driver has taken everything back already.
    this.takeBack(pieces);
    if (hasFailed(socket)) driver.closeSocket(socketId, socket, false);
    else table.give(socketId);
    return 0 - (errno || ENETDOWN);
  }

  /**
   * Puts the bytes to be sent in transmit buffers, which are the card's from now on, and names them behind
   * the image.
   * @returns the pieces; undefined where the buffers, or the room for their names, are too few.
   */
  private fill(
    { image, elements, sendAt }: MovingConnection,
    socket: HostSocket,
  ): readonly FilledPiece[] | undefined {
    const { transmit, words } = this.parts;
    const pieces = [...this.pieces(elements, sendAt, socket)];
    const at = (image.address + image.length + 3) & ~3;
    const room = image.address + (this.area?.length ?? 0) - at;
    const bytes = elements.reduce((sum, { length }) => sum + length, 0);
    const filled = pieces.reduce((sum, { length }) => sum + length, 0);
    assert(filled <= bytes, 'card moves: no more is put in buffers than there is to be sent');
    let lent = 0;
    pieces.forEach(({ context, length }, i) => {
      lent += length;
      if (context === pieces[i + 1]?.context) return;
      transmit.lend(context, socket, lent);
      lent = 0;
    });
    if (filled < bytes || pieces.length * SEND_PIECE_WORDS * 4 > room) {
      this.takeBack(pieces);
      return undefined;
    }
    pieces.forEach(({ context, address, length, more }, i) => {
      writeSendPiece(words, (at >> 2) + i * SEND_PIECE_WORDS, context, address, length, more ? 1 : 0);
    });
    return pieces;
  }

  /** Copies elements into buffers, one behind the other, as far as there are some. */
  private *pieces(
    elements: MovingConnection['elements'],
    sendAt: number,
    socket: HostSocket,
  ): Generator<FilledPiece> {
    const { transmit, dma } = this.parts;
    assert(transmit.bufferBytes > 0, 'card moves: a buffer has room');
    let from = sendAt;
    let context = -1;
    let used = 0;
    for (const { length: elementBytes, more } of elements) {
      for (const end = from + elementBytes; from < end; ) {
        if (context < 0 || used === transmit.bufferBytes) {
          context = transmit.takeFor(socket);
          used = 0;
        }
        if (context < 0) return;
        const length = Math.min(end - from, transmit.bufferBytes - used);
        const address = transmit.addressOf(context) + used;
        dma.move(HAND_OFF_FILLS, from, address, length);
        used += length;
        from += length;
        yield { context, address, length, more: more || from < end };
      }
    }
  }

  /** The card has not taken the buffers of these pieces. */
  private takeBack(pieces: readonly FilledPiece[]): void {
    const { transmit } = this.parts;
    for (const { context } of pieces) {
      assert(context >= 0, 'card moves: a piece lies in a buffer');
      if (transmit.lent(context)) transmit.give(context);
    }
  }

  /** The socket is connected from now on: what the card tells of it may come with the card's answer. */
  private begin(socket: HostSocket, connection: MovingConnection): void {
    assert(socket.state === STATE_OPEN, 'card moves: a connection that comes has a socket of its own');
    socket.become(STATE_CONNECTING);
    socket.become(STATE_CONNECTED);
    socket.connectTold = 1;
    socket.urgentInline = connection.urgentInline;
    socket.localAddress = connection.localAddress;
    socket.localPort = connection.localPort;
    socket.remoteAddress = connection.remoteAddress;
    socket.remotePort = connection.remotePort;
    socket.readEnded = connection.readEnded ? 1 : 0;
    socket.writeEnded = connection.writeEnded ? 1 : 0;
    socket.finSent = socket.writeEnded;
    socket.sendBufferBytes = connection.sendBufferBytes;
    socket.receiveBufferBytes = connection.receiveBufferBytes;
    this.parts.windows.adopt(socket, connection.receiveWindowBytes);
  }

  /** Where the bytes lie that were delivered and not read. */
  private *unread(socket: HostSocket): Generator<MovedPiece> {
    const { receive } = this.parts;
    for (let bucket = socket.receiveHead; bucket >= 0; bucket = receive.next[bucket]) {
      yield { address: receive.address[bucket], length: receive.length[bucket] };
    }
  }

  /** Asks the card for a step of a hand-off. @returns errno. */
  private ask(socketId: number, step: number, bytes: number): number {
    const { driver, requests, control, table } = this.parts;
    const socket = table.open(socketId);
    const frame = socket === undefined || socket.lost !== 0 ? NO_FRAME : driver.awaitFrame();
    if (frame === NO_FRAME) return ENETDOWN;
    requests.exportConnection(frame, control.begin(), socketId, step, bytes);
    return driver.awaitControl();
  }
}

/** Whether a socket's connection is gone. */
function hasFailed({ state }: HostSocket): boolean {
  return state === STATE_FAILED;
}
