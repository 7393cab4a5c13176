/**
 * Opens a card and puts it under `node:net`: what `inic run` and `node --import inic/register` do before the program
 * starts. Options not given come from the environment, so that they reach a program that knows nothing of us.
 */

import cluster from 'node:cluster';
import { isMainThread } from 'node:worker_threads';
import { openCard } from '../world/card.ts';
import { environmentOptions } from './environment.ts';
import { type InstallOptions, install } from './install.ts';
import { parseOffloadRule } from './offload-rule.ts';

/**
 * Resolves when new sockets go to the card. A worker thread and a cluster's worker keep to the kernel: their loopback
 * peers are in the main thread or the primary, which have another card, or none.
 * @throws SyntaxError for a bad rule, RangeError for a bad number, Error if the card cannot be opened.
 */
export async function register(options: InstallOptions = {}): Promise<void> {
  const settings = { ...environmentOptions(process.env), ...options };
  parseOffloadRule(settings.offload ?? 'all'); // a bad rule is told before a card is opened for it
  if (!isMainThread || cluster.isWorker) return;
  install(await openCard(), settings);
}
