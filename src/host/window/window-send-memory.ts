/**
 * The transmit part of a card's window as the memory that the host's sends are put into: blocks are handed
 * out as those of kernel memory are (send-memory.ts), by their card addresses, and the card is told when it
 * may forget what is in one. The block that has been empty longest is used next, so that blocks are given
 * back several at a time.
 */
import type { PoolArea } from '../../dma/pool-area.ts';
import { SendMemory } from '../send-memory.ts';
import type { Sock } from '../sock.ts';
import type { FrameMirror } from './frame-mirror.ts';
import type { Releases } from './releases.ts';

/** Whoever has the card fill its window. */
export interface WindowFiller {
  /** Whether a stretch could be filled now. */
  readonly hasRoom: boolean;
}

export class WindowSendMemory extends SendMemory {
  private readonly releases: Releases;
  private readonly mirror: FrameMirror;
  /** Blocks that hold nothing, in the order in which they became so. */
  private readonly ring: Int32Array;
  private first = 0;
  private count: number;
  private filler: WindowFiller | null = null;
  /** Gives the card back what it may forget. */
  private flush: () => void = () => {};

  constructor(area: PoolArea, mirror: FrameMirror, releases: Releases) {
    super(area);
    this.mirror = mirror;
    this.releases = releases;
    this.ring = Int32Array.from({ length: area.count }, (_, i) => i);
    this.count = area.count;
  }

  /** @param flush gives what waits in `releases` back to the card. */
  attach(filler: WindowFiller, flush: () => void): void {
    this.filler = filler;
    this.flush = flush;
  }

  /** Blocks of the window that hold nothing. */
  get empty(): number {
    return this.count;
  }

  /** Whether a block of the window begins at an address. */
  beginsBlock(address: number): boolean {
    const { offset, bufferBytes } = this.area;
    return (address - offset) % bufferBytes === 0;
  }

  override get available(): number {
    return this.filler?.hasRoom === true ? this.count : 0;
  }

  override serves(sock: Sock): boolean {
    return this.filler?.hasRoom === true && super.serves(sock);
  }

  override take(sock: Sock, socket: number, lengthMax: number): number {
    return this.filler?.hasRoom === true ? super.take(sock, socket, lengthMax) : -1;
  }

  /** The same for packets that have arrived, which the host may send bytes of, too. */
  override hold(address: number): number {
    const slot = this.mirror.lend(address);
    return slot < 0 ? super.hold(address) : this.area.count + slot;
  }

  override release(block: number): void {
    if (block < this.area.count) super.release(block);
    else this.mirror.giveBack(block - this.area.count);
  }

  protected override takeBlock(): number {
    // The card refuses to fill what it does not know to be empty, which are the blocks that became so last.
    if (this.releases.waiting >= this.count) this.flush();
    const block = this.ring[this.first];
    this.first = (this.first + 1) % this.ring.length;
    this.count -= 1;
    return block;
  }

  protected override giveBlock(block: number, used: number): void {
    this.ring[(this.first + this.count) % this.ring.length] = block;
    this.count += 1;
    if (used > 0) this.releases.add(this.area.offset + block * this.area.bufferBytes, used);
  }
}
