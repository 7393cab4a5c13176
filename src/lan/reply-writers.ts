/** The two replies of the class that cover several transactions, as the reply queues write them. */
import { REQUEST_STATUS_SUCCESS } from '../i2o/executive.gen.ts';
import {
  LAN_BUCKET_WORDS,
  LAN_LIST_PACKETS,
  LAN_LIST_RETURNED,
  LAN_PACKET_FLAG_LAST_BUCKET,
  LAN_PACKET_SEND_REPLY_LIST_WORD,
  LAN_RECEIVE_POST_REPLY_LIST_WORD,
  writeLanPacketSendReply,
  writeLanReceivePostReply,
} from '../i2o/lan.gen.ts';
import { HOST_TID } from '../i2o/tids.ts';
import type { ReplyWriter } from './reply-queue.ts';

const LAST_BUCKET_BIT = LAN_PACKET_FLAG_LAST_BUCKET << 24;

/** The generated writer of a reply that is a list of contexts. */
export type WriteContexts = typeof writeLanPacketSendReply;

/** Contexts of packets sent, or of other transactions that a reply has nothing more to say of. */
export class ContextWriter implements ReplyWriter {
  readonly listWord = LAN_PACKET_SEND_REPLY_LIST_WORD;
  readonly entryWords = 1;
  /** TID of the port. */
  tid = 0;
  private readonly writeReply: WriteContexts;

  /** @param writeReply of replies whose list begins where that of LanPacketSend's does. */
  constructor(writeReply: WriteContexts = writeLanPacketSendReply) {
    this.writeReply = writeReply;
  }

  write(
    words: Int32Array,
    frame: number,
    initiatorContext: number,
    requestStatus: number,
    detailedStatus: number,
    count: number,
  ): void {
    const sizeWords = LAN_PACKET_SEND_REPLY_LIST_WORD + count;
    const { tid } = this;
    const status = [requestStatus, detailedStatus] as const;
    this.writeReply(words, frame, tid, HOST_TID, initiatorContext, ...status, count, sizeWords);
  }

  entry(words: Int32Array, frame: number, index: number, content: Int32Array, at: number): void {
    words[frame + LAN_PACKET_SEND_REPLY_LIST_WORD + index] = content[at];
  }
}

/** Buckets that come back. */
export class BucketWriter implements ReplyWriter {
  readonly listWord = LAN_RECEIVE_POST_REPLY_LIST_WORD;
  readonly entryWords = LAN_BUCKET_WORDS;
  tid = 0;
  private readonly remaining: () => number;

  /** @param remaining buckets that the card can still fill. */
  constructor(remaining: () => number) {
    this.remaining = remaining;
  }

  write(
    words: Int32Array,
    frame: number,
    initiatorContext: number,
    requestStatus: number,
    detailedStatus: number,
    count: number,
  ): void {
    writeLanReceivePostReply(
      words,
      frame,
      this.tid,
      HOST_TID,
      initiatorContext,
      requestStatus,
      detailedStatus,
      count,
      requestStatus === REQUEST_STATUS_SUCCESS ? LAN_LIST_PACKETS : LAN_LIST_RETURNED,
      this.remaining(),
      LAN_RECEIVE_POST_REPLY_LIST_WORD + count * LAN_BUCKET_WORDS,
    );
  }

  entry(
    words: Int32Array,
    frame: number,
    index: number,
    content: Int32Array,
    at: number,
    last: boolean,
  ): void {
    const bucket = frame + LAN_RECEIVE_POST_REPLY_LIST_WORD + index * LAN_BUCKET_WORDS;
    words[bucket] = content[at];
    // A bucket that comes back without a packet has two words of 0.
    words[bucket + 1] = last && content[at + 1] !== 0 ? content[at + 1] | LAST_BUCKET_BIT : content[at + 1];
    words[bucket + 2] = content[at + 2];
  }
}
