/**
 * The sending end of frames over the pipe: the host's of requests, the card's of replies. Its frames lie in
 * slots of a region of this side's own, and go to the other side whole. What comes back by number is checked
 * here: only a frame that the other side has can be released.
 */
import { FRAME_WORDS, HEADER_WORDS, writeHeader } from '../../i2o/frame.ts';
import { HOST_TID, IOP_TID } from '../../i2o/tids.ts';
import { type FrameProducer, NO_FRAME } from '../../i2o/transport.ts';
import { UTIL_NOP } from '../../i2o/utility.gen.ts';
import { INBOUND_POSTED, NOPS } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { PipeFault } from '../pipe/fault.ts';
import { PIPE_FAULT_FRAME_OVERRUN } from '../pipe/pipe.gen.ts';
import type { FramePort } from './port.ts';

/** Slots of frames in a region. */
export interface FrameSlots {
  readonly words: Int32Array;
  /** Word index of slot 0; the others follow it. */
  readonly first: number;
  readonly count: number;
  /** Address of slot 0 as the other side is told it; absent: frames have none. */
  readonly firstAddress?: number;
}

const FREE = 0;
const HELD = 1;
/** Written, and not sent yet. */
const POSTED = 2;
/** The other side has it. */
const AWAY = 3;
/** Not lent to this side yet. */
const UNLENT = 4;

export class FrameSender implements FrameProducer {
  private readonly slots: FrameSlots;
  private readonly port: FramePort;
  private readonly ledger: Ledger | undefined;
  /** What a frame is before its first use. */
  private readonly unused: number;
  private readonly state: Uint8Array;
  private readonly pending: number[] = [];
  private held = NO_FRAME;
  private adopted = false;
  private wait = false;
  readonly broken = false;

  /**
   * @param inbound whether it is the host's: its frames are its own from the start; a card is lent them.
   * @param ledger counts NOPs; the host's.
   */
  constructor(slots: FrameSlots, port: FramePort, inbound: boolean, ledger?: Ledger) {
    this.slots = slots;
    this.port = port;
    this.ledger = ledger;
    this.unused = inbound ? FREE : UNLENT;
    this.state = new Uint8Array(slots.count).fill(this.unused);
  }

  acquire(): number {
    if (this.held === NO_FRAME) this.held = this.state.indexOf(FREE);
    if (this.held === NO_FRAME) return NO_FRAME;
    this.state[this.held] = HELD;
    return this.wordOf(this.held);
  }

  post(): void {
    this.state[this.held] = POSTED;
    this.pending.push(this.held);
    this.held = NO_FRAME;
    this.adopted = false;
  }

  /** A frame that the card has kept goes back to it as a NOP. */
  cancel(): void {
    if (!this.adopted) {
      this.state[this.held] = FREE;
      this.held = NO_FRAME;
      return;
    }
    const at = this.wordOf(this.held);
    writeHeader(this.slots.words, at, 0, 0, HEADER_WORDS, IOP_TID, HOST_TID, UTIL_NOP, 0, 0);
    if (this.ledger !== undefined) {
      this.ledger.counters[NOPS] += 1;
      this.ledger.counters[INBOUND_POSTED] += 1;
    }
    this.post();
  }

  publish(): number {
    const { pending, slots, port } = this;
    if (pending.length === 0) return 0;
    for (let slot = pending.shift(); slot !== undefined; slot = pending.shift()) {
      this.state[slot] = AWAY;
      port.frame(slot, this.addressOf(slot), slots.words, this.wordOf(slot));
    }
    return 2;
  }

  available(): number {
    return this.state.reduce((sum, state) => sum + (state === FREE ? 1 : 0), 0);
  }

  armForFree(wanted: number): boolean {
    this.wait = this.available() < wanted;
    return this.wait;
  }

  adopt(address: number): number {
    const { firstAddress } = this.slots;
    if (firstAddress === undefined || this.held !== NO_FRAME) return NO_FRAME;
    const slot = (address - firstAddress) / (FRAME_WORDS * 4);
    if (!Number.isInteger(slot) || this.state[slot] !== AWAY) return NO_FRAME;
    this.state[slot] = HELD;
    this.held = slot;
    this.adopted = true;
    return this.wordOf(slot);
  }

  surrender(): void {}

  /** @returns frames destroyed. */
  restart(destroyed?: (frame: number) => void): number {
    const gone = this.pending.length;
    for (const slot of this.pending) destroyed?.(this.wordOf(slot));
    this.pending.length = 0;
    this.held = NO_FRAME;
    this.adopted = false;
    this.state.fill(this.unused);
    return gone;
  }

  get inUse(): number {
    return this.state.reduce((sum, state) => sum + (state === AWAY || state === POSTED ? 1 : 0), 0);
  }

  /** Whether somebody waits for a free frame, and one is free again; asked once. */
  takeWaiter(): boolean {
    const { wait } = this;
    this.wait = false;
    return wait;
  }

  /**
   * The other side has released frames, or lends them for the first time.
   * @throws PipeFault for one that it does not have.
   */
  released(numbers: Int32Array): void {
    for (const number of numbers) {
      const state = this.state[number];
      if (state !== AWAY && state !== UNLENT)
        throw new PipeFault(PIPE_FAULT_FRAME_OVERRUN, `it released frame ${number}, which it does not have`);
      this.state[number] = FREE;
    }
  }

  private addressOf(slot: number): number {
    const { firstAddress } = this.slots;
    return firstAddress === undefined ? 0 : firstAddress + slot * FRAME_WORDS * 4;
  }

  private wordOf(slot: number): number {
    return this.slots.first + slot * FRAME_WORDS;
  }
}
