/**
 * Window credits on their way to the card: how many bytes of each stream the program has used. They go in
 * SocketReceiveCredit messages, several sockets in each. What finds no frame waits for the driver's chores.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { creditHigh } from '../../i2o/credit.ts';
import { SOCKET_RECEIVE_CREDIT_LIST_MAX } from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { PoolMeter } from '../../ledger/pool-meter.ts';
import { type HostSocket, STATE_CONNECTED } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { WindowBudget } from '../memory/window-budget.ts';
import type { Requests } from '../message/requests.ts';

const COSTLY = COSTLY_ASSERTIONS;

export class Credits {
  /** Set while the card is not to be asked again yet (retries.ts). */
  held = false;
  /** Set where the card can be told to let a window grow. */
  widens = false;
  /** Its dry times are those in which credits wait for a frame. */
  readonly waits = new PoolMeter();
  private readonly requests: Requests;
  private readonly table: SocketTable;
  private readonly windows: WindowBudget;
  /**
   * Sockets with bytes to credit: a list with room for every socket, each in it once
   * (`HostSocket.creditQueued`).
   */
  private readonly owing: Int32Array;
  private count = 0;

  constructor(requests: Requests, table: SocketTable, windows: WindowBudget) {
    this.windows = windows;
    this.requests = requests;
    this.table = table;
    this.owing = new Int32Array(table.sockets.length);
  }

  /**
   * Remembers that bytes of a socket were read, and tells the card once they are an eighth of the window. //
   * Hot path.
   */
  add(socketId: number, socket: HostSocket, bytes: number): void {
    if (COSTLY) checkRead(bytes);
    socket.creditBytes += bytes;
    if (socket.creditQueued === 0 && socket.creditBytes >= socket.receiveWindowBytes >> 3) {
      this.owe(socketId, socket);
      this.send();
    }
  }

  /**
   * The program waits in its call for room for its answer: the card hears at once of what it has read, and
   * need not delay the acknowledgement to send it with the answer (tcpip/tcp/calls.ts). Two hosts whose
   * buffers all wait for acknowledgements would else stand still until each other's delays are over.
   */
  early(socketId: number, socket: HostSocket): void {
    if (socket.creditBytes === 0) return;
    assert(this.table.sockets[socketId] === socket, 'credits: a socket is early under its own id');
    if (socket.creditQueued === 0) this.owe(socketId, socket);
    this.send();
    const waits = socket.creditQueued !== 0;
    assert(waits || socket.creditBytes === 0, 'credits: what is early has gone, or waits for a frame');
  }

  /**
   * Credits that were not delivered are owed again. @param growthBytes by which the window was to grow,
   * or to shrink: that is not tried again.
   */
  giveBack(socketId: number, socket: HostSocket, bytes: number, growthBytes: number): void {
    assert(bytes > 0, 'credits: what comes back was a credit');
    if (socket.state !== STATE_CONNECTED) return;
    if (growthBytes !== 0) this.windows.undelivered(socket, growthBytes);
    socket.creditBytes += bytes;
    if (socket.creditQueued === 0) this.owe(socketId, socket);
  }

  private owe(socketId: number, socket: HostSocket): void {
    if (COSTLY) assert(this.table.sockets[socketId] === socket, 'credits: a socket owes under its own id');
    if (COSTLY) assert(this.count < this.owing.length, 'credits: each socket is in the list once');
    socket.creditQueued = 1;
    this.owing[this.count++] = socketId;
  }

  /** The card is gone, or was reset: no window is open any more. */
  clear(): void {
    while (this.count > 0) this.nextOwing();
  }

  /** Tells the card of every socket in the list, as far as frames allow. // Hot path. */
  send(): void {
    const { requests } = this;
    if (this.held) return;
    while (this.count > 0) {
      const frame = requests.acquire();
      if (frame === NO_FRAME) {
        this.waits.refused();
        return;
      }
      this.waits.served();
      const first = this.owing[this.count - 1];
      let count = 0;
      while (count < SOCKET_RECEIVE_CREDIT_LIST_MAX && this.count > 0) {
        const socketId = this.owing[this.count - 1];
        // A message has bits 16-23 of its sockets' numbers once, for all of them.
        if (creditHigh(socketId) !== creditHigh(first)) break;
        const socket = this.table.sockets[socketId];
        const { creditBytes } = socket;
        this.nextOwing();
        const growth = creditBytes > 0 && this.widens ? this.windows.adjust(socket, creditBytes) : 0;
        // A socket closed meanwhile owes nothing: one byte keeps the pair well formed, and the card ignores
        // it.
        requests.creditPair(frame, count, socketId, creditBytes > 0 ? creditBytes : 1, growth);
        count += 1;
      }
      requests.creditPost(frame, count, first);
    }
  }

  /** Takes the last socket out of the list; it owes nothing any more. // Hot path. */
  private nextOwing(): void {
    const socket = this.table.sockets[this.owing[--this.count]];
    assert(socket.creditQueued === 1, 'credits: a socket in the list is marked so');
    socket.creditBytes = 0;
    socket.creditQueued = 0;
  }
}

function checkRead(bytes: number): void {
  assert(bytes >= 0, 'credits: no fewer than no bytes were read');
}
