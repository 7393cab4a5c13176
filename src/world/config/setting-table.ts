/** Every setting of a card, and what becomes of it where nobody says it. */
import { CARD_SETTINGS } from './card-settings.ts';
import type { SettingRow } from './setting-row.ts';
import { STACK_SETTINGS } from './stack-settings.ts';

/** In the order in which they are printed. `docs/settings.md` is this, and a test holds it so. */
export const SETTING_TABLE: readonly SettingRow[] = [...CARD_SETTINGS, ...STACK_SETTINGS];

/** @returns what stands at the path of a setting; undefined where nothing does. */
export function settingOf(config: object, name: string): unknown {
  return name
    .split('.')
    .reduce<unknown>(
      (holder, key) => (holder as Readonly<Record<string, unknown>> | undefined)?.[key],
      config,
    );
}
