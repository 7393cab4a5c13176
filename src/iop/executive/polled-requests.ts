/**
 * StatusGet, OutboundInit and IopReset of I2O 1.5. They are answered in memory that the host polls, because
 * there may be no outbound frame to answer by. The card writes only in the control area: a message that names
 * an address elsewhere is counted and not answered at all.
 */
import { AssertionFailure, assert } from '../../assert/assert.ts';
import {
  EXEC_OUTBOUND_INIT_SGL_WORD,
  getExecIopResetStatusAddressLow,
  getExecOutboundInitHostPageBytes,
  getExecOutboundInitInitCode,
  getExecOutboundInitOutboundFrameWords,
  getExecStatusGetBufferAddressLow,
  IOP_STATE_FAULTED,
  IOP_STATE_HOLD,
  IOP_STATE_INITIALIZING,
  POLLED_STATUS_COMPLETE,
  POLLED_STATUS_FAILED,
  POLLED_STATUS_IN_PROGRESS,
  POLLED_STATUS_REJECTED,
  STATUS_BLOCK_WORDS,
} from '../../i2o/executive.gen.ts';
import { frameTarget } from '../../i2o/frame.ts';
import { deviceOf } from '../../i2o/tids.ts';
import type { FrameConsumer } from '../../i2o/transport.ts';
import { INBOUND_REFUSED, INBOUND_RELEASED } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { ControlLists } from '../lists/control-lists.ts';
import { OUTBOUND_FRAME_WORDS_MIN, type Outbound } from '../reply/outbound.ts';
import type { IopState } from '../state/iop-state.ts';
import type { DeviceTarget, ExecutiveTarget } from '../target/target.ts';
import type { UtilityRequests } from '../utility/utility.ts';
import type { ConfigValidate } from './config-validate.ts';
import type { LctNotify } from './lct-notify.ts';
import type { StaticFrames } from './static-frames.ts';
import type { Tables } from './tables.ts';

/** The status block's SyncByte, which says that the block is complete, as it lies in its word. */
const SYNC_BYTE = 0xff000000 | 0;
/**
 * Byte of a reclaim list at which it says how many frames the card let go, and bytes of the shortest such
 * list.
 */
const RECLAIM_RELEASED_AT = 4;
const RECLAIM_BYTES_MIN = 8;

export interface PolledParts {
  readonly ledger: Ledger;
  readonly inbound: FrameConsumer;
  readonly outbound: Outbound;
  readonly iop: IopState;
  readonly executive: ExecutiveTarget;
  readonly devices: readonly DeviceTarget[];
  readonly tables: Tables;
  readonly lists: ControlLists;
  readonly lctNotify: LctNotify;
  readonly configValidate: ConfigValidate;
  readonly staticFrames: StaticFrames;
  readonly utility: UtilityRequests;
}

export class PolledRequests {
  private readonly parts: PolledParts;
  private readonly words: Int32Array;

  constructor(parts: PolledParts) {
    this.parts = parts;
    this.words = parts.outbound.words;
  }

  /** Legal in every state but FAULTED. */
  statusGet(frame: number): void {
    const address = getExecStatusGetBufferAddressLow(this.words, frame);
    if (!this.writable(address, STATUS_BLOCK_WORDS * 4)) return;
    const at = address >> 2;
    this.parts.tables.statusBlock(this.words, at);
    // The host polls the SyncByte, so it goes last, and by a store that is ordered behind those of the rest.
    Atomics.store(this.words, at + STATUS_BLOCK_WORDS - 1, SYNC_BYTE);
  }

  /** Legal in RESET and, after an IopClear or a first OutboundInit, in HOLD. */
  outboundInit(frame: number, sizeWords: number): void {
    const { words } = this;
    const { iop, lists } = this.parts;
    const status = this.statusWord(frame, sizeWords);
    if (status < 0) return;
    const pageBytes = getExecOutboundInitHostPageBytes(words, frame);
    const frameWords = getExecOutboundInitOutboundFrameWords(words, frame);
    // The host may have written them anew since they were checked.
    if (pageBytes <= 0 || (pageBytes & (pageBytes - 1)) !== 0 || frameWords < OUTBOUND_FRAME_WORDS_MIN) {
      Atomics.store(words, status, POLLED_STATUS_FAILED);
      return;
    }
    Atomics.store(words, status, POLLED_STATUS_IN_PROGRESS);
    lists.hostPageBytes = pageBytes;
    for (const { module } of this.parts.devices) module.setHostPageBytes(pageBytes);
    this.parts.outbound.grant(frameWords);
    iop.initCode = getExecOutboundInitInitCode(words, frame);
    this.reclaim();
    iop.enter(IOP_STATE_HOLD);
    Atomics.store(words, status, POLLED_STATUS_COMPLETE);
  }

  /**
   * OutboundInit is not legal in this state, or has a field out of its range.
   * @param polledStatus POLLED_STATUS_FAILED or POLLED_STATUS_REJECTED.
   */
  refuseOutboundInit(frame: number, polledStatus: number): void {
    assert(
      polledStatus === POLLED_STATUS_FAILED || polledStatus === POLLED_STATUS_REJECTED,
      'polled requests: a refusal is told as one',
    );
    const status = this.statusWord(frame, this.words[frame] >>> 16);
    if (status >= 0) Atomics.store(this.words, status, polledStatus);
  }

  /**
   * Everything is built anew, the queues as well: what is in them is destroyed before the host is told. Until
   * the next turn the IOP is INITIALIZING. A module that cannot even be quiesced leaves the IOP FAULTED.
   */
  reset(frame: number): void {
    const { iop, executive, devices, lctNotify, configValidate, staticFrames, utility } = this.parts;
    const { inbound, outbound, ledger } = this.parts;
    const address = getExecIopResetStatusAddressLow(this.words, frame);
    if (!this.writable(address, 4)) return;
    if (!this.quiesceAll()) {
      iop.enter(IOP_STATE_FAULTED);
      Atomics.store(this.words, address >> 2, POLLED_STATUS_REJECTED);
      return;
    }
    executive.events.reset();
    lctNotify.reset();
    configValidate.reset();
    staticFrames.clear();
    utility.reset();
    for (const device of devices) device.rebuild();
    iop.tableChanged();
    iop.bootTid = 0;
    for (const { module } of devices) module.forget?.();
    outbound.restart((reply) => this.destroyed(reply));
    const released = inbound.restart(true);
    assert(released >= 0, 'polled requests: a reset releases as many requests as wait, or none');
    ledger.counters[INBOUND_RELEASED] += released;
    assert(
      !lctNotify.open && !configValidate.open && !utility.waiting,
      'polled requests: a reset leaves no request open',
    );
    assert(
      devices.every(({ present }) => present),
      'polled requests: a reset brings every device back',
    );
    iop.enter(IOP_STATE_INITIALIZING);
    Atomics.store(this.words, address >> 2, POLLED_STATUS_IN_PROGRESS);
  }

  /** Lets every module end what it has, also when another fails to. @returns whether all could. */
  private quiesceAll(): boolean {
    const { iop, devices, outbound } = this.parts;
    let good = true;
    for (const { module, state } of devices) {
      try {
        if (state.runs || iop.failed) module.quiesce();
      } catch (error) {
        if (error instanceof AssertionFailure) throw error;
        outbound.cancel();
        good = false;
      }
    }
    assert(!outbound.taken, 'polled requests: a module that was quiesced leaves no reply half filled');
    return good;
  }

  /**
   * Tells the module whose reply it was. The frame lies in shared memory, so the TID in it may be anything.
   */
  private destroyed(reply: number): void {
    const { devices } = this.parts;
    const device = deviceOf(frameTarget(this.words, reply), devices.length);
    if (device >= 0) devices[device].module.destroyed?.(reply);
  }

  /**
   * @returns word index of OutboundInit's status word, the first piece of its list; -1 when it names none.
   */
  private statusWord(frame: number, sizeWords: number): number {
    const { lists } = this.parts;
    const fault = lists.open(frame, EXEC_OUTBOUND_INIT_SGL_WORD, sizeWords);
    const address = lists.place.count === 0 ? 0 : lists.place.addresses[0];
    if (fault === 0 && this.writable(address, 4) && lists.place.lengths[0] >= 4) return address >> 2;
    this.parts.ledger.counters[INBOUND_REFUSED] += 1;
    return -1;
  }

  /** Writes the reclaim list: the card held no frames of an earlier host, so it lets none go. */
  private reclaim(): void {
    const { place } = this.parts.lists;
    if (place.count < 2 || place.lengths[1] < RECLAIM_BYTES_MIN) return;
    const address = place.addresses[1];
    if ((address & 3) !== 0 || address === 0) return;
    assert(
      this.parts.lists.contains(address, RECLAIM_BYTES_MIN),
      'polled requests: a reclaim list lies in the control area',
    );
    this.words[(address + RECLAIM_RELEASED_AT) >> 2] = 0;
  }

  /** Whether the card may write there; where it may not, the message is counted as refused. */
  private writable(address: number, byteLength: number): boolean {
    if ((address & 3) === 0 && this.parts.lists.contains(address, byteLength)) return true;
    this.parts.ledger.counters[INBOUND_REFUSED] += 1;
    return false;
  }
}
