/**
 * What a foreign card has written to the two rings, and may not: the host's index of each, and what lies
 * between the words. Each word has a pair of cache lines to itself, and nobody writes the rest of these.
 */
import type { CardLayout } from '../../dma/card-layout.ts';
import {
  FRAMES_OFFSET,
  HEAD_EVENT_OFFSET,
  HEAD_OFFSET,
  TAIL_EVENT_OFFSET,
  TAIL_OFFSET,
} from '../../i2o/queues/ring/ring-layout.ts';
import { PipeFault } from '../pipe/fault.ts';
import { PIPE_FAULT_OUTSIDE_WINDOW } from '../pipe/pipe.gen.ts';

const WORDS_OF_A_RING = [TAIL_OFFSET, HEAD_OFFSET, TAIL_EVENT_OFFSET, HEAD_EVENT_OFFSET];

/** An end of ours: the index that it has published. */
interface OwnEnd {
  readonly shown: number;
}

export class StrayWrites {
  private readonly words: Int32Array;
  private readonly inbound: number;
  private readonly outbound: number;

  constructor(words: Int32Array, { inbound, outbound }: CardLayout) {
    this.words = words;
    this.inbound = inbound >> 2;
    this.outbound = outbound >> 2;
  }

  /** @throws PipeFault naming the first that is found. */
  check(sender: OwnEnd, receiver: OwnEnd): void {
    this.own(this.inbound + (TAIL_OFFSET >> 2), sender.shown, 'the tail of the ring of requests');
    this.own(this.outbound + (HEAD_OFFSET >> 2), receiver.shown, 'the head of the ring of replies');
    this.unused(this.inbound);
    this.unused(this.outbound);
  }

  private own(word: number, shown: number, name: string): void {
    const now = Atomics.load(this.words, word);
    if (now !== shown) throw stray(word, `${name}, which is the host’s`);
  }

  private unused(ring: number): void {
    for (let offset = 0; offset < FRAMES_OFFSET; offset += 4) {
      const word = ring + (offset >> 2);
      if (this.words[word] !== 0 && !WORDS_OF_A_RING.includes(offset))
        throw stray(word, 'between the words of a ring');
    }
  }
}

function stray(word: number, what: string): PipeFault {
  return new PipeFault(PIPE_FAULT_OUTSIDE_WINDOW, `it wrote at 0x${(word * 4).toString(16)}, ${what}`);
}
