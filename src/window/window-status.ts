/** Requests of the window class that are refused whole: by a code of the class's, and counted by it. */
import { REQUEST_STATUS_ERROR_NO_DATA } from '../i2o/executive.gen.ts';
import * as statuses from '../i2o/window.gen.ts';
import type { Outbound } from '../iop/reply/outbound.ts';
import * as names from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** What counts a refusal, by its code. */
const COUNTERS: ReadonlyMap<number, number> = new Map([
  [statuses.WINDOW_DETAILED_STATUS_OUTSIDE_WINDOW, names.WINDOW_OUTSIDE],
  [statuses.WINDOW_DETAILED_STATUS_NOT_FILLED, names.WINDOW_NOT_FILLED],
  [statuses.WINDOW_DETAILED_STATUS_ALREADY_FILLED, names.WINDOW_ALREADY_FILLED],
  [statuses.WINDOW_DETAILED_STATUS_NOT_HELD, names.WINDOW_NOT_HELD],
  [statuses.WINDOW_DETAILED_STATUS_BAD_TRANSACTION, names.WINDOW_BAD_TRANSACTIONS],
  [statuses.WINDOW_DETAILED_STATUS_OUT_OF_MEMORY, names.WINDOW_OVERFULL],
]);

export class WindowRefusals {
  private readonly outbound: Outbound;
  private readonly counters: Float64Array;

  constructor(outbound: Outbound, ledger: Ledger) {
    this.outbound = outbound;
    this.counters = ledger.counters;
  }

  /** Answers a request that is well formed, and cannot be served. @param status a WINDOW_DETAILED_STATUS_. */
  refuse(frame: number, status: number): void {
    const counter = COUNTERS.get(status);
    if (counter !== undefined) this.counters[counter] += 1;
    this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, status);
  }

  /** Answers one that is malformed. @param errorOffset byte of the message; 0: not said. */
  malformed(frame: number, detailedStatus: number, errorOffset: number): void {
    this.counters[names.INBOUND_REFUSED] += 1;
    this.outbound.transactionError(frame, detailedStatus, errorOffset, 0);
  }

  /** Answers a function that the class does not have. */
  unserved(frame: number, detailedStatus: number): void {
    this.counters[names.INBOUND_REFUSED] += 1;
    this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, detailedStatus);
  }
}
