/** Many sockets over little kernel memory: each comes to its turn. */
import { describe, expect, it } from 'vitest';
import { worldOf } from '../../src/sweep/plan.ts';
import { planOf } from '../../src/sweep/short-form.ts';
import { readTopology } from '../../src/world/topology.ts';
import { HostWorld } from '../../src/world/virtual/host-world.ts';

describe('sockets of a host with little kernel memory', () => {
  it.each([1, 2, 3])('all get on, 32 of them over %i blocks', (blocks) => {
    const plan = planOf({
      vary: [],
      workload: 'TCP_RR',
      connections: 32,
      size: 128,
      seeds: '1',
      link: '10G,20us',
    });
    const settings = { 'pools.transmitBuffers': blocks, seed: 1 };
    const world = new HostWorld(readTopology(worldOf(plan, settings)), () => ({
      costs: {},
      interruptNs: 1000,
    }));
    const clients = world.programs.flatMap(({ body }) => ('operationsMax' in body ? [body] : []));
    for (const client of clients) client.operationsMax = 3200;
    expect(world.runPrograms(10e9)).toBe(true);
    expect(world.unbalanced()).toBeUndefined();
    for (const client of clients) expect(client.unsettled).toBe(0);
    for (const { memory } of world.stacks) expect(memory.available).toBe(blocks);
  });

  it('names each ready socket once, in the order of its news', async () => {
    const { ReadyList } = await import('../../src/host/ready-list.ts');
    const list = new ReadyList(3);
    for (const socket of [2, 0, 2, 1, 0]) list.note(socket);
    expect([list.next(), list.next(), list.next(), list.next()]).toEqual([2, 0, 1, -1]);
    list.note(2);
    expect([list.next(), list.next()]).toEqual([2, -1]);
  });
});
