/**
 * What the bytes of a stream are: where a script leaves them open they say where they belong, so that one in
 * the wrong place is seen, from the program onto the wire and from the wire into the program.
 */

const START_BYTES = 4096;

/** The byte at an offset of a stream. */
export function patternByte(offset: number): number {
  return (Math.imul(offset, 131) + Math.imul(offset >> 8, 17)) & 0xff;
}

/** A stretch of them. @param offset of its first, which may be beyond 2^31. */
export function pattern(offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = patternByte((offset + i) | 0);
  return bytes;
}

/** What a program has written to a stream. */
export class WrittenBytes {
  length = 0;
  private held = new Uint8Array(START_BYTES);

  add(written: Uint8Array): void {
    if (this.length + written.length > this.held.length) {
      const grown = new Uint8Array(Math.max(this.held.length * 2, this.length + written.length));
      grown.set(this.held.subarray(0, this.length));
      this.held = grown;
    }
    this.held.set(written, this.length);
    this.length += written.length;
  }

  /** What was not taken after all is none of it. */
  cut(length: number): void {
    this.length = Math.min(this.length, length);
  }

  /** Whether a segment's payload is what was written at its place. */
  holds(offset: number, payload: Uint8Array): boolean {
    if (offset < 0 || offset + payload.length > this.length) return false;
    return payload.every((byte, i) => byte === this.held[offset + i]);
  }
}
