/**
 * Names the file for the trace of each card of a bench. Every side has a process and a card of its own, and
 * several run at once, so each needs a file: if there is one card, the file that was named, else that name
 * with the row and the side added.
 */

import { extname } from 'node:path';
import { type Row, type Side, usesPostMessage } from '../record/row.ts';

/** @returns the file's path; undefined for a side without a card. */
export function traceFile(path: string, rows: readonly Row[], row: Row, side: Side): string | undefined {
  if (!hasCard(side)) return undefined;
  const cards = rows.reduce((count, { sides }) => count + sides.filter(hasCard).length, 0);
  if (cards === 1) return path;
  const extension = extname(path);
  const { connections, size } = row.load;
  const middle = [row.test, row.api, `${connections}x${size}`, side.transport].join('-');
  return `${path.slice(0, path.length - extension.length)}-${middle}${extension}`;
}

/** Only the ring and the fifo have frames that can be traced. */
function hasCard(side: Side): boolean {
  return side.stack === 'inic' && !usesPostMessage(side);
}
