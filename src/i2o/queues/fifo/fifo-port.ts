/**
 * What the host sees of the messaging unit of I2O 1.5: two ports and two interrupt registers (in Linux the
 * fields in_port, out_port, irq_status and irq_mask of struct i2o_controller, include/linux/i2o.h). The host
 * reaches the FIFOs only through this class. Each method is one bus access, which it counts, and does what
 * the hardware does behind that access.
 *
 *   read 0x40    takes a free inbound frame        write 0x40   posts it, and interrupts the card
 *   read 0x44    takes a reply                     write 0x44   lends the card an outbound frame
 *   read 0x30    outbound interrupt status         write 0x34   outbound interrupt mask
 *
 * A read that finds nothing gives 0xFFFFFFFF (NO_FRAME as an int32). A read is destructive: it takes the
 * address it returns.
 */
import type { Region } from '../../../dma/region.ts';
import {
  OUTBOUND_FREE_OVERFLOWS,
  PORT_EMPTY_READS,
  PORT_READS,
  PORT_RETRIES,
  PORT_WRITES,
  REGISTER_READS,
  REGISTER_WRITES,
} from '../../../ledger/counters.gen.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import { NO_FRAME } from '../../transport.ts';
import { FifoHead, FifoTail } from './fifo.ts';
import * as at from './fifo-layout.ts';

/** Bit 3 of status and mask: the outbound post list is not empty. The other bits are not used here. */
export const OUTBOUND_POST_INTERRUPT = 0x08;

/** Outcomes of writing a port. There was no room: the bus access must be made again. */
export const WRITE_RETRIED = 0;
/** Written, and nobody is told. */
export const WRITE_QUIET = 1;
/** Written, and the card has an interrupt. */
export const WRITE_INTERRUPTED = 2;

export class HostPort {
  /**
   * A fault for tests: this many reads of 0x44 find nothing although there is a reply, as early i960
   * processors did.
   */
  spuriousEmpties = 0;
  /**
   * Whether what is written to a port is visible to the card at once. Else it is once `showInbound` or
   * `showOutbound` says so: the write is still on its way.
   */
  showsAtOnce = true;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly inboundFree: FifoTail;
  inboundPost: FifoHead;
  private readonly outboundPost: FifoTail;
  outboundFree: FifoHead;
  /** Makes the two ends that push anew, which read their indices from memory. */
  private readonly build: () => [inboundPost: FifoHead, outboundFree: FifoHead];
  private readonly outboundMaskWord: number;
  private readonly inboundMaskWord: number;
  private readonly hostWaitsWord: number;
  private readonly cardWaitsWord: number;
  private readonly overrunsWord: number;

  constructor(region: Region, layout: at.FifoLayout, ledger: Ledger) {
    const { unit } = layout;
    const size = at.fifoSize(layout);
    const queue = (number: number): number => at.queueWord(layout, number);
    this.words = region.words;
    this.counters = ledger.counters;
    this.inboundFree = new FifoTail(
      region,
      queue(at.INBOUND_FREE),
      size,
      unit + at.INBOUND_FREE_HEAD,
      unit + at.INBOUND_FREE_TAIL,
      unit + at.INBOUND_FREE_FLOOR,
    );
    this.outboundPost = new FifoTail(
      region,
      queue(at.OUTBOUND_POST),
      size,
      unit + at.OUTBOUND_POST_HEAD,
      unit + at.OUTBOUND_POST_TAIL,
      unit + at.OUTBOUND_POST_FLOOR,
    );
    const head = (list: number, headAt: number, tailAt: number): FifoHead =>
      new FifoHead(region, queue(list), size, unit + headAt, unit + tailAt);
    this.build = () => [
      head(at.INBOUND_POST, at.INBOUND_POST_HEAD, at.INBOUND_POST_TAIL),
      head(at.OUTBOUND_FREE, at.OUTBOUND_FREE_HEAD, at.OUTBOUND_FREE_TAIL),
    ];
    [this.inboundPost, this.outboundFree] = this.build();
    this.outboundMaskWord = (unit + at.OUTBOUND_MASK) >> 2;
    this.inboundMaskWord = (unit + at.INBOUND_MASK) >> 2;
    this.hostWaitsWord = (unit + at.HOST_WAITS) >> 2;
    this.cardWaitsWord = (unit + at.CARD_WAITS) >> 2;
    this.overrunsWord = (unit + at.OVERRUNS) >> 2;
  }

  /** Free inbound frames, as an instrument on the card would count them: no access of the bus. */
  get freeInbound(): number {
    return this.inboundFree.waiting;
  }

  /** READ 0x40. @returns the MFA of an inbound frame, or NO_FRAME. // Hot path. */
  readInbound(): number {
    const fifo = this.inboundFree;
    this.counters[PORT_READS] += 1;
    if (fifo.empty) {
      this.counters[PORT_EMPTY_READS] += 1;
      return NO_FRAME;
    }
    const mfa = fifo.take();
    return fifo.claim() ? mfa : NO_FRAME;
  }

  /** WRITE 0x40. Interrupts the card unless it masks that. @returns a WRITE_ number. // Hot path. */
  writeInbound(mfa: number): number {
    const fifo = this.inboundPost;
    this.counters[PORT_WRITES] += 1;
    if (!fifo.push(mfa)) {
      this.counters[PORT_RETRIES] += 1;
      return WRITE_RETRIED;
    }
    return this.showsAtOnce ? this.showInbound(fifo.next) : WRITE_QUIET;
  }

  /** The writes of 0x40 up to a mark arrive. @returns a WRITE_ number; 0 when they had arrived before. */
  showInbound(mark: number): number {
    if (mark === this.inboundPost.shown) return 0;
    this.inboundPost.showTo(mark);
    return this.interrupted(this.inboundMaskWord, 0, 1);
  }

  /** READ 0x44. @returns the MFA of a reply, or NO_FRAME. // Hot path. */
  readOutbound(): number {
    const fifo = this.outboundPost;
    this.counters[PORT_READS] += 1;
    if (fifo.empty || this.spuriousEmpties > 0) {
      if (this.spuriousEmpties > 0) this.spuriousEmpties -= 1;
      this.counters[PORT_EMPTY_READS] += 1;
      return NO_FRAME;
    }
    const mfa = fifo.take();
    return fifo.claim() ? mfa : NO_FRAME;
  }

  /**
   * WRITE 0x44. Without room the frame is lost and the card has an error interrupt.
   * @returns a WRITE_ number. // Hot path.
   */
  writeOutbound(mfa: number): number {
    const fifo = this.outboundFree;
    this.counters[PORT_WRITES] += 1;
    if (!fifo.push(mfa)) {
      this.counters[OUTBOUND_FREE_OVERFLOWS] += 1;
      Atomics.add(this.words, this.overrunsWord, 1);
      return WRITE_INTERRUPTED;
    }
    return this.showsAtOnce ? this.showOutbound(fifo.next) : WRITE_QUIET;
  }

  /** The writes of 0x44 up to a mark arrive. @returns a WRITE_ number; 0 when they had arrived before. */
  showOutbound(mark: number): number {
    if (mark === this.outboundFree.shown) return 0;
    this.outboundFree.showTo(mark);
    return this.interrupted(this.cardWaitsWord, 1, 0);
  }

  /** READ 0x30. Bit 3 is a level: it is set as long as there are replies, whatever the mask says. */
  readStatus(): number {
    this.counters[REGISTER_READS] += 1;
    return this.outboundPost.empty ? 0 : OUTBOUND_POST_INTERRUPT;
  }

  /** READ 0x34: the mask as last written. */
  readMask(): number {
    this.counters[REGISTER_READS] += 1;
    return Atomics.load(this.words, this.outboundMaskWord);
  }

  /** WRITE 0x34. @param mask a set bit masks the interrupt it stands for. */
  writeMask(mask: number): void {
    this.counters[REGISTER_WRITES] += 1;
    Atomics.store(this.words, this.outboundMaskWord, mask);
  }

  /** WRITE 0x20. This use is ours: it asks the card for an interrupt when an inbound frame is free. */
  askForFrame(): void {
    this.counters[REGISTER_WRITES] += 1;
    Atomics.store(this.words, this.hostWaitsWord, 1);
  }

  /** READ 0x2C. This use is ours: it tells whether the host's question is still open. */
  asksForFrame(): boolean {
    this.counters[REGISTER_READS] += 1;
    return Atomics.load(this.words, this.hostWaitsWord) !== 0;
  }

  /** The IOP was reset: this end takes the indices as the reset has left them. */
  restart(): void {
    this.inboundFree.broken = false;
    this.outboundPost.broken = false;
    [this.inboundPost, this.outboundFree] = this.build();
  }

  /** True once the card has written an impossible index. */
  get broken(): boolean {
    const { inboundFree, inboundPost, outboundPost, outboundFree } = this;
    return inboundFree.broken || inboundPost.broken || outboundPost.broken || outboundFree.broken;
  }

  /**
   * Delivers the interrupt that the card has asked for, once: from then on it is in service.
   * @param asked what the card has written into the word to ask for it. @param served what stands there
   *   afterwards.
   */
  private interrupted(word: number, asked: number, served: number): number {
    const { words } = this;
    if (Atomics.load(words, word) !== asked) return WRITE_QUIET;
    return Atomics.compareExchange(words, word, asked, served) === asked ? WRITE_INTERRUPTED : WRITE_QUIET;
  }
}
