/** Which requests a UtilAbort ends (reference section 5.1). One object a card, filled in for each abort. */
import {
  ABORT_TYPE_EXACT,
  ABORT_TYPE_FUNCTION,
  ABORT_TYPE_TRANSACTION,
  ABORT_TYPE_WILD,
} from '../../i2o/utility.gen.ts';
import type { PendingRequest } from '../reply/pending-request.ts';

/** Added to an abort type: end only what has moved nothing. */
export const ABORT_CLEAN = 4;

export class AbortMatch {
  /** Victims have the initiator of the abort. The device's module has only the host's. */
  initiatorTid = 0;
  /** End only requests of which nothing has moved. */
  clean = false;
  private type: number = ABORT_TYPE_EXACT;
  private functionCode = 0;
  private transactionContext = 0;

  /** @param abortType an ABORT_TYPE_ number, clean ones included. */
  set(abortType: number, functionCode: number, transactionContext: number, initiatorTid: number): void {
    this.type = abortType & ~ABORT_CLEAN;
    this.clean = (abortType & ABORT_CLEAN) !== 0;
    this.functionCode = functionCode;
    this.transactionContext = transactionContext;
    this.initiatorTid = initiatorTid;
  }

  /** Whether an open request of the executive's is meant: of these the initiator is known. */
  endsExecutive(functionCode: number, request: PendingRequest): boolean {
    return request.initiator === this.initiatorTid && this.matches(functionCode, request.transactionContext);
  }

  /** Whether an open request of the initiator is meant. */
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
