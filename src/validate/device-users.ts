/**
 * Who uses a device, as far as one host can know that is its only initiator: rules U. What UtilClaim, UtilLock,
 * UtilDeviceReserve and their counterparts must answer follows from what they answered before.
 */
import {
  DETAILED_STATUS_DEVICE_BUSY,
  DETAILED_STATUS_INVALID_REQUEST,
  DETAILED_STATUS_SUCCESS,
} from '../i2o/executive.gen.ts';
import {
  CLAIM_FLAG_EXCLUSIVE,
  CLAIM_FLAG_NO_MANAGEMENT_SERVICE,
  CLAIM_TYPE_AUTHORIZED,
  CLAIM_TYPE_MANAGEMENT,
  CLAIM_TYPE_PRIMARY,
  CLAIM_TYPE_SECONDARY,
  UTIL_CLAIM,
  UTIL_CLAIM_RELEASE,
  UTIL_DEVICE_RELEASE,
  UTIL_DEVICE_RESERVE,
  UTIL_LOCK,
  UTIL_LOCK_RELEASE,
} from '../i2o/utility.gen.ts';
import type { Findings } from './findings.ts';
import type { MessageRow } from './message-rows.ts';

const RELEASE_CONDITIONAL = 1;
const FLAGS = 0xffff;

export class DeviceUsers {
  /** What was there before cannot be known: the trace began later, or another initiator has been here. */
  unsure = false;
  private readonly findings: Findings;
  /** By claim type: 1 where the host is such a user; and the flags of the claim. */
  private readonly user = new Uint8Array(CLAIM_TYPE_MANAGEMENT + 1);
  private readonly terms = new Uint16Array(CLAIM_TYPE_MANAGEMENT + 1);
  private locked = false;
  private reserved = false;

  constructor(findings: Findings) {
    this.findings = findings;
  }

  /** Nobody uses the device: the IOP was reset. */
  reset(): void {
    this.user.fill(0);
    this.terms.fill(0);
    this.locked = false;
    this.reserved = false;
  }

  /**
   * An answer to a good request. @param word4 of the request. @param detail its DetailedStatusCode, 0 for
   * success.
   */
  answered(row: MessageRow, word4: number, detail: number): void {
    const type = Math.min(word4 >>> 24, CLAIM_TYPE_MANAGEMENT);
    const flags = word4 & FLAGS;
    switch (row.functionCode) {
      case UTIL_CLAIM:
        this.expect('U-01', row, detail, this.claim(type, flags));
        if (detail !== DETAILED_STATUS_SUCCESS) return;
        this.user[type] = 1;
        this.terms[type] = flags;
        return;
      case UTIL_CLAIM_RELEASE:
        this.expect('U-01', row, detail, this.release(type, flags));
        if (detail === DETAILED_STATUS_SUCCESS) this.gone(type);
        return;
      case UTIL_LOCK:
      case UTIL_DEVICE_RESERVE:
        this.expect('U-02', row, detail, DETAILED_STATUS_SUCCESS);
        if (detail !== DETAILED_STATUS_SUCCESS) return;
        if (row.functionCode === UTIL_LOCK) this.locked = true;
        else this.reserved = true;
        return;
      case UTIL_LOCK_RELEASE:
        this.expect(
          'U-02',
          row,
          detail,
          this.locked ? DETAILED_STATUS_SUCCESS : DETAILED_STATUS_INVALID_REQUEST,
        );
        this.locked = false;
        return;
      case UTIL_DEVICE_RELEASE:
        this.expect(
          'U-02',
          row,
          detail,
          this.reserved ? DETAILED_STATUS_SUCCESS : DETAILED_STATUS_INVALID_REQUEST,
        );
        this.reserved = false;
        return;
    }
  }

  private claim(type: number, flags: number): number {
    const exclusive = this.has(CLAIM_FLAG_EXCLUSIVE);
    const alone = exclusive || ((flags & CLAIM_FLAG_EXCLUSIVE) !== 0 && this.user.includes(1));
    const unmanaged =
      type === CLAIM_TYPE_MANAGEMENT
        ? this.has(CLAIM_FLAG_NO_MANAGEMENT_SERVICE)
        : (flags & CLAIM_FLAG_NO_MANAGEMENT_SERVICE) !== 0 && this.user[CLAIM_TYPE_MANAGEMENT] === 1;
    if (this.user[type] === 1 || alone || unmanaged) return DETAILED_STATUS_DEVICE_BUSY;
    const dependent = type === CLAIM_TYPE_AUTHORIZED || type === CLAIM_TYPE_SECONDARY;
    const free = dependent && this.user[CLAIM_TYPE_PRIMARY] === 0;
    return free ? DETAILED_STATUS_INVALID_REQUEST : DETAILED_STATUS_SUCCESS;
  }

  private release(type: number, flags: number): number {
    if (this.user[type] === 0) return DETAILED_STATUS_INVALID_REQUEST;
    const busy = (flags & RELEASE_CONDITIONAL) !== 0 && (this.locked || this.reserved);
    return busy ? DETAILED_STATUS_DEVICE_BUSY : DETAILED_STATUS_SUCCESS;
  }

  private gone(type: number): void {
    this.user[type] = 0;
    this.terms[type] = 0;
    if (this.user.includes(1)) return;
    this.locked = false;
    this.reserved = false;
  }

  private has(flag: number): boolean {
    return this.terms.some((terms) => (terms & flag) !== 0);
  }

  private expect(rule: string, row: MessageRow, detail: number, due: number): void {
    if (this.unsure || detail === due) return;
    const [was, must] = [detail, due].map((code) =>
      code === DETAILED_STATUS_SUCCESS ? 'succeeded' : `was refused by DetailedStatusCode ${code}`,
    );
    const seen = `${row.name} ${was}; by what was answered before it must have ${must.replace('was', 'been')}`;
    this.findings.report(rule, row.index, seen);
  }
}
