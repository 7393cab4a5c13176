/** Puts receive records together in outbound frames: a SocketReceivePost reply carries up to six. */
import { REQUEST_STATUS_SUCCESS } from '../i2o/executive.gen.ts';
import {
  RECEIVE_RECORD_WORDS,
  SOCKET_RECEIVE_POST_REPLY_LIST_WORD,
  writeReceiveRecord,
  writeSocketReceivePostReply,
} from '../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../i2o/tids.ts';
import { NO_FRAME } from '../i2o/transport.ts';
import type { Outbound } from '../iop/outbound.ts';
import type { Buckets } from './buckets.ts';

const RECORDS_PER_FRAME = 6;
/** Context of a record that carries no bucket. */
export const NO_BUCKET = -1;

export class ReceiveRecords {
  /** InitiatorContext of the latest bucket post: whom the records are for. */
  initiatorContext = 0;
  private readonly outbound: Outbound;
  private readonly buckets: Buckets;
  /** The frame that is being filled; NO_FRAME when none is. */
  private frame = NO_FRAME;
  private count = 0;

  constructor(outbound: Outbound, buckets: Buckets) {
    this.outbound = outbound;
    this.buckets = buckets;
  }

  /** Makes sure there is a frame to add a record to. @returns false when none is free. // Hot path. */
  open(): boolean {
    if (this.frame !== NO_FRAME) return true;
    this.frame = this.outbound.acquire();
    this.count = 0;
    return this.frame !== NO_FRAME;
  }

  /** Adds a record to the open frame. // Hot path. */
  add(context: number, socketId: number, flags: number, length: number, status: number): void {
    const at = this.frame + SOCKET_RECEIVE_POST_REPLY_LIST_WORD + this.count * RECEIVE_RECORD_WORDS;
    writeReceiveRecord(this.outbound.words, at, context, socketId, 0, flags, length, status);
    this.count += 1;
    if (this.count === RECORDS_PER_FRAME) this.close();
  }

  /** Posts the open frame, if it holds anything. Every other reply closes it first, so that order is kept. */
  close(): void {
    const { frame } = this;
    if (frame === NO_FRAME) return;
    this.frame = NO_FRAME;
    // A frame acquired for a record that then found no bucket is simply not posted.
    if (this.count === 0) return;
    writeSocketReceivePostReply(
      this.outbound.words,
      frame,
      DEVICE_TID,
      HOST_TID,
      this.initiatorContext,
      REQUEST_STATUS_SUCCESS,
      0,
      this.count,
      this.buckets.remaining,
      SOCKET_RECEIVE_POST_REPLY_LIST_WORD + this.count * RECEIVE_RECORD_WORDS,
    );
    this.outbound.post();
  }
}
