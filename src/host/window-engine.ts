/**
 * The TCP window on the card: send queue and reassembly lie in the card's memory, and the host's stack names
 * them by addresses there. What a processor copies elsewhere, the card's engine moves over the bus:
 *
 *   send  the card fills its window from the program's memory, once; segments are cut from there, and sent
 *         again from there
 *   recv  the host says how much to place where, and the card places it in the program's memory
 *
 * The program's pages have to be pinned and mapped for that, each time. Where that costs more than a copy, a
 * _bounce_ is better: the processor copies to kernel memory that is always mapped, and the card moves it from
 * there. Which of the two a call takes, its length says.
 */
import { assert } from '../assert/assert.ts';
import { DmaEngine } from '../dma/engine.ts';
import type { PoolArea } from '../dma/pool-area.ts';
import type { Region } from '../dma/region.ts';
import type { BusCrossing } from '../hdm/bus-crossing.ts';
import {
  MAPPINGS,
  RECEIVE_COPIES,
  SEND_COPIES,
  WINDOW_COMMANDS,
  WINDOW_FILLS,
  WINDOW_PLACEMENTS,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';

const PAGE_BYTES = 4096;

export class WindowEngine extends DmaEngine {
  private readonly ledgerCounters: Float64Array;
  private readonly crossing: BusCrossing;
  private readonly bounceAt: number;
  private readonly bounceBytes: number;
  private readonly directBytesMin: number;
  /** Of the call that moves: whether to and from the program's memory; whether the card has its command. */
  private direct = true;
  private commanded = true;
  /** The first page that the call has not mapped yet. */
  private unmapped = 0;

  /**
   * @param bounce kernel memory that is always mapped. @param directBytesMin calls that move at least so many
   * bytes do it to and from the program's memory; others by way of the bounce.
   */
  constructor(
    region: Region,
    ledger: Ledger,
    crossing: BusCrossing,
    bounce: PoolArea,
    directBytesMin: number,
  ) {
    super(region, ledger);
    assert(directBytesMin >= 0, 'window engine: calls of some length, or longer ones, move directly');
    this.ledgerCounters = ledger.counters;
    this.crossing = crossing;
    this.bounceAt = bounce.offset;
    this.bounceBytes = bounce.count * bounce.bufferBytes;
    this.directBytesMin = directBytesMin;
  }

  /** A call begins that moves so many bytes: all of them are one command's. */
  override begins(length: number): void {
    this.direct = length >= this.directBytesMin;
    this.commanded = false;
    this.unmapped = 0;
  }

  override copyIn(
    reason: number,
    source: Uint8Array,
    sourceOffset: number,
    destination: number,
    length: number,
  ): void {
    if (reason !== SEND_COPIES) {
      super.copyIn(reason, source, sourceOffset, destination, length);
      return;
    }
    this.command();
    if (this.direct) {
      this.map(source.byteOffset + sourceOffset, length);
      super.copyIn(WINDOW_FILLS, source, sourceOffset, destination, length);
      this.crossing.payload(length);
      return;
    }
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, this.bounceBytes);
      super.copyIn(SEND_COPIES, source, sourceOffset + done, this.bounceAt, count);
      this.move(WINDOW_FILLS, this.bounceAt, destination + done, count);
      this.crossing.payload(count);
      done += count;
    }
  }

  override copyOut(
    reason: number,
    source: number,
    target: Uint8Array,
    targetOffset: number,
    length: number,
  ): void {
    if (reason !== RECEIVE_COPIES) {
      super.copyOut(reason, source, target, targetOffset, length);
      return;
    }
    this.command();
    if (this.direct) {
      this.map(target.byteOffset + targetOffset, length);
      super.copyOut(WINDOW_PLACEMENTS, source, target, targetOffset, length);
      this.crossing.payload(length);
      return;
    }
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, this.bounceBytes);
      this.move(WINDOW_PLACEMENTS, source + done, this.bounceAt, count);
      super.copyOut(RECEIVE_COPIES, this.bounceAt, target, targetOffset + done, count);
      this.crossing.payload(count);
      done += count;
    }
  }

  /** The card reads a call's command, and says when it is done. */
  private command(): void {
    if (this.commanded) return;
    this.commanded = true;
    this.ledgerCounters[WINDOW_COMMANDS] += 1;
    this.crossing.descriptors(1);
    this.crossing.completions(1);
  }

  /** Pins and maps those pages of a stretch of the program's memory that the call has not mapped yet. */
  private map(address: number, length: number): void {
    const first = Math.max(this.unmapped, Math.floor(address / PAGE_BYTES));
    const end = Math.ceil((address + length) / PAGE_BYTES);
    if (end <= first) return;
    this.ledgerCounters[MAPPINGS] += end - first;
    this.unmapped = end;
  }
}
