/**
 * Scenarios of parameters: the ten operations, and the block statuses the groups of a socket card can draw.
 * FieldUnreadable, NoKeyField, ScalarError and TableError are not among them: no group has a field or a table
 * of that kind.
 */
import type { Scenario } from '../../../src/conform/card/vector-file.ts';
import { DEVICE_TID } from '../../../src/i2o/tids.ts';
import * as s from './script.ts';
import type { Specs } from './states.ts';

const ROOM = 1024;
const ALL = 0xffff;
const DESCRIPTORS = 0xf000;
const USER_INFORMATION = 0xf102;
const LIMITS = 0xf103;
const STATISTICS = 0x0100;
const NOBODY = 0x7777;
/** A group of the public headers (i2outil.h) that no card of ours has. */
const SENSORS = 0xf200;
const [FIELD_GET, LIST_GET, MORE_GET, SIZE_GET, TABLE_GET] = [1, 2, 3, 4, 5];
const [FIELD_SET, LIST_SET, ROW_ADD, ROW_DELETE, TABLE_CLEAR] = [6, 7, 8, 9, 10];
const NAME_BYTES = 64;

/** Bytes of the groups' limits: three words and three half words. */
const LIMITS_BYTES = 18;

/** 16-bit numbers as words. */
function words(halves: readonly number[]): number[] {
  return Array.from({ length: Math.ceil(halves.length / 2) }, (_, i) => {
    const high = halves[i * 2 + 1] ?? 0;
    return (halves[i * 2] | (high << 16)) >>> 0;
  });
}

/** A block of which only the status is judged. */
function blockStatus(status: number): s.Wanted {
  return { value: status << 16, mask: 0x00ff0000 };
}

function scenario(
  specs: Specs,
  id: string,
  title: string,
  set: boolean,
  list: readonly number[],
  result: readonly s.Wanted[],
  room = ROOM,
): Scenario {
  const name = set ? 'UtilParamsSet' : 'UtilParamsGet';
  return {
    id: `${name}/${id}`,
    title,
    state: 'operational',
    steps: [step(specs, title, set, list, result, room)],
  };
}

/**
 * @param list one operation, or its 16-bit numbers.
 * @param result words of the result list from its first block on.
 * @param immediate the operation list lies in the message, without a context before it.
 */
function step(
  specs: Specs,
  title: string,
  set: boolean,
  list: readonly number[],
  result: readonly s.Wanted[],
  room = ROOM,
  immediate = false,
) {
  const operations = words([1, 0, ...list]);
  const bytes = operations.length * 4;
  const given = immediate ? [0x4c000000 | bytes, ...operations] : [0x54000000 | bytes, s.control(0)];
  const elements = [...given, (0xd0000000 | room) >>> 0, s.control(1)];
  const name = set ? 'UtilParamsSet' : 'UtilParamsGet';
  const frame = s.request(specs, name, {}, elements, { target: DEVICE_TID });
  return s.step(title, frame, {
    write: [s.written(s.control(0), operations), s.written(s.control(1), [0, 0, 0])],
    replies: [s.status(frame, s.SUCCESS, 0)],
    read: [s.held(s.control(1), [1, ...result])],
  });
}

function gets(specs: Specs): Scenario[] {
  const get = (
    id: string,
    title: string,
    list: readonly number[],
    result: readonly s.Wanted[],
    room = ROOM,
  ): Scenario => scenario(specs, id, title, false, list, result, room);
  const status = (id: string, title: string, code: number, list: readonly number[], room = ROOM): Scenario =>
    get(id, title, list, [blockStatus(code)], room);
  return [
    get('field-get', 'FieldGet of every field', [FIELD_GET, LIMITS, ALL], [6]),
    {
      id: 'UtilParamsGet/immediate',
      title: 'FieldGet of every field, the operation list in the message',
      state: 'operational',
      steps: [step(specs, 'immediate data', false, [FIELD_GET, LIMITS, ALL], [6], ROOM, true)],
    },
    get('list-get', 'ListGet of one row',
      [LIST_GET, DESCRIPTORS, 1, 0, 1, LIMITS], [3, 1, { value: LIMITS, mask: 0xffff }]),
    status('more-get', 'MoreGet of the rows behind one', 0, [MORE_GET, DESCRIPTORS, 1, 0, 1, DESCRIPTORS]),
    get('size-get', 'SizeGet: rows, and bytes of one', [SIZE_GET, LIMITS, ALL], [3, 1, LIMITS_BYTES]),
    status('table-get', 'TableGet of one field of every row', 0, [TABLE_GET, DESCRIPTORS, 1, 0]),
    get('bad-key-abort', 'no row has the key', [LIST_GET, DESCRIPTORS, 1, 0, 1, NOBODY],
      [0x03010005, 0, LIST_GET | (DESCRIPTORS << 16), 0x01000000, NOBODY]),
    get('bad-key-continue', 'one of two rows', [LIST_GET, DESCRIPTORS, 1, 0, 2, LIMITS, NOBODY],
      [0x03020006, 1, { value: LIMITS, mask: 0xffff }, LIST_GET | (DESCRIPTORS << 16), 0x01000000, NOBODY]),
    status('buffer-full', 'a buffer for two rows', 3, [TABLE_GET, DESCRIPTORS, 1, 0], 16),
    status('buffer-too-small', 'a buffer for no row', 4, [TABLE_GET, DESCRIPTORS, 1, 0], 12),
    status('invalid-group', 'a group there is not', 8, [FIELD_GET, NOBODY, ALL]),
    status('invalid-group-sensors', 'sensors, of which a card has none', 8, [FIELD_GET, SENSORS, ALL]),
    status('invalid-operation', 'an operation of the other message', 9, [FIELD_SET, LIMITS, ALL]),
    status('no-such-field', 'a field there is not', 0x0b, [FIELD_GET, LIMITS, 1, 99]),
    status('operation-error', 'a list that ends within its operation', 0x0d, [FIELD_GET]),
    status('wrong-group-type', 'FieldGet of a table', 0x10, [FIELD_GET, DESCRIPTORS, ALL]),
  ]; // biome-ignore format: a scenario each
}

function sets(specs: Specs): Scenario[] {
  const status = (id: string, title: string, code: number, list: readonly number[]): Scenario =>
    scenario(specs, id, title, true, list, [blockStatus(code)]);
  const name = s.filled(NAME_BYTES, 65).map((word) => (word & 0x7f7f7f7f) >>> 0);
  const halves = name.flatMap((word) => [word & 0xffff, word >>> 16]);
  return [
    {
      id: 'UtilParamsSet/field-set',
      title: 'FieldSet of a name, read back',
      state: 'operational',
      steps: [
        // The values lie behind the field index: a list of whole words needs no padding.
        step(specs, 'set', true, [FIELD_SET, USER_INFORMATION, 1, 0, ...halves], [blockStatus(0)]),
        step(specs, 'read back', false, [FIELD_GET, USER_INFORMATION, 1, 0], [1 + name.length, ...name]),
      ],
    },
    {
      id: 'UtilParamsSet/immediate',
      title: 'FieldSet of a name, the operation list in the message',
      state: 'operational',
      steps: [
        step(
          specs,
          'set',
          true,
          [FIELD_SET, USER_INFORMATION, 1, 0, ...halves],
          [blockStatus(0)],
          ROOM,
          true,
        ),
        step(specs, 'read back', false, [FIELD_GET, USER_INFORMATION, 1, 0], [1 + name.length, ...name]),
      ],
    },
    status('field-unwriteable', 'FieldSet of what only the card knows', 6, [FIELD_SET, LIMITS, 1, 0, 1, 0]),
    status('list-set', 'ListSet of what only the card knows', 6, [LIST_SET, DESCRIPTORS, 1, 0, 1, LIMITS, 0]),
    status('insufficient-fields', 'RowAdd of a part of a row', 7, [ROW_ADD, DESCRIPTORS, 1, 0, 0]),
    status('row-add', 'RowAdd where rows are fixed', 0x0c, [ROW_ADD, DESCRIPTORS, ALL, 0]),
    status('row-delete', 'RowDelete where rows are fixed', 0x0c, [ROW_DELETE, DESCRIPTORS, ALL, 1, LIMITS]),
    status('table-clear', 'TableClear of the statistics', 0, [TABLE_CLEAR, STATISTICS, ALL]),
    status('table-clear-fixed', 'TableClear of what cannot be cleared', 0x0c, [TABLE_CLEAR, LIMITS, ALL]),
  ];
}

export function parameterScenarios(specs: Specs): Scenario[] {
  return [...gets(specs), ...sets(specs)];
}
