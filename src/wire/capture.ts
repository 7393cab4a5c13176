/**
 * Records the frames of a pipe as a classic pcap file (draft-ietf-opsawg-pcap: microsecond times,
 * LINKTYPE_ETHERNET), for Wireshark and tcpdump. Attached with `Pipe.tapSent` or `tapArrived`; a pipe without
 * one pays a null check.
 *
 * The memory is bounded: frames gather in one buffer. With a `write` callback the buffer is handed on and
 * used again whenever it is full; without, recording stops at the end of the buffer, and the frames that no
 * longer fit are counted.
 */

import type { DmaEngine } from '../dma/engine.ts';
import { CAPTURE_COPIES } from '../ledger/counters.gen.ts';
import type { Clock } from '../time/clock.ts';
import type { FrameTap } from './contract.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const VERSION_MAJOR = 2;
const VERSION_MINOR = 4;
const LINKTYPE_ETHERNET = 1;
/** The largest frame there is: 65535 bytes of IPv4 behind 14 of Ethernet, rounded up as tcpdump does. */
export const SNAP_BYTES_MAX = 262_144;

export interface CaptureConfig {
  /** Bytes of the buffer, which must hold the file header and one record. */
  readonly bufferBytes: number;
  /** Bytes kept of each frame. */
  readonly snapBytes: number;
  /** Seconds since 1970 at clock 0, added to every time. */
  readonly epochSeconds: number;
}

export class Capture implements FrameTap {
  /** Frames recorded, and frames that found the buffer full. */
  recorded = 0;
  missed = 0;

  private readonly config: CaptureConfig;
  private readonly clock: Clock;
  private readonly dma: DmaEngine;
  private readonly write: ((bytes: Uint8Array) => void) | null;
  private readonly buffer: Uint8Array;
  private readonly view: DataView;
  private used = FILE_HEADER_BYTES;

  /**
   * @param write takes the next bytes of the file; they are its own only until it returns. Null to keep them
   * here.
   * @throws RangeError when the buffer cannot hold one record.
   */
  constructor(
    config: CaptureConfig,
    clock: Clock,
    dma: DmaEngine,
    write: ((bytes: Uint8Array) => void) | null = null,
  ) {
    const { bufferBytes, snapBytes } = config;
    if (!(snapBytes >= 1 && snapBytes <= SNAP_BYTES_MAX)) {
      throw new RangeError(`"snapBytes" expected 1 to ${SNAP_BYTES_MAX}, got ${snapBytes}`);
    }
    const bufferBytesMin = FILE_HEADER_BYTES + RECORD_HEADER_BYTES + snapBytes;
    if (!(bufferBytes >= bufferBytesMin)) {
      throw new RangeError(`"bufferBytes" expected at least ${bufferBytesMin}, got ${bufferBytes}`);
    }
    this.config = config;
    this.clock = clock;
    this.dma = dma;
    this.write = write;
    this.buffer = new Uint8Array(bufferBytes);
    this.view = new DataView(this.buffer.buffer);
    this.view.setUint32(0, MAGIC_MICROSECONDS, true);
    this.view.setUint16(4, VERSION_MAJOR, true);
    this.view.setUint16(6, VERSION_MINOR, true);
    this.view.setUint32(16, snapBytes, true);
    this.view.setUint32(20, LINKTYPE_ETHERNET, true);
  }

  /** Records a frame of the region at the clock's time. */
  frame(address: number, length: number): void {
    const kept = Math.min(length, this.config.snapBytes);
    const recordBytes = RECORD_HEADER_BYTES + kept;
    if (this.used + recordBytes > this.buffer.length) {
      if (this.write === null) {
        this.missed++;
        return;
      }
      this.flush();
    }
    const timeUs = Math.floor(this.clock.nowNs / 1000);
    const seconds = Math.floor(timeUs / 1_000_000);
    const at = this.used;
    this.view.setUint32(at, this.config.epochSeconds + seconds, true);
    this.view.setUint32(at + 4, timeUs - seconds * 1_000_000, true);
    this.view.setUint32(at + 8, kept, true);
    this.view.setUint32(at + 12, length, true);
    this.dma.copyOut(CAPTURE_COPIES, address, this.buffer, at + RECORD_HEADER_BYTES, kept);
    this.used = at + recordBytes;
    this.recorded++;
  }

  /** Hands on what has gathered. Without a `write` callback it does nothing. */
  flush(): void {
    if (this.write === null || this.used === 0) return;
    this.write(this.buffer.subarray(0, this.used));
    this.used = 0;
  }

  /** What is in the buffer: without a `write` callback the whole file. A copy. */
  toBytes(): Uint8Array {
    return this.buffer.slice(0, this.used);
  }
}
