/**
 * The tables of the IOP: status block, hardware resources, logical configuration with its change
 * notification, system table.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import { frameTransactionContext, writeHeader } from '../../src/i2o/frame.ts';
import {
  DEVICE_TID,
  HOST_TID,
  IOP_TID,
  NO_TID,
  ORGANIZATION_ID,
  SOCKET_CLASS_ID,
} from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { Bed, IN_AT, TABLE_AT } from './messages.ts';

let bed: Bed;
beforeEach(() => {
  bed = new Bed().operational();
});
const inAt = (): number => (bed.control + IN_AT) >> 2;
const BAD = (exec.REQUEST_STATUS_TRANSACTION_ERROR << 24) | exec.DETAILED_STATUS_INVALID_PARAMETER;

describe('the status block', () => {
  it('says who and how the card is', () => {
    bed.statusGet();
    const [w, at] = [bed.words, bed.statusBlock];
    expect(exec.getStatusBlockOrganizationId(w, at)).toBe(ORGANIZATION_ID);
    expect(exec.getStatusBlockIopId(w, at)).toBe(2);
    expect(exec.getStatusBlockHostUnitId(w, at)).toBe(5);
    expect(exec.getStatusBlockI2oVersion(w, at)).toBe(1);
    expect(exec.getStatusBlockInboundFrameWords(w, at)).toBe(32);
    expect(exec.getStatusBlockCurrentInboundFrames(w, at)).toBe(1024);
    expect(exec.getStatusBlockMaxOutboundFrames(w, at)).toBe(1024);
    expect(exec.getStatusBlockCapabilities(w, at)).toBe(exec.IOP_CAPABILITY_CURRENT_CONTEXTS32);
    expect(exec.getStatusBlockExpectedLctBytes(w, at)).toBe((3 + 2 * 9) * 4);
    const product = Buffer.from(bed.region.bytes.slice(at * 4 + 28, at * 4 + 52)).toString('latin1');
    expect(product).toMatch(/^inic [a-z-]+ card\0*$/);
  });

  it('says what private memory and I/O space the card was lent', () => {
    bed.statusGet();
    const [w, at] = [bed.words, bed.statusBlock];
    expect(exec.getStatusBlockDesiredMemoryBytes(w, at)).toBe(0);
    expect([w[at + 16], w[at + 17]]).toEqual([4096, 0x700000]);
    expect([w[at + 19], w[at + 20]]).toEqual([256, 0x800000]);
  });

  it('goes nowhere but the control area, whole', () => {
    for (const address of [
      bed.control + exec.STATUS_BLOCK_WORDS,
      bed.control - 4,
      bed.control + 8192 - 84,
      2,
    ]) {
      bed.words[bed.statusBlock + 21] = 0;
      bed.send(exec.EXEC_STATUS_GET, [0, 0, address, 0, 88]);
      expect(bed.words[bed.statusBlock + 21]).toBe(0);
    }
  });

  it('has one size: another is a transaction error that names the field', () => {
    const [reply] = bed.send(exec.EXEC_STATUS_GET, [0, 0, bed.control, 0, 84]);
    expect(reply![4]).toBe(BAD);
    expect(reply![5]).toBe(8 * 4);
  });
});

describe('the hardware resource table', () => {
  const hrtGet = (room: number): number =>
    bed.status(exec.EXEC_HRT_GET, [0xd0000000 | room, bed.control + IN_AT], IOP_TID, 4);

  it('names the adapter and whose it is', () => {
    expect(hrtGet(64)).toBe(0);
    expect(exec.getHrtHeaderEntryCount(bed.words, inAt())).toBe(1);
    expect(exec.getHrtHeaderEntryWords(bed.words, inAt())).toBe(4);
    expect(exec.getHrtEntryControllingTid(bed.words, inAt() + 2)).toBe(DEVICE_TID);
    expect(exec.getHrtEntryAdapterState(bed.words, inAt() + 2)).toBe(exec.ADAPTER_STATE_CONTROLLED);
  });

  it('that does not fit is cut after a whole entry, and its head says how long it is', () => {
    bed.words.fill(-1, inAt(), inAt() + 8);
    expect(hrtGet(20)).toBe(0);
    const needed = 8 + exec.getHrtHeaderEntryCount(bed.words, inAt()) * 16;
    expect(needed).toBe(24);
    expect(bed.in(2)).toBe(-1);
    expect(hrtGet(needed)).toBe(0);
    expect(bed.in(2)).toBe(1);
  });

  it('needs room for its head', () => expect(hrtGet(4)).toBe(BAD));
});

describe('the logical configuration table', () => {
  it('has the IOP and its device', () => {
    expect(bed.lctNotify()[0][4]).toBe(0);
    expect(exec.getLctHeaderTableWords(bed.words, inAt())).toBe(21);
    const device = inAt() + 12;
    expect(exec.getLctEntryClassId(bed.words, inAt() + 3)).toBe(exec.EXECUTIVE_CLASS_ID);
    expect(exec.getLctEntryLocalTid(bed.words, device)).toBe(DEVICE_TID);
    expect(exec.getLctEntryClassId(bed.words, device)).toBe(SOCKET_CLASS_ID);
    expect(exec.getLctEntryUserTid(bed.words, device)).toBe(NO_TID);
    expect(exec.getLctEntryEventCapabilities(bed.words, device) & util.GENERIC_EVENT_DEVICE_RESET).not.toBe(
      0,
    );
  });

  it.each([
    ['of one class', SOCKET_CLASS_ID, 12, DEVICE_TID],
    ['of another', 0x020, 3, undefined],
    ['of the executive', 0x000, 12, IOP_TID],
  ])('can be asked for entries %s', (_what, classFilter, words, tid) => {
    bed.lctNotify(0, 512, classFilter);
    expect(exec.getLctHeaderTableWords(bed.words, inAt())).toBe(words);
    if (tid !== undefined) expect(exec.getLctEntryLocalTid(bed.words, inAt() + 3)).toBe(tid);
  });

  it.each([
    [12, 3],
    [47, 3],
    [48, 12],
    [83, 12],
    [84, 21],
  ])('cut to %i bytes has %i words, and says that it has 21', (room, written) => {
    bed.words.fill(-1, inAt(), inAt() + 32);
    expect(bed.lctNotify(0, room)[0][4]).toBe(0);
    expect(exec.getLctHeaderTableWords(bed.words, inAt())).toBe(21);
    expect(bed.in(written)).toBe(-1);
    expect(bed.in(written - 1)).not.toBe(-1);
  });

  it('needs room for its head, in the control area', () => {
    expect(bed.lctNotify(0, 8)[0][4]).toBe(BAD);
    const outside = [-1, 0, 0xd0000000 | 512, bed.control - 512];
    expect(bed.send(exec.EXEC_LCT_NOTIFY, outside, IOP_TID, 6)[0][4]).toBe(BAD);
  });

  it('is told of when it changes, once, and then must be asked for again', () => {
    bed.lctNotify();
    const indicator = exec.getLctHeaderChangeIndicator(bed.words, inAt());
    expect(bed.lctNotify(indicator).length).toBe(1); // what the host has seen already
    expect(bed.lctNotify(indicator + 1)).toEqual([]);
    bed.words.fill(0, inAt(), inAt() + 21);
    expect(bed.ask((w, f) => util.writeUtilClaim(w, f, DEVICE_TID, HOST_TID, 0, 5, 0, 1)).length).toBe(2);
    expect(exec.getLctHeaderChangeIndicator(bed.words, inAt())).toBe(indicator + 1);
    expect(exec.getLctEntryUserTid(bed.words, inAt() + 12)).toBe(HOST_TID);
    expect(exec.getLctEntryChangeIndicator(bed.words, inAt() + 12)).toBe(indicator + 1);
    expect(bed.status(exec.EXEC_BIOS_INFO_SET, [DEVICE_TID | (7 << 24)])).toBe(0);
    bed.lctNotify();
    expect(exec.getLctEntryBiosInfo(bed.words, inAt() + 12)).toBe(7);
  });

  it('keeps so many outstanding and refuses the next', () => {
    expect(bed.lctNotify(100)).toEqual([]);
    expect(bed.lctNotify(100)).toEqual([]);
    expect(bed.lctNotify(100)[0][4]).toBe(
      (exec.REQUEST_STATUS_ERROR_NO_DATA << 24) | exec.DETAILED_STATUS_INSUFFICIENT_RESOURCE_SOFT,
    );
  });

  it('names the boot device', () => {
    bed.status(exec.EXEC_BOOT_DEVICE_SET, [DEVICE_TID]);
    bed.lctNotify();
    expect(exec.getLctHeaderBootTid(bed.words, inAt())).toBe(DEVICE_TID);
  });

  it('is written through chained lists and bit buckets as well', () => {
    const chain = bed.control + 600;
    bed.words[chain >> 2] = 0x10000000 | 12;
    bed.words[(chain >> 2) + 1] = bed.control + IN_AT;
    bed.words[(chain >> 2) + 2] = 0x08000000 | 36; // the IOP's own entry is not wanted
    bed.words[(chain >> 2) + 3] = 0;
    bed.words[(chain >> 2) + 4] = 0xd0000000 | 36;
    bed.words[(chain >> 2) + 5] = bed.control + IN_AT + 12;
    const body = [-1, 0, 0xb0000000 | 24, chain];
    expect(bed.status(exec.EXEC_LCT_NOTIFY, body, IOP_TID, 6)).toBe(0);
    expect(exec.getLctHeaderTableWords(bed.words, inAt())).toBe(21);
    expect(exec.getLctEntryLocalTid(bed.words, inAt() + 3)).toBe(DEVICE_TID);
  });
});

describe('the system table', () => {
  it('is read through its list and kept: group 0103 has it', () => {
    const other = new Bed().to(exec.IOP_STATE_HOLD);
    expect(other.sysTabSet(2)).toBe(0);
    expect(other.params(false, IOP_TID, [1, 0, 5, 0x0103, 1, 0])).toBe(0);
    const [block] = other.blocks();
    expect(block!.data.getUint16(0, true)).toBe(2);
    expect([block!.data.getUint16(4, true), block!.data.getUint16(6, true)]).toEqual([2, 3]);
  });

  it.each([
    ['a table longer than its bytes', 3, 16 + 32, 6],
    ['no room for a head', 0, 12, 6],
  ])('is refused: %s', (_what, entries, bytes, word) => {
    const other = new Bed().to(exec.IOP_STATE_HOLD);
    expect(other.sysTabSet(entries, bytes)).toBe(BAD);
    expect(word).toBe(6);
    expect(other.statusGet()).toBe(exec.IOP_STATE_HOLD);
  });

  it.each([
    ['two elements', [0x54000010, 0, 0xd4000004, 4], 2],
    ['an element inwards', [0x54000010, 0, 0x50000004, 4, 0xd4000004, 4], 1],
    ['no last element', [0x54000010, 0, 0x54000004, 4, 0x54000004, 4], 2],
  ])('has three elements, out: %s is refused where it is wrong', (_what, list, element) => {
    const body = list.map((word, i) => (i === 1 ? bed.control + TABLE_AT : word));
    const other = new Bed().to(exec.IOP_STATE_HOLD);
    const [reply] = other.send(exec.EXEC_SYS_TAB_SET, [2, 0, ...body], IOP_TID, 6);
    expect(reply![4]).toBe(
      (exec.REQUEST_STATUS_TRANSACTION_ERROR << 24) | exec.DETAILED_STATUS_INVALID_OFFSET,
    );
    expect(reply![5]).toBe((6 + (element === 2 && list.length === 4 ? 1 : element) * 2) * 4);
  });

  it('is replaced by SysModify, of which a host that asked for it hears', () => {
    bed.send(util.UTIL_EVENT_REGISTER, [exec.EXECUTIVE_EVENT_XCT_CHANGE]);
    bed.words[(bed.control + TABLE_AT) >> 2] = 0;
    const list = [0x54000010, bed.control + TABLE_AT, 0x54000004, 4, 0xd4000004, 4];
    const replies = bed.ask((w, f) => {
      writeHeader(w, f, 4, 0, 10, IOP_TID, HOST_TID, exec.EXEC_SYS_MODIFY, 1, 9);
      list.forEach((word, i) => {
        w[f + 4 + i] = word;
      });
    });
    expect(replies.map((r) => frameTransactionContext(r, 0))).toEqual([9, 77]);
    expect(replies[1][4]).toBe(exec.EXECUTIVE_EVENT_XCT_CHANGE);
    expect(bed.statusGet()).toBe(exec.IOP_STATE_OPERATIONAL);
  });
});
