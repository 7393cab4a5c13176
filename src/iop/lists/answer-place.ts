import { SGL_FRAGMENTS_MAX } from '../../i2o/list/sgl-reader.ts';

/** Where an answer goes: pieces of host memory, checked. Kept by requests that are answered later. */
export class AnswerPlace {
  /** Bytes of all pieces, at most RESULT_BYTES_MAX of them usable. */
  byteLength = 0;
  count = 0;
  /** Address 0: the bytes are thrown away. */
  readonly addresses: Int32Array;
  readonly lengths: Int32Array;

  constructor(piecesMax: number = SGL_FRAGMENTS_MAX) {
    this.addresses = new Int32Array(piecesMax);
    this.lengths = new Int32Array(piecesMax);
  }

  clear(): void {
    this.byteLength = 0;
    this.count = 0;
  }

  /** @returns false when there are too many pieces. */
  add(address: number, length: number): boolean {
    if (this.count === this.addresses.length) return false;
    this.addresses[this.count] = address;
    this.lengths[this.count] = length;
    this.count += 1;
    this.byteLength += length;
    return true;
  }

  /** Takes another's pieces. @returns false when there are too many. */
  copy(other: AnswerPlace): boolean {
    this.clear();
    for (let i = 0; i < other.count; i++) {
      if (!this.add(other.addresses[i], other.lengths[i])) return false;
    }
    return true;
  }
}
