/**
 * Who uses a device (I2O 1.5's UtilClaim and UtilClaimRelease), who has locked it and who has reserved it.
 * The utility messages say who asks for what. They hear from here who is kept out, and so does the processor,
 * by way of `DeviceState`.
 *
 * There is at most one user of each claim type. A lock, a reservation and an exclusive claim keep every other
 * initiator out. That they do so, and with which of three statuses, is ours.
 */
import { assert } from '../../assert/assert.ts';
import {
  DETAILED_STATUS_DEVICE_BUSY,
  DETAILED_STATUS_DEVICE_LOCKED,
  DETAILED_STATUS_INVALID_INITIATOR_ADDRESS,
  DETAILED_STATUS_INVALID_REQUEST,
  DETAILED_STATUS_SUCCESS,
} from '../../i2o/executive.gen.ts';
import { NO_TID } from '../../i2o/tids.ts';
import {
  CLAIM_FLAG_EXCLUSIVE,
  CLAIM_FLAG_NO_MANAGEMENT_SERVICE,
  CLAIM_FLAG_NO_PEER_SERVICE,
  CLAIM_TYPE_AUTHORIZED,
  CLAIM_TYPE_MANAGEMENT,
  CLAIM_TYPE_PRIMARY,
  CLAIM_TYPE_SECONDARY,
} from '../../i2o/utility.gen.ts';

/** Bit 0 of UtilClaimRelease's flags: release only if the user holds neither lock nor reservation. */
const RELEASE_CONDITIONAL = 1;

/** DeviceFlags of an entry of I2O 1.5's logical configuration table. */
export const DEVICE_FLAG_USERS_ALLOWED = 0x02; // the device may have more than one user
export const DEVICE_FLAG_PEER_SERVICE_OFF = 0x10;
export const DEVICE_FLAG_MANAGEMENT_SERVICE_OFF = 0x20;

export class Claims {
  /** TIDs of the initiators that hold the lock and the reservation; NO_TID while nobody does. */
  lockedBy: number = NO_TID;
  reservedBy: number = NO_TID;
  /** TID of the user and flags of its claim, by claim type; index 0 is unused. */
  private readonly user = new Int16Array(CLAIM_TYPE_MANAGEMENT + 1).fill(NO_TID);
  private readonly terms = new Uint16Array(CLAIM_TYPE_MANAGEMENT + 1);

  /** TID of the primary user, as the table entry names it. */
  get userTid(): number {
    return this.user[CLAIM_TYPE_PRIMARY];
  }

  /** How many users there are. */
  get users(): number {
    let users = 0;
    for (let type = CLAIM_TYPE_PRIMARY; type <= CLAIM_TYPE_MANAGEMENT; type++) {
      if (this.user[type] !== NO_TID) users += 1;
    }
    return users;
  }

  /** Claim type of a user. @param index its place among the users there are, in the order of their types. */
  typeOf(index: number): number {
    let left = index;
    let type = CLAIM_TYPE_PRIMARY as number;
    for (; type <= CLAIM_TYPE_MANAGEMENT; type++) {
      if (this.user[type] !== NO_TID && left-- === 0) break;
    }
    assert(type <= CLAIM_TYPE_MANAGEMENT, 'claims: a user asked for by its place is there');
    return type;
  }

  /** TID of the user of a claim type; NO_TID when there is none. */
  userOf(type: number): number {
    assert(
      type >= CLAIM_TYPE_PRIMARY && type <= CLAIM_TYPE_MANAGEMENT,
      'claims: a user is asked for by a claim type',
    );
    return this.user[type];
  }

  /** DeviceFlags of the table entry, as far as the users' claims decide them. */
  get deviceFlags(): number {
    const manager = this.has(CLAIM_FLAG_NO_MANAGEMENT_SERVICE) ? DEVICE_FLAG_MANAGEMENT_SERVICE_OFF : 0;
    const peer = this.has(CLAIM_FLAG_NO_PEER_SERVICE) ? DEVICE_FLAG_PEER_SERVICE_OFF : 0;
    return manager | peer | (this.has(CLAIM_FLAG_EXCLUSIVE) ? 0 : DEVICE_FLAG_USERS_ALLOWED);
  }

  /** Why an initiator is kept out of the device, a DETAILED_STATUS_ number; 0 when it is not. */
  keepsOut(tid: number): number {
    if (this.lockedBy !== NO_TID && this.lockedBy !== tid) return DETAILED_STATUS_DEVICE_LOCKED;
    if (this.reservedBy !== NO_TID && this.reservedBy !== tid) return DETAILED_STATUS_DEVICE_BUSY;
    const type = this.exclusiveType();
    return type !== 0 && this.user[type] !== tid ? DETAILED_STATUS_INVALID_INITIATOR_ADDRESS : 0;
  }

  /**
   * Takes a user. A claim is refused while another initiator has locked or reserved the device; when its type
   * is taken; when it or a claim there is, is exclusive; when a user that wants no manager would meet one;
   * and when it is an authorized or secondary one and there is no primary user.
   * @returns 0 or a DETAILED_STATUS_ number.
   */
  claim(tid: number, type: number, flags: number): number {
    const kept = this.keepsOut(tid);
    if (kept !== 0 && kept !== DETAILED_STATUS_INVALID_INITIATOR_ADDRESS) return kept;
    const alone = this.exclusiveType() !== 0 || ((flags & CLAIM_FLAG_EXCLUSIVE) !== 0 && this.users > 0);
    const unmanaged =
      type === CLAIM_TYPE_MANAGEMENT
        ? this.has(CLAIM_FLAG_NO_MANAGEMENT_SERVICE)
        : (flags & CLAIM_FLAG_NO_MANAGEMENT_SERVICE) !== 0 && this.user[CLAIM_TYPE_MANAGEMENT] !== NO_TID;
    if (this.user[type] !== NO_TID || alone || unmanaged) return DETAILED_STATUS_DEVICE_BUSY;
    const dependent = type === CLAIM_TYPE_AUTHORIZED || type === CLAIM_TYPE_SECONDARY;
    if (dependent && this.user[CLAIM_TYPE_PRIMARY] === NO_TID) return DETAILED_STATUS_INVALID_REQUEST;
    this.user[type] = tid;
    this.terms[type] = flags;
    this.check();
    return DETAILED_STATUS_SUCCESS;
  }

  /**
   * Ends a user's claim; only the user itself can. A conditional release is refused while the user has the
   * device locked or reserved; otherwise lock and reservation end with the user's last claim. @returns as
   * `claim`.
   */
  release(tid: number, type: number, flags: number): number {
    if (this.user[type] === NO_TID) return DETAILED_STATUS_INVALID_REQUEST;
    if (this.user[type] !== tid) return DETAILED_STATUS_INVALID_INITIATOR_ADDRESS;
    const busy = this.lockedBy === tid || this.reservedBy === tid;
    if (busy && (flags & RELEASE_CONDITIONAL) !== 0) return DETAILED_STATUS_DEVICE_BUSY;
    this.user[type] = NO_TID;
    this.terms[type] = 0;
    if (!this.uses(tid)) {
      if (this.lockedBy === tid) this.lockedBy = NO_TID;
      if (this.reservedBy === tid) this.reservedBy = NO_TID;
    }
    this.check();
    return DETAILED_STATUS_SUCCESS;
  }

  /** UtilLock. @returns as `claim`. */
  lock(tid: number): number {
    const kept = this.keepsOut(tid);
    if (kept !== 0) return kept;
    this.lockedBy = tid;
    assert(this.keepsOut(tid) === 0, 'claims: whoever holds the lock is not kept out');
    return DETAILED_STATUS_SUCCESS;
  }

  /** UtilLockRelease. @returns as `claim`. */
  unlock(tid: number): number {
    if (this.lockedBy !== tid) return this.notOwn(this.lockedBy);
    this.lockedBy = NO_TID;
    return DETAILED_STATUS_SUCCESS;
  }

  /** UtilDeviceReserve. @returns as `claim`. */
  reserve(tid: number): number {
    const kept = this.keepsOut(tid);
    if (kept !== 0) return kept;
    this.reservedBy = tid;
    assert(this.keepsOut(tid) === 0, 'claims: whoever holds the reservation is not kept out');
    return DETAILED_STATUS_SUCCESS;
  }

  /** UtilDeviceRelease. @returns as `claim`. */
  unreserve(tid: number): number {
    if (this.reservedBy !== tid) return this.notOwn(this.reservedBy);
    this.reservedBy = NO_TID;
    return DETAILED_STATUS_SUCCESS;
  }

  /** Nobody uses the device any more: it was destroyed, or the IOP was reset. */
  reset(): void {
    this.user.fill(NO_TID);
    this.terms.fill(0);
    this.lockedBy = NO_TID;
    this.reservedBy = NO_TID;
  }

  /** Why an initiator that is not the owner cannot end a lock or a reservation. */
  private notOwn(owner: number): number {
    return owner === NO_TID ? DETAILED_STATUS_INVALID_REQUEST : DETAILED_STATUS_INVALID_INITIATOR_ADDRESS;
  }

  /** Whether an initiator has any claim. */
  private uses(tid: number): boolean {
    return this.user.includes(tid);
  }

  /** Whether some user's claim has a CLAIM_FLAG_. */
  private has(flag: number): boolean {
    return this.terms.some((terms) => (terms & flag) !== 0);
  }

  /** What must hold of the users after every change. */
  private check(): void {
    assert(this.exclusiveType() === 0 || this.users === 1, 'claims: an exclusive user is the only one');
    for (let type = CLAIM_TYPE_PRIMARY; type <= CLAIM_TYPE_MANAGEMENT; type++) {
      assert(
        this.user[type] !== NO_TID || this.terms[type] === 0,
        'claims: a claim type without a user has no terms',
      );
    }
  }

  /** Claim type of the exclusive user, which then is the only one; 0 when there is none. */
  private exclusiveType(): number {
    return Math.max(
      0,
      this.terms.findIndex((terms) => (terms & CLAIM_FLAG_EXCLUSIVE) !== 0),
    );
  }
}
