/**
 * Memory for received data: slabs of 64 KiB, filled from the front and handed to the program piece by piece.
 * A slab is never used twice: each piece is the program's for as long as it holds it, and the garbage
 * collector takes the slab after the last one.
 */
import { markAsUntransferable } from 'node:worker_threads';

/** What libuv suggests for one read, so that no chunk is longer than one from the kernel. */
const SLAB_BYTES = 65536;
/** With less room than this left, a new slab costs less than many short reads. */
const ROOM_MIN = 8192;

export class Slab {
  buffer: ArrayBuffer = new ArrayBuffer(0);
  bytes: Uint8Array = new Uint8Array(0);
  /** Bytes already handed out. */
  used = 0;

  /** Hot path: makes sure that there is room to read into. A new slab costs 1 µs. */
  reserve(): void {
    // A program may have transferred the buffer of a chunk to another thread, and the slab with it.
    if (this.bytes.length - this.used >= ROOM_MIN) return;
    const bytes = Buffer.allocUnsafeSlow(SLAB_BYTES); // not zeroed: the program only sees received bytes
    markAsUntransferable(bytes.buffer);
    this.bytes = bytes;
    this.buffer = bytes.buffer;
    this.used = 0;
  }

  /** Hands out the next `length` bytes; the following chunk begins at a multiple of 8. */
  take(length: number): void {
    this.used = (this.used + length + 7) & ~7;
  }
}
