/** What one port has done: its group LanStatistics, and the ledger of its card beside it. */
import { assert } from '../assert/assert.ts';
import {
  GROUP_LAN_STATISTICS,
  GROUP_LAN_STATISTICS_RESET_COUNT,
  GROUP_LAN_STATISTICS_RX_BYTES,
  GROUP_LAN_STATISTICS_RX_ERRORS,
  GROUP_LAN_STATISTICS_RX_NO_BUFFER,
  GROUP_LAN_STATISTICS_RX_PACKETS,
  GROUP_LAN_STATISTICS_SUSPEND_COUNT,
  GROUP_LAN_STATISTICS_TX_BYTES,
  GROUP_LAN_STATISTICS_TX_ERRORS,
  GROUP_LAN_STATISTICS_TX_PACKETS,
} from '../i2o/groups.gen.ts';
import { CounterGroup } from '../iop/module/parameter-group.ts';
import {
  LAN_RESETS,
  LAN_RX_ERRORS,
  LAN_RX_NO_BUCKET,
  LAN_SUSPENDS,
  LAN_TX_CANCELED,
  LAN_TX_ERRORS,
  LAN_TX_PACKETS,
  LAN_TX_PACKETS_BYTES,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';

export class LanStatistics {
  /** The group, which the host may clear. */
  readonly group: CounterGroup;
  private readonly port: Float64Array;
  private readonly card: Float64Array;

  constructor(ledger: Ledger) {
    const { number, fields } = GROUP_LAN_STATISTICS;
    const port = new Float64Array(fields.length);
    const names = fields.map(({ name }) => name);
    this.port = port;
    this.card = ledger.counters;
    this.group = new CounterGroup(number, names, (field) => port[field]);
  }

  /** A packet has been given to the device. // Hot path. */
  sent(byteLength: number): void {
    this.port[GROUP_LAN_STATISTICS_TX_PACKETS] += 1;
    this.port[GROUP_LAN_STATISTICS_TX_BYTES] += byteLength;
    this.card[LAN_TX_PACKETS] += 1;
    this.card[LAN_TX_PACKETS_BYTES] += byteLength;
  }

  /** A packet could not be sent. @param canceled it was given up, and nothing is wrong with it. */
  unsent(canceled: boolean): void {
    this.port[GROUP_LAN_STATISTICS_TX_ERRORS] += 1;
    this.card[canceled ? LAN_TX_CANCELED : LAN_TX_ERRORS] += 1;
  }

  /** A packet lies in a bucket; the ledger has its move. // Hot path. */
  received(byteLength: number): void {
    assert(byteLength > 0, 'lan statistics: a packet that was received has a length');
    this.port[GROUP_LAN_STATISTICS_RX_PACKETS] += 1;
    this.port[GROUP_LAN_STATISTICS_RX_BYTES] += byteLength;
  }

  /** A packet was longer than its bucket, and is lost. */
  bad(): void {
    this.port[GROUP_LAN_STATISTICS_RX_ERRORS] += 1;
    this.card[LAN_RX_ERRORS] += 1;
  }

  /** A packet found no bucket, and is lost. */
  starved(): void {
    this.port[GROUP_LAN_STATISTICS_RX_NO_BUFFER] += 1;
    this.card[LAN_RX_NO_BUCKET] += 1;
  }

  reset(): void {
    this.port[GROUP_LAN_STATISTICS_RESET_COUNT] += 1;
    this.card[LAN_RESETS] += 1;
  }

  suspended(): void {
    this.port[GROUP_LAN_STATISTICS_SUSPEND_COUNT] += 1;
    this.card[LAN_SUSPENDS] += 1;
  }
}
