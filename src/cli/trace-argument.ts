/** Reads the trace files that commands are given, and says in one line what is wrong with one. */
import { readTraces } from '../trace/file.ts';
import { TraceDamage } from '../trace/reader.ts';
import type { TraceSink } from '../trace/sink.ts';
import { systemErrorText, UserError } from './errors.ts';

/** The exit status of `validate` and `replay` for a file that is no trace, or not whole. */
export const NO_TRACE = 2;

/** What keeps a file of traces from being read to its end. */
export interface Damage {
  /** In words, without the file's name. */
  readonly words: string;
  /** The same as the line that the user is told. */
  readonly line: string;
}

/** @returns undefined for what is no fault of the file. */
export function damageOf(path: string, error: unknown): Damage | undefined {
  const name = path === '-' ? 'standard input' : path;
  if (error instanceof TraceDamage) return { words: error.message, line: `${name}: ${error.message}` };
  const { code = '' } = error as NodeJS.ErrnoException;
  if (!/^E[A-Z]+$/.test(code)) return undefined;
  const words = systemErrorText(error);
  return { words, line: `cannot read ${name}: ${words}` };
}

/**
 * Reads a file of traces and passes each to the sink that `sinkFor` returns for its number.
 * @returns how many traces the file held.
 * @throws UserError with exit status 2 when it cannot be opened, is no trace, or is not whole.
 */
export async function readTraceArgument(
  path: string,
  sinkFor: (trace: number) => TraceSink,
): Promise<number> {
  try {
    return await readTraces(path, sinkFor);
  } catch (error) {
    const damage = damageOf(path, error);
    throw damage === undefined ? error : new UserError(damage.line, NO_TRACE);
  }
}
