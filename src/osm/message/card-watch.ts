/**
 * What the card tells of itself once it is up, as Linux asked for it (reference section 4.3, rows 9 and 10): one ExecLctNotify
 * that stays outstanding until the table changes, and a registration for every event of the executive. From bring-up: the
 * table's change indicator. From `replies`: their answers. To the driver: whether the device is still there.
 *
 * There is no event for an entry that is gone, so each new table is looked through for the device (reference section 4.6);
 * then the request is made again. Off the hot path: the driver looks at `due` once for many replies.
 */
import {
  EXEC_LCT_NOTIFY,
  EXECUTIVE_EVENT_DDM_AVAILABILITY,
  getLctEntryClassId,
  getLctEntryLocalTid,
  getLctHeaderChangeIndicator,
  getLctHeaderTableWords,
  LCT_ENTRY_WORDS,
  LCT_HEADER_WORDS,
  writeExecLctNotify,
} from '../../i2o/executive.gen.ts';
import { SGL_LAST, SGL_SIMPLE_IN, writeSglSimple } from '../../i2o/list/sgl.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../i2o/tids.ts';
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
import { HANDLER_WATCH } from './handlers.ts';
import type { Requests } from './requests.ts';

const EVERY_CLASS = -1;
const EVERY_EVENT = -1;
/** Words of an LctNotify with its one element, and where its list begins. */
const NOTIFY_WORDS = 8;
const NOTIFY_SGL_WORD = 6;
/** Data of DdmAvailability from which on the module does not answer any more: silent, protection, code. */
const AVAILABILITY_SILENT = 2;

export class CardWatch {
  /** Something came that `look` is to be called for. */
  due = false;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly requests: Requests;
  /** Where the card writes the table. */
  private address = 0;
  private byteLength = 0;
  private classId = 0;
  /** Contexts are counted on, so that an answer to what was asked before a reset is told from the latest one's. */
  private transaction = 0;
  private outstanding = false;
  private changed = false;
  private failed = false;

  constructor(words: Int32Array, ledger: Ledger, requests: Requests) {
    this.words = words;
    this.counters = ledger.counters;
    this.requests = requests;
  }

  /**
   * The card is up: asks to be told of the table's next change. @param frame a free one. @param address of `byteLength` bytes
   * that are the card's to write from now on. @param classId class of the device. @param indicator the table's, as last read.
   */
  begin(frame: number, address: number, byteLength: number, classId: number, indicator: number): void {
    this.address = address;
    this.byteLength = byteLength;
    this.classId = classId;
    this.forget();
    this.ask(frame, indicator);
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
    // A request that was ended, by IopClear or an abort, has written no table.
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
    const frame = this.requests.acquire();
    // Without one it stays due.
    if (frame === NO_FRAME) return true;
    this.due = false;
    this.changed = false;
    this.counters[TABLE_CHANGES] += 1;
    const there = this.deviceThere();
    this.ask(frame, getLctHeaderChangeIndicator(this.words, this.address >> 2));
    return there;
  }

  private ask(frame: number, indicator: number): void {
    const { words } = this;
    this.transaction = (this.transaction + 1) | 0;
    // 0 would ask for an answer now.
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
    writeSglSimple(words, frame + NOTIFY_SGL_WORD, SGL_SIMPLE_IN | SGL_LAST, this.byteLength, this.address);
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

  /** Whether the table has the device; one that was cut short is believed to. */
  private deviceThere(): boolean {
    const { words } = this;
    const table = this.address >> 2;
    const tableWords = getLctHeaderTableWords(words, table);
    const room = this.byteLength >> 2;
    for (
      let at = LCT_HEADER_WORDS;
      at + LCT_ENTRY_WORDS <= Math.min(tableWords, room);
      at += LCT_ENTRY_WORDS
    ) {
      const entry = table + at;
      if (getLctEntryLocalTid(words, entry) !== DEVICE_TID) continue;
      return getLctEntryClassId(words, entry) === this.classId;
    }
    return tableWords > room;
  }
}
