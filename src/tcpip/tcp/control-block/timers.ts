/** The timers of one connection: which are armed, when each expires, and what their expiries have counted. */

/** Bits of `ConnectionTimers.armed`. Those of `SENDING_TIMERS` share one deadline and exclude each other. */
export const TIMER_RETRANSMIT = 1;
export const TIMER_PERSIST = 2;
export const TIMER_ACK = 4;
export const TIMER_KEEPALIVE = 8;
export const TIMER_FIN_WAIT = 16;
/** A tail loss probe in place of a time-out, and another look at what may only be late (RFC 8985). */
export const TIMER_PROBE = 32;
export const TIMER_REORDER = 64;
export const SENDING_TIMERS = TIMER_RETRANSMIT | TIMER_PERSIST | TIMER_PROBE | TIMER_REORDER;
/** All that a connection may have which another stack could take over. */
export const TIMERS_MOVABLE = SENDING_TIMERS | TIMER_ACK | TIMER_KEEPALIVE;
/** Those of them that run for what is outstanding. */
export const OUTSTANDING_TIMERS = TIMER_RETRANSMIT | TIMER_PROBE | TIMER_REORDER;

/** No time-out of Linux's is shorter (TCP_TIMEOUT_MIN_US). */
export const TIMEOUT_LEAST_US = 2000;

/** Values of `probeDue`: a probe is to go; it is, and what it says of urgent data has gone by itself. */
export const PROBE_DUE = 1;
export const PROBE_DUE_ALONE = 2;

export class ConnectionTimers {
  /** TIMER_ bits of the timers that run. */
  armed = 0;
  /** What was armed when another stack was about to take over, to be armed again if it does not. */
  armedBefore = 0;
  /**
   * When each expires; only where its bit is set. Those of `SENDING_TIMERS` share the first.
   */
  retransmitAt = 0;
  ackAt = 0;
  keepAliveAtMs = 0;
  finWaitAt = 0;
  /** Expiries of the retransmission timer since the peer last acknowledged something new. */
  retries = 0;
  /** Since when there has been no progress; set at the first expiry (TCP_USER_TIMEOUT counts from it). */
  stalledMs = 0;
  /** Probes of a closed window, or of an idle peer, without an answer. */
  probes = 0;
  /** 1: the next flush sends a probe. */
  probeDue = 0;
  lastSendUs = 0;
  lastReceiveMs = 0;

  reset(): void {
    this.armed = 0;
    this.armedBefore = 0;
    this.retransmitAt = 0;
    this.ackAt = 0;
    this.keepAliveAtMs = 0;
    this.finWaitAt = 0;
    this.retries = 0;
    this.stalledMs = 0;
    this.probes = 0;
    this.probeDue = 0;
    this.lastSendUs = 0;
    this.lastReceiveMs = 0;
  }
}
