/** Values for people. */
import { marginText } from '../quantity.ts';
import { fewDigits, prefixed } from '../units.ts';
import type { Cell } from './data.ts';

/** Short, for axes and tips: `150 k`, `0.04`. */
export function shortNumber(value: number): string {
  return numberOf(value, 3);
}

function numberOf(value: number, digits: number): string {
  return value < 0 ? `-${numberOf(-value, digits)}` : trimmed(prefixed(value, digits));
}

function trimmed(text: string): string {
  return text.replace(/(\.\d*?)0+(?=\s|$)/, '$1').replace(/\.(?=\s|$)/, '');
}

/** Microseconds in the unit that fits. */
export function timeText(us: number): string {
  return timeOf(us, 3);
}

function timeOf(us: number, digits: number): string {
  const text = (value: number): string => trimmed(fewDigits(value, digits));
  if (us === 0) return '0';
  if (us < 1) return `${text(us * 1e3)} ns`;
  if (us < 999.5) return `${text(us)} µs`;
  return us < 999_500 ? `${text(us / 1e3)} ms` : `${text(us / 1e6)} s`;
}

/** Ticks of an axis lie no nearer to each other than its length through this. */
const TICKS_MOST = 10;
const DIGITS_MOST = 9;

/**
 * @param format `timeText` or `shortNumber`. @returns the same with as many digits as it takes to tell apart
 * the ticks between two values.
 */
export function tickFormat(format: (value: number) => string, low: number, high: number): typeof format {
  const text = format === timeText ? timeOf : numberOf;
  const step = (high - low) / TICKS_MOST;
  const ticks = Array.from({ length: TICKS_MOST + 1 }, (_, i) => low + i * step);
  for (let digits = 3; digits < DIGITS_MOST; digits += 1) {
    if (new Set(ticks.map((value) => text(value, digits))).size === ticks.length)
      return (value) => text(value, digits);
  }
  return format;
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
