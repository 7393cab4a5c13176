/**
 * A run in which every connection falls asleep whenever it is idle is, frame by frame and call by call, the run
 * in which none does: programs that talk and pause, over a wire with loss, reordering and duplicates, while
 * MTUs, paths and options change.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  SO_KEEPALIVE,
  TCP_KEEPIDLE_SECONDS,
  TCP_KEEPINTVL_SECONDS,
  TCP_NODELAY,
} from '../../src/socket/options.ts';
import { CONGESTION_CONTROLS, LOSS_RECOVERIES } from '../../src/tcpip/config.ts';
import { sleepAll } from '../../src/tcpip/tcp/dormant.ts';
import { Random } from '../../src/time/random.ts';
import { LONG } from '../long.ts';
import { pattern, type Side, World, type WorldOptions } from './harness.ts';

const CONNECTIONS = 5;
const TURNS = 120;

interface End {
  readonly side: Side;
  readonly c: number;
}

/** What a run of a seed shows: each frame with its time, and what each call and each program was told. */
function run(seed: number, options: WorldOptions, sleeps: boolean): { shown: string[]; slept: number } {
  const random = new Random(seed);
  const world = new World(options);
  const { a, b } = world;
  const tables = [a, b].map(({ stack }) => stack['tcp']);
  const lull = () => {
    if (sleeps) for (const tcp of tables) sleepAll(tcp);
  };
  const shown: string[] = [];
  const ends: End[] = [];
  const listener = world.listen(80);
  for (let owner = 1; owner <= CONNECTIONS; owner++) {
    const client = a.stack.tcpOpen(owner);
    expect(a.stack.tcpConnect(client, b.address, 80, world.nowUs)).toBe(0);
    if (!world.run(120_000_000, () => b.stack.tcpAcceptable(listener) > 0)) continue;
    ends.push({ side: a, c: client }, { side: b, c: b.stack.tcpAccept(listener, 1000 + owner) });
  }
  world.program = () => {
    lull();
    for (const { side, c } of ends) {
      const read = side.takeAll(c);
      if (read.length > 0) shown.push(`${world.timeUs} ${side.name} ${c} reads ${read.length}`);
      lull();
    }
  };
  for (let turn = 0; turn < TURNS; turn++) {
    act(world, ends[random.below(ends.length)] as End, random);
    lull();
    world.run(1 + random.below([2000, 60_000, 400_000, 3_000_000][random.below(4)] as number));
  }
  for (const { side, c } of ends) shown.push(JSON.stringify(side.stack.tcpInfo(c)));
  for (const { from, timeUs, bytes } of world.captured) {
    shown.push(`${timeUs} ${from.name} ${Buffer.from(bytes).toString('hex')}`);
  }
  for (const side of [a, b]) shown.push(...side.told, JSON.stringify(side.ledger.snapshot()));
  return { shown, slept: tables.reduce((sum, { dormant }) => sum + dormant.slept, 0) };
}

/** Something that a program does, or that becomes of the network. */
function act(world: World, { side, c }: End, random: Random): void {
  const { stack } = side;
  const { nowUs } = world;
  switch (random.below(9)) {
    case 0:
      stack.tcpSetOption(c, TCP_NODELAY, random.below(2));
      return;
    case 1:
      stack.tcpSetOption(c, TCP_KEEPIDLE_SECONDS, 1 + random.below(3));
      stack.tcpSetOption(c, TCP_KEEPINTVL_SECONDS, 1);
      stack.tcpSetOption(c, SO_KEEPALIVE, random.below(2));
      return;
    case 2:
      stack.ways.setMtu(0, [1500, 1400, 900][random.below(3)] as number, nowUs);
      return;
    case 3:
      stack.ways.narrowPath(stack.tcpRemoteAddress(c), 600 + random.below(900), nowUs);
      return;
    case 4:
      stack.tcpWiden(c, random.below(4000) - 2000);
      return;
    default:
      side.sendBytes(c, pattern(1 + random.below(4000)), random.below(4) === 0 ? 2 : 0);
  }
}

it('is the same whether idle connections sleep or not', () => {
  let slept = 0;
  const options = fc.record({
    seed: fc.integer({ min: 1, max: 1 << 30 }),
    startUs: fc.constantFrom(1_000_000, 0x7fff_0000, -3_000_000),
    timestamps: fc.boolean(),
    sack: fc.boolean(),
    lossRecovery: fc.constantFrom(...LOSS_RECOVERIES),
    congestionControl: fc.constantFrom(...CONGESTION_CONTROLS),
    loss: fc.constantFrom(0, 0, 0.02, 0.1),
  });
  fc.assert(
    fc.property(options, ({ seed, startUs, loss, ...config }) => {
      const world = { seed, startUs, loss, reorder: loss, duplicate: loss, config, slots: 256 };
      const [awake, asleep] = [false, true].map((sleeps) => run(seed, world, sleeps));
      slept += asleep.slept;
      const first = awake.shown.findIndex((line, i) => line !== asleep.shown[i]);
      expect([first, awake.shown[first], asleep.shown[first]]).toEqual([-1, undefined, undefined]);
      expect(asleep.shown.length).toBe(awake.shown.length);
    }),
    { numRuns: LONG ? 200 : 4 },
  );
  expect(slept).toBeGreaterThan(400);
}, 600_000);
