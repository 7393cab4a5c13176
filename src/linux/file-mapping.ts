/**
 * A region of ours in a file that other processes map as well: the file's pages take the place of those that
 * the region's memory had, at the same addresses. So its views stay what they were, over shared memory, and
 * `Atomics` work on them as ever.
 *
 * The memory is nobody's to shorten. Who touches a page behind a file's end is ended by a signal (SIGBUS), and
 * a file in a folder is cut by whoever may write it. So the pages are those of an anonymous file whose size
 * is sealed (memfd_create(2), F_ADD_SEALS of fcntl(2)), and the name that others open is a link to it. All of
 * it is written once, so that a machine without so much memory says so at once.
 *
 * Each mapping is of a new file under the same name: an older one lives as long as somebody has it mapped,
 * and nobody's memory is cut off under him.
 */
import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import type { Region } from '../dma/region.ts';
import { KOFFI_MISSING, type Libc, loadLibc } from './libc.ts';

export const PAGE_BYTES = 4096;
const READ_AND_WRITE = 3;
/** MAP_SHARED and MAP_FIXED of sys/mman.h. */
const SHARED_AND_FIXED = 0x11;
/** MFD_CLOEXEC and MFD_ALLOW_SEALING of linux/memfd.h. */
const SEALABLE = 0x3;
/** F_ADD_SEALS, and F_SEAL_SEAL, F_SEAL_SHRINK and F_SEAL_GROW, of linux/fcntl.h. */
const ADD_SEALS = 1033;
const SIZE_SEALED = 0x7;
const CHUNK_BYTES = 1 << 20;

/** The file that was made last under each name: it stays open, since the name leads to it by its number. */
const opened = new Map<string, number>();
process.on('exit', () => {
  for (const path of opened.keys()) unmap(path);
});

/** @throws Error with one line where no file can be mapped here, or not this one. */
export function mapOver(path: string, region: Region): void {
  const libc = loadLibc();
  if (libc === undefined) throw new Error(KOFFI_MISSING.replace(/:.*/, ': no file can be mapped'));
  const { bytes } = region;
  // Only WebAssembly's memory has pages of its own: over another, the file would replace its neighbours too.
  const whole = !region.isPlain && region.isShared && libc.addressOf(bytes) % PAGE_BYTES === 0;
  if (!whole) throw new Error('no file can be mapped: this process has no WebAssembly memory');
  unmap(path);
  const fd = sealedFile(libc, bytes.length);
  try {
    const at = Number(libc.mmap(bytes, bytes.length, READ_AND_WRITE, SHARED_AND_FIXED, fd, 0));
    if (at !== libc.addressOf(bytes)) throw new Error(`${path} cannot be mapped (errno ${libc.errno()})`);
    symlinkSync(`/proc/${process.pid}/fd/${fd}`, path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  opened.set(path, fd);
}

/**
 * Maps a file that another has made over the first pages of a region.
 * @param length bytes of the file; what the region has of its own begins on a later page.
 * @throws Error with one line where that cannot be.
 */
export function mapShared(path: string, region: Region, length: number): void {
  const libc = loadLibc();
  if (libc === undefined) throw new Error(KOFFI_MISSING.replace(/:.*/, ': no file can be mapped'));
  const { bytes } = region;
  const fd = openSync(path, 'r+');
  try {
    const at = Number(libc.mmap(bytes, length, READ_AND_WRITE, SHARED_AND_FIXED, fd, 0));
    if (at !== libc.addressOf(bytes)) throw new Error(`${path} cannot be mapped (errno ${libc.errno()})`);
  } finally {
    closeSync(fd);
  }
}

/** The name leads nowhere any more; what is mapped stays so. */
export function unmap(path: string): void {
  rmSync(path, { force: true });
  const fd = opened.get(path);
  opened.delete(path);
  if (fd !== undefined) closeSync(fd);
}

/** Whether a name is one that a process which has ended has left here: it leads nowhere. */
export function isLeftOver(path: string): boolean {
  const link = lstatSync(path, { throwIfNoEntry: false });
  return (
    link?.isSymbolicLink() === true && /^\/proc\/\d+\/fd\/\d+$/.test(readlinkSync(path)) && !existsSync(path)
  );
}

/** A file of zeros that has no name, and that nobody can make shorter or longer. */
function sealedFile(libc: Libc, length: number): number {
  const fd = libc.memfdCreate?.('inic', SEALABLE) ?? -1;
  if (fd < 0) throw new Error('no file can be mapped: this system has no memfd_create');
  try {
    const zeros = new Uint8Array(Math.min(length, CHUNK_BYTES));
    for (let at = 0; at < length; ) at += writeSync(fd, zeros, 0, Math.min(zeros.length, length - at));
    if (libc.fcntl(fd, ADD_SEALS, SIZE_SEALED) !== 0)
      throw new Error(`no file can be mapped: its size cannot be sealed (errno ${libc.errno()})`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
