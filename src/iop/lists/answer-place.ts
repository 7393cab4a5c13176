/** Where the answer to a request goes: pieces of host memory that a list named, in its order. */
import { assert } from '../../assert/assert.ts';
import { SGL_FRAGMENTS_MAX } from '../../i2o/list/sgl-reader.ts';

/** Checked pieces of the control area. A request that is answered later keeps a place of its own. */
export class AnswerPlace {
  /**
   * Bytes of all pieces together. An answer never has more than RESULT_BYTES_MAX, however large its place.
   */
  byteLength = 0;
  count = 0;
  /** Address and bytes of each piece, `count` of them. Address 0: the bytes are thrown away. */
  readonly addresses: Int32Array;
  readonly lengths: Int32Array;

  /** @param piecesMax pieces it has room for. */
  constructor(piecesMax: number = SGL_FRAGMENTS_MAX) {
    assert(piecesMax > 0, 'answer place: there is room for a piece');
    this.addresses = new Int32Array(piecesMax);
    this.lengths = new Int32Array(piecesMax);
  }

  clear(): void {
    this.byteLength = 0;
    this.count = 0;
  }

  /** Adds a piece at an address of the region. @returns false when there are too many pieces. */
  add(address: number, length: number): boolean {
    assert(length >= 0, 'answer place: a piece has a length');
    if (this.count === this.addresses.length) return false;
    this.addresses[this.count] = address;
    this.lengths[this.count] = length;
    this.count += 1;
    this.byteLength += length;
    return true;
  }

  /** Takes another place's pieces in place of its own. @returns false when there are too many. */
  copy(other: AnswerPlace): boolean {
    this.clear();
    for (let i = 0; i < other.count; i++) {
      if (!this.add(other.addresses[i], other.lengths[i])) return false;
    }
    assert(this.byteLength === other.byteLength, 'answer place: a copy has as many bytes');
    return true;
  }
}
