/** Links that go down under connections, and bonds that have another: on every kind of card. */
import { describe, expect, it } from 'vitest';
import { identityOf } from '../../src/inspect/described.ts';
import { mixedOptions } from '../../src/sweep/measure-mixed.ts';
import { openInlineWorld } from '../../src/world/inline/inline-world.ts';
import { ThreadWorld } from '../../src/world/thread/thread-world.ts';
import type { Topology } from '../../src/world/topology/checked.ts';
import { HostWorld } from '../../src/world/virtual/host-world.ts';
import { MixedWorld } from '../../src/world/virtual/mixed-world.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { LONG } from '../long.ts';
import { bondedWorld, PEER, SERVER } from './bonded.ts';

type Counts = Readonly<Record<string, number>>;

interface Ran {
  readonly world: VirtualWorld | HostWorld | MixedWorld;
  /** What each stack at a card's wires has counted with its devices, wherever their driver is: one, or two. */
  readonly counts: (card: number) => readonly Counts[];
}

const SYSTEMS = ['card', 'host', 'lan', 'mixed'] as const;
type System = (typeof SYSTEMS)[number];
/** Connections that the card of a mixed host takes, of the four or more that there are. */
const HALF = 2;

function worldOf(topology: Topology, system: System): Ran {
  if (system === 'card') {
    const world = new VirtualWorld(topology, [], false);
    return { world, counts: (card) => [world.cards[card].iopLedger.snapshot()] };
  }
  if (system === 'mixed') {
    const [first, second] = mixedOptions(topology, 'any => offload').map((options) => ({
      ...options,
      limits: { listeners: 1, halfOpen: HALF, connections: HALF },
    }));
    const world = new MixedWorld(topology, first, second);
    world.introduce();
    const counts = (card: number): Counts[] => [
      world.hosts[card].built.ledger.snapshot(),
      world.cards[card].iopLedger.snapshot(),
    ];
    return { world, counts };
  }
  const lan = system === 'lan' ? ({ lan: true } as const) : {};
  const world = new HostWorld(topology, () => ({ costs: {}, interruptNs: 0, ...lan }));
  const counts = (card: number): Counts[] => {
    const [host, own] = [world.snapshot()[card], world.cardSnapshot()[card] ?? {}];
    return [Object.fromEntries(Object.keys(host).map((name) => [name, host[name] + (own[name] ?? 0)]))];
  };
  return { world, counts };
}

/** What of some counters each stack has, at a card's wires. */
function each({ counts }: Ran, card: number, ...names: readonly string[]): (number | undefined)[][] {
  return counts(card).map((own) => names.map((name) => own[name]));
}

function total({ counts }: Ran, card: number, name: string): number {
  return counts(card).reduce((sum, own) => sum + (own[name] ?? 0), 0);
}

/** Runs the programs to their end. @returns how long they took, in ms, and what was cut off by the links. */
function finish({ world }: Ran): { readonly ms: number; readonly cut: number } {
  const startNs = world.queue.nowNs;
  expect(world.runPrograms(600e9)).toBe(true);
  expect(world.unbalanced()).toBeUndefined();
  const cut = world instanceof HostWorld ? -1 : (world.wireCounters()['wireCut'] ?? 0);
  return { ms: (world.queue.nowNs - startNs) / 1e6, cut };
}

describe.each(SYSTEMS)('on a %s', (system) => {
  it('a described time without a link is seen by both ends, and streams go on after it', () => {
    const down = {
      down: [
        { at: '2ms', for: '3ms' },
        { at: '8ms', for: '1ms' },
      ],
    };
    const ran = worldOf(bondedWorld({ bond: { mode: 'active-backup', miimon: 0 }, links: [down] }), system);
    const { ms, cut } = finish(ran);
    // Nobody looks at the links: what is lost is sent again after a time-out.
    expect(ms).toBeGreaterThan(200);
    if (system === 'card' || system === 'mixed') expect(cut).toBeGreaterThan(0);
    for (const own of each(ran, SERVER, 'deviceLinkDowns', 'deviceLinkUps', 'bondFailovers')) {
      expect(own).toEqual([2, 2, 0]);
    }
    expect(total(ran, PEER, 'deviceLinkDowns')).toBe(0);
  });

  it('a bond has another take over, which says so, and goes back to its primary', () => {
    const bond = { mode: 'active-backup', primary: 'eth0', updelay: '2ms' };
    const links = [{ down: [{ at: '2ms', for: '3ms' }] }];
    const ran = worldOf(bondedWorld({ bond, links, operations: 1600 }), system);
    finish(ran);
    for (const own of each(ran, SERVER, 'bondFailovers', 'bondAnnouncements')) expect(own).toEqual([2, 2]);
    // Without the hint of an announcement the switch would still lead to the dead port.
    expect(total(ran, PEER, 'arpReceived')).toBeGreaterThanOrEqual(2);
    expect(total(ran, SERVER, 'tcpTimeouts')).toBeLessThanOrEqual(8);
  });

  it('a bond that hashes spreads streams, and does without a link that has died', () => {
    const hash = { mode: 'balance-xor', xmitHashPolicy: 'layer3+4' };
    const bed = { bond: hash, peerBond: hash, nics: 4, connections: 16, operations: 1500 };
    const ran = worldOf(bondedWorld({ ...bed, links: [{}, { down: [{ at: '1ms' }] }] }), system);
    finish(ran);
    for (const own of each(ran, SERVER, 'deviceLinkDowns', 'bondRxInactive')) expect(own).toEqual([1, 0]);
  });
});

it.each(['inline', 'thread'])('in real time (%s) times count from when the world is up', async (driver) => {
  // Long before a thread has started; for good, so that no card can miss it.
  const links = [{ down: [{ at: '20ms' }] }];
  const topology = bondedWorld({ links, operations: 100 });
  const world = driver === 'inline' ? openInlineWorld(topology) : await ThreadWorld.open(topology);
  const counts = (): Counts => world.cards[SERVER].iopLedger.snapshot();
  expect(counts()['deviceLinkDowns']).toBe(0);
  expect(world.run(() => counts()['bondFailovers'] === 1, 30e9)).toBe(true);
  expect(counts()['deviceLinkDowns']).toBe(1);
  expect(world.runPrograms(30e9)).toBe(true);
  if (world instanceof ThreadWorld) await world.close();
});

it('a switch that floods what it has not learnt asks no host about connections of others', () => {
  const { world } = worldOf(bondedWorld({ operations: 400 }), 'mixed');
  const [client, server] = (world as MixedWorld).hosts.map(({ offloading }) => offloading);
  expect(world.runPrograms(60e9)).toBe(true);
  // The client's own first segment came back to it by the other port of its bond.
  expect(client.policy.hits).toEqual([4, 0]);
  const [device] = client.registry.devices;
  expect([device.offeredActive, device.offeredPassive]).toEqual([HALF, 0]);
  expect(device.refusals['connections full']).toBe(HALF);
  expect(server.registry.devices[0].refusals['connections full']).toBe(HALF);
});

it('a call cuts a link and mends it: the same seed loses the same', () => {
  const run = (): string => {
    const ran = worldOf(bondedWorld({ operations: 1200 }), 'card');
    const world = ran.world as VirtualWorld;
    const early = (ms: number, up: boolean): void => {
      world.run(() => false, ms * 1e6);
      world.setLink('wire0', up);
    };
    early(1, false);
    early(2, true);
    early(1, false);
    const { cut } = finish(ran);
    expect(cut).toBeGreaterThan(0);
    expect(total(ran, SERVER, 'deviceLinkDowns')).toBe(2);
    expect(() => world.setLink('wire9', true)).toThrow('there is no link "wire9"');
    return JSON.stringify([world.snapshot(), world.queue.nowNs]);
  };
  expect(run()).toBe(run());
});

it('by a hash of ports every device carries streams, by one of hardware addresses one carries all', () => {
  const carried = (xmitHashPolicy: string): number => {
    const bond = { mode: 'balance-xor', xmitHashPolicy };
    const ran = worldOf(bondedWorld({ bond, peerBond: bond, nics: 4, connections: 16 }), 'card');
    finish(ran);
    const { links } = (ran.world as VirtualWorld).books();
    return ['wire0', 'wire1', 'wire2', 'wire3'].filter((name) => (links[name]?.['wireSent'] ?? 0) > 20)
      .length;
  };
  expect([carried('layer2'), carried('layer2+3'), carried('layer3+4')]).toEqual([1, 1, 4]);
});

it('a card is shown with its bond, and with the times at which its links are down', () => {
  const downs = { down: [{ at: 0, for: '5ms' }, { at: '1s' }] };
  const facts = identityOf(
    bondedWorld({ bond: { mode: 'active-backup', primary: 'eth1' }, links: [downs] }),
    0,
    '1',
  );
  expect(Object.fromEntries(facts)).toMatchObject({
    'bond0 address': '10.0.0.1/24',
    'bond0 bonding mode': 'active-backup',
    'bond0 ports': 'eth0, eth1',
    'bond0 primary': 'eth1',
    'bond0 miimon': '1 ms',
    'eth0 link detected': 'no, wire0',
    'eth0 link down': 'from 0 ms for 5 ms, from 1000 ms on',
    'eth1 link detected': 'yes, wire1',
  });
});

describe('in a storm of links that die and come back', () => {
  it.each(Array.from({ length: LONG ? 60 : 8 }, (_, i) => i + 1))('every byte arrives: seed %i', (seed) => {
    const system = SYSTEMS[seed % SYSTEMS.length];
    const hash = { mode: 'balance-xor', xmitHashPolicy: 'layer3+4' };
    const hashes = ((seed ^ (seed >> 2)) & 1) === 0;
    const bond = hashes ? hash : { mode: 'active-backup', downdelay: '2ms', updelay: '1ms' };
    let state = seed;
    const draw = (most: number): number => {
      state = (Math.imul(state, 0x41c64e6d) + 12345) >>> 0;
      return (state >>> 8) % most;
    };
    const links = [0, 1, 2].map(() => {
      let at = 0;
      const down = Array.from({ length: 5 }, () => {
        at += 1 + draw(1500);
        const time = { at: `${at}us`, for: `${1 + draw(2000)}us` };
        at += 2001;
        return time;
      });
      return { down, lossProbability: 0.002 };
    });
    const workload = ['TCP_RR', 'TCP_STREAM', 'TCP_CRR'][seed % 3];
    const peerBond = hashes ? { peerBond: hash } : {};
    const ran = worldOf(
      bondedWorld({ bond, ...peerBond, nics: 3, links, workload, operations: 400 }),
      system,
    );
    finish(ran);
    expect(total(ran, SERVER, 'deviceLinkDowns')).toBeGreaterThan(0);
  });
});
