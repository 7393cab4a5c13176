/**
 * I2O 1.5's executive messages about the system as a whole: the system table, the hardware table, static
 * frames.
 */
import { assert } from '../../assert/assert.ts';
import {
  DETAILED_STATUS_INSUFFICIENT_RESOURCE_SOFT,
  DETAILED_STATUS_INVALID_OFFSET,
  DETAILED_STATUS_INVALID_PARAMETER,
  DETAILED_STATUS_INVALID_REQUEST,
  DETAILED_STATUS_SUCCESS,
  EXEC_HRT_GET_SGL_WORD,
  EXEC_STATIC_MF_CREATE,
  EXEC_SYS_MODIFY_SGL_WORD,
  EXEC_SYS_TAB_SET,
  EXEC_SYS_TAB_SET_SGL_WORD,
  EXECUTIVE_EVENT_XCT_CHANGE,
  getExecStaticMfCreateMaxOutstanding,
  getExecStaticMfReleaseStaticFrame,
  getExecSysTabSetHostUnitId,
  getExecSysTabSetIopId,
  getExecSysTabSetSegmentNumber,
  HRT_HEADER_WORDS,
  IOP_STATE_READY,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_SUCCESS,
  SYS_TAB_ENTRY_WORDS,
  SYS_TAB_HEADER_WORDS,
  writeExecStaticMfCreateReply,
} from '../../i2o/executive.gen.ts';
import {
  FLAG_MULTIPLE,
  frameFlags,
  frameInitiator,
  frameInitiatorContext,
  frameSizeWords,
  frameTarget,
  frameTransactionContext,
} from '../../i2o/frame.ts';
import { SGL_END_OF_BUFFER, SGL_LAST } from '../../i2o/list/sgl.ts';
import { headerFailure } from '../check/header-check.ts';
import type { ControlLists } from '../lists/control-lists.ts';
import type { Outbound } from '../reply/outbound.ts';
import { type IopState, SYSTEM_TABLE_WORDS } from '../state/iop-state.ts';
import type { ExecutiveTarget } from '../target/target.ts';
import type { StaticFrames } from './static-frames.ts';
import type { Tables } from './tables.ts';

/** Flags of a SIMPLE element of memory that the card reads, apart from LAST and END_OF_BUFFER. */
const SIMPLE_OUT = 0x14;
/** Elements of a system table's list, and words of each. */
const ELEMENTS = 3;
const ELEMENT_WORDS = 2;
/** Word at which the embedded request of ExecStaticMfCreate begins. */
const EMBEDDED_WORD = 5;

export class SystemRequests {
  private readonly outbound: Outbound;
  private readonly words: Int32Array;
  private readonly iop: IopState;
  private readonly tables: Tables;
  private readonly lists: ControlLists;
  private readonly staticFrames: StaticFrames;
  private readonly executive: ExecutiveTarget;

  constructor(
    outbound: Outbound,
    iop: IopState,
    tables: Tables,
    lists: ControlLists,
    staticFrames: StaticFrames,
    executive: ExecutiveTarget,
  ) {
    this.outbound = outbound;
    this.words = outbound.words;
    this.iop = iop;
    this.tables = tables;
    this.lists = lists;
    this.staticFrames = staticFrames;
    this.executive = executive;
  }

  /**
   * SysTabSet and SysModify. The list has three SIMPLE elements: the system table, which is read; the private
   * memory and the private I/O space that the host lends the card. The card has no use for these two: it only
   * notes them, and they may be empty.
   */
  set(frame: number, functionCode: number, sizeWords: number): void {
    const { iop, words, outbound } = this;
    const sglWord = functionCode === EXEC_SYS_TAB_SET ? EXEC_SYS_TAB_SET_SGL_WORD : EXEC_SYS_MODIFY_SGL_WORD;
    const at = frame + sglWord;
    const wrong = this.wrongElement(at, sizeWords - sglWord);
    if (wrong >= 0) {
      outbound.transactionError(
        frame,
        DETAILED_STATUS_INVALID_OFFSET,
        (sglWord + wrong * ELEMENT_WORDS) * 4,
        0,
      );
      return;
    }
    if (!this.readTable(words[at + 1], words[at] & 0xffffff)) {
      outbound.transactionError(frame, DETAILED_STATUS_INVALID_PARAMETER, sglWord * 4, 0);
      return;
    }
    iop.privateMemoryBytes = words[at + 2] & 0xffffff;
    iop.privateMemoryBase = words[at + 3];
    iop.privateIoBytes = words[at + 4] & 0xffffff;
    iop.privateIoBase = words[at + 5];
    if (functionCode === EXEC_SYS_TAB_SET) {
      iop.iopId = outbound.iopId = getExecSysTabSetIopId(words, frame);
      iop.hostUnitId = outbound.hostUnitId = getExecSysTabSetHostUnitId(words, frame);
      iop.segmentNumber = getExecSysTabSetSegmentNumber(words, frame);
      iop.enter(IOP_STATE_READY);
    }
    // The system table says whom the card can reach besides its host, so the event of changed connections is
    // due.
    this.executive.events.raise(EXECUTIVE_EVENT_XCT_CHANGE, 0);
    outbound.status(frame, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
  }

  /** HrtGet: the hardware table is small, so it is answered at once. */
  hrtGet(frame: number, sizeWords: number): void {
    const { lists, outbound } = this;
    const fault = lists.open(frame, EXEC_HRT_GET_SGL_WORD, sizeWords);
    if (fault !== 0 || lists.place.byteLength < HRT_HEADER_WORDS * 4) {
      const offset = fault === 0 ? EXEC_HRT_GET_SGL_WORD * 4 : lists.errorOffset;
      outbound.transactionError(frame, fault || DETAILED_STATUS_INVALID_PARAMETER, offset, 0);
      return;
    }
    lists.answer(lists.place, this.tables.hrt(lists.resultWords, lists.place.byteLength));
    outbound.status(frame, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
  }

  /** StaticMfCreate and StaticMfRelease. */
  staticFrame(frame: number, functionCode: number, sizeWords: number): void {
    const { iop, words, outbound, staticFrames } = this;
    if (functionCode !== EXEC_STATIC_MF_CREATE) {
      if (staticFrames.release(getExecStaticMfReleaseStaticFrame(words, frame))) {
        outbound.status(frame, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
      } else {
        outbound.transactionError(frame, DETAILED_STATUS_INVALID_PARAMETER, 16, 0);
      }
      return;
    }
    const embedded = frame + EMBEDDED_WORD;
    const size = frameSizeWords(words, embedded);
    const failure = headerFailure(words[embedded], words[embedded + 1], iop.devices.length);
    // A batch names new contexts each time it is posted, so it cannot be kept as a static frame.
    if (
      failure !== 0 ||
      size > sizeWords - EMBEDDED_WORD ||
      (frameFlags(words, embedded) & FLAG_MULTIPLE) !== 0
    ) {
      outbound.transactionError(frame, DETAILED_STATUS_INVALID_REQUEST, EMBEDDED_WORD * 4, 0);
      return;
    }
    const address = staticFrames.create(embedded, size, getExecStaticMfCreateMaxOutstanding(words, frame));
    if (address < 0) {
      outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, DETAILED_STATUS_INSUFFICIENT_RESOURCE_SOFT);
      return;
    }
    writeExecStaticMfCreateReply(
      words,
      outbound.acquire(),
      frameTarget(words, frame),
      frameInitiator(words, frame),
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      REQUEST_STATUS_SUCCESS,
      DETAILED_STATUS_SUCCESS,
      address,
    );
    outbound.post();
  }

  /**
   * @param at word index of the list. @param roomWords words of the message from there on.
   * @returns number of the first element that is not SIMPLE out, or that ends the list too early or too late;
   * -1: none.
   */
  private wrongElement(at: number, roomWords: number): number {
    assert(roomWords >= 0, 'system requests: a list begins in its message or at its end');
    for (let i = 0; i < ELEMENTS; i++) {
      if ((i + 1) * ELEMENT_WORDS > roomWords) return i;
      const flags = this.words[at + i * ELEMENT_WORDS] >>> 24;
      const last = i === ELEMENTS - 1 ? SGL_LAST : 0;
      if ((flags & ~SGL_END_OF_BUFFER) !== (SIMPLE_OUT | last)) return i;
    }
    return -1;
  }

  /**
   * Copies the system table.
   * @returns false when it does not lie wholly in the control area, or claims to be longer.
   */
  private readTable(address: number, byteLength: number): boolean {
    const { words, lists, iop } = this;
    if ((address & 3) !== 0 || !lists.contains(address, byteLength)) return false;
    if (byteLength < SYS_TAB_HEADER_WORDS * 4) return false;
    const at = address >> 2;
    const head = words[at];
    const entries = head & 0xff;
    const needed = SYS_TAB_HEADER_WORDS + entries * SYS_TAB_ENTRY_WORDS;
    if (needed * 4 > byteLength) return false;
    iop.systemTable.fill(0);
    for (let i = 1; i < Math.min(needed, SYSTEM_TABLE_WORDS); i++) iop.systemTable[i] = words[at + i];
    iop.systemTable[0] = head;
    return true;
  }
}
