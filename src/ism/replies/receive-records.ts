/**
 * Puts receive records together in outbound frames: a SocketReceivePost reply carries up to six. From
 * delivery: a record at a time. To the host: a reply when the frame is full, when another reply must not
 * overtake it, or at the end of the turn.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { REQUEST_STATUS_ABORT_NO_DATA, REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import { FLAG_MULTIPLE, frameFlags, frameFunction } from '../../i2o/frame.ts';
import {
  DATAGRAM_SOURCE_WORDS,
  getReceiveRecordFlags,
  getReceiveRecordLength,
  getSocketReceivePostReplyCount,
  RECEIVE_FLAG_DATAGRAM,
  RECEIVE_FLAG_END_OF_STREAM,
  RECEIVE_FLAG_ERROR,
  RECEIVE_FLAG_SENT,
  RECEIVE_FLAG_URGENT,
  RECEIVE_RECORD_WORDS,
  SOCKET_RECEIVE_POST,
  SOCKET_RECEIVE_POST_REPLY_LIST_WORD,
  writeReceiveRecord,
  writeSocketReceivePostReply,
} from '../../i2o/socket.gen.ts';
import { SOCKET_ID_MAX } from '../../i2o/socket-number.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';
import type { Buckets } from '../sockets/buckets.ts';
import { type BatchControl, RECORDS_PER_FRAME } from './batch-control.ts';
import { postReply } from './reply-frames.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** BufferContext of a record that carries no bucket. */
export const NO_BUCKET = -1;
/** Flags of records that tell of no payload. */
const WITHOUT_DATA =
  RECEIVE_FLAG_ERROR | RECEIVE_FLAG_END_OF_STREAM | RECEIVE_FLAG_SENT | RECEIVE_FLAG_URGENT;
/** Largest errno a record has room for. */
const RECORD_STATUS_MAX = 0xff;

export class ReceiveRecords {
  /** InitiatorContext of the latest bucket post: whom the records are for. */
  initiatorContext = 0;
  private readonly tid: number;
  private readonly outbound: Outbound;
  private readonly buckets: Buckets;
  private readonly batch: BatchControl;
  /** The frame that is being filled; NO_FRAME when none is. */
  private frame = NO_FRAME;
  /** Records in it, and how many it holds. */
  private count = 0;
  private most = 0;
  /** ReqStatus that all of them are told with. */
  private status = REQUEST_STATUS_SUCCESS;

  /** @param tid of the module's device. */
  constructor(tid: number, outbound: Outbound, buckets: Buckets, batch: BatchControl) {
    this.tid = tid;
    this.outbound = outbound;
    this.buckets = buckets;
    this.batch = batch;
  }

  /** Makes sure that there is a frame to add a record to. @returns false when none is free. // Hot path. */
  open(): boolean {
    return this.openWith(REQUEST_STATUS_SUCCESS);
  }

  /** The same for records that are told with another ReqStatus, since those of one frame share it. */
  openWith(status: number): boolean {
    if (COSTLY) checkStatus(status);
    if (this.frame !== NO_FRAME) {
      if (this.status === status) return true;
      this.close();
    }
    this.frame = this.outbound.acquire();
    this.count = 0;
    this.most = Math.min(
      this.batch.recordsMax,
      this.outbound.elementsIn(SOCKET_RECEIVE_POST_REPLY_LIST_WORD, RECEIVE_RECORD_WORDS),
    );
    this.status = status;
    return this.frame !== NO_FRAME;
  }

  /**
   * Adds a record to the open frame, and posts the frame when it is full. // Hot path.
   * @param context BufferContext, or NO_BUCKET; of RECEIVE_FLAG_SENT how many bytes were, of
   * RECEIVE_FLAG_URGENT how many come before the byte. @param socketId or NO_SOCKET, for a bucket that comes back empty. @param flags RECEIVE_FLAG_
   * bits.
   * @param length bytes in the bucket, a datagram's source included. @param status errno of an error, else 0.
   */
  add(context: number, socketId: number, flags: number, length: number, status: number): void {
    if (COSTLY) this.checkRecord(socketId, flags, length, status);
    const at = this.frame + SOCKET_RECEIVE_POST_REPLY_LIST_WORD + this.count * RECEIVE_RECORD_WORDS;
    writeReceiveRecord(this.outbound.words, at, context, socketId, 0, flags, length, status);
    this.count += 1;
    if (this.count >= this.most) this.close();
  }

  private checkRecord(socketId: number, flags: number, length: number, status: number): void {
    assert(this.frame !== NO_FRAME, 'receive records: a record goes into an open frame');
    assert(this.count < RECORDS_PER_FRAME, 'receive records: a record lies within its frame');
    assert(
      socketId >= 0 && socketId <= SOCKET_ID_MAX,
      'receive records: a record is about a socket, or about none',
    );
    assert(
      length >= 0 && length <= this.buckets.bucketBytes,
      'receive records: what a record tells of fits a bucket',
    );
    assert(
      status <= RECORD_STATUS_MAX &&
        ((flags & RECEIVE_FLAG_URGENT) !== 0 || status > 0 === ((flags & RECEIVE_FLAG_ERROR) !== 0)),
      'receive records: a record of an error, and no other, has an errno',
    );
  }

  /** Forgets the open frame: it was given back when whoever was filling it failed. */
  forget(): void {
    this.frame = NO_FRAME;
  }

  /**
   * Posts the open frame if it holds anything. It goes before any other reply, so that the host hears in
   * order.
   */
  close(): void {
    const { frame } = this;
    if (frame === NO_FRAME) return;
    this.frame = NO_FRAME;
    // The frame was acquired for a record whose socket then found no bucket.
    if (this.count === 0) {
      this.outbound.cancel();
      return;
    }
    writeSocketReceivePostReply(
      this.outbound.words,
      frame,
      this.tid,
      HOST_TID,
      this.initiatorContext,
      this.status,
      0,
      this.count,
      this.buckets.remaining,
      SOCKET_RECEIVE_POST_REPLY_LIST_WORD + this.count * RECEIVE_RECORD_WORDS,
    );
    postReply(this.outbound, frame);
  }
}

/**
 * Bytes of payload that a reply of the module tells of; 0 where it holds no receive records.
 * @param reply word index of its frame.
 */
export function recordedBytes(words: Int32Array, reply: number): number {
  if (frameFunction(words, reply) !== SOCKET_RECEIVE_POST || (frameFlags(words, reply) & FLAG_MULTIPLE) === 0)
    return 0;
  const count = getSocketReceivePostReplyCount(words, reply);
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const at = reply + SOCKET_RECEIVE_POST_REPLY_LIST_WORD + i * RECEIVE_RECORD_WORDS;
    const flags = getReceiveRecordFlags(words, at);
    if ((flags & WITHOUT_DATA) !== 0) continue;
    const source = (flags & RECEIVE_FLAG_DATAGRAM) === 0 ? 0 : DATAGRAM_SOURCE_WORDS * 4;
    bytes += Math.max(0, getReceiveRecordLength(words, at) - source);
  }
  return bytes;
}

function checkStatus(status: number): void {
  assert(
    status === REQUEST_STATUS_SUCCESS || status === REQUEST_STATUS_ABORT_NO_DATA,
    'receive records: records are told as success, or as buckets that an abort has ended',
  );
}
