/** Runs the tour of a port of the LAN class. */
import { CONTROL_PARAMS_AT } from '../dma/card-layout.ts';
import { LAN_CLASS_ID, LAN_CLASS_VERSION } from '../i2o/lan.gen.ts';
import type { TraceSink } from '../trace/sink.ts';
import { portCount } from '../world/build/lan-host.ts';
import type { CardOverrides } from '../world/config/settings.ts';
import { LanTourHost } from './lan-host.ts';
import { LanTour } from './lan-tour.ts';
import { runPortTour } from './port-live.ts';

/**
 * In virtual time, the card run by its host's looks: the same each time.
 * @returns what the tour missed; empty when it got through.
 */
export function runLanTour(sink: TraceSink, overrides: CardOverrides, seed: number, rounds: number): string {
  const spoken = { id: LAN_CLASS_ID, version: LAN_CLASS_VERSION };
  const card = { sink, overrides, seed, kind: 'lan', spoken, ports: portCount } as const;
  return runPortTour(card, ({ ground, region, plan, config, mac }) => {
    const { lan } = plan.memory;
    if (lan === undefined) throw new Error('a card of network ports has memory for packets');
    const host = new LanTourHost(ground, lan);
    const resultAt = plan.memory.layout.control + CONTROL_PARAMS_AT;
    new LanTour(host, region, mac, config.txRing, resultAt, seed).run(rounds);
  });
}
