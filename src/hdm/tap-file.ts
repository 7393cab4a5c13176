/**
 * The file by which frames go to the kernel and come from it: of a TAP, or of a macvtap. A frame is read in
 * one system call straight to card memory and written in one from wherever its pieces lie there; the kernel
 * makes the only copy. Neither call waits.
 *
 * `VectorTapFile` calls `readv` and `writev` through koffi, which takes addresses: nothing is allocated.
 * `PlainTapFile` does without that package. It calls Node's own `fs`, which wants a view for each piece and
 * throws where there is no frame, so that it takes several times as long.
 */
import { readvSync, writevSync } from 'node:fs';
import { assert } from '../assert/assert.ts';
import type { Region } from '../dma/region.ts';
import type { Libc } from '../linux/libc.ts';
import { EAGAIN, EINTR } from '../socket/errno.ts';
import { PIECES_MAX } from './nic-rings.ts';
import { VIRTIO_HEADER_BYTES } from './virtio-header.ts';

export interface TapFile {
  /** The virtio-net header of the frame that was read last. */
  readonly arrived: DataView;
  /** That of the frame to be written next, which is the caller's to fill in. */
  readonly leaving: DataView;
  /** Why the last call failed: an errno, positive. */
  readonly errno: number;
  /**
   * Reads the next frame to an address of the region.
   * @param length room there, in bytes; of a longer frame the rest is lost.
   * @returns bytes of the frame, without the virtio-net header; 0: there is none; -1: `errno` says why.
   */
  read(address: number, length: number): number;
  /** Begins a frame to be written. */
  begin(): void;
  /** Names its next bytes, at an address of the region; PIECES_MAX + 1 times at most. */
  add(address: number, length: number): void;
  /** Writes the frame. @returns whether the kernel has taken it; if not, `errno` says why. */
  write(): boolean;
  /**
   * Has the kernel leave work to us from now on.
   * @param checksums whether packets of this machine come without their checksum made.
   * @param segments whether packets come that are yet to be cut into segments; needs `checksums`.
   * @returns whether it does so now.
   */
  offload(checksums: boolean, segments: boolean): boolean;
}

/** linux/if_tun.h. */
const TUNSETOFFLOAD = 0x4004_54d0;
const TUN_F_CSUM = 0x01;
const TUN_F_TSO4 = 0x02;
const TUN_F_TSO_ECN = 0x08;

/** `struct iovec` where addresses have 64 bits: the address, then the length, as pairs of words. */
const VECTOR_WORDS = 4;
const WORD = 0x1_0000_0000;
/** The virtio-net header, the packet's headers, and its pieces. */
const VECTORS_MAX = 2 + PIECES_MAX;

export class VectorTapFile implements TapFile {
  readonly arrived: DataView;
  readonly leaving: DataView;
  errno = 0;
  private readonly libc: Libc;
  private readonly fd: number;
  private readonly base: number;
  private readonly reading = new Int32Array(2 * VECTOR_WORDS);
  private readonly writing = new Int32Array(VECTORS_MAX * VECTOR_WORDS);
  private vectors = 1;

  /** @param fd open for both ways, non-blocking. */
  constructor(libc: Libc, fd: number, region: Region) {
    this.libc = libc;
    this.fd = fd;
    this.base = libc.addressOf(region.bytes);
    const arrived = new Uint8Array(VIRTIO_HEADER_BYTES);
    const leaving = new Uint8Array(VIRTIO_HEADER_BYTES);
    this.arrived = new DataView(arrived.buffer);
    this.leaving = new DataView(leaving.buffer);
    setVector(this.reading, 0, libc.addressOf(arrived), VIRTIO_HEADER_BYTES);
    setVector(this.writing, 0, libc.addressOf(leaving), VIRTIO_HEADER_BYTES);
  }

  /** // Hot path. */
  read(address: number, length: number): number {
    setVector(this.reading, 1, this.base + address, length);
    const bytes = this.libc.readv(this.fd, this.reading, 2);
    if (bytes >= 0) return bytes > VIRTIO_HEADER_BYTES ? bytes - VIRTIO_HEADER_BYTES : 0;
    this.errno = this.libc.errno();
    return isNothingYet(this.errno) ? 0 : -1;
  }

  begin(): void {
    this.vectors = 1;
  }

  /** // Hot path. */
  add(address: number, length: number): void {
    assert(this.vectors < VECTORS_MAX, 'tap file: a frame has no more pieces than there are vectors');
    setVector(this.writing, this.vectors, this.base + address, length);
    this.vectors += 1;
  }

  /** // Hot path. */
  write(): boolean {
    if (this.libc.writev(this.fd, this.writing, this.vectors) >= 0) return true;
    this.errno = this.libc.errno();
    return false;
  }

  offload(checksums: boolean, segments: boolean): boolean {
    const what = checksums ? TUN_F_CSUM | (segments ? TUN_F_TSO4 | TUN_F_TSO_ECN : 0) : 0;
    if (this.libc.ioctlValue(this.fd, TUNSETOFFLOAD, what) === 0) return true;
    this.errno = this.libc.errno();
    return false;
  }
}

/** @param address below 2^53; a 64-bit number would be allocated. // Hot path. */
function setVector(vectors: Int32Array, index: number, address: number, length: number): void {
  const at = index * VECTOR_WORDS;
  vectors[at] = address | 0;
  vectors[at + 1] = (address / WORD) | 0;
  vectors[at + 2] = length;
}

/** A signal may end a call before it has begun; the next look calls again. */
function isNothingYet(errno: number): boolean {
  return errno === EAGAIN || errno === EINTR;
}

export class PlainTapFile implements TapFile {
  readonly arrived: DataView;
  readonly leaving: DataView;
  errno = 0;
  private readonly fd: number;
  private readonly bytes: Uint8Array;
  private readonly arrivedBytes = new Uint8Array(VIRTIO_HEADER_BYTES);
  private readonly leavingBytes = new Uint8Array(VIRTIO_HEADER_BYTES);
  private pieces: Uint8Array[] = [];

  /** @param fd open for both ways, non-blocking. */
  constructor(fd: number, region: Region) {
    this.fd = fd;
    this.bytes = region.bytes;
    this.arrived = new DataView(this.arrivedBytes.buffer);
    this.leaving = new DataView(this.leavingBytes.buffer);
  }

  read(address: number, length: number): number {
    try {
      const views = [this.arrivedBytes, this.bytes.subarray(address, address + length)];
      return Math.max(0, readvSync(this.fd, views) - VIRTIO_HEADER_BYTES);
    } catch (error) {
      this.errno = errnoOf(error);
      return isNothingYet(this.errno) ? 0 : -1;
    }
  }

  begin(): void {
    this.pieces = [this.leavingBytes];
  }

  add(address: number, length: number): void {
    this.pieces.push(this.bytes.subarray(address, address + length));
  }

  write(): boolean {
    try {
      writevSync(this.fd, this.pieces);
      return true;
    } catch (error) {
      this.errno = errnoOf(error);
      return false;
    }
  }

  /** Node has no `ioctl`: a macvtap that nobody has told otherwise brings whole segments, with checksums. */
  offload(checksums: boolean): boolean {
    return !checksums;
  }
}

/** libuv's numbers are those of Linux, negative. */
function errnoOf(error: unknown): number {
  return -((error as NodeJS.ErrnoException).errno ?? 0);
}
