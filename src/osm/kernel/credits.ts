/**
 * Window credits on their way to the card: bytes of streams that the program has used. From the receiver: how many, socket
 * by socket. To the card: SocketReceiveCredit messages, several sockets in each. What finds no frame waits for the chores.
 */
import { SOCKET_RECEIVE_CREDIT_LIST_WORD } from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { type HostSocket, STATE_CONNECTED } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import { CREDITS_PER_FRAME, type Requests } from '../message/requests.ts';

export class Credits {
  private readonly requests: Requests;
  private readonly table: SocketTable;
  /** Sockets with bytes to credit; a list with room for every socket. */
  private readonly owing: Int32Array;
  private count = 0;
  /** Set while the card is not to be asked again yet. */
  held = false;

  constructor(requests: Requests, table: SocketTable) {
    this.requests = requests;
    this.table = table;
    this.owing = new Int32Array(table.sockets.length);
  }

  /** Remembers that bytes of a socket were read, and tells the card once it is worth a message. // Hot path. */
  add(number: number, socket: HostSocket, bytes: number): void {
    socket.creditBytes += bytes;
    if (socket.creditQueued === 0 && socket.creditBytes >= socket.receiveBufferBytes >> 3) {
      socket.creditQueued = 1;
      this.owing[this.count++] = number;
      this.send();
    }
  }

  /** Credits that were not delivered are owed again. */
  giveBack(number: number, socket: HostSocket, bytes: number): void {
    if (socket.state !== STATE_CONNECTED) return;
    socket.creditBytes += bytes;
    if (socket.creditQueued !== 0) return;
    socket.creditQueued = 1;
    this.owing[this.count++] = number;
  }

  /** The card was reset: no window is open any more. */
  clear(): void {
    while (this.count > 0) {
      const socket = this.table.sockets[this.owing[--this.count]];
      socket.creditBytes = 0;
      socket.creditQueued = 0;
    }
  }

  /** Tells the card of every socket in the list, as far as frames allow. // Hot path. */
  send(): void {
    const { requests, table } = this;
    if (this.held) return;
    while (this.count > 0) {
      const frame = requests.acquire();
      if (frame === NO_FRAME) return;
      const count = Math.min(this.count, CREDITS_PER_FRAME);
      for (let i = 0; i < count; i++) {
        const number = this.owing[--this.count];
        const socket = table.sockets[number];
        const at = frame + SOCKET_RECEIVE_CREDIT_LIST_WORD + i * 2;
        requests.words[at] = number;
        // A socket closed meanwhile has nothing to credit; one byte keeps the pair well formed and the card ignores it.
        requests.words[at + 1] = socket.creditBytes > 0 ? socket.creditBytes : 1;
        socket.creditBytes = 0;
        socket.creditQueued = 0;
      }
      requests.receiveCredit(frame, count);
    }
  }
}
