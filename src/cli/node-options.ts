/**
 * Options of Node's that stand before the program of `inic run`, as one would write them for `node`. They come too
 * late there, since Node has started: so it is told where they go.
 */

/** Those that say what Node runs, and are refused in NODE_OPTIONS. */
const MODES = new Set([
  ...['-e', '--eval', '-p', '--print', '-pe', '-i', '--interactive', '-c', '--check'],
  ...['--test', '--watch', '--run', '--cpu-prof', '--prof'],
]);

const REGISTER = 'node --import inic/register';

/** @returns the line of an unknown option with the way to give it to Node, or as it was where it is none of Node's. */
export function withNodesWay(line: string): string {
  const option = /^error: unknown option '(--?[^'=]+)/.exec(line)?.[1];
  if (option === undefined) return line;
  const behind = `${REGISTER} ${option} …`;
  const unknown = `error: unknown option '${option}' of run`;
  if (MODES.has(option)) return `${unknown}: it is Node's, and goes behind "${behind}"`;
  if (!process.allowedNodeEnvironmentFlags.has(option)) return line;
  return `${unknown}: it is Node's, and goes into NODE_OPTIONS, or behind "${behind}"`;
}
