/** Checks a path before anything runs: half an hour of measuring must not be lost to a mistyped one. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
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
