/** What of an experiment can be set, and how `key=value` is read: everything wrong is refused by name. */
import { misspelt, plain, shown } from '../../world/config/complaint.ts';

export type SettingValue = number | string | boolean;

/** A number in a range, one of some words, or a switch: its default's kind says which. */
export interface ExperimentSetting {
  readonly key: string;
  /** In words, with its unit where it has one. */
  readonly what: string;
  readonly preset: SettingValue;
  /** Of a number. */
  readonly range?: readonly [least: number, most: number];
  /** Of a number: whether fractions are numbers too. */
  readonly fractions?: boolean;
  /** Of a word: which there are. */
  readonly words?: readonly string[];
}

/** Seeds, which every experiment has. */
export const SEEDS: ExperimentSetting = {
  key: 'seeds',
  what: 'how many seeds each figure is measured with',
  preset: 5,
  range: [1, 100],
};

export class SettingValues {
  private readonly values: ReadonlyMap<string, SettingValue>;

  constructor(values: ReadonlyMap<string, SettingValue>) {
    this.values = values;
  }

  number(key: string): number {
    return this.of(key, 'number') as number;
  }

  word(key: string): string {
    return this.of(key, 'string') as string;
  }

  flag(key: string): boolean {
    return this.of(key, 'boolean') as boolean;
  }

  /** The seeds: 1, 2, 3 and so on. */
  seeds(): number[] {
    return Array.from({ length: this.number(SEEDS.key) }, (_, i) => i + 1);
  }

  entries(): [key: string, value: SettingValue][] {
    return [...this.values];
  }

  private of(key: string, kind: 'number' | 'string' | 'boolean'): SettingValue {
    const value = this.values.get(key);
    if (typeof value !== kind) throw new TypeError(`an experiment asked for "${key}" as ${kind}`);
    return value as SettingValue;
  }
}

/**
 * Presets, with what a user has set laid over them.
 * @param written such as `ring=200`. @param where begins each complaint, such as `--set`.
 * @throws RangeError of one line.
 */
export function readSettings(
  settings: readonly ExperimentSetting[],
  written: readonly string[],
  where: string,
): SettingValues {
  const values = new Map(settings.map(({ key, preset }) => [key, preset]));
  const set = new Set<string>();
  for (const pair of written) {
    const at = pair.indexOf('=');
    if (at <= 0) throw new RangeError(`${where} expected key=value, got ${shown(pair)}`);
    const key = pair.slice(0, at);
    const setting = settings.find((candidate) => candidate.key === key);
    if (setting === undefined) {
      const keys = settings.map((candidate) => candidate.key);
      throw new RangeError(`${where} ${plain(key)}: there is no such setting: ${misspelt(key, keys)}`);
    }
    if (set.has(key)) throw new RangeError(`${where} ${key} is said twice`);
    set.add(key);
    values.set(key, readValue(setting, pair.slice(at + 1), where));
  }
  return new SettingValues(values);
}

/** What a setting takes, in words. */
export function expectedOf({ preset, range, fractions, words }: ExperimentSetting): string {
  if (typeof preset === 'boolean') return 'true or false';
  if (typeof preset === 'string') return (words ?? []).join(', ');
  const [least, most] = range ?? [0, Number.MAX_SAFE_INTEGER];
  return `a ${fractions === true ? '' : 'whole '}number from ${least} to ${most}`;
}

function readValue(setting: ExperimentSetting, text: string, where: string): SettingValue {
  const value = parsed(setting, text);
  if (value !== undefined) return value;
  throw new RangeError(`${where} ${setting.key} expected ${expectedOf(setting)}, got ${shown(text)}`);
}

function parsed(
  { preset, range, fractions, words }: ExperimentSetting,
  text: string,
): SettingValue | undefined {
  if (typeof preset === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  if (typeof preset === 'string') return words?.find((word) => word === text);
  const value = Number(text);
  if (!/^\d+(\.\d+)?(e\d+)?$/.test(text) || (fractions !== true && !Number.isInteger(value)))
    return undefined;
  const [least, most] = range ?? [0, Number.MAX_SAFE_INTEGER];
  return value >= least && value <= most ? value : undefined;
}
