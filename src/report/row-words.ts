/** How rows, sides and loads of a bench are named in what is printed. */
import type { Load, Row } from '../record/row.ts';
import { sizeText } from './units.ts';

/**
 * `64 B x32`, or with a response of another length `64/1024 B x32`; `frame x32` for messages without a
 * payload.
 */
export function loadText({ connections, size, response }: Load): string {
  const one = size === 0 ? 'frame' : sizeText(size);
  const sizes = response === undefined ? one : `${size}/${response} B`;
  return `${sizes} x${connections}`;
}

/** `TCP_RR net`, or the user's program. */
export function testText({ test, api }: Pick<Row, 'test' | 'api'>, { program }: Load): string {
  return `${program ?? test} ${api}`;
}

/** All of it, such as `TCP_RR net 64 B x32 beside 1 busy process`. */
export function rowText(row: Pick<Row, 'test' | 'api'>, load: Load): string {
  const beside = besideText(load);
  return `${testText(row, load)} ${loadText(load)}${beside === '' ? '' : ` ${beside}`}`;
}

/** Empty where there are no neighbours. */
export function besideText({ neighbours = 0 }: Load): string {
  if (neighbours === 0) return '';
  return `beside ${neighbours} busy process${neighbours === 1 ? '' : 'es'}`;
}
