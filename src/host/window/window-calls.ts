/**
 * What a processor copies elsewhere, the card moves here: the bytes of sends into its window, and those that
 * have arrived out of it. The program's pages have to be mapped for that, each time. Where that costs more
 * than a copy, a _bounce_ is better: the processor copies to and from memory that is always mapped. Which of
 * the two a call takes, its length says.
 */
import { assert } from '../../assert/assert.ts';
import { DmaEngine } from '../../dma/engine.ts';
import type { Region } from '../../dma/region.ts';
import {
  MAPPINGS,
  RECEIVE_COPIES,
  RECEIVE_PLACEMENTS,
  SEND_COPIES,
  WINDOW_SHOWN,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';

const PAGE_BYTES = 4096;

/** Who has the card fill its window from the memory at `address`. */
export interface FillAsker {
  readonly address: number;
  ask(tid: number, destination: number, byteLength: number): void;
}

/** Who names to the card what the stack gives to be placed. */
export interface StretchTaker {
  stretch(source: number, length: number): void;
}

/** The pages of one call's memory: each is mapped once. */
export class CallPages {
  private readonly counters: Float64Array;
  /** The first page that the call has not mapped yet. */
  private unmapped = 0;

  constructor(ledger: Ledger) {
    this.counters = ledger.counters;
  }

  /** A call begins. */
  begin(): void {
    this.unmapped = 0;
  }

  /** Pins and maps those pages of a stretch of the program's memory that the call has not mapped yet. */
  map(address: number, length: number): void {
    const first = Math.max(this.unmapped, Math.floor(address / PAGE_BYTES));
    const end = Math.ceil((address + length) / PAGE_BYTES);
    if (end <= first) return;
    this.counters[MAPPINGS] += end - first;
    this.unmapped = end;
  }
}

export class WindowCalls extends DmaEngine {
  /** TID of the port that is asked. */
  tid = 0;
  private readonly pages: CallPages;
  private readonly directBytesMin: number;
  private fills: FillAsker | null = null;
  private placements: StretchTaker | null = null;
  /** Whether the call that moves does so to and from the program's memory. */
  private direct = true;

  /** @param directBytesMin calls that move fewer bytes do it by a copy. */
  constructor(region: Region, ledger: Ledger, directBytesMin: number) {
    super(region, ledger);
    assert(directBytesMin >= 0, 'window calls: calls of some length, or longer ones, move directly');
    this.pages = new CallPages(ledger);
    this.directBytesMin = directBytesMin;
  }

  attach(fills: FillAsker, placements: StretchTaker): void {
    this.fills = fills;
    this.placements = placements;
  }

  override begins(length: number): void {
    this.direct = length >= this.directBytesMin;
    this.pages.begin();
  }

  override copyIn(
    reason: number,
    source: Uint8Array,
    sourceOffset: number,
    destination: number,
    length: number,
  ): void {
    const { fills } = this;
    if (reason !== SEND_COPIES || fills === null) {
      super.copyIn(reason, source, sourceOffset, destination, length);
      return;
    }
    if (this.direct) this.pages.map(source.byteOffset + sourceOffset, length);
    super.copyIn(this.direct ? WINDOW_SHOWN : SEND_COPIES, source, sourceOffset, fills.address, length);
    fills.ask(this.tid, destination, length);
  }

  /** What is taken from the stack's slots is named, not moved. */
  override move(reason: number, source: number, destination: number, length: number): void {
    if (reason === RECEIVE_PLACEMENTS && this.placements !== null) this.placements.stretch(source, length);
    else super.move(reason, source, destination, length);
  }

  /**
   * To the program's memory, out of a socket's ring.
   * @param copied whether a processor has put the bytes there, which would have put them here at once.
   */
  placed(source: number, target: Uint8Array, targetOffset: number, length: number, copied: boolean): void {
    const { direct } = this;
    if (direct && !copied) this.pages.map(target.byteOffset + targetOffset, length);
    super.copyOut(direct || copied ? WINDOW_SHOWN : RECEIVE_COPIES, source, target, targetOffset, length);
  }
}
