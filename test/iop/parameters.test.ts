/**
 * ParamsGet and ParamsSet: the ten operations, what each block says when it fails, lists that are malformed
 * or too long.
 */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import * as exec from '../../src/i2o/executive.gen.ts';
import { writeHeader } from '../../src/i2o/frame.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../../src/i2o/tids.ts';
import * as util from '../../src/i2o/utility.gen.ts';
import { COUNTERS, FakeModule, KEYLESS, SCALAR, TABLE } from './fake-module.ts';
import { Bed, IN_AT, type ResultBlock } from './messages.ts';

const ALL = 0xffff;
const { PARAMS_OPERATION_FIELD_GET: FIELD_GET, PARAMS_OPERATION_FIELD_SET: FIELD_SET } = util;
const { PARAMS_OPERATION_LIST_GET: LIST_GET, PARAMS_OPERATION_LIST_SET: LIST_SET } = util;
const { PARAMS_OPERATION_MORE_GET: MORE_GET, PARAMS_OPERATION_SIZE_GET: SIZE_GET } = util;
const { PARAMS_OPERATION_TABLE_GET: TABLE_GET, PARAMS_OPERATION_TABLE_CLEAR: TABLE_CLEAR } = util;
const { PARAMS_OPERATION_ROW_ADD: ROW_ADD, PARAMS_OPERATION_ROW_DELETE: ROW_DELETE } = util;

let bed: Bed;
let module: FakeModule;
beforeEach(() => {
  bed = new Bed({}, { module: (outbound) => (module = new FakeModule(outbound)) }).operational();
});

/** One operation, asked of the device. */
function one(set: boolean, operation: readonly number[], room = 1024): ResultBlock {
  expect(bed.params(set, DEVICE_TID, [1, 0, ...operation], room)).toBe(0);
  const blocks = bed.blocks();
  expect(blocks.length).toBe(1);
  return blocks[0];
}
const get = (...operation: number[]): ResultBlock => one(false, operation);
const set = (...operation: number[]): ResultBlock => one(true, operation);
/** Rows with keys 1 to n and values 100 times that. */
function fill(count: number): void {
  for (let i = 1; i <= count; i++) module.table.rows_.push([i, i * 100]);
}

describe('FieldGet', () => {
  it('packs the fields asked for and pads to a word', () => {
    const { data, words } = get(FIELD_GET, SCALAR, 2, 0, 2);
    expect(words).toBe(3);
    expect(data.getUint8(0)).toBe(1);
    expect(data.getUint32(1, true)).toBe(0x33445566);
    expect([data.getUint8(5), data.getUint8(6), data.getUint8(7)]).toEqual([0, 0, 0]);
  });

  it('0xFFFF gives every readable field', () => {
    const { data } = get(FIELD_GET, SCALAR, ALL);
    expect([data.getUint8(0), data.getUint16(1, true), data.getUint32(3, true)]).toEqual([
      1, 0x1122, 0x33445566,
    ]);
  });

  it.each([
    ['a group there is not', [FIELD_GET, 0x7777, ALL], util.BLOCK_STATUS_INVALID_GROUP_ID, 0],
    ['a field there is not', [FIELD_GET, SCALAR, 1, 4], util.BLOCK_STATUS_NO_SUCH_FIELD, 4],
    ['a field that cannot be read', [FIELD_GET, SCALAR, 1, 3], util.BLOCK_STATUS_FIELD_UNREADABLE, 3],
    ['a table', [FIELD_GET, TABLE, ALL], util.BLOCK_STATUS_WRONG_GROUP_TYPE, 0],
  ])(
    'of %s: the message succeeds and the block fails, with error information',
    (_what, operation, status, field) => {
      const { status: found, error } = get(...operation);
      expect(found).toBe(status);
      expect([error.getUint16(0, true), error.getUint16(2, true), error.getUint16(4, true)]).toEqual([
        FIELD_GET,
        operation[1],
        field,
      ]);
    },
  );

  it('counters are u64', () => {
    const { data } = get(FIELD_GET, COUNTERS, ALL);
    expect([data.getBigUint64(0, true), data.getBigUint64(8, true)]).toEqual([5n, 5n + 2n ** 33n]);
  });

  it('several operations give several blocks, those behind a failed one too', () => {
    const list = [3, 0, FIELD_GET, SCALAR, 1, 0, FIELD_GET, 0x7777, ALL, 0, FIELD_GET, SCALAR, 1, 1];
    expect(bed.params(false, DEVICE_TID, list)).toBe(0);
    const blocks = bed.blocks();
    expect(blocks.map(({ status }) => status)).toEqual([0, util.BLOCK_STATUS_INVALID_GROUP_ID, 0]);
    expect(blocks[2].data.getUint16(0, true)).toBe(0x1122);
  });
});

describe('a result buffer that is too small', () => {
  it('holds the fields that fit: BUFFER_FULL; not even the first: BUFFER_TOO_SMALL', () => {
    expect(one(false, [FIELD_GET, SCALAR, ALL], 12).status).toBe(util.BLOCK_STATUS_BUFFER_FULL);
    expect(one(false, [FIELD_GET, COUNTERS, ALL], 12).status).toBe(util.BLOCK_STATUS_BUFFER_TOO_SMALL);
  });

  it('of rows: those that fit, and the flag that there are more; MoreGet reads on', () => {
    fill(4);
    const first = one(false, [TABLE_GET, TABLE, 2, 0, 1], 24);
    expect(first.status).toBe(util.BLOCK_STATUS_BUFFER_FULL);
    expect([first.data.getUint16(0, true), first.data.getUint16(2, true)]).toEqual([2, 1]);
    const last = first.data.getUint16(4 + 6, true);
    const rest = get(MORE_GET, TABLE, 2, 0, 1, 1, last);
    expect(rest.status).toBe(0);
    expect([rest.data.getUint16(0, true), rest.data.getUint16(2, true)]).toEqual([2, 0]);
    expect(rest.data.getUint16(4, true)).toBe(last + 1);
  });

  it('of blocks: the message says so', () => {
    const list = [2, 0, FIELD_GET, SCALAR, 1, 0, FIELD_GET, SCALAR, 1, 1];
    const full = exec.DETAILED_STATUS_REPLY_BUFFER_FULL;
    expect(bed.params(false, DEVICE_TID, list, 12)).toBe((exec.REQUEST_STATUS_ERROR_PARTIAL << 24) | full);
    expect(bed.blocks().length).toBe(1);
    expect(bed.params(false, DEVICE_TID, list, 4)).toBe((exec.REQUEST_STATUS_ERROR_NO_DATA << 24) | full);
  });

  it('is never written past its end', () => {
    fill(4);
    const bodies = [
      [FIELD_GET, SCALAR, ALL],
      [TABLE_GET, TABLE, 2, 0, 1],
      [FIELD_GET, 0x7777, ALL],
      [SIZE_GET, TABLE, 1, 0],
    ];
    for (const operation of bodies) {
      for (let room = 8; room <= 64; room += 1) {
        bed.params(false, DEVICE_TID, [1, 0, ...operation], room);
        for (let i = room & ~3; i < room + 16; i++) {
          expect(bed.view.getUint8(bed.control + IN_AT + i), `${operation} in ${room}`).toBe(0xee);
        }
      }
    }
  });
});

describe('tables', () => {
  beforeEach(() => fill(3));

  it('TableGet gives all rows', () => {
    const { data } = get(TABLE_GET, TABLE, 1, 1);
    expect([data.getUint16(0, true), data.getUint16(2, true)]).toEqual([3, 0]);
    expect([4, 8, 12].map((at) => data.getUint32(at, true))).toEqual([100, 200, 300]);
    expect(get(TABLE_GET, KEYLESS, ALL).data.getUint32(8, true)).toBe(11);
  });

  it('ListGet gives the rows with the keys, in their order', () => {
    const { data, status } = get(LIST_GET, TABLE, 1, 1, 2, 3, 1);
    expect(status).toBe(0);
    expect([data.getUint32(4, true), data.getUint32(8, true)]).toEqual([300, 100]);
  });

  it('a key there is not: continue with the others, or abort when there are none', () => {
    const some = get(LIST_GET, TABLE, 1, 1, 2, 9, 1);
    expect(some.status).toBe(util.BLOCK_STATUS_BAD_KEY_CONTINUE);
    expect(some.data.getUint16(0, true)).toBe(1);
    expect([some.error.getUint8(7), some.error.getUint16(8, true)]).toEqual([1, 9]);
    expect(get(LIST_GET, TABLE, 1, 1, 1, 9).status).toBe(util.BLOCK_STATUS_BAD_KEY_ABORT);
    expect(get(MORE_GET, TABLE, 1, 1, 1, 9).status).toBe(util.BLOCK_STATUS_BAD_KEY_ABORT);
  });

  it('SizeGet says how many rows and how long one is', () => {
    const { data } = get(SIZE_GET, TABLE, 2, 0, 1);
    expect([data.getUint16(0, true), data.getUint32(4, true)]).toEqual([3, 6]);
  });

  it.each([
    ['no key', [LIST_GET, KEYLESS, ALL, 1, 0], util.BLOCK_STATUS_NO_KEY_FIELD],
    ['a scalar group', [LIST_GET, SCALAR, ALL, 1, 0], util.BLOCK_STATUS_WRONG_GROUP_TYPE],
    ['a scalar group as a table', [TABLE_GET, SCALAR, ALL], util.BLOCK_STATUS_WRONG_GROUP_TYPE],
    ['a field that cannot be read', [TABLE_GET, TABLE, 1, 2], util.BLOCK_STATUS_FIELD_UNREADABLE],
  ])('%s is refused', (_what, operation, status) => expect(get(...operation).status).toBe(status));

  it('ListSet writes the fields of the rows with the keys', () => {
    expect(set(LIST_SET, TABLE, 1, 1, 2, 1, 7, 0, 3, 9, 0).status).toBe(0);
    expect(module.table.rows_.map(([, value]) => value)).toEqual([7, 200, 9]);
    expect(set(LIST_SET, TABLE, 1, 1, 1, 8, 7, 0).status).toBe(util.BLOCK_STATUS_BAD_KEY_ABORT);
  });

  it('RowAdd, RowDelete and TableClear', () => {
    module.table.rows_ = [];
    const bytes = new Uint8Array([
      1,
      0,
      0,
      0,
      ROW_ADD,
      0,
      0,
      2,
      255,
      255,
      2,
      0,
      5,
      0,
      50,
      0,
      0,
      0,
      1,
      6,
      0,
      60,
      0,
      0,
      0,
      1,
      0,
      0,
    ]);
    expect(bed.params(true, DEVICE_TID, bytes)).toBe(0);
    expect(bed.blocks()[0].status).toBe(0);
    expect(module.table.rows_).toEqual([
      [5, 50],
      [6, 60],
    ]);
    expect(set(ROW_DELETE, TABLE, 0, 1, 5).status).toBe(0);
    expect(module.table.rows_).toEqual([[6, 60]]);
    expect(set(ROW_DELETE, TABLE, 0, 1, 5).status).toBe(util.BLOCK_STATUS_BAD_KEY_ABORT);
    expect(set(TABLE_CLEAR, TABLE, 0).status).toBe(0);
    expect(module.table.rows_).toEqual([]);
  });

  it('rows without all their fields, or of a group whose rows are fixed, are refused', () => {
    expect(set(ROW_ADD, TABLE, 1, 0, 1, 5).status).toBe(util.BLOCK_STATUS_INSUFFICIENT_FIELDS);
    expect(set(ROW_ADD, KEYLESS, ALL, 1, 5, 0).status).toBe(util.BLOCK_STATUS_NON_DYNAMIC_GROUP);
    expect(set(ROW_DELETE, KEYLESS, 0, 1, 5).status).toBe(util.BLOCK_STATUS_NO_KEY_FIELD);
    expect(set(TABLE_CLEAR, KEYLESS, 0).status).toBe(util.BLOCK_STATUS_NON_DYNAMIC_GROUP);
  });
});

describe('FieldSet', () => {
  it('writes the fields, and a host that asked for it hears of each', () => {
    bed.send(util.UTIL_EVENT_REGISTER, [util.GENERIC_EVENT_FIELD_MODIFIED], DEVICE_TID);
    const bytes = new Uint8Array([1, 0, 0, 0, FIELD_SET, 0, SCALAR, 0, 2, 0, 0, 0, 1, 0, 9, 0x34, 0x12, 0]);
    const list = bed.control + 2048;
    bed.region.bytes.set(bytes, list);
    const replies = bed.send(
      util.UTIL_PARAMS_SET,
      [0, 0x54000000 | bytes.length, list, 0xd0000040, bed.control + IN_AT],
      DEVICE_TID,
      5,
    );
    expect(module.numbers.slice(0, 2)).toEqual([9, 0x1234]);
    expect(replies.slice(1).map((r) => [r[4], r[5]])).toEqual([
      [util.GENERIC_EVENT_FIELD_MODIFIED, SCALAR],
      [util.GENERIC_EVENT_FIELD_MODIFIED, SCALAR | (1 << 16)],
    ]);
  });

  it('0xFFFF sets every writable field', () => {
    const bytes = new Uint8Array([1, 0, 0, 0, FIELD_SET, 0, SCALAR, 0, 255, 255, 3, 4, 0, 0]);
    bed.params(true, DEVICE_TID, bytes);
    expect(module.numbers.slice(0, 2)).toEqual([3, 4]);
  });

  it.each([
    ['a field that cannot be', [FIELD_SET, SCALAR, 1, 2, 0, 0], util.BLOCK_STATUS_FIELD_UNWRITEABLE],
    ['a value that cannot be', [FIELD_SET, SCALAR, 1, 1, 0x9000], util.BLOCK_STATUS_SCALAR_ERROR],
    ['a table', [FIELD_SET, TABLE, 1, 1, 0, 0], util.BLOCK_STATUS_WRONG_GROUP_TYPE],
    ['counters', [FIELD_SET, COUNTERS, 1, 0, 0, 0, 0, 0], util.BLOCK_STATUS_FIELD_UNWRITEABLE],
    ['too few values', [FIELD_SET, SCALAR, 2, 0, 1], util.BLOCK_STATUS_OPERATION_ERROR],
  ])('refuses %s and changes nothing', (_what, operation, status) => {
    expect(set(...operation).status).toBe(status);
    expect(module.numbers).toEqual([1, 0x1122, 0x33445566, 7]);
  });

  it('TableClear sets counters back to zero, and they go on from there', () => {
    expect(set(TABLE_CLEAR, COUNTERS, 0).status).toBe(0);
    module.counted += 2;
    expect(get(FIELD_GET, COUNTERS, 1, 0).data.getUint32(0, true)).toBe(2);
  });
});

describe('operation lists', () => {
  it.each([
    ['a set in a get', false, [FIELD_SET, SCALAR, 1, 0, 1]],
    ['a get in a set', true, [FIELD_GET, SCALAR, 1, 0]],
    ['an operation there is not', false, [0x0b, SCALAR, ALL]],
    ['operation 0', true, [0, SCALAR, ALL]],
  ])('refuse %s and end there', (_what, isSet, operation) => {
    expect(bed.params(isSet, DEVICE_TID, [2, 0, ...operation, FIELD_GET, SCALAR, 1, 0])).toBe(0);
    expect(bed.blocks().map(({ status }) => status)).toEqual([util.BLOCK_STATUS_INVALID_OPERATION]);
  });

  it.each([
    ['fewer operations than it says', [2, 0, FIELD_GET, SCALAR, 1, 0]],
    ['fewer field indices than it says', [2, 0, FIELD_GET, SCALAR, 1, 0, FIELD_GET, SCALAR, 9, 0]],
  ])('with %s end in OPERATION_ERROR', (_what, list) => {
    expect(bed.params(false, DEVICE_TID, list)).toBe(0);
    expect(bed.blocks().map(({ status }) => status)).toEqual([0, util.BLOCK_STATUS_OPERATION_ERROR]);
  });

  it('may lie in the message itself as immediate data', () => {
    const [reply] = bed.ask((w, f) => {
      writeHeader(w, f, 5, 0, 11, DEVICE_TID, HOST_TID, util.UTIL_PARAMS_GET, 1, 2);
      w.set([0, 0x4c00000c, 1, FIELD_GET | (SCALAR << 16), 1, 0xd0000000 | 64, bed.control + IN_AT], f + 4);
    });
    expect(reply![4]).toBe(0);
    expect(bed.blocks()[0].data.getUint8(0)).toBe(1);
  });

  it.each([
    ['nothing to read', [0, 0xd0000040, 1]],
    ['a result buffer outside the control area', [0, 0x54000008, 1, 0xd0000040, 0x40]],
    ['an operation list outside of it', [0, 0x54000008, 0x40, 0xd0000040, 1]],
  ])('with %s are a transaction error', (_what, body) => {
    const placed = body.map((word) => (word === 1 ? bed.control + IN_AT : word));
    const [reply] = bed.send(util.UTIL_PARAMS_GET, placed, DEVICE_TID, 5);
    expect(reply![4] >>> 24).toBe(exec.REQUEST_STATUS_TRANSACTION_ERROR);
  });

  it('with any bytes at all are answered, and write nothing past the result buffer', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.constantFrom(IOP_TID, DEVICE_TID),
        fc.array(
          fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom(SCALAR, TABLE, 0xf000, 0xf102, ALL)),
          {
            minLength: 2,
            maxLength: 40,
          },
        ),
        fc.integer({ min: 0, max: 200 }),
        (isSet, target, list, room) => {
          const word4 = bed.params(isSet, target, [list[0] & 7, ...list.slice(1)], room + 1);
          expect([0, exec.REQUEST_STATUS_ERROR_NO_DATA, exec.REQUEST_STATUS_ERROR_PARTIAL]).toContain(
            word4 >>> 24,
          );
          expect(bed.view.getUint8(bed.control + IN_AT + room + 1)).toBe(0xee);
          expect(bed.inbound.inUse).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
