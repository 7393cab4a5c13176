/**
 * A fake NIC on a wire, a client that keeps what it is handed, and packets built and checked without any of
 * our kernels.
 */

import { DmaEngine } from '../../src/dma/engine.ts';
import { type PacketChains, PacketPool, planPackets } from '../../src/dma/packets.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { FakeNic } from '../../src/hdm/nic.ts';
import { NIC_DEFAULTS, type NicConfig } from '../../src/hdm/nic-config.ts';
import { packetSlotBytes, planNic } from '../../src/hdm/nic-rings.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { type LinkClient, RX_MERGED } from '../../src/tcpip/contract.ts';
import { Clock } from '../../src/time/clock.ts';
import { Random } from '../../src/time/random.ts';
import { PERFECT_PIPE, type PipeConfig } from '../../src/wire/config.ts';
import type { WireSource } from '../../src/wire/contract.ts';
import { Pipe } from '../../src/wire/pipe.ts';
import { planPipe, wireSlotBytes } from '../../src/wire/slots.ts';

export interface Received {
  readonly packet: number;
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly flags: number;
  readonly nowUs: number;
  /** Bytes of payload in each slot of a packet that was put together. */
  readonly parts: readonly number[];
}

export class Recorder implements LinkClient {
  readonly frames: Received[] = [];
  /** Whether slots are kept, as a stack does that holds their payload. */
  keep = false;
  private readonly region: Region;
  private readonly chains: PacketChains | undefined;

  constructor(region: Region, packets?: PacketPool) {
    this.region = region;
    this.chains = packets?.chains;
  }

  input(packet: number, address: number, length: number, flags: number, nowUs: number): boolean {
    const { bytes } = this.region;
    const { chains } = this;
    if ((flags & RX_MERGED) === 0 || chains === undefined) {
      this.frames.push({
        packet,
        address,
        bytes: bytes.slice(address, address + length),
        flags,
        nowUs,
        parts: [],
      });
      return this.keep;
    }
    const pieces = [bytes.slice(address, chains.address[packet])];
    for (let slot = packet; slot >= 0; slot = chains.next[slot]) {
      const at = chains.address[slot];
      pieces.push(bytes.slice(at, at + chains.length[slot]));
    }
    const parts = pieces.slice(1).map((piece) => piece.length);
    this.frames.push({ packet, address, bytes: joined(pieces), flags, nowUs, parts });
    return this.keep;
  }
}

export interface NicBed {
  readonly region: Region;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly packets: PacketPool;
  readonly pipe: Pipe;
  readonly nic: FakeNic;
  readonly recorder: Recorder;
  /** 256 KiB for payload. */
  readonly payload: number;
}

export interface BedOptions {
  readonly nic?: Partial<NicConfig>;
  readonly pipe?: Partial<PipeConfig>;
  readonly packetCount?: number;
  readonly seed?: number;
  /** Stands between the NIC and the wire it sends on. */
  readonly intercept?: (source: WireSource) => WireSource;
}

/** A NIC whose frames come back to it. */
export function createNicBed(options: BedOptions = {}): NicBed {
  const config: NicConfig = { ...NIC_DEFAULTS, ...options.nic };
  const slotBytes = wireSlotBytes(config.mtu);
  const pipeConfig: PipeConfig = { ...PERFECT_PIPE, slotBytes, ...options.pipe };
  const packetCount = options.packetCount ?? 64;
  const plan = new MemoryPlan();
  const ledgerOffset = plan.reserve('ledger', LEDGER_BYTES, 'counters');
  const payload = plan.reserve('payload', 1 << 18, 'what is sent');
  const packetOffset = planPackets(plan, 'packets', packetCount, packetSlotBytes(config.mtu));
  const pipeOffset = planPipe(plan, 'wire', pipeConfig.queueFrames, slotBytes);
  const nicOffset = planNic(plan, 'nic', config);
  const region = allocateRegion(plan.byteLength);
  const ledger = new Ledger(region, ledgerOffset);
  const dma = new DmaEngine(region, ledger);
  const clock = new Clock();
  const random = new Random(options.seed ?? 1);
  const pipe = new Pipe(region, pipeOffset, pipeConfig, clock, random, ledger, dma);
  const packets = new PacketPool(packetOffset, packetCount, packetSlotBytes(config.mtu));
  const source = options.intercept?.(pipe) ?? pipe;
  const end = { source, sink: pipe };
  const nic = new FakeNic({ region, clock, ledger, dma, packets, wire: end }, nicOffset, config);
  const recorder = new Recorder(region, packets);
  nic.attach(recorder);
  return { region, clock, ledger, packets, pipe, nic, recorder, payload };
}

/** Polls until nothing comes any more. @returns frames moved. */
export function drain(nic: FakeNic): number {
  let total = 0;
  for (let moved = nic.poll(); moved > 0; moved = nic.poll()) total += moved;
  return total;
}

/** The Internet checksum's partial sum, the plain way: RFC 1071's definition, one word at a time. */
export function plainSum(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += bytes[i] * 256 + (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

/** What a pseudo-header adds up to. */
export function pseudoSum(packet: Uint8Array, transportBytes: number): number {
  return plainSum(packet.subarray(12, 20), packet[9] + transportBytes);
}

export interface HeaderOptions {
  readonly protocol?: number;
  readonly payloadBytes: number;
  readonly ipOptionBytes?: number;
  readonly tcpOptionBytes?: number;
  readonly tcpFlags?: number;
  readonly sequence?: number;
  readonly identification?: number;
  /** Leave the transport checksum's field with the pseudo-header's partial sum, as TX_CHECKSUM wants it. */
  readonly partial?: boolean;
}

const MAC = [0x02, 0x69, 0x6e, 0x69, 0x63, 0x00];

/** Ethernet, IPv4 and TCP (6) or UDP (17) headers. */
export function headersOf(options: HeaderOptions): Uint8Array {
  const { protocol = 6, payloadBytes, ipOptionBytes = 0, tcpOptionBytes = 0 } = options;
  const ipBytes = 20 + ipOptionBytes;
  const transportBytes = protocol === 6 ? 20 + tcpOptionBytes : 8;
  const header = new Uint8Array(14 + ipBytes + transportBytes);
  const view = new DataView(header.buffer);
  header.set([...MAC, ...MAC, 8, 0]);
  const ip = 14;
  view.setUint8(ip, 0x40 | (ipBytes >> 2));
  view.setUint16(ip + 2, ipBytes + transportBytes + payloadBytes);
  view.setUint16(ip + 4, options.identification ?? 0x1234);
  view.setUint16(ip + 6, 0x4000);
  view.setUint8(ip + 8, 64);
  view.setUint8(ip + 9, protocol);
  view.setUint32(ip + 12, 0x0a00_0001);
  view.setUint32(ip + 16, 0xc0a8_fefd);
  for (let i = 20; i < ipBytes; i++) header[ip + i] = 1;
  view.setUint16(ip + 10, plainSum(header.subarray(ip, ip + ipBytes)) ^ 0xffff);
  const transport = ip + ipBytes;
  view.setUint16(transport, 40000);
  view.setUint16(transport + 2, 80);
  const partial =
    options.partial === false ? 0 : pseudoSum(header.subarray(ip), transportBytes + payloadBytes);
  if (protocol === 6) {
    view.setUint32(transport + 4, options.sequence ?? 0x1000);
    view.setUint32(transport + 8, 0x7777_8888);
    view.setUint8(transport + 12, (transportBytes >> 2) << 4);
    view.setUint8(transport + 13, options.tcpFlags ?? 0x18);
    view.setUint16(transport + 14, 0xffff);
    for (let i = 20; i < transportBytes; i++) header[transport + i] = 1;
    view.setUint16(transport + 16, partial);
  } else {
    view.setUint16(transport + 4, transportBytes + payloadBytes);
    view.setUint16(transport + 6, partial);
  }
  return header;
}

/** Where the transport header of a frame starts. */
export function transportOffset(frame: Uint8Array): number {
  return 14 + (frame[14] & 15) * 4;
}

/** Whether the IPv4 header's and the transport checksum of a frame are right. */
export function checksumsAreGood(frame: Uint8Array): boolean {
  const packet = frame.subarray(14);
  const transport = frame.subarray(transportOffset(frame));
  const headerSum = plainSum(packet.subarray(0, (packet[0] & 15) * 4));
  return headerSum === 0xffff && plainSum(transport, pseudoSum(packet, transport.length)) === 0xffff;
}

/**
 * Sends headers and pieces of payload, the pieces laid out apart from each other in the bed's payload memory.
 */
export function sendPacket(
  bed: NicBed,
  headers: Uint8Array,
  pieces: readonly Uint8Array[],
  flags: number,
  segmentBytes = 0,
): boolean {
  const { nic, region } = bed;
  const address = nic.claim();
  if (address < 0) return false;
  region.bytes.set(headers, address);
  let at = bed.payload;
  for (const piece of pieces) {
    region.bytes.set(piece, at);
    nic.addPiece(at, piece.length);
    at += piece.length + 3;
  }
  nic.send(headers.length, flags, segmentBytes);
  // The pieces were fetched during the call: what becomes of them now must not matter.
  region.bytes.fill(0xee, bed.payload, at);
  return true;
}

/** Pieces one after the other. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

/** Bytes that differ from place to place. */
export function patternOf(length: number, start = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => ((i + start) * 73 + ((i + start) >> 8)) & 0xff);
}
