/**
 * What the executive takes in which IOP state, what it refuses, how the states follow each other, and
 * failure.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { AssertionFailure } from '../../src/assert/assert.ts';
import * as exec from '../../src/i2o/executive.gen.ts';
import { FLAG_FAIL, frameFlags, getFailureCode } from '../../src/i2o/frame.ts';
import { DEVICE_TID, IOP_TID } from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { isLegal } from '../../src/iop/check/executive-states.ts';
import { readRepositoryFile } from '../spec/repository.ts';
import { FakeModule } from './fake-module.ts';
import { Bed, IN_AT, TABLE_AT } from './messages.ts';

const HOLD = exec.IOP_STATE_HOLD;
const READY = exec.IOP_STATE_READY;
const OPERATIONAL = exec.IOP_STATE_OPERATIONAL;
const RESET = exec.IOP_STATE_RESET;
const STATES = [RESET, HOLD, READY, OPERATIONAL];
const FUNCTIONS = Object.entries(exec.EXECUTIVE_FUNCTION_NAMES).map(([code, name]) => ({
  code: Number(code),
  name,
}));
const POLLED = [exec.EXEC_STATUS_GET, exec.EXEC_OUTBOUND_INIT, exec.EXEC_IOP_RESET];
const UNSUPPORTED = [
  ...[exec.EXEC_SW_DOWNLOAD, exec.EXEC_SW_UPLOAD, exec.EXEC_SW_REMOVE, exec.EXEC_ADAPTER_READ],
  ...[exec.EXEC_ADAPTER_ASSIGN, exec.EXEC_ADAPTER_RELEASE, exec.EXEC_DEVICE_ASSIGN, exec.EXEC_DEVICE_RELEASE],
  ...[exec.EXEC_IOP_CONNECT, exec.EXEC_CONN_SETUP],
];
const REFUSED = (exec.REQUEST_STATUS_ERROR_NO_DATA << 24) | exec.DETAILED_STATUS_INAPPROPRIATE_FUNCTION;
const NOT_SUPPORTED = (exec.REQUEST_STATUS_ERROR_NO_DATA << 24) | exec.DETAILED_STATUS_UNSUPPORTED_FUNCTION;

/** A good body of an executive message, for a card with the Bed's ids. */
function bodyOf(bed: Bed, code: number, state: number): [readonly number[], number] {
  // Before SysTabSet the IOP has no number.
  const path = state === HOLD ? 0 : 0x00050002;
  const place = [0xd0000000 | 256, bed.control + IN_AT];
  const table = [0x54000010, bed.control + TABLE_AT, 0x54000004, 4, 0xd4000004, 4];
  switch (code) {
    case exec.EXEC_LCT_NOTIFY:
      return [[-1, 0, ...place], 6];
    case exec.EXEC_HRT_GET:
      return [place, 4];
    case exec.EXEC_SYS_TAB_SET:
      return [[path, 0, ...table], 6];
    case exec.EXEC_SYS_MODIFY:
      return [table, 4];
    case exec.EXEC_SW_DOWNLOAD:
    case exec.EXEC_SW_UPLOAD:
      return [[0, 0, 0, ...place], 7];
    case exec.EXEC_ADAPTER_READ:
      return [[1, 0, 0, 4, ...place], 8];
    case exec.EXEC_PATH_QUIESCE:
    case exec.EXEC_PATH_ENABLE:
    case exec.EXEC_PATH_RESET:
      return [[path], 0];
    case exec.EXEC_STATIC_MF_CREATE:
      return [[1, 0x00040001, 0xa0001000, 1, 2], 0];
    case exec.EXEC_STATIC_MF_RELEASE:
      return [[bed.send(exec.EXEC_STATIC_MF_CREATE, [1, 0x00040001, 0xa0001000, 1, 2])[0]?.[5] ?? 0], 0];
    default:
      return [[DEVICE_TID, 0, 0, 0, 0], 0];
  }
}

describe('what is legal in which state', () => {
  it('is what spec/states.yaml says', () => {
    const { machines } = parse(readRepositoryFile('spec/states.yaml')) as {
      machines: { name: string; transitions: { in: string[]; on: string }[] }[];
    };
    const { transitions } = machines.find(({ name }) => name === 'iop')!;
    const names = {
      Reset: RESET,
      Hold: HOLD,
      Ready: READY,
      Operational: OPERATIONAL,
      Failed: exec.IOP_STATE_FAILED,
    };
    for (const { code, name } of FUNCTIONS.filter(({ name }) => name.startsWith('Exec'))) {
      for (const [stateName, state] of Object.entries(names)) {
        const said = transitions.some(
          ({ on, in: from }) => on === `request ${name}` && from.includes(stateName),
        );
        expect(isLegal(code, state), `${name} in ${stateName}`).toBe(said);
      }
    }
  });

  it.each(FUNCTIONS.filter(({ code }) => !POLLED.includes(code)))('$name', ({ code }) => {
    for (const state of STATES) {
      const bed = new Bed().to(state);
      const [body, sglWord] = bodyOf(bed, code, state);
      const replies = bed.send(code, body, IOP_TID, sglWord);
      if (state === RESET) {
        expect(replies).toEqual([]);
        expect(bed.ledger.snapshot()['inboundRefused']).toBeGreaterThan(0);
      } else if (!isLegal(code, state)) {
        expect(replies.map((r) => r[4])).toEqual([REFUSED]);
        expect(bed.statusGet()).toBe(state);
      } else {
        const expected = UNSUPPORTED.includes(code) ? NOT_SUPPORTED : 0;
        expect(replies.at(-1)![4], `state ${state}`).toBe(expected);
      }
    }
  });

  it('an executive function that does not exist', () => {
    const bed = new Bed().to(HOLD);
    expect(bed.status(0xee)).toBe(
      (exec.REQUEST_STATUS_ERROR_NO_DATA << 24) | exec.DETAILED_STATUS_UNKNOWN_FUNCTION,
    );
  });

  it('utility messages are refused: in RESET silently, to a device before OPERATIONAL by a failure', () => {
    for (const functionCode of Object.keys(util.UTILITY_FUNCTION_NAMES).map(Number)) {
      if (functionCode === util.UTIL_NOP) continue;
      expect(new Bed().send(functionCode, [0, 0, 0, 0, 0])).toEqual([]);
      const [reply] = new Bed().to(READY).send(functionCode, [0, 0, 0, 0, 0], DEVICE_TID);
      expect(frameFlags(reply!, 0) & FLAG_FAIL).toBe(FLAG_FAIL);
      expect(getFailureCode(reply!, 0)).toBe(exec.FAILURE_CODE_STATE_ERROR);
    }
  });
});

describe('OutboundInit', () => {
  it('again in HOLD, but not later', () => {
    const bed = new Bed().to(HOLD);
    expect(bed.outboundInit()).toBe(exec.POLLED_STATUS_COMPLETE);
    bed.to(READY);
    expect(bed.outboundInit()).toBe(exec.POLLED_STATUS_REJECTED);
    expect(bed.statusGet()).toBe(READY);
  });

  it.each([
    ['a frame in which not every reply fits', 16, 4096],
    ['a page size that is no power of two', 32, 5000],
    ['a page size of nothing', 32, 0],
  ])('fails with %s', (_what, frameWords, pageBytes) => {
    const bed = new Bed();
    expect(bed.outboundInit(frameWords, pageBytes)).toBe(exec.POLLED_STATUS_FAILED);
    expect(bed.statusGet()).toBe(RESET);
  });

  it.each([RESET, exec.IOP_STATE_HOLD])(
    'with a field out of its range FAILED is written in state %i',
    (state) => {
      const other = new Bed().to(state);
      const at = other.control + 512;
      other.words[at >> 2] = 0;
      other.send(exec.EXEC_OUTBOUND_INIT, [4096, 0x00200033, 0xd0000004 | 0, at], IOP_TID, 6);
      expect(other.words[at >> 2]).toBe(exec.POLLED_STATUS_FAILED);
    },
  );

  it('keeps the InitCode for the status block, and takes no unknown one', () => {
    const bed = new Bed().to(HOLD);
    bed.statusGet();
    expect(exec.getStatusBlockInitCode(bed.words, bed.statusBlock)).toBe(exec.INIT_CODE_OPERATING_SYSTEM);
    const other = new Bed();
    other.send(exec.EXEC_OUTBOUND_INIT, [4096, 0x00200077, 0xd0000004, other.control + 512], IOP_TID, 6);
    expect(other.statusGet()).toBe(RESET);
  });

  it('says in a reclaim list that it let no frames go', () => {
    const bed = new Bed();
    const [word, list] = [bed.control + 512, bed.control + IN_AT];
    bed.words[(list >> 2) + 1] = 99;
    const body = [4096, 0x00200080, 0x50000004, word, 0xd0000010, list];
    bed.send(exec.EXEC_OUTBOUND_INIT, body, IOP_TID, 6);
    expect(bed.words[word >> 2]).toBe(exec.POLLED_STATUS_COMPLETE);
    expect(bed.in(1)).toBe(0);
  });
});

describe('SysQuiesce, IopClear and IopReset', () => {
  let bed: Bed;
  let module: FakeModule;
  beforeEach(() => {
    bed = new Bed({}, { module: (outbound) => (module = new FakeModule(outbound)) }).operational();
  });

  it('SysQuiesce stops the device; SysEnable starts it', () => {
    expect(bed.status(exec.EXEC_SYS_QUIESCE)).toBe(0);
    expect(module.quiesced).toBe(1);
    expect(getFailureCode(bed.send(0xff, [1], DEVICE_TID)[0], 0)).toBe(exec.FAILURE_CODE_STATE_ERROR);
    expect(bed.status(exec.EXEC_SYS_ENABLE)).toBe(0);
    bed.send(0xff, [1], DEVICE_TID);
    expect(module.open.length).toBe(1);
  });

  it('IopClear ends what is open, keeps the tables, and goes to HOLD', () => {
    bed.claim();
    expect(bed.lctNotify(100)).toEqual([]);
    const replies = bed.send(exec.EXEC_IOP_CLEAR);
    expect(replies.map((r) => [r[1] >>> 24, r[4] >>> 24])).toEqual([
      [exec.EXEC_LCT_NOTIFY, exec.REQUEST_STATUS_PROCESS_ABORT_NO_DATA],
      [exec.EXEC_IOP_CLEAR, 0],
    ]);
    expect(module.quiesced).toBe(1);
    expect(bed.statusGet()).toBe(HOLD);
    bed.lctNotify();
    expect(exec.getLctEntryUserTid(bed.words, ((bed.control + IN_AT) >> 2) + 12)).toBe(1);
  });

  it('IopReset forgets claims, registrations, requests and static frames', () => {
    bed.claim();
    bed.lctNotify(100);
    bed.send(util.UTIL_EVENT_REGISTER, [-1]);
    expect(bed.iopReset()).toBe(exec.POLLED_STATUS_IN_PROGRESS);
    expect(bed.statusGet()).toBe(RESET);
    bed.operational();
    expect(bed.claim()).toBe(0);
    expect(bed.status(exec.EXEC_BIOS_INFO_SET, [DEVICE_TID])).toBe(0);
  });

  it('IopReset is answered in memory in every state', () => {
    for (const state of STATES) {
      const other = new Bed().to(state);
      expect(other.iopReset()).toBe(exec.POLLED_STATUS_IN_PROGRESS);
      expect(other.statusGet()).toBe(RESET);
    }
  });
});

describe('a module that throws', () => {
  let bed: Bed;
  let module: FakeModule;
  let faults: unknown[];
  beforeEach(() => {
    faults = [];
    bed = new Bed(
      {},
      {
        module: (outbound) => (module = new FakeModule(outbound)),
        onFault: (error) => faults.push(error),
      },
    ).operational();
  });

  it('leaves the card FAILED: it takes StatusGet and IopReset, and loses no frame', () => {
    bed.send(util.UTIL_EVENT_REGISTER, [exec.EXECUTIVE_EVENT_DDM_AVAILABILITY]);
    module.throwing = true;
    const told = bed.send(0xff, [1], DEVICE_TID);
    expect(faults.length).toBe(1);
    expect(told.map((r) => [r[4], r[5]])).toEqual([[exec.EXECUTIVE_EVENT_DDM_AVAILABILITY, 4]]);
    expect(bed.statusGet()).toBe(exec.IOP_STATE_FAILED);
    expect(bed.status(exec.EXEC_SYS_ENABLE)).toBe(REFUSED);
    expect(getFailureCode(bed.send(0xff, [1], DEVICE_TID)[0], 0)).toBe(exec.FAILURE_CODE_STATE_ERROR);
    expect(getFailureCode(bed.send(util.UTIL_CLAIM, [1])[0], 0)).toBe(exec.FAILURE_CODE_STATE_ERROR);
    expect(bed.inbound.inUse).toBe(0);
  });

  it('is brought back by IopReset', () => {
    module.throwing = true;
    bed.send(0xff, [1], DEVICE_TID);
    module.throwing = false;
    expect(bed.iopReset()).toBe(exec.POLLED_STATUS_IN_PROGRESS);
    bed.operational();
    bed.send(0xff, [1], DEVICE_TID);
    expect(module.open.length).toBe(1);
  });

  it('leaves the card FAULTED when it cannot even be reset: then nothing is answered', () => {
    module.throwing = true;
    module.quiesceThrows = true;
    bed.send(0xff, [1], DEVICE_TID);
    expect(bed.iopReset()).toBe(exec.POLLED_STATUS_REJECTED);
    expect(bed.send(exec.EXEC_SYS_ENABLE)).toEqual([]);
    bed.words[bed.statusBlock + 21] = 0;
    bed.send(exec.EXEC_STATUS_GET, [0, 0, bed.control, 0, 88]);
    expect(bed.words[bed.statusBlock + 21]).toBe(0);
    expect(bed.inbound.inUse).toBe(0);
  });

  it('is not FAILED by an assertion of the card’s own: the card stops, and names it', () => {
    module.asserting = true;
    expect(() => bed.send(0xff, [1], DEVICE_TID)).toThrow(new AssertionFailure('fake module: it is asked'));
    expect(faults).toEqual([]);
  });

  it('and whose assertion fails while it is quiesced stops the card as well', () => {
    module.quiesceAsserts = true;
    expect(() => bed.iopReset()).toThrow(new AssertionFailure('fake module: it is quiesced'));
    expect(faults).toEqual([]);
  });

  it('ends the card where nobody wants to hear of it', () => {
    const other = new Bed({}, { module: (outbound) => (module = new FakeModule(outbound)) }).operational();
    module.throwing = true;
    expect(() => other.send(0xff, [1], DEVICE_TID)).toThrow('module');
  });
});

describe('one device of a running IOP', () => {
  let bed: Bed;
  let module: FakeModule;
  beforeEach(() => {
    bed = new Bed({}, { module: (outbound) => (module = new FakeModule(outbound)) }).operational();
  });
  const failureOf = (): number => getFailureCode(bed.send(0xff, [1], DEVICE_TID)[0], 0);

  it.each([
    ['DdmSuspend', exec.EXEC_DDM_SUSPEND, exec.EXEC_DDM_ENABLE, [DEVICE_TID, 0], 0],
    ['DdmQuiesce', exec.EXEC_DDM_QUIESCE, exec.EXEC_DDM_ENABLE, [DEVICE_TID, 0], 1],
    ['PathQuiesce', exec.EXEC_PATH_QUIESCE, exec.EXEC_PATH_ENABLE, [0x00050002], 1],
  ])('%s makes it refuse its own messages, and answer utility ones, until it is enabled', (...row) => {
    const [, stop, start, body, quiesced] = row;
    expect(bed.status(stop, body)).toBe(0);
    expect(module.quiesced).toBe(quiesced);
    expect(failureOf()).toBe(exec.FAILURE_CODE_SERVICE_SUSPENDED);
    expect(bed.claim()).toBe(0);
    // The state outlives the IOP's.
    bed.status(exec.EXEC_SYS_QUIESCE);
    bed.status(exec.EXEC_SYS_ENABLE);
    expect(failureOf()).toBe(exec.FAILURE_CODE_SERVICE_SUSPENDED);
    expect(bed.status(start, body)).toBe(0);
    bed.send(0xff, [1], DEVICE_TID);
    expect(module.open.length).toBe(1);
  });

  it('its path and it are suspended and enabled apart', () => {
    const path = [0x00050002];
    bed.status(exec.EXEC_PATH_QUIESCE, path);
    bed.status(exec.EXEC_DDM_QUIESCE, [DEVICE_TID, 0]);
    bed.status(exec.EXEC_DDM_ENABLE, [DEVICE_TID, 0]);
    expect(failureOf()).toBe(exec.FAILURE_CODE_SERVICE_SUSPENDED);
    bed.status(exec.EXEC_DDM_QUIESCE, [DEVICE_TID, 0]);
    bed.status(exec.EXEC_PATH_ENABLE, path);
    expect(failureOf()).toBe(exec.FAILURE_CODE_SERVICE_SUSPENDED);
    bed.status(exec.EXEC_DDM_ENABLE, [DEVICE_TID, 0]);
    bed.send(0xff, [1], DEVICE_TID);
    expect(module.open.length).toBe(1);
  });

  it('PathReset ends its requests, and is no reset of the device', () => {
    bed.send(util.UTIL_EVENT_REGISTER, [-1 & ~util.GENERIC_EVENT_EVENT_MASK_MODIFIED], DEVICE_TID);
    bed.send(0xff, [1], DEVICE_TID);
    const replies = bed.send(exec.EXEC_PATH_RESET, [0x00050002]);
    expect(module.open.length).toBe(0);
    expect(replies.map((r) => r[1] >>> 24)).toEqual([exec.EXEC_PATH_RESET]);
  });

  it('DdmReset ends its requests and raises DeviceReset', () => {
    bed.send(util.UTIL_EVENT_REGISTER, [util.GENERIC_EVENT_DEVICE_RESET], DEVICE_TID);
    bed.send(0xff, [1], DEVICE_TID);
    const replies = bed.send(exec.EXEC_DDM_RESET, [DEVICE_TID, 0]);
    expect(module.open.length).toBe(0);
    expect(replies.map((r) => r[4])).toEqual([0, util.GENERIC_EVENT_DEVICE_RESET | 0]);
  });

  it('DdmDestroy takes it out of the table, and only a reset brings it back', () => {
    bed.claim();
    expect(bed.status(exec.EXEC_DDM_DESTROY, [DEVICE_TID])).toBe(0);
    bed.lctNotify();
    expect(exec.getLctHeaderTableWords(bed.words, (bed.control + IN_AT) >> 2)).toBe(12);
    expect(failureOf()).toBe(exec.FAILURE_CODE_INVALID_TARGET_ID);
    expect(getFailureCode(bed.send(util.UTIL_CLAIM, [1 << 24], DEVICE_TID)[0], 0)).toBe(
      exec.FAILURE_CODE_INVALID_TARGET_ID,
    );
    expect(bed.status(exec.EXEC_DDM_ENABLE, [DEVICE_TID, 0]) & 0xffff).toBe(
      exec.DETAILED_STATUS_DEVICE_NOT_AVAILABLE,
    );
    bed.iopReset();
    bed.operational();
    expect(bed.claim()).toBe(0);
  });

  it('another device, or another path, is refused with the place of its name', () => {
    for (const [code, body] of [
      [exec.EXEC_DDM_ENABLE, 0x123],
      [exec.EXEC_PATH_RESET, 0x00050003],
      [exec.EXEC_BOOT_DEVICE_SET, 0x123],
    ]) {
      const [reply] = bed.send(code!, [body!, 0]);
      expect(reply![4] >>> 24).toBe(exec.REQUEST_STATUS_TRANSACTION_ERROR);
      expect(reply![5]).toBe(16);
    }
  });
});
