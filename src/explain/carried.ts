/**
 * The packets that a message of the LAN class or of the window class tells of: requests name their headers in
 * the host's memory, replies what has come to a bucket, or to a slot of the card.
 */

import {
  getLanBucketBucketContext,
  getLanBucketPacketLength,
  getLanBucketPacketOffset,
  getLanReceivePostReplyCount,
  getLanReceivePostReplyTrlFlags,
  LAN_BUCKET_WORDS,
  LAN_LIST_PACKETS,
  LAN_PACKET_SEND,
  LAN_RECEIVE_POST,
  LAN_RECEIVE_POST_REPLY_LIST_WORD,
} from '../i2o/lan.gen.ts';
import { SGL_CONTEXT_WORDS, SGL_LAST, SGL_SIMPLE_WORDS } from '../i2o/list/sgl.ts';
import { SOCKET_RECEIVE_POST } from '../i2o/socket.gen.ts';
import {
  getWindowFrameFrameAddress,
  getWindowFrameFrameFlags,
  getWindowFrameFrameLength,
  getWindowHeadersReplyCount,
  WINDOW_FRAME_FLAG_HEADERS_ONLY,
  WINDOW_FRAME_WORDS,
  WINDOW_HEADERS,
  WINDOW_HEADERS_REPLY_LIST_WORD,
  WINDOW_SEND,
} from '../i2o/window.gen.ts';
import type { Carried } from './events.ts';
import type { FrameNames } from './frame-names.ts';

/** Lists of requests begin there in all classes. */
const LIST_WORD = 4;
/** Of an element's flags: it has a context. */
const HAS_CONTEXT = 1 << 24;
const COUNT_MASK = 0xffffff;

interface Element {
  readonly context: number;
  readonly address: number;
  readonly length: number;
}

/** Elements with a context of the list of a request. */
function namedElements(words: Int32Array, frame: number): Element[] {
  const end = frame + (words[frame] >>> 16);
  const found: Element[] = [];
  for (let at = frame + LIST_WORD; at < end; ) {
    const first = words[at];
    const named = (first & HAS_CONTEXT) !== 0;
    if (named) found.push({ context: words[at + 1], address: words[at + 2], length: first & COUNT_MASK });
    if (first >>> 24 >= SGL_LAST) break;
    at += named ? SGL_CONTEXT_WORDS : SGL_SIMPLE_WORDS;
  }
  return found;
}

export class CarriedPackets {
  private readonly names: FrameNames;
  /** Where the buckets are that a card has been given, by their contexts. */
  private readonly buckets = new Map<number, number>();

  constructor(names: FrameNames) {
    this.names = names;
  }

  /** Where a bucket begins; undefined for one that was never posted. */
  bucket(context: number): number | undefined {
    return this.buckets.get(context);
  }

  /** What a request of the host's tells of; the buckets that it posts are known from now on. */
  sent(words: Int32Array, frame: number, functionCode: number): Carried[] {
    if (functionCode === LAN_RECEIVE_POST || functionCode === SOCKET_RECEIVE_POST) {
      for (const { context, address } of namedElements(words, frame)) this.buckets.set(context, address);
      return [];
    }
    if (functionCode !== LAN_PACKET_SEND && functionCode !== WINDOW_SEND) return [];
    return namedElements(words, frame).map(({ address, length }) => ({
      ...this.names.read(address, length),
      headersOnly: false,
    }));
  }

  /** What a reply of the card's tells of. */
  arrived(words: Int32Array, frame: number, functionCode: number): Carried[] {
    if (functionCode === LAN_RECEIVE_POST) return this.filled(words, frame);
    if (functionCode !== WINDOW_HEADERS) return [];
    const count = getWindowHeadersReplyCount(words, frame);
    return Array.from({ length: count }, (_, i) => {
      const at = frame + WINDOW_HEADERS_REPLY_LIST_WORD + i * WINDOW_FRAME_WORDS;
      const headersOnly = (getWindowFrameFrameFlags(words, at) & WINDOW_FRAME_FLAG_HEADERS_ONLY) !== 0;
      const address = getWindowFrameFrameAddress(words, at);
      return { ...this.names.read(address, getWindowFrameFrameLength(words, at)), headersOnly };
    });
  }

  private filled(words: Int32Array, frame: number): Carried[] {
    if ((getLanReceivePostReplyTrlFlags(words, frame) & LAN_LIST_PACKETS) === 0) return [];
    const count = getLanReceivePostReplyCount(words, frame);
    return Array.from({ length: count }, (_, i) => {
      const at = frame + LAN_RECEIVE_POST_REPLY_LIST_WORD + i * LAN_BUCKET_WORDS;
      const address = this.buckets.get(getLanBucketBucketContext(words, at)) ?? 0;
      const from = address + getLanBucketPacketOffset(words, at);
      return { ...this.names.read(from, getLanBucketPacketLength(words, at)), headersOnly: false };
    });
  }
}
