/** Worlds of threads that are opened again and again, and whose threads are ended by force. */
import { afterEach, describe, expect, it } from 'vitest';
import { ENETDOWN } from '../../src/socket/errno.ts';
import { ThreadWorld } from '../../src/world/thread/thread-world.ts';
import { readTopology } from '../../src/world/topology.ts';

const SMALL = {
  pools: { transmitBuffers: 16, transmitBufferBytes: 2048, receiveBuckets: 16, receiveBucketBytes: 2048 },
  driver: { socketsMax: 32 },
};

function pair(operations: number): unknown {
  return {
    hosts: { l: {}, r: {} },
    cards: {
      a: { ...SMALL, host: 'l', ports: { p: { address: '10.0.0.1/24' } } },
      b: { ...SMALL, host: 'r', ports: { p: { address: '10.0.0.2/24' } } },
    },
    switches: { sw: {} },
    links: { x: { ends: ['a.p', 'sw'] }, y: { ends: ['sw', 'b.p'] } },
    programs: {
      s: { workload: 'TCP_RR', role: 'server', host: 'r' },
      k: { workload: 'TCP_RR', role: 'client', host: 'l', server: 's', operations },
    },
  };
}

let open: ThreadWorld | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

/**
 * Ends a thread of the world as the system might.
 * @param site its number: card a, card b, then the switch.
 */
function kill(world: ThreadWorld, site: number): Promise<number> {
  const { far } = world as unknown as { far: { threads: { worker: { terminate(): Promise<number> } }[] } };
  return far.threads[site - 1].worker.terminate();
}

describe('a world of threads', () => {
  it('opens, serves and closes as often as asked, and closes twice', async () => {
    for (let i = 0; i < 3; i++) {
      const world = await ThreadWorld.open(readTopology(pair(20)));
      open = world;
      expect(world.runPrograms(60e9)).toBe(true);
      expect(world.books().lines).toEqual([]);
      await world.close();
      await world.close();
    }
  }, 60_000);

  it('fails the sockets of a card whose thread is ended, whether or not an event tells of it', async () => {
    const world = await ThreadWorld.open(readTopology(pair(Number.MAX_SAFE_INTEGER)));
    open = world;
    expect(world.run(() => false, 20e6)).toBe(false);
    const [a, b] = world.cards.map(({ host }) => host.sockets);
    const idle = b.socket();
    // Nobody tells of the end: the program runs the world, and no event finds a turn.
    const gone = kill(world, 2);
    expect(() => world.run(() => false, 10e9)).toThrow(/ENETDOWN/);
    expect(b.connect(idle, 0x0a000001, 7)).toBe(-ENETDOWN);
    expect(b.socket()).toBe(-ENETDOWN);
    expect(a.socket()).toBeGreaterThanOrEqual(0);
    await gone;
    // Here the event comes first.
    const other = a.socket();
    await kill(world, 1);
    expect(a.connect(other, 0x0a000002, 7)).toBe(-ENETDOWN);
    await world.close();
  }, 60_000);

  it('closes though the thread of a switch has been ended', async () => {
    const world = await ThreadWorld.open(readTopology(pair(Number.MAX_SAFE_INTEGER)));
    open = world;
    world.run(() => false, 20e6);
    await kill(world, 3);
    expect(world.run(() => false, 20e6)).toBe(false);
    await world.close();
  }, 60_000);
});
