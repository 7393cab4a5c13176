/** Keeps the state of the IOP and of the session, and judges the memory that the host polls: rules I. */
import {
  EXEC_IOP_RESET,
  EXEC_OUTBOUND_INIT,
  EXEC_STATUS_GET,
  IOP_STATE_FAILED,
  IOP_STATE_FAULTED,
  IOP_STATE_HOLD,
  IOP_STATE_INITIALIZING,
  IOP_STATE_OPERATIONAL,
  IOP_STATE_READY,
  IOP_STATE_RESET,
  POLLED_STATUS_COMPLETE,
  POLLED_STATUS_IN_PROGRESS,
  POLLED_STATUS_REJECTED,
} from '../i2o/executive.gen.ts';
import { STATUS_STATE, STATUS_SYNC } from '../trace/status-block.ts';
import { type Findings, hex } from './findings.ts';
import { ILLEGAL, UNNAMED } from './machine.ts';
import { type Machines, type MessageRow, TARGET_EXECUTIVE } from './message-rows.ts';

/** The last byte of a status block when all of it is there. */
const SYNC_BYTE = 0xff;
/** Numbers of IopState, in the order in which the machine has its states. */
const STATE_NUMBERS = [
  IOP_STATE_INITIALIZING,
  IOP_STATE_RESET,
  IOP_STATE_HOLD,
  IOP_STATE_READY,
  IOP_STATE_OPERATIONAL,
  IOP_STATE_FAILED,
  IOP_STATE_FAULTED,
];
/** The machine's number of the state RESET. */
const RESET = STATE_NUMBERS.indexOf(IOP_STATE_RESET);

/** What an event of the executive means for sockets, buffers and queues: nothing. */
export const NOTHING_MORE = 0;
/** The device has forgotten its sockets and given its buffers back. */
export const WITHDRAWN = 1;
/** The same, and the queues are new besides. */
export const RESTARTED = 2;

export class IopJudge {
  private readonly findings: Findings;
  private readonly machines: Machines;
  iop: number;
  session: number;
  /** Where the requests answered in memory want their answer; 0 for none asked. */
  private statusBlock = 0;
  private initWord = 0;
  private resetWord = 0;
  /** Of OutboundInit and of IopReset: whether it must be refused, and where and when it was asked. */
  private readonly refusable = new Uint8Array(2);
  private readonly askedFrame = new Float64Array(2);
  private readonly askedNs = new Float64Array(2);
  /** The trace begins at a card that was running already. */
  late = false;
  private readonly resetRow: MessageRow;
  private readonly initRow: MessageRow;

  constructor(machines: Machines, rows: readonly MessageRow[], findings: Findings) {
    this.findings = findings;
    this.machines = machines;
    this.iop = machines.iop.initial;
    this.session = machines.session.initial;
    this.resetRow = rows[EXEC_IOP_RESET];
    this.initRow = rows[EXEC_OUTBOUND_INIT];
  }

  /** A request is posted. @returns whether its target takes it in this state. // Hot path. */
  request(row: MessageRow): boolean {
    if (row.target === TARGET_EXECUTIVE) return this.executiveRequest(row);
    const { session } = this.machines;
    const column = row.onRequest.session;
    if (column === UNNAMED) return true;
    const next = session.after(this.session, column);
    if (next !== ILLEGAL) {
      this.session = next;
      return true;
    }
    this.findings.report('I-02', row.index, `${row.name} while ${this.describe()}`);
    return false;
  }

  /** Where a request that is answered in memory wants its answer. @param good whether it may succeed. */
  polls(row: MessageRow, address: number, good: boolean): void {
    if (row.functionCode === EXEC_STATUS_GET) {
      this.statusBlock = address;
      return;
    }
    const init = row.functionCode === EXEC_OUTBOUND_INIT;
    if (init) this.initWord = address;
    else this.resetWord = address;
    this.refusable[init ? 0 : 1] = good ? 0 : 1;
    this.askedFrame[init ? 0 : 1] = this.findings.frame;
    this.askedNs[init ? 0 : 1] = this.findings.timeNs;
  }

  /** Tells of what was asked for before a time and never came in memory. */
  expectPolled(beforeNs: number): void {
    [this.initWord, this.resetWord].forEach((word, which) => {
      if (word === 0 || this.refusable[which] === 1 || this.askedNs[which] > beforeNs) return;
      const { index, name } = which === 0 ? this.initRow : this.resetRow;
      this.findings.report(
        'T-03',
        index,
        `${name} in frame ${this.askedFrame[which]} was never answered in memory`,
      );
    });
  }

  /**
   * A reply came.
   * @param illegal the request was not to be taken in its state.
   * @returns NOTHING_MORE or WITHDRAWN.
   */
  reply(row: MessageRow, success: boolean, illegal: boolean): number {
    const columns = success ? row.onSuccess : row.onError;
    if (illegal && success)
      this.findings.report('I-05', row.index, `${row.name} succeeded while ${this.describe()}`);
    const before = this.iop;
    if (row.target === TARGET_EXECUTIVE) {
      this.iop = this.step(row, 'iop', this.iop, columns.iop, success, illegal);
      if (!row.executive) return NOTHING_MORE;
    }
    this.session = this.step(row, 'session', this.session, columns.session, success, illegal);
    const left = this.machines.iop.states[before] === 'Operational' && this.iop !== before;
    return left && success ? WITHDRAWN : NOTHING_MORE;
  }

  /** Whether the card may send replies: it may from the state HOLD on. */
  replyAllowed(): boolean {
    return this.iop > RESET;
  }

  operational(): boolean {
    return this.machines.iop.states[this.iop] === 'Operational';
  }

  /** The host saw a polled word change. @returns NOTHING_MORE or RESTARTED. */
  polled(address: number, value: number): number {
    if (address === this.initWord && address !== 0) {
      if (value < POLLED_STATUS_IN_PROGRESS || value > POLLED_STATUS_COMPLETE)
        this.badWord('OutboundInit', value);
      else if (value !== POLLED_STATUS_IN_PROGRESS) {
        this.initWord = 0;
        this.polledDone(this.initRow, value === POLLED_STATUS_COMPLETE, this.refusable[0] === 1);
      }
    } else if (address === this.resetWord && address !== 0) {
      if (value < POLLED_STATUS_IN_PROGRESS || value > POLLED_STATUS_REJECTED)
        this.badWord('IopReset', value);
      this.resetWord = 0;
      this.polledDone(this.resetRow, value === POLLED_STATUS_IN_PROGRESS, this.refusable[1] === 1);
      return value === POLLED_STATUS_IN_PROGRESS ? RESTARTED : NOTHING_MORE;
    } else if (this.statusBlock !== 0 && address === this.statusBlock + STATUS_STATE.byte) {
      this.blockState((value >>> STATUS_STATE.low) & 0xff);
    } else if (this.statusBlock !== 0 && address === this.statusBlock + STATUS_SYNC.byte) {
      if (value >>> STATUS_SYNC.low !== SYNC_BYTE) this.badWord('StatusGet', value);
    } else {
      this.findings.report('I-04', 2, `${hex(value)} at ${hex(address)}, which no request named`);
    }
    return NOTHING_MORE;
  }

  /** The states, in words. */
  describe(): string {
    const { iop, session } = this.machines;
    return `the IOP is ${iop.states[this.iop]} and the session ${session.states[this.session]}`;
  }

  private executiveRequest(row: MessageRow): boolean {
    const { iop, session } = this.machines;
    const column = row.onRequest.iop;
    if (row.executive && row.onRequest.session !== UNNAMED) {
      const next = session.after(this.session, row.onRequest.session);
      if (next !== ILLEGAL) this.session = next;
    }
    if (column === UNNAMED) return true;
    const next = iop.after(this.iop, column);
    if (next !== ILLEGAL) {
      this.iop = next;
      return true;
    }
    this.findings.report('I-01', row.index, `${row.name} while ${this.describe()}`);
    return false;
  }

  private step(
    row: MessageRow,
    machine: 'iop' | 'session',
    state: number,
    column: number,
    success: boolean,
    illegal: boolean,
  ): number {
    if (column === UNNAMED) return state;
    const next = this.machines[machine].after(state, column);
    if (next !== ILLEGAL) return next;
    if (!illegal) {
      const outcome = success ? 'succeeded' : 'was refused';
      this.findings.report('I-03', row.index, `${row.name} ${outcome} while ${this.describe()}`);
    }
    return state;
  }

  private polledDone(row: MessageRow, success: boolean, refusable: boolean): void {
    if (success && refusable)
      this.findings.report('I-05', row.index, `${row.name} succeeded, and was malformed or out of place`);
    const column = success ? row.onPolledSuccess.iop : row.onPolledError.iop;
    const next = this.machines.iop.after(this.iop, column);
    if (next === ILLEGAL && refusable) return;
    if (next === ILLEGAL) {
      this.findings.report('I-04', row.index, `${row.name} ended in memory while ${this.describe()}`);
    } else {
      this.iop = next;
    }
    if (success && row === this.resetRow) this.session = this.machines.session.initial;
  }

  private badWord(what: string, value: number): void {
    this.findings.report('I-04', 0, `${what} left ${hex(value)}`);
  }

  private blockState(stateNumber: number): void {
    const state = STATE_NUMBERS.indexOf(stateNumber);
    if (state < 0) this.badWord('IopState', stateNumber);
    else if (state !== this.iop) {
      // A trace may begin at a card that is running already: its first status block then says in which state.
      if (this.findings.frame <= 1) {
        this.iop = state;
        this.late = state > RESET;
      } else this.findings.report('I-04', 1, `IopState ${hex(stateNumber)} while ${this.describe()}`);
    }
  }
}
