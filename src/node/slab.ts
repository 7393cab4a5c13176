/**
 * Memory for what is read: 64 KiB slabs, filled from the front and handed to the program piece by piece. A
 * slab is never used twice: what the program was given stays its own for as long as it holds it, and the
 * collector has the rest.
 */
import { markAsUntransferable } from 'node:worker_threads';

const SLAB_BYTES = 65536; // libuv's suggestion for one read, so no chunk is longer than the kernel's
const ROOM_MIN = 8192; // with less left than this, a new slab costs less than many short reads

export class Slab {
  buffer: ArrayBuffer = new ArrayBuffer(0);
  bytes: Uint8Array = new Uint8Array(0);
  /** Bytes already handed out. */
  used = 0;

  /** Sees to it that there is room to read into. Hot path: 1 µs once a slab. */
  reserve(): void {
    // A program may have transferred the buffer of a chunk to another thread, and the slab with it.
    if (this.bytes.length - this.used >= ROOM_MIN) return;
    const bytes = Buffer.allocUnsafeSlow(SLAB_BYTES); // not zeroed: the program sees only what was received
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
