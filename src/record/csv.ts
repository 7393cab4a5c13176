/** What tables of comma-separated values (RFC 4180) have in common. */

/** A cell as it stands in a row: empty for what is not known, and in quotes where it has to be. */
export function csvCell(value: unknown): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
