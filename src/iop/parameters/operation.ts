/**
 * One operation of an operation list, as far as it has been read. The list's layout is told in parameters.ts.
 */
import { assert } from '../../assert/assert.ts';
import {
  BLOCK_STATUS_NO_KEY_FIELD,
  BLOCK_STATUS_NO_SUCH_FIELD,
  BLOCK_STATUS_SUCCESS,
} from '../../i2o/utility.gen.ts';
import type { ParameterGroup } from '../module/parameter-group.ts';

const ALL_FIELDS = 0xffff;
/** Fields that one operation can name: no group of ours has more. */
const FIELDS_MAX = 64;
/** Bytes of a list's head, and of an operation before its field indices. */
export const LIST_HEAD_BYTES = 4;
const OPERATION_HEAD_BYTES = 6;

export class Operation {
  code = 0;
  group = 0;
  /**
   * Indices of the fields meant, `fieldCount` of them. Where the list says all fields, these are all readable
   * ones.
   */
  readonly fields = new Uint16Array(FIELDS_MAX);
  fieldCount = 0;
  /** The list said all fields. */
  all = false;
  /** Bytes of the fields meant, all together. */
  rowBytes = 0;
  /** It is not known where the next operation begins. */
  malformed = false;
  /**
   * For the error information: the field that was wrong; where the key lies that was wrong, or -1, and its
   * bytes.
   */
  errorField = 0;
  errorKeyAt = -1;
  errorKeyBytes = 0;
  readonly bytes: DataView;
  private at = 0;
  private end = 0;

  constructor(bytes: DataView) {
    this.bytes = bytes;
  }

  /** Begins a list. @param byteLength bytes that the host gave. */
  begin(byteLength: number): void {
    assert(
      byteLength >= LIST_HEAD_BYTES && byteLength <= this.bytes.byteLength,
      'operation: the list lies in its buffer',
    );
    this.at = LIST_HEAD_BYTES;
    this.end = byteLength;
    this.malformed = false;
  }

  /**
   * Reads the head and the field indices of the next operation.
   * @returns false when it is not whole; then it is malformed.
   */
  next(): boolean {
    const { bytes } = this;
    this.at = (this.at + 3) & ~3;
    this.code = this.group = this.fieldCount = this.rowBytes = this.errorField = 0;
    this.errorKeyAt = -1;
    if (!this.has(OPERATION_HEAD_BYTES)) return this.fail();
    this.code = bytes.getUint16(this.at, true);
    this.group = bytes.getUint16(this.at + 2, true);
    const count = bytes.getUint16(this.at + 4, true);
    this.at += OPERATION_HEAD_BYTES;
    this.all = count === ALL_FIELDS;
    if (this.all) return true;
    if (count > FIELDS_MAX || !this.has(count * 2)) return this.fail();
    for (let i = 0; i < count; i++) this.fields[i] = bytes.getUint16(this.at + i * 2, true);
    this.fieldCount = count;
    this.at += count * 2;
    return true;
  }

  /** Compares the field indices with the group's fields. @returns 0 or a BLOCK_STATUS_ number. */
  resolve(group: ParameterGroup): number {
    assert(group.fields.length <= FIELDS_MAX, 'operation: all fields of a group have room');
    if (this.all) {
      for (let index = 0; index < group.fields.length; index++) {
        if (group.fields[index].readable !== false) this.fields[this.fieldCount++] = index;
      }
    }
    for (let i = 0; i < this.fieldCount; i++) {
      const index = this.fields[i];
      if (index >= group.fields.length) {
        this.errorField = index;
        return BLOCK_STATUS_NO_SUCH_FIELD;
      }
      this.rowBytes += group.fields[index].byteLength;
    }
    return BLOCK_STATUS_SUCCESS;
  }

  /** Reads a KeyCount or RowCount. @returns -1 when the list ends before it; then it is malformed. */
  count(): number {
    if (!this.has(2)) {
      this.fail();
      return -1;
    }
    this.at += 2;
    return this.bytes.getUint16(this.at - 2, true);
  }

  /**
   * Takes so many bytes of keys or values.
   * @returns where they begin; -1 when the list ends before them; then it is malformed.
   */
  take(byteLength: number): number {
    assert(byteLength >= 0, 'operation: what is taken has a length');
    if (!this.has(byteLength)) {
      this.fail();
      return -1;
    }
    this.at += byteLength;
    return this.at - byteLength;
  }

  /** No row has the key that lies at `at`. It goes into the error information. */
  badKey(at: number, byteLength: number): void {
    assert(at >= LIST_HEAD_BYTES && at + byteLength <= this.end, 'operation: a wrong key lies in the list');
    this.errorKeyAt = at;
    this.errorKeyBytes = byteLength;
  }

  /**
   * @returns BLOCK_STATUS_NO_KEY_FIELD for a group without a key, where it is not known how long keys would
   * be.
   */
  needKey(group: ParameterGroup): number {
    if (group.keyField >= 0) return BLOCK_STATUS_SUCCESS;
    this.malformed = true;
    return BLOCK_STATUS_NO_KEY_FIELD;
  }

  /** Whether the list has so many more bytes. */
  private has(byteLength: number): boolean {
    assert(this.at >= LIST_HEAD_BYTES, 'operation: reading begins behind the head of the list');
    return this.at + byteLength <= this.end;
  }

  private fail(): boolean {
    this.malformed = true;
    return false;
  }
}
