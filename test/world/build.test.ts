/**
 * What a world is built of, part by part: the plan's plugs, the short forms, the programs, a host's turn, the
 * books.
 */
import { describe, expect, it } from 'vitest';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { WIRE_ARRIVED, WIRE_DROPPED, WIRE_DUPLICATED, WIRE_SENT } from '../../src/ledger/counters.gen.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { Driver } from '../../src/osm/kernel/driver.ts';
import { NEVER } from '../../src/time/agent.ts';
import { WiresAtRest } from '../../src/world/build/books.ts';
import { HostAgent } from '../../src/world/build/host-agent.ts';
import { clientsFinished, serversIdle, type WorldProgram } from '../../src/world/build/programs.ts';
import { cardPair, singleCard } from '../../src/world/build/short-forms.ts';
import { Plugs, planWorld } from '../../src/world/build/world-plan.ts';
import { cardConfig } from '../../src/world/config/card-config.ts';
import { openInlineWorld } from '../../src/world/inline/inline-world.ts';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { trips } from '../rules/trips.ts';

const SMALL = {
  pools: { transmitBuffers: 16, transmitBufferBytes: 2048, receiveBuckets: 16, receiveBucketBytes: 2048 },
  driver: { socketsMax: 16 },
};

const end = (card: number, port: number) => ({ card, port });

describe('the plugs of a world', () => {
  const there = { from: end(0, 0), to: end(1, 0) };
  const back = { from: end(1, 0), to: end(0, 0) };

  it('are two wires at each port, found by its place', () => {
    const plugs = new Plugs([there, back, { from: { switch: 0, port: 0 }, to: { switch: 0, port: 0 } }]);
    expect(plugs.at(end(0, 0))).toEqual({ out: 0, in: 1 });
    expect(plugs.at(end(1, 0))).toEqual({ out: 1, in: 0 });
    expect(plugs.at({ switch: 0, port: 0 })).toEqual({ out: 2, in: 2 });
  });

  trips('world plan: one wire leaves by each port', () => new Plugs([there, { ...back, from: end(0, 0) }]));
  trips('world plan: one wire arrives at each port', () => new Plugs([there, { ...back, to: end(1, 0) }]));
  trips('world plan: every port has a wire out and a wire in', () => new Plugs([there]).at(end(0, 0)));
});

/** A card whose second port is named as its inner loop once was, with one name for everything else. */
const ONE_NAME = {
  hosts: { a: {} },
  cards: {
    a: {
      ...SMALL,
      host: 'a',
      loopback: true,
      ports: { a: { address: '10.0.0.1/24' }, loop: { address: '10.0.1.1/24' } },
    },
    b: { ...SMALL, host: 'a', ports: { a: { address: '10.0.0.2/24' } } },
  },
  switches: { a: {} },
  links: { a: { ends: ['a.a', 'a'] }, b: { ends: ['a', 'b.a'] } },
  programs: {
    a: { workload: 'TCP_RR', role: 'server', host: 'a', card: 'a', address: '10.0.1.1' },
    b: { workload: 'TCP_RR', role: 'client', host: 'a', card: 'a', server: 'a', operations: 3 },
  },
};

describe('a world in which everything has one name', () => {
  it('keeps apart what has it', () => {
    const world = new VirtualWorld(readTopology(ONE_NAME));
    expect(world.runPrograms(60e9)).toBe(true);
    expect(world.books().lines).toEqual([]);
    expect(world.books().links['a.inner loop']['wireSent']).toBeGreaterThan(6);
    expect(world.books().links['a.loop']).toEqual({});
  });
});

describe('the short forms', () => {
  const config = cardConfig({ ...SMALL, mtu: 1500 });
  const form = { name: 'card', seed: 3, modules: ['socket'] } as const;

  it('are one card on a host of its own, with no links', () => {
    const world = singleCard(config, form);
    expect(world).toMatchObject({ seed: 3, links: [], switches: [], programs: [] });
    expect(world.hosts.map(({ name }) => name)).toEqual(['card.host']);
    expect(world.cards).toMatchObject([
      { name: 'card', host: 0, ports: ['port0'], doorbellNs: 0, processor: { costs: {} } },
    ]);
  });

  it('and two cards, each on a host of its own, joined by a link', () => {
    const costs = { hostCosts: { userCalls: 1 }, iopCosts: { inboundReleased: 2 }, doorbellNs: 3 };
    const world = cardPair([config, config], { delayNs: 5 }, { ...form, ...costs, interruptNs: 4 });
    expect(world.hosts).toMatchObject([
      { name: 'card0.host', processor: { costs: { userCalls: 1 } } },
      { name: 'card1.host', processor: { costs: { userCalls: 1 } } },
    ]);
    expect(world.cards).toMatchObject([
      { name: 'card0', host: 0, doorbellNs: 3, interruptNs: 4, processor: { costs: { inboundReleased: 2 } } },
      { name: 'card1', host: 1 },
    ]);
    expect(world.links).toMatchObject([
      { pipe: { delayNs: 5, queueFrames: 256 }, ends: [end(0, 0), end(1, 0)] },
    ]);
  });
});

describe('when the programs of a world are done', () => {
  const client = (opened: number, finished: boolean) => ({ opened, finished }) as WorldProgram['body'];
  const server = (accepted: number, connections: number) =>
    ({ accepted, connections }) as WorldProgram['body'];
  const all = (...bodies: WorldProgram['body'][]) => bodies.map((body) => ({ body }) as WorldProgram);

  it('every client must have finished; servers never do', () => {
    expect(clientsFinished(all(server(0, 3)))).toBe(true);
    expect(clientsFinished(all(server(0, 3), client(1, true), client(1, false)))).toBe(false);
    expect(clientsFinished(all(client(1, true), client(2, true)))).toBe(true);
  });

  it('servers are idle when each connection has come and gone', () => {
    expect(serversIdle(all())).toBe(true);
    expect(serversIdle(all(server(2, 0), client(3, true)))).toBe(false); // one has yet to be accepted
    expect(serversIdle(all(server(3, 1), client(3, true)))).toBe(false); // one is open
    expect(serversIdle(all(server(1, 0), server(2, 0), client(3, true)))).toBe(true);
  });
});

describe('a host', () => {
  const driver = (work: number, armed: boolean, dueNs: number) =>
    ({
      poll: () => work,
      arm: () => armed,
      nextDeadlineNs: () => dueNs,
      deadErrno: 0,
      checkHealth: () => true,
      blocked: { takeHeld: () => undefined },
    }) as unknown as Driver;

  it('polls all its drivers and gives every program its step, the watches first', () => {
    const host = new HostAgent('h');
    const order: string[] = [];
    host.addDriver(driver(2, true, NEVER), { lookForInterrupt: () => order.push('watch') });
    host.addDriver(driver(3, true, NEVER), undefined);
    host.addProgram({ step: () => order.push('one') });
    host.addProgram({ step: () => order.push('two') });
    expect(host.poll()).toBe(2 + 3 + 2 + 3);
    expect(order).toEqual(['watch', 'one', 'two']);
  });

  it('rests only when every driver is armed, until the first of all deadlines', () => {
    const host = new HostAgent('h');
    expect(host.arm()).toBe(true);
    expect(host.nextDeadlineNs()).toBe(NEVER);
    host.addDriver(driver(0, true, 70), undefined);
    host.addProgram({ step: () => 0 });
    expect(host.nextDeadlineNs()).toBe(70);
    host.addProgram({ step: () => 0, nextDeadlineNs: () => 30 });
    expect(host.nextDeadlineNs()).toBe(30);
    expect(host.arm()).toBe(true);
    host.addDriver(driver(0, false, NEVER), undefined);
    expect(host.arm()).toBe(false);
  });
});

describe('a host whose card has died', () => {
  const dying = () => {
    const state = { deadErrno: 0, looks: 0, alive: true };
    const driver = {
      poll: () => 1,
      arm: () => true,
      nextDeadlineNs: () => NEVER,
      get deadErrno() {
        return state.deadErrno;
      },
      checkHealth: () => {
        state.looks += 1;
        if (!state.alive) state.deadErrno = 100;
        return state.alive;
      },
    };
    const host = new HostAgent('h');
    host.addDriver(driver as unknown as Driver, undefined);
    return { state, host };
  };

  it('does not rest at first, so that its programs hear of it, and looks no more then', () => {
    const { state, host } = dying();
    expect(host.arm()).toBe(true);
    state.alive = false;
    expect(host.arm()).toBe(false);
    expect(host.arm()).toBe(true);
    expect(state.looks).toBe(2);
  });

  it('hears of it though it never rests', () => {
    const { state, host } = dying();
    state.alive = false;
    for (let i = 0; i < 1024; i++) host.poll();
    expect(state.deadErrno).not.toBe(0);
  });
});

describe('a program that throws', () => {
  const world = {
    ...ONE_NAME,
    programs: {
      ...ONE_NAME.programs,
      b: { ...ONE_NAME.programs.b, operations: 50 },
    },
  };
  const broken = (at: number) => {
    let steps = 0;
    return {
      step: () => {
        steps += 1;
        if (steps >= at) throw new Error('the program is broken');
        return 0;
      },
    };
  };

  it('ends a run in virtual time with its error, once; the world goes on without it', () => {
    const virtual = new VirtualWorld(readTopology(world));
    virtual.cards[0].start(broken(4));
    expect(() => virtual.runPrograms(60e9)).toThrow('the program is broken');
    expect(virtual.runPrograms(60e9)).toBe(true);
    expect(virtual.books().lines).toEqual([]);
  });

  it('ends a run in real time with its error, once; the world goes on without it', () => {
    const inline = openInlineWorld(readTopology(world));
    inline.start(0, broken(4));
    expect(() => inline.runPrograms(60e9)).toThrow('the program is broken');
    expect(inline.runPrograms(60e9)).toBe(true);
    expect(inline.books().lines).toEqual([]);
  });
});

describe('whether the wires of a world are at rest', () => {
  it('is said by their counters alone, whichever wire is busy', () => {
    const memory = new MemoryPlan();
    const topology = readTopology(ONE_NAME);
    const plan = planWorld(memory, topology, { cards: [0, 0], switches: [0] });
    const region = allocateRegion(memory.byteLength);
    const wires = new WiresAtRest(region, plan);
    expect(wires.now).toBe(true);
    for (const { ledger } of plan.wires) {
      const { counters } = new Ledger(region, ledger);
      counters[WIRE_SENT] += 2;
      counters[WIRE_DUPLICATED] += 1;
      expect(wires.now).toBe(false);
      counters[WIRE_ARRIVED] += 2;
      expect(wires.now).toBe(false);
      counters[WIRE_DROPPED] += 1;
      expect(wires.now).toBe(true);
    }
  });
});
