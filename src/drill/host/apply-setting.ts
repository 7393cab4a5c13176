/** Gives a setting a value by Linux's (or FreeBSD's) name, while the stack runs. */
import { type DrillConfig, setNumber } from './live-config.ts';
import { type ChoiceSetting, settingOf } from './sysctl-names.ts';

/**
 * What became of it: it is set; it changes nothing here, and why; or the stack cannot do what it asks for.
 */
export type SettingOutcome =
  | { readonly kind: 'set' }
  | { readonly kind: 'idle'; readonly words: string }
  | { readonly kind: 'lacking'; readonly words: string };

const SET: SettingOutcome = { kind: 'set' };

/**
 * @param value as a sysctl has it; several numbers are apart by space. @param made whether the stack has been
 * made, so that what is chosen then is chosen.
 */
export function applySetting(
  config: DrillConfig,
  name: string,
  value: string,
  made: boolean,
): SettingOutcome {
  const setting = settingOf(name);
  if (setting === undefined) return { kind: 'lacking', words: `there is no setting ${name} here` };
  const words = value.trim().split(/\s+/);
  switch (setting.kind) {
    case 'idle':
      return { kind: 'idle', words: setting.why };
    case 'fixed':
      if (setting.values.includes(words[0])) return { kind: 'idle', words: 'it is so' };
      return { kind: 'lacking', words: `${name}=${value} asks for ${setting.lacks}, which is not there` };
    case 'choice':
      return choose(config, setting, `${name}=${value}`, words[0], made);
    case 'flag':
      for (const field of setting.fields) config[field] = setting.on?.includes(words[0]) ?? words[0] !== '0';
      return SET;
    case 'number':
      return setAll(config, name, value, { [setting.field]: numberOf(words[0]) * setting.scale });
    case 'list': {
      const values = words.map(numberOf);
      if (values.length !== setting.count) {
        return { kind: 'lacking', words: `${name}=${value}: expected ${setting.count} numbers` };
      }
      return setAll(config, name, value, setting.fields(values));
    }
  }
}

function choose(
  config: DrillConfig,
  { field, choices }: ChoiceSetting,
  said: string,
  word: string,
  made: boolean,
): SettingOutcome {
  const choice = Object.hasOwn(choices, word) ? choices[word] : undefined;
  if (choice === undefined) return { kind: 'lacking', words: `${said} asks for what is not there` };
  if (config[field] === choice) return SET;
  if (made) return { kind: 'lacking', words: `${said} comes too late: it is chosen when a script begins` };
  Object.assign(config, { [field]: choice });
  return SET;
}

function setAll(
  config: DrillConfig,
  name: string,
  value: string,
  fields: Partial<Record<string, number>>,
): SettingOutcome {
  try {
    for (const [field, number] of Object.entries(fields)) {
      setNumber(config, field as Parameters<typeof setNumber>[1], Math.round(number ?? Number.NaN));
    }
    return SET;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { kind: 'lacking', words: `${name}=${value}: ${error.message}` };
  }
}

function numberOf(text: string): number {
  return /^-?(\d+|0x[0-9a-fA-F]+)$/.test(text) ? Number(text) : Number.NaN;
}
