/** Connections that go from the host's stack to a device and back while they live. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listener, peer, served, until } from '../../src/experiment/open-toe/calls.ts';
import { SHUT_WR, type SocketStack } from '../../src/socket/contract.ts';
import { ENETDOWN, errnoName } from '../../src/socket/errno.ts';
import { TCP_NODELAY } from '../../src/socket/options.ts';
import type { MixedWorld } from '../../src/world/virtual/mixed-world.ts';
import { LONG } from '../long.ts';
import { mixedWorld, pass, transfer } from './mixed-bed.ts';

const BAD = { lossProbability: 0.01, reorderProbability: 0.2, reorderDelay: '40us' };

/** Both ends of a connection of the host's own. */
function hosted(bed: Parameters<typeof mixedWorld>[0] = {}) {
  const world = mixedWorld({ policy: '', ...bed });
  const listening = listener(world.stack, 80);
  const [own, theirs] = served(world, 0, listening, 80);
  return { world, listening, own, theirs, client: peer(world, 0) };
}

function ended(world: MixedWorld, own: readonly number[], theirs: readonly number[]): void {
  for (const socket of own) world.stack.close(socket);
  for (const socket of theirs) peer(world, 0).close(socket);
  world.rest();
  expect(world.unbalanced()).toBeUndefined();
}

describe('a connection', () => {
  it('goes to a device and back, and neither end notices', () => {
    const { world, listening, own, theirs, client } = hosted();
    for (let i = 0; i < 3; i++) {
      transfer(world, [world.stack, own], [client, theirs], 50_000);
      expect(world.stack.handOff(own, 'toe0')).toBe(0);
      expect(world.stack.deviceOf(own)).toBe('toe0');
      transfer(world, [client, theirs], [world.stack, own], 50_000);
      transfer(world, [world.stack, own], [client, theirs], 50_000);
      expect(world.stack.takeBack(own)).toBe(0);
      expect(world.stack.deviceOf(own)).toBeUndefined();
      transfer(world, [client, theirs], [world.stack, own], 50_000);
    }
    pass(world, 1e6);
    ended(world, [listening, own], [theirs]);
  });

  it('gives the buffers back that went with it, before anything else is sent by the device', () => {
    const { world, listening, own, theirs, client } = hosted();
    const bytes = new Uint8Array(2_000_000);
    const sent = world.stack.send(own, bytes, 0, bytes.length);
    expect(sent).toBeGreaterThan(0);
    expect(world.stack.handOff(own, 'toe0')).toBe(0);
    let got = 0;
    until(world, () => {
      got += Math.max(0, client.recv(theirs, bytes, 0, bytes.length));
      return got === sent;
    });
    pass(world, 1e6);
    expect(world.stack.send(own, bytes, 0, bytes.length)).toBeGreaterThan(0);
    expect(world.snapshot().reduce((sum, { outboundRefused = 0 }) => sum + outboundRefused, 0)).toBe(0);
    ended(world, [listening, own], [theirs]);
  });

  it('loses no byte over bad wires, whenever it goes, and wherever', () => {
    const step = fc.oneof(
      fc.record({ op: fc.constant('pass'), ns: fc.nat(3_000_000) }),
      fc.record({ op: fc.constantFrom('send', 'sendTheirs'), bytes: fc.integer({ min: 1, max: 60_000 }) }),
      fc.record({ op: fc.constantFrom('recv', 'recvTheirs'), bytes: fc.integer({ min: 1, max: 60_000 }) }),
      fc.record({ op: fc.constantFrom('handOff', 'takeBack', 'handOff', 'takeBack') }),
      fc.record({ op: fc.constantFrom('end', 'endTheirs') }),
    ) as fc.Arbitrary<Step>;
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.nat(1000),
          link: fc.constantFrom({}, { lossProbability: 0.03 }, BAD),
        }),
        fc.array(step, { minLength: 5, maxLength: 60 }),
        (bed, steps) => weather(bed, steps),
      ),
      { numRuns: LONG ? 500 : 6 },
    );
    expect(Math.min(...Object.values(moved))).toBeGreaterThan(0);
  });
});

describe('a connection that a device does not take', () => {
  it.each([
    [
      'of which it has as many as it holds',
      { limits: { listeners: 1, halfOpen: 1, connections: 0 } },
      'EBUSY',
    ],
    ['whose image has no room', { card: { pools: { imageBytes: 256 } } }, 'ENOBUFS'],
  ] as const)('goes on where it was: one %s', (_what, bed, errno) => {
    const { world, listening, own, theirs, client } = hosted(bed);
    const bytes = new Uint8Array(40_000);
    let sent = 0;
    for (let taken = 1; taken > 0; ) {
      taken = world.stack.send(own, bytes, 0, bytes.length - sent);
      sent += Math.max(0, taken);
    }
    expect(errnoName(world.stack.handOff(own, 'toe0'))).toBe(errno);
    expect(world.stack.deviceOf(own)).toBeUndefined();
    for (let got = 0; got < sent; ) {
      const count = client.recv(theirs, bytes, 0, bytes.length);
      if (count > 0) got += count;
      else pass(world, 1e5);
    }
    transfer(world, [client, theirs], [world.stack, own], 30_000);
    ended(world, [listening, own], [theirs]);
  });

  it('goes on where it was: one for a device that has died, or that is none', () => {
    const { world, listening, own, theirs, client } = hosted();
    world.cards[0].host.driver.die(ENETDOWN);
    expect(errnoName(world.stack.handOff(own, 'toe0'))).toBe('ENETDOWN');
    expect(errnoName(world.stack.handOff(own, 'toe1'))).toBe('EBUSY');
    expect(errnoName(world.stack.handOff(own, 'toe2'))).toBe('ENODEV');
    expect(errnoName(world.stack.handOff(listening, 'toe0'))).toBe('ENOTCONN');
    expect(errnoName(world.stack.handOff(99, 'toe0'))).toBe('EBADF');
    expect(errnoName(world.stack.takeBack(own))).toBe('EALREADY');
    transfer(world, [world.stack, own], [client, theirs], 30_000);
    ended(world, [listening, own], [theirs]);
  });
});

describe('a device that goes', () => {
  it('gives its connections back where it is deactivated in order', () => {
    const { world, listening, own, theirs, client } = hosted();
    const [second, others] = served(world, 0, listening, 80);
    for (const socket of [own, second]) expect(world.stack.handOff(socket, 'toe0')).toBe(0);
    transfer(world, [world.stack, own], [client, theirs], 30_000);
    expect(world.stack.deactivate('toe0')).toBe(0);
    expect([own, second].map((socket) => world.stack.deviceOf(socket))).toEqual([undefined, undefined]);
    transfer(world, [client, others], [world.stack, second], 30_000);
    const [toe] = world.offloading.registry.devices;
    expect(toe).toMatchObject({ handedOver: 2, takenBack: 2, attachedSockets: 0, active: false });
    ended(world, [listening, own, second], [theirs, others]);
  });

  it('takes its connections with it where it dies: they fail with ENETDOWN', () => {
    const { world, own } = hosted();
    expect(world.stack.handOff(own, 'toe0')).toBe(0);
    world.cards[0].host.driver.die(ENETDOWN);
    expect(errnoName(world.stack.recv(own, new Uint8Array(1), 0, 1))).toBe('ENETDOWN');
    expect(world.stack.takeBack(own)).toBeLessThan(0);
    expect(world.stack.close(own)).toBe(0);
  });
});

describe('a rule', () => {
  it('hands over what has proved to live long, and leaves the others to the host', () => {
    const { world, listening, own, theirs, client } = hosted({
      policy: 'any => offload, after 40000, nodelay on',
    });
    const [second, others] = served(world, 0, listening, 80);
    transfer(world, [world.stack, own], [client, theirs], 30_000);
    expect(world.stack.deviceOf(own)).toBeUndefined();
    transfer(world, [client, theirs], [world.stack, own], 30_000);
    transfer(world, [client, others], [world.stack, second], 100);
    expect([own, second].map((socket) => world.stack.deviceOf(socket))).toEqual(['toe0', undefined]);
    expect(world.stack.getOption(own, TCP_NODELAY)).toBe(1);
    transfer(world, [world.stack, own], [client, theirs], 30_000);
    ended(world, [listening, own, second], [theirs, others]);
  });
});

interface Step {
  readonly op: string;
  readonly ns?: number;
  readonly bytes?: number;
}

/** Hand-offs of all runs, and segments of theirs that were dropped. */
const moved = { out: 0, back: 0 };

/** Streams both ways through a connection that is handed over and taken back in between. */
function weather(bed: { seed: number; link: object }, steps: readonly Step[]): void {
  const { world, listening, own, theirs, client } = hosted(bed);
  const ends = [
    { stack: world.stack as SocketStack, socket: own, sent: 0, got: 0, ended: false },
    { stack: client, socket: theirs, sent: 0, got: 0, ended: false },
  ];
  const source = Uint8Array.from({ length: 65_536 + 251 }, (_, i) => i % 251);
  const target = new Uint8Array(65_536);
  const send = (at: number, bytes: number): void => {
    const end = ends[at];
    if (end.ended) return;
    const taken = end.stack.send(end.socket, source, end.sent % 251, bytes);
    if (taken > 0) end.sent += taken;
  };
  const recv = (at: number, bytes: number): number => {
    const end = ends[at];
    const count = end.stack.recv(end.socket, target, 0, bytes);
    for (let i = 0; i < count; i++)
      if (target[i] !== (end.got + i) % 251) throw new Error(`byte ${end.got + i}`);
    if (count > 0) end.got += count;
    return count;
  };
  const finish = (at: number): void => {
    const end = ends[at];
    if (!end.ended) expect(end.stack.shutdown(end.socket, SHUT_WR)).toBe(0);
    end.ended = true;
  };
  for (const { op, ns = 0, bytes = 0 } of steps) {
    if (op === 'pass') pass(world, ns);
    else if (op === 'send') send(0, bytes);
    else if (op === 'sendTheirs') send(1, bytes);
    else if (op === 'recv') recv(0, bytes);
    else if (op === 'recvTheirs') recv(1, bytes);
    else if (op === 'end') finish(0);
    else if (op === 'endTheirs') finish(1);
    else if (op === 'handOff') moved.out += world.stack.handOff(own, 'toe0') === 0 ? 1 : 0;
    else moved.back += world.stack.takeBack(own) === 0 ? 1 : 0;
  }
  finish(0);
  finish(1);
  const over = [false, false];
  until(world, () => {
    for (const at of [0, 1]) {
      for (let count = 1; count > 0; ) {
        count = recv(at, 65_536);
        if (count === 0) over[at] = true;
      }
    }
    return over[0] && over[1];
  });
  expect([ends[0].got, ends[1].got]).toEqual([ends[1].sent, ends[0].sent]);
  ended(world, [listening, own], [theirs]);
}
