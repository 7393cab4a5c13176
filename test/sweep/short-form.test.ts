/** Plans that a command line says in a few words: the world they get. */
import { describe, expect, it } from 'vitest';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { settingsOf, worldOf } from '../../src/sweep/plan.ts';
import { planOf } from '../../src/sweep/short-form.ts';
import { planCardMemory } from '../../src/world/build/card-memory.ts';
import { readTopology } from '../../src/world/topology.ts';

const form = { workload: 'TCP_RR', vary: ['pools.transmitBuffers=64'] };
const cardsOf = (connections: number) => {
  const plan = planOf({ ...form, connections });
  return readTopology(worldOf(plan, settingsOf(plan, 0))).cards;
};

describe('the world of a short form', () => {
  it('has the sockets of the bundled one, or two for each connection where it needs more', () => {
    const sockets = (connections: number) =>
      cardsOf(connections).map(({ config }) => config.driver.socketsMax);
    expect(sockets(500)).toEqual([1024, 1024]);
    expect(sockets(2000)).toEqual([4000, 4000]);
    expect(sockets(49_000)).toEqual([98_000, 98_000]);
  });

  it('is called by what it is given', () => {
    const title = (connections: number, size: number): string => planOf({ ...form, connections, size }).title;
    expect(title(1, 1)).toBe('TCP_RR, 1 connection, 1 byte');
    expect(title(2, 128)).toBe('TCP_RR, 2 connections, 128 bytes');
  });

  it('takes sizes with their unit, for which its cards have room', () => {
    const plan = planOf({
      workload: 'UDP_RR',
      vary: ['workload.size=1KiB,2KiB'],
      set: ['workload.response=32KiB'],
    });
    const { programs, cards } = readTopology(worldOf(plan, settingsOf(plan, 1)));
    expect(programs.map(({ sizeBytes, responseBytes }) => [sizeBytes, responseBytes])).toEqual(
      programs.map(() => [2048, 32_768]),
    );
    for (const { config } of cards) expect(config.pools.receiveBucketBytes).toBeGreaterThan(32_768);
  });

  it('refuses what is no setting, and says where it may stand', () => {
    expect(() => planOf({ ...form, set: ['size=4'] })).toThrow(
      '"set" "size" is not known: did you mean workload.size?',
    );
  });

  it.each([
    [
      { set: ['pools.transmitBuffers=8'] },
      '"set" "pools.transmitBuffers" says "cards.left.pools.transmitBuffers" too',
    ],
    [{ vary: ['workload.size=1,2', 'workload.size=4'] }, '"vary.workload.size" is said twice'],
    [{ set: ['workload.think=1ms', 'workload.think=2ms'] }, '"set" "workload.think" is said twice'],
    [
      { connections: 4, vary: ['workload.connections=2'] },
      '"vary.workload.connections": "connections" says it',
    ],
    [{ size: 4, set: ['workload.size=2'] }, '"set" "workload.size": "size" says it too: keep one of the two'],
    [{ set: ['cards.left.mtu=600'], vary: ['mtu=700'] }, '"cards.left.mtu" says "cards.left.mtu" too'],
    [{ vary: ['links.wire.delay=1us', 'link.delay=2us'] }, '"vary.links.wire.delay" says "links.wire.delay"'],
    [{ set: ['seed=4'] }, '"set" "seed" is said by --seed'],
    [{ set: ['costs=card-2002'] }, '"set" "costs" is said by --costs'],
    [{ set: ['cards.left.pools.transmitBuffers=8'], vary: [] }, 'what varies where no "vary" says what does'],
  ])('refuses what is said twice: %j', (said, words) => {
    expect(() => planOf({ ...form, ...said })).toThrow(words);
  });

  it('may vary nothing where one point is wanted, and then what usually varies can be set', () => {
    const plan = planOf({ workload: 'TCP_RR', vary: [], set: ['pools.transmitBuffers=8'] }, true);
    expect(plan.vary).toEqual({});
    const { cards } = readTopology(worldOf(plan, settingsOf(plan, 0)));
    expect(cards.map(({ config }) => config.pools.transmitBuffers)).toEqual([8, 8]);
  });

  it('is called by nothing that varies', () => {
    const plan = planOf({ workload: 'TCP_RR', vary: ['workload.size=64,128'] });
    expect(plan.title).toBe('TCP_RR, 32 connections');
  });

  it('has memory for as many sockets as a card may have', () => {
    for (const { name, config } of cardsOf(49_000)) {
      expect(() => planCardMemory(new MemoryPlan(), name, config)).not.toThrow();
    }
  });
});
