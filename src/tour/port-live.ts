/** Runs a tour of a network port over a card in virtual time, with somebody who is told what passes. */
import { DmaEngine } from '../dma/engine.ts';
import { MemoryPlan } from '../dma/plan.ts';
import { allocateRegion, type Region } from '../dma/region.ts';
import { hostQueues } from '../i2o/queues/queues.ts';
import { Ledger } from '../ledger/ledger.ts';
import { NEVER } from '../time/agent.ts';
import { Clock } from '../time/clock.ts';
import type { TraceSink } from '../trace/sink.ts';
import { buildCard } from '../world/build/card-parts.ts';
import { startTrace, tapWires, tracedEnds } from '../world/build/card-trace.ts';
import { tracedPorts } from '../world/build/lan-host.ts';
import { Network } from '../world/build/network.ts';
import { singleCard } from '../world/build/short-forms.ts';
import { type CardPlan, planWorld } from '../world/build/world-plan.ts';
import { cardConfig } from '../world/config/card-config.ts';
import type { CardConfig, CardOverrides } from '../world/config/settings.ts';
import type { ModuleKind } from '../world/topology/checked.ts';
import type { PortGround, SpokenClass } from './port-host.ts';

/** Virtual time begins nowhere in particular. */
const STARTED_AT = '1970-01-01T00:00:00.000Z';
/** Bytes recorded of each packet: all. */
const SNAP_BYTES = 65_535;
/** Small enough to run dry. */
export const PORT_CARD: CardOverrides = {
  mtu: 1500,
  packetSlots: 64,
  rxRing: 16,
  txRing: 8,
  pools: { inboundFrames: 16, outboundFrames: 16, transmitBuffers: 8, transmitBufferBytes: 4096 },
};

/** A card that is to be toured. */
export interface TouredCard {
  readonly sink: TraceSink;
  readonly overrides: CardOverrides;
  readonly seed: number;
  readonly kind: ModuleKind;
  readonly spoken: SpokenClass;
  /** Devices of the class, of a card of these settings. */
  readonly ports: (plan: CardPlan) => number;
}

/** What a tour of it works on. */
export interface TourGround {
  readonly ground: PortGround;
  readonly region: Region;
  readonly plan: CardPlan;
  readonly config: CardConfig;
  /** Hardware address of the first port, whose wire leads back to it. */
  readonly mac: readonly number[];
}

/**
 * The card is run by its host's looks: the same each time.
 * @param tour throws what it missed.
 * @returns that in words; empty when the tour got through.
 */
export function runPortTour(card: TouredCard, tour: (ground: TourGround) => void): string {
  const { sink, seed, kind, spoken } = card;
  const config = cardConfig({ ...PORT_CARD, ...card.overrides, stack: { seed } });
  const topology = singleCard(config, { name: 'card', seed, modules: [kind] });
  const memory = new MemoryPlan();
  // What is said of packets is held against them; nothing is said of those of the window class.
  const snapBytes = kind === 'lan' ? SNAP_BYTES : 0;
  const world = planWorld(memory, topology, { cards: [0], switches: [] }, [snapBytes]);
  const [plan] = world.cards;
  const { layout } = plan.memory;
  const region = allocateRegion(memory.byteLength);
  const clock = new Clock();
  clock.set(0);
  const cardLedger = new Ledger(region, layout.iopLedger);
  const ledger = new Ledger(region, layout.hostLedger);
  const dma = new DmaEngine(region, cardLedger);
  const wires = new Network(region, world, clock, 0).endsOf(0);
  if (plan.packets !== undefined) tapWires(region, plan.packets, clock, dma, wires);
  let wakes = 0;
  const environment = {
    clock,
    ledger: cardLedger,
    waker: { wake: () => void (wakes += 1) },
    ...{ dma, wires },
  };
  const { processor, devices } = buildCard(region, plan.memory, config, environment, [kind]);
  const request = { sink, snapBytes };
  const trace = { request, clock, startedAt: STARTED_AT, wakes: () => wakes };
  const watched = tracedPorts(region, plan, trace, spoken.id, card.ports(plan));
  const recorder = startTrace(request, watched);
  const own = { ...hostQueues(region, layout, ledger), waker: { wake: () => undefined } };
  const ground: PortGround = {
    ...{ region, layout, ledger, clock },
    outboundFrameWords: config.driver.outboundFrameWords,
    ends: tracedEnds(recorder, watched, own),
    turn: () => processor.poll(),
    rest: (ns) => {
      const dueNs = processor.nextDeadlineNs();
      clock.set(dueNs === NEVER ? clock.nowNs + ns : Math.max(clock.nowNs + 1, dueNs));
      recorder.lookForInterrupt();
    },
  };
  const [{ macHigh, macLow }] = devices;
  const mac = [macHigh >>> 8, macHigh, macLow >>> 24, macLow >>> 16, macLow >>> 8, macLow].map(
    (b) => b & 255,
  );
  const failure = attempt(() => tour({ ground, region, plan, config, mac }));
  recorder.end(ledger.snapshot(), cardLedger.snapshot());
  return failure;
}

function attempt(run: () => void): string {
  try {
    run();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
