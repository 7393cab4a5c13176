/**
 * A world's wires as its plan says: loops, links of two ways, a loop inside the card, and who is at each
 * end.
 */
import { expect, it } from 'vitest';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion } from '../../src/dma/region.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { Clock } from '../../src/time/clock.ts';
import { Network } from '../../src/world/build/network.ts';
import { planWorld } from '../../src/world/build/world-plan.ts';
import { readTopology } from '../../src/world/topology.ts';
import { numbered, numberOf } from '../wire/bed.ts';

function bed(links: object = {}) {
  const topology = readTopology({
    hosts: { h: {} },
    cards: {
      a: { host: 'h', ports: { p: { address: '10.0.0.1/24' }, q: { address: '10.0.1.1/24' } } },
      b: { host: 'h', ports: { p: { address: '10.0.0.2/24' } } },
    },
    links,
  });
  const memory = new MemoryPlan();
  const plan = planWorld(memory, topology, { cards: [0, 0], switches: [] });
  const region = allocateRegion(memory.byteLength);
  const network = new Network(region, plan, new Clock(), 0);
  type End = ReturnType<Network['endsOf']>[number];
  const send = (end: End, number: number): void => {
    const address = end.source.reserve(64);
    region.bytes.set(numbered(number), address);
    end.source.commit(64);
  };
  const receive = (end: End): number => {
    const address = end.sink.receive();
    if (address < 0) return -1;
    const number = numberOf(region.bytes.slice(address, address + 2));
    end.sink.release();
    return number;
  };
  return { plan, region, a: network.endsOf(0), b: network.endsOf(1), send, receive };
}

it('a port without a link is looped back to itself, and needs no loop inside its card', () => {
  const { a, b, send, receive } = bed();
  expect([a.length, b.length]).toEqual([2, 1]);
  send(a[0], 7);
  send(a[1], 8);
  expect([receive(a[0]), receive(a[1]), receive(b[0])]).toEqual([7, 8, -1]);
});

it('a link brings the frames of each end to the other, and its card gets a loop for itself', () => {
  const { a, b, send, receive } = bed({ wire: { ends: ['a.p', 'b.p'] } });
  expect([a.length, b.length]).toEqual([3, 2]);
  send(a[0], 1);
  send(b[0], 2);
  send(a[2], 3);
  expect([receive(a[0]), receive(a[0]), receive(b[0]), receive(a[2])]).toEqual([2, -1, 1, 3]);
});

it('the two ways of a link draw their losses apart, and count them in ledgers of their own', () => {
  const lossy = { wire: { ends: ['a.p', 'b.p'], lossProbability: 0.5 } };
  const { a, b, send, receive, plan, region } = bed(lossy);
  const survivors = [a[0], b[0]].map((end, i) => {
    const far = i === 0 ? b[0] : a[0];
    return Array.from({ length: 50 }, (_, n) => {
      send(end, n);
      return receive(far);
    });
  });
  expect(survivors[0]).not.toEqual(survivors[1]);
  const dropped = plan.wires
    .slice(0, 2)
    .map(({ ledger }) => new Ledger(region, ledger).snapshot()['wireDropped']);
  expect(dropped).toEqual(survivors.map((arrived) => arrived.filter((number) => number < 0).length));
});
