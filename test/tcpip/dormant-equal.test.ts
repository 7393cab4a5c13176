/**
 * A run in which connections fall asleep whenever they are idle, all or any of them, is, frame by frame and call
 * by call, the run in which none does: programs that talk, pause and close, over a wire with loss, reordering,
 * duplicates and marks, while MTUs, paths, routes and options change.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  IP_MTU_DISCOVER,
  IP_TOS,
  IP_TTL,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER_SECONDS,
  SO_RCVBUF,
  SO_SNDBUF,
  TCP_CONGESTION,
  TCP_CORK,
  TCP_KEEPCNT,
  TCP_KEEPIDLE_SECONDS,
  TCP_KEEPINTVL_SECONDS,
  TCP_LINGER2_SECONDS,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_QUICKACK,
  TCP_USER_TIMEOUT_MS,
} from '../../src/socket/options.ts';
import { CONGESTION_CONTROLS, LOSS_RECOVERIES } from '../../src/tcpip/config.ts';
import { isAwake } from '../../src/tcpip/tcp/awake.ts';
import { sleep } from '../../src/tcpip/tcp/dormant.ts';
import { isIdle } from '../../src/tcpip/tcp/idle.ts';
import { CLOSE_WAIT, FIN_WAIT_2 } from '../../src/tcpip/tcp/state.ts';
import type { TcpTables } from '../../src/tcpip/tcp/tables.ts';
import { Random } from '../../src/time/random.ts';
import { LONG } from '../long.ts';
import { pattern, type Side, World, type WorldOptions } from './harness.ts';

const CONNECTIONS = 5;
const TURNS = 120;
/** A connection that was closed may still be heard of: nobody calls it any more. */
const CLOSED_NOW = -1;

interface End {
  readonly side: Side;
  c: number;
}

/** Each option with values that it may have. */
const OPTIONS: readonly (readonly [number, readonly number[]])[] = [
  [TCP_NODELAY, [0, 1]],
  [TCP_CORK, [0, 1]],
  [TCP_QUICKACK, [0, 1]],
  [TCP_KEEPCNT, [1, 9]],
  [TCP_MAXSEG, [300, 1000]],
  [TCP_USER_TIMEOUT_MS, [0, 90_000]],
  [TCP_NOTSENT_LOWAT, [0, 5000]],
  [TCP_LINGER2_SECONDS, [0, 2, 30]],
  [TCP_CONGESTION, [1, 2]],
  [SO_RCVBUF, [4000, 100_000]],
  [SO_SNDBUF, [4000, 100_000]],
  [SO_LINGER_SECONDS, [-1, 5]],
  [IP_TOS, [0, 0x10]],
  [IP_TTL, [64, 9]],
  [IP_MTU_DISCOVER, [0, 1, 2, 3]],
];

/** Of those in which one has slept: how many were in each state, used marks, knew a narrow path, searched. */
const seen = { slept: 0, finWait: 0, closeWait: 0, orphans: 0, marks: 0, narrow: 0, searching: 0, probed: 0 };

/** Those that are idle fall asleep: each with a chance. @param chances of 4. */
function lull(tcp: TcpTables, random: Random, chances: number): void {
  for (const tcb of tcp.made) {
    if (!isAwake(tcp, tcb) || !isIdle(tcb) || random.below(4) >= chances) continue;
    seen.slept += 1;
    if (tcb.state === FIN_WAIT_2) seen.finWait += 1;
    if (tcb.state === CLOSE_WAIT) seen.closeWait += 1;
    if (tcb.owner < 0) seen.orphans += 1;
    if (tcb.marks.on !== 0) seen.marks += 1;
    if (tcb.pathMtu !== 0) seen.narrow += 1;
    if (tcb.mtuSearch.on !== 0) seen.searching += 1;
    if (tcb.timers.probes !== 0) seen.probed += 1;
    sleep(tcp, tcb);
    tcp.spares.push(tcb);
  }
}

/** What a run of a seed shows: each frame with its time, and what each call and each program was told. */
function run(seed: number, options: WorldOptions, chances: number): string[] {
  const random = new Random(seed);
  const sleepy = new Random(seed ^ 0x5a5a);
  const world = new World(options);
  const { a, b } = world;
  const doze = () => {
    if (chances > 0) for (const { stack } of [a, b]) lull(stack['tcp'], sleepy, chances);
  };
  const shown: string[] = [];
  const ends: End[] = [];
  const routed = (options.config?.prefixLength ?? 24) === 32;
  if (routed) for (const side of [a, b]) setRoute(world, side, side === a ? b : a, true);
  const listener = world.listen(80);
  for (let owner = 1; owner <= CONNECTIONS; owner++) {
    const client = a.stack.tcpOpen(owner);
    expect(a.stack.tcpConnect(client, b.address, 80, world.nowUs)).toBe(0);
    if (!world.run(120_000_000, () => b.stack.tcpAcceptable(listener) > 0)) continue;
    ends.push({ side: a, c: client }, { side: b, c: b.stack.tcpAccept(listener, 1000 + owner) });
  }
  world.program = () => {
    doze();
    for (const { side, c } of ends) {
      if (c === CLOSED_NOW) continue;
      const read = side.takeAll(c);
      if (read.length > 0) shown.push(`${world.timeUs} ${side.name} ${c} reads ${read.length}`);
      doze();
    }
  };
  for (let turn = 0; turn < TURNS; turn++) {
    const end = ends[random.below(ends.length)] as End;
    shown.push(`${turn} ${act(world, end, end.side === a ? b : a, random, routed)}`);
    doze();
    world.run(1 + random.below([2000, 60_000, 400_000, 3_000_000][random.below(4)] as number));
  }
  for (const { side, c } of ends) if (c !== CLOSED_NOW) shown.push(JSON.stringify(side.stack.tcpInfo(c)));
  for (const { from, timeUs, bytes } of world.captured) {
    shown.push(`${timeUs} ${from.name} ${Buffer.from(bytes).toString('hex')}`);
  }
  for (const side of [a, b]) shown.push(...side.told, JSON.stringify(side.ledger.snapshot()));
  return shown;
}

/** The only route to the other: without it there is none. */
function setRoute({ nowUs }: World, { stack }: Side, { address }: Side, there: boolean): number {
  const route = { destination: address, prefixLength: 32, via: 0, port: 0 };
  return there ? stack.ways.addRoute(route, nowUs) : stack.ways.removeRoute(address, 32, nowUs);
}

/** Something that a program does, or that becomes of the network. @returns what it was told. */
function act(world: World, end: End, other: Side, random: Random, routed: boolean): number {
  const { side, c } = end;
  const { stack } = side;
  const { nowUs } = world;
  const what = random.below(16);
  switch (what) {
    case 0:
      stack.ways.setMtu(0, [1500, 1400, 900, 700][random.below(4)] as number, nowUs);
      return 0;
    case 1:
    case 2:
      stack.ways.narrowPath(other.address + random.below(2), 600 + random.below(900), nowUs);
      return 0;
    case 3:
      if (routed) return setRoute(world, side, other, random.below(3) > 0);
      return random.below(2) === 0
        ? stack.ways.removeRoute(other.address, 32, nowUs)
        : stack.ways.addRoute(
            { destination: other.address, prefixLength: 32, via: 0, port: 0, mtu: 800 },
            nowUs,
          );
  }
  if (c === CLOSED_NOW) return 0;
  switch (what) {
    case 4:
      stack.tcpSetOption(c, TCP_KEEPIDLE_SECONDS, 1 + random.below(3));
      stack.tcpSetOption(c, TCP_KEEPINTVL_SECONDS, 1);
      return stack.tcpSetOption(c, SO_KEEPALIVE, random.below(2));
    case 5:
    case 6: {
      const [option, values] = OPTIONS[random.below(OPTIONS.length)] as (typeof OPTIONS)[number];
      return stack.tcpSetOption(c, option, values[random.below(values.length)] as number);
    }
    case 7:
      stack.tcpWiden(c, random.below(4000) - 2000);
      return stack.tcpGetOption(c, SO_ERROR);
    case 8:
      if (random.below(8) > 0) return 0;
      return stack.tcpShutdown(c, random.below(4) === 0 ? 2 : 1, nowUs);
    case 9:
      if (random.below(10) > 0) return 0;
      stack.tcpClose(c, nowUs);
      end.c = CLOSED_NOW;
      return 0;
    case 10:
      return side.sendBytes(c, pattern(60_000));
    default:
      return side.sendBytes(c, pattern(1 + random.below(4000)), random.below(4) === 0 ? 2 : 0);
  }
}

it('is the same whether idle connections sleep or not', () => {
  const options = fc.record({
    seed: fc.integer({ min: 1, max: 1 << 30 }),
    startUs: fc.constantFrom(1_000_000, 0x7fff_0000, -3_000_000),
    timestamps: fc.boolean(),
    sack: fc.boolean(),
    lossRecovery: fc.constantFrom(...LOSS_RECOVERIES),
    congestionControl: fc.constantFrom(...CONGESTION_CONTROLS),
    loss: fc.constantFrom(0, 0, 0.02, 0.1),
    mark: fc.constantFrom(0, 0.05),
    ecn: fc.constantFrom(0, 1, 1),
    mtuProbing: fc.constantFrom(0, 1, 2, 2),
    mtuProbeIntervalSeconds: fc.constantFrom(2, 600),
    pathMtuExpiresUs: fc.constantFrom(5_000_000, 600_000_000),
    slowStartAfterIdle: fc.boolean(),
    quickAcks: fc.constantFrom(0, 16),
    prefixLength: fc.constantFrom(24, 32),
    chances: fc.constantFrom(4, 2),
  });
  fc.assert(
    fc.property(options, ({ seed, startUs, loss, mark, chances, ...config }) => {
      const world = { seed, startUs, loss, mark, reorder: loss, duplicate: loss, config, slots: 256 };
      const [awake, asleep] = [0, chances].map((of) => run(seed, world, of)) as [string[], string[]];
      const first = awake.findIndex((line, i) => line !== asleep[i]);
      expect([first, awake[first], asleep[first]]).toEqual([-1, undefined, undefined]);
      expect(asleep.length).toBe(awake.length);
    }),
    { numRuns: LONG ? 300 : 3, endOnFailure: true },
  );
  expect(seen.slept).toBeGreaterThan(400);
}, 600_000);
