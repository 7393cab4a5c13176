/**
 * Sockets whose send was refused for want of room. From the senders: who. To the table's list of changed sockets: each of
 * them once there is room again, or once it cannot send any more. Nobody is told of room that another send would find gone.
 */
import type { DriverConfig } from '../memory/driver-config.ts';
import { type HostSocket, hasRoom, STATE_CONNECTED, STATE_DATAGRAM } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';

export class BlockedSenders {
  private readonly table: SocketTable;
  private readonly transmit: TransmitPool;
  /** Free transmit buffers from which on they are told: a small pool never has the configured number. */
  private readonly enough: number;
  /** The sockets; a list with room for every socket. */
  private readonly waiting: Int32Array;
  private count = 0;

  constructor(table: SocketTable, transmit: TransmitPool, config: DriverConfig) {
    this.table = table;
    this.transmit = transmit;
    this.enough = Math.max(1, Math.min(config.transmitLowWatermark, transmit.buffers >> 1));
    this.waiting = new Int32Array(table.sockets.length);
  }

  /** A send was refused: the socket is told when there is room. */
  add(number: number, socket: HostSocket): void {
    if (socket.wantsRoom !== 0) return;
    socket.wantsRoom = 1;
    this.waiting[this.count++] = number;
  }

  /** Tells those for whom there is room now. */
  tell(): void {
    const { table, transmit } = this;
    if (this.count === 0) return;
    const enough = transmit.available >= this.enough;
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      const number = this.waiting[i];
      const socket = table.sockets[number];
      const room =
        hasRoom(socket) && socket.sendingBytes <= socket.sendBufferBytes - (socket.sendBufferBytes >> 2);
      const sends = socket.state === STATE_CONNECTED || socket.state === STATE_DATAGRAM;
      if (!sends || (enough && room)) {
        socket.wantsRoom = 0;
        table.changed(number);
      } else {
        this.waiting[kept++] = number;
      }
    }
    this.count = kept;
  }
}
