/** Values for people. */
import { marginText } from '../quantity.ts';
import { threeDigits, withPrefix } from '../units.ts';
import type { Cell } from './data.ts';

/** Short, for axes and tips: `150 k`, `0.04`. */
export function shortNumber(value: number): string {
  if (value < 0) return `-${shortNumber(-value)}`;
  return trimmed(withPrefix(value));
}

function trimmed(text: string): string {
  return text.replace(/(\.\d*?)0+(?=\s|$)/, '$1').replace(/\.(?=\s|$)/, '');
}

/** Microseconds in the unit that fits. */
export function timeText(us: number): string {
  if (us === 0) return '0';
  if (us < 1) return `${trimmed(threeDigits(us * 1e3))} ns`;
  if (us < 999.5) return `${trimmed(threeDigits(us))} µs`;
  return us < 999_500 ? `${trimmed(threeDigits(us / 1e3))} ms` : `${trimmed(threeDigits(us / 1e6))} s`;
}

/** A value that a chart writes by `format`, with how far from it the true one may be. */
export function withMargin(format: (value: number) => string, value: number, half: number): string {
  return format === timeText ? marginText(value * 1e3, half * 1e3, 'ns') : marginText(value, half, '');
}

/** In full, for a table. */
export function fullNumber(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 1000 ? 3 : 0 });
}

export function cellText(cell: Cell): string {
  if (cell === null) return '–';
  return typeof cell === 'number' ? fullNumber(cell) : String(cell);
}

/** A setting as the user wrote it. */
export function settingText(value: Cell): string {
  return String(value);
}

/** The last word of a path: `pools.transmitBuffers` as `transmitBuffers`. */
export function lastWord(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** `highWater` as `high water`, `left.transmit` as it is. */
export function spaced(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
}

export function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}
