/**
 * I2O 1.5's ExecConfigValidate: reads every parameter group of every target and compares it with its own
 * description. It reads one group a turn, so that the devices are not kept waiting, and tells how far it has
 * come by progress replies, whose LAST flag is clear.
 */
import { assert } from '../../assert/assert.ts';
import {
  DETAILED_STATUS_DEVICE_BUSY,
  DETAILED_STATUS_SUCCESS,
  DETAILED_STATUS_UNKNOWN_ERROR,
  EXEC_CONFIG_VALIDATE,
  REQUEST_STATUS_ABORT_NO_DATA,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_PROCESS_ABORT_NO_DATA,
  REQUEST_STATUS_SUCCESS,
} from '../../i2o/executive.gen.ts';
import type { AbortMatch } from '../module/abort-match.ts';
import type { ParameterGroup } from '../module/parameter-group.ts';
import type { Outbound } from '../reply/outbound.ts';
import { PendingRequest } from '../reply/pending-request.ts';
import type { Target } from '../target/target.ts';

/** Groups read between two progress replies. */
export const GROUPS_PER_REPORT = 4;
/** Rows of a table that are read at most. */
const ROWS_MAX = 64;
const VALUE_BYTES_MAX = 256;
const PADDING = 0xa5;

export class ConfigValidate {
  private readonly outbound: Outbound;
  private readonly targets: readonly Target[];
  private readonly request = new PendingRequest();
  private readonly value = new DataView(new ArrayBuffer(VALUE_BYTES_MAX + 1));
  private next = 0;
  private good = true;

  constructor(outbound: Outbound, targets: readonly Target[]) {
    assert(targets.length > 0, 'config validate: there is a target to read');
    this.outbound = outbound;
    this.targets = targets;
  }

  /** A request is in progress. */
  get open(): boolean {
    return this.request.open;
  }

  /** Begins. There is one at a time: another is refused as busy. */
  start(frame: number): void {
    if (this.request.open) {
      this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, DETAILED_STATUS_DEVICE_BUSY);
      return;
    }
    this.request.hold(this.outbound.words, frame);
    this.next = 0;
    this.good = true;
  }

  /** Reads one group, or answers. @returns 1 if something was done. */
  poll(): number {
    if (!this.request.open || !this.outbound.hasFrame()) return 0;
    const group = this.groupAt(this.next);
    if (group === undefined) {
      const status = this.good ? REQUEST_STATUS_SUCCESS : REQUEST_STATUS_ERROR_NO_DATA;
      const detail = this.good ? DETAILED_STATUS_SUCCESS : DETAILED_STATUS_UNKNOWN_ERROR;
      this.outbound.answer(this.request, status, detail);
      return 1;
    }
    if (!this.sound(group)) this.good = false;
    this.next += 1;
    if (this.next % GROUPS_PER_REPORT === 0) this.outbound.progress(this.request, this.next);
    return 1;
  }

  /** UtilAbort. @returns requests ended. */
  abort(match: AbortMatch): number {
    if (!this.request.open || !match.endsExecutive(EXEC_CONFIG_VALIDATE, this.request)) return 0;
    this.outbound.answer(this.request, REQUEST_STATUS_ABORT_NO_DATA, DETAILED_STATUS_SUCCESS);
    return 1;
  }

  /** IopClear: the request ends, and is answered. */
  clear(): void {
    if (this.request.open) {
      this.outbound.answer(this.request, REQUEST_STATUS_PROCESS_ABORT_NO_DATA, DETAILED_STATUS_SUCCESS);
    }
  }

  /** IopReset: the request is forgotten, and not answered. */
  reset(): void {
    this.request.open = false;
  }

  /** @param index of a group among those of all targets, one target behind the other. */
  private groupAt(index: number): ParameterGroup | undefined {
    assert(index >= 0, 'config validate: groups are counted from the first');
    let left = index;
    for (const { groups } of this.targets) {
      if (left < groups.length) return groups[left];
      left -= groups.length;
    }
    return undefined;
  }

  /** Whether its key is one of its fields, a scalar has one row, and every value stays within its bytes. */
  private sound(group: ParameterGroup): boolean {
    const { fields, table, rows, keyField } = group;
    if (!table && rows !== 1) return false;
    if (keyField >= fields.length || (!table && keyField >= 0)) return false;
    for (let field = 0; field < fields.length; field++) {
      const { byteLength, readable } = fields[field];
      if (byteLength < 1 || byteLength > VALUE_BYTES_MAX) return false;
      for (let row = 0; row < Math.min(rows, ROWS_MAX) && readable !== false; row++) {
        this.value.setUint8(byteLength, PADDING);
        group.read(row, field, this.value, 0);
        if (this.value.getUint8(byteLength) !== PADDING) return false;
      }
    }
    return true;
  }
}
