/**
 * Shared words that lie: one side's indices, event words and masks are overwritten while the other works. The
 * transport may stop (`broken`), since nothing it is told can be believed any more; it must not throw, spin
 * or read past its frames.
 */
import { FRAME_WORDS } from '../../src/i2o/frame.ts';
import { NO_FRAME } from '../../src/i2o/transport.ts';
import { Random } from '../../src/time/random.ts';
import { BareCard } from '../iop/bed.ts';
import { StormFailure } from './card-storm.ts';
import { bringUp } from './tame-host.ts';

const TURNS = 40;
/** Addresses of the shared words, from a transport's first byte: each has a pair of cache lines to itself. */
const WORD_SPACING = 128;

/**
 * One card whose shared words are overwritten again and again.
 * @returns words overwritten.
 * @throws StormFailure.
 */
export function indexStorm(seed: number): number {
  const random = new Random(seed);
  const transport = random.below(2) === 0 ? 'fifo' : 'ring';
  const card = new BareCard({ transport, packetSlots: 96, driver: { socketsMax: 8 } });
  const { words } = card.region;
  const { layout } = card.memory;
  let lies = 0;
  try {
    bringUp(card);
    for (; lies < TURNS; lies++) {
      const queue = random.below(2) === 0 || transport === 'fifo' ? layout.inbound : layout.outbound;
      const word = (queue + WORD_SPACING * random.below(transport === 'fifo' ? 13 : 4)) >> 2;
      const now = words[word];
      const lie = [now + 1, now - 1, now + 1000, now ^ (1 << random.below(32)), random.nextInt32(), 0][
        random.below(6)
      ];
      Atomics.store(words, word, lie | 0);
      const at = card.inbound.acquire();
      if (at !== NO_FRAME) {
        for (let i = 0; i < FRAME_WORDS; i++) words[at + i] = random.nextInt32();
        card.inbound.post();
        card.inbound.publish();
      }
      for (let turn = 0; turn < 50; turn++) card.parts.processor.poll();
      card.parts.processor.arm();
      card.parts.processor.nextDeadlineNs();
      for (let i = 0; i < 200 && card.outbound.receive() !== NO_FRAME; i++) card.outbound.release();
      card.outbound.publish();
      card.outbound.arm();
      card.inbound.armForFree(1 + random.below(4));
    }
  } catch (error) {
    throw new StormFailure(String((error as Error).stack), seed, lies, words.slice(0, 0));
  }
  return lies;
}
