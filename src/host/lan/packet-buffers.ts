/**
 * Buffers of packets to be sent: headers, and what of the payload cannot stay where it is until the card has
 * fetched it. A buffer is the card's from LanPacketSend until its number comes back as a context; blocks of
 * kernel memory that its packet names are held as long.
 */
import { assert } from '../../assert/assert.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import { FRAME_OFFSET } from '../../hdm/nic-rings.ts';
import type { SendMemory } from '../send-memory.ts';

/** Pieces that a packet of a port in LAN messages has beside its headers, at most. */
export const PIECES_MAX = 8;
const NOBODY = -1;

export class PacketBuffers {
  /** Bytes of a packet that fit. */
  readonly packetBytes: number;
  private readonly area: PoolArea;
  private readonly memory: SendMemory;
  private readonly freeBuffers: Int32Array;
  private freeCount: number;
  /** By buffer: the port that the packet was sent through while the card has it, and the blocks it holds. */
  private readonly port: Int32Array;
  private readonly holds: Int32Array;
  private readonly held: Int32Array;
  private readonly piecesMax: number;

  /** @param piecesMax pieces that one packet has beside its headers, at most. */
  constructor(area: PoolArea, memory: SendMemory, piecesMax = PIECES_MAX) {
    this.area = area;
    this.memory = memory;
    this.packetBytes = area.bufferBytes - FRAME_OFFSET;
    this.freeBuffers = Int32Array.from({ length: area.count }, (_, i) => area.count - 1 - i);
    this.freeCount = area.count;
    this.port = new Int32Array(area.count).fill(NOBODY);
    this.holds = new Int32Array(area.count);
    this.held = new Int32Array(area.count * piecesMax);
    this.piecesMax = piecesMax;
  }

  /** Buffers that neither a packet under way nor the card has. */
  get available(): number {
    return this.freeCount;
  }

  /** @returns a buffer; -1 where none is free. // Hot path. */
  take(): number {
    return this.freeCount === 0 ? -1 : this.freeBuffers[--this.freeCount];
  }

  /** Where a packet begins in a buffer: so that what is behind an Ethernet header lies on a word. */
  addressOf(buffer: number): number {
    return this.area.offset + buffer * this.area.bufferBytes + FRAME_OFFSET;
  }

  /** Holds the memory of a piece. @returns false where it is none that can be held, and must be copied. */
  hold(buffer: number, address: number): boolean {
    const block = this.memory.hold(address);
    if (block < 0) return false;
    assert(this.holds[buffer] < this.piecesMax, 'packet buffers: a packet has no more pieces than it may');
    this.held[buffer * this.piecesMax + this.holds[buffer]] = block;
    this.holds[buffer] += 1;
    return true;
  }

  /** The packet is the card's. */
  lend(buffer: number, port: number): void {
    assert(this.port[buffer] === NOBODY, 'packet buffers: a buffer is sent once');
    this.port[buffer] = port;
  }

  /** A context has come back. @returns false where that port has no such buffer. // Hot path. */
  giveBack(context: number, port: number): boolean {
    if (context < 0 || context >= this.area.count || this.port[context] !== port) return false;
    this.port[context] = NOBODY;
    this.free(context);
    return true;
  }

  /** Every buffer that the card has is the host's again: the card was reset. @returns how many. */
  takeBack(): number {
    let count = 0;
    for (let buffer = 0; buffer < this.area.count; buffer++) {
      if (this.port[buffer] !== NOBODY && this.giveBack(buffer, this.port[buffer])) count += 1;
    }
    return count;
  }

  /** A buffer whose packet is not sent, or has been, is free again. */
  free(buffer: number): void {
    const first = buffer * this.piecesMax;
    for (let i = 0; i < this.holds[buffer]; i++) this.memory.release(this.held[first + i]);
    this.holds[buffer] = 0;
    this.freeBuffers[this.freeCount++] = buffer;
  }
}
