/**
 * Where offload pays: the card's rate over the host's, along how long messages are, how long connections
 * live, and how fast the host is against the card's processor. Three of the ratios that decide it after
 * Shivam and Chase ("On the Elusive Benefits of Protocol Offload", 2003); the fourth is what binds.
 */
import type { SweepPlan } from '../sweep/plan.ts';
import { planOf } from '../sweep/short-form.ts';
import { ARMS } from './arms.ts';
import { type CompareOptions, compareArms } from './compare.ts';
import { pausing } from './pauses.ts';
import { binding, type Part } from './use.ts';

export const MAP_SIZES = [64, 1024, 16_384] as const;
export const MAP_SPEEDS = [0.5, 1, 2, 4, 8, 16] as const;
/** How long connections live. */
export const MAP_LIVES = [
  { name: 'one request', workload: 'TCP_CRR' },
  { name: 'for ever', workload: 'TCP_RR' },
] as const;

/** The host that is compared with the card: the one with most offloads. */
const BASELINE = 'host+TSO';
const CARD = 'inic';

/** What is asked of each world of the map. */
export interface MapOptions {
  readonly costs: string;
  readonly connections: number;
  readonly link: string;
  readonly operations: number;
  readonly seeds: readonly number[];
  /** Pause of a connection between two requests, on average; 0: none. */
  readonly thinkUs: number;
}

export interface MapCell {
  readonly sizeBytes: number;
  readonly life: string;
  readonly hostSpeed: number;
  /** The card's rate over the host's, of their medians over seeds. */
  readonly ratio: number;
  /** What binds the host's run, and the card's; undefined: nothing does. */
  readonly hostBinds: Part | undefined;
  readonly cardBinds: Part | undefined;
}

/** @param progress told how many of how many runs are done. @throws as `compareArms`. */
export function breakEvenMap(
  options: MapOptions,
  systemCallNs: number,
  progress: (done: number, total: number) => void,
): MapCell[] {
  const arm = (name: string) => ARMS.filter((candidate) => candidate.name === name);
  const total = MAP_SIZES.length * MAP_LIVES.length * (MAP_SPEEDS.length + 1);
  let done = 0;
  const run = (plan: SweepPlan, name: string, costs: CompareOptions) => {
    const [{ figures }] = compareArms(plan, arm(name), costs);
    done += 1;
    progress(done, total);
    return figures;
  };
  return MAP_LIVES.flatMap(({ name: life, workload }) =>
    MAP_SIZES.flatMap((sizeBytes) => {
      const plan = planFor(options, workload, sizeBytes);
      // The card's own processor does not get faster with the host's.
      const card = run(plan, CARD, { hostSpeed: 1, systemCallNs });
      return MAP_SPEEDS.map((hostSpeed): MapCell => {
        const host = run(plan, BASELINE, { hostSpeed, systemCallNs });
        const ratio = card.ratePerS / host.ratePerS;
        const [hostBinds, cardBinds] = [binding(host.use), binding(card.use)];
        return { sizeBytes, life, hostSpeed, ratio, hostBinds, cardBinds };
      });
    }),
  );
}

/**
 * The speed of the host at which both are even: between two speeds, by a straight line between their ratios.
 * @param cells of one size and life, by rising speed. @returns undefined where one side wins at all speeds.
 */
export function breakEvenSpeed(cells: readonly MapCell[]): number | undefined {
  for (let i = 1; i < cells.length; i++) {
    const [before, after] = [cells[i - 1], cells[i]];
    if (before.ratio >= 1 !== after.ratio >= 1) {
      const share = (before.ratio - 1) / (before.ratio - after.ratio);
      return before.hostSpeed + share * (after.hostSpeed - before.hostSpeed);
    }
  }
  return undefined;
}

function planFor(options: MapOptions, workload: string, size: number): SweepPlan {
  const { costs, connections, link, operations, seeds, thinkUs } = options;
  const plan = planOf({ workload, connections, size, costs, link, operations, vary: [] });
  return pausing({ ...plan, seeds }, thinkUs);
}
