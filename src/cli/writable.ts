/** Checks a path before anything runs: half an hour of measuring must not be lost to a mistyped one. */
import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { systemErrorText, UserError } from './errors.ts';

/** @throws UserError when a file of this path could not be written. */
export function checkWritable(path: string): void {
  const full = resolve(path);
  try {
    if (existsSync(full)) {
      if (statSync(full).isDirectory()) throw new UserError(`cannot write ${path}: it is a directory`);
      accessSync(full, constants.W_OK);
    } else accessSync(dirname(full), constants.W_OK);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot write ${path}: ${systemErrorText(error)}`);
  }
}

/**
 * Of a file that may be replaced by its like alone. One without content is anybody's.
 * @param start what a file of its kind begins with. @param kind what it is called.
 * @throws UserError when it could not be written, or is something else.
 */
export function checkReplaceable(path: string, start: string, kind: string): void {
  checkWritable(path);
  if (!existsSync(path) || !statSync(path).isFile()) return;
  const found = startOf(path, start.length);
  if (found === '' || found === start) return;
  throw new UserError(`${path}: is no ${kind}, and is not overwritten`);
}

/** @throws UserError when two options name one file. */
export function checkApart(one: [string, string | undefined], two: [string, string | undefined]): void {
  const [[flag, path], [otherFlag, other]] = [one, two];
  if (path === undefined || other === undefined || resolve(path) !== resolve(other)) return;
  throw new UserError(`${flag} and ${otherFlag} are the same file`);
}

function startOf(path: string, length: number): string {
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(length);
      return bytes.toString('latin1', 0, readSync(file, bytes, 0, length, 0));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${systemErrorText(error)}`);
  }
}
