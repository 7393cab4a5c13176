/**
 * What the other side has written to the two rings in a file, and may not: our index of each, and what lies
 * between the words. Each word has a pair of cache lines to itself, and nobody writes the rest of these.
 */
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

/** Addresses of the rings of requests and of replies. */
interface Rings {
  readonly inbound: number;
  readonly outbound: number;
}

export class StrayWrites {
  private readonly words: Int32Array;
  private readonly rings: readonly [inbound: number, outbound: number];
  /** Word indices of our own index of each. */
  private readonly own: readonly [inbound: number, outbound: number];
  private readonly names: readonly [inbound: string, outbound: string];

  /** @param side whose ends are ours. */
  constructor(words: Int32Array, { inbound, outbound }: Rings, side: 'host' | 'card') {
    this.words = words;
    this.rings = [inbound >> 2, outbound >> 2];
    const offsets = side === 'host' ? [TAIL_OFFSET, HEAD_OFFSET] : [HEAD_OFFSET, TAIL_OFFSET];
    this.own = [(inbound + offsets[0]) >> 2, (outbound + offsets[1]) >> 2];
    const [first, second] = side === 'host' ? ['tail', 'head'] : ['head', 'tail'];
    this.names = [
      `the ${first} of the ring of requests, which is the ${side}’s`,
      `the ${second} of the ring of replies, which is the ${side}’s`,
    ];
  }

  /** @param shown the indices that were published last. @throws PipeFault naming the first that is found. */
  check(...shown: readonly [inbound: number, outbound: number]): void {
    this.own.forEach((word, i) => {
      if (Atomics.load(this.words, word) !== shown[i]) throw stray(word, this.names[i]);
    });
    for (const ring of this.rings) this.unused(ring);
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
