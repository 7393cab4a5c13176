/**
 * A card with several devices, traced: its socket module names its own TID in every reply, the validator
 * knows which device the driver speaks to, and the replay builds the same devices.
 */
import { describe, expect, it } from 'vitest';
import { frameTarget } from '../../src/i2o/frame.ts';
import { ECHO_CLASS_ID, FIRST_DEVICE_TID, IOP_TID, SOCKET_CLASS_ID } from '../../src/i2o/tids.ts';
import type { Difference } from '../../src/replay/card-replay.ts';
import { Replayer } from '../../src/replay/replayer.ts';
import { Tour } from '../../src/tour/tour.ts';
import type { TraceHead } from '../../src/trace/sink.ts';
import { Validator } from '../../src/validate/validator.ts';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { type Call, CallList, replayCall } from '../trace/calls.ts';
import { found } from '../validate/found.ts';

type Kind = 'echo' | 'socket';
const CLASSES = { echo: ECHO_CLASS_ID, socket: SOCKET_CLASS_ID };

/** The trace of a tour of every message, on a card with these modules. */
function traceOf(modules: readonly Kind[]): readonly Call[] {
  // A replay knows no costs: a tour whose work takes time goes by other timers.
  const world = readTopology({
    costs: 'none',
    hosts: { h: {} },
    cards: { c: { host: 'h', modules: [...modules], ports: { p: { address: '10.0.0.1/24' } } } },
  });
  const list = new CallList();
  const virtual = new VirtualWorld(world, [{ sink: list }]);
  new Tour(virtual.cards[0].stack, 1).run(2);
  virtual.run(() => false, 300e9);
  virtual.cards[0].endTrace();
  return list.calls;
}

const framesOf = (calls: readonly Call[]): Int32Array[] =>
  calls.filter(([name]) => name === 'frame').map((call) => Int32Array.from(call[4] as number[]));

/** The trace with every frame of one device said to be another's. */
function moved(calls: readonly Call[], from: number, to: number): Call[] {
  return calls.map((call): Call => {
    if (call[0] !== 'frame') return call;
    const words = [...(call[4] as number[])];
    if ((words[1] & 0xfff) === from) words[1] = (words[1] & ~0xfff) | to;
    return [call[0], call[1], call[2], call[3], words];
  });
}

function judge(calls: readonly Call[]): string[] {
  const validator = new Validator();
  for (const call of calls) replayCall(validator, call);
  return found(validator);
}

describe.each<{ modules: Kind[] }>([{ modules: ['echo', 'socket'] }, { modules: ['socket', 'echo'] }])(
  'a card with $modules',
  ({ modules }) => {
    const calls = traceOf(modules);
    const tid = FIRST_DEVICE_TID + modules.indexOf('socket');
    const head = calls[0][1] as TraceHead;

    it('lists its devices in the head of the trace', () => {
      const devices = modules.map((kind, i) => ({ tid: FIRST_DEVICE_TID + i, classId: CLASSES[kind] }));
      expect(head.devices).toEqual(devices);
    });

    it('has the TID of its socket module in every frame that is not the executive’s', () => {
      const targets = new Set(framesOf(calls).map((words) => frameTarget(words, 0)));
      expect([...targets].sort()).toEqual([IOP_TID, tid]);
    });

    it('breaks no rule', () => {
      expect(judge(calls)).toEqual([]);
    });

    it('is not taken for another of its devices', () => {
      const other = FIRST_DEVICE_TID + modules.indexOf('echo');
      expect(judge(moved(calls, tid, other)).some((line) => line.includes('H-07'))).toBe(true);
    });

    it('answers the same in a replay', () => {
      const differences: Difference[] = [];
      const replayer = new Replayer((difference) => differences.push(difference));
      for (const call of calls) replayCall(replayer, call);
      expect(differences).toEqual([]);
      expect(replayer.result()).toMatchObject({ differences: 0 });
      expect(replayer.result().replies).toBeGreaterThan(20);
    });
  },
);

describe('a trace', () => {
  const [[name, head], ...rest] = traceOf(['socket']) as [[string, TraceHead], ...Call[]];

  it('lists no devices where the card has one alone', () => {
    expect(name).toBe('head');
    expect(head).not.toHaveProperty('devices');
    expect(judge([[name, head], ...rest])).toEqual([]);
  });

  it.each([
    ['TIDs', { tid: 0x011, classId: SOCKET_CLASS_ID }],
    ['a class', { tid: FIRST_DEVICE_TID, classId: 0x0a5 }],
  ])('of a card with %s that ours has not is not replayed', (_name, device) => {
    const replayer = new Replayer(() => {});
    expect(() => replayer.head({ ...head, devices: [device] })).toThrow(/none that a card of ours has/);
  });
});
