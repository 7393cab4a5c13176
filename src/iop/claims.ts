/**
 * Who uses a device (UtilClaim, UtilClaimRelease), who has locked it and who has reserved it (reference section 5.1). The
 * host is the only initiator, so there is at most one user of each type, and a lock never keeps another one out.
 */
import {
  DETAILED_STATUS_DEVICE_BUSY,
  DETAILED_STATUS_INVALID_REQUEST,
  DETAILED_STATUS_SUCCESS,
} from '../i2o/executive.gen.ts';
import { HOST_TID, NO_TID } from '../i2o/tids.ts';
import {
  CLAIM_FLAG_EXCLUSIVE,
  CLAIM_TYPE_AUTHORIZED,
  CLAIM_TYPE_MANAGEMENT,
  CLAIM_TYPE_PRIMARY,
  CLAIM_TYPE_SECONDARY,
} from '../i2o/utility.gen.ts';

/** Bit 0 of UtilClaimRelease's flags: only if the device is idle. */
const RELEASE_CONDITIONAL = 1;

export class Claims {
  locked = false;
  reserved = false;
  /** By claim type; index 0 is unused. */
  private readonly held = new Uint8Array(CLAIM_TYPE_MANAGEMENT + 1);
  private exclusive = false;

  /** TID of the primary user, as the table entry names it. */
  get userTid(): number {
    return this.held[CLAIM_TYPE_PRIMARY] === 1 ? HOST_TID : NO_TID;
  }

  /** Users there are. */
  get users(): number {
    let users = 0;
    for (let type = CLAIM_TYPE_PRIMARY; type <= CLAIM_TYPE_MANAGEMENT; type++) users += this.held[type]!;
    return users;
  }

  /** Claim type of the `index`th user. */
  typeOf(index: number): number {
    let left = index;
    for (let type = CLAIM_TYPE_PRIMARY; type <= CLAIM_TYPE_MANAGEMENT; type++) {
      if (this.held[type] === 1 && left-- === 0) return type;
    }
    return 0;
  }

  /**
   * Takes a user. Refused: a type that is held already, any beside an exclusive one, an exclusive one beside any, and an
   * authorized or secondary one without a primary.
   * @returns 0 or a DETAILED_STATUS_ number.
   */
  claim(type: number, flags: number): number {
    const exclusive = (flags & CLAIM_FLAG_EXCLUSIVE) !== 0;
    if (this.held[type] === 1 || this.exclusive || (exclusive && this.users > 0)) {
      return DETAILED_STATUS_DEVICE_BUSY;
    }
    const dependent = type === CLAIM_TYPE_AUTHORIZED || type === CLAIM_TYPE_SECONDARY;
    if (dependent && this.held[CLAIM_TYPE_PRIMARY] === 0) return DETAILED_STATUS_INVALID_REQUEST;
    this.held[type] = 1;
    this.exclusive = exclusive;
    return DETAILED_STATUS_SUCCESS;
  }

  /** Lets a user go. Conditional: refused while the device is locked or reserved; else both end with it. @returns as `claim`. */
  release(type: number, flags: number): number {
    if (this.held[type] === 0) return DETAILED_STATUS_INVALID_REQUEST;
    const busy = this.locked || this.reserved;
    if (busy && (flags & RELEASE_CONDITIONAL) !== 0) return DETAILED_STATUS_DEVICE_BUSY;
    this.held[type] = 0;
    this.exclusive = false;
    if (this.users === 0) {
      this.locked = false;
      this.reserved = false;
    }
    return DETAILED_STATUS_SUCCESS;
  }

  reset(): void {
    this.held.fill(0);
    this.exclusive = false;
    this.locked = false;
    this.reserved = false;
  }
}
