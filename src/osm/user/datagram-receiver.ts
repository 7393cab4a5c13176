/**
 * Receives datagrams. Each lies in a bucket of its own, behind eight bytes that say where it came from. What
 * the program's buffer does not hold of it is lost, and counted. The bucket goes back to the card at once.
 * Datagrams have no window, so none are credited.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import type { Region } from '../../dma/region.ts';
import {
  DATAGRAM_SOURCE_WORDS,
  getDatagramSourceAddress,
  getDatagramSourcePort,
} from '../../i2o/socket.gen.ts';
import {
  BYTES_RECEIVED,
  DATAGRAMS_CUT,
  DATAGRAMS_CUT_BYTES,
  DATAGRAMS_RECEIVED,
  DATAGRAMS_RECEIVED_BYTES,
  PEEK_COPIES,
  RECEIVE_COPIES,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { DatagramSource } from '../../socket/contract.ts';
import { MSG_PEEK, MSG_TRUNC } from '../../socket/message-flags.ts';
import type { BucketPosts } from '../kernel/bucket-posts.ts';
import { type HostSocket, takeError } from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';

const COSTLY = COSTLY_ASSERTIONS;

export class DatagramReceiver {
  private readonly words: Int32Array;
  private readonly receive: ReceivePool;
  private readonly buckets: BucketPosts;
  private readonly dma: DmaEngine;
  private readonly counters: Float64Array;

  constructor(region: Region, receive: ReceivePool, buckets: BucketPosts, dma: DmaEngine, ledger: Ledger) {
    this.words = region.words;
    this.receive = receive;
    this.buckets = buckets;
    this.dma = dma;
    this.counters = ledger.counters;
  }

  /**
   * Takes the oldest datagram of a socket that has one; an error that waits is reported first.
   * // Hot path: one copy.
   * @param length as much of the datagram as the program wants.
   * @param from filled in, unless undefined.
   * @returns bytes copied, or a negative errno.
   */
  take(
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource | undefined,
  ): number {
    const { receive, counters } = this;
    if (socket.errno !== 0) return takeError(socket);
    const bucket = receive.dequeue(socket);
    const held = receive.length[bucket];
    const count = held < length ? held : length;
    if (COSTLY) assert(count >= 0, 'datagram receiver: a datagram has no fewer than no bytes');
    if (count > 0) this.dma.copyOut(RECEIVE_COPIES, receive.address[bucket], bytes, offset, count);
    if (from !== undefined) this.readSource(bucket, from);
    this.buckets.give(bucket);
    this.count(count);
    if (held > count) {
      counters[DATAGRAMS_CUT] += 1;
      counters[DATAGRAMS_CUT_BYTES] += held - count;
    }
    return count;
  }

  /**
   * As `take`, by the flags of the call: what is looked at stays, and the whole length may be the answer.
   * @param flags MSG_PEEK, MSG_TRUNC. @returns bytes copied or the datagram's, or a negative errno.
   */
  takeAs(
    socket: HostSocket,
    bytes: Uint8Array,
    offset: number,
    length: number,
    from: DatagramSource | undefined,
    flags: number,
  ): number {
    const { receive } = this;
    if (socket.errno !== 0) return takeError(socket);
    const bucket = socket.receiveHead;
    assert(bucket >= 0, 'datagram receiver: a datagram that is looked at is there');
    const held = receive.length[bucket];
    const count = Math.min(held, length);
    if ((flags & MSG_PEEK) === 0) this.take(socket, bytes, offset, length, from);
    else {
      if (count > 0) this.dma.copyOut(PEEK_COPIES, receive.address[bucket], bytes, offset, count);
      if (from !== undefined) this.readSource(bucket, from);
    }
    return (flags & MSG_TRUNC) !== 0 ? held : count;
  }

  /** Counts a datagram that has gone to the program. @param bytes of it that the program got. */
  count(bytes: number): void {
    this.counters[BYTES_RECEIVED] += bytes;
    this.counters[DATAGRAMS_RECEIVED] += 1;
    this.counters[DATAGRAMS_RECEIVED_BYTES] += bytes;
  }

  /**
   * Says where the datagram in a bucket came from. The card has written that, so it may be anything.
   * @param from filled in.
   */
  readSource(bucket: number, from: DatagramSource): void {
    const at = (this.receive.address[bucket] >> 2) - DATAGRAM_SOURCE_WORDS;
    from.address = getDatagramSourceAddress(this.words, at) >>> 0;
    from.port = getDatagramSourcePort(this.words, at);
  }
}
