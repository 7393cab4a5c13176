/**
 * While a card is installed, makes V8 free the memory of dead buffers on the thread that finds them dead.
 *
 * By default V8 leaves that to a helper thread, and counts the memory as used until it is done. While the
 * program's thread and the card's both poll, a machine of two cores has none left for the helper. Memory that
 * is long dead then counts as live, and V8 makes a full collection for every 30 MB received (measured:
 * TCP_STREAM over `node:net` 2.4 GB/s with the helper, 5.0 GB/s without).
 */
import { setFlagsFromString } from 'node:v8';

export function sweepBuffersHere(): void {
  setFlagsFromString('--no-concurrent-array-buffer-sweeping');
}

/** Back to V8's default. */
export function sweepBuffersInBackground(): void {
  setFlagsFromString('--concurrent-array-buffer-sweeping');
}
