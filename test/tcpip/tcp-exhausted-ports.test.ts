/** A host that is out of ports: it says so without a search, and takes what comes free at once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScaleBed, tablesOf } from '../../bench/scale/bed.ts';
import { EADDRNOTAVAIL } from '../../src/socket/errno.ts';
import { ExhaustedPorts } from '../../src/tcpip/tcp/exhausted-ports.ts';
import { ESTABLISHED, LISTEN, SYN_SENT, TIME_WAIT } from '../../src/tcpip/tcp/state.ts';
import { trips } from '../rules/trips.ts';
import { World } from './harness.ts';
import { Script } from './script.ts';
import type { Socket } from './socket.ts';
import { ADDRESS_B } from './wire.ts';

const FIRST = 50_000;
const PORTS = 6;
const RANGE = { ephemeralFirst: FIRST, ephemeralLast: FIRST + PORTS - 1 };

interface Held {
  readonly socket: Socket;
  /** 0: bound, and not connected. */
  readonly remotePort: number;
}

describe('a connect', () => {
  it('finds a port exactly when there is one, whatever opens, binds and closes', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.tuple(fc.constant('connect'), fc.constantFrom(80, 81)) },
      { weight: 3, arbitrary: fc.tuple(fc.constant('close'), fc.nat()) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('bind'), fc.integer({ min: 0, max: PORTS - 1 })) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('by number'), fc.integer({ min: 0, max: PORTS - 1 })) },
    );
    let refused = 0;
    let after = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
        const script = new Script({ config: RANGE });
        const held: Held[] = [];
        const isUsable = (port: number, remotePort: number): boolean =>
          held.every(({ socket, remotePort: other }) => {
            if (socket.localPort !== port) return true;
            return other !== 0 && other !== remotePort && !bound.has(socket);
          });
        const bound = new Set<Socket>();
        for (const [kind, number] of steps) {
          if (kind === 'close') {
            const [gone] = held.splice(number % Math.max(1, held.length), 1);
            gone?.socket.closes();
            continue;
          }
          const socket = script.socket(1);
          if (kind === 'connect') {
            const free = Array.from({ length: PORTS }, (_, i) => isUsable(FIRST + i, number)).some(Boolean);
            const errno = socket.connects(ADDRESS_B, number);
            expect(errno).toBe(free ? 0 : EADDRNOTAVAIL);
            if (!free) refused += 1;
            else if (refused > 0) after += 1;
            if (free) held.push({ socket, remotePort: number });
            else socket.closes();
          } else if (socket.binds(FIRST + number) === 0) {
            bound.add(socket);
            if (kind === 'by number') expect(socket.connects(ADDRESS_B, 80)).toBe(0);
            held.push({ socket, remotePort: kind === 'by number' ? 80 : 0 });
          } else socket.closes();
        }
        for (const { socket } of held) socket.closes();
      }),
      { numRuns: 60 },
    );
    expect(refused).toBeGreaterThan(40);
    expect(after, 'connects that found a port again').toBeGreaterThan(40);
  });
});

/** All ports of a range opened to a server, and closed from here: each waits in TIME-WAIT. */
function waiting(timeWaitReuseUs: number) {
  const world = new World({ config: { ...RANGE, timeWaitReuseUs } });
  const { a, b } = world;
  const listener = world.listen(80);
  const connect = (owner: number): number => {
    const c = a.stack.tcpOpen(owner);
    const errno = a.stack.tcpConnect(c, b.address, 80, world.nowUs);
    if (errno !== 0) a.stack.tcpClose(c, world.nowUs);
    return errno === 0 ? c : 0 - errno;
  };
  const clients = Array.from({ length: PORTS }, (_, i) => connect(1 + i));
  world.run(100_000);
  for (let i = 0; i < PORTS; i++) {
    const server = b.stack.tcpAccept(listener, 100 + i);
    a.stack.tcpClose(clients[i], world.nowUs);
    world.run(1000);
    b.stack.tcpClose(server, world.nowUs);
    world.run(1000);
  }
  return { world, connect };
}

describe('ports in TIME-WAIT', () => {
  it('are refused until it ends, all at one glance', () => {
    const { world, connect } = waiting(61_000_000);
    expect(connect(20)).toBe(-EADDRNOTAVAIL);
    world.run(30_000_000);
    expect(connect(20)).toBe(-EADDRNOTAVAIL);
    world.run(31_000_000);
    for (let i = 0; i < PORTS; i++) expect(connect(20 + i)).toBeGreaterThanOrEqual(0);
    expect(connect(40)).toBe(-EADDRNOTAVAIL);
  });

  it('are followed as soon as timestamps allow it (RFC 6191), though nothing has ended', () => {
    const { world, connect } = waiting(1_000_000);
    expect(connect(20)).toBe(-EADDRNOTAVAIL);
    world.run(500_000);
    expect(connect(20)).toBe(-EADDRNOTAVAIL);
    world.run(600_000);
    for (let i = 0; i < PORTS; i++) expect(connect(20 + i)).toBeGreaterThanOrEqual(0);
    expect(connect(40)).toBe(-EADDRNOTAVAIL);
  });
});

describe('ports of which hardly one is free', () => {
  const COUNT = 2048;
  const SERVER = 0x0a00_0001;
  /** A host with all ports of a range but a few in connects to one server, and how many were looked at since. */
  function nearlyFull(left: number) {
    const config = { ephemeralFirst: 20_000, ephemeralLast: 20_000 + COUNT - 1 };
    const bed = new ScaleBed({ connections: COUNT + 8, active: COUNT + 9, addresses: 1, ports: 1, config });
    const { client: stack, nowUs } = bed;
    const { demux } = tablesOf(stack);
    const connect = (port = 80): number => {
      const c = stack.tcpOpen(1);
      const errno = stack.tcpConnect(c, SERVER, port, nowUs);
      if (errno === 0) return c;
      stack.tcpClose(c, nowUs);
      return 0 - errno;
    };
    const held = Array.from({ length: COUNT - left }, () => connect());
    let looks = 0;
    const find = demux.find.bind(demux);
    demux.find = (remote, local, ports) => {
      looks += 1;
      return find(remote, local, ports);
    };
    return { stack, connect, held, close: (c: number) => stack.tcpClose(c, nowUs), looks: () => looks };
  }

  it.each([
    [2, 20],
    // Where more are free a search is not long, and may go on.
    [20, 256],
  ])('%i: one that comes free is found in few steps', (left, most) => {
    const { connect, held, close, looks } = nearlyFull(left);
    // The first search may be long; it says that they are scarce.
    held.push(connect());
    const before = looks();
    const rounds = 300;
    for (let i = 0; i < rounds; i++) {
      const [gone] = held.splice((i * 7919) % held.length, 1) as [number];
      close(gone);
      const next = connect();
      expect(next).toBeGreaterThanOrEqual(0);
      held.push(next);
    }
    // Twice for the connect itself, and with costly assertions for what they look at.
    expect((looks() - before) / rounds).toBeLessThan(most);
  });

  it('are found to the last, and another server has all of its own', () => {
    const { stack, connect, held, looks } = nearlyFull(20);
    for (let i = 0; i < 20; i++) held.push(connect());
    expect(connect()).toBe(-EADDRNOTAVAIL);
    expect(new Set(held.map((c) => stack.tcpLocalPort(c))).size).toBe(COUNT);
    const before = looks();
    expect(connect(81)).toBeGreaterThanOrEqual(0);
    expect(looks() - before).toBeLessThan(20);
  });
});

describe('connections by state', () => {
  it('are those that there are, TIME-WAIT by its table', () => {
    const { world, connect } = waiting(1_000_000);
    const states = (side: World['a']): Int32Array => {
      const counts = new Int32Array(12);
      side.stack.countStates(counts);
      return counts;
    };
    expect([...states(world.a)].reduce((sum, count) => sum + count, 0)).toBe(PORTS);
    expect(states(world.a)[TIME_WAIT]).toBe(PORTS);
    expect(states(world.b)[LISTEN]).toBe(1);
    world.run(2_000_000);
    expect(connect(20)).toBeGreaterThanOrEqual(0);
    expect(states(world.a)[SYN_SENT]).toBe(1);
    world.run(100_000);
    expect([states(world.a)[ESTABLISHED], states(world.a)[TIME_WAIT]]).toEqual([1, PORTS - 1]);
    expect(states(world.b)[ESTABLISHED]).toBe(1);
  });
});

describe('what is known of a destination', () => {
  trips('exhausted ports: a destination has a port', () => new ExhaustedPorts().note(1, 2, 0, 0));
  trips('exhausted ports: time passes for a destination that is known', () => new ExhaustedPorts().isPast(0));
  trips('exhausted ports: what is put off is known', () => new ExhaustedPorts().extend(0));
  trips('exhausted ports: what has come free is asked of a destination that is followed', () =>
    new ExhaustedPorts().takeFreed(),
  );
  trips('exhausted ports: a connection that leaves had a port', () => {
    const exhausted = new ExhaustedPorts();
    exhausted.note(1, 2, 80, 0);
    exhausted.left(2, 1, 80 << 16);
  });

  it('is given up when more come free than it keeps', () => {
    const exhausted = new ExhaustedPorts();
    exhausted.note(1, 2, 80, 0);
    for (let port = 1; port <= 1024; port++) exhausted.left(2, 1, (80 << 16) | port);
    expect(exhausted.isKnown(1, 2, 80)).toBe(true);
    exhausted.left(2, 1, (80 << 16) | 1025);
    expect(exhausted.isKnown(1, 2, 80)).toBe(false);
  });

  it('is of that destination alone', () => {
    const exhausted = new ExhaustedPorts();
    exhausted.note(1, 2, 80, 0);
    exhausted.left(3, 1, (80 << 16) | 7);
    exhausted.left(2, 1, (81 << 16) | 8);
    exhausted.left(2, 1, (80 << 16) | 9);
    expect([exhausted.takeFreed(), exhausted.takeFreed()]).toEqual([9, 0]);
    expect([exhausted.isKnown(1, 2, 81), exhausted.isKnown(1, 3, 80)]).toEqual([false, false]);
  });
});
