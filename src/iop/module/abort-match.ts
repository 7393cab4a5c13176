/** Which requests I2O 1.5's UtilAbort ends. A card has one such object, which is filled in for each abort. */
import { assert } from '../../assert/assert.ts';
import {
  ABORT_TYPE_CLEAN_EXACT,
  ABORT_TYPE_CLEAN_FUNCTION,
  ABORT_TYPE_CLEAN_TRANSACTION,
  ABORT_TYPE_CLEAN_WILD,
  ABORT_TYPE_EXACT,
  ABORT_TYPE_FUNCTION,
  ABORT_TYPE_TRANSACTION,
  ABORT_TYPE_WILD,
} from '../../i2o/utility.gen.ts';
import type { PendingRequest } from '../reply/pending-request.ts';

/** Bit added to an abort type: end only requests of which nothing has moved. */
export const ABORT_CLEAN = 4;

/** The four clean types must be the plain ones with that bit, since `set` takes them apart so. */
export function checkCleanTypes(plain: readonly number[], clean: readonly number[]): void {
  assert(
    plain.every((type, i) => type < ABORT_CLEAN && clean[i] === type + ABORT_CLEAN),
    'abort match: a clean abort type is a plain one and one bit',
  );
}

checkCleanTypes(
  [ABORT_TYPE_EXACT, ABORT_TYPE_FUNCTION, ABORT_TYPE_TRANSACTION, ABORT_TYPE_WILD],
  [ABORT_TYPE_CLEAN_EXACT, ABORT_TYPE_CLEAN_FUNCTION, ABORT_TYPE_CLEAN_TRANSACTION, ABORT_TYPE_CLEAN_WILD],
);

export class AbortMatch {
  /** Only requests of the abort's own initiator end. A module has none but the host's. */
  initiatorTid = 0;
  /** End only requests of which nothing has moved. */
  clean = false;
  private type: number = ABORT_TYPE_EXACT;
  private functionCode = 0;
  private transactionContext = 0;

  /** @param abortType an ABORT_TYPE_ number, the clean ones included. */
  set(abortType: number, functionCode: number, transactionContext: number, initiatorTid: number): void {
    this.type = abortType & ~ABORT_CLEAN;
    this.clean = (abortType & ABORT_CLEAN) !== 0;
    this.functionCode = functionCode;
    this.transactionContext = transactionContext;
    this.initiatorTid = initiatorTid;
  }

  /** Whether an open request of the executive's is meant, of which the initiator is known. */
  endsExecutive(functionCode: number, request: PendingRequest): boolean {
    assert(request.open, 'abort match: only a request that is open can be meant');
    return request.initiator === this.initiatorTid && this.matches(functionCode, request.transactionContext);
  }

  /** Whether an open request of the abort's initiator is meant. */
  matches(functionCode: number, transactionContext: number): boolean {
    switch (this.type) {
      case ABORT_TYPE_WILD:
        return true;
      case ABORT_TYPE_FUNCTION:
        return functionCode === this.functionCode;
      case ABORT_TYPE_TRANSACTION:
        return transactionContext === this.transactionContext;
      default:
        return functionCode === this.functionCode && transactionContext === this.transactionContext;
    }
  }
}
