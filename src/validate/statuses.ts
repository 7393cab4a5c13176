/** Judges the status word of a reply: rules F-04, F-05, F-08 and T-09. */
import {
  DETAILED_STATUS_UNSUPPORTED_FUNCTION,
  REQUEST_STATUS_ABORT_DIRTY,
  REQUEST_STATUS_ABORT_PARTIAL,
  REQUEST_STATUS_PROCESS_ABORT_DIRTY,
  REQUEST_STATUS_PROCESS_ABORT_PARTIAL,
  REQUEST_STATUS_SUCCESS,
  REQUEST_STATUS_TRANSACTION_ERROR,
} from '../i2o/executive.gen.ts';
import { TRANSACTION_ERROR_WORDS } from '../i2o/frame.ts';
import { type Findings, hex } from './findings.ts';
import {
  CLASS_FUNCTIONS,
  flags as enumerated,
  generalStatuses,
  type MessageRow,
  TARGET_DEVICE,
} from './message-rows.ts';
import type { RequestJudge } from './requests.ts';
import type { Trial } from './trial.ts';

const STATUS_RESERVED = 0x00ff0000;
/** The statuses with which requests end that something else has ended, each kind in a row. */
const ABORT_FIRST = REQUEST_STATUS_ABORT_DIRTY;
const ABORT_LAST = REQUEST_STATUS_ABORT_PARTIAL;
const PROCESS_ABORT_FIRST = REQUEST_STATUS_PROCESS_ABORT_DIRTY;
const PROCESS_ABORT_LAST = REQUEST_STATUS_PROCESS_ABORT_PARTIAL;
export class StatusJudge {
  private readonly findings: Findings;
  private readonly requests: RequestJudge;
  private readonly statuses = enumerated('RequestStatus');
  private readonly general = generalStatuses();

  constructor(trial: Trial, requests: RequestJudge) {
    this.findings = trial.findings;
    this.requests = requests;
  }

  /**
   * Rules F-04, F-05 and F-08: the status is one of the spec, and its detail fits it.
   * @param count how many requests it is the status of.
   */
  judge(row: MessageRow, word4: number, status: number, count = 1): void {
    this.outcome(row, word4, status, 'word 4');
    if (status >= ABORT_FIRST && status <= ABORT_LAST) this.requests.aborts.ended(row.target, count);
  }

  /** The same of a word that says how one transaction of several ended. @param where for the findings. */
  outcome(row: MessageRow, word: number, status: number, where: string): void {
    const detail = word & 0xffff;
    if ((word & STATUS_RESERVED) !== 0)
      this.fault('F-08', row, `bits ${hex(word & STATUS_RESERVED)} of ${where}`);
    this.cause(row, status);
    if (this.statuses[status] !== 1) this.fault('F-04', row, `ReqStatus ${hex(status, 2)}`);
    else if (status === REQUEST_STATUS_SUCCESS) {
      if (detail !== 0) this.fault('F-04', row, `ReqStatus SUCCESS with DetailedStatusCode ${detail}`);
    } else if (!this.detailGood(row, detail, status)) {
      this.fault('F-05', row, `ReqStatus ${hex(status, 2)} with DetailedStatusCode ${detail}`);
    }
  }

  /** Rule T-09: a status that says that a request was ended needs a request that ended it. */
  private cause(row: MessageRow, status: number): void {
    const { abortPosted, processAbortPosted } = this.requests;
    const aborted = status >= ABORT_FIRST && status <= ABORT_LAST && !abortPosted;
    const ended = this.isProcessAbort(status) && !processAbortPosted;
    if (aborted || ended) this.fault('T-09', row, `ReqStatus ${hex(status, 2)}, and nobody asked for that`);
  }

  private detailGood(row: MessageRow, detail: number, status: number): boolean {
    if (detail >= this.general.length) return false;
    const aborted = status <= ABORT_LAST || this.isProcessAbort(status);
    if (aborted) return true;
    const ofClass = row.target === TARGET_DEVICE && row.known && row.functionCode >= CLASS_FUNCTIONS;
    if (status === REQUEST_STATUS_TRANSACTION_ERROR || !ofClass)
      return this.general[detail] === 1 && detail !== 0;
    return row.errno[detail] === 1 || (row.unusual && detail === DETAILED_STATUS_UNSUPPORTED_FUNCTION);
  }

  /** Whether a reply is a refusal, where another kind of reply has no status. */
  isRefusal(status: number, sizeWords: number): boolean {
    return status !== 0 && this.statuses[status] === 1 && sizeWords <= TRANSACTION_ERROR_WORDS;
  }

  /** Whether a status says that a reset, a suspension or the executive has ended something. */
  isProcessAbort(status: number): boolean {
    return status >= PROCESS_ABORT_FIRST && status <= PROCESS_ABORT_LAST;
  }

  private fault(rule: string, row: MessageRow, seen: string): false {
    this.findings.report(rule, row.index, `${row.name}: ${seen}`);
    return false;
  }
}
