/**
 * The host chooses how large outbound frames are. Of every size that a card takes, every message is answered as
 * it is of the largest, and no answer is longer than that; and what a device of each class is told to do goes on.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FRAME_WORDS } from '../../src/i2o/frame.ts';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { OUTBOUND_FRAME_WORDS_MIN, Outbound } from '../../src/iop/reply/outbound.ts';
import { runLanTour } from '../../src/tour/lan-live.ts';
import { runLive } from '../../src/tour/live.ts';
import { runWindowTour } from '../../src/tour/window-live.ts';
import { OUTBOUND } from '../../src/trace/sink.ts';
import { LONG } from '../long.ts';
import { judgeTape, Tape } from './trace-surgery.ts';
import { judge, VectorCard } from './vector-card.ts';
import { vectorFiles } from './vectors.ts';

const SIZES = Array.from(
  { length: FRAME_WORDS - OUTBOUND_FRAME_WORDS_MIN + 1 },
  (_, i) => OUTBOUND_FRAME_WORDS_MIN + i,
);
/** Between two of these no further element of a list has room, of any list. */
const SOME = LONG ? SIZES : [OUTBOUND_FRAME_WORDS_MIN, 24, FRAME_WORDS - 1];
const TOURS = { lan: runLanTour, window: runWindowTour };

afterEach(() => {
  vi.restoreAllMocks();
});

/** Has every card believe that its host has asked for frames of this size. */
function granted(outboundFrameWords: number): void {
  const grant = Outbound.prototype.grant;
  vi.spyOn(Outbound.prototype, 'grant').mockImplementation(function (this: Outbound, words) {
    grant.call(this, Math.min(words, outboundFrameWords));
  });
}

describe.each(SOME)('outbound frames of %i words', (size) => {
  it.each(vectorFiles().map((file) => [file.path, file] as const))('answer %s', (_, file) => {
    granted(size);
    const device = file.class === 'lan' || file.class === 'window' ? file.class : 'socket';
    const wanted = file.vectors.filter(
      ({ kind, id }) => kind === 'request' && (LONG || id.endsWith('typical')),
    );
    for (const vector of wanted) {
      const card = new VectorCard(vector.message === 'PrivateEcho' ? 'echo' : device);
      card.bring(file, vector.state ?? 'operational');
      const replies = card.exchange(vector);
      expect(judge(vector, replies), vector.id).toBe('');
      for (const reply of replies) expect(reply[0] >>> 16, vector.id).toBeLessThanOrEqual(size);
    }
  });

  it.each(TRANSPORTS)('carry all that a program does, over %s', async (transport) => {
    const card = { driver: { outboundFrameWords: size } };
    const { validator, failure } = await runLive({ transport, seed: 3, virtual: true, card });
    expect(failure).toBe('');
    expect(validator.findings.violations).toEqual([]);
  });
});

describe.each(['lan', 'window'] as const)('ports of class %s', (device) => {
  it.each(SIZES)('keep to outbound frames of %i words', (size) => {
    const tape = new Tape();
    const driver = { outboundFrameWords: size };
    expect(TOURS[device](tape, { transport: size % 2 === 0 ? 'fifo' : 'ring', driver }, size, 1)).toBe('');
    expect(judgeTape(tape)).toEqual([]);
    const replies = tape.events.flatMap((event) =>
      event.kind === 'frame' && event.direction === OUTBOUND ? [event.words[0] >>> 16] : [],
    );
    const longest = Math.max(...replies);
    expect(longest).toBeLessThanOrEqual(size);
    expect(longest).toBeGreaterThanOrEqual(OUTBOUND_FRAME_WORDS_MIN - 2);
  });
});
