/** Runs the live workload over a card with a validator as its trace: on a thread, or in virtual time. */

import type { Transport } from '../dma/card-layout.ts';
import { Validator } from '../validate/validator.ts';
import type { CardOverrides } from '../world/config/settings.ts';
import { openCard } from '../world/open/card.ts';
import { VirtualWorld } from '../world/virtual/virtual-world.ts';
import { runLanTour } from './lan-live.ts';
import { Tour } from './tour.ts';
import { runWindowTour } from './window-live.ts';

export interface LiveOptions {
  readonly transport: Transport;
  readonly seed: number;
  /** Inline in virtual time, the same each time; else on a thread. */
  readonly virtual: boolean;
  /** Settings over the workload's own. */
  readonly card?: CardOverrides;
}

export interface Live {
  readonly validator: Validator;
  /** What the workload missed; empty when it got through. */
  readonly failure: string;
}

/** Virtual time the card gets to come to rest. */
const REST_NS = 300e9;
const ROUNDS = 5;
/** Pools small enough to run dry. */
const CARD: CardOverrides = {
  pools: {
    transmitBuffers: 64,
    transmitBufferBytes: 4096,
    receiveBuckets: 64,
    receiveBucketBytes: 4096,
    inboundFrames: 64,
    outboundFrames: 64,
    immediateSlots: 32,
  },
  driver: { socketsMax: 128 },
};

export async function runLive({ transport, seed, virtual, card: settings = {} }: LiveOptions): Promise<Live> {
  const validator = new Validator();
  const trace = { sink: validator };
  const overrides = { ...CARD, ...settings, transport, driver: { ...CARD.driver, ...settings.driver } };
  if (virtual) {
    const world = new VirtualWorld({ cards: [overrides], seed, traces: [trace] });
    const card = world.cards[0];
    const failure = attempt(() => new Tour(card.stack, seed).run(ROUNDS));
    world.run(() => false, REST_NS);
    card.endTrace();
    return { validator, failure };
  }
  const card = await openCard(overrides, trace);
  const failure = attempt(() => new Tour(card.stack, seed).run(ROUNDS));
  await card.close();
  return { validator, failure };
}

/** Classes of network ports, each with a tour of its own. */
export type PortClass = 'lan' | 'window';

/** The same of a card of network ports, whose host speaks in messages of its own; in virtual time. */
export function runPortLive(device: PortClass, transport: Transport, seed: number): Live {
  const validator = new Validator();
  const run = device === 'lan' ? runLanTour : runWindowTour;
  return { validator, failure: run(validator, { transport }, seed, ROUNDS) };
}

function attempt(run: () => void): string {
  try {
    run();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
