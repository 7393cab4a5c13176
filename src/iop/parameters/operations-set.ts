/**
 * The operations of UtilParamsSet on one group. Each returns the BLOCK_STATUS_ number of its block. A host
 * that registered for FieldModified hears of each field that is set.
 */
import { assert } from '../../assert/assert.ts';
import {
  BLOCK_STATUS_BAD_KEY_ABORT,
  BLOCK_STATUS_FIELD_UNWRITEABLE,
  BLOCK_STATUS_INSUFFICIENT_FIELDS,
  BLOCK_STATUS_NON_DYNAMIC_GROUP,
  BLOCK_STATUS_OPERATION_ERROR,
  BLOCK_STATUS_SUCCESS,
  BLOCK_STATUS_WRONG_GROUP_TYPE,
  GENERIC_EVENT_FIELD_MODIFIED,
} from '../../i2o/utility.gen.ts';
import type { EventSource } from '../module/module.ts';
import type { ParameterGroup } from '../module/parameter-group.ts';
import type { Operation } from './operation.ts';
import { findRow } from './operations-get.ts';

/** FieldIdx in a FieldModified event when whole rows changed, and not one field. */
const WHOLE_ROWS = 0xffff;

/** Raises FieldModified. */
function modified(events: EventSource, group: ParameterGroup, field: number): void {
  assert(
    field === WHOLE_ROWS || (field >= 0 && field < group.fields.length),
    'operations: what was modified is a field of the group, or whole rows',
  );
  events.raise(GENERIC_EVENT_FIELD_MODIFIED, group.number | (field << 16));
}

/** Refuses an operation of which it is not known where it ends. */
function refuse(operation: Operation, status: number): number {
  operation.malformed = true;
  return status;
}

/**
 * All fields of a set means all writable ones. A field that is named and not writable is refused before
 * anything is written.
 */
function writable(operation: Operation, group: ParameterGroup): boolean {
  if (operation.all) {
    operation.fieldCount = 0;
    operation.rowBytes = 0;
    for (let index = 0; index < group.fields.length; index++) {
      if (group.fields[index].writable !== true) continue;
      operation.fields[operation.fieldCount++] = index;
      operation.rowBytes += group.fields[index].byteLength;
    }
  }
  for (let i = 0; i < operation.fieldCount; i++) {
    operation.errorField = operation.fields[i];
    if (group.fields[operation.errorField].writable !== true) return false;
  }
  return operation.fieldCount > 0;
}

/**
 * Writes the values at `at` into a row, field by field, until one is refused.
 * @returns 0 or its BLOCK_STATUS_ number.
 */
function writeValues(
  operation: Operation,
  group: ParameterGroup,
  row: number,
  at: number,
  events: EventSource,
): number {
  let valueAt = at;
  for (let i = 0; i < operation.fieldCount; i++) {
    const field = operation.fields[i];
    operation.errorField = field;
    const status = group.write(row, field, operation.bytes, valueAt);
    if (status !== BLOCK_STATUS_SUCCESS) return status;
    modified(events, group, field);
    valueAt += group.fields[field].byteLength;
  }
  assert(valueAt === at + operation.rowBytes, 'operations: the values written are those of the fields named');
  return BLOCK_STATUS_SUCCESS;
}

export function fieldSet(operation: Operation, group: ParameterGroup, events: EventSource): number {
  if (group.table) return refuse(operation, BLOCK_STATUS_WRONG_GROUP_TYPE);
  const good = writable(operation, group);
  const at = operation.take(operation.rowBytes);
  if (at < 0) return BLOCK_STATUS_OPERATION_ERROR;
  if (!good) return BLOCK_STATUS_FIELD_UNWRITEABLE;
  return writeValues(operation, group, 0, at, events);
}

export function listSet(operation: Operation, group: ParameterGroup, events: EventSource): number {
  if (!group.table) return refuse(operation, BLOCK_STATUS_WRONG_GROUP_TYPE);
  const noKey = operation.needKey(group);
  if (noKey !== BLOCK_STATUS_SUCCESS) return noKey;
  const good = writable(operation, group);
  const keyBytes = group.fields[group.keyField].byteLength;
  const keys = operation.count();
  const stride = keyBytes + operation.rowBytes;
  const at = keys < 0 ? -1 : operation.take(keys * stride);
  if (at < 0) return BLOCK_STATUS_OPERATION_ERROR;
  if (!good) return BLOCK_STATUS_FIELD_UNWRITEABLE;
  for (let i = 0; i < keys; i++) {
    const keyAt = at + i * stride;
    const row = findRow(group, operation.bytes, keyAt);
    if (row < 0) {
      operation.badKey(keyAt, keyBytes);
      return BLOCK_STATUS_BAD_KEY_ABORT;
    }
    const status = writeValues(operation, group, row, keyAt + keyBytes, events);
    if (status !== BLOCK_STATUS_SUCCESS) return status;
  }
  return BLOCK_STATUS_SUCCESS;
}

/** Whether the fields named are all that the group has, in the order of their indices. */
function namesAll(operation: Operation, group: ParameterGroup): boolean {
  if (operation.fieldCount !== group.fields.length) return false;
  for (let i = 0; i < operation.fieldCount; i++) if (operation.fields[i] !== i) return false;
  return true;
}

export function rowAdd(operation: Operation, group: ParameterGroup, events: EventSource): number {
  if (!group.table) return refuse(operation, BLOCK_STATUS_WRONG_GROUP_TYPE);
  let rowBytes = 0;
  for (const { byteLength } of group.fields) rowBytes += byteLength;
  const rows = operation.count();
  if (!operation.all && !namesAll(operation, group)) {
    return refuse(operation, BLOCK_STATUS_INSUFFICIENT_FIELDS);
  }
  const at = rows < 0 ? -1 : operation.take(rows * rowBytes);
  if (at < 0) return BLOCK_STATUS_OPERATION_ERROR;
  if (group.addRow === undefined) return BLOCK_STATUS_NON_DYNAMIC_GROUP;
  for (let i = 0; i < rows; i++) {
    const before = group.rows;
    const status = group.addRow(operation.bytes, at + i * rowBytes);
    if (status !== BLOCK_STATUS_SUCCESS) return status;
    assert(group.rows === before + 1, 'operations: a row that was added is there');
    modified(events, group, WHOLE_ROWS);
  }
  return BLOCK_STATUS_SUCCESS;
}

export function rowDelete(operation: Operation, group: ParameterGroup, events: EventSource): number {
  if (!group.table) return refuse(operation, BLOCK_STATUS_WRONG_GROUP_TYPE);
  const noKey = operation.needKey(group);
  if (noKey !== BLOCK_STATUS_SUCCESS) return noKey;
  const keyBytes = group.fields[group.keyField].byteLength;
  const keys = operation.count();
  const at = keys < 0 ? -1 : operation.take(keys * keyBytes);
  if (at < 0) return BLOCK_STATUS_OPERATION_ERROR;
  if (group.deleteRow === undefined) return BLOCK_STATUS_NON_DYNAMIC_GROUP;
  for (let i = 0; i < keys; i++) {
    const keyAt = at + i * keyBytes;
    const row = findRow(group, operation.bytes, keyAt);
    if (row < 0) {
      operation.badKey(keyAt, keyBytes);
      return BLOCK_STATUS_BAD_KEY_ABORT;
    }
    const before = group.rows;
    const status = group.deleteRow(row);
    if (status !== BLOCK_STATUS_SUCCESS) return status;
    assert(group.rows === before - 1, 'operations: a row that was deleted is gone, and no other');
    modified(events, group, WHOLE_ROWS);
  }
  return BLOCK_STATUS_SUCCESS;
}

export function tableClear(_operation: Operation, group: ParameterGroup, events: EventSource): number {
  if (group.clear === undefined) return BLOCK_STATUS_NON_DYNAMIC_GROUP;
  group.clear();
  assert(!group.table || group.rows === 0, 'operations: a table that was cleared has no rows');
  modified(events, group, WHOLE_ROWS);
  return BLOCK_STATUS_SUCCESS;
}
