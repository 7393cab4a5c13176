/**
 * Replies of a card's ports, whatever class these serve: each goes to its port, or to the call that waits for
 * it; and what could not be delivered comes home.
 */
import {
  checkReplyFrame,
  FLAG_FAIL,
  FLAG_MULTIPLE,
  FRAME_WORDS,
  frameFunction,
  frameRequestStatus,
  getFailureSeverity,
  SEVERITY_FORMAT_ERROR,
  SEVERITY_PATH_ERROR,
  SEVERITY_PATH_STATE,
} from '../../i2o/frame.ts';
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
import { HANDLER_CONTROL, HANDLER_EVENT, HANDLER_NONE, HANDLER_WATCH } from '../../osm/message/handlers.ts';
import type { InboundFrames } from '../../osm/message/inbound-frames.ts';
import type { DrivenPort } from './card-driver.ts';
import { LIST_WORD } from './list-frame.ts';

const PATH_SHUT = SEVERITY_PATH_ERROR | SEVERITY_PATH_STATE;
const TRANSACTION_WORD = 3;
const COUNT_MASK = 0xff;
/** Where contexts begin in a reply that is a list of them. */
const CONTEXTS_WORD = 5;
/** Where an event says which it is. */
const EVENT_WORD = 4;
/** In an element's first word: it has a context. */
const HAS_CONTEXT = 1 << 24;
const LAST = 1 << 31;

/** A port that is told when the card gives the context of a packet back. */
export interface SendingPort extends DrivenPort {
  /** @returns false where no such packet was out. */
  sent(context: number): boolean;
}

export abstract class PortReplies<Port extends SendingPort> {
  protected readonly words: Int32Array;
  protected readonly counters: Float64Array;
  private readonly frames: InboundFrames;
  private readonly ports: readonly Port[];
  private readonly control: ControlCall;
  private readonly watch: CardWatch;

  constructor(
    words: Int32Array,
    ledger: Ledger,
    frames: InboundFrames,
    ports: readonly Port[],
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

  /** A reply that covers several transactions. @returns false where it is none of the class's. */
  protected abstract listed(handler: number, frame: number, port: Port, sizeWords: number): boolean;
  /** Any other reply of a port's. @returns false where nothing was asked for that it could answer. */
  protected abstract single(handler: number, frame: number, port: Port): boolean;
  /** A context of a request that was not delivered. @returns whether it was the card's. */
  protected abstract home(handler: number, context: number, port: Port, functionCode: number): boolean;

  /** A request was not delivered: nothing of it has been done. */
  protected undone(_functionCode: number): void {}

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
    if (port === undefined) return false;
    if ((flags & FLAG_MULTIPLE) === 0) return this.single(handler, frame, port);
    return this.listed(handler, frame, port, word0 >>> 16);
  }

  /** How many elements a reply that covers several transactions has. */
  protected countOf(frame: number): number {
    return this.words[frame + TRANSACTION_WORD] & COUNT_MASK;
  }

  /** What a reply says of a port's events: their bits, or 0 where it is none. */
  protected eventOf(handler: number, frame: number): number {
    const { words } = this;
    if (handler !== HANDLER_EVENT || frameFunction(words, frame) !== UTIL_EVENT_REGISTER) return 0;
    return words[frame] >>> 16 < UTIL_EVENT_REGISTER_REPLY_WORDS ? 0 : words[frame + EVENT_WORD];
  }

  /** Packets whose memory is the host's again; what was not sent, the protocol sends again. */
  protected contexts(frame: number, port: Port): boolean {
    const { words, counters } = this;
    const count = this.countOf(frame);
    const unsent = frameRequestStatus(words, frame) === 0 ? 0 : 1;
    let good = true;
    for (let i = 0; i < count; i++) {
      if (port.sent(words[frame + CONTEXTS_WORD + i])) {
        counters[LAN_PACKETS_DONE] += 1;
        counters[LAN_PACKETS_UNSENT] += unsent;
      } else good = false;
    }
    return good;
  }

  /** A packet of a request that was not delivered. @returns whether it was the card's. */
  protected unsent(context: number, port: Port): boolean {
    if (!port.sent(context)) return false;
    this.counters[LAN_PACKETS_DONE] += 1;
    this.counters[LAN_PACKETS_UNSENT] += 1;
    return true;
  }

  /** A failure record: nothing that its request named has become the card's, and all of it comes home. */
  private undelivered(handler: number, frame: number, port: Port | undefined): boolean {
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
  private takeHome(handler: number, request: number, port: Port): boolean {
    const { words } = this;
    const functionCode = frameFunction(words, request);
    this.undone(functionCode);
    const end = request + Math.min(words[request] >>> 16, FRAME_WORDS);
    let at = request + LIST_WORD;
    let good = true;
    while (at < end) {
      const first = words[at];
      const named = (first & HAS_CONTEXT) !== 0;
      if (named && !this.home(handler, words[at + 1], port, functionCode)) good = false;
      if ((first & LAST) !== 0) break;
      at += named ? SGL_CONTEXT_WORDS : SGL_SIMPLE_WORDS;
    }
    return good;
  }

  private portOf(tid: number): Port | undefined {
    const { ports } = this;
    const index = tid - ports[0].tid;
    return index >= 0 && ports[0].tid > 0 ? ports[index] : undefined;
  }
}
