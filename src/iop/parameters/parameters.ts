/**
 * UtilParamsGet and UtilParamsSet of I2O 1.5: an operation list comes in, a result list goes out. The
 * operation list lies in a buffer of the card's own, and so does the result list until it is whole, so that
 * the host can change neither meanwhile. The numbers are those of Linux's I2O_PARAMS_ names
 * (include/uapi/linux/i2o-dev.h).
 *
 *   operation list  OperationCount u16, reserved u16, operations, each padded to whole words:
 *                   Operation, Group, FieldCount u16 (0xFFFF: all fields), FieldIdx u16…, then by operation
 *                     ListGet, MoreGet, RowDelete   KeyCount u16, keys
 *                     FieldSet                      values
 *                     ListSet                       KeyCount u16, then each key with its values behind it
 *                     RowAdd                        RowCount u16, rows of all fields
 *   result list     ResultCount u16, reserved u16, one block an operation:
 *                   BlockSize u16 in words, BlockStatus u8, ErrorInfoSize u8 in words;
 *                   of a table RowCount u16, MoreFlag u16; values, padded to whole words;
 *                   of a failed operation Operation, Group, FieldIdx u16, AdditionalStatus u8, KeyCount u8,
 *                   key
 *
 * Ours, where the public headers do not say: the order of ListSet and RowAdd above. SizeGet answers like a
 * table, with the number of rows there are as RowCount, and one u32, the bytes that a row of the fields asked
 * for takes. The list ends at the first malformed operation, since nobody knows where the next one begins.
 */
import { assert } from '../../assert/assert.ts';
import {
  BLOCK_STATUS_INVALID_GROUP_ID,
  BLOCK_STATUS_INVALID_OPERATION,
  BLOCK_STATUS_OPERATION_ERROR,
  BLOCK_STATUS_SUCCESS,
  PARAMS_OPERATION_FIELD_GET,
  PARAMS_OPERATION_FIELD_SET,
  PARAMS_OPERATION_LIST_GET,
  PARAMS_OPERATION_LIST_SET,
  PARAMS_OPERATION_MORE_GET,
  PARAMS_OPERATION_ROW_ADD,
  PARAMS_OPERATION_ROW_DELETE,
  PARAMS_OPERATION_SIZE_GET,
  PARAMS_OPERATION_TABLE_CLEAR,
  PARAMS_OPERATION_TABLE_GET,
} from '../../i2o/utility.gen.ts';
import type { ControlLists } from '../lists/control-lists.ts';
import type { Target } from '../target/target.ts';
import { LIST_HEAD_BYTES, Operation } from './operation.ts';
import * as reading from './operations-get.ts';
import * as writing from './operations-set.ts';
import { ResultList } from './result-list.ts';

/** Bytes of the shortest result list: its head and the head of one block. */
export const RESULT_BYTES_MIN = 8;

export class Parameters {
  /** Bytes of the result list last made. */
  resultBytes = 0;
  private readonly lists: ControlLists;
  private readonly operation: Operation;
  private readonly results: ResultList;

  constructor(lists: ControlLists) {
    this.lists = lists;
    this.operation = new Operation(lists.request);
    this.results = new ResultList(lists.result);
  }

  /**
   * Does what the list in `lists.request` says, as far as the results have room, and leaves these in
   * `lists.result`.
   * @param set whether it came by ParamsSet. @param roomBytes RESULT_BYTES_MIN or more, a multiple of 4.
   * @returns whether every operation has its block.
   */
  run(set: boolean, target: Target, roomBytes: number): boolean {
    const { operation, results, lists } = this;
    assert(
      roomBytes >= RESULT_BYTES_MIN && (roomBytes & 3) === 0,
      'parameters: the results have room for a block, in whole words',
    );
    assert(lists.requestBytes >= LIST_HEAD_BYTES, 'parameters: an operation list has a head');
    const count = lists.request.getUint16(0, true);
    results.begin(roomBytes);
    operation.begin(lists.requestBytes);
    let done = 0;
    for (; done < count && results.beginBlock(); done++) {
      const status = operation.next() ? this.perform(set, target) : BLOCK_STATUS_OPERATION_ERROR;
      results.endBlock(status, operation);
      if (operation.malformed) {
        done += 1;
        break;
      }
    }
    this.resultBytes = results.end(done);
    assert(this.resultBytes <= roomBytes, 'parameters: the results have the room they were given');
    return done === count || operation.malformed;
  }

  /** Does one operation. @returns its BLOCK_STATUS_ number. */
  private perform(set: boolean, target: Target): number {
    const { operation, results } = this;
    const { code } = operation;
    const known = set
      ? code >= PARAMS_OPERATION_FIELD_SET && code <= PARAMS_OPERATION_TABLE_CLEAR
      : isGet(code);
    if (!known) {
      // Then nobody knows what follows it either.
      operation.malformed = true;
      return BLOCK_STATUS_INVALID_OPERATION;
    }
    const group = target.groups.find(({ number }) => number === operation.group);
    if (group === undefined) {
      // Without the group nobody knows how long its keys and values are.
      operation.malformed = hasTail(code);
      return BLOCK_STATUS_INVALID_GROUP_ID;
    }
    const wrong = operation.resolve(group);
    if (wrong !== BLOCK_STATUS_SUCCESS) {
      operation.malformed = hasTail(code);
      return wrong;
    }
    switch (code) {
      case PARAMS_OPERATION_FIELD_GET:
        return reading.fieldGet(operation, group, results);
      case PARAMS_OPERATION_LIST_GET:
        return reading.listGet(operation, group, results);
      case PARAMS_OPERATION_MORE_GET:
        return reading.moreGet(operation, group, results);
      case PARAMS_OPERATION_SIZE_GET:
        return reading.sizeGet(operation, group, results);
      case PARAMS_OPERATION_TABLE_GET:
        return reading.tableGet(operation, group, results);
      case PARAMS_OPERATION_FIELD_SET:
        return writing.fieldSet(operation, group, target.events);
      case PARAMS_OPERATION_LIST_SET:
        return writing.listSet(operation, group, target.events);
      case PARAMS_OPERATION_ROW_ADD:
        return writing.rowAdd(operation, group, target.events);
      case PARAMS_OPERATION_ROW_DELETE:
        return writing.rowDelete(operation, group, target.events);
      default:
        return writing.tableClear(operation, group, target.events);
    }
  }
}

function isGet(code: number): boolean {
  return code >= PARAMS_OPERATION_FIELD_GET && code <= PARAMS_OPERATION_TABLE_GET;
}

/** Whether keys, rows or values follow the field indices of an operation. */
function hasTail(code: number): boolean {
  return (
    code !== PARAMS_OPERATION_FIELD_GET &&
    code !== PARAMS_OPERATION_TABLE_GET &&
    code !== PARAMS_OPERATION_SIZE_GET &&
    code !== PARAMS_OPERATION_TABLE_CLEAR
  );
}
