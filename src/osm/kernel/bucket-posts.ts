/**
 * Gives empty buckets back to the card, several in one message. The receiver says which have been read or
 * dropped; they are posted by SocketReceivePost once they are worth a message. What finds no frame waits for
 * the driver's chores.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import type { DriverConfig } from '../memory/driver-config.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { Requests } from '../message/requests.ts';
import { BucketRelief } from './bucket-relief.ts';

const COSTLY = COSTLY_ASSERTIONS;

export class BucketPosts {
  /** Set while the card is OPERATIONAL: before that, and once it is dead, it takes no buckets. */
  open = false;
  private readonly receive: ReceivePool;
  private readonly requests: Requests;
  private readonly bucketsPerPost: number;
  private readonly relief: BucketRelief;

  constructor(
    receive: ReceivePool,
    requests: Requests,
    config: DriverConfig,
    table: SocketTable,
    dma: DmaEngine,
  ) {
    this.relief = new BucketRelief(table, receive, dma);
    this.receive = receive;
    this.requests = requests;
    this.bucketsPerPost = config.bucketsPerPost;
  }

  /** A bucket has been emptied. // Hot path. */
  give(bucket: number): void {
    this.receive.give(bucket);
    this.postDue();
  }

  /**
   * Posts the empty buckets once they are worth a message, or are as many as the card still has: it lets no
   * socket hold more buckets than it has free, so a socket whose own lie here empty might else wait for ever.
   * When few are left, those of resting sockets are emptied first.
   * // Hot path.
   */
  postDue(): void {
    if (this.receive.isShort && this.open) this.relief.run();
    const { waiting } = this.receive;
    if (waiting < this.bucketsPerPost && waiting < this.receive.withCard) return;
    if (waiting > 0 && this.open) this.postAll();
  }

  /** Posts every empty bucket, as far as frames allow. */
  postAll(): void {
    const { receive, requests } = this;
    if (COSTLY) assert(this.open, 'bucket posts: buckets are posted to a card that takes them');
    while (receive.waiting > 0 && requests.receivePost(receive) > 0) {}
  }
}
