/** What loss recovery (`loss-recovery.ts`) knows of one connection, its SACK scoreboard included. */

/** `RecoveryState.phase`: nothing is known to be lost. */
export const RECOVERY_NONE = 0;
/** A loss was found by duplicate acknowledgements (RFC 6582, RFC 6675). */
export const RECOVERY_FAST = 1;
/** The retransmission timer has expired, and not all that was out then is acknowledged (RFC 5681 §3.1). */
export const RECOVERY_TIMEOUT = 2;

/** `RecoveryState.due`: nothing is to be sent again. */
export const DUE_NOTHING = 0;
/** What the scoreboard finds lost is to be sent again, as far as the window lets it. */
export const DUE_HOLES = 1;
/** The first unacknowledged segment is to be sent again whatever the window says; holes follow. */
export const DUE_FIRST = 2;

/** `RecoveryState.rescue` (RFC 6675 §4, NextSeg rule 4): a recovery has one segment to rescue it. */
export const RESCUE_LEFT = 0;
/** It is the segment that `LossRecovery.next` has named. */
export const RESCUE_NAMED = 1;
export const RESCUE_SENT = 2;

export class RecoveryState {
  phase = RECOVERY_NONE;
  due = DUE_NOTHING;
  /** Duplicate acknowledgements in a row (RFC 5681 §2). */
  dupAcks = 0;
  /** Bytes outstanding at the first of them: before what limited transmit added (RFC 5681 §3.2 step 2). */
  flightBefore = 0;
  /** `sndMax` when the latest loss was found: recovery ends when it is acknowledged (RFC 6582 "recover"). */
  recover = 0;
  /** Set by `LossRecovery.next`: where the segment to be sent again starts. */
  lostSeq = 0;
  /** With SACK: the end of what was sent again in this recovery (RFC 6675 "HighRxt"). */
  highRetransmitted = 0;
  /** With SACK: whether this recovery has its rescue still (RFC 6675 "RescueRxt"). */
  rescue = RESCUE_LEFT;
  /** The ranges that the peer holds: the first (-1: none), how many there are, and their bytes. */
  sackHead = -1;
  sackCount = 0;
  sackedBytes = 0;
  /** Bytes that are taken for lost and not yet sent again: of RACK. */
  lostBytes = 0;
  /** Segments sent again since the connection was opened. */
  retransmissions = 0;

  reset(): void {
    this.phase = RECOVERY_NONE;
    this.due = DUE_NOTHING;
    this.dupAcks = 0;
    this.flightBefore = 0;
    this.recover = 0;
    this.lostSeq = 0;
    this.highRetransmitted = 0;
    this.rescue = RESCUE_LEFT;
    this.sackHead = -1;
    this.sackCount = 0;
    this.sackedBytes = 0;
    this.lostBytes = 0;
    this.retransmissions = 0;
  }
}
