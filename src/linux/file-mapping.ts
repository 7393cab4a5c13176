/**
 * A region of ours in a file that other processes map as well: the file's pages take the place of those that
 * the region's memory had, at the same addresses. So its views stay what they were, over shared memory, and
 * `Atomics` work on them as ever.
 *
 * Each mapping is of a new file under the same name: an older one lives as long as somebody has it mapped,
 * and nobody's memory is cut off under him.
 */
import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import type { Region } from '../dma/region.ts';
import { KOFFI_MISSING, loadLibc } from './libc.ts';

const PAGE_BYTES = 4096;
const READ_AND_WRITE = 3;
/** MAP_SHARED and MAP_FIXED of sys/mman.h. */
const SHARED_AND_FIXED = 0x11;
/** Nobody else's, as long as it is not made over. */
const MODE = 0o600;

/** @throws Error with one line where no file can be mapped here, or not this one. */
export function mapOver(path: string, region: Region): void {
  const libc = loadLibc();
  if (libc === undefined) throw new Error(KOFFI_MISSING.replace(/:.*/, ': no file can be mapped'));
  const { bytes } = region;
  // Only WebAssembly's memory has pages of its own: over another, the file would replace its neighbours too.
  const whole = !region.isPlain && region.isShared && libc.addressOf(bytes) % PAGE_BYTES === 0;
  if (!whole) throw new Error('no file can be mapped: this process has no WebAssembly memory');
  rmSync(path, { force: true });
  const fd = openSync(path, 'wx+', MODE);
  try {
    ftruncateSync(fd, bytes.length);
    const at = Number(libc.mmap(bytes, bytes.length, READ_AND_WRITE, SHARED_AND_FIXED, fd, 0));
    if (at !== libc.addressOf(bytes)) throw new Error(`${path} cannot be mapped (errno ${libc.errno()})`);
  } finally {
    closeSync(fd);
  }
}
