/**
 * What a program hands in as a card's configuration, held against the defaults: every name must be one
 * there is and every value of its kind. Ranges are looked at when all of it is known (card-ranges.ts).
 */
import { misspelt, plain, shown } from './complaint.ts';
import { SETTING_TABLE } from './setting-table.ts';

const CHOICES: ReadonlyMap<string, readonly unknown[]> = new Map(
  SETTING_TABLE.flatMap(({ name, choices }) => (choices === undefined ? [] : [[name, choices] as const])),
);

const RANGES: ReadonlyMap<string, readonly [number, number]> = new Map(
  SETTING_TABLE.flatMap(({ name, range }) => (range === undefined ? [] : [[name, range] as const])),
);

const KINDS: Readonly<Record<string, string>> = {
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'a map of settings',
};

/**
 * @param overrides what was handed in. @param defaults what it is laid over, with every name. @param path
 * before the names.
 * @throws RangeError of one line that names the first setting that is none.
 */
export function checkOverrides(overrides: unknown, defaults: object, path = ''): void {
  if (kindOf(overrides) !== KINDS['object']) {
    throw new RangeError(`a card expected ${KINDS['object']}, got ${shown(overrides)}`);
  }
  const known = new Map<string, unknown>(Object.entries(defaults));
  for (const [name, value] of Object.entries(overrides as object)) {
    if (value === undefined) continue;
    const setting = `${path}${plain(name)}`;
    const base = known.get(name);
    if (base === undefined) {
      throw new RangeError(`"${setting}" is no setting of a card: ${misspelt(name, [...known.keys()])}`);
    }
    const choices = CHOICES.get(setting);
    if (choices === undefined) checkKind(setting, value, base);
    else if (!choices.includes(value)) {
      const got = typeof value === 'string' ? plain(value) : shown(value);
      throw new RangeError(`"${setting}" expected ${choices.join(' or ')}, got ${got}`);
    }
    if (kindOf(base) === KINDS['object']) checkOverrides(value, base as object, `${setting}.`);
  }
}

function checkKind(setting: string, value: unknown, base: unknown): void {
  const wanted = kindOf(base);
  if (kindOf(value) === wanted && !Number.isNaN(value)) return;
  throw new RangeError(`"${setting}" expected ${wanted}${limitsOf(setting)}, got ${shown(value)}`);
}

/** Between which numbers a setting is, in words; nothing of one that has no range. */
function limitsOf(setting: string): string {
  const range = RANGES.get(setting);
  if (range === undefined) return '';
  const [least, most] = range;
  return most === Number.MAX_VALUE ? ` of ${least} or more` : ` from ${least} to ${most}`;
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'nothing' : (KINDS[typeof value] ?? typeof value);
}

/** @returns the settings themselves. @throws RangeError where a program of JavaScript gives no map of them. */
export function aMap<T>(settings: T): T {
  if (typeof settings === 'object' && settings !== null) return settings;
  throw new RangeError(`a card expected a map of settings, got ${shown(settings)}`);
}
