/** The parameter groups that the executive makes for itself and for every device. */
import { beforeEach, describe, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import * as groups from '../../src/i2o/groups.gen.ts';
import { DEVICE_TID, ECHO_CLASS_ID, IOP_TID, ORGANIZATION_ID } from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { FakeModule } from './fake-module.ts';
import { Bed } from './messages.ts';

const { PARAMS_OPERATION_FIELD_GET: FIELD_GET, PARAMS_OPERATION_FIELD_SET: FIELD_SET } = util;
const { PARAMS_OPERATION_TABLE_GET: TABLE_GET } = util;

/** A module of the class that has private messages. */
class EchoingModule extends FakeModule {
  override readonly classId = ECHO_CLASS_ID;
}

let bed: Bed;
beforeEach(() => {
  bed = new Bed({}, { module: (outbound) => new FakeModule(outbound) }).operational();
});

describe('the groups every target has', () => {
  const field = (target: number, group: groups.GroupLayout, index: number): DataView => {
    expect(
      bed.params(false, target, [1, 0, group.table ? TABLE_GET : FIELD_GET, group.number, 1, index]),
    ).toBe(0);
    expect(bed.blocks()[0].status).toBe(0);
    return bed.blocks()[0].data;
  };

  it('F000 lists them all, and what it says of each is so', () => {
    for (const [target, own] of [
      [IOP_TID, 13],
      [DEVICE_TID, 4],
    ] as const) {
      const numbers = field(target, groups.GROUP_GROUP_DESCRIPTORS, 0);
      expect(numbers.getUint16(0, true)).toBe(own + 10);
      const rows = field(target, groups.GROUP_GROUP_DESCRIPTORS, 2).getUint16(4 + own * 2, true);
      expect(rows).toBe(own + 10);
    }
  });

  it('F003 names the users, F100 the class, F103 what lists may be', () => {
    bed.claim();
    bed.claim(0, util.CLAIM_TYPE_MANAGEMENT);
    const types = field(DEVICE_TID, groups.GROUP_USERS, groups.GROUP_USERS_CLAIM_TYPE);
    expect([types.getUint16(0, true), types.getUint8(4), types.getUint8(5)]).toEqual([2, 1, 4]);
    expect(field(DEVICE_TID, groups.GROUP_DEVICE_IDENTITY, 0).getUint32(0, true) & 0xfff).toBe(0x0a1);
    expect(field(DEVICE_TID, groups.GROUP_SGL_LIMITS, 0).getUint32(0, true)).toBe(1024);
  });

  it('F102 keeps what its user calls it', () => {
    const name = 'storage side';
    const bytes = new Uint8Array(12 + 64);
    new DataView(bytes.buffer).setUint16(0, 1, true);
    bytes.set([FIELD_SET, 0, 0x02, 0xf1, 1, 0, 0, 0], 4);
    bytes.set(new TextEncoder().encode(name), 12);
    expect(bed.params(true, DEVICE_TID, bytes)).toBe(0);
    expect(bed.blocks()[0].status).toBe(0);
    const view = field(DEVICE_TID, groups.GROUP_USER_INFORMATION, 0);
    expect(String.fromCharCode(...Array.from(name, (_, i) => view.getUint8(i)))).toBe(name);
    expect(field(IOP_TID, groups.GROUP_USER_INFORMATION, 0).getUint8(0)).toBe(0);
  });

  it('0001 tells how deep the queues stand', () => {
    const all = (): DataView =>
      field(IOP_TID, groups.GROUP_MESSAGE_INTERFACE, groups.GROUP_MESSAGE_INTERFACE_INBOUND_CURRENT_POST);
    expect(all().getUint32(0, true)).toBe(1); // the request itself
    expect(field(IOP_TID, groups.GROUP_MESSAGE_INTERFACE, 0).getUint32(0, true)).toBe(128);
    expect(field(IOP_TID, groups.GROUP_MESSAGE_INTERFACE, 16).getUint8(0)).toBe(
      exec.INIT_CODE_OPERATING_SYSTEM,
    );
  });

  it('0100 and 0102 are the tables, 0101 the head of one', () => {
    expect(field(IOP_TID, groups.GROUP_HARDWARE_RESOURCES, 0).getUint32(4, true)).toBe(1);
    const tids = field(IOP_TID, groups.GROUP_LOGICAL_CONFIGURATION, 0);
    expect([tids.getUint16(4, true), tids.getUint16(6, true)]).toEqual([IOP_TID, DEVICE_TID]);
    bed.status(exec.EXEC_BOOT_DEVICE_SET, [DEVICE_TID]);
    expect(field(IOP_TID, groups.GROUP_LOGICAL_CONFIGURATION_HEAD, 0).getUint16(0, true)).toBe(DEVICE_TID);
  });

  it('0004 to 0007 and 0104 say what there is of software, buses and other IOPs', () => {
    expect(field(IOP_TID, groups.GROUP_DRIVER_STORE, 1).getUint32(0, true)).toBe(0);
    expect(field(IOP_TID, groups.GROUP_DRIVER_STORE_TABLE, 0).getUint16(0, true)).toBe(0);
    expect(field(IOP_TID, groups.GROUP_BUS_ATTRIBUTES, 3).getUint8(4)).toBe(1);
    expect(field(IOP_TID, groups.GROUP_SOFTWARE_ATTRIBUTES, 0).getUint16(0, true)).toBe(ORGANIZATION_ID);
    expect(field(IOP_TID, groups.GROUP_EXTERNAL_CONNECTIONS, 0).getUint16(0, true)).toBe(0);
  });

  it('F000 and F003 have rows of eight bytes, as the headers and Linux’s i2o_proc.c read them', () => {
    for (const { fields } of [groups.GROUP_GROUP_DESCRIPTORS, groups.GROUP_USERS]) {
      expect(fields.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBe(8);
    }
  });

  it('F005 names the private messages, F006 the authorized user', () => {
    bed = new Bed({}, { module: (outbound) => new EchoingModule(outbound) }).operational();
    const codes = field(DEVICE_TID, groups.GROUP_PRIVATE_EXTENSIONS, 2);
    expect([codes.getUint16(0, true), codes.getUint16(4, true), codes.getUint16(6, true)]).toEqual([3, 1, 2]);
    expect(field(IOP_TID, groups.GROUP_PRIVATE_EXTENSIONS, 2).getUint16(0, true)).toBe(0);
    expect(field(DEVICE_TID, groups.GROUP_AUTHORIZED_USERS, 0).getUint16(0, true)).toBe(0);
    bed.claim();
    bed.claim(0, util.CLAIM_TYPE_AUTHORIZED);
    expect(field(DEVICE_TID, groups.GROUP_AUTHORIZED_USERS, 0).getUint16(4, true)).toBe(1);
  });
});
