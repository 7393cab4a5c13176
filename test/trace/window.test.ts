/** What is recorded of a card with the TCP window in virtual time, and in words. */
import { expect, it } from 'vitest';
import { TraceLines } from '../../src/report/trace-lines.ts';
import { worldOf } from '../../src/sweep/plan.ts';
import { planOf } from '../../src/sweep/short-form.ts';
import { TraceDecoder, type TraceEvent } from '../../src/trace/decode/decoder.ts';
import { readTopology } from '../../src/world/topology.ts';
import { HostWorld } from '../../src/world/virtual/host-world.ts';

it('is read in words: what is filled, sent, placed and released, and what has come', () => {
  const events: TraceEvent[] = [];
  const lines = new TraceLines();
  let text = '';
  const sink = new TraceDecoder((event) => {
    events.push(event);
    text += lines.lines(event);
  });
  const plan = planOf({
    vary: [],
    workload: 'TCP_RR',
    connections: 2,
    size: 3000,
    seeds: '1',
    link: '1G,20us',
  });
  const topology = readTopology(worldOf(plan, { seed: 1, packetSlots: 512 } as never));
  const costs = { costs: {}, interruptNs: 0, window: { directBytesMin: 0 } };
  const world = new HostWorld(topology, () => costs, undefined, [{ sink }]);
  for (const { body } of world.programs) if ('operationsMax' in body) body.operationsMax = 20;
  expect(world.runPrograms(60e9)).toBe(true);
  world.endTraces();
  const [first, last] = [events[0], events.at(-1)];
  if (first.type !== 'head' || last?.type !== 'end') throw new Error('no head, or no end');
  expect(first.head.classes.map(({ name }) => name)).toEqual(['executive', 'window']);
  expect(last.end.iop['windowFills']).toBe(last.end.host['windowFillsAsked']);
  const named = (message: string): number =>
    events.filter((event) => event.type === 'frame' && event.message === message).length;
  for (const message of ['WindowReset', 'WindowOpen', 'WindowHeaders'])
    expect(named(message)).toBeGreaterThan(0);
  for (const message of ['WindowFill', 'WindowSend', 'WindowPlace', 'WindowRelease'])
    expect([message, named(message) > 0]).toEqual([message, true]);
  expect(text).not.toMatch(/undefined|!!/);
});
