/**
 * Sockets whose send was refused for want of room. The senders say which; each joins the table's list of
 * changed sockets once there is room again, or once it cannot send any more. Nobody is told of so little room
 * that the next send would find it gone; while buffers are scarce, whoever may have one is told.
 */
import { assert } from '../../assert/assert.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import { type HostSocket, hasRoom, STATE_CONNECTED, STATE_DATAGRAM } from '../memory/host-socket.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';

export class BlockedSenders {
  private readonly table: SocketTable;
  private readonly transmit: TransmitPool;
  /**
   * Free transmit buffers from which on senders are told; a pool too small for the configured number has half
   * of its own.
   */
  private readonly enough: number;
  /** A list with room for every socket, each in it once (`HostSocket.wantsRoom`). */
  private readonly waiting: Int32Array;
  private count = 0;

  constructor(table: SocketTable, transmit: TransmitPool, config: DriverConfig) {
    this.table = table;
    this.transmit = transmit;
    this.enough = Math.max(1, Math.min(config.transmitLowWatermark, transmit.buffers >> 1));
    this.waiting = new Int32Array(table.sockets.length);
    assert(this.enough <= transmit.buffers, 'blocked senders: as many buffers as are enough can be free');
  }

  /** A send was refused: the socket is told when there is room. */
  add(socketId: number, socket: HostSocket): void {
    if (socket.wantsRoom !== 0) return;
    assert(this.table.sockets[socketId] === socket, 'blocked senders: a socket waits under its own id');
    assert(this.count < this.waiting.length, 'blocked senders: each socket waits once');
    socket.wantsRoom = 1;
    this.waiting[this.count++] = socketId;
  }

  /** Tells those for whom there is room now. */
  tell(): void {
    const { table, transmit } = this;
    if (this.count === 0) return;
    const enough = transmit.available >= this.enough;
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      const socketId = this.waiting[i];
      const socket = table.sockets[socketId];
      assert(socket.wantsRoom === 1, 'blocked senders: a socket in the list is marked so');
      const room =
        hasRoom(socket) && socket.sendingBytes <= socket.sendBufferBytes - (socket.sendBufferBytes >> 2);
      const sends = socket.state === STATE_CONNECTED || socket.state === STATE_DATAGRAM;
      if (!sends || (room && (enough || transmit.serves(socket)))) {
        socket.wantsRoom = 0;
        table.changed(socketId);
      } else {
        this.waiting[kept++] = socketId;
      }
    }
    this.count = kept;
  }
}
