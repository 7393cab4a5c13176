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

/** Both ends of an interval, the unit said once where it is one: `1.40 to 1.60 µs`, `900 ns to 1.10 µs`. */
export function intervalText(low: number, high: number, unit: string): string {
  const [from, to] = [quantityText(low, unit), quantityText(high, unit)];
  const at = from.indexOf(' ');
  const same = at > 0 && to.endsWith(from.slice(at));
  return `${same ? from.slice(0, at) : from} to ${to}`;
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

/** Whole numbers up to a million as they are: a count of segments is not rounded. */
function countText(value: number): string {
  if (Number.isInteger(value) && value < 1e6) return String(value);
  if (value > 0 && value < 0.005) return value.toPrecision(1);
  return value < 999.5 ? threeDigits(value) : withPrefix(value);
}
