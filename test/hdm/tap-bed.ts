/** A NIC over a TAP whose other side is the test: frames handed in and out with their virtio-net headers. */
import { DmaEngine } from '../../src/dma/engine.ts';
import { PacketPool, planPackets } from '../../src/dma/packets.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { FakeNic } from '../../src/hdm/nic.ts';
import { NIC_DEFAULTS, type NicConfig } from '../../src/hdm/nic-config.ts';
import { packetSlotBytes, planNic } from '../../src/hdm/nic-rings.ts';
import type { TapFile } from '../../src/hdm/tap-file.ts';
import { VIRTIO_HEADER_BYTES } from '../../src/hdm/virtio-header.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { Clock } from '../../src/time/clock.ts';
import { joined, Recorder } from './bed.ts';

/** The fields of a virtio-net header. */
export interface VirtioHeader {
  readonly flags?: number;
  readonly gsoType?: number;
  readonly headerLength?: number;
  readonly gsoSize?: number;
  readonly checksumStart?: number;
  readonly checksumOffset?: number;
}

export interface TapFrame {
  readonly header: VirtioHeader;
  readonly bytes: Uint8Array;
}

/** The kernel's side, played by the test. */
export class PlayedTap implements TapFile {
  readonly arrived = new DataView(new ArrayBuffer(VIRTIO_HEADER_BYTES));
  readonly leaving = new DataView(new ArrayBuffer(VIRTIO_HEADER_BYTES));
  errno = 0;
  /** Frames that wait to be read, and those written. */
  readonly waiting: TapFrame[] = [];
  readonly written: TapFrame[] = [];
  readonly offloads: [boolean, boolean][] = [];
  reads = 0;
  /** Whether reads fail, and whether writes do. */
  readsFail = false;
  writesFail = false;
  private pieces: Uint8Array[] = [];
  private readonly region: Region;

  constructor(region: Region) {
    this.region = region;
  }

  read(address: number, length: number): number {
    this.reads += 1;
    if (this.readsFail) return -1;
    const frame = this.waiting.shift();
    if (frame === undefined) return 0;
    const { header, arrived } = { header: frame.header, arrived: this.arrived };
    arrived.setUint8(0, header.flags ?? 0);
    arrived.setUint8(1, header.gsoType ?? 0);
    arrived.setUint16(2, header.headerLength ?? 0, true);
    arrived.setUint16(4, header.gsoSize ?? 0, true);
    arrived.setUint16(6, header.checksumStart ?? 0, true);
    arrived.setUint16(8, header.checksumOffset ?? 0, true);
    const bytes = frame.bytes.subarray(0, length);
    this.region.bytes.set(bytes, address);
    return bytes.length;
  }

  begin(): void {
    this.pieces = [];
  }

  add(address: number, length: number): void {
    this.pieces.push(this.region.bytes.slice(address, address + length));
  }

  write(): boolean {
    if (this.writesFail) return false;
    const { leaving } = this;
    const header = {
      flags: leaving.getUint8(0),
      gsoType: leaving.getUint8(1),
      headerLength: leaving.getUint16(2, true),
      gsoSize: leaving.getUint16(4, true),
      checksumStart: leaving.getUint16(6, true),
      checksumOffset: leaving.getUint16(8, true),
    };
    this.written.push({ header, bytes: joined(this.pieces) });
    return true;
  }

  offload(checksums: boolean, segments: boolean): boolean {
    this.offloads.push([checksums, segments]);
    return true;
  }
}

export function createTapBed(nicConfig: Partial<NicConfig> = {}, packetBytes = 65535, packetCount = 16) {
  const config: NicConfig = { ...NIC_DEFAULTS, rxRing: 4, largeReceiveOffload: true, ...nicConfig };
  const plan = new MemoryPlan();
  const ledgerOffset = plan.reserve('ledger', LEDGER_BYTES, 'counters');
  const payload = plan.reserve('payload', 1 << 18, 'what is sent');
  const slotBytes = packetSlotBytes(packetBytes);
  const packetOffset = planPackets(plan, 'packets', packetCount, slotBytes);
  const nicOffset = planNic(plan, 'nic', config);
  const region = allocateRegion(plan.byteLength);
  const ledger = new Ledger(region, ledgerOffset);
  const dma = new DmaEngine(region, ledger);
  const clock = new Clock();
  const packets = new PacketPool(packetOffset, packetCount, slotBytes);
  const tap = new PlayedTap(region);
  const nic = new FakeNic({ region, clock, ledger, dma, packets, wire: { tap } }, nicOffset, config);
  const recorder = new Recorder(region, packets);
  nic.attach(recorder);
  return { region, clock, ledger, packets, nic, recorder, payload, tap, dma, offset: nicOffset, config };
}

export type TapBed = ReturnType<typeof createTapBed>;

/** Turns enough for the device to look at its TAP again. */
export function turns(bed: TapBed, count = 64): number {
  let frames = 0;
  for (let turn = 0; turn < count; turn++) frames += bed.nic.poll();
  return frames;
}

/** As `sendPacket` of a NIC on a wire. */
export function sendByTap(
  bed: TapBed,
  headers: Uint8Array,
  payload: Uint8Array,
  flags: number,
  size = 0,
): void {
  const address = bed.nic.claim();
  bed.region.bytes.set(headers, address);
  bed.region.bytes.set(payload, bed.payload);
  const half = payload.length >> 1;
  bed.nic.addPiece(bed.payload, half);
  bed.nic.addPiece(bed.payload + half, payload.length - half);
  bed.nic.send(headers.length, flags, size);
}
