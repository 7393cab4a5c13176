/**
 * StatusGet, OutboundInit and IopReset: answered in memory that the host polls, since there may be no outbound frame to answer
 * by (reference sections 3.5 and 4.3). The card writes only in the control area; an address elsewhere is not answered at all.
 */
import { AssertionFailure } from '../../assert/assert.ts';
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
import { FRAME_WORDS, frameTarget } from '../../i2o/frame.ts';
import { deviceOf } from '../../i2o/tids.ts';
import type { FrameConsumer } from '../../i2o/transport.ts';
import { INBOUND_REFUSED, INBOUND_RELEASED } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { ControlLists } from '../lists/control-lists.ts';
import type { Outbound } from '../reply/outbound.ts';
import type { IopState } from '../state/iop-state.ts';
import type { DeviceTarget, ExecutiveTarget } from '../target/target.ts';
import type { UtilityRequests } from '../utility/utility.ts';
import type { ConfigValidate } from './config-validate.ts';
import type { LctNotify } from './lct-notify.ts';
import type { StaticFrames } from './static-frames.ts';
import type { Tables } from './tables.ts';

/** The sync byte in its word. */
const SYNC_BYTE = 0xff000000 | 0;
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 1 << 20;
/** Where a reclaim list says how many frames the card let go, and how long the shortest one is. */
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

  statusGet(frame: number): void {
    const address = getExecStatusGetBufferAddressLow(this.words, frame);
    if (!this.writable(address, STATUS_BLOCK_WORDS * 4)) return;
    const at = address >> 2;
    this.parts.tables.statusBlock(this.words, at);
    // The sync byte goes last and is what the host polls, so it alone must be ordered behind the rest.
    Atomics.store(this.words, at + STATUS_BLOCK_WORDS - 1, SYNC_BYTE);
  }

  /** Both from RESET and, after an IopClear or a first attempt, from HOLD. */
  outboundInit(frame: number, sizeWords: number): void {
    const { words } = this;
    const { iop, lists } = this.parts;
    const status = this.statusWord(frame, sizeWords);
    if (status < 0) return;
    const pageBytes = getExecOutboundInitHostPageBytes(words, frame);
    const pagesGood =
      pageBytes >= PAGE_BYTES_MIN && pageBytes <= PAGE_BYTES_MAX && (pageBytes & (pageBytes - 1)) === 0;
    if (!pagesGood || getExecOutboundInitOutboundFrameWords(words, frame) !== FRAME_WORDS) {
      Atomics.store(words, status, POLLED_STATUS_FAILED);
      return;
    }
    Atomics.store(words, status, POLLED_STATUS_IN_PROGRESS);
    lists.hostPageBytes = pageBytes;
    for (const { module } of this.parts.devices) module.setHostPageBytes(pageBytes);
    iop.initCode = getExecOutboundInitInitCode(words, frame);
    this.reclaim();
    iop.enter(IOP_STATE_HOLD);
    Atomics.store(words, status, POLLED_STATUS_COMPLETE);
  }

  /** Not in this state, or with a field out of its range. @param polledStatus a POLLED_STATUS_ number. */
  refuseOutboundInit(frame: number, polledStatus: number): void {
    const status = this.statusWord(frame, this.words[frame] >>> 16);
    if (status >= 0) Atomics.store(this.words, status, polledStatus);
  }

  /**
   * Everything is built anew, the queues too: what is in them is destroyed before the host is told, and until the next turn the
   * IOP is INITIALIZING. A module that cannot even be quiesced leaves the IOP FAULTED.
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
    ledger.counters[INBOUND_RELEASED] += inbound.restart(true);
    iop.enter(IOP_STATE_INITIALIZING);
    Atomics.store(this.words, address >> 2, POLLED_STATUS_IN_PROGRESS);
  }

  /** Every module is to end what it has, also when another cannot. @returns whether all could. */
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
    return good;
  }

  /** Tells the module whose reply it was. The frame lies in shared memory, so its TID may be anything. */
  private destroyed(reply: number): void {
    const { devices } = this.parts;
    const device = deviceOf(frameTarget(this.words, reply), devices.length);
    if (device >= 0) devices[device].module.destroyed?.(reply);
  }

  /** @returns word index of OutboundInit's status word, the first piece of its list; -1 when there is none. */
  private statusWord(frame: number, sizeWords: number): number {
    const { lists } = this.parts;
    const fault = lists.open(frame, EXEC_OUTBOUND_INIT_SGL_WORD, sizeWords);
    const address = lists.place.count === 0 ? 0 : lists.place.addresses[0];
    if (fault === 0 && this.writable(address, 4) && lists.place.lengths[0] >= 4) return address >> 2;
    this.parts.ledger.counters[INBOUND_REFUSED] += 1;
    return -1;
  }

  /** The card held no frames of a host before, so it lets none go. */
  private reclaim(): void {
    const { place } = this.parts.lists;
    if (place.count < 2 || place.lengths[1] < RECLAIM_BYTES_MIN) return;
    const address = place.addresses[1];
    if ((address & 3) === 0 && address !== 0) this.words[(address + RECLAIM_RELEASED_AT) >> 2] = 0;
  }

  private writable(address: number, byteLength: number): boolean {
    if ((address & 3) === 0 && this.parts.lists.contains(address, byteLength)) return true;
    this.parts.ledger.counters[INBOUND_REFUSED] += 1;
    return false;
  }
}
