/**
 * How replies are batched: parameter group 0003 of the device, shaped after the batch control group of I2O's
 * LAN class. The host may change it while the card runs; it is looked at each time there is something to
 * tell.
 */
import { assert } from '../../assert/assert.ts';
import { SOCKET_RECEIVE_POST_REPLY_LIST_MAX, SOCKET_SEND_REPLY_LIST_MAX } from '../../i2o/socket.gen.ts';
import { BLOCK_STATUS_OPERATION_ERROR } from '../../i2o/utility.gen.ts';
import { NumberGroup } from '../../iop/module/parameter-group.ts';

/** Contexts that one SocketSend reply carries at most, and records that one SocketReceivePost reply does. */
export const CONTEXTS_PER_FRAME = SOCKET_SEND_REPLY_LIST_MAX;
export const RECORDS_PER_FRAME = SOCKET_RECEIVE_POST_REPLY_LIST_MAX;

const GROUP_NUMBER = 0x0003;
/** Bits of BatchFlags. Batching is off: contexts wait for no company. */
const FLAG_DISABLED = 1;
/** Contexts wait right now; read only. */
const FLAG_BATCHED = 2;
/** Contexts wait even where a send asks for an answer at once. */
const FLAG_FORCED = 4;
const DELAY_US_MAX = 1_000_000;
const NS_PER_US = 1000;
/** The event BucketsLow is raised, unless the host says otherwise, when an eighth of the buckets is left. */
const BUCKETS_LOW_SHIFT = 3;

const FIELD_FLAGS = 0;
const FIELD_RX_COUNT = 1;
const FIELD_TX_DELAY = 2;
const FIELD_TX_COUNT = 3;
const FIELD_BUCKETS_LOW = 4;

export class BatchControl {
  /** How long answered contexts may wait for company, in nanoseconds. */
  contextHoldNs: number;
  /** So many contexts wait for no more company. */
  contextsMax: number = CONTEXTS_PER_FRAME;
  /** Records that share a frame at most. */
  recordsMax: number = RECORDS_PER_FRAME;
  /** The event BucketsLow is raised when so few buckets are left. */
  bucketsLow: number;
  /** False: the host has turned batching off, and nothing waits. */
  enabled = true;
  private forced = false;
  private readonly bucketsMax: number;

  /** @param bucketsMax buckets there are. */
  constructor(contextHoldNs: number, bucketsMax: number) {
    this.contextHoldNs = contextHoldNs;
    this.bucketsMax = bucketsMax;
    this.bucketsLow = bucketsMax >> BUCKETS_LOW_SHIFT;
    this.check();
  }

  /** Whether a send with the reply mode Immediate is answered at once: not where batching is forced. */
  get heedsImmediate(): boolean {
    return !this.forced;
  }

  /** The group itself. @param waiting whether contexts wait for company right now. */
  group(waiting: () => boolean): NumberGroup {
    const field = (name: string) => ({ name, byteLength: 4, writable: true }) as const;
    return new NumberGroup(
      GROUP_NUMBER,
      ['BatchFlags', 'MaxRxBatchCount', 'MaxTxBatchDelay', 'MaxTxBatchCount', 'BucketsLow'].map(field),
      (index) => this.read(index, waiting()),
      (index, value) => {
        if (!this.write(index, value)) return BLOCK_STATUS_OPERATION_ERROR;
        this.check();
        return 0;
      },
    );
  }

  /** What delivery relies on, whatever the host has written. */
  private check(): void {
    const { contextsMax, recordsMax, contextHoldNs, bucketsLow } = this;
    assert(
      contextsMax >= 1 && contextsMax <= CONTEXTS_PER_FRAME,
      'batch control: a reply carries a context, and no more than it has room for',
    );
    assert(
      recordsMax >= 1 && recordsMax <= RECORDS_PER_FRAME,
      'batch control: a reply carries a record, and no more than it has room for',
    );
    assert(
      contextHoldNs >= 0 && contextHoldNs <= DELAY_US_MAX * NS_PER_US,
      'batch control: contexts wait at most a second',
    );
    assert(
      bucketsLow >= 0 && bucketsLow <= this.bucketsMax,
      'batch control: the watermark lies within the pool',
    );
    assert(this.enabled || !this.forced, 'batch control: batching is not both turned off and forced');
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
        return Math.round(this.contextHoldNs / NS_PER_US);
      case FIELD_TX_COUNT:
        return this.contextsMax;
      default:
        return this.bucketsLow;
    }
  }

  /**
   * Takes what the host has written.
   * @returns false when the value is out of range; then nothing has changed.
   */
  private write(field: number, value: number): boolean {
    switch (field) {
      case FIELD_FLAGS:
        if ((value & ~(FLAG_DISABLED | FLAG_BATCHED | FLAG_FORCED)) !== 0) return false;
        if ((value & FLAG_DISABLED) !== 0 && (value & FLAG_FORCED) !== 0) return false;
        this.enabled = (value & FLAG_DISABLED) === 0;
        this.forced = (value & FLAG_FORCED) !== 0;
        return true;
      case FIELD_RX_COUNT:
        // 0 leaves the number to the card, as in the LAN class.
        if (value > RECORDS_PER_FRAME) return false;
        this.recordsMax = value === 0 ? RECORDS_PER_FRAME : value;
        return true;
      case FIELD_TX_DELAY:
        if (value > DELAY_US_MAX) return false;
        this.contextHoldNs = value * NS_PER_US;
        return true;
      case FIELD_TX_COUNT:
        if (value > CONTEXTS_PER_FRAME) return false;
        this.contextsMax = value === 0 ? CONTEXTS_PER_FRAME : value;
        return true;
      case FIELD_BUCKETS_LOW:
        if (value > this.bucketsMax) return false;
        this.bucketsLow = value;
        return true;
      default:
        return false;
    }
  }
}
