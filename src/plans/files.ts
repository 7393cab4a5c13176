/** Where the bundled plans and profiles lie: in the source tree, also for what runs from the built one. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getSystemErrorMap, TextDecoder } from 'node:util';

const HERE = new URL('.', import.meta.url);
const SOURCE = new URL(HERE.href.replace(/\/dist\/src\/plans\/$/, '/src/plans/'));

/** Far more than a person writes. */
const TEXT_BYTES_MAX = 1 << 24;

/** What is bundled, by the name of its folder. */
export type BundledKind = 'profiles' | 'sweeps' | 'worlds';

/** @returns the path of what is bundled under a name, whether or not there is such a file. */
export function bundledFile(kind: BundledKind, name: string): string {
  return fileURLToPath(new URL(`${kind}/${name}.yaml`, SOURCE));
}

/** @returns the names of what is bundled, sorted. */
export function bundledNames(kind: BundledKind): string[] {
  const files = readdirSync(new URL(kind, SOURCE)).filter((file) => file.endsWith('.yaml'));
  return files.map((file) => file.replace(/\.yaml$/, '')).sort();
}

/**
 * @returns the text without a byte order mark. What is in another encoding would otherwise be taken for
 * other words. @throws RangeError of one line that begins with the file.
 */
export function readText(path: string): string {
  try {
    if (statSync(path).size <= TEXT_BYTES_MAX) {
      return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
    }
  } catch (error) {
    const { errno, code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw new RangeError(`${path}: is no text in UTF-8: save it as such`);
    }
    const words = code === 'EISDIR' ? 'it is a directory' : getSystemErrorMap().get(errno ?? 0)?.[1];
    throw new RangeError(`${path}: cannot be read (${words ?? error})`);
  }
  throw new RangeError(`${path}: cannot be read (it is larger than ${TEXT_BYTES_MAX >> 20} MiB)`);
}
