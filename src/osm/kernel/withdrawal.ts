/**
 * What follows when the card is gone, or has been reset: everything it had is the host's again, and every
 * open socket has failed.
 */
import { assert } from '../../assert/assert.ts';
import { STATE_CLOSING, STATE_FAILED, STATE_FREE, STATE_POSTED } from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';

export class Withdrawal {
  private readonly table: SocketTable;
  private readonly transmit: TransmitPool;
  private readonly receive: ReceivePool;

  constructor(table: SocketTable, transmit: TransmitPool, receive: ReceivePool) {
    this.table = table;
    this.transmit = transmit;
    this.receive = receive;
  }

  /** Takes everything back. @param errno what every open socket fails with. */
  run(errno: number): void {
    const { table } = this;
    this.transmit.reclaim();
    this.receive.reclaim();
    for (let socketId = 0; socketId < table.sockets.length; socketId++) {
      const { state } = table.sockets[socketId];
      if (state === STATE_CLOSING || state === STATE_POSTED) {
        table.forgetPost(socketId);
        table.give(socketId);
      } else if (state !== STATE_FREE) {
        this.fail(socketId, errno);
      }
    }
    table.sockets.forEach((socket) => {
      socket.sendingBytes = 0;
      socket.sendingContexts = 0;
      socket.sendingSlots = 0;
      socket.acceptsPosted = 0;
    });
    for (const { state } of table.sockets) {
      assert(
        state === STATE_FREE || state === STATE_FAILED,
        'withdrawal: every socket has failed, or is free',
      );
    }
    table.check();
  }

  /**
   * The same after an assertion has failed, when no list and no count can be trusted: they are made anew from
   * where each socket, buffer and bucket is, and nothing is asserted on the way.
   */
  runUnasserted(errno: number): void {
    const { table } = this;
    for (const socket of table.sockets) {
      if (socket.state === STATE_CLOSING || socket.state === STATE_POSTED) socket.state = STATE_FREE;
      socket.sendingBytes = 0;
      socket.sendingContexts = 0;
      socket.sendingSlots = 0;
      socket.postedFor = -1;
      // What was received is dropped: its queue may be what is broken.
      socket.receiveHead = -1;
      socket.receiveTail = -1;
      socket.storedTail = -1;
    }
    table.rebuild();
    this.transmit.rebuild();
    this.receive.rebuild();
    for (let socketId = 0; socketId < table.sockets.length; socketId++) {
      if (table.sockets[socketId].state !== STATE_FREE) this.fail(socketId, errno);
    }
  }

  private fail(socketId: number, errno: number): void {
    assert(errno > 0, 'withdrawal: a socket fails with an errno');
    const socket = this.table.sockets[socketId];
    socket.state = STATE_FAILED;
    socket.lost = 1;
    socket.errno = errno;
    this.table.changed(socketId);
  }
}
