/** A driver that breaks an aim of memory management counts exactly that, and its calls answer as ever. */
import { describe, expect, it } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { BOUNCE_COPIES } from '../../src/ledger/counters.gen.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import type { CardSockets } from '../../src/osm/user/card-sockets.ts';
import { measureTopology } from '../../src/sweep/measure.ts';
import { withWorkload } from '../../src/sweep/workload.ts';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { trips } from '../rules/trips.ts';

const REQUESTS = 200;

/** What both cards' ledgers counted while so many requests went, and how their books stand. */
function counted(card: object, size = 64): Record<string, number> {
  const nic = (last: number): object => ({
    host: last === 1 ? 'left' : 'right',
    ports: { eth0: { address: `10.0.0.${last}/24` } },
    ...card,
  });
  const world = {
    hosts: { left: {}, right: {} },
    cards: { a: nic(1), b: nic(2) },
    links: { wire: { ends: ['a.eth0', 'b.eth0'], rate: '10Gbit/s', delay: '10us' } },
  };
  const topology = readTopology(withWorkload(world, { workload: 'TCP_RR', connections: 4, size }));
  let seen: VirtualWorld | undefined;
  const begun = (begins: VirtualWorld): void => {
    seen = begins;
  };
  measureTopology(topology, { operations: REQUESTS, begun });
  const sums: Record<string, number> = {};
  for (const side of seen?.snapshot() ?? []) {
    for (const [name, value] of Object.entries(side)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}

describe('a driver', () => {
  it('that keeps the aims maps, allocates and bounces nothing', () => {
    expect(counted({})).toMatchObject({ mappings: 0, allocations: 0, bounceCopies: 0 });
  });

  it('that bounces copies every byte once more each way', () => {
    const sums = counted({ driver: { bounceBuffers: true } });
    expect(sums['bounceCopiesBytes']).toBe(sums['bytesSent'] + sums['bytesReceived']);
    expect(sums).toMatchObject({ mappings: 0, allocations: 0 });
    expect(sums['bounceCopiesBytes']).toBeGreaterThan(REQUESTS * 4 * 64);
  });

  it.each([
    ['mapBuffers', 'mappings', 'allocations'],
    ['allocateBuffers', 'allocations', 'mappings'],
  ])('with %s counts one for each buffer used', (driver, counts, other) => {
    const short = counted({ driver: { [driver]: true } });
    // Each message fits a buffer: one where it is sent, one where it is read.
    expect(short[counts]).toBe((short['bytesSent'] + short['bytesReceived']) / 64);
    expect(short).toMatchObject({ [other]: 0, bounceCopies: 0 });
    const long = counted({ driver: { [driver]: true }, pools: { transmitBufferBytes: 64 } }, 512);
    expect(long[counts]).toBeGreaterThan((8 * long['bytesSent']) / 512);
  });

  it('is interrupted for each frame where the card is told to, and serves each', () => {
    const sums = counted({ moderation: { everyFrame: true }, driver: { replyMode: 'immediate' } });
    // A frame that tells of released ones may interrupt once more.
    expect(sums['interrupts']).toBeGreaterThanOrEqual(sums['outboundPosted']);
    expect(sums['interrupts']).toBeLessThan(1.05 * sums['outboundPosted']);
    // Those that come while a call of bring-up waits are one service for several.
    expect(sums['hostInterruptsServiced']).toBeGreaterThan(0.9 * sums['interrupts']);
    const moderated = counted({ driver: { replyMode: 'immediate' } });
    expect(moderated['interrupts']).toBeLessThan(sums['interrupts']);
  });
});

describe('what it takes for granted', () => {
  function sockets(): CardSockets {
    const world = new VirtualWorld({ cards: [{ driver: { allocateBuffers: true } }] });
    return world.cards[0].host.sockets;
  }
  const moved = (wrong: object): void => {
    const wasteful = Object.assign(sockets(), wrong) as unknown as {
      moved(answer: number, bytes: Uint8Array, offset: number, bufferBytes: number): number;
    };
    wasteful.moved(64, new Uint8Array(64), 0, Number.POSITIVE_INFINITY);
  };
  trips('wasteful sockets: what one buffer holds has room to bounce in', () => moved({}));
  trips('wasteful sockets: what was moved took a buffer', () =>
    moved({ bounce: { length: Number.POSITIVE_INFINITY } }),
  );
});

describe('a copy between two places of a program', () => {
  function engine(): { dma: DmaEngine; ledger: Ledger } {
    const plan = new MemoryPlan();
    const offset = plan.reserve('ledger', LEDGER_BYTES, 'counters');
    const region = allocateRegion(plan.byteLength);
    const ledger = new Ledger(region, offset);
    return { dma: new DmaEngine(region, ledger), ledger };
  }

  it('is counted, and moves what it says', () => {
    const { dma, ledger } = engine();
    const target = new Uint8Array(3);
    dma.copyBetween(BOUNCE_COPIES, Uint8Array.of(1, 2, 3, 4), 1, target, 2);
    expect([...target]).toEqual([2, 3, 0]);
    expect(ledger.snapshot()).toMatchObject({ bounceCopies: 1, bounceCopiesBytes: 2 });
  });

  const copy = (offset: number, length: number, room: number): void =>
    engine().dma.copyBetween(BOUNCE_COPIES, new Uint8Array(4), offset, new Uint8Array(room), length);
  trips('dma engine: what is copied between lies in memory', () => copy(2, 3, 8));
  trips('dma engine: what is copied between has its place', () => copy(0, 4, 3));
});
