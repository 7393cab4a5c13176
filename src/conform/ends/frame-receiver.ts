/**
 * The receiving end of frames over the pipe. A frame that arrives is copied to the slot of its number, and is
 * received once the other side has announced it.
 */
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { type FrameConsumer, NO_FRAME } from '../../i2o/transport.ts';
import { PipeFault } from '../pipe/fault.ts';
import { PIPE_FAULT_FRAME_OVERRUN } from '../pipe/pipe.gen.ts';
import type { FrameSlots } from './frame-sender.ts';
import type { FramePort } from './port.ts';

export class FrameReceiver implements FrameConsumer {
  private readonly slots: FrameSlots;
  private readonly port: FramePort;
  /** Whether each frame is here; the host's side lends them first. */
  private readonly here: Uint8Array;
  private readonly addresses: Int32Array;
  private readonly arrived: number[] = [];
  private readonly queue: number[] = [];
  private readonly done: number[] = [];
  private held = NO_FRAME;
  private keeping = false;
  private readonly inbound: boolean;
  private lent: boolean;
  readonly broken = false;

  /** @param inbound whether it is the card's: the host has its frames from the start, a card is lent them. */
  constructor(slots: FrameSlots, port: FramePort, inbound: boolean) {
    this.slots = slots;
    this.port = port;
    this.inbound = inbound;
    this.lent = inbound;
    this.here = new Uint8Array(slots.count);
    this.addresses = new Int32Array(slots.count);
  }

  receive(): number {
    if (this.held === NO_FRAME) this.held = this.queue.shift() ?? NO_FRAME;
    return this.held === NO_FRAME ? NO_FRAME : this.wordOf(this.held);
  }

  release(): void {
    const { held } = this;
    this.held = NO_FRAME;
    if (this.here[held] !== 0) {
      this.here[held] = 0;
      if (!this.keeping) this.done.push(held);
    }
    this.keeping = false;
  }

  preserve(_record: number): number {
    this.keeping = true;
    return this.addresses[this.held];
  }

  supply(): void {
    if (this.lent) return;
    this.lent = true;
    this.port.release(Array.from({ length: this.slots.count }, (_, number) => number));
  }

  /** A frame that is held meanwhile is released later to no effect. */
  restart(holding: boolean): number {
    const destroyed = this.queue.length;
    if (!holding) this.held = NO_FRAME;
    this.here.fill(0);
    this.queue.length = 0;
    this.arrived.length = 0;
    this.done.length = 0;
    this.lent = this.inbound;
    if (this.inbound) this.port.restarted();
    return destroyed;
  }

  publish(): number {
    if (this.done.length === 0) return 0;
    this.port.release(this.done);
    this.done.length = 0;
    return 1;
  }

  arm(): boolean {
    return this.held === NO_FRAME && this.queue.length === 0;
  }

  get waiting(): number {
    return this.queue.length;
  }

  /** Whether a frame waits that is such a one. */
  waits(is: (words: Int32Array, at: number) => boolean): boolean {
    return this.queue.some((number) => is(this.slots.words, this.wordOf(number)));
  }

  /** Frames that have arrived and were not announced. */
  get unannounced(): number {
    return this.arrived.length;
  }

  /** A frame of the other side. @param bytes all of it. @throws PipeFault for one that it was not lent. */
  arrive(number: number, address: number, bytes: Uint8Array): void {
    const { slots, here } = this;
    const name = `frame ${number >>> 0}`;
    if (!(number >= 0 && number < slots.count))
      throw new PipeFault(PIPE_FAULT_FRAME_OVERRUN, `it sent ${name}, and has ${slots.count}`);
    if (!this.lent)
      throw new PipeFault(PIPE_FAULT_FRAME_OVERRUN, `it sent ${name} before frames were lent to it`);
    if (here[number] !== 0)
      throw new PipeFault(PIPE_FAULT_FRAME_OVERRUN, `it sent ${name} again before that was released`);
    here[number] = 1;
    this.addresses[number] = address;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const at = this.wordOf(number);
    for (let i = 0; i < FRAME_WORDS; i++) slots.words[at + i] = view.getInt32(i * 4, true);
    this.arrived.push(number);
  }

  /** The other side announces what it has sent. @returns how many frames. */
  announced(): number {
    const { arrived } = this;
    this.queue.push(...arrived);
    const count = arrived.length;
    arrived.length = 0;
    return count;
  }

  private wordOf(number: number): number {
    return this.slots.first + number * FRAME_WORDS;
  }
}
