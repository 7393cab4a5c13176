/** What a socket received is judged by what the host had when it gave the socket up. */
import { expect, it } from 'vitest';
import { ReplayStreams, type StreamDifference } from '../../src/replay/streams.ts';

function streams(): { all: ReplayStreams; found: StreamDifference[] } {
  const found: StreamDifference[] = [];
  return { all: new ReplayStreams((difference) => found.push(difference)), found };
}

it('an end that came between the request to close and its answer is a matter of time', () => {
  const { all, found } = streams();
  all.recorded(1, 10).bytes = 500;
  all.replayed(1).bytes = 500;
  all.close(1, 11);
  all.recorded(1, 12).ended = true;
  all.finish(true);
  expect(found).toEqual([]);
  expect(all).toMatchObject({ equal: 0, cut: 1, bytes: 500 });
});

it('an end that came before is not', () => {
  const { all, found } = streams();
  all.recorded(1, 10).ended = true;
  all.close(1, 11);
  all.finish(true);
  expect(found).toEqual([
    { frame: 10, what: 'socket 1 received', recorded: '0 bytes, end of stream', replayed: '0 bytes' },
  ]);
});

it('nor are bytes that came before, whichever way the socket was given up', () => {
  for (const giveUp of ['close', 'closeAll'] as const) {
    const { all, found } = streams();
    all.recorded(1, 10).bytes = 500;
    all.replayed(1).bytes = 499;
    if (giveUp === 'close') all.close(1, 11);
    else all.closeAll(11);
    all.finish(true);
    expect(found).toHaveLength(1);
  }
});
