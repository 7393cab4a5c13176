/** Reads the trace files that commands are given, and says in one line what is wrong with one. */
import { readTraces } from '../trace/file.ts';
import { TraceDamage } from '../trace/reader.ts';
import type { TraceSink } from '../trace/sink.ts';
import { systemErrorText, UserError } from './errors.ts';

/** The exit status of `validate` and `replay` for a file that is no trace, or not whole. */
export const NO_TRACE = 2;

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
    const code = (error as NodeJS.ErrnoException).code;
    const name = path === '-' ? 'standard input' : path;
    if (error instanceof TraceDamage) throw new UserError(`${name}: ${error.message}`, NO_TRACE);
    if (code !== undefined && /^E[A-Z]+$/.test(code))
      throw new UserError(`cannot read ${name}: ${systemErrorText(error)}`, NO_TRACE);
    throw error;
  }
}
