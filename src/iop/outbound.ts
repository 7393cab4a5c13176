/**
 * Replies on their way out. Wraps the outbound ring's producer: counts frames, and writes the replies that are the same
 * for every class. When no frame is free a reply is withheld by its maker and tried again, never dropped.
 */
import {
  FLAG_LAST,
  FLAG_REPLY,
  frameFunction,
  frameInitiator,
  frameInitiatorContext,
  frameTarget,
  frameTransactionContext,
  writeFailure,
  writeHeader,
} from '../i2o/frame.ts';
import { type FrameProducer, NO_FRAME } from '../i2o/transport.ts';
import { INBOUND_REFUSED, OUTBOUND_FULL, OUTBOUND_POSTED } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';

const STATUS_SHIFT = 24;
const STATUS_REPLY_WORDS = 5;

export class Outbound {
  readonly ring: FrameProducer;
  readonly words: Int32Array;
  /** In this turn a reply found no frame: it waits for the host to release one. The processor clears it each turn. */
  short = false;
  private readonly counters: Float64Array;

  constructor(words: Int32Array, ring: FrameProducer, ledger: Ledger) {
    this.words = words;
    this.ring = ring;
    this.counters = ledger.counters;
  }

  /** @returns a frame to fill, or NO_FRAME; then the reply waits. */
  acquire(): number {
    const frame = this.ring.acquire();
    if (frame === NO_FRAME) {
      this.counters[OUTBOUND_FULL] += 1;
      this.short = true;
    }
    return frame;
  }

  /** Whether a frame can be acquired; if not, the reply waits. */
  hasFrame(): boolean {
    if (this.ring.available(1) > 0) return true;
    this.short = true;
    return false;
  }

  /** The acquired frame is complete; the run loop publishes. */
  post(): void {
    this.counters[OUTBOUND_POSTED] += 1;
    this.ring.post();
  }

  /** Answers a request with a status and nothing else. The caller knows a frame is free. */
  status(requestFrame: number, requestStatus: number, detailedStatus: number): void {
    const frame = this.acquire();
    const words = this.words;
    writeHeader(
      words,
      frame,
      0,
      FLAG_REPLY | FLAG_LAST,
      STATUS_REPLY_WORDS,
      frameTarget(words, requestFrame),
      frameInitiator(words, requestFrame),
      frameFunction(words, requestFrame),
      frameInitiatorContext(words, requestFrame),
      frameTransactionContext(words, requestFrame),
    );
    words[frame + 4] = (requestStatus << STATUS_SHIFT) | detailedStatus;
    this.post();
  }

  /**
   * Answers a message that cannot be delivered with a transport-failure frame (reference section 1.4). On the ring the
   * frame is recycled at once, so no frame is preserved (PreservedMFA is 0xFFFFFFFF) and W3 does carry the context.
   */
  failure(requestFrame: number, failureCode: number, severity: number): void {
    this.counters[INBOUND_REFUSED] += 1;
    const words = this.words;
    const frame = this.acquire();
    // Before OutboundInit there may be no frame to say it in: the count says it.
    if (frame === NO_FRAME) return;
    writeFailure(
      words,
      frame,
      frameTarget(words, requestFrame),
      frameInitiator(words, requestFrame),
      frameFunction(words, requestFrame),
      frameInitiatorContext(words, requestFrame),
      frameTransactionContext(words, requestFrame),
      severity,
      failureCode,
      0,
      0,
      NO_FRAME,
    );
    this.post();
  }
}
