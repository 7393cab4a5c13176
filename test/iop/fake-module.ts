/** A module that keeps requests open until told, throws when told, and has groups of every kind. */
import { AssertionFailure } from '../../src/assert/assert.ts';
import { REQUEST_STATUS_ABORT_NO_DATA, REQUEST_STATUS_SUCCESS } from '../../src/i2o/executive.gen.ts';
import {
  BLOCK_STATUS_SCALAR_ERROR,
  BLOCK_STATUS_SUCCESS,
  BLOCK_STATUS_TABLE_ERROR,
} from '../../src/i2o/utility.gen.ts';
import type { AbortMatch } from '../../src/iop/module/abort-match.ts';
import type { EventSource, Module } from '../../src/iop/module/module.ts';
import {
  CounterGroup,
  getNumber,
  NumberGroup,
  type ParameterGroup,
  putNumber,
} from '../../src/iop/module/parameter-group.ts';
import type { Outbound } from '../../src/iop/reply/outbound.ts';
import { PendingRequest } from '../../src/iop/reply/pending-request.ts';
import { NEVER } from '../../src/time/agent.ts';

export const SCALAR = 0x0001;
export const COUNTERS = 0x0100;
export const TABLE = 0x0200;
export const KEYLESS = 0x0201;

/** Rows of a u16 key and a u32 value. */
class Rows implements ParameterGroup {
  readonly number = TABLE;
  readonly table = true;
  readonly keyField = 0;
  readonly fields = [
    { name: 'key', byteLength: 2 },
    { name: 'value', byteLength: 4, writable: true },
    { name: 'secret', byteLength: 1, readable: false },
  ] as const;
  rows_: [number, number][] = [];

  get rows(): number {
    return this.rows_.length;
  }
  read(row: number, field: number, bytes: DataView, at: number): void {
    putNumber(bytes, at, field === 0 ? 2 : 4, this.rows_[row][field]);
  }
  write(row: number, _field: number, bytes: DataView, at: number): number {
    this.rows_[row][1] = getNumber(bytes, at, 4);
    return BLOCK_STATUS_SUCCESS;
  }
  addRow(bytes: DataView, at: number): number {
    if (this.rows_.length === 4) return BLOCK_STATUS_TABLE_ERROR;
    this.rows_.push([getNumber(bytes, at, 2), getNumber(bytes, at + 2, 4)]);
    return BLOCK_STATUS_SUCCESS;
  }
  deleteRow(row: number): number {
    this.rows_.splice(row, 1);
    return BLOCK_STATUS_SUCCESS;
  }
  clear(): void {
    this.rows_ = [];
  }
}

export class FakeModule implements Module {
  readonly classId: number = 0x0a1;
  readonly classVersion = 1;
  readonly eventCapabilities = 0x7;
  readonly parameterGroups: readonly ParameterGroup[];
  readonly table = new Rows();
  readonly open: PendingRequest[] = [];
  readonly numbers = [1, 0x1122, 0x33445566, 7];
  counted = 5;
  throwing = false;
  quiesceThrows = false;
  asserting = false;
  quiesceAsserts = false;
  quiesced = 0;
  events: EventSource | undefined;
  readonly outbound: Outbound;

  constructor(outbound: Outbound) {
    this.outbound = outbound;
    this.parameterGroups = [
      new NumberGroup(
        SCALAR,
        [
          { name: 'byte', byteLength: 1, writable: true },
          { name: 'half', byteLength: 2, writable: true },
          { name: 'word', byteLength: 4 },
          { name: 'hidden', byteLength: 8, readable: false },
        ],
        (field) => this.numbers[field],
        (field, value) => {
          if (value > 0x8000) return BLOCK_STATUS_SCALAR_ERROR;
          this.numbers[field] = value;
          return BLOCK_STATUS_SUCCESS;
        },
      ),
      new CounterGroup(COUNTERS, ['a', 'b'], (field) => this.counted + field * 2 ** 33),
      this.table,
      {
        number: KEYLESS,
        table: true,
        keyField: -1,
        rows: 2,
        fields: [{ name: 'n', byteLength: 4 }],
        read: (row, _field, bytes, at) => putNumber(bytes, at, 4, row + 10),
        write: () => BLOCK_STATUS_SCALAR_ERROR,
      },
    ];
  }

  attachEvents(events: EventSource): void {
    this.events = events;
  }
  setHostPageBytes(): void {}
  request(frame: number): void {
    if (this.asserting) throw new AssertionFailure('fake module: it is asked');
    if (this.throwing) {
      this.outbound.acquire();
      throw new Error('module');
    }
    const request = new PendingRequest();
    request.hold(this.outbound.words, frame);
    this.open.push(request);
  }
  abort(match: AbortMatch): number {
    const victims = this.open.filter((r) => match.matches(r.functionCode, r.transactionContext));
    for (const victim of victims) this.answer(victim, REQUEST_STATUS_ABORT_NO_DATA);
    return victims.length;
  }
  poll(): number {
    return 0;
  }
  nextDeadlineNs(): number {
    return NEVER;
  }
  quiesce(): void {
    this.quiesced += 1;
    if (this.quiesceAsserts) throw new AssertionFailure('fake module: it is quiesced');
    if (this.quiesceThrows) throw new Error('quiesce');
    this.open.length = 0;
  }
  /** Answers the oldest open request. */
  finish(): void {
    this.answer(this.open[0], REQUEST_STATUS_SUCCESS);
  }
  private answer(request: PendingRequest, status: number): void {
    this.open.splice(this.open.indexOf(request), 1);
    this.outbound.answer(request, status, 0);
  }
}
