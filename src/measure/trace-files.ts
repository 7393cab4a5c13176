/**
 * Which file the trace of each traced card of a bench goes to. Every side has a process and a card of its
 * own, and several run at once, so that each needs a file: the one named where there is one card, else that
 * name with the row and the side in it.
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

/** Frames are traced, and only the ring and the fifo have any. */
function hasCard(side: Side): boolean {
  return side.stack === 'inic' && !usesPostMessage(side);
}
