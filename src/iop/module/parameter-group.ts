/**
 * A parameter group: what I2O 1.5's UtilParamsGet reads and UtilParamsSet writes. A scalar group has one row;
 * a table has any number of them, found by a key field. Values are little-endian and lie at byte boundaries,
 * as in I2O.
 *
 * Whoever serves a group reads and fills buffers of the card's own: the operation list was copied out of
 * shared memory before, and the result list is copied there afterwards. So the host can change nothing here
 * meanwhile.
 */
import { assert } from '../../assert/assert.ts';
import type { GroupLayout } from '../../i2o/groups.gen.ts';
import { BLOCK_STATUS_FIELD_UNWRITEABLE } from '../../i2o/utility.gen.ts';

export interface GroupField {
  readonly name: string;
  /** Bytes of a value: 1, 2, 4 or 8 of a number, any number of a text. */
  readonly byteLength: number;
  /** Absent: the field can be read. */
  readonly readable?: false;
  readonly writable?: true;
}

export interface ParameterGroup {
  readonly number: number;
  readonly table: boolean;
  /** In index order. */
  readonly fields: readonly GroupField[];
  /** Index of the field that is a table's key; -1 when its rows go by their order only. */
  readonly keyField: number;
  /** How many rows there are now; a scalar group has one. */
  readonly rows: number;
  /** Writes the value of a readable field at `bytes[at]`, all `byteLength` bytes of it. */
  read(row: number, field: number, bytes: DataView, at: number): void;
  /**
   * Takes a new value of a writable field from `bytes[at]`.
   * @returns 0, or a BLOCK_STATUS_ number and nothing has changed.
   */
  write(row: number, field: number, bytes: DataView, at: number): number;
  /**
   * Adds a row from the values of all fields, which lie one behind the other. Absent: rows cannot be added.
   * @returns 0 or a BLOCK_STATUS_ number.
   */
  addRow?(bytes: DataView, at: number): number;
  /** Absent: rows cannot be deleted. @returns 0 or a BLOCK_STATUS_ number. */
  deleteRow?(row: number): number;
  /** Deletes all rows of a table, or sets a scalar group back to zero. Absent: it cannot be cleared. */
  clear?(): void;
}

/** Writes a whole number below 2^53 as a field of 1, 2, 4 or 8 bytes. */
export function putNumber(bytes: DataView, at: number, byteLength: number, value: number): void {
  assert(isNumberLength(byteLength), 'parameter group: a number is written as 1, 2, 4 or 8 bytes');
  if (byteLength === 1) bytes.setUint8(at, value);
  else if (byteLength === 2) bytes.setUint16(at, value, true);
  else {
    bytes.setUint32(at, value, true);
    if (byteLength === 8) bytes.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  }
}

/** Writes a text as a field of so many bytes, in ASCII, cut or padded with zeros. */
export function putText(bytes: DataView, at: number, byteLength: number, text: string): void {
  assert(at >= 0 && at + byteLength <= bytes.byteLength, 'parameter group: a text stays in its buffer');
  for (let i = 0; i < byteLength; i++)
    bytes.setUint8(at + i, i < text.length ? text.charCodeAt(i) & 0x7f : 0);
}

/** Reads a number of 1, 2, 4 or 8 bytes; one of 8 is exact below 2^53. */
export function getNumber(bytes: DataView, at: number, byteLength: number): number {
  assert(isNumberLength(byteLength), 'parameter group: a number is read from 1, 2, 4 or 8 bytes');
  if (byteLength === 1) return bytes.getUint8(at);
  if (byteLength === 2) return bytes.getUint16(at, true);
  const low = bytes.getUint32(at, true);
  return byteLength === 4 ? low : low + bytes.getUint32(at + 4, true) * 2 ** 32;
}

/** Bytes that a field of a number may have. */
function isNumberLength(byteLength: number): boolean {
  return byteLength === 1 || byteLength === 2 || byteLength === 4 || byteLength === 8;
}

/** A scalar group of 64-bit counters that only grow. */
export class CounterGroup implements ParameterGroup {
  readonly number: number;
  readonly table = false;
  readonly fields: readonly GroupField[];
  readonly keyField = -1;
  readonly rows = 1;
  private readonly value: (field: number) => number;
  /** What each counter stood at when TableClear last set it back. */
  private readonly base: Float64Array;

  /** @param names of the counters, in index order. @param value what a counter stands at now, below 2^53. */
  constructor(number: number, names: readonly string[], value: (field: number) => number) {
    this.number = number;
    this.fields = names.map((name) => ({ name, byteLength: 8 }));
    this.value = value;
    this.base = new Float64Array(names.length);
  }

  read(_row: number, field: number, bytes: DataView, at: number): void {
    assert(field < this.base.length, 'parameter group: a counter that is read is one of them');
    putNumber(bytes, at, 8, this.value(field) - this.base[field]);
  }

  write(): number {
    return BLOCK_STATUS_FIELD_UNWRITEABLE;
  }

  /** TableClear: the group counts from zero again, while what the counters are made of goes on. */
  clear(): void {
    for (let field = 0; field < this.base.length; field++) this.base[field] = this.value(field);
  }

  /** What the counters are made of begins at zero again. */
  restart(): void {
    this.base.fill(0);
  }
}

/** A scalar group of numbers. */
export class NumberGroup implements ParameterGroup {
  readonly number: number;
  readonly table = false;
  readonly fields: readonly GroupField[];
  readonly keyField = -1;
  readonly rows = 1;
  private readonly value: (field: number) => number;
  private readonly change: ((field: number, value: number) => number) | undefined;

  /**
   * @param value a field's value now.
   * @param change takes a new value of a writable field; returns 0 or a BLOCK_STATUS_ number.
   */
  constructor(
    number: number,
    fields: readonly GroupField[],
    value: (field: number) => number,
    change?: (field: number, value: number) => number,
  ) {
    this.number = number;
    this.fields = fields;
    assert(
      change !== undefined || fields.every(({ writable }) => writable !== true),
      'parameter group: numbers that can be written are taken by somebody',
    );
    this.value = value;
    this.change = change;
  }

  read(_row: number, field: number, bytes: DataView, at: number): void {
    assert(field < this.fields.length, 'parameter group: a number that is read is one of them');
    putNumber(bytes, at, this.fields[field].byteLength, this.value(field));
  }

  write(_row: number, field: number, bytes: DataView, at: number): number {
    if (this.change === undefined) return BLOCK_STATUS_FIELD_UNWRITEABLE;
    return this.change(field, getNumber(bytes, at, this.fields[field].byteLength));
  }
}

/** What a group holds that spec/groups.yaml describes. */
export interface GroupContent {
  /** How many rows there are now; absent for a scalar group, which has one. */
  readonly rows?: () => number;
  /** Writes the value of a field, by `put.number` or `put.text`. */
  readonly put: (field: number, row: number, put: ValueWriter) => void;
  /** Takes a new value of a writable field. @returns 0 or a BLOCK_STATUS_ number. */
  readonly take?: (field: number, bytes: DataView, at: number) => number;
}

/** Writes one value at the place it was aimed at. */
export class ValueWriter {
  private bytes: DataView = new DataView(new ArrayBuffer(0));
  private at = 0;
  private byteLength = 0;

  /** The next value goes to `bytes[at]`, and has so many bytes. */
  aim(bytes: DataView, at: number, byteLength: number): this {
    assert(
      at >= 0 && byteLength > 0 && at + byteLength <= bytes.byteLength,
      'parameter group: a value is aimed into its buffer',
    );
    this.bytes = bytes;
    this.at = at;
    this.byteLength = byteLength;
    return this;
  }

  /** A whole number below 2^53. A field longer than 8 bytes is filled with zeros behind it. */
  number(value: number): void {
    for (let i = 8; i < this.byteLength; i++) this.bytes.setUint8(this.at + i, 0);
    putNumber(this.bytes, this.at, Math.min(this.byteLength, 8), value);
  }

  text(text: string): void {
    assert(text.length <= this.byteLength, 'parameter group: a text has room in its field');
    putText(this.bytes, this.at, this.byteLength, text);
  }
}

/** Whether what a group holds is of the kind that its description says. */
function checkDescription({ table, keyField, fields }: GroupLayout, { rows, take }: GroupContent): void {
  assert(
    table === (rows !== undefined),
    'parameter group: a table says how many rows it has, and a scalar does not',
  );
  assert(
    keyField < fields.length && (table || keyField < 0),
    'parameter group: the key of a table is one of its fields',
  );
  assert(
    take !== undefined || fields.every(({ writable }) => writable !== true),
    'parameter group: values that can be written are taken by somebody',
  );
}

/** A group that spec/groups.yaml describes, as the parameter layer takes it. */
export class DescribedGroup implements ParameterGroup {
  readonly number: number;
  readonly table: boolean;
  readonly keyField: number;
  readonly fields: readonly GroupField[];
  private readonly content: GroupContent;
  private readonly writer = new ValueWriter();

  constructor(layout: GroupLayout, content: GroupContent) {
    this.number = layout.number;
    this.table = layout.table;
    this.keyField = layout.keyField;
    this.fields = layout.fields;
    this.content = content;
    checkDescription(layout, content);
  }

  get rows(): number {
    return this.content.rows === undefined ? 1 : this.content.rows();
  }

  read(row: number, field: number, bytes: DataView, at: number): void {
    assert(this.fields[field] !== undefined, 'parameter group: a value that is read is of a field there is');
    this.content.put(field, row, this.writer.aim(bytes, at, this.fields[field].byteLength));
  }

  write(_row: number, field: number, bytes: DataView, at: number): number {
    assert(field < this.fields.length, 'parameter group: a value that is set is of a field there is');
    if (this.content.take === undefined) return BLOCK_STATUS_FIELD_UNWRITEABLE;
    return this.content.take(field, bytes, at);
  }
}
