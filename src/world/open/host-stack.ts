/**
 * Opens the host's own stack in the program's thread: over a plain network device whose wire is looped back
 * to it, as a card alone has it, with the same settings of stack and device. `SO_SNDBUF` and the blocks that
 * sends are copied into are those of the driver's transmit pool.
 */
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import { MachineClock } from '../../time/clock.ts';
import { randomSeed } from '../../time/seed.ts';
import { FutexSleeper } from '../../time/sleeper.ts';
import { type BuiltHostStack, buildHostStack, type HostReceive, type HostTime } from '../build/host-stack.ts';
import { widenInlining } from '../build/inlining.ts';
import { type BuiltLanStack, buildLanStack } from '../build/lan-stack.ts';
import { Network } from '../build/network.ts';
import { singleCard } from '../build/short-forms.ts';
import { type BuiltWindowStack, buildWindowStack, type WindowMoves } from '../build/window-stack.ts';
import { planWorld, type WorldPlan } from '../build/world-plan.ts';
import { cardConfig } from '../config/card-config.ts';
import { checkOverrides } from '../config/card-config-check.ts';
import { type CardOverrides, DEFAULT_CARD_CONFIG } from '../config/settings.ts';
import type { ModuleKind } from '../topology/checked.ts';

/** A pair of cache lines: where the thread rests. */
const PAIR_BYTES = 128;

/** The machine's time. Nothing comes while the thread rests, since the same thread runs it all. */
function machineTime(): HostTime {
  const sleeper = new FutexSleeper(new Int32Array(new SharedArrayBuffer(PAIR_BYTES)), 0);
  const sleep = (ns: number): void => {
    sleeper.prepare();
    sleeper.sleep(ns);
  };
  return { clock: new MachineClock(), sleep, interruptNs: 0 };
}

/** A plan of one card with the overrides, its wire looped back to it. */
function lonePlan(overrides: CardOverrides, module: ModuleKind): { plan: WorldPlan; region: Region } {
  widenInlining();
  checkOverrides(overrides, DEFAULT_CARD_CONFIG);
  const config = cardConfig({ ...overrides, stack: { seed: randomSeed(), ...overrides.stack } });
  const memory = new MemoryPlan();
  const topology = singleCard(config, { name: 'host', seed: config.seed, modules: [module] });
  const plan = planWorld(memory, topology, { cards: [0], switches: [] });
  return { plan, region: allocateRegion(memory.byteLength, false) };
}

/**
 * The same over a card that serves the LAN class: packets travel in its messages. The thread runs the card
 * before each of the driver's looks.
 * @throws RangeError for a setting out of range, Error when the card does not come up.
 */
export function openLanStack(overrides: CardOverrides = {}, time: HostTime = machineTime()): BuiltLanStack {
  const { plan, region } = lonePlan(overrides, 'lan');
  const wires = new Network(region, plan, time.clock, 0).endsOf(0);
  const waker = { wake: () => undefined };
  const built = buildLanStack(region, plan.cards[0], wires, time, {
    ...{ waker, host: waker, inline: true },
    rest: () => undefined,
  });
  built.driver.bringUp();
  return built;
}

/**
 * The same over a card with the TCP window, in messages of the window class.
 */
export function openWindowStack(
  overrides: CardOverrides = {},
  moves: WindowMoves = { directBytesMin: 0 },
  time: HostTime = machineTime(),
): BuiltWindowStack {
  const { plan, region } = lonePlan(overrides, 'window');
  const wires = new Network(region, plan, time.clock, 0).endsOf(0);
  const waker = { wake: () => undefined };
  const link = { waker, host: waker, inline: true, rest: () => undefined };
  const built = buildWindowStack(region, plan.cards[0], wires, time, link, moves);
  built.driver.bringUp();
  return built;
}

/**
 * @param overrides settings, under the names that a card's have; those of its message layer change nothing.
 * @param device what the device has beside a plain one.
 * @throws RangeError for a setting out of range.
 */
export function openHostStack(
  overrides: CardOverrides = {},
  time: HostTime = machineTime(),
  device: HostReceive = {},
): BuiltHostStack {
  const { plan, region } = lonePlan(overrides, 'socket');
  const wires = new Network(region, plan, time.clock, 0).endsOf(0);
  return buildHostStack(region, plan.cards[0], wires, time, device);
}
