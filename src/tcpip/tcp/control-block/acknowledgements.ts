/** What acknowledgements one connection owes its peer, and how soon (RFC 9293 §3.8.6.3, RFC 5961 §7). */
import type { StackConfig } from '../../config.ts';

/** Nothing is owed. */
export const ACK_NONE = 0;
/** An acknowledgement is owed; it may wait for company until the delay timer expires. */
export const ACK_DELAYED = 1;
/** An acknowledgement goes with the next flush. */
export const ACK_NOW = 2;

export class Acknowledgements {
  /** ACK_NONE, ACK_DELAYED or ACK_NOW. */
  owed = ACK_NONE;
  /** Acknowledgements owed for segments out of order, where the peer counts each one (no SACK). */
  duplicatesOwed = 0;
  /** Data segments that are still acknowledged at once because the connection is young (Linux quickack). */
  quick = 0;
  /** 1 in a conversation: data goes out soon after data comes in, and can carry the acknowledgement. */
  pingPong = 0;
  /**
   * Segments that ended a write, or looked so, since an acknowledgement went: 0, 1, or 2 for more. Whoever
   * sent them may wait for it, so it goes once the user has taken all there is (Linux, ICSK_ACK_PUSHED).
   */
  pushed = 0;
  /** When data arrived last. */
  lastDataUs = 0;
  /** The acknowledgement number sent last (RFC 7323 calls it Last.ACK.sent). */
  lastSent = 0;
  /** 1 once a challenge acknowledgement has been sent, and when the latest was. */
  challenged = 0;
  challengeUs = 0;

  reset(config: StackConfig): void {
    this.owed = ACK_NONE;
    this.duplicatesOwed = 0;
    this.quick = config.quickAcks;
    this.pingPong = 0;
    this.pushed = 0;
    this.lastDataUs = 0;
    this.lastSent = 0;
    this.challenged = 0;
    this.challengeUs = 0;
  }
}
