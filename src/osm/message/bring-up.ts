/**
 * Brings the card up, in the order in which Linux (drivers/message/i2o/iop.c) and NetBSD (sys/dev/i2o/iop.c)
 * did: StatusGet, IopReset where the card is not in RESET, OutboundInit, HrtGet, SysTabSet, SysEnable,
 * LctNotify. The table that the last one brings names the devices by class, and the driver takes the first of
 * the wanted class that nobody has claimed. Since version 2 of the socket class follow UtilClaim, so that no
 * second driver takes the device, and the table once more, which must say that it is claimed. Last,
 * card-watch.ts asks to be told of what changes. Each step is checked; the first that fails ends bring-up
 * with one plain line.
 */
import { assert } from '../../assert/assert.ts';
import type { Region } from '../../dma/region.ts';
import {
  getHrtHeaderEntryCount,
  getHrtHeaderEntryWords,
  getLctEntryClassVersion,
  getLctEntryLocalTid,
  getLctEntryUserTid,
  getLctHeaderChangeIndicator,
  getLctHeaderTableWords,
  getStatusBlockI2oVersion,
  getStatusBlockInboundFrameWords,
  getStatusBlockIopState,
  getStatusBlockSyncByte,
  HRT_HEADER_WORDS,
  INIT_CODE_OPERATING_SYSTEM,
  IOP_STATE_HOLD,
  IOP_STATE_RESET,
  POLLED_STATUS_COMPLETE,
  POLLED_STATUS_IN_PROGRESS,
  STATUS_BLOCK_WORDS,
  SYS_TAB_ENTRY_WORDS,
  SYS_TAB_HEADER_WORDS,
  writeExecHrtGet,
  writeExecIopReset,
  writeExecLctNotify,
  writeExecOutboundInit,
  writeExecStatusGet,
  writeExecSysEnable,
  writeExecSysQuiesce,
  writeExecSysTabSet,
  writeSysTabEntry,
  writeSysTabHeader,
} from '../../i2o/executive.gen.ts';
import { FRAME_WORDS, VERSION_1_5 } from '../../i2o/frame.ts';
import { SGL_LAST, SGL_SIMPLE_IN, SGL_SIMPLE_OUT, writeSglSimple } from '../../i2o/list/sgl.ts';
import { HOST_TID, IOP_TID, NO_TID, ORGANIZATION_ID, SOCKET_CLASS_ID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import {
  CLAIM_FLAG_EXCLUSIVE,
  CLAIM_FLAG_RESET_SENSITIVE,
  CLAIM_FLAG_STATE_SENSITIVE,
  CLAIM_TYPE_PRIMARY,
  writeUtilClaim,
} from '../../i2o/utility.gen.ts';
import { ENETDOWN, errnoName } from '../../socket/errno.ts';
import type { CardWatch } from './card-watch.ts';
import {
  STATUS_BLOCK_AT,
  STATUS_WORD_AT,
  SYSTEM_TABLE_AT,
  TABLE_AT,
  TABLE_BYTES,
  TABLE_BYTES_MAX,
  WATCHED_TABLE_AT,
  WATCHED_TABLE_BYTES,
} from './control-area.ts';
import type { ControlCall, ControlCaller } from './control-call.ts';
import { type DeviceTable, entryOfClass, entryOfTid, NO_ENTRY } from './device-table.ts';
import { HANDLER_CONTROL, HANDLER_NONE } from './handlers.ts';
import type { InboundFrames } from './inbound-frames.ts';

/** Number of the card: unit 0 and 2, since Linux numbered its IOPs from 2 on. */
const IOP_ID = 2;
/** Version of the socket class since which the device is claimed. */
const CLAIM_SINCE = 2;
const HOST_PAGE_BYTES = 4096;

/** What bring-up needs of the driver: to make control requests, and to follow the card's states. */
export interface BringUpCaller extends ControlCaller {
  /** OutboundInit is complete: the card gets frames, each so many of the transport's, to reply in. */
  supplyOutbound(spacing: number): void;
  /**
   * The card has been reset, and has forgotten everything.
   * @param errno what every open socket fails with.
   */
  cardReset(errno: number): void;
  /**
   * The device has been found and, where its version allows it, claimed.
   * @param cardVersion of its class, as the table has it.
   */
  goOnline(cardVersion: number): void;
}

export class BringUp {
  private readonly words: Int32Array;
  private readonly controlOffset: number;
  private readonly requests: InboundFrames;
  private readonly control: ControlCall;
  private readonly caller: BringUpCaller;
  private readonly watch: CardWatch;
  private readonly classVersionMax: number;
  private readonly claimSince: number;
  private readonly outboundFrameWords: number;

  /**
   * @param classVersionMax the highest version of the class that the driver speaks.
   * @param claimSince the version of it since which the device is claimed.
   * @param outboundFrameWords its size.
   */
  constructor(
    region: Region,
    controlOffset: number,
    requests: InboundFrames,
    control: ControlCall,
    caller: BringUpCaller,
    watch: CardWatch,
    classVersionMax: number,
    claimSince = CLAIM_SINCE,
    outboundFrameWords = FRAME_WORDS,
  ) {
    this.words = region.words;
    this.controlOffset = controlOffset;
    this.requests = requests;
    this.control = control;
    this.caller = caller;
    this.watch = watch;
    this.classVersionMax = classVersionMax;
    this.claimSince = claimSince;
    this.outboundFrameWords = outboundFrameWords;
  }

  /**
   * From whatever state the card is in to OPERATIONAL.
   * @param classId class of the device to take.
   * @param pause called between looks at memory that the card is to write; it rests, or runs the card.
   * @returns false to give up.
   * @throws Error naming the step that failed.
   */
  run(classId: number, pause: () => boolean): void {
    if (this.statusGet(pause) !== IOP_STATE_RESET) this.reset(pause);
    this.fromReset(classId, pause);
  }

  /**
   * The same for a card that this driver has up already, whatever that is doing: it is reset first, and all
   * that is open ends.
   */
  again(classId: number, pause: () => boolean): void {
    this.reset(pause);
    this.fromReset(classId, pause);
  }

  private fromReset(classId: number, pause: () => boolean): void {
    this.outboundInit(pause);
    this.caller.supplyOutbound(Math.ceil(this.outboundFrameWords / FRAME_WORDS));
    this.hrtGet();
    this.sysTabSet();
    this.simple('SysEnable', writeExecSysEnable);
    const version = this.findDevice(classId);
    assert(this.requests.deviceTid !== NO_TID, 'bring-up: the device is known when the card is up');
    this.beginWatch(classId);
    // Only a socket device takes receive buckets.
    if (classId === SOCKET_CLASS_ID) this.caller.goOnline(version);
  }

  /**
   * Ends every request of the device: SysQuiesce, to READY.
   * @param timeoutNs how long a free frame may take, and the answer.
   * @throws Error when the card refuses, or does not answer.
   */
  quiesce(timeoutNs?: number): void {
    this.simple('SysQuiesce', writeExecSysQuiesce, timeoutNs);
  }

  /** A message of header words only, and its answer. */
  private simple(step: string, write: typeof writeExecSysEnable, timeoutNs?: number): void {
    const frame = this.frame(timeoutNs);
    write(this.words, frame, IOP_TID, HOST_TID, HANDLER_CONTROL, this.control.begin());
    this.requests.post();
    this.replied(step, timeoutNs);
  }

  /** Resets the card: everything that it, or an earlier driver, had open ends. */
  private reset(pause: () => boolean): void {
    const { words, controlOffset } = this;
    const statusWord = (controlOffset + STATUS_WORD_AT) >> 2;
    Atomics.store(words, statusWord, 0);
    const address = controlOffset + STATUS_WORD_AT;
    writeExecIopReset(words, this.frame(), IOP_TID, HOST_TID, HANDLER_NONE, 0, address, 0);
    this.requests.post();
    this.polled('IopReset', () => Atomics.load(words, statusWord) !== 0, pause);
    const status = Atomics.load(words, statusWord);
    if (status !== POLLED_STATUS_IN_PROGRESS)
      throw new Error(`the card refused IopReset with status ${status}`);
    this.caller.cardReset(ENETDOWN);
    let state = this.statusGet(pause);
    while (state !== IOP_STATE_RESET) {
      if (!pause()) throw new Error(`the card is in state 0x${state.toString(16)} after IopReset, not RESET`);
      state = this.statusGet(pause);
    }
  }

  private frame(timeoutNs?: number): number {
    const frame = this.caller.awaitFrame(timeoutNs);
    if (frame === NO_FRAME) throw new Error('the card takes no frames');
    return frame;
  }

  private replied(step: string, timeoutNs?: number): void {
    const errno = this.caller.awaitControl(timeoutNs);
    if (errno !== 0) throw new Error(`the card refused ${step} (${errnoName(errno)})`);
  }

  private polled(step: string, done: () => boolean, pause: () => boolean): void {
    while (!done()) {
      if (!pause()) throw new Error(`the card did not answer ${step}`);
    }
  }

  /** @returns the card's state, an IOP_STATE_ number. */
  private statusGet(pause: () => boolean): number {
    const { words, controlOffset } = this;
    const address = controlOffset + STATUS_BLOCK_AT;
    const at = address >> 2;
    words.fill(0, at, at + STATUS_BLOCK_WORDS);
    const bytes = STATUS_BLOCK_WORDS * 4;
    writeExecStatusGet(words, this.frame(), IOP_TID, HOST_TID, HANDLER_NONE, 0, address, 0, bytes);
    this.requests.post();
    const lastWord = at + STATUS_BLOCK_WORDS - 1;
    this.polled(
      'StatusGet',
      () => Atomics.load(words, lastWord) !== 0 && getStatusBlockSyncByte(words, at) === 0xff,
      pause,
    );
    const version = getStatusBlockI2oVersion(words, at);
    if (version !== VERSION_1_5)
      throw new Error(`the card speaks I2O version ${version}, not ${VERSION_1_5}`);
    const frameWords = getStatusBlockInboundFrameWords(words, at);
    if (frameWords !== FRAME_WORDS)
      throw new Error(`the card has frames of ${frameWords} words, not ${FRAME_WORDS}`);
    return getStatusBlockIopState(words, at);
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
      this.outboundFrameWords,
      8,
    );
    writeSglSimple(words, frame + 6, SGL_SIMPLE_IN | SGL_LAST, 4, controlOffset + STATUS_WORD_AT);
    this.requests.post();
    this.polled('OutboundInit', () => Atomics.load(words, statusWord) > 1, pause);
    const status = Atomics.load(words, statusWord);
    if (status !== POLLED_STATUS_COMPLETE)
      throw new Error(`the card failed OutboundInit with status ${status}`);
  }

  /**
   * Asks for a table until its buffer holds all of it.
   * @param needed says how many bytes the table says it has.
   */
  private wholeTable(step: string, ask: (roomBytes: number) => void, needed: () => number): void {
    for (let room = TABLE_BYTES; ; room = needed()) {
      assert(room <= TABLE_BYTES_MAX, 'bring-up: a table has no more room than the control area lends it');
      ask(room);
      this.requests.post();
      this.replied(step);
      if (needed() <= room) return;
      if (needed() > TABLE_BYTES_MAX) throw new Error(`the table of ${step} has ${needed()} bytes`);
    }
  }

  /**
   * Reads the hardware resource table, as every host must before it may set the system table. What it says is
   * not used.
   */
  private hrtGet(): void {
    const { words, controlOffset } = this;
    const table = (controlOffset + TABLE_AT) >> 2;
    this.wholeTable(
      'HrtGet',
      (room) => {
        const frame = this.frame();
        writeExecHrtGet(words, frame, IOP_TID, HOST_TID, HANDLER_CONTROL, this.control.begin(), 6);
        writeSglSimple(words, frame + 4, SGL_SIMPLE_IN | SGL_LAST, room, controlOffset + TABLE_AT);
      },
      () =>
        (HRT_HEADER_WORDS + getHrtHeaderEntryCount(words, table) * getHrtHeaderEntryWords(words, table)) * 4,
    );
  }

  /**
   * Sets a system table of one entry, this card. No private memory and no private I/O space is lent to it.
   */
  private sysTabSet(): void {
    const { words, controlOffset } = this;
    const address = controlOffset + SYSTEM_TABLE_AT;
    const table = address >> 2;
    writeSysTabHeader(words, table, 1, 0, 1);
    const entry = table + SYS_TAB_HEADER_WORDS;
    const identity = [ORGANIZATION_ID, IOP_ID, 0, VERSION_1_5] as const;
    const queues = [IOP_STATE_HOLD, 0, FRAME_WORDS, 1, 0, 0, 0] as const;
    writeSysTabEntry(words, entry, ...identity, ...queues);
    const frame = this.frame();
    const bytes = (SYS_TAB_HEADER_WORDS + SYS_TAB_ENTRY_WORDS) * 4;
    writeExecSysTabSet(
      words,
      frame,
      IOP_TID,
      HOST_TID,
      HANDLER_CONTROL,
      this.control.begin(),
      IOP_ID,
      0,
      0,
      12,
    );
    let at = writeSglSimple(words, frame + 6, SGL_SIMPLE_OUT, bytes, address);
    at = writeSglSimple(words, at, SGL_SIMPLE_OUT, 4, address);
    writeSglSimple(words, at, SGL_SIMPLE_OUT | SGL_LAST, 4, address);
    this.requests.post();
    this.replied('SysTabSet');
  }

  /** Finds the device and claims it. @returns the version of its class that the table names. */
  private findDevice(classId: number): number {
    const table = this.deviceTable();
    const entry = entryOfClass(table, classId);
    if (entry === NO_ENTRY)
      throw new Error(`the card has no device of class 0x${classId.toString(16).padStart(3, '0')}`);
    const tid = getLctEntryLocalTid(this.words, entry);
    const version = getLctEntryClassVersion(this.words, entry);
    this.requests.useDevice(tid);
    if (Math.min(version, this.classVersionMax) >= this.claimSince) {
      this.claim(tid, getLctEntryUserTid(this.words, entry));
      const claimed = entryOfTid(this.deviceTable(), tid);
      const user = claimed === NO_ENTRY ? NO_TID : getLctEntryUserTid(this.words, claimed);
      if (user !== HOST_TID)
        throw new Error(`the card says TID 0x${user.toString(16)} has the device claimed`);
    }
    return version;
  }

  /** Asks for the logical configuration table. @returns it, whole, until the next table is asked for. */
  private deviceTable(): DeviceTable {
    const { words, controlOffset } = this;
    const at = (controlOffset + TABLE_AT) >> 2;
    this.wholeTable(
      'LctNotify',
      (room) => {
        const frame = this.frame();
        writeExecLctNotify(words, frame, IOP_TID, HOST_TID, HANDLER_CONTROL, this.control.begin(), -1, 0, 8);
        writeSglSimple(words, frame + 6, SGL_SIMPLE_IN | SGL_LAST, room, controlOffset + TABLE_AT);
      },
      () => getLctHeaderTableWords(words, at) * 4,
    );
    return { words, at, roomWords: TABLE_BYTES_MAX >> 2 };
  }

  /**
   * Asks for the table's next change and for every event of the executive; both are answered later, again and
   * again.
   */
  private beginWatch(classId: number): void {
    const { watch, words, controlOffset } = this;
    const tid = this.requests.deviceTid;
    const indicator = getLctHeaderChangeIndicator(words, (controlOffset + TABLE_AT) >> 2);
    const table = { words, at: (controlOffset + WATCHED_TABLE_AT) >> 2, roomWords: WATCHED_TABLE_BYTES >> 2 };
    watch.register(this.frame());
    watch.begin(this.frame(), { tid, classId, table }, indicator);
  }

  /**
   * Claims a device, exclusively: a second driver at one card would destroy what the card holds for the
   * first. @param userTid who has it now.
   * @throws Error when it is another's, or the card refuses.
   */
  claim(tid: number, userTid: number = NO_TID): void {
    if (userTid !== NO_TID) throw new Error(`the device is claimed by TID 0x${userTid.toString(16)}`);
    const { words } = this;
    const frame = this.frame();
    const flags = CLAIM_FLAG_EXCLUSIVE | CLAIM_FLAG_RESET_SENSITIVE | CLAIM_FLAG_STATE_SENSITIVE;
    const transaction = this.control.begin();
    writeUtilClaim(words, frame, tid, HOST_TID, HANDLER_CONTROL, transaction, flags, CLAIM_TYPE_PRIMARY);
    this.requests.post();
    this.replied('UtilClaim');
  }
}
