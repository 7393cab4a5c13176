/** What the check at the start of a card will say of the cards of an answer. */
import { startWarnings } from '../world/topology/start-warnings.ts';
import type { Topology } from '../world/topology.ts';

export interface Warning {
  /** The cards it is said of. */
  readonly cards: readonly string[];
  /** The setting that causes it, by its path in a card. */
  readonly key: string;
  /** One plain line, as of the first of them. */
  readonly text: string;
}

/** Each warning once, whatever number of cards it is said of. */
export function warningsOf(topology: Topology): readonly Warning[] {
  const found = new Map<string, { cards: string[]; key: string; text: string }>();
  for (const { key: path, text } of startWarnings(topology)) {
    const [, card, ...keys] = path.split('.');
    const key = keys.join('.');
    const words = text.replace(`cards.${card}.`, '');
    const warning = found.get(words) ?? { cards: [], key, text: words };
    warning.cards.push(card);
    found.set(words, warning);
  }
  return [...found.values()];
}
