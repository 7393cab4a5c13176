/** Checks of what a YAML file holds; each throws a TypeError of one line that says where and what. */

export type Raw = Record<string, unknown>;

export function expect(condition: unknown, where: string, message: string): asserts condition {
  if (!condition) throw new TypeError(`spec: ${where}: ${message}`);
}

/** A mapping with no keys but these; those ending in "?" may be missing. */
export function record(value: unknown, where: string, keys: readonly string[]): Raw {
  expect(typeof value === 'object' && value !== null && !Array.isArray(value), where, 'expected a mapping');
  const names = keys.map((key) => key.replace('?', ''));
  for (const key of Object.keys(value)) expect(names.includes(key), where, `unknown key "${key}"`);
  for (const key of keys) expect(key.endsWith('?') || key in value, where, `missing key "${key}"`);
  return value as Raw;
}

export function items(value: unknown, where: string): readonly unknown[] {
  expect(Array.isArray(value), where, 'expected a list');
  return value;
}

export function unique(names: readonly (string | number)[], where: string, what: string): void {
  const again = names.find((name, index) => names.indexOf(name) !== index);
  expect(again === undefined, where, `duplicate ${what} ${again}`);
}

export function integer(value: unknown, where: string, min: number, max: number): number {
  const good = Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
  expect(good, where, `expected an integer from ${min} to ${max}, got ${String(value)}`);
  return value as number;
}

/** A text, in one line. */
export function text(value: unknown, where: string): string {
  expect(typeof value === 'string' && value.trim() !== '', where, `expected a text, got ${String(value)}`);
  return value.trim().replaceAll(/\s*\n\s*/g, ' ');
}
