/** What loss detection by time (RFC 8985) and the recovery that rests on it know of one connection. */

/** `RackState.probe`: no tail loss probe is due. */
export const PROBE_NONE = 0;
/** One new segment is due, whatever the congestion window says (RFC 8985 §7.3). */
export const PROBE_NEW = 1;
/** The last segment that was sent is due again. */
export const PROBE_LAST = 2;

/** `RackState.suspicion`: nobody doubts that the time-out was one (RFC 5682). */
export const FRTO_OFF = 0;
/** The first acknowledgement after a time-out is waited for. */
export const FRTO_FIRST = 1;
/** The second, new data having been sent since. */
export const FRTO_SECOND = 2;

/** Duplicates that show a loss (RFC 5681 §3.2), until more reordering than that is seen. */
export const REORDERING_START = 3;
/** As far as the degree of reordering grows: Linux's tcp_max_reordering. */
export const REORDERING_MAX = 300;
/** Reordering is counted so often at the most. */
export const REORDERED_MAX = 0x7fff;

/** The factor of the reordering window is 1 again after so many recoveries (RFC 8985 §6.2 step 4). */
export const PERSIST_RECOVERIES = 16;

export class RackState {
  /** 1 once something was delivered: of what was sent last of it, when, its end, and its round trip. */
  known = 0;
  sentUs = 0;
  end = 0;
  rttUs = 0;
  /** The least round trip of some minutes; 0: none was measured. And when it was. */
  leastRttUs = 0;
  leastRttMs = 0;
  /**
   * How often reordering was seen, at most REORDERED_MAX, and by how many segments at the most, at least
   * REORDERING_START; the highest number that was delivered, with 1 once there is one.
   */
  reordered = 0;
  reordering = REORDERING_START;
  highestDelivered = 0;
  highestKnown = 0;
  /** The reordering window: its factor, the recoveries that still keep it, and the round it grew in. */
  factor = 1;
  persist = PERSIST_RECOVERIES;
  roundEnds = 0;
  roundOn = 0;
  /** After so many microseconds detection is to look again, for what may only be late; 0: not at all. */
  lookAfterUs = 0;

  /** Proportional rate reduction (RFC 9937): bytes delivered and sent in recovery, in flight before it. */
  delivered = 0;
  sentBytes = 0;
  flightBefore = 0;

  /**
   * 1 while what recovery did can be taken back; `sndUna` when it began; segments sent again since then of
   * which no duplicate is reported.
   */
  undoable = 0;
  undoFrom = 0;
  undoSegments = 0;
  /** 1 once something was sent again in this recovery, and our timestamp then. */
  undoStampKnown = 0;
  undoStamp = 0;
  /** FRTO_OFF, FRTO_FIRST or FRTO_SECOND. */
  suspicion = FRTO_OFF;

  /** PROBE_NONE, PROBE_NEW or PROBE_LAST. */
  probe = PROBE_NONE;
  /** 1 while a probe's answer is awaited, whether it was sent again, the end of all that was sent then. */
  probing = 0;
  probeResent = 0;
  probeEnd = 0;

  reset(): void {
    this.known = 0;
    this.sentUs = 0;
    this.end = 0;
    this.rttUs = 0;
    this.leastRttUs = 0;
    this.leastRttMs = 0;
    this.reordered = 0;
    this.reordering = REORDERING_START;
    this.highestDelivered = 0;
    this.highestKnown = 0;
    this.factor = 1;
    this.persist = PERSIST_RECOVERIES;
    this.roundEnds = 0;
    this.roundOn = 0;
    this.lookAfterUs = 0;
    this.delivered = 0;
    this.sentBytes = 0;
    this.flightBefore = 0;
    this.undoable = 0;
    this.undoFrom = 0;
    this.undoSegments = 0;
    this.undoStampKnown = 0;
    this.undoStamp = 0;
    this.suspicion = FRTO_OFF;
    this.probe = PROBE_NONE;
    this.probing = 0;
    this.probeResent = 0;
    this.probeEnd = 0;
  }
}
