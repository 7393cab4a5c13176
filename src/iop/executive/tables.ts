/**
 * The IOP's tables as I2O 1.5 has them: hardware resources (HRT), logical configuration (LCT), status block.
 * The first two are built as words in the answer of a control list. One that does not fit its place is cut
 * after a whole entry, and its head says how long the whole table is.
 */
import { assert } from '../../assert/assert.ts';
import {
  ADAPTER_STATE_CONTROLLED,
  BUS_TYPE_LOCAL,
  HRT_ENTRY_WORDS,
  HRT_HEADER_WORDS,
  IOP_CAPABILITY_CURRENT_CONTEXTS32,
  LCT_ENTRY_WORDS,
  LCT_HEADER_WORDS,
  STATUS_BLOCK_WORDS,
  writeHrtEntry,
  writeHrtHeader,
  writeLctEntry,
  writeLctHeader,
  writeStatusBlock,
} from '../../i2o/executive.gen.ts';
import { FRAME_WORDS, VERSION_1_5 } from '../../i2o/frame.ts';
import { FIRST_DEVICE_TID, IOP_TID, NO_TID, ORGANIZATION_ID } from '../../i2o/tids.ts';
import type { IopState } from '../state/iop-state.ts';
import { DeviceTarget, type ExecutiveTarget, type Target } from '../target/target.ts';

/** Version of the tables' layout. */
const TABLE_VERSION = 0;
const ANY_CLASS = -1;
/** The one adapter: the network interface all devices stand on, controlled by the first. It never changes. */
export const ADAPTER_ID = 1;
const HRT_CHANGE_INDICATOR = 1;
/** The messenger is memory mapped. */
export const MESSENGER_TYPE = 0;
/** Contexts have 32 bits, and there are no peers. */
export const CAPABILITIES: number = IOP_CAPABILITY_CURRENT_CONTEXTS32;
const PRODUCT_ID = 'inic split-driver card';
const PRODUCT_CHARACTERS = 24;
const TAG_CHARACTERS = 8;

/** A text is written in whole words of four characters, and a longer one would be cut. */
export function checkProduct(text: string): void {
  assert(text.length <= PRODUCT_CHARACTERS, 'tables: the product has room in the status block');
}

checkProduct(PRODUCT_ID);

/** Four characters of a text as a word, the first in the low byte; zeros behind its end. */
function textWord(text: string, at: number): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word |= (text.charCodeAt(at + i) || 0) << (i * 8);
  return word;
}

/** Eight characters that tell a target from others of its class. */
export function identityTag({ tid }: Target): string {
  if (tid === IOP_TID) return 'inic.iop';
  return tid === FIRST_DEVICE_TID ? 'inic.dev' : `inic.d${tid.toString(16).padStart(2, '0')}`;
}

/** TID of the device that controls the adapter, the first; NO_TID once it has been destroyed. */
export function controllingTid(devices: readonly DeviceTarget[]): number {
  assert(devices.length > 0, 'tables: the adapter has a device that controls it');
  return devices[0].present ? devices[0].tid : NO_TID;
}

/** Devices of which a logical configuration table has room in so many bytes. */
export function devicesThatFit(tableBytes: number): number {
  return Math.floor(((tableBytes >> 2) - LCT_HEADER_WORDS) / LCT_ENTRY_WORDS) - 1;
}

/**
 * Whether the logical configuration table has an entry for a target: a device that was destroyed has none.
 */
export function isListed(target: Target): boolean {
  return !(target instanceof DeviceTarget) || target.present;
}

export class Tables {
  private readonly iop: IopState;
  private readonly devices: readonly DeviceTarget[];
  /** In the order of their TIDs. */
  private readonly targets: readonly Target[];
  private readonly inboundFrames: number;
  private readonly outboundFrames: number;

  constructor(
    iop: IopState,
    executive: ExecutiveTarget,
    devices: readonly DeviceTarget[],
    inboundFrames: number,
    outboundFrames: number,
  ) {
    this.iop = iop;
    this.devices = devices;
    this.targets = [executive, ...devices];
    for (let i = 0; i < devices.length; i++) {
      assert(devices[i].tid === FIRST_DEVICE_TID + i, 'tables: the devices are in the order of their TIDs');
    }
    this.inboundFrames = inboundFrames;
    this.outboundFrames = outboundFrames;
  }

  /** Entries that the logical configuration table has now. */
  get lctEntries(): number {
    let entries = 0;
    for (const target of this.targets) if (isListed(target)) entries += 1;
    return entries;
  }

  /**
   * Builds the logical configuration table.
   * @param classFilter -1 for all entries, or a class in bits 0-11 for those of the class.
   * @param roomBytes of the place it goes to, at least the head's 12. @returns bytes to write.
   */
  lct(words: Int32Array, classFilter: number, roomBytes: number): number {
    const room = roomBytes >> 2;
    assert(room >= LCT_HEADER_WORDS, 'tables: a configuration table has room for its head');
    let all = LCT_HEADER_WORDS;
    let at = LCT_HEADER_WORDS;
    for (const target of this.targets) {
      const wanted = classFilter === ANY_CLASS || (classFilter & 0xfff) === target.classId;
      if (!wanted || !isListed(target)) continue;
      all += LCT_ENTRY_WORDS;
      if (at + LCT_ENTRY_WORDS <= room) {
        this.lctEntry(words, at, target);
        at += LCT_ENTRY_WORDS;
      }
    }
    assert(all <= words.length, 'tables: the whole configuration table fits where it is made');
    writeLctHeader(words, 0, all, this.iop.bootTid, TABLE_VERSION, 0, this.iop.changeIndicator);
    return at * 4;
  }

  /** Builds the hardware resource table. @param roomBytes at least the head's 8. @returns bytes to write. */
  hrt(words: Int32Array, roomBytes: number): number {
    assert(roomBytes >= HRT_HEADER_WORDS * 4, 'tables: a hardware table has room for its head');
    writeHrtHeader(words, 0, 1, HRT_ENTRY_WORDS, TABLE_VERSION, HRT_CHANGE_INDICATOR);
    if (HRT_HEADER_WORDS + HRT_ENTRY_WORDS > roomBytes >> 2) return HRT_HEADER_WORDS * 4;
    const tid = controllingTid(this.devices);
    writeHrtEntry(
      words,
      HRT_HEADER_WORDS,
      ADAPTER_ID,
      tid,
      ADAPTER_STATE_CONTROLLED,
      0,
      BUS_TYPE_LOCAL,
      0,
      0,
    );
    return (HRT_HEADER_WORDS + HRT_ENTRY_WORDS) * 4;
  }

  /**
   * Writes the status block at a word index of the region, all but its SyncByte, which the caller writes
   * last.
   */
  statusBlock(words: Int32Array, at: number): void {
    const { iop } = this;
    assert(at >= 0 && at + STATUS_BLOCK_WORDS <= words.length, 'tables: a status block lies in the region');
    writeStatusBlock(
      words,
      at,
      ORGANIZATION_ID,
      iop.iopId,
      iop.hostUnitId,
      iop.segmentNumber,
      VERSION_1_5,
      iop.state,
      MESSENGER_TYPE,
      FRAME_WORDS,
      iop.initCode,
      this.inboundFrames,
      this.inboundFrames,
      this.outboundFrames,
      textWord(PRODUCT_ID, 0),
      textWord(PRODUCT_ID, 4),
      textWord(PRODUCT_ID, 8),
      textWord(PRODUCT_ID, 12),
      textWord(PRODUCT_ID, 16),
      textWord(PRODUCT_ID, 20),
      (LCT_HEADER_WORDS + this.lctEntries * LCT_ENTRY_WORDS) * 4,
      CAPABILITIES,
      0,
      iop.privateMemoryBytes,
      iop.privateMemoryBase,
      0,
      iop.privateIoBytes,
      iop.privateIoBase,
      0,
    );
  }

  /** Writes a target's entry at a word index of the table. */
  private lctEntry(words: Int32Array, at: number, target: Target): void {
    const device = target instanceof DeviceTarget ? target : undefined;
    const tag = identityTag(target);
    assert(tag.length === TAG_CHARACTERS, 'tables: an identity tag has eight characters');
    writeLctEntry(
      words,
      at,
      LCT_ENTRY_WORDS,
      target.tid,
      device?.changedAt ?? 1,
      device?.claims.deviceFlags ?? 0,
      target.classId,
      target.classVersion,
      ORGANIZATION_ID,
      0,
      device?.claims.userTid ?? NO_TID,
      IOP_TID,
      device?.biosInfo ?? 0,
      textWord(tag, 0),
      textWord(tag, 4),
      target.eventCapabilities,
    );
  }
}
