/**
 * A card of network ports in virtual time, and its host's stack over it: the card's processor is an agent of
 * its own, and messages, doorbells and interrupts between the two take the time that they take a card of
 * sockets.
 */
import type { Region } from '../../dma/region.ts';
import { HOST_INTERRUPTS_SERVICED } from '../../ledger/counters.gen.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { Clock } from '../../time/clock.ts';
import { CostMeter } from '../../time/cost-model.ts';
import type { EventQueue } from '../../time/event-queue.ts';
import type { TappedEnd } from '../../wire/contract.ts';
import type { TraceRequest } from '../build/card-trace.ts';
import type { HostTime } from '../build/host-stack.ts';
import { type BuiltLanStack, buildLanStack, type LanJoint } from '../build/lan-stack.ts';
import { type BuiltWindowStack, buildWindowStack, type WindowMoves } from '../build/window-stack.ts';
import type { CardPlan } from '../build/world-plan.ts';
import { cardBusCosts, DmaMeter, LAN_TRANSFERS, WINDOW_TRANSFERS } from './meters.ts';
import {
  type CardWatch,
  frameMeters,
  lateCardEnds,
  lateHostEnds,
  STARTED_AT,
  VirtualSleeper,
} from './virtual-card.ts';

/** What the world has made before. */
export interface LanHostParts {
  readonly region: Region;
  readonly plan: CardPlan;
  readonly clock: Clock;
  readonly queue: EventQueue;
  readonly ends: readonly TappedEnd[];
  readonly trace?: TraceRequest | undefined;
  /** Who looks on; undefined: nobody. */
  readonly watch?: CardWatch | undefined;
}

/** The numbers of host and card in the event queue, once they are there. */
export interface LanHostPlace {
  hostAgent(): number;
  iopAgent(): number;
}

/** The card is not up yet, since nobody runs before all agents are in the queue. */
export function buildVirtualLan(parts: LanHostParts, place: LanHostPlace): BuiltLanStack {
  const { region, plan, ends } = parts;
  return buildLanStack(region, plan, ends, timeOf(parts), jointOf(parts, place));
}

/** The same over a card with the TCP window. */
export function buildVirtualWindow(
  parts: LanHostParts,
  place: LanHostPlace,
  moves: WindowMoves,
): BuiltWindowStack {
  const { region, plan, ends } = parts;
  return buildWindowStack(region, plan, ends, timeOf(parts), jointOf(parts, place), moves);
}

function timeOf({ clock }: LanHostParts): HostTime {
  return { clock, sleep: () => undefined, interruptNs: 0 };
}

/** How host and card are joined, in the event queue. */
function jointOf(parts: LanHostParts, place: LanHostPlace): LanJoint {
  const { region, plan, clock, queue, trace, watch } = parts;
  const { doorbellNs, interruptNs } = plan.topology;
  const { layout } = plan.memory;
  const full = {
    hostAgent: () => place.hostAgent(),
    iopAgent: () => place.iopAgent(),
    shared: undefined,
    trace,
    watch,
  };
  const sleeper = new VirtualSleeper(queue, full, interruptNs);
  const frames = frameMeters(clock, layout);
  const { counters } = new Ledger(region, layout.hostLedger);
  const card = {
    wake: () => {
      watch?.world.notified(watch.card, 'inbound');
      queue.notify(place.iopAgent(), doorbellNs);
    },
  };
  const host = {
    wake: () => {
      watch?.world.notified(watch.card, 'outbound');
      sleeper.interrupt();
      counters[HOST_INTERRUPTS_SERVICED] += 1;
      queue.notify(place.hostAgent(), interruptNs);
    },
  };
  return {
    waker: card,
    host,
    // A traced host shows frames as it posts them: a trace has frames and doorbells in that order.
    ...(trace === undefined && { ends: lateHostEnds(parts, card, full, frames) }),
    trace: trace && { request: trace, clock, startedAt: STARTED_AT, wakes: () => sleeper.wakes },
    endsOver: lateCardEnds(parts, full, frames),
    rest: (ns) => {
      sleeper.prepare();
      sleeper.sleep(ns);
    },
    inline: false,
  };
}

/** The card's processor as an agent. @returns its number in the queue. */
export function addLanCard(
  queue: EventQueue,
  built: BuiltLanStack | BuiltWindowStack,
  { topology }: CardPlan,
  watch: CardWatch | undefined,
): number {
  const { cardLedger, card } = built;
  const engine = new DmaMeter(
    cardLedger,
    cardBusCosts(topology.bus, built.card.window === undefined ? LAN_TRANSFERS : WINDOW_TRANSFERS),
  );
  return queue.add({
    agent: watch?.world.agent('cards', watch.card, card.processor) ?? card.processor,
    meter: new CostMeter(cardLedger, topology.processor.costs),
    ...(engine.free ? {} : { engine }),
  });
}
