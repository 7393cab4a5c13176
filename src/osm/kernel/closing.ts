/**
 * Gives sockets up: those that the program closes, and connections that came for nobody. The card gets a
 * SocketClose or a SocketAbort; the socket id is free when it has answered.
 */
import { assert } from '../../assert/assert.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { BYTES_DROPPED, DATAGRAMS_DROPPED, DATAGRAMS_DROPPED_BYTES } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import {
  type HostSocket,
  STATE_CLOSING,
  STATE_FAILED,
  STATE_FREE,
  STATE_POSTED,
} from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { Requests } from '../message/requests.ts';
import type { BucketPosts } from './bucket-posts.ts';

export class Closing {
  private readonly requests: Requests;
  private readonly table: SocketTable;
  private readonly receive: ReceivePool;
  private readonly buckets: BucketPosts;
  private readonly counters: Float64Array;

  constructor(
    requests: Requests,
    table: SocketTable,
    receive: ReceivePool,
    buckets: BucketPosts,
    ledger: Ledger,
  ) {
    this.requests = requests;
    this.table = table;
    this.receive = receive;
    this.buckets = buckets;
    this.counters = ledger.counters;
  }

  /**
   * Gives a socket up. Unread data of a stream is dropped, and the stream is then aborted (RFC 2525 section
   * 2.17).
   * @param frame acquired before the call, since the wait for one may bring more data; NO_FRAME: the card is
   *   dead, or was reset.
   * @param reset aborts it in any case.
   */
  close(frame: number, socketId: number, socket: HostSocket, reset: boolean): void {
    const { state } = socket;
    assert(this.table.sockets[socketId] === socket, 'closing: a socket is closed under its own id');
    assert(
      state !== STATE_FREE && state !== STATE_POSTED && state !== STATE_CLOSING,
      'closing: a socket that is given up was in use',
    );
    const unread = this.dropUnread(socket);
    const unreadStream = unread > 0 && socket.datagram === 0 && state !== STATE_FAILED;
    // A stream with a hole in it must not end as if it were whole.
    const abort = reset || unreadStream || (socket.broken !== 0 && socket.datagram === 0);
    socket.become(STATE_CLOSING);
    assert(
      frame === NO_FRAME || socket.lost === 0,
      'closing: a card is not told of a socket that it has forgotten',
    );
    if (frame === NO_FRAME) {
      this.table.give(socketId);
      return;
    }
    this.requests.close(frame, socket.tag, socketId, abort);
    this.buckets.postDue();
  }

  /** Drops what a socket has not read. @returns how many bytes. */
  dropUnread(socket: HostSocket): number {
    const { receive } = this;
    let dropped = 0;
    let count = 0;
    while (socket.receiveHead >= 0) {
      const bucket = receive.dequeue(socket);
      dropped += receive.length[bucket];
      receive.give(bucket);
      count += 1;
    }
    this.counters[BYTES_DROPPED] += dropped;
    if (socket.datagram !== 0) {
      this.counters[DATAGRAMS_DROPPED] += count;
      this.counters[DATAGRAMS_DROPPED_BYTES] += dropped;
    }
    return dropped;
  }
}
