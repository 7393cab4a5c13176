/** Writes a number with its unit, as experiments name units: `ns`, `B`, `B/s`, `/s`, `x`, `%`, or a count. */
import { durationText, rateText, threeDigits, withPrefix } from './units.ts';

/** A second and longer is said in seconds. */
const SECOND_NS = 999_500_000;
const MINUS = '-';

/** @returns such as `1.20 µs`, `350 k/s`, `1.50 times`, `12.0 %`, `42`; a dash for what is not known. */
export function quantityText(value: number | null, unit: string): string {
  if (value === null || !Number.isFinite(value)) return '-';
  const text = sizeOf(Math.abs(value), unit);
  return value < 0 && /[1-9]/.test(text) ? `${MINUS}${text}` : text;
}

/** Numbers that stand side by side, in one unit and with as many digits behind the point. */
export interface Together {
  readonly texts: readonly string[];
  /** Behind them, with the space before it: ` µs`, ` k/s`, or nothing. */
  readonly unit: string;
}

/** More digits than this are no answer to how sure a value is. */
const DECIMALS_MAX = 6;
const PREFIXES = ['', 'k', 'M', 'G', 'T'];

/**
 * Writes numbers that a reader is to compare: in the form of the largest of them, with more digits where two
 * that differ would look alike.
 */
export function together(values: readonly number[], unit: string): Together {
  const { by, unit: written } = scaleOf(Math.max(...values.map(Math.abs)), unit);
  const scaled = values.map((value) => value / by);
  const unlike = new Set(values).size;
  let decimals = decimalsOf(scaled, unit);
  let texts = scaled.map((value) => fixedText(value, decimals));
  while (decimals < DECIMALS_MAX && new Set(texts).size < unlike) {
    decimals += 1;
    texts = scaled.map((value) => fixedText(value, decimals));
  }
  return { texts, unit: written };
}

/** A value with the interval it lies in: `3.66 k/s (3.53 to 3.78 k/s)`. */
export function valueInIntervalText(value: number, low: number, high: number, unit: string): string {
  const { texts, unit: written } = together([value, low, high], unit);
  return `${texts[0]}${written} (${texts[1]} to ${texts[2]}${written})`;
}

/** Both ends of an interval: `1.40 to 1.60 µs`, `0.90 to 1.10 µs`. */
export function intervalText(low: number, high: number, unit: string): string {
  const { texts, unit: written } = together([low, high], unit);
  return `${texts[0]} to ${texts[1]}${written}`;
}

/** A value, and how far from it the true one may be: `1.20 ± 0.04 µs`. */
export function marginText(value: number, half: number, unit: string): string {
  const { texts, unit: written } = together([value, half], unit);
  return `${texts[0]} ± ${texts[1]}${written}`;
}

function fixedText(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && /[1-9]/.test(text) ? `${MINUS}${text}` : text;
}

/** Three digits of the largest; none behind the point where all of them count something. */
function decimalsOf(scaled: readonly number[], unit: string): number {
  const most = Math.max(...scaled.map(Math.abs));
  if (isCount(unit) && scaled.every(Number.isInteger)) return 0;
  if (most < 9.995) return 2;
  return most < 99.95 ? 1 : 0;
}

function scaleOf(most: number, unit: string): { by: number; unit: string } {
  if (unit === 'ns') {
    if (most < 999.5) return { by: 1, unit: ' ns' };
    if (most < 999_500) return { by: 1e3, unit: ' µs' };
    return most < SECOND_NS ? { by: 1e6, unit: ' ms' } : { by: 1e9, unit: ' s' };
  }
  if (unit === 'x') return { by: 1, unit: ' times' };
  if (unit === '%') return { by: 1, unit: ' %' };
  if (isCount(unit) && most < 1e6) return { by: 1, unit: unit === '' ? '' : ` ${unit}` };
  let step = 0;
  while (most >= 999.5 * 1000 ** step && step < PREFIXES.length - 1) step += 1;
  const prefix = PREFIXES[step];
  if (unit === 'B' || unit === 'B/s') return { by: 1000 ** step, unit: ` ${prefix}${unit}` };
  const behind = unit === '/s' || unit === '' ? unit : ` ${unit}`;
  return { by: 1000 ** step, unit: `${prefix === '' ? '' : ` ${prefix}`}${behind}` };
}

function isCount(unit: string): boolean {
  return !['ns', 'x', '%', '/s', 'B', 'B/s'].includes(unit);
}

function sizeOf(value: number, unit: string): string {
  switch (unit) {
    case 'ns':
      return value < SECOND_NS ? shortDuration(value) : `${threeDigits(value / 1e9)} s`;
    case '/s':
    case 'B/s':
      return rateText(value, unit);
    case 'B':
      return value < 999.5 ? `${countText(value)} B` : `${withPrefix(value)}B`;
    case 'x':
      return `${threeDigits(value)} times`;
    case '%':
      return `${threeDigits(value)} %`;
    case '':
      return countText(value);
    default:
      return `${countText(value)} ${unit}`;
  }
}

/** Below a microsecond a fraction matters only where it is all there is. */
function shortDuration(ns: number): string {
  return ns > 0 && ns < 9.95 ? `${threeDigits(ns)} ns` : durationText(ns);
}

/**
 * Whole numbers up to a million as they are, since a count of segments is not rounded; and so that a mean of
 * counts stands beside a count in the same form, it has no prefix either below a million.
 */
function countText(value: number): string {
  if (Number.isInteger(value) && value < 1e6) return String(value);
  if (value > 0 && value < 0.005) return value.toPrecision(1);
  return value < 999_999.5 ? threeDigits(value) : withPrefix(value);
}
