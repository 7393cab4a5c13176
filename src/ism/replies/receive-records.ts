/** Puts receive records together in outbound frames: a SocketReceivePost reply carries up to six. */
import { REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import { FLAG_MULTIPLE, frameFlags, frameFunction } from '../../i2o/frame.ts';
import {
  DATAGRAM_SOURCE_WORDS,
  getReceiveRecordFlags,
  getReceiveRecordLength,
  getSocketReceivePostReplyCount,
  RECEIVE_FLAG_DATAGRAM,
  RECEIVE_FLAG_END_OF_STREAM,
  RECEIVE_FLAG_ERROR,
  RECEIVE_RECORD_WORDS,
  SOCKET_RECEIVE_POST,
  SOCKET_RECEIVE_POST_REPLY_LIST_WORD,
  writeReceiveRecord,
  writeSocketReceivePostReply,
} from '../../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';
import type { Buckets } from '../sockets/buckets.ts';
import type { BatchControl } from './batch-control.ts';

/** Context of a record that carries no bucket, and socket number of one that is nobody's. */
export const NO_BUCKET = -1;
export const NO_SOCKET = 0xffff;

export class ReceiveRecords {
  /** InitiatorContext of the latest bucket post: whom the records are for. */
  initiatorContext = 0;
  private readonly outbound: Outbound;
  private readonly buckets: Buckets;
  private readonly batch: BatchControl;
  /** The frame that is being filled; NO_FRAME when none is. */
  private frame = NO_FRAME;
  private count = 0;
  private status = REQUEST_STATUS_SUCCESS;

  constructor(outbound: Outbound, buckets: Buckets, batch: BatchControl) {
    this.outbound = outbound;
    this.buckets = buckets;
    this.batch = batch;
  }

  /** Makes sure there is a frame to add a record to. @returns false when none is free. // Hot path. */
  open(): boolean {
    return this.openWith(REQUEST_STATUS_SUCCESS);
  }

  /** The same for records told with another ReqStatus: those of one frame share it. */
  openWith(status: number): boolean {
    if (this.frame !== NO_FRAME) {
      if (this.status === status) return true;
      this.close();
    }
    this.frame = this.outbound.acquire();
    this.count = 0;
    this.status = status;
    return this.frame !== NO_FRAME;
  }

  /** Adds a record to the open frame. // Hot path. */
  add(context: number, socketId: number, flags: number, length: number, status: number): void {
    const at = this.frame + SOCKET_RECEIVE_POST_REPLY_LIST_WORD + this.count * RECEIVE_RECORD_WORDS;
    writeReceiveRecord(this.outbound.words, at, context, socketId, 0, flags, length, status);
    this.count += 1;
    if (this.count >= this.batch.recordsMax) this.close();
  }

  /** The frame that is being filled is no more: it was given back when its filling failed. */
  forget(): void {
    this.frame = NO_FRAME;
  }

  /** Posts the open frame, if it holds anything. Every other reply closes it first, so that order is kept. */
  close(): void {
    const { frame } = this;
    if (frame === NO_FRAME) return;
    this.frame = NO_FRAME;
    // A frame acquired for a record that then found no bucket is given back.
    if (this.count === 0) {
      this.outbound.cancel();
      return;
    }
    writeSocketReceivePostReply(
      this.outbound.words,
      frame,
      DEVICE_TID,
      HOST_TID,
      this.initiatorContext,
      this.status,
      0,
      this.count,
      this.buckets.remaining,
      SOCKET_RECEIVE_POST_REPLY_LIST_WORD + this.count * RECEIVE_RECORD_WORDS,
    );
    this.outbound.post();
  }
}

/** Bytes of payload that a reply of the module's tells of, if it holds receive records. @param reply word index of its frame. */
export function recordedBytes(words: Int32Array, reply: number): number {
  if (frameFunction(words, reply) !== SOCKET_RECEIVE_POST || (frameFlags(words, reply) & FLAG_MULTIPLE) === 0)
    return 0;
  const count = getSocketReceivePostReplyCount(words, reply);
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const at = reply + SOCKET_RECEIVE_POST_REPLY_LIST_WORD + i * RECEIVE_RECORD_WORDS;
    const flags = getReceiveRecordFlags(words, at);
    if ((flags & (RECEIVE_FLAG_ERROR | RECEIVE_FLAG_END_OF_STREAM)) !== 0) continue;
    const source = (flags & RECEIVE_FLAG_DATAGRAM) === 0 ? 0 : DATAGRAM_SOURCE_WORDS * 4;
    bytes += Math.max(0, getReceiveRecordLength(words, at) - source);
  }
  return bytes;
}
