/** Checks a path before anything runs: half an hour of measuring must not be lost to a mistyped one. */
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { resolve } from 'node:path';
import { notOverwritten } from '../record/not-overwritten.ts';
import { cannotWrite, systemErrorText, UserError } from './errors.ts';
import type { FileKind } from './file-kinds.ts';

const NOTHING = new Uint8Array(0);
/** More than the start of any kind of file takes. */
const START_BYTES = 256;

/** What a file that can be written is, as far as can be known beforehand. */
export interface Writable {
  /** Where it really is: a link has been followed. */
  readonly target: string;
  /** Whether it is a device, a pipe or the like, which takes what is written and is not replaced. */
  readonly stream: boolean;
  /** Whether its folder takes another file, which can then take its place. */
  readonly replaceable: boolean;
}

/**
 * @param roomBytes for which there has to be room. A full disk has none for one.
 * @throws UserError when a file of this path could not be written, as far as can be known beforehand.
 */
export function checkWritable(path: string, roomBytes = 1): Writable {
  try {
    const full = resolve(path);
    const found = statSync(full, { throwIfNoEntry: false });
    if (found?.isDirectory()) throw new UserError(`cannot write ${path}: it is a directory`);
    if (found !== undefined) accessSync(full, constants.W_OK);
    if (found !== undefined && isStream(full, found)) {
      if (found.isCharacterDevice()) tryDevice(full);
      return { target: full, stream: true, replaceable: false };
    }
    const target = found === undefined ? full : realpathSync(full);
    return { target, stream: false, replaceable: tryFolder(target, roomBytes, found !== undefined) };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw cannotWrite(path, error);
  }
}

/** What stands for something else is not replaced, `/dev/stdout` not even where that is a file. */
function isStream(path: string, found: Stats): boolean {
  return !found.isFile() || /^\/(dev|proc)\//.test(path);
}

/** A device that has no room refuses even nothing, and no other is changed by it. */
function tryDevice(path: string): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    writeSync(file, NOTHING);
  } finally {
    closeSync(file);
  }
}

/** Whether there is room beside a file. Where its folder takes no other one it can be written in place. */
function tryFolder(target: string, roomBytes: number, exists: boolean): boolean {
  const part = partOf(target);
  try {
    writeFileSync(part, ' '.repeat(roomBytes));
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (exists && ['EACCES', 'EROFS', 'EPERM'].includes(code)) return false;
    throw error;
  } finally {
    rmSync(part, { force: true });
  }
}

/** Where a file is written before it takes its place. */
export function partOf(target: string): string {
  return `${target}.${process.pid}.part`;
}

/**
 * Of a file that may be replaced by its like alone. One without content is anybody's.
 * @throws UserError when it could not be written, or is something else.
 */
export function checkReplaceable(path: string, { name, start }: FileKind): void {
  const { stream } = checkWritable(path);
  if (stream || statOf(path) === undefined) return;
  const found = startOf(path, START_BYTES);
  if (found === '' || (typeof start === 'string' ? found.startsWith(start) : start.test(found))) return;
  throw new UserError(notOverwritten(path, name));
}

/** Whether a path leads to a device, such as /dev/null. */
export function isDevice(path: string): boolean {
  return statOf(path)?.isCharacterDevice() === true;
}

/** Whether two paths lead to one file that is there. */
export function isSameFile(one: string, other: string): boolean {
  const [first, second] = [one, other].map(statOf);
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino;
}

/** @returns undefined where nothing is, or can be. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
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
    throw new UserError(`cannot write ${path}: it is there, and cannot be read: ${systemErrorText(error)}`);
  }
}
