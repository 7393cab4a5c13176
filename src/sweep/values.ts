/** Values that a sweep goes through: a list, or a range such as `2..1024:x2` or `1..8:+1`. */
import { shown } from '../world/config/complaint.ts';

export type Setting = string | number | boolean;

export const EXPECTED_VALUES = 'a list, or a range such as 1..8, 0..64:+16 or 2..1024:x2';
const RANGE = /^(-?\d+)([A-Za-zµ/]*)\.\.(-?\d+)([A-Za-zµ/]*)(?::([x+])(\d+))?$/;
const VALUES_MAX = 10_000;

/** @param where begins each complaint. @returns at least one value, none of them twice. */
export function readValues(written: unknown, where: string): Setting[] {
  const values = Array.isArray(written) ? written : expanded(written, where);
  if (values.length === 0) throw new RangeError(`${where} is an empty grid: expected ${EXPECTED_VALUES}`);
  const other = values.find((value) => !isSetting(value));
  if (other !== undefined) throw new RangeError(`${where} expected ${EXPECTED_VALUES}, got ${shown(other)}`);
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) throw new RangeError(`${where} has ${shown(twice)} twice`);
  return values as Setting[];
}

/** Values as a command line has them: separated by commas, or a range. */
export function valuesOfText(text: string, where: string): Setting[] {
  const words = text.split(',').map((word) => word.trim());
  if (words.includes('')) {
    throw new RangeError(`${where} expected ${EXPECTED_VALUES}, got ${shown(text)}`);
  }
  return readValues(
    words.flatMap((word) => (RANGE.test(word) ? expanded(word, where) : [scalarOf(word)])),
    where,
  );
}

export function scalarOf(word: string): Setting {
  if (word === 'true' || word === 'false') return word === 'true';
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(word) ? Number(word) : word;
}

function isSetting(value: unknown): value is Setting {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function expanded(written: unknown, where: string): unknown[] {
  if (typeof written === 'string' && written.includes('..')) return rangeOf(written, where);
  if (written === undefined || written === null) return [];
  return [written];
}

function rangeOf(text: string, where: string): Setting[] {
  const match = RANGE.exec(text.replace(/\s/g, ''));
  if (match === null) throw new RangeError(`${where} expected ${EXPECTED_VALUES}, got ${shown(text)}`);
  const [, first, unit, last, lastUnit, operator = '+', step = '1'] = match;
  if (unit !== lastUnit) {
    throw new RangeError(`${where} expected one unit at both ends of a range, got ${shown(text)}`);
  }
  const by = Number(step);
  if (by < (operator === 'x' ? 2 : 1) || (operator === 'x' && Number(first) < 1)) {
    throw new RangeError(`${where} expected a range that rises, got ${shown(text)}`);
  }
  const values: Setting[] = [];
  let value = Number(first);
  while (value <= Number(last) && values.length <= VALUES_MAX) {
    values.push(unit === '' ? value : `${value}${unit}`);
    value = operator === 'x' ? value * by : value + by;
  }
  if (values.length > VALUES_MAX) {
    throw new RangeError(`${where} expected at most ${VALUES_MAX} values, got ${shown(text)}`);
  }
  return values;
}
