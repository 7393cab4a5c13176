/**
 * Loads the script that the build has joined from the modules of a card, within a call: see
 * `joined/card-script.ts`.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import * as clock from '../time/clock.ts';
import * as timers from '../time/timers.ts';
import { widenInlining } from '../world/build/inlining.ts';
import type { CardOverrides } from '../world/config/settings.ts';
import type { Card, openInlineCard } from '../world/open/card.ts';
import type { Placed } from '../world/open/placement.ts';

/** The compiled sources. Tests run from source; they are then those of the last build. */
export const SOURCES: URL = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/src/', import.meta.url)
  : new URL('../', import.meta.url);
export const SCRIPT: URL = new URL('joined/card.cjs', SOURCES);
/** What V8 has compiled of it; of another version of V8, or under other flags, it is left aside. */
export const CACHE: URL = new URL('joined/card.cache', SOURCES);

/** The script's value: a function that answers with what `world/open/card.ts` exports. */
type CardScript = (
  require: NodeJS.Require,
  sources: URL,
  given: Readonly<Record<string, unknown>>,
) => { readonly openInlineCard: typeof openInlineCard };

/** Compiles the script, or takes what is kept of it. */
export function loadScript(): Script {
  widenInlining();
  const text = readFileSync(SCRIPT, 'latin1');
  let cachedData: Buffer | undefined;
  try {
    cachedData = readFileSync(CACHE);
  } catch {
    // It is only faster.
  }
  const filename = fileURLToPath(SCRIPT);
  return new Script(text, cachedData === undefined ? { filename } : { filename, cachedData });
}

/** @throws as `openInlineCard`. */
export function openFromScript(overrides: CardOverrides, placed: Placed, script = loadScript()): Card {
  const run = script.runInThisContext() as CardScript;
  const given = { 'time/clock.js': clock, 'time/timers.js': timers };
  return run(createRequire(SCRIPT), SOURCES, given).openInlineCard(overrides, placed);
}
