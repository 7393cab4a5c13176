/**
 * How replies are batched: parameter group 0003, after the LAN class's. The host may change it while the card runs; the
 * pendingReplies looks at it each time it has something to tell.
 */
import { BLOCK_STATUS_OPERATION_ERROR } from '../../i2o/utility.gen.ts';
import { NumberGroup } from '../../iop/module/parameter-group.ts';

/** Contexts one SocketSend reply carries at most, and records one SocketReceivePost reply. */
export const CONTEXTS_PER_FRAME = 27;
export const RECORDS_PER_FRAME = 6;

/** BatchFlags: contexts wait for no company; the state right now (read only); they wait even when the host is idle. */
const FLAG_DISABLED = 1;
const FLAG_BATCHED = 2;
const FLAG_FORCED = 4;
const DELAY_US_MAX = 1_000_000;

const FIELD_FLAGS = 0;
const FIELD_RX_COUNT = 1;
const FIELD_TX_DELAY = 2;
const FIELD_TX_COUNT = 3;
const FIELD_BUCKETS_LOW = 4;

export class BatchControl {
  /** How long answered contexts may wait for company, in nanoseconds. */
  contextHoldNs: number;
  /** Contexts that wait no longer once there are so many. */
  contextsMax = CONTEXTS_PER_FRAME;
  /** Records that share a frame at most. */
  recordsMax = RECORDS_PER_FRAME;
  /** The event BucketsLow is raised when so few buckets are left. */
  bucketsLow: number;
  /** Batching may be turned off, and then nothing waits. */
  enabled = true;
  private forced = false;

  /** @param bucketsMax buckets there are. */
  constructor(contextHoldNs: number, bucketsMax: number) {
    this.contextHoldNs = contextHoldNs;
    this.bucketsLow = bucketsMax >> 3;
  }

  /** Whether a reply mode Immediate is heeded: not where batching is forced. */
  get heedsImmediate(): boolean {
    return !this.forced;
  }

  /** The group itself. @param waiting whether contexts wait for company right now. */
  group(bucketsMax: number, waiting: () => boolean): NumberGroup {
    const field = (name: string) => ({ name, byteLength: 4, writable: true }) as const;
    return new NumberGroup(
      3,
      ['BatchFlags', 'MaxRxBatchCount', 'MaxTxBatchDelay', 'MaxTxBatchCount', 'BucketsLow'].map(field),
      (index) => this.read(index, waiting()),
      (index, value) => (this.write(index, value, bucketsMax) ? 0 : BLOCK_STATUS_OPERATION_ERROR),
    );
  }

  private read(field: number, waiting: boolean): number {
    switch (field) {
      case FIELD_FLAGS:
        return (
          (this.enabled ? 0 : FLAG_DISABLED) | (waiting ? FLAG_BATCHED : 0) | (this.forced ? FLAG_FORCED : 0)
        );
      case FIELD_RX_COUNT:
        return this.recordsMax;
      case FIELD_TX_DELAY:
        return Math.round(this.contextHoldNs / 1000);
      case FIELD_TX_COUNT:
        return this.contextsMax;
      default:
        return this.bucketsLow;
    }
  }

  /** @returns false when the value is out of range; then nothing has changed. */
  private write(field: number, value: number, bucketsMax: number): boolean {
    switch (field) {
      case FIELD_FLAGS:
        if ((value & ~(FLAG_DISABLED | FLAG_BATCHED | FLAG_FORCED)) !== 0) return false;
        if ((value & FLAG_DISABLED) !== 0 && (value & FLAG_FORCED) !== 0) return false;
        this.enabled = (value & FLAG_DISABLED) === 0;
        this.forced = (value & FLAG_FORCED) !== 0;
        return true;
      case FIELD_RX_COUNT:
        // 0 is "as the card likes", as the LAN class has it.
        if (value > RECORDS_PER_FRAME) return false;
        this.recordsMax = value === 0 ? RECORDS_PER_FRAME : value;
        return true;
      case FIELD_TX_DELAY:
        if (value > DELAY_US_MAX) return false;
        this.contextHoldNs = value * 1000;
        return true;
      case FIELD_TX_COUNT:
        if (value > CONTEXTS_PER_FRAME) return false;
        this.contextsMax = value === 0 ? CONTEXTS_PER_FRAME : value;
        return true;
      case FIELD_BUCKETS_LOW:
        if (value > bucketsMax) return false;
        this.bucketsLow = value;
        return true;
      default:
        return false;
    }
  }
}
