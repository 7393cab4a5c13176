/** The source tree as the rules' tests see it: files, their folders, and what they import. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const SOURCE = join(ROOT, 'src');

export interface SourceFile {
  /** Path from `src`, with slashes. */
  readonly path: string;
  /** First folder, or '' for a file right in `src`. */
  readonly folder: string;
  readonly text: string;
  /** The text with comments and strings blanked out: what the machine would run. */
  readonly code: string;
  /** Modules imported or re-exported: paths from `src` for our own, else the module's name. */
  readonly imports: readonly string[];
}

export function sourceFiles(): SourceFile[] {
  return readdirSync(SOURCE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readSource(join(entry.parentPath, entry.name)));
}

function readSource(file: string): SourceFile {
  const text = readFileSync(file, 'utf8');
  const path = relative(SOURCE, file).split('\\').join('/');
  const imports = [
    ...text.matchAll(/^(?:import|export)\b[^'";]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm),
  ]
    .map((match) => match[1] ?? match[2] ?? match[3])
    .map((name) => (name.startsWith('.') ? relative(SOURCE, resolve(dirname(file), name)) : name));
  return { path, folder: path.includes('/') ? path.split('/')[0] : '', text, code: blank(text), imports };
}

/** Blanks comments and quoted strings, line for line. */
export function blank(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, (match) =>
    match.replace(/[^\n]/g, ' '),
  );
}

/** Lines of `code` that match, as `path:line: text`. */
export function findLines(file: SourceFile, pattern: RegExp): string[] {
  return file.code
    .split('\n')
    .flatMap((line, i) => (pattern.test(line) ? [`${file.path}:${i + 1}: ${line.trim()}`] : []));
}
