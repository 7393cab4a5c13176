/**
 * Remembers what streams had in their packets, word by word, so that what is sent again is held against what was
 * sent first, however it is cut into segments. A table of one size: what is older makes room.
 */

const PLACES = 1 << 16;
/** Of each packet so many bytes are looked at: as many as a trace keeps of it behind its headers. */
const LOOKED_AT = 64;
const WORD_BYTES = 4;
const SAME = -1;

export class StreamWords {
  private readonly who = new Int32Array(PLACES);
  private readonly place = new Int32Array(PLACES);
  private readonly value = new Int32Array(PLACES);
  /** Which bytes of the word are known: all ones where they are. */
  private readonly mask = new Int32Array(PLACES);

  /**
   * Bytes of a stream have passed.
   * @param stream its number, not 0. @param at position of the first byte.
   * @returns position of the word that was another before; or -1. // Hot path.
   */
  put(stream: number, at: number, bytes: Uint8Array, from: number, length: number): number {
    const first = Math.floor(at / WORD_BYTES);
    const end = Math.min(length, LOOKED_AT);
    const start = Math.imul(stream, 0x9e3779b1) >>> 8;
    let place = first | 0;
    let i = first * WORD_BYTES - at;
    for (; i < end; i += WORD_BYTES, place = (place + 1) | 0) {
      let value = 0;
      let mask = -1;
      if (i >= 0 && i + WORD_BYTES <= end) {
        const b = from + i;
        value = bytes[b] | (bytes[b + 1] << 8) | (bytes[b + 2] << 16) | (bytes[b + 3] << 24);
      } else {
        mask = 0;
        for (let k = 0; k < WORD_BYTES; k++) {
          if (i + k < 0 || i + k >= end) continue;
          value |= bytes[from + i + k] << (8 * k);
          mask |= 0xff << (8 * k);
        }
      }
      const slot = (start + place) & (PLACES - 1);
      if (this.who[slot] !== stream || this.place[slot] !== place) {
        this.who[slot] = stream;
        this.place[slot] = place;
        this.value[slot] = value;
        this.mask[slot] = mask;
        continue;
      }
      const known = this.mask[slot];
      if (((this.value[slot] ^ value) & known & mask) !== 0) return at + i;
      this.value[slot] |= value & ~known;
      this.mask[slot] = known | mask;
    }
    return SAME;
  }
}
