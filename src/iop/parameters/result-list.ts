/** A result list in the making. Its layout is told in parameters.ts. */
import { assert } from '../../assert/assert.ts';
import {
  BLOCK_STATUS_BUFFER_FULL,
  BLOCK_STATUS_BUFFER_TOO_SMALL,
  BLOCK_STATUS_SUCCESS,
} from '../../i2o/utility.gen.ts';
import type { Operation } from './operation.ts';

const LIST_HEAD_BYTES = 4;
const BLOCK_HEAD_BYTES = 4;
const TABLE_HEAD_BYTES = 4;
const ERROR_INFO_BYTES = 8;

export class ResultList {
  readonly bytes: DataView;
  /** Where the next value goes. */
  at = 0;
  private limit = 0;
  private block = 0;
  private tableHead = false;
  private rows = 0;
  private more = 0;

  constructor(bytes: DataView) {
    this.bytes = bytes;
  }

  /** Begins a list. @param roomBytes a multiple of 4, at least the head's 4. */
  begin(roomBytes: number): void {
    assert(
      roomBytes >= LIST_HEAD_BYTES && roomBytes <= this.bytes.byteLength && (roomBytes & 3) === 0,
      'result list: its room lies in its buffer, in whole words',
    );
    this.limit = roomBytes;
    this.at = LIST_HEAD_BYTES;
  }

  /** Begins a block. @returns false when there is no room for another. */
  beginBlock(): boolean {
    assert((this.at & 3) === 0, 'result list: a block begins at a word');
    if (this.at + BLOCK_HEAD_BYTES > this.limit) return false;
    this.block = this.at;
    this.at += BLOCK_HEAD_BYTES;
    this.tableHead = false;
    this.rows = 0;
    this.more = 0;
    return true;
  }

  /**
   * The block is a table's: RowCount and MoreFlag come first.
   * @returns false when there is no room for them.
   */
  table(): boolean {
    assert(
      this.at === this.block + BLOCK_HEAD_BYTES,
      "result list: a table's head is the first in its block",
    );
    if (this.at + TABLE_HEAD_BYTES > this.limit) return false;
    this.tableHead = true;
    this.at += TABLE_HEAD_BYTES;
    return true;
  }

  /** Bytes that still have room. */
  get room(): number {
    return this.limit - this.at;
  }

  /** A row is complete. */
  addRow(): void {
    assert(this.tableHead, 'result list: rows are given of a table');
    this.rows += 1;
  }

  /** Says how many rows there are, and gives none of them. */
  setRows(rows: number): void {
    assert(rows >= 0, 'result list: a table has no fewer than no rows');
    this.rows = Math.min(rows, 0xffff);
  }

  /** There are rows behind the last one given. */
  moreRows(): void {
    this.more = 1;
  }

  /**
   * What did not fit was left out.
   * @param given items that did fit.
   * @returns the BLOCK_STATUS_ number that says so.
   */
  full(given: number): number {
    return given > 0 ? BLOCK_STATUS_BUFFER_FULL : BLOCK_STATUS_BUFFER_TOO_SMALL;
  }

  /** Ends the block: pads it, adds error information if it failed and there is room, and writes its head. */
  endBlock(status: number, operation: Operation): void {
    const { bytes, block } = this;
    while ((this.at & 3) !== 0) bytes.setUint8(this.at++, 0);
    assert(this.at <= this.limit, 'result list: a block ends in the room there is');
    const errorWords = status === BLOCK_STATUS_SUCCESS ? 0 : this.errorInfo(operation);
    if (this.tableHead) {
      bytes.setUint16(block + BLOCK_HEAD_BYTES, this.rows, true);
      bytes.setUint16(block + BLOCK_HEAD_BYTES + 2, this.more, true);
    }
    bytes.setUint16(block, (this.at - block) >> 2, true);
    bytes.setUint8(block + 2, status);
    bytes.setUint8(block + 3, errorWords);
  }

  /** Ends the list. @returns its bytes. */
  end(blocks: number): number {
    assert(
      blocks >= 0 && this.at >= LIST_HEAD_BYTES + blocks * BLOCK_HEAD_BYTES,
      'result list: it has as many blocks as it says',
    );
    this.bytes.setUint16(0, blocks, true);
    this.bytes.setUint16(2, 0, true);
    return this.at;
  }

  /** Says which operation failed, and why. @returns words written; 0 when there is no room. */
  private errorInfo(operation: Operation): number {
    const { bytes, at } = this;
    const keyBytes = operation.errorKeyAt < 0 ? 0 : operation.errorKeyBytes;
    const byteLength = (ERROR_INFO_BYTES + keyBytes + 3) & ~3;
    if (byteLength > this.room) return 0;
    bytes.setUint16(at, operation.code, true);
    bytes.setUint16(at + 2, operation.group, true);
    bytes.setUint16(at + 4, operation.errorField, true);
    bytes.setUint8(at + 6, 0);
    bytes.setUint8(at + 7, keyBytes === 0 ? 0 : 1);
    for (let i = 0; i < byteLength - ERROR_INFO_BYTES; i++) {
      const value = i < keyBytes ? operation.bytes.getUint8(operation.errorKeyAt + i) : 0;
      bytes.setUint8(at + ERROR_INFO_BYTES + i, value);
    }
    assert(byteLength >> 2 <= 0xff, 'result list: the length of error information has 8 bits');
    this.at += byteLength;
    return byteLength >> 2;
  }
}
