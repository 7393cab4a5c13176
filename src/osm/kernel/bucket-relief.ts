/**
 * Gets buckets back from sockets whose data rests unread. A bucket with unread data is out of use until the
 * program reads it, perhaps for ever, so a few hundred resting sockets would leave none for the others. When
 * few are left, the bytes that rest move to blocks of the store, by a counted copy, and their buckets go to
 * the card again. A socket rests when its first bucket is the one it was at an earlier look; only when hardly
 * any bucket is left are others taken for resting too.
 */
import { assert } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import { DATAGRAM_SOURCE_WORDS } from '../../i2o/socket.gen.ts';
import { RECEIVE_STORE_COPIES } from '../../ledger/counters.gen.ts';
import type { HostSocket } from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketSet } from '../memory/socket-set.ts';
import type { SocketTable } from '../memory/socket-table.ts';

/** Sockets looked at, or passed over, in one run while there are some buckets left. */
const SOCKETS_PER_RUN = 256;
const SOURCE_BYTES = DATAGRAM_SOURCE_WORDS * 4;

export class BucketRelief {
  /** With fewer than this, every socket with unread data is taken for resting. */
  private readonly floor: number;
  private readonly sockets: readonly HostSocket[];
  /** Those of which data has come that may be unread. */
  private readonly unread: SocketSet;
  private readonly receive: ReceivePool;
  private readonly dma: DmaEngine;
  /** Per socket: its first bucket when it was last looked at. */
  private readonly seen: Int32Array;
  /** The socket to look at next. */
  private hand = 0;
  /** How often a socket was looked for: what all runs have cost. */
  looks = 0;

  constructor(table: SocketTable, receive: ReceivePool, dma: DmaEngine) {
    this.sockets = table.sockets;
    this.unread = table.unread;
    this.receive = receive;
    this.dma = dma;
    this.floor = Math.max(1, receive.count >> 3);
    this.seen = new Int32Array(table.sockets.length).fill(-1);
  }

  /** Moves what rests, until enough buckets are spare, the store is full, or enough sockets are looked at. */
  run(): void {
    const { sockets, receive, seen, unread } = this;
    const ids = sockets.length;
    // Ids looked at, and those without unread data, which are passed over at once.
    let passed = 0;
    while (receive.isShort && receive.blocksFree > 0) {
      const urgent = receive.spare < this.floor;
      const most = urgent ? 2 * ids : Math.min(2 * ids, SOCKETS_PER_RUN);
      if (passed >= most) return;
      const socketId = this.next();
      assert(socketId < ids, 'bucket relief: who may have unread data is a socket');
      const distance = socketId < 0 ? most : (socketId - this.hand + ids) % ids;
      if (passed + distance >= most) {
        this.hand = (this.hand + most - passed) % ids;
        return;
      }
      passed += distance;
      this.hand = socketId + 1 === ids ? 0 : socketId + 1;
      const bucket = receive.firstBucket(sockets[socketId]);
      if (bucket < 0) unread.remove(socketId);
      else {
        // In the first round even an urgent look takes only those that are known to rest.
        const rests = seen[socketId] === bucket || (urgent && passed >= ids);
        seen[socketId] = bucket;
        if (rests) this.moveOut(sockets[socketId]);
      }
      passed += 1;
    }
  }

  /** The next socket that may have unread data, from the hand on and round; -1: none may. */
  private next(): number {
    this.looks += 1;
    const after = this.unread.next(this.hand);
    return after >= 0 ? after : this.unread.next(0);
  }

  /** Moves one socket's buckets to the store, as far as there is need and room. */
  private moveOut(socket: HostSocket): void {
    const { receive } = this;
    while (receive.isShort && receive.firstBucket(socket) >= 0) {
      const { spare } = receive;
      if (!(socket.datagram === 0 ? this.moveStream(socket) : this.moveDatagram(socket))) return;
      assert(receive.spare === spare + 1, 'bucket relief: what moves to the store leaves a bucket');
    }
  }

  /** The bytes of a stream fill the last block of its queue first. @returns false when they find no room. */
  private moveStream(socket: HostSocket): boolean {
    const { receive, dma } = this;
    const { blockBytes } = receive;
    const bucket = receive.firstBucket(socket);
    const length = receive.length[bucket];
    const tail = socket.storedTail;
    const used = tail < 0 ? 0 : receive.address[tail] + receive.length[tail] - receive.blockAddress(tail);
    const room = tail < 0 ? 0 : Math.min(length, blockBytes - used);
    if (Math.ceil((length - room) / blockBytes) > receive.blocksFree) return false;
    let source = receive.address[bucket];
    if (room > 0) {
      dma.move(RECEIVE_STORE_COPIES, source, receive.blockAddress(tail) + used, room);
      receive.length[tail] += room;
      source += room;
    }
    let first = -1;
    let last = -1;
    for (let left = length - room; left > 0; ) {
      const count = Math.min(left, blockBytes);
      const block = receive.takeBlock(0, count);
      dma.move(RECEIVE_STORE_COPIES, source, receive.address[block], count);
      if (first < 0) first = block;
      else receive.next[last] = block;
      last = block;
      source += count;
      left -= count;
    }
    receive.replaceFirstBucket(socket, first, last);
    return true;
  }

  /**
   * A datagram keeps a block of its own, behind its source, and a socket has one there at most: datagrams
   * have no window, and would fill the store that the streams' windows count on.
   * @returns false when it does not go there.
   */
  private moveDatagram(socket: HostSocket): boolean {
    const { receive, dma } = this;
    if (socket.storedTail >= 0) return false;
    assert(socket.receiveHead >= 0, 'bucket relief: a datagram that moves is the first of its socket');
    const bucket = receive.firstBucket(socket);
    const length = receive.length[bucket];
    if (SOURCE_BYTES + length > receive.blockBytes || receive.blocksFree === 0) return false;
    const block = receive.takeBlock(SOURCE_BYTES, length);
    const source = receive.address[bucket] - SOURCE_BYTES;
    dma.move(RECEIVE_STORE_COPIES, source, receive.blockAddress(block), SOURCE_BYTES + length);
    receive.replaceFirstBucket(socket, block, block);
    return true;
  }
}
