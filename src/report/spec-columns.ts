/** Sets text in columns and paragraphs, for pages of at most so many characters a line. */

/** The width of a page where nobody says another. */
export const PAGE_COLUMNS = 100;
/** Words drawn take 70 characters, whatever the width; text next to nothing is not read any more. */
const COLUMNS_MIN = 40;
const LAST_COLUMN_MIN = 16;

let pageColumns = PAGE_COLUMNS;

/** How wide pages are from now on; at least COLUMNS_MIN. A process prints for one terminal. */
export function setPageColumns(columns: number): void {
  pageColumns = Math.max(COLUMNS_MIN, columns);
}

/** Breaks words into lines of at most `width` characters; a longer word has a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Breaks a text into the lines of an indented paragraph. */
export function paragraph(text: string, indent = 0): string[] {
  const margin = ' '.repeat(indent);
  return wrapped(text, pageColumns - indent).map((line) => margin + line);
}

/** Sets rows in columns as wide as their contents; the last column is wrapped in what is left of the line. */
export function columns(rows: readonly (readonly string[])[], indent = 2): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count - 1 }, (_, column) =>
    Math.max(...rows.map((row) => row[column].length)),
  );
  const used = indent + widths.reduce((sum, width) => sum + width + 2, 0);
  const margin = ' '.repeat(used);
  return rows.flatMap((row) => {
    const head = widths.map((width, column) => row[column].padEnd(width + 2)).join('');
    const [first, ...more] = wrapped(row[count - 1], Math.max(LAST_COLUMN_MIN, pageColumns - used));
    const lines = [`${' '.repeat(indent)}${head}${first}`, ...more.map((line) => margin + line)];
    return lines.map((line) => line.trimEnd());
  });
}

/** A part of a page under its title; nothing where it has no lines. */
export function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}
