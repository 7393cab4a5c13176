/** The parts of our own card behind the pipe. */
import { DmaEngine } from '../../dma/engine.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { Clock } from '../../time/clock.ts';
import type { Waker } from '../../time/sleeper.ts';
import { buildCard, type CardParts } from '../../world/build/card-parts.ts';
import type { CardEnds } from '../../world/build/environment.ts';
import { Network } from '../../world/build/network.ts';
import type { OwnMemory } from './settings.ts';

/** @param ends of the queues, in place of those that the card would have. @param waker interrupts the host. */
export function buildOwn(own: OwnMemory, clock: Clock, ends: CardEnds, waker: Waker): CardParts {
  const { config, module, region, world, card } = own;
  const ledger = new Ledger(region, card.memory.layout.iopLedger);
  const environment = {
    ...{ clock, ledger, waker },
    dma: new DmaEngine(region, ledger),
    wires: new Network(region, world, clock, 0).endsOf(0),
    endsOver: () => ends,
  };
  return buildCard(region, card.memory, config, environment, [module]);
}
