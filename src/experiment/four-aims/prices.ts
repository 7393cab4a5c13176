/** What breaking an aim costs a request: processor time, of host and card together. */
import { type Effect, effectOf } from '../claims/effect.ts';
import type { Load, RequestFigures } from './requests.ts';
import type { Variant } from './variants.ts';

/** Measures a load under a variant with each seed: what was measured before is not measured again. */
export type Measure = (load: Load, variant: Variant, seeds?: readonly number[]) => readonly RequestFigures[];

export function processorNs({ hostNs, iopNs }: RequestFigures): number {
  return hostNs + iopNs;
}

/** How much more a request takes than those of the same seeds, in percent of them. */
export function priceOf(
  what: string,
  broken: readonly RequestFigures[],
  kept: readonly RequestFigures[],
): Effect {
  const shares = broken.map((one, i) => 100 * (processorNs(one) / processorNs(kept[i]) - 1));
  return effectOf(what, '%', shares);
}
