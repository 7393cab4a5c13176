/** Whether a refusal has a reason that the trace knows of: rules Q. */
import {
  DETAILED_STATUS_UNSUPPORTED_FUNCTION,
  EXEC_DDM_DESTROY,
  EXEC_DDM_QUIESCE,
  EXEC_DDM_RESET,
  EXEC_DDM_SUSPEND,
  EXEC_IOP_CLEAR,
  EXEC_IOP_RESET,
  EXEC_PATH_QUIESCE,
  EXEC_PATH_RESET,
  EXEC_SYS_MODIFY,
  EXEC_SYS_QUIESCE,
  FAILURE_CODE_CONGESTION,
  FAILURE_CODE_FRAME_TOO_LARGE,
  FAILURE_CODE_FRAME_TOO_SMALL,
  FAILURE_CODE_INVALID_INITIATOR_CONTEXT,
  FAILURE_CODE_INVALID_INITIATOR_ID,
  FAILURE_CODE_INVALID_MESSAGE_FLAGS,
  FAILURE_CODE_INVALID_OFFSET,
  FAILURE_CODE_INVALID_TARGET_ID,
  FAILURE_CODE_INVALID_VERSION,
  FAILURE_CODE_ROUTING_FAILURE,
  FAILURE_CODE_SERVICE_SUSPENDED,
  FAILURE_CODE_SERVICE_TERMINATED,
  FAILURE_CODE_STATE_ERROR,
  REQUEST_STATUS_TRANSACTION_ERROR,
} from '../i2o/executive.gen.ts';
import {
  getFailureCode,
  getFailureSeverity,
  SEVERITY_CONGESTION,
  SEVERITY_FORMAT_ERROR,
  SEVERITY_PATH_ERROR,
  SEVERITY_PATH_STATE,
} from '../i2o/frame.ts';
import { EBADF } from '../socket/errno.ts';
import { type Findings, hex } from './findings.ts';
import type { Machine } from './machine.ts';
import { CLASS_FUNCTIONS, type MessageRow, TARGET_DEVICE } from './message-rows.ts';
import type { Sockets } from './sockets.ts';
import { DETAIL_STATE, ILLEGAL_HERE, MALFORMED, type Transactions, UNSEEN } from './transactions.ts';

const CODES = 256;
/** What the host has asked for that a failure may follow from. */
const SUSPENDED = 1;
const ENDED = 2;
const DESTROYED = 4;
const CAUSES: readonly (readonly [functionCode: number, causes: number])[] = [
  [EXEC_DDM_SUSPEND, SUSPENDED],
  [EXEC_DDM_QUIESCE, SUSPENDED],
  [EXEC_PATH_QUIESCE, SUSPENDED],
  [EXEC_DDM_RESET, SUSPENDED | ENDED],
  [EXEC_PATH_RESET, SUSPENDED | ENDED],
  [EXEC_DDM_DESTROY, DESTROYED | ENDED],
  [EXEC_SYS_MODIFY, ENDED],
  [EXEC_SYS_QUIESCE, ENDED],
  [EXEC_IOP_CLEAR, ENDED],
  [EXEC_IOP_RESET, ENDED],
];
/** By failure code: the severity that says of what kind it is, and what must have been asked for. */
const FAILURES: readonly (readonly [code: number, severities: number, causes: number])[] = [
  [FAILURE_CODE_SERVICE_SUSPENDED, SEVERITY_PATH_STATE, SUSPENDED | ENDED],
  [FAILURE_CODE_SERVICE_TERMINATED, SEVERITY_PATH_ERROR | SEVERITY_PATH_STATE, DESTROYED | ENDED],
  [FAILURE_CODE_STATE_ERROR, SEVERITY_PATH_STATE, ENDED],
  [FAILURE_CODE_CONGESTION, SEVERITY_CONGESTION, -1],
  [FAILURE_CODE_ROUTING_FAILURE, SEVERITY_PATH_ERROR, -1],
  [FAILURE_CODE_INVALID_TARGET_ID, SEVERITY_FORMAT_ERROR | SEVERITY_PATH_ERROR, DESTROYED],
  ...[
    FAILURE_CODE_INVALID_VERSION,
    FAILURE_CODE_INVALID_OFFSET,
    FAILURE_CODE_INVALID_MESSAGE_FLAGS,
    FAILURE_CODE_FRAME_TOO_SMALL,
    FAILURE_CODE_FRAME_TOO_LARGE,
    FAILURE_CODE_INVALID_INITIATOR_ID,
    FAILURE_CODE_INVALID_INITIATOR_CONTEXT,
  ].map((code) => [code, SEVERITY_FORMAT_ERROR, 0] as const),
];

export class Refusals {
  /** Numbers that ExecSysTabSet gave the IOP and its host; undefined where it was not seen. */
  iopWord: number | undefined;
  private readonly findings: Findings;
  private readonly sockets: Sockets;
  private readonly transactions: Transactions;
  private readonly causeOf = new Uint8Array(CODES);
  private readonly severities = new Uint8Array(CODES);
  private readonly needs = new Int8Array(CODES).fill(-1);
  /** By state: those the card may be in while the host has not heard of it, as bits. */
  private readonly ahead: Int32Array;
  private readonly listening: number;
  private causes = 0;

  constructor(findings: Findings, sockets: Sockets, machine: Machine, transactions: Transactions) {
    this.findings = findings;
    this.sockets = sockets;
    this.transactions = transactions;
    for (const [functionCode, causes] of CAUSES) this.causeOf[functionCode] = causes;
    for (const [code, severities, causes] of FAILURES) {
      this.severities[code] = severities;
      this.needs[code] = causes;
    }
    this.listening = machine.states.indexOf('Listening');
    this.ahead = machine.ahead((on) => {
      return on.startsWith('record ') || (on.startsWith('reply ') && !/ Socket(Create|Import) /.test(on));
    });
  }

  /** The device takes requests again: what was asked for before refuses none any more. */
  enabled(): void {
    this.causes &= DESTROYED;
  }

  /** The card was reset: all that it was asked for is forgotten. */
  restarted(): void {
    this.causes = 0;
  }

  /** A request of the executive's is posted. */
  executive(functionCode: number): void {
    this.causes |= this.causeOf[functionCode];
  }

  /** An answer with an error. The request's own facts are what `transactions` took last. */
  answered(row: MessageRow, status: number, detail: number): void {
    const { takenFlags, takenSocket, taken } = this.transactions;
    if (!row.known || detail >= CODES || (takenFlags & (MALFORMED | UNSEEN)) !== 0) return;
    const ofClass = row.target === TARGET_DEVICE && row.functionCode >= CLASS_FUNCTIONS;
    if (status === REQUEST_STATUS_TRANSACTION_ERROR || !ofClass) {
      if ((takenFlags & ILLEGAL_HERE) !== 0 || row.general[detail] === 1) return;
      if (row.unusual && detail === DETAILED_STATUS_UNSUPPORTED_FUNCTION) return;
      const what = `${row.name}: refused by DetailedStatusCode ${detail}, and nothing is wrong with it`;
      this.findings.report('Q-01', row.index, what);
      return;
    }
    if (row.ofPort || takenSocket < 0 || takenSocket >= this.sockets.count || row.errno[detail] !== 1) return;
    const within = row.errnoStates[detail];
    const illegal = (takenFlags & ILLEGAL_HERE) !== 0;
    if (!illegal && (within === 0 || row.errnoElsewhere[detail] === 1)) return;
    const state = taken[DETAIL_STATE];
    if (detail === EBADF && this.sockets.mayBeMissing(takenSocket)) return;
    if ((this.ahead[state] & within) !== 0) return;
    const seen = `${row.name} of socket ${takenSocket}, which was ${this.sockets.stateName(state)}: errno ${detail}`;
    this.findings.report('Q-03', row.index, seen);
  }

  /** A number that was posted at a listener comes back with an error. */
  unposted(row: MessageRow, listener: number, detail: number): void {
    if (detail >= CODES || row.errno[detail] !== 1 || row.errnoElsewhere[detail] === 1) return;
    const within = row.errnoStates[detail];
    const missing =
      detail === EBADF && (listener >= this.sockets.count || this.sockets.mayBeMissing(listener));
    if (within === 0 || missing || (this.ahead[this.listening] & within) !== 0) return;
    const seen = `${row.name} at socket ${listener}, which listened: errno ${detail}`;
    this.findings.report('Q-03', row.index, seen);
  }

  /** A transport failure. @param asked whether its request is known. */
  failed(row: MessageRow, words: Int32Array, at: number, asked: boolean): void {
    const code = getFailureCode(words, at);
    const severity = getFailureSeverity(words, at);
    const known = this.severities[code];
    if (known !== 0 && (severity & ~known) !== 0) {
      this.findings.report(
        'Q-02',
        row.index,
        `${row.name}: failure ${hex(code)} of severity ${hex(severity)}`,
      );
    }
    const place = words[at + 5] & 0xffff0fff;
    if (this.iopWord !== undefined && place !== this.iopWord) {
      const seen = `${row.name}: IOP ${place & 0xfff} of host ${place >>> 16} could not deliver`;
      this.findings.report('Q-04', row.index, seen);
    }
    const { takenFlags } = this.transactions;
    const needs = this.needs[code];
    if (!asked || needs < 0 || (takenFlags & (MALFORMED | ILLEGAL_HERE)) !== 0) return;
    if ((this.causes & needs) !== 0) return;
    const seen = `${row.name}: failure ${hex(code)}, and nothing is wrong with it`;
    this.findings.report('Q-01', row.index, seen);
  }
}
