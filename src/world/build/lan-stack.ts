/**
 * Builds a host's own stack over a card of network ports, both for one thread: the card serves the LAN
 * class, and what the stack sends and receives travels in its messages. What goes to the host itself, where
 * the card has a loop for that, stays on the host.
 */
import { DmaEngine } from '../../dma/engine.ts';
import type { Region } from '../../dma/region.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { Clock } from '../../time/clock.ts';
import type { Waker } from '../../time/sleeper.ts';
import type { TappedEnd } from '../../wire/contract.ts';
import { buildCard, type CardParts } from './card-parts.ts';
import { tapWires } from './card-trace.ts';
import type { CardEnvironment } from './environment.ts';
import type { HostTime } from './host-stack.ts';
import { type BuiltLanHost, buildLanHost, type LanLink, portCount } from './lan-host.ts';
import type { CardPlan } from './world-plan.ts';

/** How host and card are joined. */
export interface LanJoint extends Omit<LanLink, 'card'> {
  /** Wakes the host. */
  readonly host: Waker;
  readonly endsOver?: CardEnvironment['endsOver'];
  /** Whoever polls the host runs the card too. */
  readonly inline: boolean;
  /** Read for each packet that a trace records; absent: the host's clock. */
  readonly packetClock?: Clock;
}

export interface BuiltLanStack extends BuiltLanHost {
  readonly card: CardParts;
}

/**
 * The card is not up yet: `driver.bringUp` is for whoever can run it.
 * @param wires what is plugged into the card's ports, by port; last the inner loop's, where there is one.
 */
export function buildLanStack(
  region: Region,
  plan: CardPlan,
  wires: readonly TappedEnd[],
  time: HostTime,
  link: LanJoint,
): BuiltLanStack {
  const { memory, packets, topology } = plan;
  const { clock } = time;
  const ledger = new Ledger(region, memory.layout.iopLedger);
  const dma = new DmaEngine(region, ledger);
  const ports = wires.slice(0, portCount(plan));
  if (packets !== undefined) tapWires(region, packets, link.packetClock ?? clock, dma, ports);
  const environment: CardEnvironment = {
    ...{ clock, ledger, dma, waker: link.host, wires },
    ...(link.endsOver === undefined ? {} : { endsOver: link.endsOver }),
  };
  const card = buildCard(region, memory, topology.config, environment, ['lan']);
  const reach: LanLink = link.inline ? { ...link, card: card.processor } : link;
  const built = buildLanHost(region, plan, wires.slice(ports.length), time, reach);
  return { ...built, card };
}
