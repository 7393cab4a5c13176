/** What the terminal can show, by the variables in which it and its user say so. */
import { styleText } from 'node:util';

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const COLUMNS_MIN = 20;
const COLUMNS_MAX = 1000;

/** Whether a stream shows colours: a terminal does, unless TERM is `dumb` or NO_COLOR says something. */
export function showsColours(stream: Stream): boolean {
  return movesCursor(stream) && (process.env['NO_COLOR'] ?? '') === '';
}

/** @returns what makes words of a stream bold; it leaves them as they are where none would show. */
export function boldOn(stream: Stream): (text: string) => string {
  return showsColours(stream) ? (text) => styleText('bold', text) : (text) => text;
}

/** Whether a line of a stream can be written again, as a progress bar has to. */
export function movesCursor(stream: Stream): boolean {
  return stream.isTTY === true && process.env['TERM'] !== 'dumb';
}

/** @returns how wide lines may be: what COLUMNS says, else the terminal; `otherwise` where neither does. */
export function lineWidth(stream: Stream, otherwise: number): number {
  const said = Number(process.env['COLUMNS']);
  if (Number.isInteger(said) && said >= COLUMNS_MIN && said <= COLUMNS_MAX) return said;
  return stream.columns ?? otherwise;
}
