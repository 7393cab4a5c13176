import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pattern, type Side, World, type WorldOptions } from './harness.ts';

/** Starts a connection from a to b's port 80. @param port the local one; 0: an ephemeral one. */
function connectFrom(world: World, port: number): number {
  const { a, b } = world;
  const client = a.stack.tcpOpen(1);
  if (port !== 0) expect(a.stack.tcpBind(client, 0, port)).toBe(0);
  expect(a.stack.tcpConnect(client, b.address, 80, world.nowUs)).toBe(0);
  return client;
}

/**
 * The same, when the clock of initial sequence numbers (a tick of 4 µs, RFC 9293 §3.4.1) has come to `iss`:
 * a first SYN, which never arrives, shows where it is.
 */
function connectAtIss(world: World, iss: number): number {
  const { a } = world;
  world.filter = (segment) => segment === undefined;
  const startUs = world.timeUs;
  const probe = connectFrom(world, 5000);
  world.run(1000);
  const ticks = (iss - world.captured[0].seq) >>> 0;
  a.stack.tcpClose(probe, world.nowUs);
  const connectUs = startUs + ticks * 4;
  while (world.timeUs < connectUs) world.run(Math.min(1_500_000_000, connectUs - world.timeUs));
  world.filter = () => true;
  world.captured.length = 0;
  const client = connectFrom(world, 5000);
  world.run(2000);
  expect(world.captured[0].seq).toBe(iss);
  return client;
}

/**
 * Moves both streams to their ends over a bad wire, in random steps, and checks everything that must hold.
 */
function exchange(
  options: WorldOptions,
  sizes: readonly number[],
  takes: readonly number[],
  iss?: number,
): void {
  const world = new World(options);
  const { a, b } = world;
  const listener = world.listen(80);
  const client = iss === undefined ? connectFrom(world, 0) : connectAtIss(world, iss);
  expect(world.run(300_000_000, () => b.acceptableCount.has(9080))).toBe(true);
  const server = b.stack.tcpAccept(listener, 2);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const ends: readonly (readonly [Side, number])[] = [
    [a, client],
    [b, server],
  ];
  const sent = [0, 0];
  const got: Uint8Array[][] = [[], []];
  const next = [0, 0];
  const turn = [0, 0];
  const closed = [false, false];
  world.program = () => {
    for (let i = 0; i < 2; i++) {
      const [side, c] = ends[i];
      if (next[i] < sizes.length && side.pendingContexts.size < 8) {
        const size = sizes[next[i]];
        expect(side.sendBytes(c, pattern(size, sent[i]), next[i] % 3 === 0 ? 1 : 0)).toBe(0);
        sent[i] += size;
        next[i] += 1;
      } else if (next[i] === sizes.length && !closed[i]) {
        closed[i] = true;
        expect(side.stack.tcpShutdown(c, 1, world.nowUs)).toBe(0);
      }
      const most = takes[turn[i]++ % takes.length];
      if (most > 0 && side.stack.tcpReadable(c) > 0) got[i].push(side.takeAll(c, most));
    }
  };
  world.wantsTurn = () => ends.some(([side, c]) => side.stack.tcpReadable(c) > 0);
  const over = () => ends.every(([side, c]) => closed.every(Boolean) && side.stack.tcpEndOfStream(c));
  expect(world.run(40_000_000_000, over), 'both streams come to their end').toBe(true);
  for (let i = 0; i < 2; i++) {
    expect(Buffer.concat(got[i]).equals(pattern(total, 0)), 'the same bytes').toBe(true);
    ends[i][0].stack.tcpClose(ends[i][1], world.nowUs);
  }
  b.stack.tcpClose(listener, world.nowUs);
  world.program = () => {};
  world.wantsTurn = () => false;
  world.run(400_000_000);
  for (const side of [a, b]) {
    side.expectBalanced();
    side.expectSlotsHome();
    expect(side.failedWith.size).toBe(0);
    expect(side.stack.hasOutput()).toBe(false);
    expect(side.stack.hasDeadline(), 'nobody waits in TIME-WAIT any more').toBe(false);
    side.expectPoolsFull();
  }
}

const wires: fc.Arbitrary<WorldOptions> = fc.record({
  seed: fc.integer(),
  delayUs: fc.constantFrom(5, 500, 20_000),
  loss: fc.constantFrom(0, 0.02, 0.15),
  duplicate: fc.constantFrom(0, 0.1),
  reorder: fc.constantFrom(0, 0.1, 0.4),
  mtu: fc.constantFrom(576, 1500, 9000),
  checksumOffload: fc.boolean(),
  segmentBytesMax: fc.constantFrom(0, 20_000, 65_000),
  piecesMax: fc.constantFrom(1, 4, 16),
  slots: fc.constantFrom(48, 512),
  portFrames: fc.constantFrom(1, 7, 1000),
  startUs: fc.constantFrom(0, 0x7fff_0000, -5_000),
  config: fc.record({
    timestamps: fc.boolean(),
    windowScaling: fc.boolean(),
    sack: fc.boolean(),
    receiveBufferBytes: fc.constantFrom(4096, 65_536, 1 << 20),
    outOfOrderMax: fc.constantFrom(0, 4, 1024),
    lossRecovery: fc.constantFrom('sack', 'rack'),
    congestionControl: fc.constantFrom('newreno', 'cubic'),
    sendElementsMax: fc.constantFrom(32, 1024),
  }),
});

describe('RFC 9293: whatever the wire does, the same bytes arrive once and in order', () => {
  it('delivers both streams, answers every context, brings every slot home, balances the ledger', () => {
    fc.assert(
      fc.property(
        wires,
        fc.array(fc.constantFrom(1, 100, 1460, 5000, 30_000), { minLength: 1, maxLength: 12 }),
        fc
          .array(fc.constantFrom(0, 1, 64, 2000, 100_000), { minLength: 1, maxLength: 6 })
          .filter((t) => t.some((n) => n >= 64)),
        (options, sizes, takes) => exchange(options, sizes, takes),
      ),
      { numRuns: 60 },
    );
  });

  for (const iss of [-1, -70_000, 0x7fff_ffff, 0x7fff_0000]) {
    it(`passes the wrap of sequence numbers and of the clock from ISS ${iss}`, () => {
      const sizes = Array.from({ length: 10 }, () => 20_000);
      exchange({ loss: 0.02, delayUs: 300, startUs: 0x7fff_ff00 }, sizes, [100_000], iss);
      exchange({ delayUs: 300, startUs: -300 }, sizes, [100_000], iss);
      const config = { lossRecovery: 'rack', congestionControl: 'cubic' } as const;
      exchange(
        { loss: 0.05, reorder: 0.2, delayUs: 300, startUs: 0x7fff_ff00, config },
        sizes,
        [100_000],
        iss,
      );
    });
  }
});
