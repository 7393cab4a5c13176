/** Utility messages: claims, locks, aborts, events, the configuration dialog, progress. */
import { beforeEach, describe, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import {
  FLAG_FAIL,
  FLAG_LAST,
  FLAG_REPLY,
  frameFlags,
  getFailureCode,
  writeHeader,
} from '../../src/i2o/frame.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { EVENT_QUEUE_MAX } from '../../src/iop/target/events.ts';
import { FakeModule } from './fake-module.ts';
import { Bed, IN_AT, INITIATOR, TRANSACTION } from './messages.ts';

let bed: Bed;
let module: FakeModule;
beforeEach(() => {
  bed = new Bed({}, { module: (outbound) => (module = new FakeModule(outbound)) }).operational();
});

const error = (detail: number): number => (exec.REQUEST_STATUS_ERROR_NO_DATA << 24) | detail;
const BUSY = error(exec.DETAILED_STATUS_DEVICE_BUSY);
const WRONG = error(exec.DETAILED_STATUS_INVALID_REQUEST);
const {
  CLAIM_TYPE_PRIMARY: PRIMARY,
  CLAIM_TYPE_SECONDARY: SECONDARY,
  CLAIM_TYPE_MANAGEMENT: MANAGEMENT,
} = util;
const release = (type: number = PRIMARY, flags = 0): number =>
  bed.status(util.UTIL_CLAIM_RELEASE, [flags | (type << 24)], DEVICE_TID);

describe('claims', () => {
  it('a second of one type, any beside an exclusive one, an exclusive one beside any are refused', () => {
    expect(bed.claim(0, PRIMARY)).toBe(0);
    expect(bed.claim(0, PRIMARY)).toBe(BUSY);
    expect(bed.claim(0, SECONDARY)).toBe(0);
    expect(bed.claim(util.CLAIM_FLAG_EXCLUSIVE, MANAGEMENT)).toBe(BUSY);
    release(PRIMARY);
    release(SECONDARY);
    expect(bed.claim(util.CLAIM_FLAG_EXCLUSIVE, PRIMARY)).toBe(0);
    expect(bed.claim(0, MANAGEMENT)).toBe(BUSY);
    expect(release(PRIMARY)).toBe(0);
    expect(bed.claim(0, MANAGEMENT)).toBe(0);
  });

  it('a secondary or authorized one needs a primary', () => {
    expect(bed.claim(0, SECONDARY)).toBe(WRONG);
    expect(bed.claim(0, util.CLAIM_TYPE_AUTHORIZED)).toBe(WRONG);
  });

  it('of a type there is none, or of the IOP, are refused', () => {
    expect(bed.claim(0, 5) >>> 24).toBe(exec.REQUEST_STATUS_TRANSACTION_ERROR);
    expect(bed.claim(0, 0) >>> 24).toBe(exec.REQUEST_STATUS_TRANSACTION_ERROR);
    for (const code of [util.UTIL_CLAIM, util.UTIL_LOCK, util.UTIL_DEVICE_RESERVE]) {
      expect(bed.status(code, [1 << 24])).toBe(error(exec.DETAILED_STATUS_UNSUPPORTED_FUNCTION));
    }
  });

  it('are released as they were made; conditionally only while the device is idle', () => {
    expect(release()).toBe(WRONG);
    bed.claim();
    expect(release(MANAGEMENT)).toBe(WRONG);
    expect(bed.status(util.UTIL_LOCK, [], DEVICE_TID)).toBe(0);
    expect(release(PRIMARY, 1)).toBe(BUSY);
    expect(release(PRIMARY, 0)).toBe(0);
    // The lock has gone with its user.
    expect(bed.status(util.UTIL_LOCK_RELEASE, [], DEVICE_TID)).toBe(WRONG);
  });

  it('change the table and raise ModifiedLct', () => {
    bed.send(util.UTIL_EVENT_REGISTER, [exec.EXECUTIVE_EVENT_MODIFIED_LCT]);
    const replies = bed.send(util.UTIL_CLAIM, [PRIMARY << 24], DEVICE_TID);
    expect(replies.map((r) => [r[4], r[5]])[1]).toEqual([exec.EXECUTIVE_EVENT_MODIFIED_LCT, DEVICE_TID]);
  });

  it('reservations and locks end once', () => {
    expect(bed.status(util.UTIL_DEVICE_RELEASE, [], DEVICE_TID)).toBe(WRONG);
    expect(bed.status(util.UTIL_DEVICE_RESERVE, [], DEVICE_TID)).toBe(0);
    expect(bed.status(util.UTIL_DEVICE_RELEASE, [], DEVICE_TID)).toBe(0);
    expect(bed.status(util.UTIL_DEVICE_RELEASE, [], DEVICE_TID)).toBe(WRONG);
    bed.send(util.UTIL_EVENT_REGISTER, [util.GENERIC_EVENT_LOCK_RELEASE], DEVICE_TID);
    bed.status(util.UTIL_LOCK, [], DEVICE_TID);
    const replies = bed.send(util.UTIL_LOCK_RELEASE, [], DEVICE_TID);
    expect(replies.map((r) => r[4])).toEqual([0, util.GENERIC_EVENT_LOCK_RELEASE]);
  });
});

describe('aborts', () => {
  /** Opens requests of two functions with contexts 1 to 3. */
  beforeEach(() => {
    for (const [code, context] of [
      [0x81, 1],
      [0x81, 2],
      [0x83, 2],
      [0x83, 3],
    ]) {
      bed.ask((w, f) => writeHeader(w, f, 0, 0, 4, DEVICE_TID, HOST_TID, code!, INITIATOR, context!));
    }
  });
  const abort = (type: number, code: number, context: number): Int32Array[] =>
    bed.send(util.UTIL_ABORT, [(type << 16) | (code << 24), context], DEVICE_TID);

  it.each([
    ['exactly', util.ABORT_TYPE_EXACT, 0x81, 2, 1],
    ['by function', util.ABORT_TYPE_FUNCTION, 0x83, 99, 2],
    ['by transaction', util.ABORT_TYPE_TRANSACTION, 0x99, 2, 2],
    ['all', util.ABORT_TYPE_WILD, 0, 0, 4],
    ['none', util.ABORT_TYPE_EXACT, 0x99, 2, 0],
    ['cleanly, exactly', util.ABORT_TYPE_CLEAN_EXACT, 0x81, 2, 1],
    ['cleanly, all', util.ABORT_TYPE_CLEAN_WILD, 0, 0, 4],
  ])('%s: each victim is answered, then the count', (_what, type, code, context, count) => {
    const replies = abort(type, code, context);
    expect(replies.length).toBe(count + 1);
    expect(replies.at(-1)![4]).toBe(count);
    expect(replies.at(-1)![1] >>> 24).toBe(util.UTIL_ABORT);
    for (const reply of replies.slice(0, -1)) expect(reply[4] >>> 24).toBe(exec.REQUEST_STATUS_ABORT_NO_DATA);
    expect(module.open.length).toBe(4 - count);
  });

  it('a malformed one is told by a failure, since its reply has no status', () => {
    const [reply] = bed.ask((w, f) => {
      writeHeader(w, f, 0, 0, 5, DEVICE_TID, HOST_TID, util.UTIL_ABORT, 1, 2);
    });
    expect(frameFlags(reply!, 0) & FLAG_FAIL).toBe(FLAG_FAIL);
    expect(getFailureCode(reply!, 0)).toBe(exec.FAILURE_CODE_FRAME_TOO_SMALL);
  });

  it("of the IOP's end what it has open, and not the device's", () => {
    bed.lctNotify(1000);
    const replies = bed.send(util.UTIL_ABORT, [(util.ABORT_TYPE_WILD << 16) | 0, 0], IOP_TID);
    expect(replies.map((r) => [r[1] >>> 24, r[4] >>> 24])).toEqual([
      [exec.EXEC_LCT_NOTIFY, exec.REQUEST_STATUS_ABORT_NO_DATA],
      [util.UTIL_ABORT, 0],
    ]);
    expect(replies[1][4]).toBe(1);
    expect(module.open.length).toBe(4);
  });

  it('waits with its answer until the victims have left it a frame', () => {
    const small = new Bed(
      { pools: { outboundFrames: 4 } },
      { module: (outbound) => (module = new FakeModule(outbound)) },
    ).operational();
    for (let i = 0; i < 4; i++) small.send(0x81, [], DEVICE_TID);
    expect(module.open.length).toBe(4);
    small.post((w, f) => util.writeUtilAbort(w, f, DEVICE_TID, HOST_TID, 1, 2, util.ABORT_TYPE_WILD, 0, 0));
    small.parts.processor.poll();
    const replies = [...small.run(), ...small.run()];
    expect(replies.length).toBe(5);
    expect(replies[4][4]).toBe(4);
  });
});

describe('events', () => {
  const CLASS_EVENT = 1;

  it('come again and again with the registration’s contexts, LAST clear', () => {
    expect(bed.send(util.UTIL_EVENT_REGISTER, [7], DEVICE_TID)).toEqual([]);
    for (const data of [11, 12]) {
      module.events!.raise(CLASS_EVENT, data);
      const [reply] = bed.run();
      expect(frameFlags(reply!, 0)).toBe(FLAG_REPLY);
      expect([reply![2], reply![3], reply![4], reply![5]]).toEqual([
        INITIATOR,
        TRANSACTION,
        CLASS_EVENT,
        data,
      ]);
    }
  });

  it('that nobody asked for are not told, and a new mask replaces the old', () => {
    module.events!.raise(CLASS_EVENT, 1);
    bed.send(util.UTIL_EVENT_REGISTER, [2], DEVICE_TID);
    module.events!.raise(CLASS_EVENT, 1);
    expect(bed.run()).toEqual([]);
    bed.send(util.UTIL_EVENT_REGISTER, [CLASS_EVENT], DEVICE_TID);
    module.events!.raise(CLASS_EVENT, 1);
    module.events!.raise(2, 1);
    expect(bed.run().length).toBe(1);
  });

  it('end with mask 0, which is answered once', () => {
    bed.send(util.UTIL_EVENT_REGISTER, [-1], DEVICE_TID);
    const [last, ...rest] = bed.send(util.UTIL_EVENT_REGISTER, [0], DEVICE_TID);
    expect(rest).toEqual([]);
    expect([frameFlags(last!, 0), last![4]]).toEqual([FLAG_REPLY | FLAG_LAST, 0]);
    module.events!.raise(CLASS_EVENT, 1);
    expect(bed.run()).toEqual([]);
  });

  it('tell of the IOP starting and stopping', () => {
    bed.send(util.UTIL_EVENT_REGISTER, [util.GENERIC_EVENT_STATE_CHANGE]);
    for (const [code, change] of [
      [exec.EXEC_SYS_ENABLE, undefined],
      [exec.EXEC_SYS_QUIESCE, util.DEVICE_STATE_CHANGE_SUSPENDED],
      [exec.EXEC_SYS_ENABLE, util.DEVICE_STATE_CHANGE_NORMAL],
      [exec.EXEC_IOP_CLEAR, util.DEVICE_STATE_CHANGE_SUSPENDED],
    ] as const) {
      const [reply, event] = bed.send(code);
      expect(reply![4]).toBe(0);
      expect(event?.[5]).toBe(change);
    }
  });

  it('tell of the mask itself', () => {
    const mask = util.GENERIC_EVENT_EVENT_MASK_MODIFIED | 1;
    const [reply] = bed.send(util.UTIL_EVENT_REGISTER, [mask], DEVICE_TID);
    expect([reply![4], reply![5]]).toEqual([util.GENERIC_EVENT_EVENT_MASK_MODIFIED, mask]);
  });

  it('drop the oldest when too many wait for a frame, and count it', () => {
    bed.send(util.UTIL_EVENT_REGISTER, [CLASS_EVENT], DEVICE_TID);
    for (let i = 0; i < EVENT_QUEUE_MAX + 3; i++) module.events!.raise(CLASS_EVENT, i);
    const replies = bed.run();
    expect(replies.length).toBe(EVENT_QUEUE_MAX);
    expect(replies[0][5]).toBe(3);
    expect(bed.ledger.snapshot()['eventsLost']).toBe(3);
    expect(bed.ledger.snapshot()['eventsSent']).toBe(EVENT_QUEUE_MAX);
  });

  it('are acknowledged by their own words, whatever they look like as a status', () => {
    for (const word of [util.GENERIC_EVENT_DEVICE_RESET, 0x0b000011]) {
      const [reply] = bed.send(util.UTIL_EVENT_ACK, [word | 0, 5], DEVICE_TID);
      expect([reply![4], reply![5]]).toEqual([word | 0, 5]);
    }
  });

  it('tell once that the host leaves no outbound frames, and again after there were plenty', () => {
    const small = new Bed(
      { pools: { outboundFrames: 8 } },
      { module: (outbound) => (module = new FakeModule(outbound)) },
    ).operational();
    small.send(util.UTIL_EVENT_REGISTER, [exec.EXECUTIVE_EVENT_RESOURCE_LIMIT]);
    small.send(util.UTIL_EVENT_REGISTER, [CLASS_EVENT], DEVICE_TID);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 20; i++) module.events!.raise(CLASS_EVENT, i);
      for (let i = 0; i < 5; i++) small.parts.processor.poll();
      const limits = [...small.run(), ...small.run(), ...small.run(), ...small.run()].filter(
        (r) => r[4] === exec.EXECUTIVE_EVENT_RESOURCE_LIMIT && r[1] === ((0x13 << 24) | (HOST_TID << 12)),
      );
      expect(limits.map((r) => r[5])).toEqual([4]);
    }
  });
});

describe('the configuration dialog', () => {
  const dialog = (page: number, room: number): number =>
    bed.status(util.UTIL_CONFIG_DIALOG, [page, 0xd0000000 | room, bed.control + IN_AT], DEVICE_TID, 5);

  it('is one page of HTML', () => {
    expect(dialog(0, 2048)).toBe(0);
    const text = Buffer.from(
      bed.region.bytes.slice(bed.control + IN_AT, bed.control + IN_AT + 2048),
    ).toString();
    expect(text.slice(0, text.indexOf('\0'))).toMatch(/^<!DOCTYPE html><title>inic: TID 0x010.*0xf103/);
  });

  it('has no other page, and says when it did not fit', () => {
    expect(dialog(1, 2048)).toBe(error(exec.DETAILED_STATUS_NO_SUCH_PAGE));
    expect(dialog(0, 32)).toBe(
      (exec.REQUEST_STATUS_ERROR_PARTIAL << 24) | exec.DETAILED_STATUS_REPLY_BUFFER_FULL,
    );
  });
});

describe('ConfigValidate', () => {
  it('reports its progress with LAST clear, and then that all is well', () => {
    const replies = bed.send(exec.EXEC_CONFIG_VALIDATE);
    const progress = replies.slice(0, -1);
    expect(progress.length).toBeGreaterThan(2);
    progress.forEach((reply, i) => {
      expect(frameFlags(reply, 0)).toBe(FLAG_REPLY);
      expect(reply[4]).toBe((exec.REQUEST_STATUS_PROGRESS_REPORT << 24) | ((i + 1) * 4));
    });
    expect(frameFlags(replies.at(-1)!, 0)).toBe(FLAG_REPLY | FLAG_LAST);
    expect(replies.at(-1)![4]).toBe(0);
  });

  it('finds a group that writes past its fields', () => {
    const bad = module.parameterGroups[0];
    (bad as unknown as { read: unknown }).read = (_r: number, _f: number, bytes: DataView): void => {
      for (let i = 0; i < 12; i++) bytes.setUint8(i, 1);
    };
    expect(bed.send(exec.EXEC_CONFIG_VALIDATE).at(-1)![4]).toBe(error(exec.DETAILED_STATUS_UNKNOWN_ERROR));
  });

  it('is one at a time, and can be aborted', () => {
    bed.post((w, f) => exec.writeExecConfigValidate(w, f, IOP_TID, HOST_TID, 1, 1));
    bed.post((w, f) => exec.writeExecConfigValidate(w, f, IOP_TID, HOST_TID, 1, 2));
    bed.post((w, f) => util.writeUtilAbort(w, f, IOP_TID, HOST_TID, 1, 3, util.ABORT_TYPE_TRANSACTION, 0, 1));
    const replies = bed.run();
    expect(replies.map((r) => [r[3], r[4]])).toEqual([
      [2, BUSY],
      [1, exec.REQUEST_STATUS_ABORT_NO_DATA << 24],
      [3, 1],
    ]);
  });
});

describe('what else there is', () => {
  it('a NOP of three words is recycled', () => {
    expect(bed.ask((w, f) => writeHeader(w, f, 0, 0, 3, IOP_TID, HOST_TID, 0, 0, 0))).toEqual([]);
    expect(bed.inbound.inUse).toBe(0);
    expect(bed.inbound.acquire()).not.toBe(NO_FRAME);
  });

  it('ReplyFaultNotify is counted and not answered', () => {
    expect(bed.send(util.UTIL_REPLY_FAULT_NOTIFY, [0x8d010101 | 0, 0, 0, 4096, 0], DEVICE_TID)).toEqual([]);
    expect(bed.ledger.snapshot()['replyFaults']).toBe(1);
  });

  it('a utility function there is not', () => {
    for (const tid of [IOP_TID, DEVICE_TID]) {
      expect(bed.status(0x1f, [], tid)).toBe(error(exec.DETAILED_STATUS_UNKNOWN_FUNCTION));
    }
  });
});
