/**
 * Giving sockets up. From the program's `close`, and from connections that came for nobody: a number. To the card:
 * SocketClose or SocketAbort; the number is free when the card has answered.
 */
import { NO_FRAME } from '../../i2o/transport.ts';
import { BYTES_DROPPED, DATAGRAMS_DROPPED, DATAGRAMS_DROPPED_BYTES } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import {
  type HostSocket,
  STATE_CLOSING,
  STATE_FAILED,
  STATE_FREE,
  socketTag,
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
   * Gives a socket up: a stream's unread data is dropped, which makes it an abort (RFC 2525 section 2.17).
   * @param frame acquired before, since the wait for one may bring more data; NO_FRAME: the card is dead, or was reset.
   * @param reset abort it in any case.
   */
  close(frame: number, number: number, socket: HostSocket, reset: boolean): void {
    const unread = this.dropUnread(socket);
    const unreadStream = unread > 0 && socket.datagram === 0 && socket.state !== STATE_FAILED;
    // A stream with a hole in it must not end as if it were whole.
    const abort = reset || unreadStream || (socket.broken !== 0 && socket.datagram === 0);
    socket.state = STATE_CLOSING;
    if (frame === NO_FRAME) {
      socket.state = STATE_FREE;
      this.table.give(number);
      return;
    }
    this.requests.close(frame, socketTag(number, socket.generation), number, abort);
    this.buckets.postDue();
  }

  /** Drops what a socket has not read. @returns bytes. */
  private dropUnread(socket: HostSocket): number {
    const { receive } = this;
    let dropped = 0;
    let count = 0;
    for (let bucket = socket.receiveHead; bucket >= 0; ) {
      const next = receive.next[bucket];
      dropped += receive.length[bucket];
      receive.give(bucket);
      count += 1;
      bucket = next;
    }
    socket.receiveHead = -1;
    socket.receiveTail = -1;
    this.counters[BYTES_DROPPED] += dropped;
    if (socket.datagram !== 0) {
      this.counters[DATAGRAMS_DROPPED] += count;
      this.counters[DATAGRAMS_DROPPED_BYTES] += dropped;
    }
    return dropped;
  }
}
