/** Kinds of files that verbs write, and how one that is there is known: only its like replaces it. */
import { SIGNATURE } from '../trace/format.ts';

export interface FileKind {
  /** What it is called. */
  readonly name: string;
  /** How each file of its kind begins: text, or a pattern for its first 256 bytes, read as Latin-1. */
  readonly start: string | RegExp;
}

/** A trace of frames. Its first byte says how many entries its head has. */
export const FRAME_TRACE: FileKind = {
  name: 'trace of frames',
  start: new RegExp(`^[\\s\\S]${Buffer.from(SIGNATURE).toString('latin1')}`),
};

/** A capture that this program has written: the first option of its section says so, behind 28 bytes. */
export const CAPTURE: FileKind = {
  name: 'capture of inic decode',
  start: /^\n\r\r\n[\s\S]{24}inic /,
};

export const BENCH_RESULT: FileKind = {
  name: 'result of inic bench',
  start: /^\s*\{\s*"manifest":\s*\{\s*"commandLine":/,
};

export const BENCH_TABLE: FileKind = { name: 'table of inic bench', start: 'test,api,' };
