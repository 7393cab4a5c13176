/** Keeps immediate data until its context comes back, to hold the packets that carry it against it. */
import type { PoolArea } from '../dma/pool-area.ts';
import type { Segment } from './wire-segment.ts';

const NONE = -1;

export class ImmediateBytes {
  private readonly firstContext: number;
  private readonly slotBytes: number;
  private readonly bytes: Uint8Array;
  private readonly socket: Int32Array;
  private readonly at: Float64Array;
  private readonly length: Int32Array;
  /** Slots of a socket, in a chain. */
  private readonly first: Int32Array;
  private readonly next: Int32Array;

  /** @param firstContext context of the first slot. */
  constructor({ count, bufferBytes }: PoolArea, firstContext: number, sockets: number) {
    this.firstContext = firstContext;
    this.slotBytes = bufferBytes;
    this.bytes = new Uint8Array(count * bufferBytes);
    this.socket = new Int32Array(count).fill(NONE);
    this.at = new Float64Array(count);
    this.length = new Int32Array(count);
    this.first = new Int32Array(sockets).fill(NONE);
    this.next = new Int32Array(count).fill(NONE);
  }

  /** @param at position of the first byte in its stream. @param word index of the word it lies in. */
  put(context: number, socket: number, at: number, length: number, words: Int32Array, word: number): void {
    const slot = context - this.firstContext;
    if (slot < 0 || slot >= this.socket.length || length > this.slotBytes) return;
    this.drop(context);
    for (let i = 0; i < length; i++) {
      this.bytes[slot * this.slotBytes + i] = words[word + (i >> 2)] >>> ((i & 3) * 8);
    }
    this.socket[slot] = socket;
    this.at[slot] = at;
    this.length[slot] = length;
    this.next[slot] = this.first[socket];
    this.first[socket] = slot;
  }

  /** A context is the host's again. */
  drop(context: number): void {
    const slot = context - this.firstContext;
    if (slot < 0 || slot >= this.socket.length || this.socket[slot] === NONE) return;
    const socket = this.socket[slot];
    let before = NONE;
    for (let at = this.first[socket]; at !== NONE; at = this.next[at]) {
      if (at === slot) {
        if (before === NONE) this.first[socket] = this.next[at];
        else this.next[before] = this.next[at];
        break;
      }
      before = at;
    }
    this.socket[slot] = NONE;
  }

  /** A number begins a new life: what its last one has sent is not the new one's. */
  forget(socket: number): void {
    for (let slot = this.first[socket]; slot !== NONE; slot = this.next[slot]) this.socket[slot] = NONE;
    this.first[socket] = NONE;
  }

  /** Whether a packet of a socket's has other bytes than were posted. @param at position of its first. */
  differs(socket: number, at: number, { kept, dataAt }: Segment, packet: Uint8Array): boolean {
    for (let slot = this.first[socket]; slot !== NONE; slot = this.next[slot]) {
      const start = Math.max(at, this.at[slot]);
      const end = Math.min(at + kept, this.at[slot] + this.length[slot]);
      const own = slot * this.slotBytes - this.at[slot];
      for (let position = start; position < end; position++) {
        if (packet[dataAt + position - at] !== this.bytes[own + position]) return true;
      }
    }
    return false;
  }
}
