/**
 * Memory that a card has while a context is out: of packets, of a window's fills and placements. From the
 * moment the request is posted until the context comes back the host leaves it alone, rules O-01 and O-02.
 * Packets whose context need not come back are not noted: the host learns by nothing but time when their
 * memory is its own.
 */
import { assert } from '../assert/assert.ts';
import type { PoolArea } from '../dma/pool-area.ts';
import { type Findings, hex } from './findings.ts';

const NONE = -1;
/** Pieces of one packet, on average, that there is room for. */
const PIECES_PER_PACKET = 4;
const SPARE = 1024;

/** By buffer of an area, how many pieces of packets lie in it. */
class LentBuffers {
  private readonly area: PoolArea;
  private readonly pieces: Uint16Array;

  constructor(area: PoolArea) {
    this.area = area;
    this.pieces = new Uint16Array(area.count);
  }

  count(address: number, length: number, change: number): void {
    const { offset, bufferBytes, count } = this.area;
    const first = Math.max(0, Math.floor((address - offset) / bufferBytes));
    const last = Math.min(count - 1, Math.floor((address + length - 1 - offset) / bufferBytes));
    for (let buffer = first; buffer <= last; buffer++) this.pieces[buffer] = this.pieces[buffer] + change;
  }

  any(address: number, length: number): boolean {
    const { offset, bufferBytes, count } = this.area;
    const first = Math.max(0, Math.floor((address - offset) / bufferBytes));
    const last = Math.min(count - 1, Math.floor((address + length - 1 - offset) / bufferBytes));
    for (let buffer = first; buffer <= last; buffer++) if (this.pieces[buffer] > 0) return true;
    return false;
  }

  clear(): void {
    this.pieces.fill(0);
  }
}

export class LanLoans {
  private readonly findings: Findings;
  private readonly rule: string;
  private readonly areas: readonly LentBuffers[];
  private readonly next: Int32Array;
  /** Number of the packet that a piece is of; 0 for one that is free. */
  private readonly packet: Int32Array;
  private readonly address: Int32Array;
  private readonly length: Int32Array;
  private free = 0;
  /** First piece of each packet, by its number's remainder. */
  private readonly heads: Int32Array;

  /** @param packets that may be out at once. @param rule that a write of the host's breaks. */
  constructor(areas: readonly PoolArea[], packets: number, findings: Findings, rule = 'O-01') {
    const count = packets * PIECES_PER_PACKET + SPARE;
    this.findings = findings;
    this.rule = rule;
    this.areas = areas.map((area) => new LentBuffers(area));
    this.next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : NONE));
    this.packet = new Int32Array(count);
    this.address = new Int32Array(count);
    this.length = new Int32Array(count);
    let chains = 1;
    while (chains < packets) chains *= 2;
    this.heads = new Int32Array(chains).fill(NONE);
  }

  /** A piece of a packet is the card's. @param packet its number, not 0. // Hot path. */
  lend(packet: number, address: number, length: number): void {
    const piece = this.free;
    if (piece === NONE) return;
    this.free = this.next[piece];
    const chain = packet & (this.heads.length - 1);
    this.next[piece] = this.heads[chain];
    this.heads[chain] = piece;
    this.packet[piece] = packet;
    this.address[piece] = address;
    this.length[piece] = length;
    for (const area of this.areas) area.count(address, length, 1);
  }

  /** A packet's memory is the host's again. // Hot path. */
  end(packet: number): void {
    const chain = packet & (this.heads.length - 1);
    let before = NONE;
    for (let piece = this.heads[chain]; piece !== NONE; ) {
      const next = this.next[piece];
      if (this.packet[piece] === packet) {
        if (before === NONE) this.heads[chain] = next;
        else this.next[before] = next;
        this.drop(piece);
      } else before = piece;
      piece = next;
    }
  }

  /** The host wrote to memory that packets lie in. */
  hostWrote(address: number, length: number): void {
    const piece = this.lentAt(address, length);
    if (piece === NONE) return;
    this.findings.report(this.rule, piece, `${length} bytes at ${hex(address)}, of a packet that is out`);
  }

  /** @returns a piece that is out and has a byte of this memory; -1: none has. */
  lentAt(address: number, length: number): number {
    if (!this.areas.some((area) => area.any(address, length))) return NONE;
    for (let piece = 0; piece < this.packet.length; piece++) {
      if (this.packet[piece] === 0) continue;
      const ends = this.address[piece] + this.length[piece];
      if (address < ends && this.address[piece] < address + length) return piece;
    }
    return NONE;
  }

  /** The card was reset: the host has everything again. */
  reset(): void {
    this.heads.fill(NONE);
    for (let piece = 0; piece < this.packet.length; piece++) if (this.packet[piece] !== 0) this.drop(piece);
    for (const area of this.areas) area.clear();
  }

  private drop(piece: number): void {
    assert(this.packet[piece] !== 0, 'lan loans: a piece comes back that is out');
    this.packet[piece] = 0;
    this.next[piece] = this.free;
    this.free = piece;
    for (const area of this.areas) area.count(this.address[piece], this.length[piece], -1);
  }
}
