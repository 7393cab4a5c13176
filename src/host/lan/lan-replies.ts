/** Replies of a card of network ports: each goes to its port, or to the call that waits for it. */
import {
  checkReplyFrame,
  FLAG_FAIL,
  FLAG_MULTIPLE,
  frameRequestStatus,
  getFailureSeverity,
  SEVERITY_FORMAT_ERROR,
  SEVERITY_PATH_ERROR,
  SEVERITY_PATH_STATE,
} from '../../i2o/frame.ts';
import {
  checkLanReply,
  getLanBucketBucketContext,
  getLanBucketPacketFlags,
  getLanBucketPacketLength,
  getLanBucketPacketOffset,
  LAN_BUCKET_WORDS,
  LAN_EVENT_LINK_DOWN,
  LAN_EVENT_LINK_UP,
  LAN_PACKET_SEND_REPLY_LIST_WORD,
  LAN_PACKET_SEND_SGL_WORD,
  LAN_RECEIVE_POST_REPLY_LIST_WORD,
} from '../../i2o/lan.gen.ts';
import { SGL_CONTEXT_WORDS, SGL_SIMPLE_WORDS } from '../../i2o/list/sgl.ts';
import { IOP_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { UTIL_EVENT_REGISTER, UTIL_EVENT_REGISTER_REPLY_WORDS } from '../../i2o/utility.gen.ts';
import {
  FAILURES_OURS,
  FAILURES_TAKEN,
  LAN_PACKETS_DONE,
  LAN_PACKETS_UNSENT,
  MESSAGE_REPLIES,
  OUTBOUND_REFUSED,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { CardWatch } from '../../osm/message/card-watch.ts';
import type { ControlCall } from '../../osm/message/control-call.ts';
import {
  HANDLER_CONTROL,
  HANDLER_EVENT,
  HANDLER_NONE,
  HANDLER_RECEIVE,
  HANDLER_SEND,
  HANDLER_WATCH,
} from '../../osm/message/handlers.ts';
import type { InboundFrames } from '../../osm/message/inbound-frames.ts';
import type { LanPort } from './lan-port.ts';

const PATH_SHUT = SEVERITY_PATH_ERROR | SEVERITY_PATH_STATE;
const TRANSACTION_WORD = 3;
const EVENT_WORD = 4;
const COUNT_MASK = 0xff;
/** In an element's first word: it has a context. */
const HAS_CONTEXT = 1 << 24;
const LAST = 1 << 31;

export class LanReplies {
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly frames: InboundFrames;
  private readonly ports: readonly LanPort[];
  private readonly control: ControlCall;
  private readonly watch: CardWatch;

  constructor(
    words: Int32Array,
    ledger: Ledger,
    frames: InboundFrames,
    ports: readonly LanPort[],
    control: ControlCall,
    watch: CardWatch,
  ) {
    this.words = words;
    this.counters = ledger.counters;
    this.frames = frames;
    this.ports = ports;
    this.control = control;
    this.watch = watch;
  }

  /** Takes one reply. // Hot path. */
  take(frame: number): void {
    this.counters[MESSAGE_REPLIES] += 1;
    if (!this.dispatch(frame)) this.counters[OUTBOUND_REFUSED] += 1;
  }

  private dispatch(frame: number): boolean {
    const { words } = this;
    if (checkReplyFrame(words, frame) !== 0) return false;
    const word0 = words[frame];
    const flags = (word0 >>> 8) & 0xff;
    const handler = words[frame + 2];
    const target = words[frame + 1] & 0xfff;
    const port = this.portOf(target);
    if ((flags & FLAG_FAIL) !== 0) return this.undelivered(handler, frame, port);
    if (handler === HANDLER_CONTROL) {
      return this.control.answered(words, frame, words[frame + TRANSACTION_WORD]);
    }
    if (handler === HANDLER_WATCH) return target === IOP_TID && this.watch.take(words, frame);
    if (handler === HANDLER_EVENT) return port !== undefined && this.event(frame, port);
    if (port === undefined || (flags & FLAG_MULTIPLE) === 0) return false;
    if (checkLanReply(words, frame, word0 >>> 16) !== 0) return false;
    if (handler === HANDLER_SEND) return this.contexts(frame, port);
    return handler === HANDLER_RECEIVE && this.buckets(frame, port);
  }

  private event(frame: number, port: LanPort): boolean {
    const { words } = this;
    const isEvent = words[frame + 1] >>> 24 === UTIL_EVENT_REGISTER;
    if (!isEvent || words[frame] >>> 16 < UTIL_EVENT_REGISTER_REPLY_WORDS) return false;
    const indicator = words[frame + EVENT_WORD];
    if (indicator !== LAN_EVENT_LINK_DOWN && indicator !== LAN_EVENT_LINK_UP) return false;
    port.linkTold(indicator === LAN_EVENT_LINK_UP);
    return true;
  }

  /** Packets whose memory is the host's again; what was not sent, the protocol sends again. */
  private contexts(frame: number, port: LanPort): boolean {
    const { words, counters } = this;
    const count = words[frame + TRANSACTION_WORD] & COUNT_MASK;
    const unsent = frameRequestStatus(words, frame) === 0 ? 0 : 1;
    let good = true;
    for (let i = 0; i < count; i++) {
      if (port.sent(words[frame + LAN_PACKET_SEND_REPLY_LIST_WORD + i])) {
        counters[LAN_PACKETS_DONE] += 1;
        counters[LAN_PACKETS_UNSENT] += unsent;
      } else good = false;
    }
    return good;
  }

  private buckets(frame: number, port: LanPort): boolean {
    const { words } = this;
    const count = words[frame + TRANSACTION_WORD] & COUNT_MASK;
    let at = frame + LAN_RECEIVE_POST_REPLY_LIST_WORD;
    let good = true;
    for (let i = 0; i < count; i++, at += LAN_BUCKET_WORDS) {
      const context = getLanBucketBucketContext(words, at);
      const length = getLanBucketPacketLength(words, at);
      const flags = getLanBucketPacketFlags(words, at);
      if (!port.filled(context, getLanBucketPacketOffset(words, at), length, flags)) good = false;
    }
    return good;
  }

  /** A failure record: nothing that its request named has become the card's, and all of it comes home. */
  private undelivered(handler: number, frame: number, port: LanPort | undefined): boolean {
    const { counters, frames, words } = this;
    counters[FAILURES_TAKEN] += 1;
    const severity = getFailureSeverity(words, frame);
    if ((severity & SEVERITY_FORMAT_ERROR) !== 0) counters[FAILURES_OURS] += 1;
    // Nothing is sent into a path that is shut, or gone, until the card is brought up again.
    if (port !== undefined && (severity & PATH_SHUT) !== 0) port.online = false;
    const request = frames.adopt(frame);
    let good = handler === HANDLER_WATCH || handler === HANDLER_NONE || handler === HANDLER_EVENT;
    if (handler === HANDLER_CONTROL) {
      good = this.control.answered(words, frame, words[frame + TRANSACTION_WORD]);
    } else if (port !== undefined && request !== NO_FRAME) {
      good = this.takeHome(handler, request, port);
    }
    if (request !== NO_FRAME) frames.cancel();
    return good;
  }

  /** Reads the list of a request of ours, as the card may have changed it. */
  private takeHome(handler: number, request: number, port: LanPort): boolean {
    const { words } = this;
    const end = request + Math.min(words[request] >>> 16, 32);
    let at = request + LAN_PACKET_SEND_SGL_WORD;
    let good = true;
    while (at < end) {
      const first = words[at];
      const named = (first & HAS_CONTEXT) !== 0;
      if (named) {
        const context = words[at + 1];
        const home = handler === HANDLER_SEND ? port.sent(context) : port.filled(context, 0, 0, 0);
        if (home && handler === HANDLER_SEND) {
          this.counters[LAN_PACKETS_DONE] += 1;
          this.counters[LAN_PACKETS_UNSENT] += 1;
        }
        good = good && home;
      }
      if ((first & LAST) !== 0) break;
      at += named ? SGL_CONTEXT_WORDS : SGL_SIMPLE_WORDS;
    }
    return good;
  }

  private portOf(tid: number): LanPort | undefined {
    const { ports } = this;
    const index = tid - ports[0].tid;
    return index >= 0 && ports[0].tid > 0 ? ports[index] : undefined;
  }
}
