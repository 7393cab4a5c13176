/** Traces of network ports are replayed: what a card of ours has told, another tells again. */
import { describe, expect, it } from 'vitest';
import { LAN_PACKET_SEND, LAN_RECEIVE_POST } from '../../src/i2o/lan.gen.ts';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { WINDOW_FILL, WINDOW_HEADERS, WINDOW_OPEN } from '../../src/i2o/window.gen.ts';
import type { Difference, ReplayResult } from '../../src/replay/card-replay.ts';
import { Replayer } from '../../src/replay/replayer.ts';
import { runLanTour } from '../../src/tour/lan-live.ts';
import { runWindowTour } from '../../src/tour/window-live.ts';
import { OUTBOUND } from '../../src/trace/sink.ts';
import { type Call, CallList, replayCall } from '../trace/calls.ts';
import { type LanRun, runLan } from '../validate/lan-world.ts';

function replay(calls: readonly Call[]): ReplayResult & { found: Difference[] } {
  const found: Difference[] = [];
  const replayer = new Replayer((difference) => found.push(difference));
  for (const call of calls) replayCall(replayer, call);
  return { ...replayer.result(), found };
}

/** The trace of a client's card whose peer is another's. */
function recorded(run: LanRun): readonly Call[] {
  const list = new CallList();
  runLan([{ sink: list }], run);
  return list.calls;
}

const framesIn = (calls: readonly Call[]): number => calls.filter(([name]) => name === 'frame').length;

describe.each<[string, LanRun]>([
  ['of network ports', {}],
  ['with the TCP window', { window: true }],
])('a card %s', (_name, form) => {
  it.each<[string, LanRun]>([
    ['requests and responses', { workload: 'TCP_RR' }],
    ['connections', { workload: 'TCP_CRR', operations: 20 }],
    ['a stream', { workload: 'TCP_STREAM', operations: 40 }],
    ['a stream that loses packets', { workload: 'TCP_STREAM', operations: 40, lossProbability: 0.02 }],
    ['a stream that comes in', { workload: 'TCP_MAERTS', operations: 40 }],
    ['datagrams', { workload: 'UDP_RR', size: 600 }],
    ['requests over the fifo', { workload: 'TCP_RR', operations: 40, settings: { transport: 'fifo' } }],
  ])('answers the same: %s', (_workload, run) => {
    const calls = recorded({ ...run, ...form });
    const result = replay(calls);
    expect(result.found).toEqual([]);
    expect(result.differences).toBe(0);
    expect(result.frames).toBe(framesIn(calls));
    expect(result.contexts).toBeGreaterThan(10);
    expect(result.packets!.told).toBeGreaterThan(10);
    expect(result.packets!.sent).toBeGreaterThan(10);
  });
});

describe.each(TRANSPORTS)('a tour of ports, %s', (transport) => {
  it.each([
    ['LAN', runLanTour],
    ['window', runWindowTour],
  ])('answers the same: %s', (_name, run) => {
    const list = new CallList();
    expect(run(list, { transport }, 1, 2)).toBe('');
    const { found, packets, contexts } = replay(list.calls);
    expect(found).toEqual([]);
    expect(packets!.told).toBeGreaterThan(10);
    expect(contexts).toBeGreaterThan(10);
  });
});

describe('a replay of ports names', () => {
  const lan = recorded({ operations: 20 });
  const window = recorded({ operations: 20, window: true });

  /** The calls with the first outbound frame of a function, from a number on, changed. */
  function altered(
    calls: readonly Call[],
    functionCode: number,
    change: (words: number[]) => number[],
  ): Call[] {
    let done = false;
    const changed = calls.flatMap((call): Call[] => {
      const words = call[4] as number[];
      if (done || call[0] !== 'frame' || call[1] !== OUTBOUND || words[1] >>> 24 !== functionCode)
        return [call];
      done = true;
      return [[call[0], call[1], call[2], call[3], change([...words])]];
    });
    expect(done).toBe(true);
    return changed;
  }

  const put =
    (word: number, value: number) =>
    (words: number[]): number[] =>
      words.map((old, i) => (i === word ? value : old));

  it.each<[string, readonly Call[], number, (words: number[]) => number[], string]>([
    ['a packet that was not sent', lan, LAN_PACKET_SEND, put(4, (0x0a << 24) | 8), 'LanPacketSend'],
    ['a packet of another length', lan, LAN_RECEIVE_POST, put(8, 61), 'LanReceivePost'],
    ['a context nobody gave', lan, LAN_PACKET_SEND, put(5, 0x77), 'LanPacketSend'],
    ['a window of another size', window, WINDOW_OPEN, put(10, 7), 'WindowOpen'],
    ['a packet of other headers', window, WINDOW_HEADERS, put(7, 60), 'WindowHeaders'],
    ['a fill that was not done', window, WINDOW_FILL, put(4, (0x0a << 24) | 9), 'WindowFill'],
  ])('%s', (_name, calls, functionCode, change, what) => {
    const { found } = replay(altered(calls, functionCode, change));
    expect(found.length).toBeGreaterThan(0);
    expect(found.map((difference) => difference.what)).toContain(what);
  });

  it('a packet that only one card put on the wire', () => {
    const at = lan.findIndex(([name, , sent]) => name === 'packet' && sent === true);
    const call = lan[at];
    const longer: Call = [call[0], call[1], call[2], call[3], (call[4] as number) + 1];
    const { found } = replay(lan.map((one, i) => (i === at ? longer : one)));
    expect(found.map(({ what }) => what)).toContain('packet 1 on the wire');
  });

  it('nothing in a trace that was cut', () => {
    for (const part of [0.3, 0.6, 0.9])
      expect(replay(lan.slice(0, Math.floor(lan.length * part))).found).toEqual([]);
  });
});

it('is refused for a port that our card has not', () => {
  const [head] = recorded({ operations: 1 });
  const strange = { ...(head[1] as object), devices: [{ tid: 0x019, classId: 1 }] };
  const [lanHead] = [head[1] as { classes: { name: string; id: number }[] }];
  const { id } = lanHead.classes.find(({ name }) => name === 'lan')!;
  const other = { ...strange, devices: [{ tid: 0x019, classId: id }] };
  expect(() => new Replayer(() => {}).head(other as never)).toThrow(/a port with TID 25 is none/);
});
