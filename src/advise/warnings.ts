/** What the check at the start of a card will say of each card of an answer. */
import type { Topology } from '../world/topology.ts';

export interface Warning {
  /** Cards it is said of. */
  readonly cards: readonly string[];
  /** The setting that causes it. */
  readonly key: string;
  /** One plain line. */
  readonly text: string;
}

/** @returns none: cards check nothing at their start. */
export function warningsOf(_topology: Topology): readonly Warning[] {
  return [];
}
