/** What `inic replay` prints. */
import { expect, it } from 'vitest';
import type { ReplayResult } from '../../src/replay/card-replay.ts';
import { differenceLine, replayLines } from '../../src/report/replay-lines.ts';

const result: ReplayResult = {
  frames: 1234,
  replies: 2,
  contexts: 1,
  polled: 0,
  streams: { equal: 1, cut: 0, bytes: 5000 },
  differences: 0,
  cardNs: 1.5e9,
};

it('counts what was compared, in the singular and the plural', () => {
  expect(replayLines('a.trace', result).split('\n')).toEqual([
    'a.trace: 1,234 frames against a fresh card, 1.500 s of its time',
    '  compared   2 replies, 1 context given back, 0 polled words',
    '  received   1 stream equal; 5,000 bytes',
    '  different  0',
    '',
  ]);
  expect(replayLines('a', { ...result, replies: 1 })).toContain('1 reply,');
});

it('says which streams were equal only as far as the host waited', () => {
  const streams = { equal: 3, cut: 2, bytes: 1 };
  expect(replayLines('a', { ...result, streams })).toContain(
    '3 streams equal, 2 more as far as the host waited',
  );
});

it('shows both sides of a difference', () => {
  const text = differenceLine({ frame: 3, what: 'SocketBind', recorded: 'Success', replayed: 'Busy' });
  expect(text).toBe('frame 3: SocketBind\n    recorded  Success\n    replayed  Busy\n');
});
