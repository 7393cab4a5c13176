/** Replies of a card of network ports: packets that were sent, and buckets that come back. */
import {
  checkLanReply,
  getLanBucketBucketContext,
  getLanBucketPacketFlags,
  getLanBucketPacketLength,
  getLanBucketPacketOffset,
  LAN_BUCKET_WORDS,
  LAN_EVENT_LINK_DOWN,
  LAN_EVENT_LINK_UP,
  LAN_RECEIVE_POST_REPLY_LIST_WORD,
} from '../../i2o/lan.gen.ts';
import { HANDLER_RECEIVE, HANDLER_SEND } from '../../osm/message/handlers.ts';
import type { LanPort } from './lan-port.ts';
import { PortReplies } from './port-replies.ts';

export class LanReplies extends PortReplies<LanPort> {
  protected override listed(handler: number, frame: number, port: LanPort, sizeWords: number): boolean {
    if (checkLanReply(this.words, frame, sizeWords) !== 0) return false;
    if (handler === HANDLER_SEND) return this.contexts(frame, port);
    return handler === HANDLER_RECEIVE && this.buckets(frame, port);
  }

  /** An event; the class's requests are refused whole only where they are wrong, and ours are not. */
  protected override single(handler: number, frame: number, port: LanPort): boolean {
    const indicator = this.eventOf(handler, frame);
    if (indicator !== LAN_EVENT_LINK_DOWN && indicator !== LAN_EVENT_LINK_UP) return false;
    port.linkTold(indicator === LAN_EVENT_LINK_UP);
    return true;
  }

  protected override home(handler: number, context: number, port: LanPort): boolean {
    return handler === HANDLER_SEND ? this.unsent(context, port) : port.filled(context, 0, 0, 0);
  }

  private buckets(frame: number, port: LanPort): boolean {
    const { words } = this;
    const count = this.countOf(frame);
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
}
