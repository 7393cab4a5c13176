/**
 * I2O 1.5's ExecLctNotify: it is answered at once, or kept until the logical configuration table has changed
 * as far as the host asks for. A request that is kept is answered once; a host that wants to hear of the next
 * change asks again, as Linux did (drivers/message/i2o/exec-osm.c).
 */
import { assert } from '../../assert/assert.ts';
import { atOrAfter } from '../../dma/wrapping.ts';
import {
  DETAILED_STATUS_INSUFFICIENT_RESOURCE_SOFT,
  DETAILED_STATUS_SUCCESS,
  EXEC_LCT_NOTIFY,
  EXEC_LCT_NOTIFY_SGL_WORD,
  getExecLctNotifyClassFilter,
  getExecLctNotifyLastChangeIndicator,
  LCT_HEADER_WORDS,
  REQUEST_STATUS_ABORT_NO_DATA,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_PROCESS_ABORT_NO_DATA,
  REQUEST_STATUS_SUCCESS,
} from '../../i2o/executive.gen.ts';
import { SGL_BAD_PARAMETER } from '../../i2o/list/sgl.ts';
import { AnswerPlace } from '../lists/answer-place.ts';
import type { ControlLists } from '../lists/control-lists.ts';
import type { AbortMatch } from '../module/abort-match.ts';
import type { Outbound } from '../reply/outbound.ts';
import { PendingRequest } from '../reply/pending-request.ts';
import type { IopState } from '../state/iop-state.ts';
import type { Tables } from './tables.ts';

/** Requests that can be outstanding: so many that IopClear can answer all of them at once (REPLY_RESERVE). */
export const LCT_NOTIFIES_MAX = 2;
/** Pieces of memory that an outstanding one may name. */
const PIECES_MAX = 8;

class Outstanding extends PendingRequest {
  readonly place = new AnswerPlace(PIECES_MAX);
  classFilter = 0;
  wanted = 0;
}

export class LctNotify {
  private readonly outbound: Outbound;
  private readonly iop: IopState;
  private readonly tables: Tables;
  private readonly lists: ControlLists;
  private readonly outstanding: readonly Outstanding[];

  constructor(outbound: Outbound, iop: IopState, tables: Tables, lists: ControlLists) {
    this.outbound = outbound;
    this.iop = iop;
    this.tables = tables;
    this.lists = lists;
    this.outstanding = Array.from({ length: LCT_NOTIFIES_MAX }, () => new Outstanding());
  }

  request(frame: number, sizeWords: number): void {
    const { outbound, lists } = this;
    const fault = lists.open(frame, EXEC_LCT_NOTIFY_SGL_WORD, sizeWords);
    if (fault !== 0 || lists.place.byteLength < LCT_HEADER_WORDS * 4) {
      const offset = fault === 0 ? EXEC_LCT_NOTIFY_SGL_WORD * 4 : lists.errorOffset;
      outbound.transactionError(frame, fault || SGL_BAD_PARAMETER, offset, 0);
      return;
    }
    const classFilter = getExecLctNotifyClassFilter(outbound.words, frame);
    const wanted = getExecLctNotifyLastChangeIndicator(outbound.words, frame);
    if (this.reached(wanted)) {
      this.write(lists.place, classFilter);
      outbound.status(frame, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
      return;
    }
    const free = this.outstanding.find(({ open }) => !open);
    if (free === undefined || !free.place.copy(lists.place)) {
      outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, DETAILED_STATUS_INSUFFICIENT_RESOURCE_SOFT);
      return;
    }
    free.hold(outbound.words, frame);
    free.classFilter = classFilter;
    free.wanted = wanted;
  }

  /** Answers those whose change has come, as far as there are frames. @returns how many. */
  poll(): number {
    let answered = 0;
    for (const request of this.outstanding) {
      if (!request.open || !this.reached(request.wanted) || !this.outbound.hasFrame()) continue;
      this.write(request.place, request.classFilter);
      this.outbound.answer(request, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
      answered += 1;
    }
    return answered;
  }

  /** Whether any request is outstanding. */
  get open(): boolean {
    return this.outstanding.some(({ open }) => open);
  }

  /** Whether one waits for nothing but a frame. */
  get due(): boolean {
    return this.outstanding.some(({ open, wanted }) => open && this.reached(wanted));
  }

  /** UtilAbort. @returns requests ended. */
  abort(match: AbortMatch): number {
    return this.endAll(REQUEST_STATUS_ABORT_NO_DATA, (request) =>
      match.endsExecutive(EXEC_LCT_NOTIFY, request),
    );
  }

  /** IopClear: all end, and are answered. */
  clear(): void {
    this.endAll(REQUEST_STATUS_PROCESS_ABORT_NO_DATA, () => true);
  }

  /** IopReset: all are forgotten, and none is answered. */
  reset(): void {
    for (const request of this.outstanding) request.open = false;
  }

  private endAll(status: number, chosen: (request: PendingRequest) => boolean): number {
    let ended = 0;
    for (const request of this.outstanding) {
      if (!request.open || !chosen(request)) continue;
      this.outbound.answer(request, status, DETAILED_STATUS_SUCCESS);
      ended += 1;
    }
    assert(ended <= LCT_NOTIFIES_MAX, 'lct notify: no more end than can be outstanding');
    return ended;
  }

  /** Whether the table has changed so far; 0 asks for an answer at once. */
  private reached(indicator: number): boolean {
    return indicator === 0 || atOrAfter(this.iop.changeIndicator, indicator);
  }

  private write(place: AnswerPlace, classFilter: number): void {
    const { lists } = this;
    assert(
      place.byteLength >= LCT_HEADER_WORDS * 4,
      'lct notify: a table is written where its head has room',
    );
    lists.answer(place, this.tables.lct(lists.resultWords, classFilter, place.byteLength));
  }
}
