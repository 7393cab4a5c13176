/** Where the bundled plans and profiles lie: in the source tree, also for what runs from the built one. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';

const HERE = new URL('.', import.meta.url);
const SOURCE = new URL(HERE.href.replace(/\/dist\/src\/plans\/$/, '/src/plans/'));

/** @returns the path of a bundled file. @param path below `src/plans`. */
export function bundledFile(path: string): string {
  return fileURLToPath(new URL(path, SOURCE));
}

/**
 * Reads a YAML file as plain data.
 * @throws RangeError of one line that begins with the file, and with the line where it is no YAML.
 */
export function readYamlFile(path: string): unknown {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new RangeError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? error})`);
  }
  const document = parseDocument(text, { uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) {
    const line = error.linePos === undefined ? '' : `:${error.linePos[0].line}`;
    throw new RangeError(`${path}${line}: ${error.message.split('\n')[0]}`);
  }
  try {
    return document.toJS();
  } catch (failure) {
    throw new RangeError(
      `${path}: ${String(failure instanceof Error ? failure.message : failure).split('\n')[0]}`,
    );
  }
}
