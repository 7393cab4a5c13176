/** Runs the tour of a port of the window class. */
import { WINDOW_CLASS_ID, WINDOW_CLASS_VERSION } from '../i2o/window.gen.ts';
import type { TraceSink } from '../trace/sink.ts';
import { nicConfigs } from '../world/build/card-memory.ts';
import type { CardPlan } from '../world/build/world-plan.ts';
import type { CardOverrides } from '../world/config/settings.ts';
import { runPortTour } from './port-live.ts';
import { WindowTourHost } from './window-host.ts';
import { WindowTour } from './window-tour.ts';

/** As `runLanTour`. */
export function runWindowTour(
  sink: TraceSink,
  overrides: CardOverrides,
  seed: number,
  rounds: number,
): string {
  const spoken = { id: WINDOW_CLASS_ID, version: WINDOW_CLASS_VERSION };
  // The loop inside such a card is a port of it, too.
  const ports = ({ topology }: CardPlan): number => nicConfigs(topology.config).length;
  const card = { sink, overrides, seed, kind: 'window', spoken, ports } as const;
  return runPortTour(card, ({ ground, region, plan, config, mac }) => {
    const { window, layout } = plan.memory;
    if (window === undefined) throw new Error('a card with the TCP window has memory for it');
    const pools = { fills: layout.transmit, ...window };
    new WindowTour(new WindowTourHost(ground, pools), region, mac, config.txRing, seed).run(rounds);
  });
}
