/** A file of text that is read as a whole. */
import { constants } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';

/**
 * Node reads a file of gigabytes for a minute before it finds that no string can hold it: so its length is
 * looked at first.
 * @throws what Node throws where it cannot be read; an error with the code ERR_FS_FILE_TOO_LARGE where it is
 * longer than a string can be.
 */
export function readWhole(path: string): string {
  if (statSync(path).size > constants.MAX_STRING_LENGTH) {
    throw Object.assign(new Error(`${path} is too large`), { code: 'ERR_FS_FILE_TOO_LARGE' });
  }
  return readFileSync(path, 'utf8');
}
