/**
 * Opens a card and puts it under `node:net`, as `inic run` and `node --import inic/register` do before the
 * program starts. Options that are not given come from the environment, so that they reach a program that
 * knows nothing of the card.
 */
import type { TraceRequest } from '../world/build/card-trace.ts';
import { type Card, type CardOptions, openCard } from '../world/open/card.ts';
import { type PlacementChoice, placeCard } from '../world/open/placement.ts';
import { environmentIop, environmentOptions, environmentSockets, mayUseCard } from './environment.ts';
import { type InstallOptions, install } from './install.ts';
import { parseOffloadRule } from './offload-rule.ts';

/**
 * Opens and installs a card, unless `mayUseCard` says that this program keeps to the kernel.
 * @param trace called before the card is opened; what it returns is told everything that passes the host's
 *   end.
 * @param overrides how the card differs from a default one, and where it runs; by default, as INIC_IOP says.
 * @returns the card, or undefined where none was opened.
 * @throws SyntaxError for a bad rule, RangeError for a bad number, Error if the card cannot be opened.
 */
export async function register(
  options: InstallOptions = {},
  trace?: () => TraceRequest,
  overrides: CardOptions = {},
): Promise<Card | undefined> {
  const settings = { ...environmentOptions(process.env), ...options };
  parseOffloadRule(settings.offload ?? 'all'); // a bad rule is told before a card is opened for it
  const socketsMax = overrides.driver?.socketsMax ?? environmentSockets(process.env);
  const iop = environmentIop(process.env);
  placeCard(iop, 'INIC_IOP');
  if (!mayUseCard()) return undefined;
  const driver = { acceptsFirst: true, ...overrides.driver, socketsMax };
  const card = await openCard({ placement: iop as PlacementChoice, ...overrides, driver }, trace?.());
  install(card, settings);
  return card;
}
