/**
 * A parameter group: what ParamsGet reads and ParamsSet writes (reference section 5.3). A scalar group has one row; a
 * table has any number, found by a key field. Values are little-endian and lie at byte boundaries, as in I2O.
 *
 * Whoever serves the group fills and reads a scratch buffer of the card's own. The operation list was copied out of shared
 * memory before, and the result list goes there after: nothing here can be changed by the host meanwhile.
 */
import type { GroupLayout } from '../../i2o/groups.gen.ts';
import { BLOCK_STATUS_FIELD_UNWRITEABLE } from '../../i2o/utility.gen.ts';

export interface GroupField {
  readonly name: string;
  /** Bytes of a value: 1, 2, 4, 8, or a string's. */
  readonly byteLength: number;
  /** Absent: readable. */
  readonly readable?: false;
  readonly writable?: true;
}

export interface ParameterGroup {
  readonly number: number;
  readonly table: boolean;
  /** In index order. */
  readonly fields: readonly GroupField[];
  /** Index of the field that is a table's key; -1: no key, rows go by their order only. */
  readonly keyField: number;
  /** Rows there are now; a scalar group has one. */
  readonly rows: number;
  /** Writes the value of a readable field at `bytes[at]`, all `byteLength` bytes of it. */
  read(row: number, field: number, bytes: DataView, at: number): void;
  /** Takes a new value for a writable field from `bytes[at]`. @returns 0 or a BLOCK_STATUS_ number; then nothing changed. */
  write(row: number, field: number, bytes: DataView, at: number): number;
  /**
   * Adds a row from the values of all its fields, one behind the other. Absent: rows cannot be added.
   * @returns 0 or a BLOCK_STATUS_ number.
   */
  addRow?(bytes: DataView, at: number): number;
  /** Absent: rows cannot be deleted. @returns 0 or a BLOCK_STATUS_ number. */
  deleteRow?(row: number): number;
  /** Deletes all rows; of a scalar group, sets it back to zero. Absent: refused. */
  clear?(): void;
}

/** Writes a number below 2^53 as a field of 1, 2, 4 or 8 bytes. */
export function putNumber(bytes: DataView, at: number, byteLength: number, value: number): void {
  if (byteLength === 1) bytes.setUint8(at, value);
  else if (byteLength === 2) bytes.setUint16(at, value, true);
  else {
    bytes.setUint32(at, value, true);
    if (byteLength === 8) bytes.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  }
}

/** Writes a text as a field of so many bytes, ASCII, cut or padded with zeros. */
export function putText(bytes: DataView, at: number, byteLength: number, text: string): void {
  for (let i = 0; i < byteLength; i++)
    bytes.setUint8(at + i, i < text.length ? text.charCodeAt(i) & 0x7f : 0);
}

/** Reads a field of 1, 2, 4 or 8 bytes; of 8, exact below 2^53. */
export function getNumber(bytes: DataView, at: number, byteLength: number): number {
  if (byteLength === 1) return bytes.getUint8(at);
  if (byteLength === 2) return bytes.getUint16(at, true);
  const low = bytes.getUint32(at, true);
  return byteLength === 4 ? low : low + bytes.getUint32(at + 4, true) * 2 ** 32;
}

/** A scalar group of u64 counters that only grow. */
export class CounterGroup implements ParameterGroup {
  readonly number: number;
  readonly table = false;
  readonly fields: readonly GroupField[];
  readonly keyField = -1;
  readonly rows = 1;
  private readonly value: (field: number) => number;
  /** What each counter stood at when it was last set back. */
  private readonly base: Float64Array;

  /** @param names of the counters, in index order. @param value what one stands at now, below 2^53. */
  constructor(number: number, names: readonly string[], value: (field: number) => number) {
    this.number = number;
    this.fields = names.map((name) => ({ name, byteLength: 8 }));
    this.value = value;
    this.base = new Float64Array(names.length);
  }

  read(_row: number, field: number, bytes: DataView, at: number): void {
    putNumber(bytes, at, 8, this.value(field) - this.base[field]);
  }

  write(): number {
    return BLOCK_STATUS_FIELD_UNWRITEABLE;
  }

  /** TableClear counts from zero again; what the counters are made of goes on. */
  clear(): void {
    for (let field = 0; field < this.base.length; field++) this.base[field] = this.value(field);
  }
}

/** A scalar group of numbers, each read by a function of its own. */
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
    this.value = value;
    this.change = change;
  }

  read(_row: number, field: number, bytes: DataView, at: number): void {
    putNumber(bytes, at, this.fields[field].byteLength, this.value(field));
  }

  write(_row: number, field: number, bytes: DataView, at: number): number {
    if (this.change === undefined) return BLOCK_STATUS_FIELD_UNWRITEABLE;
    return this.change(field, getNumber(bytes, at, this.fields[field].byteLength));
  }
}

/** A group described in spec/groups.yaml, with what it holds. */
export interface GroupContent {
  /** Rows there are now; absent: one, of a scalar group. */
  readonly rows?: () => number;
  /** Writes a field's value: `put.number` or `put.text`. */
  readonly put: (field: number, row: number, put: ValueWriter) => void;
  /** Takes a new value of a writable field. @returns 0 or a BLOCK_STATUS_ number. */
  readonly take?: (field: number, bytes: DataView, at: number) => number;
}

/** Writes one value where it goes, whatever its length. */
export class ValueWriter {
  private bytes: DataView = new DataView(new ArrayBuffer(0));
  private at = 0;
  private byteLength = 0;

  aim(bytes: DataView, at: number, byteLength: number): this {
    this.bytes = bytes;
    this.at = at;
    this.byteLength = byteLength;
    return this;
  }

  /** A number below 2^53; of fields longer than 8 bytes, the rest is zero. */
  number(value: number): void {
    for (let i = 8; i < this.byteLength; i++) this.bytes.setUint8(this.at + i, 0);
    putNumber(this.bytes, this.at, Math.min(this.byteLength, 8), value);
  }

  text(text: string): void {
    putText(this.bytes, this.at, this.byteLength, text);
  }
}

/** A described group as the parameter layer takes it. */
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
  }

  get rows(): number {
    return this.content.rows === undefined ? 1 : this.content.rows();
  }

  read(row: number, field: number, bytes: DataView, at: number): void {
    this.content.put(field, row, this.writer.aim(bytes, at, this.fields[field].byteLength));
  }

  write(_row: number, field: number, bytes: DataView, at: number): number {
    if (this.content.take === undefined) return BLOCK_STATUS_FIELD_UNWRITEABLE;
    return this.content.take(field, bytes, at);
  }
}
