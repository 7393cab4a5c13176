/**
 * Finds where the records of a TLS stream end (RFC 8446 §5.1). Each begins with a header of five bytes, which
 * ends with the length of what follows.
 *
 * Node's C++ calls the program for each record of a chunk and runs the ticks after each call. Called from
 * JavaScript it does not run them, so where this matters a chunk is given to it a record at a time.
 */
const HEADER_BYTES = 5;
/** Where in the header the length stands, in network order, up to its end. */
const LENGTH_AT = 3;

export class RecordCutter {
  /** Bytes of the present header already seen, and the length as far as it is known. */
  private headerSeen = 0;
  private length = 0;
  /** Bytes of the present record's body still to come. */
  private left = 0;

  /** @returns where the record that begins or goes on at `offset` ends, or the end of the chunk. */
  cut(bytes: Uint8Array, offset: number): number {
    let at = offset;
    while (this.left === 0) {
      if (at === bytes.length) return at;
      if (this.headerSeen++ >= LENGTH_AT) this.length = this.length * 256 + bytes[at];
      at++;
      if (this.headerSeen < HEADER_BYTES) continue;
      this.left = this.length;
      this.headerSeen = 0;
      this.length = 0;
      if (this.left === 0) return at;
    }
    const end = Math.min(bytes.length, at + this.left);
    this.left -= end - at;
    return end;
  }
}
