/**
 * Brings the card up, in the order Linux and NetBSD did (reference section 4.3): StatusGet, OutboundInit, SysTabSet,
 * SysEnable, LctNotify. Each step is checked; the first that fails ends it with one plain line.
 */
import type { Region } from '../../dma/region.ts';
import {
  getLctEntryClassId,
  getLctEntryClassVersion,
  getLctEntryLocalTid,
  getLctHeaderTableWords,
  getStatusBlockInboundFrameWords,
  getStatusBlockIopState,
  getStatusBlockSyncByte,
  IOP_STATE_RESET,
  LCT_ENTRY_WORDS,
  LCT_HEADER_WORDS,
  STATUS_BLOCK_WORDS,
  writeExecLctNotify,
  writeExecOutboundInit,
  writeExecStatusGet,
  writeExecSysEnable,
  writeExecSysTabSet,
} from '../../i2o/executive.gen.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { SGL_LAST, SGL_SIMPLE_IN, SGL_SIMPLE_OUT, writeSglSimple } from '../../i2o/sgl.ts';
import { DEVICE_TID, HOST_TID, IOP_TID, SOCKET_CLASS_ID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { errnoName } from '../../socket/errno.ts';
import type { Driver } from '../kernel/driver.ts';
import type { ControlCall } from './control-call.ts';
import { HANDLER_CONTROL, HANDLER_NONE } from './handlers.ts';
import type { Requests } from './requests.ts';

const STATUS_BLOCK_AT = 0;
const STATUS_WORD_AT = 128;
const SYSTEM_TABLE_AT = 256;
const SYSTEM_TABLE_BYTES = 48;
const LCT_AT = 1024;
const LCT_BYTES = 1024;
const OUTBOUND_INIT_COMPLETE = 4;
const INIT_CODE_OPERATING_SYSTEM = 0x80;
const HOST_PAGE_BYTES = 4096;

export class BringUp {
  private readonly words: Int32Array;
  private readonly controlOffset: number;
  private readonly requests: Requests;
  private readonly control: ControlCall;
  private readonly driver: Driver;

  constructor(
    region: Region,
    controlOffset: number,
    requests: Requests,
    control: ControlCall,
    driver: Driver,
  ) {
    this.words = region.words;
    this.controlOffset = controlOffset;
    this.requests = requests;
    this.control = control;
    this.driver = driver;
  }

  /**
   * From RESET to OPERATIONAL. @param pause called between looks at polled memory; rests or runs the card.
   * @param classId class the card's device must have. @throws Error naming the step that failed.
   */
  run(classId: number, pause: () => boolean): void {
    this.statusGet(pause);
    this.outboundInit(pause);
    this.driver.supplyOutbound();
    this.sysTabSet();
    const frame = this.frame();
    writeExecSysEnable(this.words, frame, IOP_TID, HOST_TID, HANDLER_CONTROL, this.control.begin());
    this.requests.post();
    this.replied('SysEnable');
    const version = this.findDevice(classId);
    // Only a socket device takes receive buckets.
    if (classId === SOCKET_CLASS_ID) this.driver.goOnline(version);
  }

  private frame(): number {
    const frame = this.driver.awaitFrame();
    if (frame === NO_FRAME) throw new Error('the card takes no frames');
    return frame;
  }

  private replied(step: string): void {
    const errno = this.driver.awaitControl();
    if (errno !== 0) throw new Error(`the card refused ${step} (${errnoName(errno)})`);
  }

  private polled(step: string, done: () => boolean, pause: () => boolean): void {
    while (!done()) {
      if (!pause()) throw new Error(`the card did not answer ${step}`);
    }
  }

  private statusGet(pause: () => boolean): void {
    const { words, controlOffset } = this;
    const at = (controlOffset + STATUS_BLOCK_AT) >> 2;
    words.fill(0, at, at + STATUS_BLOCK_WORDS);
    writeExecStatusGet(
      words,
      this.frame(),
      IOP_TID,
      HOST_TID,
      HANDLER_NONE,
      0,
      controlOffset + STATUS_BLOCK_AT,
      0,
      STATUS_BLOCK_WORDS * 4,
    );
    this.requests.post();
    const lastWord = at + STATUS_BLOCK_WORDS - 1;
    this.polled(
      'StatusGet',
      () => Atomics.load(words, lastWord) !== 0 && getStatusBlockSyncByte(words, at) === 0xff,
      pause,
    );
    const state = getStatusBlockIopState(words, at);
    if (state !== IOP_STATE_RESET) throw new Error(`the card is in state 0x${state.toString(16)}, not RESET`);
    const frameWords = getStatusBlockInboundFrameWords(words, at);
    if (frameWords !== FRAME_WORDS)
      throw new Error(`the card has frames of ${frameWords} words, not ${FRAME_WORDS}`);
  }

  private outboundInit(pause: () => boolean): void {
    const { words, controlOffset } = this;
    const statusWord = (controlOffset + STATUS_WORD_AT) >> 2;
    Atomics.store(words, statusWord, 0);
    const frame = this.frame();
    writeExecOutboundInit(
      words,
      frame,
      IOP_TID,
      HOST_TID,
      HANDLER_NONE,
      0,
      HOST_PAGE_BYTES,
      INIT_CODE_OPERATING_SYSTEM,
      FRAME_WORDS,
      8,
    );
    writeSglSimple(words, frame + 6, SGL_SIMPLE_IN | SGL_LAST, 4, controlOffset + STATUS_WORD_AT);
    this.requests.post();
    this.polled('OutboundInit', () => Atomics.load(words, statusWord) > 1, pause);
    const status = Atomics.load(words, statusWord);
    if (status !== OUTBOUND_INIT_COMPLETE)
      throw new Error(`the card failed OutboundInit with status ${status}`);
  }

  private sysTabSet(): void {
    const { words, controlOffset } = this;
    const frame = this.frame();
    writeExecSysTabSet(words, frame, IOP_TID, HOST_TID, HANDLER_CONTROL, this.control.begin(), 2, 0, 0, 12);
    const flags = SGL_SIMPLE_OUT;
    let at = writeSglSimple(words, frame + 6, flags, SYSTEM_TABLE_BYTES, controlOffset + SYSTEM_TABLE_AT);
    at = writeSglSimple(words, at, flags, 4, controlOffset + SYSTEM_TABLE_AT);
    writeSglSimple(words, at, flags | SGL_LAST, 4, controlOffset + SYSTEM_TABLE_AT);
    this.requests.post();
    this.replied('SysTabSet');
  }

  /** @returns the version of the class that the card's table names. */
  private findDevice(classId: number): number {
    const { words, controlOffset } = this;
    const frame = this.frame();
    writeExecLctNotify(words, frame, IOP_TID, HOST_TID, HANDLER_CONTROL, this.control.begin(), -1, 0, 8);
    writeSglSimple(words, frame + 6, SGL_SIMPLE_IN | SGL_LAST, LCT_BYTES, controlOffset + LCT_AT);
    this.requests.post();
    this.replied('LctNotify');
    const table = (controlOffset + LCT_AT) >> 2;
    const tableWords = getLctHeaderTableWords(words, table);
    for (let at = LCT_HEADER_WORDS; at + LCT_ENTRY_WORDS <= tableWords; at += LCT_ENTRY_WORDS) {
      const entry = table + at;
      if (getLctEntryClassId(words, entry) === classId && getLctEntryLocalTid(words, entry) === DEVICE_TID)
        return getLctEntryClassVersion(words, entry);
    }
    throw new Error(`the card has no device of class 0x${classId.toString(16).padStart(3, '0')}`);
  }
}
