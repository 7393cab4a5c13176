/**
 * The executive class, TID 0: brings the card up and names its devices (I2O 1.5; reference section 4). States go
 * RESET → OutboundInit → HOLD → SysTabSet → READY → SysEnable → OPERATIONAL; SysQuiesce goes back to READY, IopReset to RESET.
 * StatusGet, OutboundInit and IopReset complete in polled memory, not by a reply, since there may be no outbound frame yet.
 */

import type { Region } from '../dma/region.ts';
import {
  checkExecutiveRequest,
  DETAILED_STATUS_INAPPROPRIATE_FUNCTION,
  DETAILED_STATUS_INVALID_PARAMETER,
  DETAILED_STATUS_SUCCESS,
  DETAILED_STATUS_UNKNOWN_FUNCTION,
  EXEC_IOP_RESET,
  EXEC_LCT_NOTIFY,
  EXEC_OUTBOUND_INIT,
  EXEC_STATUS_GET,
  EXEC_SYS_ENABLE,
  EXEC_SYS_QUIESCE,
  EXEC_SYS_TAB_SET,
  getExecIopResetStatusAddressLow,
  getExecOutboundInitOutboundFrameWords,
  getExecStatusGetBufferAddressLow,
  getExecSysTabSetHostUnitId,
  getExecSysTabSetIopId,
  IOP_STATE_HOLD,
  IOP_STATE_OPERATIONAL,
  IOP_STATE_READY,
  IOP_STATE_RESET,
  LCT_ENTRY_WORDS,
  LCT_HEADER_WORDS,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_SUCCESS,
  REQUEST_STATUS_TRANSACTION_ERROR,
  STATUS_BLOCK_WORDS,
  writeLctEntry,
  writeLctHeader,
  writeStatusBlock,
} from '../i2o/executive.gen.ts';
import { FRAME_WORDS } from '../i2o/frame.ts';
import { DEVICE_TID, IOP_TID, ORGANIZATION_ID } from '../i2o/tids.ts';
import type { Module } from './module.ts';
import type { Outbound } from './outbound.ts';

/** Polled status words, reference section 3.5. */
export const RESET_IN_PROGRESS = 1;
export const OUTBOUND_INIT_FAILED = 3;
export const OUTBOUND_INIT_COMPLETE = 4;
/** Nobody has claimed the device. */
const TID_NONE = 0xfff;

export interface ExecutiveConfig {
  readonly inboundFrames: number;
  readonly outboundFrames: number;
  /** The only part of the region the executive may write for the host: first address, and one past the last. */
  readonly controlStart: number;
  readonly controlEnd: number;
}

export class Executive {
  /** Whether device messages are taken. Kept apart from the state so that the run loop reads one boolean. */
  operational = false;
  /** Whether there may be outbound frames. In RESET there are none, and every request completes in polled memory. */
  replies = false;
  private state: number = IOP_STATE_RESET;
  private iopId = 0;
  private hostUnitId = 0;
  private readonly region: Region;
  private readonly words: Int32Array;
  private readonly outbound: Outbound;
  private readonly module: Module;
  private readonly config: ExecutiveConfig;

  constructor(region: Region, outbound: Outbound, module: Module, config: ExecutiveConfig) {
    this.region = region;
    this.words = region.words;
    this.outbound = outbound;
    this.module = module;
    this.config = config;
  }

  request(frame: number, functionCode: number, sizeWords: number): void {
    const fault = checkExecutiveRequest(this.words, frame, sizeWords);
    if (fault !== 0) {
      if (this.state !== IOP_STATE_RESET) {
        const known = fault !== DETAILED_STATUS_UNKNOWN_FUNCTION;
        const status = known ? REQUEST_STATUS_TRANSACTION_ERROR : REQUEST_STATUS_ERROR_NO_DATA;
        this.outbound.status(frame, status, fault);
      }
      return;
    }
    switch (functionCode) {
      case EXEC_STATUS_GET:
        this.statusGet(frame);
        break;
      case EXEC_OUTBOUND_INIT:
        this.outboundInit(frame);
        break;
      case EXEC_IOP_RESET:
        this.reset(frame);
        break;
      case EXEC_SYS_TAB_SET:
        if (this.refusedUnless(frame, IOP_STATE_HOLD, IOP_STATE_READY)) break;
        this.iopId = getExecSysTabSetIopId(this.words, frame);
        this.hostUnitId = getExecSysTabSetHostUnitId(this.words, frame);
        this.enter(frame, IOP_STATE_READY);
        break;
      case EXEC_SYS_ENABLE:
        if (this.refusedUnless(frame, IOP_STATE_READY, IOP_STATE_OPERATIONAL)) break;
        this.enter(frame, IOP_STATE_OPERATIONAL);
        break;
      case EXEC_SYS_QUIESCE:
        if (this.refusedUnless(frame, IOP_STATE_OPERATIONAL, IOP_STATE_READY)) break;
        this.module.quiesce();
        this.enter(frame, IOP_STATE_READY);
        break;
      case EXEC_LCT_NOTIFY:
        this.lctNotify(frame);
        break;
      default:
        this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, DETAILED_STATUS_UNKNOWN_FUNCTION);
    }
  }

  private enter(frame: number, state: number): void {
    this.state = state;
    this.operational = state === IOP_STATE_OPERATIONAL;
    this.outbound.status(frame, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
  }

  private refusedUnless(frame: number, state: number, alternative: number): boolean {
    if (this.state === state || this.state === alternative) return false;
    if (this.state !== IOP_STATE_RESET) {
      this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, DETAILED_STATUS_INAPPROPRIATE_FUNCTION);
    }
    return true;
  }

  /** Whether the host may be written at an address: only its control area. */
  private writable(address: number, byteLength: number): boolean {
    const { controlStart, controlEnd } = this.config;
    return (
      (address & 3) === 0 && address >= controlStart && byteLength >= 0 && address + byteLength <= controlEnd
    );
  }

  private statusGet(frame: number): void {
    const address = getExecStatusGetBufferAddressLow(this.words, frame);
    if (!this.writable(address, STATUS_BLOCK_WORDS * 4)) return;
    const at = address >> 2;
    writeStatusBlock(
      this.words,
      at,
      ORGANIZATION_ID,
      this.iopId,
      this.hostUnitId,
      0,
      1,
      this.state,
      0,
      FRAME_WORDS,
      0x80,
      this.config.inboundFrames,
      this.config.inboundFrames,
      this.config.outboundFrames,
      (LCT_HEADER_WORDS + LCT_ENTRY_WORDS) * 4,
      0,
      0,
    );
    // The sync byte goes last and is what the host polls, so it alone must be ordered behind the rest.
    Atomics.store(this.words, at + STATUS_BLOCK_WORDS - 1, 0xff000000 | 0);
  }

  private outboundInit(frame: number): void {
    const words = this.words;
    const address = words[frame + 7]!;
    if (!this.writable(address, 4)) return;
    const fits = getExecOutboundInitOutboundFrameWords(words, frame) === FRAME_WORDS;
    if (fits && this.state === IOP_STATE_RESET) this.state = IOP_STATE_HOLD;
    this.replies = this.state !== IOP_STATE_RESET;
    const done = fits && this.state === IOP_STATE_HOLD;
    Atomics.store(words, address >> 2, done ? OUTBOUND_INIT_COMPLETE : OUTBOUND_INIT_FAILED);
  }

  private reset(frame: number): void {
    const address = getExecIopResetStatusAddressLow(this.words, frame);
    if (!this.writable(address, 4)) return;
    if (this.operational) this.module.quiesce();
    this.operational = false;
    this.replies = false;
    this.state = IOP_STATE_RESET;
    Atomics.store(this.words, address >> 2, RESET_IN_PROGRESS);
  }

  /** Writes the table where the simple element says, as much of it as fits: the host compares sizes and asks again. */
  private lctNotify(frame: number): void {
    if (this.state === IOP_STATE_RESET) return;
    const words = this.words;
    const byteLength = words[frame + 6]! & 0xffffff;
    const address = words[frame + 7]!;
    const tableWords = LCT_HEADER_WORDS + LCT_ENTRY_WORDS;
    if (byteLength < tableWords * 4 || !this.writable(address, tableWords * 4)) {
      this.outbound.status(frame, REQUEST_STATUS_TRANSACTION_ERROR, DETAILED_STATUS_INVALID_PARAMETER);
      return;
    }
    const at = address >> 2;
    writeLctHeader(this.region.words, at, tableWords, 0, 1, 0, 1);
    const { classId, classVersion } = this.module;
    writeLctEntry(
      words,
      at + LCT_HEADER_WORDS,
      LCT_ENTRY_WORDS,
      DEVICE_TID,
      1,
      0,
      classId,
      classVersion,
      ORGANIZATION_ID,
      0,
      TID_NONE,
      IOP_TID,
      0,
    );
    this.outbound.status(frame, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
  }
}
