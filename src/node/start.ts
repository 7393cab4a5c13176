/**
 * Opens a card and puts it under `node:net`: what `inic run` and `node --import inic/register` do before the
 * program starts. Options not given come from the environment, so that they reach a program that knows
 * nothing of us.
 */

import type { TraceRequest } from '../world/build/card-trace.ts';
import type { CardOverrides } from '../world/config/settings.ts';
import { type Card, openCard } from '../world/open/card.ts';
import { environmentOptions, mayUseCard } from './environment.ts';
import { type InstallOptions, install } from './install.ts';
import { parseOffloadRule } from './offload-rule.ts';

/**
 * Resolves with the card when new sockets go to it; at once with undefined, and they do not, where
 * `mayUseCard` says so.
 * @param trace called for the card that is opened: who is told what passes its host's end.
 * @param overrides how the card differs from a default one.
 * @throws SyntaxError for a bad rule, RangeError for a bad number, Error if the card cannot be opened.
 */
export async function register(
  options: InstallOptions = {},
  trace?: () => TraceRequest,
  overrides: CardOverrides = {},
): Promise<Card | undefined> {
  const settings = { ...environmentOptions(process.env), ...options };
  parseOffloadRule(settings.offload ?? 'all'); // a bad rule is told before a card is opened for it
  if (!mayUseCard()) return undefined;
  const card = await openCard(overrides, trace?.());
  install(card, settings);
  return card;
}
