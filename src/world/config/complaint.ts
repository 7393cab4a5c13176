/** How a complaint shows what a user wrote: whatever it is, the complaint stays one line. */

/** A value as a complaint shows it: short, on one line, and as it was written. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = written(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** JSON has no form for a value that contains itself, nor for a big integer: a program may hand in either. */
function written(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return typeof value === 'bigint' ? `${value}n` : `a ${typeof value} that is not plain data`;
  }
}

/** A key as a complaint shows it: a line break in it must not become one in the complaint. */
export function plain(key: string): string {
  const text = JSON.stringify(key).slice(1, -1);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
