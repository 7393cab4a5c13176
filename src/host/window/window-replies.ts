/** Replies of a card with the TCP window: contexts that come back, and records of packets. */
import { frameFunction, frameRequestStatus } from '../../i2o/frame.ts';
import {
  checkWindowReply,
  getWindowFrameFrameAddress,
  getWindowFrameFrameFlags,
  getWindowFrameFrameLength,
  getWindowFrameHeaderLength,
  WINDOW_EVENT_LINK_DOWN,
  WINDOW_EVENT_LINK_UP,
  WINDOW_FILL,
  WINDOW_FILL_REPLY_LIST_WORD,
  WINDOW_FRAME_WORDS,
  WINDOW_HEADERS,
  WINDOW_HEADERS_REPLY_LIST_WORD,
  WINDOW_PLACE,
  WINDOW_SEND,
} from '../../i2o/window.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { CardWatch } from '../../osm/message/card-watch.ts';
import type { ControlCall } from '../../osm/message/control-call.ts';
import { HANDLER_NONE, HANDLER_RECEIVE, HANDLER_SEND } from '../../osm/message/handlers.ts';
import type { InboundFrames } from '../../osm/message/inbound-frames.ts';
import { PortReplies } from '../lan/port-replies.ts';
import type { Fills } from './fills.ts';
import type { Placements } from './placements.ts';
import type { WindowPort } from './window-port.ts';

/** Functions by the handler that our requests of them name. */
const HANDLERS: Readonly<Record<number, number>> = {
  [WINDOW_SEND]: HANDLER_SEND,
  [WINDOW_FILL]: HANDLER_SEND,
  [WINDOW_PLACE]: HANDLER_RECEIVE,
  [WINDOW_HEADERS]: HANDLER_RECEIVE,
};

/** Who is told what of a reply. */
export interface WindowReplyParts {
  readonly fills: Fills;
  readonly placements: Placements;
  /** The card has not done what it was asked: what it holds is not what the host thinks. */
  readonly refused: () => void;
}

export class WindowReplies extends PortReplies<WindowPort> {
  private readonly parts: WindowReplyParts;

  constructor(
    words: Int32Array,
    ledger: Ledger,
    frames: InboundFrames,
    ports: readonly WindowPort[],
    control: ControlCall,
    watch: CardWatch,
    parts: WindowReplyParts,
  ) {
    super(words, ledger, frames, ports, control, watch);
    this.parts = parts;
  }

  protected override listed(handler: number, frame: number, port: WindowPort, sizeWords: number): boolean {
    const { words } = this;
    if (checkWindowReply(words, frame, sizeWords) !== 0) return false;
    const functionCode = frameFunction(words, frame);
    if (HANDLERS[functionCode] !== handler) return false;
    if (functionCode === WINDOW_SEND) return this.contexts(frame, port);
    if (frameRequestStatus(words, frame) !== 0) {
      this.parts.refused();
      return false;
    }
    return functionCode === WINDOW_HEADERS ? this.records(frame, port) : this.moved(frame, functionCode);
  }

  /** An event; or a request of ours was refused whole, which only a card does that has lost its memory. */
  protected override single(handler: number, frame: number, port: WindowPort): boolean {
    const event = this.eventOf(handler, frame);
    if (event === WINDOW_EVENT_LINK_DOWN || event === WINDOW_EVENT_LINK_UP) {
      port.linkTold(event === WINDOW_EVENT_LINK_UP);
      return true;
    }
    if (handler !== HANDLER_SEND && handler !== HANDLER_RECEIVE && handler !== HANDLER_NONE) return false;
    this.parts.refused();
    return true;
  }

  /** A packet is sent again by the protocol; of anything else, what the card holds is not what we think. */
  protected override undone(functionCode: number): void {
    if (functionCode !== WINDOW_SEND) this.parts.refused();
  }

  protected override home(
    _handler: number,
    context: number,
    port: WindowPort,
    functionCode: number,
  ): boolean {
    return functionCode !== WINDOW_SEND || this.unsent(context, port);
  }

  private moved(frame: number, functionCode: number): boolean {
    const { words } = this;
    const { fills, placements } = this.parts;
    const count = this.countOf(frame);
    let good = true;
    for (let i = 0; i < count; i++) {
      const context = words[frame + WINDOW_FILL_REPLY_LIST_WORD + i];
      const known = functionCode === WINDOW_FILL ? fills.done(context) : placements.done(context);
      if (!known) good = false;
    }
    return good;
  }

  private records(frame: number, port: WindowPort): boolean {
    const { words } = this;
    const count = this.countOf(frame);
    let at = frame + WINDOW_HEADERS_REPLY_LIST_WORD;
    let good = true;
    for (let i = 0; i < count; i++, at += WINDOW_FRAME_WORDS) {
      const address = getWindowFrameFrameAddress(words, at);
      const length = getWindowFrameFrameLength(words, at);
      const flags = getWindowFrameFrameFlags(words, at);
      if (!port.arrived(address, length, getWindowFrameHeaderLength(words, at), flags)) good = false;
    }
    return good;
  }
}
