/**
 * Two drivers, one card: what a second initiator may, and how claims, locks and reservations keep one or the
 * other out.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import { FLAG_FAIL, frameFlags, frameInitiator, getFailureCode, writeHeader } from '../../src/i2o/frame.ts';
import { DEVICE_TID, HOST_TID, IOP_TID, MANAGER_TID, NO_TID } from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { FakeModule } from './fake-module.ts';
import { Bed, IN_AT } from './messages.ts';

let bed: Bed;
let module: FakeModule;
beforeEach(() => {
  bed = new Bed({}, { module: (outbound) => (module = new FakeModule(outbound)) }).operational();
});

const error = (detail: number): number => (exec.REQUEST_STATUS_ERROR_NO_DATA << 24) | detail;
const { DETAILED_STATUS_DEVICE_BUSY: BUSY, DETAILED_STATUS_DEVICE_LOCKED: LOCKED } = exec;
const NOT_YOURS = exec.DETAILED_STATUS_INVALID_INITIATOR_ADDRESS;

function ask(from: number, code: number, body: readonly number[] = [], target = DEVICE_TID): Int32Array[] {
  return bed.ask((w, f) => {
    writeHeader(w, f, 0, 0, 4 + body.length, target, from, code, 5, 6);
    body.forEach((word, i) => {
      w[f + 4 + i] = word;
    });
  });
}
const status = (from: number, code: number, body: readonly number[] = []): number =>
  ask(from, code, body)[0][4];
const claim = (from: number, flags: number, type: number = util.CLAIM_TYPE_PRIMARY): number =>
  status(from, util.UTIL_CLAIM, [flags | (type << 24)]);
const release = (from: number): number =>
  status(from, util.UTIL_CLAIM_RELEASE, [util.CLAIM_TYPE_PRIMARY << 24]);
/**
 * The host's class message.
 * @returns 0 when the module took it, else the DetailedStatusCode of a transaction error.
 */
function classMessage(): number {
  const before = module.open.length;
  const replies = ask(HOST_TID, 0x81);
  if (module.open.length > before) return 0;
  expect(replies[0][4] >>> 24).toBe(exec.REQUEST_STATUS_TRANSACTION_ERROR);
  return replies[0][4] & 0xffff;
}
function entry(): number {
  bed.lctNotify();
  return ((bed.control + IN_AT) >> 2) + 12;
}

describe('a second initiator', () => {
  it('sends utility messages, and is answered at its own TID', () => {
    const [reply] = ask(MANAGER_TID, util.UTIL_EVENT_ACK, [1, 2]);
    expect(frameInitiator(reply!, 0)).toBe(MANAGER_TID);
  });

  it.each([
    ['of the class', 0x81, DEVICE_TID],
    ['of the executive', exec.EXEC_SYS_QUIESCE, IOP_TID],
    ['of events', util.UTIL_EVENT_REGISTER, DEVICE_TID],
  ])('and no message %s', (_what, code, target) => {
    const [reply] = ask(MANAGER_TID, code, [1], target);
    expect(frameFlags(reply!, 0) & FLAG_FAIL).toBe(FLAG_FAIL);
    expect(getFailureCode(reply!, 0)).toBe(exec.FAILURE_CODE_INVALID_INITIATOR_ID);
    expect(module.open.length).toBe(0);
  });

  it('aborts nothing of the host’s', () => {
    classMessage();
    bed.lctNotify(1000);
    for (const target of [IOP_TID, DEVICE_TID]) {
      const replies = ask(MANAGER_TID, util.UTIL_ABORT, [util.ABORT_TYPE_WILD << 16, 0], target);
      expect(replies.map((r) => r[4])).toEqual([0]);
    }
    expect(module.open.length).toBe(1);
  });
});

describe('claims', () => {
  it('of one are refused to the other, and only he who made one releases it', () => {
    expect(claim(MANAGER_TID, 0)).toBe(0);
    expect(exec.getLctEntryUserTid(bed.words, entry())).toBe(MANAGER_TID);
    expect(claim(HOST_TID, 0)).toBe(error(BUSY));
    expect(release(HOST_TID)).toBe(error(NOT_YOURS));
    expect(release(MANAGER_TID)).toBe(0);
    expect(exec.getLctEntryUserTid(bed.words, entry())).toBe(NO_TID);
    expect(claim(HOST_TID, 0)).toBe(0);
  });

  it('keep the other out while exclusive, and only then', () => {
    claim(MANAGER_TID, 0);
    expect(classMessage()).toBe(0);
    release(MANAGER_TID);
    claim(MANAGER_TID, util.CLAIM_FLAG_EXCLUSIVE);
    expect(classMessage()).toBe(NOT_YOURS);
    expect(bed.params(true, DEVICE_TID, [1, 0, 0xa, 0x0100, 0])).toBe(error(NOT_YOURS));
    expect(bed.params(false, DEVICE_TID, [1, 0, 1, 0xf100, 0xffff])).toBe(0);
    release(MANAGER_TID);
    expect(classMessage()).toBe(0);
  });

  it('say in the table whether there may be others, and managers', () => {
    const flags = (): number => exec.getLctEntryDeviceFlags(bed.words, entry());
    expect(flags()).toBe(0x02);
    claim(HOST_TID, util.CLAIM_FLAG_NO_MANAGEMENT_SERVICE | util.CLAIM_FLAG_NO_PEER_SERVICE);
    expect(flags()).toBe(0x32);
    expect(claim(MANAGER_TID, 0, util.CLAIM_TYPE_MANAGEMENT)).toBe(error(BUSY));
    release(HOST_TID);
    expect(claim(MANAGER_TID, 0, util.CLAIM_TYPE_MANAGEMENT)).toBe(0);
    expect(claim(HOST_TID, util.CLAIM_FLAG_NO_MANAGEMENT_SERVICE)).toBe(error(BUSY));
    expect(claim(HOST_TID, util.CLAIM_FLAG_EXCLUSIVE)).toBe(error(BUSY));
  });

  it('are gone with the device, and after a reset', () => {
    claim(MANAGER_TID, util.CLAIM_FLAG_EXCLUSIVE);
    bed.iopReset();
    bed.operational();
    expect(classMessage()).toBe(0);
  });
});

describe.each([
  ['a lock', util.UTIL_LOCK, util.UTIL_LOCK_RELEASE, LOCKED],
  ['a reservation', util.UTIL_DEVICE_RESERVE, util.UTIL_DEVICE_RELEASE, BUSY],
])('%s', (_name, take, give, why) => {
  it('keeps the other out, messages, claims and settings, until it is given up by its owner', () => {
    expect(status(MANAGER_TID, take)).toBe(0);
    expect(classMessage()).toBe(why);
    expect(claim(HOST_TID, 0)).toBe(error(why));
    expect(status(HOST_TID, take)).toBe(error(why));
    expect(status(HOST_TID, give)).toBe(error(NOT_YOURS));
    expect(bed.params(true, DEVICE_TID, [1, 0, 0xa, 0x0100, 0])).toBe(error(why));
    expect(status(MANAGER_TID, give)).toBe(0);
    expect(classMessage()).toBe(0);
    expect(status(MANAGER_TID, give)).toBe(error(exec.DETAILED_STATUS_INVALID_REQUEST));
  });

  it('does not keep its owner out', () => {
    expect(status(HOST_TID, take)).toBe(0);
    expect(classMessage()).toBe(0);
    expect(status(MANAGER_TID, take)).toBe(error(why));
  });
});
