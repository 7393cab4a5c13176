/** The group LanBatchControl: the host's say in how many packets one reply tells of, and how late. */
import {
  GROUP_LAN_BATCH_CONTROL,
  GROUP_LAN_BATCH_CONTROL_BATCH_FLAGS,
  GROUP_LAN_BATCH_CONTROL_MAX_RX_BATCH_COUNT,
  GROUP_LAN_BATCH_CONTROL_MAX_RX_BATCH_DELAY,
  GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_COUNT,
  GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_DELAY,
} from '../i2o/groups.gen.ts';
import { LAN_BATCH_FLAG_BATCHING, LAN_BATCH_FLAG_DISABLED, LAN_BATCH_FLAG_FORCED } from '../i2o/lan.gen.ts';
import { BLOCK_STATUS_OPERATION_ERROR } from '../i2o/utility.gen.ts';
import { DescribedGroup, getNumber } from '../iop/module/parameter-group.ts';
import type { BatchRule } from './batch-rule.ts';

const NS_PER_US = 1000;
/** What the host may ask for at most: packets, and a second. */
const COUNT_MAX = 1024;
const DELAY_US_MAX = 1_000_000;

/** @param waiting whether something waits for others now. */
export function batchControlGroup(
  transmit: BatchRule,
  receive: BatchRule,
  waiting: () => boolean,
): DescribedGroup {
  return new DescribedGroup(GROUP_LAN_BATCH_CONTROL, {
    put: (field, _row, put) => {
      put.number(readField(field, transmit, receive, waiting));
    },
    take: (field, bytes, at) => {
      const value = getNumber(bytes, at, GROUP_LAN_BATCH_CONTROL.fields[field].byteLength);
      return change(field, value, transmit, receive) ? 0 : BLOCK_STATUS_OPERATION_ERROR;
    },
  });
}

function readField(field: number, transmit: BatchRule, receive: BatchRule, waiting: () => boolean): number {
  switch (field) {
    case GROUP_LAN_BATCH_CONTROL_BATCH_FLAGS:
      return (
        (receive.disabled ? LAN_BATCH_FLAG_DISABLED : 0) |
        (waiting() ? LAN_BATCH_FLAG_BATCHING : 0) |
        (receive.forced ? LAN_BATCH_FLAG_FORCED : 0)
      );
    case GROUP_LAN_BATCH_CONTROL_MAX_RX_BATCH_COUNT:
      return receive.count;
    case GROUP_LAN_BATCH_CONTROL_MAX_RX_BATCH_DELAY:
      return delayUs(receive);
    case GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_DELAY:
      return delayUs(transmit);
    case GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_COUNT:
      return transmit.count;
    default:
      return 0;
  }
}

/** @returns false for a value out of range; then nothing has changed. */
function change(field: number, value: number, transmit: BatchRule, receive: BatchRule): boolean {
  switch (field) {
    case GROUP_LAN_BATCH_CONTROL_BATCH_FLAGS:
      return changeFlags(value, [transmit, receive]);
    case GROUP_LAN_BATCH_CONTROL_MAX_RX_BATCH_COUNT:
      return changeCount(receive, value);
    case GROUP_LAN_BATCH_CONTROL_MAX_RX_BATCH_DELAY:
      return changeDelay(receive, value);
    case GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_DELAY:
      return changeDelay(transmit, value);
    case GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_COUNT:
      return changeCount(transmit, value);
    default:
      return false;
  }
}

/** Whether it batches now is the device's to say; that bit may be written back as it was read. */
function changeFlags(value: number, rules: readonly BatchRule[]): boolean {
  const known = LAN_BATCH_FLAG_DISABLED | LAN_BATCH_FLAG_BATCHING | LAN_BATCH_FLAG_FORCED;
  const disabled = (value & LAN_BATCH_FLAG_DISABLED) !== 0;
  const forced = (value & LAN_BATCH_FLAG_FORCED) !== 0;
  if ((value & ~known) !== 0 || (disabled && forced)) return false;
  for (const rule of rules) {
    rule.disabled = disabled;
    rule.forced = forced;
  }
  return true;
}

/** @param value contexts or packets; 0: as many as fit. @returns false where it is out of range. */
export function changeCount(rule: BatchRule, value: number): boolean {
  if (value > COUNT_MAX) return false;
  rule.count = value;
  return true;
}

/** @param value in microseconds. @returns false where it is out of range. */
export function changeDelay(rule: BatchRule, value: number): boolean {
  if (value > DELAY_US_MAX) return false;
  rule.delayNs = value * NS_PER_US;
  return true;
}

/** What `changeDelay` has set. */
export function delayUs(rule: BatchRule): number {
  return rule.delayNs / NS_PER_US;
}
