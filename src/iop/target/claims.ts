/**
 * Who uses a device (UtilClaim, UtilClaimRelease), who has locked it and who has reserved it (reference section 5.1). From
 * `utility`: who asks for what. To it, and to the processor by way of `IopState`: who is kept out.
 *
 * There is at most one user of each type. A lock, a reservation and an exclusive claim keep every other initiator out; that
 * they do so by these three statuses is ours.
 */
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

/** Bit 0 of UtilClaimRelease's flags: only if the device is idle. */
const RELEASE_CONDITIONAL = 1;

/** DeviceFlags of a table entry (reference section 4.5). */
export const DEVICE_FLAG_USERS_ALLOWED = 0x02; // more than one user may be
export const DEVICE_FLAG_PEER_SERVICE_OFF = 0x10;
export const DEVICE_FLAG_MANAGEMENT_SERVICE_OFF = 0x20;

export class Claims {
  /** TIDs; NO_TID while nobody has. */
  lockedBy: number = NO_TID;
  reservedBy: number = NO_TID;
  /** TID of the user and terms of the claim, by claim type; index 0 is unused. */
  private readonly user = new Int16Array(CLAIM_TYPE_MANAGEMENT + 1).fill(NO_TID);
  private readonly terms = new Uint16Array(CLAIM_TYPE_MANAGEMENT + 1);

  /** TID of the primary user, as the table entry names it. */
  get userTid(): number {
    return this.user[CLAIM_TYPE_PRIMARY];
  }

  /** Users there are. */
  get users(): number {
    let users = 0;
    for (let type = CLAIM_TYPE_PRIMARY; type <= CLAIM_TYPE_MANAGEMENT; type++) {
      if (this.user[type] !== NO_TID) users += 1;
    }
    return users;
  }

  /** Claim type of the `index`th user; 0 when there is none. */
  typeOf(index: number): number {
    let left = index;
    for (let type = CLAIM_TYPE_PRIMARY; type <= CLAIM_TYPE_MANAGEMENT; type++) {
      if (this.user[type] !== NO_TID && left-- === 0) return type;
    }
    return 0;
  }

  /** TID of the user of a type; NO_TID when there is none. */
  userOf(type: number): number {
    return this.user[type];
  }

  /** The table entry's DeviceFlags, as far as users have a say in them. */
  get deviceFlags(): number {
    const manager = this.has(CLAIM_FLAG_NO_MANAGEMENT_SERVICE) ? DEVICE_FLAG_MANAGEMENT_SERVICE_OFF : 0;
    const peer = this.has(CLAIM_FLAG_NO_PEER_SERVICE) ? DEVICE_FLAG_PEER_SERVICE_OFF : 0;
    return manager | peer | (this.has(CLAIM_FLAG_EXCLUSIVE) ? 0 : DEVICE_FLAG_USERS_ALLOWED);
  }

  /** Why an initiator is kept out of the device, a DETAILED_STATUS_ number; 0: it is not. */
  keepsOut(tid: number): number {
    if (this.lockedBy !== NO_TID && this.lockedBy !== tid) return DETAILED_STATUS_DEVICE_LOCKED;
    if (this.reservedBy !== NO_TID && this.reservedBy !== tid) return DETAILED_STATUS_DEVICE_BUSY;
    const type = this.exclusiveType();
    return type !== 0 && this.user[type] !== tid ? DETAILED_STATUS_INVALID_INITIATOR_ADDRESS : 0;
  }

  /**
   * Takes a user. Refused: while another has locked or reserved the device; a type that is held already, any beside an
   * exclusive one, an exclusive one beside any, a manager where a user wants none and the other way round; and an authorized
   * or secondary one without a primary.
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
    return DETAILED_STATUS_SUCCESS;
  }

  /**
   * Lets a user go; only itself can say so. Conditional: refused while it has the device locked or reserved; else both end
   * with its last claim. @returns as `claim`.
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
    return DETAILED_STATUS_SUCCESS;
  }

  /** UtilLock. @returns as `claim`. */
  lock(tid: number): number {
    const kept = this.keepsOut(tid);
    if (kept === 0) this.lockedBy = tid;
    return kept;
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
    if (kept === 0) this.reservedBy = tid;
    return kept;
  }

  /** UtilDeviceRelease. @returns as `claim`. */
  unreserve(tid: number): number {
    if (this.reservedBy !== tid) return this.notOwn(this.reservedBy);
    this.reservedBy = NO_TID;
    return DETAILED_STATUS_SUCCESS;
  }

  reset(): void {
    this.user.fill(NO_TID);
    this.terms.fill(0);
    this.lockedBy = NO_TID;
    this.reservedBy = NO_TID;
  }

  private notOwn(owner: number): number {
    return owner === NO_TID ? DETAILED_STATUS_INVALID_REQUEST : DETAILED_STATUS_INVALID_INITIATOR_ADDRESS;
  }

  private uses(tid: number): boolean {
    return this.user.includes(tid);
  }

  /** Whether some user's claim has a CLAIM_FLAG_. */
  private has(flag: number): boolean {
    return this.terms.some((terms) => (terms & flag) !== 0);
  }

  /** Type of the exclusive user, which then is the only one; 0 when there is none. */
  private exclusiveType(): number {
    return Math.max(
      0,
      this.terms.findIndex((terms) => (terms & CLAIM_FLAG_EXCLUSIVE) !== 0),
    );
  }
}
