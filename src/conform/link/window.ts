/**
 * The window: the memory that host and card share over the pipe, as areas of a region. What a back-end reads
 * or writes is checked against it here, once. For a back-end that keeps a copy, it finds what was written.
 */
import type { Region } from '../../dma/region.ts';
import { PipeFault } from '../pipe/fault.ts';
import { PIPE_FAULT_OUTSIDE_WINDOW, PIPE_ROLE_HOST } from '../pipe/pipe.gen.ts';

/** What a Begin message says, by its fields' names; of the same for all languages. */
export interface PipeSettings {
  readonly device: number;
  readonly classVersion: number;
  readonly inboundFrames: number;
  readonly outboundFrames: number;
  readonly regionBytes: number;
  readonly controlOffset: number;
  readonly controlBytes: number;
  readonly transmitOffset: number;
  readonly transmitBuffers: number;
  readonly transmitBufferBytes: number;
  readonly receiveOffset: number;
  readonly receiveBuckets: number;
  readonly receiveBucketBytes: number;
  readonly immediateSlots: number;
  readonly imageOffset: number;
  readonly imageBytes: number;
  readonly sockets: number;
  readonly ipv4Address: number;
  readonly prefixLength: number;
  readonly receiveWindowBytes: number;
  readonly transferBytes: number;
}

export interface Area {
  readonly name: string;
  readonly offset: number;
  readonly byteLength: number;
}

/** Changes are told in whole pieces of so many bytes. */
const PIECE_BYTES = 512;

/** The window's areas. @param role whose writes: a card's go to all but the transmit buffers. */
export function areasOf(settings: PipeSettings, role = PIPE_ROLE_HOST): readonly Area[] {
  const area = (name: string, offset: number, byteLength: number): Area => ({ name, offset, byteLength });
  const { transmitBuffers, transmitBufferBytes, receiveBuckets, receiveBucketBytes } = settings;
  const transmit = area('transmit', settings.transmitOffset, transmitBuffers * transmitBufferBytes);
  return [
    area('control', settings.controlOffset, settings.controlBytes),
    ...(role === PIPE_ROLE_HOST ? [transmit] : []),
    area('receive', settings.receiveOffset, receiveBuckets * receiveBucketBytes),
    ...(settings.imageBytes === 0 ? [] : [area('image', settings.imageOffset, settings.imageBytes)]),
  ];
}

export class Window {
  readonly region: Region;
  private readonly readable: readonly Area[];
  private readonly writable: readonly Area[];
  /** What the other side knows of each area; empty where nobody wants to be told. */
  private readonly known: readonly Buffer[];

  /** @param role the other side's. @param tells whether changes are to be found. */
  constructor(region: Region, settings: PipeSettings, role: number, tells: boolean) {
    this.region = region;
    this.readable = areasOf(settings);
    this.writable = areasOf(settings, role);
    this.known = tells ? this.readable.map(({ byteLength }) => Buffer.alloc(byteLength)) : [];
  }

  /** @throws PipeFault for what is not the window's. */
  read(address: number, length: number): Uint8Array {
    this.check(this.readable, 'read', address, length);
    return this.region.bytes.slice(address, address + length);
  }

  /** The other side has written. @throws PipeFault for what is not the window's. */
  write(address: number, bytes: Uint8Array): void {
    const area = this.check(this.writable, 'wrote', address, bytes.length);
    this.region.bytes.set(bytes, address);
    const known = this.known[this.readable.findIndex(({ offset }) => offset === area.offset)];
    known?.set(bytes, address - area.offset);
  }

  /** Tells every piece that has changed since it was last told or written by the other side. */
  changes(tell: (address: number, bytes: Uint8Array) => void): void {
    const { bytes } = this.region;
    this.known.forEach((known, i) => {
      const { offset, byteLength } = this.readable[i];
      const now = bytes.subarray(offset, offset + byteLength);
      if (known.equals(now)) return;
      for (let at = 0; at < byteLength; at += PIECE_BYTES) {
        const piece = now.subarray(at, Math.min(byteLength, at + PIECE_BYTES));
        if (known.subarray(at, at + piece.length).equals(piece)) continue;
        tell(offset + at, piece);
        known.set(piece, at);
      }
    });
  }

  private check(areas: readonly Area[], verb: string, address: number, length: number): Area {
    const start = address >>> 0;
    const bytes = length >>> 0;
    const area = areas.find(
      ({ offset, byteLength }) => start >= offset && start + bytes <= offset + byteLength,
    );
    if (area !== undefined) return area;
    const at = `0x${start.toString(16)}`;
    throw new PipeFault(PIPE_FAULT_OUTSIDE_WINDOW, `it ${verb} ${bytes} bytes at ${at}`);
  }
}
