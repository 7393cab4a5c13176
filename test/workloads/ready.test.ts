import { describe, expect, it } from 'vitest';
import { measure } from '../../src/sweep/measure.ts';
import { ReadySockets, Tries } from '../../src/workloads/ready.ts';

/** A stack that names these sockets. */
function stackOf(named: number[]): { nextReady(): number } {
  return { nextReady: () => named.shift() ?? -1 };
}

describe('which sockets are worth a call', () => {
  it('is every socket where the stack is not asked', () => {
    const tries = new Tries(2, undefined);
    tries.watch(0, 7);
    tries.wait(0);
    expect([tries.at(0), tries.at(1)]).toEqual([true, true]);
  });

  it('is a new socket, and one that the stack has named since it had to wait', () => {
    const named: number[] = [];
    const ready = new ReadySockets(stackOf(named));
    const tries = new Tries(2, ready);
    tries.watch(0, 7);
    tries.watch(1, 9);
    tries.wait(0);
    tries.wait(1);
    named.push(9);
    expect(ready.collect()).toBe(1);
    expect([tries.at(0), tries.at(1)]).toEqual([false, true]);
    tries.watch(0, 11);
    expect(tries.at(0)).toBe(true);
  });

  it.each([1, 31, 32, 33, 64, 100])('are found one after the other, of %i places', (places) => {
    const tries = new Tries(places, new ReadySockets(stackOf([])));
    const worth = Array.from({ length: places }, (_, place) => place % 3 === 0 || place % 32 === 31);
    worth.forEach((isWorth, place) => {
      if (!isWorth) tries.wait(place);
    });
    const found: number[] = [];
    for (let place = tries.next(0); place < places; place = tries.next(place + 1)) found.push(place);
    expect(found).toEqual(worth.flatMap((isWorth, place) => (isWorth ? [place] : [])));
    expect(worth.map((_, place) => tries.at(place))).toEqual(worth);
    expect(tries.next(places)).toBe(places);
    // A step wakes places before and after the one it is at: it comes to those after it.
    tries.wait(places - 1);
    expect(tries.next(places - 1)).toBe(places);
    tries.wake(places - 1);
    expect(tries.next(places - 1)).toBe(places - 1);
  });

  it('is told to each of the programs over one stack, and to nobody of a socket that nobody watches', () => {
    const ready = new ReadySockets(stackOf([4, 5, 6]));
    const [client, server] = [new Tries(1, ready), new Tries(1, ready)];
    client.watch(0, 4);
    server.watch(0, 5);
    client.wait(0);
    server.wait(0);
    expect(ready.collect()).toBe(3);
    expect([client.at(0), server.at(0)]).toEqual([true, true]);
  });
});

describe('a program of a described world', () => {
  const world = (eventLoop: string) => ({
    hosts: { left: {}, right: {} },
    cards: {
      a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } } },
      b: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } } },
    },
    links: { wire: { ends: ['a.eth0', 'b.eth0'], rate: '10Gbit/s', delay: '10us' } },
    programs: Object.fromEntries(
      ['TCP_RR', 'TCP_CRR', 'TCP_STREAM'].flatMap((workload, i) => [
        [`server${i}`, { workload, role: 'server', host: 'right', port: 7 + i, connections: 40, eventLoop }],
        [
          `client${i}`,
          { workload, role: 'client', host: 'left', server: `server${i}`, connections: 40, eventLoop },
        ],
      ]),
    ),
  });
  const timed = (eventLoop: string) => measure(world(eventLoop), undefined, { operations: 2000 });

  it('is done with the same operations whichever event loop it has', () => {
    for (const eventLoop of ['readiness', 'polling']) expect(timed(eventLoop).balanced).toBe(true);
  });

  it('pays for no call at connections that rest', () => {
    const idle = { workload: 'TCP_RR', connections: 300, think: '20ms', spread: 'exponential' };
    const { programs: _none, ...pair } = world('readiness');
    const host = (eventLoop: string) =>
      measure(pair, { ...idle, eventLoop }, { operations: 1000 }).timeUs.host;
    // Two calls for a request and two for its response, and for each of those at most one that fails.
    expect(host('readiness')).toBeLessThan(2);
    expect(host('polling')).toBeGreaterThan(10);
  });

  it('waits for no other news where its own calls have made a socket ready', () => {
    const few = { ...world('readiness').cards.a, pools: { transmitBuffers: 1 } };
    const tight = {
      ...world('readiness'),
      cards: { a: few, b: { ...few, host: 'right', ports: { eth0: { address: '10.0.0.2/24' } } } },
    };
    const { programs: _none, ...pair } = tight;
    const rate = measure(
      pair,
      { workload: 'TCP_RR', connections: 8, size: 4096 },
      { operations: 200 },
    ).ratePerS;
    expect(rate).toBeGreaterThan(0);
  });
});
