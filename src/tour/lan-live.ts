/** Runs the tour of network ports over a card, with somebody who is told what passes. */
import { CONTROL_PARAMS_AT } from '../dma/card-layout.ts';
import { DmaEngine } from '../dma/engine.ts';
import { MemoryPlan } from '../dma/plan.ts';
import { allocateRegion } from '../dma/region.ts';
import { hostQueues } from '../i2o/queues/queues.ts';
import { Ledger } from '../ledger/ledger.ts';
import { NEVER } from '../time/agent.ts';
import { Clock } from '../time/clock.ts';
import type { TraceSink } from '../trace/sink.ts';
import { buildCard } from '../world/build/card-parts.ts';
import { startTrace, tracedEnds } from '../world/build/card-trace.ts';
import { tracedLan } from '../world/build/lan-host.ts';
import { Network } from '../world/build/network.ts';
import { singleCard } from '../world/build/short-forms.ts';
import { planWorld } from '../world/build/world-plan.ts';
import { cardConfig } from '../world/config/card-config.ts';
import type { CardOverrides } from '../world/config/settings.ts';
import { LanTourHost } from './lan-host.ts';
import { LanTour } from './lan-tour.ts';

/** Virtual time begins nowhere in particular. */
const STARTED_AT = '1970-01-01T00:00:00.000Z';
/** Small enough to run dry. */
export const LAN_CARD: CardOverrides = {
  mtu: 1500,
  packetSlots: 64,
  rxRing: 16,
  txRing: 8,
  pools: { inboundFrames: 16, outboundFrames: 16, transmitBuffers: 8, transmitBufferBytes: 4096 },
};

/**
 * In virtual time, the card run by its host's looks: the same each time.
 * @returns what the tour missed; empty when it got through.
 */
export function runLanTour(sink: TraceSink, overrides: CardOverrides, seed: number, rounds: number): string {
  const config = cardConfig({ ...LAN_CARD, ...overrides, stack: { seed } });
  const topology = singleCard(config, { name: 'card', seed, modules: ['lan'] });
  const memory = new MemoryPlan();
  const plan = planWorld(memory, topology, { cards: [0], switches: [] });
  const [card] = plan.cards;
  const { layout, lan } = card.memory;
  if (lan === undefined) throw new Error('a card of network ports has memory for packets');
  const region = allocateRegion(memory.byteLength);
  const clock = new Clock();
  clock.set(0);
  const cardLedger = new Ledger(region, layout.iopLedger);
  const ledger = new Ledger(region, layout.hostLedger);
  let wakes = 0;
  const environment = {
    clock,
    ledger: cardLedger,
    dma: new DmaEngine(region, cardLedger),
    waker: { wake: () => void (wakes += 1) },
    wires: new Network(region, plan, clock, 0).endsOf(0),
  };
  const { processor, devices } = buildCard(region, card.memory, config, environment, ['lan']);
  const request = { sink, snapBytes: 0 };
  const watched = tracedLan(region, card, { request, clock, startedAt: STARTED_AT, wakes: () => wakes });
  const recorder = startTrace(request, watched);
  const own = { ...hostQueues(region, layout, ledger), waker: { wake: () => undefined } };
  const host = new LanTourHost({
    ...{ region, layout, ledger, clock, transmit: lan.transmit, receive: lan.receive },
    ends: tracedEnds(recorder, watched, own),
    turn: () => processor.poll(),
    rest: (ns) => {
      const dueNs = processor.nextDeadlineNs();
      clock.set(dueNs === NEVER ? clock.nowNs + ns : Math.max(clock.nowNs + 1, dueNs));
      recorder.lookForInterrupt();
    },
  });
  const [{ macHigh, macLow }] = devices;
  const mac = [macHigh >>> 8, macHigh, macLow >>> 24, macLow >>> 16, macLow >>> 8, macLow].map(
    (b) => b & 255,
  );
  const resultAt = layout.control + CONTROL_PARAMS_AT;
  const failure = attempt(() => new LanTour(host, region, mac, config.txRing, resultAt, seed).run(rounds));
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
