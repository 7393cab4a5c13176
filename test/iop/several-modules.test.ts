/**
 * An IOP with several modules: each device has its TID, condition, users, events, groups and turn of its own.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import { FLAG_MULTIPLE, frameTarget, getFailureCode, writeHeader } from '../../src/i2o/frame.ts';
import * as groups from '../../src/i2o/groups.gen.ts';
import {
  ECHO_CLASS_ID,
  FIRST_DEVICE_TID,
  HOST_TID,
  IOP_TID,
  MANAGER_TID,
  NO_TID,
} from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { ECHO, type EchoModule } from '../../src/iop/echo/echo-module.ts';
import { devicesThatFit } from '../../src/iop/executive/tables.ts';
import { RESULT_BYTES_MAX } from '../../src/iop/lists/control-lists.ts';
import type { Module } from '../../src/iop/module/module.ts';
import type { Outbound } from '../../src/iop/reply/outbound.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { echoOn } from './echo.ts';
import { FakeModule } from './fake-module.ts';
import { Bed } from './messages.ts';
import { OTHER_CLASS, OTHER_GROUP, OtherModule } from './other-module.ts';

const TIDS = [0, 1, 2].map((device) => FIRST_DEVICE_TID + device);
const [ECHO_TID, FAKE_TID, OTHER_TID] = TIDS as [number, number, number];
const CLASS_EVENT = 1;
const error = (detail: number): number => (exec.REQUEST_STATUS_ERROR_NO_DATA << 24) | detail;

let bed: Bed;
let echo: EchoModule;
let fake: FakeModule;
let other: OtherModule;
let faults: unknown[];

function build(overrides: CardOverrides = {}): void {
  faults = [];
  const modules = (outbound: Outbound): readonly Module[] => {
    echo = echoOn(outbound);
    fake = new FakeModule(outbound);
    other = new OtherModule(outbound);
    return [echo, fake, other];
  };
  bed = new Bed(overrides, { modules, onFault: (fault) => faults.push(fault) });
}

beforeEach(() => {
  build();
  bed.operational();
});

const failureOf = (tid: number): number => getFailureCode(bed.send(0xff, [1], tid)[0], 0);
const openOf = (module: FakeModule): number[] => module.open.map(({ target }) => target);
const field = (tid: number, group: { readonly number: number }, index: number): DataView => {
  expect(bed.params(false, tid, [1, 0, 1, group.number, 1, index])).toBe(0);
  return bed.blocks()[0].data;
};
const column = (group: { readonly number: number }, index: number): number[] => {
  expect(bed.params(false, IOP_TID, [1, 0, 5, group.number, 1, index])).toBe(0);
  const { data } = bed.blocks()[0];
  return Array.from({ length: data.getUint16(0, true) }, (_, row) => data.getUint16(4 + row * 2, true));
};

describe('each device', () => {
  it('gets what its TID names, and no other gets it', () => {
    const [echoed] = bed.send(exec.PRIVATE_ECHO, [ECHO, 5], ECHO_TID);
    expect(echoed![1]).toBe((exec.PRIVATE_ECHO << 24) | (HOST_TID << 12) | ECHO_TID | 0);
    for (const tid of [FAKE_TID, OTHER_TID, OTHER_TID]) expect(bed.send(0xff, [1], tid)).toEqual([]);
    expect([openOf(fake), openOf(other)]).toEqual([[FAKE_TID], [OTHER_TID, OTHER_TID]]);
    expect(failureOf(OTHER_TID + 1)).toBe(exec.FAILURE_CODE_INVALID_TARGET_ID);
    expect(failureOf(ECHO_TID - 1)).toBe(exec.FAILURE_CODE_INVALID_TARGET_ID);
  });

  it('is told its TID, its events and the host’s page size', () => {
    expect([other.tid, other.pages]).toEqual([OTHER_TID, 4096]);
    expect(fake.events).not.toBe(other.events);
  });

  it('may be sent batches; a TID that no device has may not', () => {
    const batch = (tid: number): Int32Array[] =>
      bed.ask((w, f) => writeHeader(w, f, 0, FLAG_MULTIPLE, 4, tid, HOST_TID, 0xff, 1, 2));
    expect(batch(OTHER_TID)).toEqual([]);
    expect(other.open.length).toBe(1);
    expect(getFailureCode(batch(OTHER_TID + 1)[0], 0)).toBe(exec.FAILURE_CODE_INVALID_MESSAGE_FLAGS);
  });

  it('answers under its own TID, the echo module also where it is not the first', () => {
    const two = new Bed({}, { modules: (o) => [new FakeModule(o), echoOn(o)] }).operational();
    const [reply] = two.send(exec.PRIVATE_ECHO, [ECHO, 5], FAKE_TID);
    expect(frameTarget(reply!, 0)).toBe(FAKE_TID);
  });

  it.each([
    ['DdmSuspend', exec.EXEC_DDM_SUSPEND, 0],
    ['DdmQuiesce', exec.EXEC_DDM_QUIESCE, 1],
  ])('is stopped by %s alone', (_name, stop, quiesced) => {
    expect(bed.status(stop, [FAKE_TID, 0])).toBe(0);
    expect([fake.quiesced, other.quiesced]).toEqual([quiesced, 0]);
    expect(failureOf(FAKE_TID)).toBe(exec.FAILURE_CODE_SERVICE_SUSPENDED);
    bed.send(0xff, [1], OTHER_TID);
    expect(other.open.length).toBe(1);
    expect(bed.status(exec.EXEC_DDM_ENABLE, [FAKE_TID, 0])).toBe(0);
    bed.send(0xff, [1], FAKE_TID);
    expect(fake.open.length).toBe(1);
  });

  it('is reset alone, and only who asked for its events hears of it', () => {
    bed.send(0xff, [1], FAKE_TID);
    bed.send(0xff, [1], OTHER_TID);
    for (const tid of TIDS) bed.send(util.UTIL_EVENT_REGISTER, [util.GENERIC_EVENT_DEVICE_RESET], tid);
    const replies = bed.send(exec.EXEC_DDM_RESET, [OTHER_TID, 0]);
    expect(replies.map((reply) => frameTarget(reply, 0))).toEqual([IOP_TID, OTHER_TID]);
    expect([fake.open.length, other.open.length]).toEqual([1, 0]);
  });

  it('is suspended with all others by its path', () => {
    expect(bed.status(exec.EXEC_PATH_QUIESCE, [0x00050002])).toBe(0);
    for (const tid of TIDS) expect(failureOf(tid)).toBe(exec.FAILURE_CODE_SERVICE_SUSPENDED);
    expect([fake.quiesced, other.quiesced]).toEqual([1, 1]);
    expect(bed.status(exec.EXEC_PATH_ENABLE, [0x00050002])).toBe(0);
    expect(bed.send(0xff, [1], OTHER_TID)).toEqual([]);
  });

  it('is refused by name when no device has the TID', () => {
    expect(bed.status(exec.EXEC_DDM_SUSPEND, [OTHER_TID + 1]) >>> 24).toBe(
      exec.REQUEST_STATUS_TRANSACTION_ERROR,
    );
  });
});

describe('users', () => {
  const claim = (tid: number, type: number): number => bed.send(util.UTIL_CLAIM, [type << 24], tid)[0][4];
  const lock = (tid: number): Int32Array[] =>
    bed.ask((w, f) => writeHeader(w, f, 0, 0, 5, tid, MANAGER_TID, util.UTIL_LOCK, 1, 2));

  it('claim one device each, and its table entry alone changes', () => {
    bed.send(util.UTIL_EVENT_REGISTER, [exec.EXECUTIVE_EVENT_MODIFIED_LCT]);
    const [reply, event] = bed.send(util.UTIL_CLAIM, [util.CLAIM_TYPE_PRIMARY << 24], OTHER_TID);
    expect([reply![4], event![4], event![5]]).toEqual([0, exec.EXECUTIVE_EVENT_MODIFIED_LCT, OTHER_TID]);
    expect(claim(OTHER_TID, util.CLAIM_TYPE_PRIMARY)).toBe(error(exec.DETAILED_STATUS_DEVICE_BUSY));
    expect(column(groups.GROUP_LOGICAL_CONFIGURATION, groups.GROUP_LOGICAL_CONFIGURATION_USER_TID)).toEqual([
      NO_TID,
      NO_TID,
      NO_TID,
      HOST_TID,
    ]);
    expect(claim(FAKE_TID, util.CLAIM_TYPE_PRIMARY)).toBe(0);
  });

  it('who lock one device keep the host out of that one', () => {
    expect(lock(FAKE_TID)[0][4]).toBe(0);
    expect(bed.send(0xff, [1], FAKE_TID)[0][4]).toBe(
      (exec.REQUEST_STATUS_TRANSACTION_ERROR << 24) | exec.DETAILED_STATUS_DEVICE_LOCKED,
    );
    expect(bed.send(0xff, [1], OTHER_TID)).toEqual([]);
    expect([fake.open.length, other.open.length]).toEqual([0, 1]);
  });
});

describe('events, groups and aborts', () => {
  it('come from the device they are about, with its registration’s contexts', () => {
    const register = (tid: number, context: number): Int32Array[] =>
      bed.ask((w, f) => util.writeUtilEventRegister(w, f, tid, HOST_TID, 9, context, CLASS_EVENT));
    register(FAKE_TID, 101);
    register(OTHER_TID, 102);
    other.events!.raise(CLASS_EVENT, 7);
    fake.events!.raise(CLASS_EVENT, 8);
    const told = bed.run().map((reply) => [frameTarget(reply, 0), reply[3], reply[5]]);
    expect(told.sort((a, b) => a[0] - b[0])).toEqual([
      [FAKE_TID, 101, 8],
      [OTHER_TID, 102, 7],
    ]);
  });

  it('are read and written at the device that has them', () => {
    expect(field(OTHER_TID, { number: OTHER_GROUP }, 0).getUint32(0, true)).toBe(42);
    bed.params(false, FAKE_TID, [1, 0, 1, OTHER_GROUP, 1, 0]);
    expect(bed.blocks()[0].status).toBe(util.BLOCK_STATUS_INVALID_GROUP_ID);
    const classes = TIDS.map((tid) => field(tid, groups.GROUP_DEVICE_IDENTITY, 0).getUint32(0, true) & 0xfff);
    expect(classes).toEqual([ECHO_CLASS_ID, 0x0a1, OTHER_CLASS]);
    const tids = TIDS.map((tid) => field(tid, groups.GROUP_DDM_IDENTITY, 0).getUint16(0, true));
    expect(tids).toEqual(TIDS);
  });

  it('end what is open at the device that the abort names', () => {
    bed.send(0xff, [1], FAKE_TID);
    bed.send(0xff, [1], OTHER_TID);
    const replies = bed.ask((w, f) =>
      util.writeUtilAbort(w, f, OTHER_TID, HOST_TID, 1, 2, util.ABORT_TYPE_WILD, 0, 0),
    );
    expect(replies.map((reply) => [frameTarget(reply, 0), reply[1] >>> 24])).toEqual([
      [OTHER_TID, 0xff],
      [OTHER_TID, util.UTIL_ABORT],
    ]);
    expect([fake.open.length, other.open.length]).toEqual([1, 0]);
  });
});

describe('the tables', () => {
  const inAt = (): number => (bed.control + 3072) >> 2;
  const entries = (): { tid: number; classId: number; tag: string; changed: number }[] => {
    bed.lctNotify();
    const words = exec.getLctHeaderTableWords(bed.words, inAt());
    return Array.from({ length: (words - 3) / 9 }, (_, i) => {
      const at = inAt() + 3 + i * 9;
      const tag = Buffer.from(bed.region.bytes.slice((at + 6) * 4, (at + 8) * 4)).toString('latin1');
      return {
        tid: exec.getLctEntryLocalTid(bed.words, at),
        classId: exec.getLctEntryClassId(bed.words, at),
        tag,
        changed: exec.getLctEntryChangeIndicator(bed.words, at),
      };
    });
  };

  it('list the executive and every device in the order of the TIDs', () => {
    const before = exec.getLctHeaderChangeIndicator(bed.words, inAt());
    expect(entries()).toEqual([
      { tid: IOP_TID, classId: exec.EXECUTIVE_CLASS_ID, tag: 'inic.iop', changed: 1 },
      { tid: ECHO_TID, classId: ECHO_CLASS_ID, tag: 'inic.dev', changed: 1 },
      { tid: FAKE_TID, classId: 0x0a1, tag: 'inic.d11', changed: 1 },
      { tid: OTHER_TID, classId: OTHER_CLASS, tag: 'inic.d12', changed: 1 },
    ]);
    expect(before).toBe(0);
    bed.statusGet();
    expect(exec.getStatusBlockExpectedLctBytes(bed.words, bed.statusBlock)).toBe((3 + 4 * 9) * 4);
  });

  it('lose a device that is destroyed, whose TID then names nothing; the others stay where they are', () => {
    bed.status(exec.EXEC_BOOT_DEVICE_SET, [OTHER_TID]);
    expect(bed.status(exec.EXEC_DDM_DESTROY, [FAKE_TID])).toBe(0);
    const indicator = (): number => exec.getLctHeaderChangeIndicator(bed.words, inAt());
    expect(entries().map(({ tid }) => tid)).toEqual([IOP_TID, ECHO_TID, OTHER_TID]);
    expect(exec.getLctHeaderBootTid(bed.words, inAt())).toBe(OTHER_TID);
    expect(indicator()).toBe(3);
    expect(column(groups.GROUP_LOGICAL_CONFIGURATION, groups.GROUP_LOGICAL_CONFIGURATION_LOCAL_TID)).toEqual([
      IOP_TID,
      ECHO_TID,
      OTHER_TID,
    ]);
    expect(failureOf(FAKE_TID)).toBe(exec.FAILURE_CODE_INVALID_TARGET_ID);
    expect(bed.status(exec.EXEC_DDM_ENABLE, [FAKE_TID, 0])).toBe(
      error(exec.DETAILED_STATUS_DEVICE_NOT_AVAILABLE),
    );
    bed.send(0xff, [1], OTHER_TID);
    expect(other.open.length).toBe(1);
    bed.status(exec.EXEC_DDM_DESTROY, [OTHER_TID]);
    entries();
    expect(exec.getLctHeaderBootTid(bed.words, inAt())).toBe(0);
  });

  it('say of the adapter that the first device controls it, of the modules that each is one', () => {
    expect(column(groups.GROUP_DDM_LIST, groups.GROUP_DDM_LIST_DDM_TID)).toEqual(TIDS);
    bed.status(exec.EXEC_DDM_DESTROY, [FAKE_TID]);
    const adapter = groups.GROUP_HARDWARE_RESOURCES;
    expect(column(adapter, 1).map((word) => word & 0xfff)).toEqual([ECHO_TID]);
    bed.status(exec.EXEC_DDM_DESTROY, [ECHO_TID]);
    expect(column(adapter, 1).map((word) => word & 0xfff)).toEqual([NO_TID]);
  });

  it('have room for so many devices in the control area; no module and one too many are refused', () => {
    const card = (modules: number): Bed =>
      new Bed({}, { modules: (o) => Array.from({ length: modules }, () => new FakeModule(o)) });
    const most = devicesThatFit(RESULT_BYTES_MAX);
    expect(most).toBe(112);
    expect(() => card(most + 1)).toThrow(new RangeError('"modules" expected 1 to 112, got 113'));
    expect(() => card(0)).toThrow(new RangeError('"modules" expected 1 to 112, got 0'));
    const full = card(most).operational();
    full.send(0xff, [1], FIRST_DEVICE_TID + most - 1);
    full.lctNotify(0, RESULT_BYTES_MAX);
    expect(exec.getLctHeaderTableWords(full.words, (full.control + 3072) >> 2)).toBe(3 + 113 * 9);
    const last = ((full.control + 3072) >> 2) + 3 + 112 * 9;
    expect(exec.getLctEntryLocalTid(full.words, last)).toBe(FIRST_DEVICE_TID + 111);
  });
});

describe('the run loop', () => {
  it('gives every module that runs its turn, and wants the earliest deadline', () => {
    const { processor } = bed.parts;
    other.deadlineNs = 700;
    expect(processor.nextDeadlineNs()).toBe(700);
    const before = other.turns;
    for (let i = 0; i < 10; i++) processor.poll();
    expect(other.turns).toBe(before + 10);
    bed.status(exec.EXEC_DDM_DESTROY, [OTHER_TID]);
    const after = other.turns;
    expect(processor.nextDeadlineNs()).not.toBe(700);
    processor.poll();
    expect(other.turns).toBe(after);
  });

  it('lets none take all the frames the host releases: they take turns in going first', () => {
    const floods: OtherModule[] = [];
    const two = new Bed(
      { pools: { outboundFrames: 8 } },
      {
        modules: (outbound) => {
          for (let i = 0; i < 3; i++) floods.push(new OtherModule(outbound));
          return floods;
        },
      },
    ).operational();
    for (const flood of floods) flood.flooding = true;
    for (let round = 0; round < 30; round++) two.run(1);
    const shares = floods.map(({ sent }) => sent);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(8);
    expect(shares[0]).toBeGreaterThan(60);
  });

  it('lets the events of every device out when frames are few', () => {
    build({ pools: { outboundFrames: 8 } });
    bed.operational();
    for (const tid of [FAKE_TID, OTHER_TID]) bed.send(util.UTIL_EVENT_REGISTER, [CLASS_EVENT], tid);
    for (let i = 0; i < 30; i++) for (const module of [fake, other]) module.events!.raise(CLASS_EVENT, i);
    const first = [...bed.run(1), ...bed.run(1), ...bed.run(1)].map((reply) => frameTarget(reply, 0));
    expect(new Set(first).size).toBe(2);
  });
});

describe('quiesce, failure and reset', () => {
  it.each([
    ['SysQuiesce', exec.EXEC_SYS_QUIESCE],
    ['IopClear', exec.EXEC_IOP_CLEAR],
  ])('%s ends the requests of all modules', (_name, functionCode) => {
    bed.send(0xff, [1], FAKE_TID);
    bed.send(0xff, [1], OTHER_TID);
    bed.send(functionCode);
    expect([fake.quiesced, other.quiesced]).toEqual([1, 1]);
    for (const tid of TIDS) expect(failureOf(tid)).toBe(exec.FAILURE_CODE_STATE_ERROR);
  });

  it('one module that throws fails the IOP: no module runs until it is reset, and then all do', () => {
    other.pollThrows = true;
    bed.run();
    expect(faults.length).toBe(1);
    const turns = other.turns;
    expect(bed.statusGet()).toBe(exec.IOP_STATE_FAILED);
    for (const tid of TIDS) expect(failureOf(tid)).toBe(exec.FAILURE_CODE_STATE_ERROR);
    expect(other.turns).toBe(turns);
    other.pollThrows = false;
    expect(bed.iopReset()).toBe(exec.POLLED_STATUS_IN_PROGRESS);
    expect([fake.quiesced, other.quiesced, other.forgotten]).toEqual([1, 1, 1]);
    bed.operational();
    for (const tid of [FAKE_TID, OTHER_TID]) bed.send(0xff, [1], tid);
    expect([fake.open.length, other.open.length]).toEqual([1, 1]);
  });

  it('a module that cannot be quiesced leaves the IOP FAULTED, after the others were', () => {
    fake.quiesceThrows = true;
    expect(bed.iopReset()).toBe(exec.POLLED_STATUS_REJECTED);
    expect([fake.quiesced, other.quiesced]).toEqual([1, 1]);
    expect(bed.send(exec.EXEC_SYS_ENABLE)).toEqual([]);
  });

  it('a reset brings every device back as built', () => {
    bed.status(exec.EXEC_DDM_DESTROY, [FAKE_TID]);
    bed.status(exec.EXEC_DDM_SUSPEND, [OTHER_TID]);
    bed.iopReset();
    bed.operational();
    for (const tid of [FAKE_TID, OTHER_TID]) expect(bed.send(0xff, [1], tid)).toEqual([]);
    expect([fake.open.length, other.open.length]).toEqual([1, 1]);
  });

  it('a reply that a reset destroys is told to the module whose TID it names', () => {
    bed.send(0xff, [1], OTHER_TID);
    bed.send(0xff, [1], FAKE_TID);
    fake.finish();
    other.open[0].transactionContext = 55;
    other.finish();
    bed.post((w, f) => exec.writeExecSysEnable(w, f, IOP_TID, HOST_TID, 1, 2));
    bed.parts.processor.poll();
    const word = (bed.control + 768) >> 2;
    bed.words[word] = 0;
    bed.post((w, f) => exec.writeExecIopReset(w, f, IOP_TID, HOST_TID, 0, 0, word * 4, 0));
    bed.parts.processor.poll();
    expect(bed.words[word]).toBe(exec.POLLED_STATUS_IN_PROGRESS);
    expect(bed.ledger.snapshot()['outboundDestroyed']).toBe(3);
    expect(other.destroyedContexts).toEqual([55]);
  });
});
