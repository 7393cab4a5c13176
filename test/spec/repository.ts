/** Where the tests of the spec find the repository's files. */
import { readFileSync } from 'node:fs';

export function readRepositoryFile(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}
