/** Seeded storms over a host with offload devices: whatever is called when, every sum holds in the end. */
import { describe, expect, it } from 'vitest';
import { listener, peer } from '../../src/experiment/open-toe/calls.ts';
import { PEER_ADDRESSES, SERVER_ADDRESSES } from '../../src/experiment/open-toe/world.ts';
import { parsePolicy } from '../../src/host/devices/policy/parse.ts';
import type { SocketStack } from '../../src/socket/contract.ts';
import { Random } from '../../src/time/random.ts';
import { LONG } from '../long.ts';
import { mixedWorld, pass } from './mixed-bed.ts';
import { callsOf } from './storm-calls.ts';

const POLICIES = [
  '',
  'any => offload',
  '[active] any => offload',
  '[passive] any => offload, device toe1',
  'any => offload, after 2000',
];
const STEPS = 120;
const SEEDS = LONG ? 40 : 4;

/** What all storms together have come to, so that none is taken for a test that did nothing. */
const happened = { offloaded: 0, refused: 0, bytes: 0, handedOver: 0, takenBack: 0 };

/** The world of a storm, who lives in it, and what is open by now. */
function stage(seed: number) {
  const random = new Random(seed);
  const world = mixedWorld({ seed, limits: { listeners: 2, halfOpen: 2, connections: 6 } });
  const stacks: SocketStack[] = [world.stack, peer(world, 0), peer(world, 1)];
  const listeners = stacks.map((stack) => listener(stack, 80));
  const open: [stack: SocketStack, socket: number][] = [];
  const [own, peers] = [SERVER_ADDRESSES, PEER_ADDRESSES];
  return { random, world, stacks, listeners, own, peers, open, bytes: new Uint8Array(3000) };
}

type Stage = ReturnType<typeof stage>;

/** What happens to policies, devices, links, routes and neighbours. */
function changesOf({ random, world, open }: Stage): (() => unknown)[] {
  const { registry, policy } = world.offloading;
  return [
    () => policy.replace(parsePolicy(POLICIES[random.below(POLICIES.length)])),
    () => registry.deactivate(`toe${random.below(2)}`),
    () => world.stack.deactivate(`toe${random.below(2)}`),
    () => {
      for (const [stack, socket] of open) {
        if (stack !== world.stack || random.below(2) === 0) continue;
        if (world.stack.deviceOf(socket) === undefined) world.stack.handOff(socket, `toe${random.below(2)}`);
        else world.stack.takeBack(socket);
      }
    },
    () => registry.activate(`toe${random.below(2)}`),
    () => registry.unregister(`toe${random.below(3)}`) === 0 && registry.detach('toe0'),
    () => world.setLink(random.below(2), random.below(3) > 0),
    () => world.hosts[0].setMtu(random.below(2), 400 + random.below(1101)),
    () => world.hosts[0].narrowPath(PEER_ADDRESSES[random.below(2)], 600 + random.below(900)),
    () => {
      const at = random.below(2);
      const via = PEER_ADDRESSES[at] + random.below(3) - 1;
      world.hosts[0].addRoute({ destination: PEER_ADDRESSES[at], prefixLength: 32, via, port: at });
    },
    () => world.hosts[0].removeRoute(PEER_ADDRESSES[random.below(2)], 32),
    () => {
      const port = random.below(2);
      world.setLink(port, false);
      world.hosts[0].failOver(port, 1 - port);
      pass(world, random.below(2_000_000));
      world.setLink(port, true);
      if (random.below(4) > 0) world.hosts[0].failBack(port);
    },
    () => world.devices[0].neighbour(PEER_ADDRESSES[0], 2, random.nextInt32(), world.clock.nowUs),
  ];
}

function storm(seed: number): void {
  const all = stage(seed);
  const { random, world, stacks, listeners, open } = all;
  const { registry } = world.offloading;
  const steps = [...callsOf(all), ...changesOf(all)];
  for (let i = 0; i < STEPS; i++) {
    steps[random.below(steps.length)]();
    pass(world, random.below(400_000));
    for (const device of registry.devices) {
      expect(device.attachedSockets).toBeGreaterThanOrEqual(0);
      if (device.active) expect(device.sockets).toBeDefined();
    }
  }
  for (const port of [0, 1]) {
    world.setLink(port, true);
    world.hosts[0].removeRoute(PEER_ADDRESSES[port], 32);
    world.hosts[0].failBack(port);
  }
  for (const [stack, socket] of open) stack.close(socket);
  for (const [i, stack] of stacks.entries()) stack.close(listeners[i]);
  world.rest();
  expect(world.unbalanced()).toBeUndefined();
  for (const { offeredActive, offeredPassive, refusals, handedOver, takenBack } of registry.devices) {
    happened.handedOver += handedOver;
    happened.takenBack += takenBack;
    happened.offloaded += offeredActive + offeredPassive;
    happened.refused += Object.values(refusals).reduce((sum, count) => sum + count, 0);
  }
  happened.bytes += world.books().bytesReceived;
  for (const device of registry.devices) expect(device.attachedSockets + device.attachedListeners).toBe(0);
}

describe('a host with offload devices, in a storm of calls, policies and broken links', () => {
  it.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
    'ends with books that balance: seed %i',
    storm,
    60_000,
  );

  it('has had devices take connections and be refused them, and bytes arrive', () => {
    expect(Object.entries(happened).filter(([, count]) => count === 0)).toEqual([]);
  });
});
