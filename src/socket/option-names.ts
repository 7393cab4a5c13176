/** The names of the socket options, for those who tell of them. */
import * as options from './options.ts';

/** By the numbers of `options.ts`. */
export const OPTION_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(options).map(([name, number]) => [number, name]),
);
