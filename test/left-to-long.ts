/**
 * What the short form leaves to the long one (`npm run test:long`), so that it ends in minutes on a slow
 * machine too: files that take long as a whole, and of the others tests that take seconds, by their full names.
 */
import { readFileSync } from 'node:fs';

interface LeftToLong {
  /** Below test/. */
  readonly files: readonly string[];
  readonly tests: Readonly<Record<string, readonly string[]>>;
}

export const LEFT_TO_LONG = JSON.parse(
  readFileSync(new URL('left-to-long.json', import.meta.url), 'utf8'),
) as LeftToLong;
