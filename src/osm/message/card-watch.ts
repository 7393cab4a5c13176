/**
 * What the card tells of itself once it is up, asked for as Linux's i2o_exec did
 * (drivers/message/i2o/exec-osm.c): one ExecLctNotify that stays open until the table of devices changes, and
 * a registration for every event of the executive. Bring-up starts it; the dispatch of replies brings the
 * answers; the driver asks `look` whether the device is still there.
 *
 * No event says that a device is gone from the table, so each new table is looked through for it; then the
 * request is made again. Off the hot path: the driver looks at `due` once for many replies.
 */
import { assert } from '../../assert/assert.ts';
import {
  EXEC_LCT_NOTIFY,
  EXECUTIVE_EVENT_DDM_AVAILABILITY,
  getLctEntryClassId,
  getLctHeaderChangeIndicator,
  LCT_HEADER_WORDS,
  writeExecLctNotify,
} from '../../i2o/executive.gen.ts';
import { SGL_LAST, SGL_SIMPLE_IN, SGL_SIMPLE_WORDS, writeSglSimple } from '../../i2o/list/sgl.ts';
import { HOST_TID, IOP_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import {
  DEVICE_STATE_CHANGE_FAILED,
  GENERIC_EVENT_STATE_CHANGE,
  UTIL_EVENT_REGISTER,
  UTIL_EVENT_REGISTER_REPLY_WORDS,
  writeUtilEventRegister,
} from '../../i2o/utility.gen.ts';
import { EXECUTIVE_EVENTS_TAKEN, TABLE_CHANGES } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { type DeviceTable, entryOfTid, isCut, NO_ENTRY } from './device-table.ts';
import { HANDLER_WATCH } from './handlers.ts';
import type { InboundFrames } from './inbound-frames.ts';

const EVERY_CLASS = -1;
const EVERY_EVENT = -1;
/** Where an LctNotify's list begins, and its words with the one element of that list. */
const NOTIFY_SGL_WORD = 6;
const NOTIFY_WORDS = NOTIFY_SGL_WORD + SGL_SIMPLE_WORDS;
/**
 * In DdmAvailability's data: from this value on (silent, protection, code) the module does not answer any
 * more.
 */
const AVAILABILITY_SILENT = 2;

/** The device that is watched over, and the memory where the card writes the table. */
export interface WatchedDevice {
  readonly tid: number;
  readonly classId: number;
  readonly table: DeviceTable;
}

export class CardWatch {
  /** Something has come that `look` is to be called for. */
  due = false;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly requests: InboundFrames;
  private device: WatchedDevice | undefined;
  /**
   * Counted up with each request, so that an answer to what was asked before a reset is told from one to the
   * latest.
   */
  private transaction = 0;
  private outstanding = false;
  private changed = false;
  private failed = false;

  constructor(words: Int32Array, ledger: Ledger, requests: InboundFrames) {
    this.words = words;
    this.counters = ledger.counters;
    this.requests = requests;
  }

  /**
   * The card is up: asks to be told of the table's next change. The table's memory is the card's to write
   * from now on.
   * @param frame a free one.
   * @param indicator the table's change indicator, as last read.
   */
  begin(frame: number, device: WatchedDevice, indicator: number): void {
    assert(device.table.roomWords >= LCT_HEADER_WORDS, 'card watch: there is room for the head of a table');
    assert(
      device.tid === this.requests.deviceTid,
      'card watch: it watches over the device that requests go to',
    );
    this.device = device;
    this.forget();
    this.ask(frame, device.table, indicator);
  }

  /** The card was reset, and has forgotten what was asked. */
  forget(): void {
    this.due = false;
    this.changed = false;
    this.failed = false;
    this.outstanding = false;
  }

  /** Asks for every event of the executive. @param frame a free one. */
  register(frame: number): void {
    assert(
      frame === this.requests.acquired,
      'card watch: a registration is written in the frame acquired for it',
    );
    this.transaction = (this.transaction + 1) | 0;
    writeUtilEventRegister(
      this.words,
      frame,
      IOP_TID,
      HOST_TID,
      HANDLER_WATCH,
      this.transaction,
      EVERY_EVENT,
    );
    this.requests.post();
  }

  /** A reply of this handler. @returns false when nothing was asked that it could answer. */
  take(words: Int32Array, frame: number): boolean {
    const word1 = words[frame + 1];
    if ((word1 & 0xfff) !== IOP_TID) return false;
    if (word1 >>> 24 === UTIL_EVENT_REGISTER) return this.event(words, frame);
    if (word1 >>> 24 !== EXEC_LCT_NOTIFY || !this.outstanding || words[frame + 3] !== this.transaction) {
      return false;
    }
    this.outstanding = false;
    // A request that was ended, by IopClear or by an abort, says so in its status and has written no table.
    this.changed = words[frame + 4] === 0;
    this.due = this.due || this.changed;
    return true;
  }

  /** Looks at what came, and asks again. @returns false when the card has failed, or the device is gone. */
  look(): boolean {
    if (this.failed) return false;
    if (!this.changed) {
      this.due = false;
      return true;
    }
    const { device } = this;
    assert(device !== undefined, 'card watch: a table has changed only after one was asked for');
    const frame = this.requests.acquire();
    // Without a frame to ask again by it stays due.
    if (frame === NO_FRAME) return true;
    this.due = false;
    this.changed = false;
    this.counters[TABLE_CHANGES] += 1;
    const there = this.isThere(device);
    this.ask(frame, device.table, getLctHeaderChangeIndicator(this.words, device.table.at));
    return there;
  }

  private ask(frame: number, table: DeviceTable, indicator: number): void {
    const { words } = this;
    assert(!this.outstanding, 'card watch: one request for the table is open at a time');
    assert(frame === this.requests.acquired, 'card watch: a table is asked for in the frame acquired for it');
    this.transaction = (this.transaction + 1) | 0;
    // An indicator of 0 would ask for an answer at once.
    const next = (indicator + 1) | 0 || 1;
    writeExecLctNotify(
      words,
      frame,
      IOP_TID,
      HOST_TID,
      HANDLER_WATCH,
      this.transaction,
      EVERY_CLASS,
      next,
      NOTIFY_WORDS,
    );
    writeSglSimple(
      words,
      frame + NOTIFY_SGL_WORD,
      SGL_SIMPLE_IN | SGL_LAST,
      table.roomWords * 4,
      table.at * 4,
    );
    this.requests.post();
    this.outstanding = true;
  }

  private event(words: Int32Array, frame: number): boolean {
    if (words[frame] >>> 16 < UTIL_EVENT_REGISTER_REPLY_WORDS) return false;
    this.counters[EXECUTIVE_EVENTS_TAKEN] += 1;
    const indicator = words[frame + 4];
    const data = words[frame + 5];
    const silent = indicator === EXECUTIVE_EVENT_DDM_AVAILABILITY && data >= AVAILABILITY_SILENT;
    const failed =
      indicator === (GENERIC_EVENT_STATE_CHANGE | 0) && (data & 0xff) >= DEVICE_STATE_CHANGE_FAILED;
    if (silent || failed) {
      this.failed = true;
      this.due = true;
    }
    return true;
  }

  /** Whether the table still has the device. One that was cut before its entry is no sign that it is gone. */
  private isThere({ tid, classId, table }: WatchedDevice): boolean {
    const entry = entryOfTid(table, tid);
    return entry === NO_ENTRY ? isCut(table) : getLctEntryClassId(this.words, entry) === classId;
  }
}
