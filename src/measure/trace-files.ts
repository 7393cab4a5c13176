/**
 * Names the file for the trace of each card of a bench. Every side has a process and a card of its own, and
 * several run at once, so each needs a file: if there is one card, the file that was named, else that name
 * with the row and the side added.
 */

import { extname } from 'node:path';
import { hasCard, type Row, type Side } from '../record/row.ts';

/** @returns the file's path; undefined for a side without a card. */
export function traceFile(path: string, rows: readonly Row[], row: Row, side: Side): string | undefined {
  if (!hasCard(side)) return undefined;
  const cards = rows.reduce((count, { sides }) => count + sides.filter(hasCard).length, 0);
  if (cards === 1) return path;
  const extension = extname(path);
  const { connections, size, response, neighbours } = row.load;
  const sizes = response === undefined ? size : `${size},${response}`;
  const beside = neighbours === undefined ? [] : [`beside${neighbours}`];
  const stack = side.stack === 'lan' ? ['lan'] : [];
  const placement = side.placement === 'inline' ? ['inline'] : [];
  const middle = [
    row.test,
    row.api,
    `${connections}x${sizes}`,
    ...beside,
    ...stack,
    side.transport,
    ...placement,
  ].join('-');
  return `${path.slice(0, path.length - extension.length)}-${middle}${extension}`;
}
