/**
 * The words by which a card's thread and its world speak outside the message layer: is it alive, should it
 * stop, which thread is it, how large is its heap. No payload and no message ever goes this way.
 */
import type { Region } from '../../dma/region.ts';

export const STARTING = 0;
export const RUNNING = 1;
export const STOPPED = 2;
export const FAULTED = 3;

const STATE = 0;
const STOP = 1;
const THREAD = 2;
const HEAP_ASKED = 3;
const HEAP_ANSWERED = 4;
/** Double index from the status words: bytes of heap in use. */
const HEAP_BYTES = 4;

export class CardStatus {
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly word: number;

  constructor(region: Region, offset: number) {
    this.words = region.words;
    this.doubles = region.doubles;
    this.word = offset >> 2;
  }

  get state(): number {
    return Atomics.load(this.words, this.word + STATE);
  }

  set state(state: number) {
    Atomics.store(this.words, this.word + STATE, state);
  }

  get stopAsked(): boolean {
    return Atomics.load(this.words, this.word + STOP) !== 0;
  }

  askStop(): void {
    Atomics.store(this.words, this.word + STOP, 1);
  }

  /** The operating system's number of the card's thread; 0 where it is unknown. */
  get threadId(): number {
    return Atomics.load(this.words, this.word + THREAD);
  }

  set threadId(id: number) {
    Atomics.store(this.words, this.word + THREAD, id);
  }

  /** World: asks for the heap's size. @returns a ticket for `heapBytes`. */
  askHeap(): number {
    return Atomics.add(this.words, this.word + HEAP_ASKED, 1) + 1;
  }

  /** World: the heap's size, or -1 while the ticket has not been answered. */
  heapBytes(ticket: number): number {
    if (Atomics.load(this.words, this.word + HEAP_ANSWERED) < ticket) return -1;
    return this.doubles[(this.word >> 1) + HEAP_BYTES];
  }

  /** Card: whether the heap's size is wanted. */
  get heapAsked(): boolean {
    const { words, word } = this;
    return Atomics.load(words, word + HEAP_ASKED) !== Atomics.load(words, word + HEAP_ANSWERED);
  }

  /** Card: answers. */
  answerHeap(bytes: number): void {
    const { words, word } = this;
    this.doubles[(word >> 1) + HEAP_BYTES] = bytes;
    Atomics.store(words, word + HEAP_ANSWERED, Atomics.load(words, word + HEAP_ASKED));
  }
}
