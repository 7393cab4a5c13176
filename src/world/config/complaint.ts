/** How a complaint shows what a user wrote: whatever it is, the complaint stays one line. */
import { mostLike } from '../../spec/likeness.ts';

/** A value as a complaint shows it: short, on one line, and as it was written. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = written(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** JSON has no form for a value that contains itself, nor for a big integer: a program may hand in either. */
function written(value: unknown): string {
  // JSON writes null for NaN and the infinities.
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value === 'bigint' ? `${value}n` : `a ${typeof value} that is not plain data`;
  }
}

/** A key as a complaint shows it: a line break in it must not become one in the complaint. */
export function plain(key: string): string {
  const text = JSON.stringify(key).slice(1, -1);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** @returns what may have been meant by a name that is none of those known, or else all of these. */
export function misspelt(name: string, known: readonly string[]): string {
  return meant(name, known) || `expected ${known.join(', ')}`;
}

/** @returns what may have been meant by a name of which there are too many to list; perhaps nothing. */
export function meant(name: string, known: readonly string[]): string {
  const like = mostLike(name, known);
  return like.length > 0 ? `did you mean ${like.join(' or ')}?` : '';
}
