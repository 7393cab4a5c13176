/**
 * A replay finds the same card the same, and every answer that was not, whatever was not the same about it.
 */
import { describe, expect, it } from 'vitest';
import {
  SOCKET_BIND,
  SOCKET_CLOSE,
  SOCKET_CONNECT,
  SOCKET_RECEIVE_POST,
  SOCKET_SEND,
} from '../../src/i2o/socket.gen.ts';
import type { Difference, ReplayResult } from '../../src/replay/card-replay.ts';
import { Replayer } from '../../src/replay/replayer.ts';
import { OUTBOUND } from '../../src/trace/sink.ts';
import { type Call, CallList, replayCall } from '../trace/calls.ts';
import { runEcho } from '../trace/echo.ts';

const list = new CallList();
runEcho(list);
const recorded: readonly Call[] = list.calls;

function replay(calls: readonly Call[]): ReplayResult & { found: Difference[] } {
  const found: Difference[] = [];
  const replayer = new Replayer((difference) => found.push(difference));
  for (const call of calls) replayCall(replayer, call);
  return { ...replayer.result(), found };
}

/**
 * The calls with the first outbound frame of a function changed by `change`; dropped where that returns null.
 */
function altered(functionCode: number, change: (words: number[]) => number[] | null): Call[] {
  let done = false;
  const calls = recorded.flatMap((call): Call[] => {
    const words = call[4] as number[];
    if (done || call[0] !== 'frame' || call[1] !== OUTBOUND || words[1] >>> 24 !== functionCode)
      return [call];
    const changed = change([...words]);
    if (changed === words) return [call];
    done = true;
    return changed === null ? [] : [[call[0], call[1], call[2], call[3], changed]];
  });
  expect(done).toBe(true);
  return calls;
}

describe('a replay', () => {
  it('finds nothing different in what a card of ours has answered', () => {
    const { found, frames, replies, contexts, polled, streams, differences } = replay(recorded);
    expect(found).toEqual([]);
    expect(differences).toBe(0);
    expect(frames).toBe(recorded.filter(([name]) => name === 'frame').length);
    expect(replies).toBeGreaterThan(7);
    expect(contexts).toBe(1);
    expect(polled).toBe(3);
    expect(streams).toEqual({ equal: 1, cut: 0, bytes: 3000 });
  });

  it('gives the same twice', () => {
    expect(replay(recorded)).toEqual(replay(recorded));
  });

  it('of a trace that was cut judges what there is', () => {
    for (let end = 2; end < recorded.length; end += 7) {
      expect(replay(recorded.slice(0, end)).found).toEqual([]);
    }
  });

  it('takes a card of ephemeral ports of its own for the same', () => {
    const other = (word: number): number => (word & 0xffff) | (50_000 << 16);
    const calls = altered(SOCKET_CONNECT, (words) => words.map((word, i) => (i === 5 ? other(word) : word)));
    expect(replay(calls).found).toEqual([]);
  });
});

describe('a replay names', () => {
  const names = (calls: readonly Call[]): string[] =>
    replay(calls).found.map(({ what, recorded: then, replayed }) => `${what}: ${then} / ${replayed}`);

  it('another status', () => {
    const calls = altered(SOCKET_CONNECT, (words) => {
      words[4] = (5 << 24) | 111;
      return words;
    });
    const [first] = replay(calls).found;
    expect(first).toMatchObject({ what: 'SocketConnect' });
    expect(first!.frame).toBeGreaterThan(1);
    expect(first!.recorded).toContain('ErrorNoData ECONNREFUSED');
    expect(first!.replayed).toContain('Success');
  });

  it('another field', () => {
    const calls = altered(SOCKET_BIND, (words) => words.map((word, i) => (i === 5 ? 0x0a000002 : word)));
    expect(names(calls)).toEqual([
      'SocketBind: reply, Success, localAddress 10.0.0.2 / reply, Success, localAddress 127.0.0.1',
    ]);
  });

  it('an answer the recording lacks, and one the replay lacks', () => {
    const lacking = altered(SOCKET_CLOSE, () => null);
    expect(names(lacking)).toEqual([]); // still open when the recording ended: it may be
    const twice: Call[] = recorded.flatMap((call) =>
      call[0] === 'frame' && call[1] === OUTBOUND && (call[4] as number[])[1] >>> 24 === SOCKET_CLOSE
        ? [call, call]
        : [call],
    );
    expect(names(twice).length).toBeGreaterThan(0);
    expect(names(twice)[0]).toMatch(/^SocketClose: reply, Success.* \/ no such answer$/);
  });

  it('bytes received that were not, and an end that did not come', () => {
    const longer = altered(SOCKET_RECEIVE_POST, (words) => {
      words[9] = words[9] + 1;
      return words;
    });
    expect(names(longer)).toEqual([expect.stringMatching(/^socket \d+ received: 3001 bytes \/ 3000 bytes/)]);
    const error = altered(SOCKET_RECEIVE_POST, (words) => {
      words[8] = (words[8] & 0xffffff) | (1 << 24);
      words[9] = 104 << 24;
      return words;
    });
    expect(names(error)[0]).toContain('ECONNRESET');
  });

  it('a context given back that was not lent', () => {
    const calls = altered(SOCKET_SEND, (words) => words.map((word, i) => (i === 5 ? word + 1 : word)));
    expect(names(calls)).toContainEqual(
      expect.stringMatching(/^context \d+: given back \/ still with the card$/),
    );
  });

  it('memory that changed otherwise', () => {
    const calls = recorded.map(
      (call): Call => (call[0] === 'polled' && call[3] === 4 ? ['polled', call[1], call[2], 3] : call),
    );
    expect(names(calls)[0]).toMatch(/^memory polled at 0x[0-9a-f]+: 0x3 \/ 0x4$/);
  });
});

describe('a replay of a head that no card fits', () => {
  it('throws a RangeError', () => {
    const [, head] = recorded[0] as ['head', Record<string, unknown>];
    const memory = { ...(head['memory'] as object), inbound: { firstWord: 0, count: 3, strideWords: 32 } };
    expect(() => replay([['head', { ...head, memory }]])).toThrow(RangeError);
  });
});
