/**
 * Packets that the host has named and the device has not taken yet. A request's packets are staged behind
 * those that wait, and become the card's together or not at all. A packet is a few pieces of host memory;
 * nothing is copied before the device has room for it.
 */
import { assert } from '../assert/assert.ts';

/** Pieces of one packet at most. */
export const PACKET_PIECES_MAX = 16;

/** Words of a packet: context, whom to answer, transmit control word, pieces, bytes; then the pieces. */
const CONTEXT = 0;
const INITIATOR_CONTEXT = 1;
const CONTROL = 2;
const PIECES = 3;
const BYTES = 4;
const PIECE = 5;
const PACKET_WORDS = PIECE + 2 * PACKET_PIECES_MAX;

export class SendQueue {
  /** Packets that may be the card's at a time. */
  readonly capacity: number;
  private readonly words: Int32Array;
  private first = 0;
  private length = 0;
  private staged = 0;
  /** Where the packet lies that is being staged. */
  private at = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.words = new Int32Array(capacity * PACKET_WORDS);
  }

  /** Packets that wait for the device. */
  get waiting(): number {
    return this.length;
  }

  /** Packets staged, the one under way included. */
  get stagedCount(): number {
    return this.staged;
  }

  /** Begins a packet behind those staged. The caller has looked whether there is room. */
  begin(context: number, initiatorContext: number, control: number): void {
    assert(this.length + this.staged < this.capacity, 'lan sends: a packet is staged where there is room');
    this.at = this.placeOf(this.length + this.staged);
    this.staged += 1;
    const { words, at } = this;
    words[at + CONTEXT] = context;
    words[at + INITIATOR_CONTEXT] = initiatorContext;
    words[at + CONTROL] = control;
    words[at + PIECES] = 0;
    words[at + BYTES] = 0;
  }

  /** Adds a piece to the packet begun last. One in more pieces than a packet may have only counts them. */
  addPiece(address: number, byteLength: number): void {
    const { words, at } = this;
    const pieces = words[at + PIECES];
    if (pieces < PACKET_PIECES_MAX) {
      words[at + PIECE + 2 * pieces] = address;
      words[at + PIECE + 2 * pieces + 1] = byteLength;
    }
    words[at + PIECES] = pieces + 1;
    // Of more than 64 pieces of 24 bits each a list cannot be made.
    words[at + BYTES] += byteLength;
  }

  /** What is staged becomes the card's. */
  commit(): void {
    this.length += this.staged;
    this.staged = 0;
  }

  /** Forgets what is staged. */
  abandon(): void {
    this.staged = 0;
  }

  /** The oldest packet's place, for the getters below. There is one. */
  oldest(): number {
    assert(this.length > 0, 'lan sends: there is a packet to be sent');
    return this.first * PACKET_WORDS;
  }

  /** The place of the packet so many behind the oldest. */
  placeOf(index: number): number {
    return ((this.first + index) % this.capacity) * PACKET_WORDS;
  }

  contextAt(place: number): number {
    return this.words[place + CONTEXT];
  }

  initiatorContextAt(place: number): number {
    return this.words[place + INITIATOR_CONTEXT];
  }

  /** Its transmit control word. */
  controlAt(place: number): number {
    return this.words[place + CONTROL];
  }

  piecesAt(place: number): number {
    return this.words[place + PIECES];
  }

  bytesAt(place: number): number {
    return this.words[place + BYTES];
  }

  addressAt(place: number, piece: number): number {
    return this.words[place + PIECE + 2 * piece];
  }

  byteLengthAt(place: number, piece: number): number {
    return this.words[place + PIECE + 2 * piece + 1];
  }

  /** The oldest packet is done with. */
  drop(): void {
    this.first = (this.first + 1) % this.capacity;
    this.length -= 1;
  }

  /** Takes a packet out of the middle; those behind it move up. */
  remove(index: number): void {
    assert(index < this.length && this.staged === 0, 'lan sends: a packet that is taken out waits');
    for (let i = index; i + 1 < this.length; i++) {
      const from = this.placeOf(i + 1);
      const to = this.placeOf(i);
      for (let word = 0; word < PACKET_WORDS; word++) this.words[to + word] = this.words[from + word];
    }
    this.length -= 1;
  }

  clear(): void {
    this.length = 0;
    this.staged = 0;
  }
}
