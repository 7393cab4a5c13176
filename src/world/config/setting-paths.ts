/**
 * Settings of a card by their paths, as a command line and a sweep write them: `pools.receiveBuckets=64`.
 */
import { mostLike } from '../../spec/likeness.ts';
import { cardConfig } from './card-config.ts';
import { plain } from './complaint.ts';
import { SETTING_TABLE } from './setting-table.ts';
import type { CardOverrides } from './settings.ts';

export type SettingValue = string | number | boolean;

/** What the world around a card says of it: no path sets them. */
const NOT_SETTABLE = [
  'furtherPorts',
  'bonds',
  'innerLoop',
  'mac',
  'stack.loopbackPort',
  'stack.sendElementsMax',
];

/** Every path that names one value of a card. */
export const SETTING_PATHS: readonly string[] = SETTING_TABLE.map(({ name }) => name).filter(
  (path) => !NOT_SETTABLE.includes(path),
);

/**
 * @returns what `openCard` takes. @throws RangeError of one line for a path that names no setting, with those
 *   like it, and for a value that is not of its kind or out of its range.
 */
export function overridesOf(settings: Readonly<Record<string, SettingValue>>): CardOverrides {
  const overrides: Record<string, SettingValue | Record<string, SettingValue>> = {};
  for (const [path, value] of Object.entries(settings)) {
    if (!SETTING_PATHS.includes(path)) throw unknownSetting(path);
    const [section, field] = path.split('.');
    if (field === undefined) overrides[section] = value;
    else overrides[section] = { ...(overrides[section] as Record<string, SettingValue>), [field]: value };
  }
  cardConfig(overrides as CardOverrides);
  return overrides as CardOverrides;
}

function unknownSetting(path: string): RangeError {
  const known = path.includes('.') ? SETTING_PATHS : [...SETTING_PATHS, ...lastNames()];
  const like = mostLike(path, known).map((name) => fullPath(name));
  const hint =
    like.length === 0 ? 'docs/settings.md lists them' : `did you mean ${unique(like).join(' or ')}?`;
  return new RangeError(`"${plain(path)}" is no setting of a card; ${hint}`);
}

/** Whoever leaves the section out means the setting of that name. */
function lastNames(): string[] {
  return SETTING_PATHS.flatMap((path) => path.split('.')[1] ?? []);
}

function fullPath(name: string): string {
  return SETTING_PATHS.find((path) => path === name || path.endsWith(`.${name}`)) ?? name;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
