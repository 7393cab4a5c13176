/**
 * What a card that runs by itself may not write, in a file that both map: the transmit buffers, and each bucket
 * from its record's arrival until it is posted again. Nobody sees it write, so the bytes are compared.
 */
import { bufferAt, type PoolArea } from '../../dma/pool-area.ts';
import type { Region } from '../../dma/region.ts';
import { FLAG_MULTIPLE, frameFlags, frameFunction } from '../../i2o/frame.ts';
import { getSglContext, getSglContextAddress, getSglWords, isSglLast } from '../../i2o/list/sgl.ts';
import {
  getReceiveRecordBucketContext,
  getReceiveRecordFlags,
  getSocketReceivePostReplyCount,
  RECEIVE_FLAG_LAST_IN_BUCKET,
  RECEIVE_RECORD_WORDS,
  SOCKET_RECEIVE_POST,
  SOCKET_RECEIVE_POST_REPLY_WORDS,
  SOCKET_RECEIVE_POST_SGL_WORD,
} from '../../i2o/socket.gen.ts';
import { INBOUND } from '../../trace/sink.ts';

/** Bytes of a pool as the host left them, or found them. */
class HeldPool {
  readonly area: PoolArea;
  private readonly region: Region;
  private readonly known: Uint8Array;

  constructor(region: Region, area: PoolArea) {
    this.region = region;
    this.area = area;
    this.known = new Uint8Array(area.count * area.bufferBytes);
  }

  /** These bytes are as they should be. */
  note(address: number, length: number): void {
    const at = address - this.area.offset;
    if (at < 0 || at + length > this.known.length) return;
    this.known.set(this.region.bytes.subarray(address, address + length), at);
  }

  /** @returns the address of a byte of the buffer that somebody else has written; -1 for none. */
  foreign(buffer: number): number {
    const { known, region } = this;
    const { offset, bufferBytes } = this.area;
    const at = buffer * bufferBytes;
    const now = region.bytes.subarray(offset + at, offset + at + bufferBytes);
    const then = known.subarray(at, at + bufferBytes);
    if (Buffer.compare(now, then) === 0) return -1;
    return offset + at + then.findIndex((byte, i) => byte !== now[i]);
  }
}

export class HeldBytes {
  private readonly transmit: HeldPool;
  private readonly receive: HeldPool;
  /** Whether each bucket is the card's, and by which context it was posted last. */
  private readonly posted: Uint8Array;
  private readonly contexts: Int32Array;
  private readonly strayed: (address: number) => void;

  /** @param strayed told of a byte that the card has written and may not. */
  constructor(region: Region, transmit: PoolArea, receive: PoolArea, strayed: (address: number) => void) {
    this.transmit = new HeldPool(region, transmit);
    this.receive = new HeldPool(region, receive);
    this.posted = new Uint8Array(receive.count);
    this.contexts = new Int32Array(receive.count).fill(-1);
    this.strayed = strayed;
  }

  /** The host has written. */
  hostWrote(address: number, length: number): void {
    this.transmit.note(address, length);
  }

  /** A frame passes: a request before the card can see it, a reply before the driver looks at it. */
  frame(direction: number, words: Int32Array, at: number): void {
    if (frameFunction(words, at) !== SOCKET_RECEIVE_POST) return;
    if (direction === INBOUND) this.post(words, at);
    else if ((frameFlags(words, at) & FLAG_MULTIPLE) !== 0) this.bring(words, at);
  }

  /** The card rests, and the case is over: whatever is not the card's is looked at. */
  finish(): void {
    for (let buffer = 0; buffer < this.transmit.area.count; buffer++) this.check(this.transmit, buffer);
    for (let bucket = 0; bucket < this.posted.length; bucket++)
      if (this.posted[bucket] === 0) this.check(this.receive, bucket);
  }

  private post(words: Int32Array, frame: number): void {
    for (let at = frame + SOCKET_RECEIVE_POST_SGL_WORD; ; at += getSglWords(words, at)) {
      const bucket = bufferAt(this.receive.area, getSglContextAddress(words, at));
      if (bucket >= 0) {
        if (this.posted[bucket] === 0) this.check(this.receive, bucket);
        this.posted[bucket] = 1;
        this.contexts[bucket] = getSglContext(words, at);
      }
      if (isSglLast(words, at)) return;
    }
  }

  private bring(words: Int32Array, frame: number): void {
    const count = getSocketReceivePostReplyCount(words, frame);
    for (let i = 0; i < count; i++) {
      const record = frame + SOCKET_RECEIVE_POST_REPLY_WORDS + i * RECEIVE_RECORD_WORDS;
      if ((getReceiveRecordFlags(words, record) & RECEIVE_FLAG_LAST_IN_BUCKET) === 0) continue;
      const bucket = this.contexts.indexOf(getReceiveRecordBucketContext(words, record));
      if (bucket < 0) continue;
      this.posted[bucket] = 0;
      const { offset, bufferBytes } = this.receive.area;
      this.receive.note(offset + bucket * bufferBytes, bufferBytes);
    }
  }

  private check(pool: HeldPool, buffer: number): void {
    const stray = pool.foreign(buffer);
    if (stray >= 0) this.strayed(stray);
  }
}
