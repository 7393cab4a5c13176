/** The tables of docs/settings.md, made of the same data that checks the settings. */

import { cardConfig } from '../../src/world/config/card-config.ts';
import type { SettingRow } from '../../src/world/config/setting-row.ts';
import { SETTING_TABLE, settingOf } from '../../src/world/config/setting-table.ts';

const HEAD = ['| setting | meaning | unit | range | default | beside others |', '|---|---|---|---|---|---|'];

/** @param section the part of a setting's path before the point; empty for those that have none. */
export function tableOf(section: string): string {
  const rows = SETTING_TABLE.filter(({ name }) => (name.includes('.') ? name.split('.')[0] : '') === section);
  return [...HEAD, ...rows.map(line)].join('\n');
}

/** A page with its tables made anew. Each stands between a comment that names its section and the next. */
export function withTables(page: string): string {
  return page.replace(
    /(<!-- settings: (\w*) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, start: string, section: string, end: string) =>
      `${start}\n${tableOf(section === 'card' ? '' : section)}\n\n${end}`,
  );
}

function line(row: SettingRow): string {
  const { name, meaning, unit = '', follows, beside = '' } = row;
  const value = shownDefault(settingOf(cardConfig(), name));
  const default_ = follows === undefined ? value : `${value}; ${follows}`;
  return `| \`${name}\` | ${meaning} | ${unit} | ${rangeOf(row)} | ${default_} | ${beside} |`;
}

function rangeOf({ range, whole, multipleOf, powerOfTwo, choices, form }: SettingRow): string {
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (range === undefined) return form ?? '';
  const [least, most] = range;
  const limits = most === Number.MAX_VALUE ? `${least} or more` : `${least} to ${most}`;
  const steps = multipleOf === undefined ? '' : `, a multiple of ${multipleOf}`;
  const parts = whole === false && most !== Number.MAX_VALUE ? ', parts too' : '';
  return `${limits}${steps}${powerOfTwo ? ', a power of two' : ''}${parts}`;
}

function shownDefault(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  if (value.length === 0) return 'none';
  return value.map((byte) => Number(byte).toString(16).padStart(2, '0')).join(':');
}
