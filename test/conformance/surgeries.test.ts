/**
 * A trace with something of every message breaks no rule; cut into, it breaks the rule the cut is of, at the
 * frame cut.
 */
import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { OUTBOUND } from '../../src/trace/sink.ts';
import { cutsAreTold } from './cuts-told.ts';
import { grandTour } from './grand-tour.ts';
import { SURGERIES } from './surgeries.ts';
import { type FrameEvent, judgeTape } from './trace-surgery.ts';

describe.each(TRANSPORTS)('a trace of every message, %s', (transport) => {
  const whole = grandTour(transport);

  cutsAreTold(whole, SURGERIES, transport);
});

/**
 * Flips that leave a legal header: contexts of both kinds of send travel alike, and a failure repeats its
 * request's header.
 */
function legal({ direction, words }: FrameEvent, word: number, bit: number): boolean {
  const flags = (words[0] >>> 8) & 0xff;
  if (direction !== OUTBOUND) return word === 0 && bit === 12 && words[1] >>> 24 === 0x00;
  if ((flags & 0x20) !== 0) return word === 0 && ((bit >= 4 && bit <= 7) || bit === 12);
  return (flags & 0x10) !== 0 && words[1] >>> 24 === 0x89 && word === 1 && bit === 25;
}

it('no bit of version, flags, list offset and function can flip unseen, in any kind of frame', {
  timeout: 120_000,
}, () => {
  const tape = grandTour('ring');
  const seen = new Set<number>();
  const missed: string[] = [];
  let flips = 0;
  for (const frame of tape.events) {
    if (frame.kind !== 'frame') continue;
    const { words } = frame;
    const kind = (words[1] >>> 24) * 0x20000 + ((words[1] & 0xfff) === 0 ? 0 : 0x10000) + (words[0] & 0xff00);
    if (seen.has(kind)) continue;
    seen.add(kind);
    for (let i = 0; i < 24; i++) {
      const [word, bit] = i < 16 ? [0, i] : [1, 8 + i];
      if (legal(frame, word, bit)) continue;
      flips += 1;
      const before = words[word];
      words[word] = before ^ (1 << bit);
      if (judgeTape(tape).length === 0) missed.push(`frame ${tape.numberOf(frame)} word ${word} bit ${bit}`);
      words[word] = before;
    }
  }
  expect(missed).toEqual([]);
  expect(flips).toBeGreaterThan(2000);
});
