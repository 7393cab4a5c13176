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

it.each([
  ['both tell of', 'ECONNRESET', 'ECONNRESET', false, 0],
  ['both tell of by other names', 'EPIPE', 'ECONNRESET', false, 0],
  ['the replay alone tells of, of a socket that was closed', '', 'ECONNRESET', true, 0],
  ['the recording alone tells of, of a socket that was closed', 'ECONNRESET', '', true, 0],
  ['the replay alone tells of, of a socket that stayed open', '', 'ECONNRESET', false, 1],
  ['neither tells of', '', '', true, 1],
] as const)('bytes before a reset that %s are a matter of time, once one may come', (...row) => {
  const [, recorded, replayed, closed, differences] = row;
  for (const cause of ['abort', 'close', 'end', 'none'] as const) {
    const { all, found } = streams();
    if (cause === 'end') all.recorded(2, 5).ended = all.replayed(2).ended = true;
    if (cause === 'abort') all.abort(2, 6);
    else if (cause !== 'none') all.close(2, 6);
    Object.assign(all.recorded(1, 10), { bytes: 500, failed: recorded, ended: recorded !== '' });
    Object.assign(all.replayed(1), { bytes: 499, failed: replayed });
    if (closed) all.close(1, 11);
    all.finish(true);
    const may = cause === 'abort' || cause === 'close' || (closed && recorded === '');
    expect(found, cause).toHaveLength(may ? differences : 1);
  }
});
