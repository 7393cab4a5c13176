/** The operations of UtilParamsGet on one group. Each returns the BLOCK_STATUS_ number of its block. */
import { assert } from '../../assert/assert.ts';
import {
  BLOCK_STATUS_BAD_KEY_ABORT,
  BLOCK_STATUS_BAD_KEY_CONTINUE,
  BLOCK_STATUS_BUFFER_TOO_SMALL,
  BLOCK_STATUS_FIELD_UNREADABLE,
  BLOCK_STATUS_OPERATION_ERROR,
  BLOCK_STATUS_SUCCESS,
  BLOCK_STATUS_WRONG_GROUP_TYPE,
} from '../../i2o/utility.gen.ts';
import type { ParameterGroup } from '../module/parameter-group.ts';
import type { Operation } from './operation.ts';
import type { ResultList } from './result-list.ts';

const VALUE_BYTES_MAX = 256;
const SIZE_BYTES = 4;
/** The key of a row, read to be compared with the one asked for. */
const keyScratch = new DataView(new ArrayBuffer(VALUE_BYTES_MAX));

/** Finds the row that has the key at `bytes[at]`. @returns -1 when there is none. */
export function findRow(group: ParameterGroup, bytes: DataView, at: number): number {
  assert(group.keyField >= 0, 'operations: a row is looked for by a key');
  const { byteLength } = group.fields[group.keyField];
  assert(byteLength <= VALUE_BYTES_MAX, 'operations: a key has room to be compared');
  for (let row = 0; row < group.rows; row++) {
    group.read(row, group.keyField, keyScratch, 0);
    let equal = true;
    for (let i = 0; i < byteLength && equal; i++) equal = keyScratch.getUint8(i) === bytes.getUint8(at + i);
    if (equal) return row;
  }
  return -1;
}

/** Whether a field asked for cannot be read; it goes into the error information. */
function unreadable(operation: Operation, group: ParameterGroup): boolean {
  for (let i = 0; i < operation.fieldCount; i++) {
    if (group.fields[operation.fields[i]].readable === false) {
      operation.errorField = operation.fields[i];
      return true;
    }
  }
  return false;
}

/** Writes one row of the fields asked for. @returns false when it does not fit. */
function writeRow(operation: Operation, group: ParameterGroup, results: ResultList, row: number): boolean {
  if (operation.rowBytes > results.room) return false;
  const end = results.at + operation.rowBytes;
  for (let i = 0; i < operation.fieldCount; i++) {
    const field = operation.fields[i];
    group.read(row, field, results.bytes, results.at);
    results.at += group.fields[field].byteLength;
  }
  assert(results.at === end, 'operations: a row has the bytes of the fields asked for');
  results.addRow();
  return true;
}

export function fieldGet(operation: Operation, group: ParameterGroup, results: ResultList): number {
  if (group.table) return BLOCK_STATUS_WRONG_GROUP_TYPE;
  assert(group.rows === 1, 'operations: a scalar group has one row');
  if (unreadable(operation, group)) return BLOCK_STATUS_FIELD_UNREADABLE;
  for (let i = 0; i < operation.fieldCount; i++) {
    const field = operation.fields[i];
    const { byteLength } = group.fields[field];
    // The padding behind the values has room as well, because the room ends at a whole word.
    if (byteLength > results.room) {
      operation.errorField = field;
      return results.full(i);
    }
    group.read(0, field, results.bytes, results.at);
    results.at += byteLength;
  }
  return BLOCK_STATUS_SUCCESS;
}

export function listGet(operation: Operation, group: ParameterGroup, results: ResultList): number {
  const status = beginKeys(operation, group, results);
  if (status !== BLOCK_STATUS_SUCCESS) return status;
  const { byteLength } = group.fields[group.keyField];
  const keys = operation.count();
  const at = keys < 0 ? -1 : operation.take(keys * byteLength);
  if (at < 0) return BLOCK_STATUS_OPERATION_ERROR;
  let given = 0;
  let missing = false;
  for (let i = 0; i < keys; i++) {
    const row = findRow(group, operation.bytes, at + i * byteLength);
    if (row < 0) {
      if (!missing) operation.badKey(at + i * byteLength, byteLength);
      missing = true;
    } else if (writeRow(operation, group, results, row)) {
      given += 1;
    } else {
      results.moreRows();
      return results.full(given);
    }
  }
  if (!missing) return BLOCK_STATUS_SUCCESS;
  return given === 0 ? BLOCK_STATUS_BAD_KEY_ABORT : BLOCK_STATUS_BAD_KEY_CONTINUE;
}

/** The rows behind the one with the key given. So a table is read on that did not fit. */
export function moreGet(operation: Operation, group: ParameterGroup, results: ResultList): number {
  const status = beginKeys(operation, group, results);
  if (status !== BLOCK_STATUS_SUCCESS) return status;
  const { byteLength } = group.fields[group.keyField];
  const keys = operation.count();
  const at = keys === 1 ? operation.take(byteLength) : -1;
  if (at < 0) {
    operation.malformed = true;
    return BLOCK_STATUS_OPERATION_ERROR;
  }
  const row = findRow(group, operation.bytes, at);
  if (row < 0) {
    operation.badKey(at, byteLength);
    return BLOCK_STATUS_BAD_KEY_ABORT;
  }
  return rowsFrom(operation, group, results, row + 1);
}

export function tableGet(operation: Operation, group: ParameterGroup, results: ResultList): number {
  if (!group.table) return BLOCK_STATUS_WRONG_GROUP_TYPE;
  if (unreadable(operation, group)) return BLOCK_STATUS_FIELD_UNREADABLE;
  if (!results.table()) return BLOCK_STATUS_BUFFER_TOO_SMALL;
  return rowsFrom(operation, group, results, 0);
}

export function sizeGet(operation: Operation, group: ParameterGroup, results: ResultList): number {
  if (!results.table() || results.room < SIZE_BYTES) return BLOCK_STATUS_BUFFER_TOO_SMALL;
  results.setRows(group.rows);
  results.bytes.setUint32(results.at, operation.rowBytes, true);
  results.at += SIZE_BYTES;
  return BLOCK_STATUS_SUCCESS;
}

/** Writes the rows from one on, as many as have room. */
function rowsFrom(operation: Operation, group: ParameterGroup, results: ResultList, first: number): number {
  assert(
    first >= 0 && first <= group.rows,
    'operations: rows are read on from one there is, or from the end',
  );
  for (let row = first; row < group.rows; row++) {
    if (!writeRow(operation, group, results, row)) {
      results.moreRows();
      return results.full(row - first);
    }
  }
  return BLOCK_STATUS_SUCCESS;
}

/** What ListGet and MoreGet have in common: they need a table with a key. @returns as an operation. */
function beginKeys(operation: Operation, group: ParameterGroup, results: ResultList): number {
  if (!group.table) {
    operation.malformed = true;
    return BLOCK_STATUS_WRONG_GROUP_TYPE;
  }
  const status = operation.needKey(group);
  if (status !== BLOCK_STATUS_SUCCESS) return status;
  if (unreadable(operation, group)) {
    operation.malformed = true;
    return BLOCK_STATUS_FIELD_UNREADABLE;
  }
  if (results.table()) return BLOCK_STATUS_SUCCESS;
  operation.malformed = true;
  return BLOCK_STATUS_BUFFER_TOO_SMALL;
}
