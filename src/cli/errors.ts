import { getSystemErrorMap } from 'node:util';

/** An error that the user can correct: it is printed as one line, without a stack trace. */
export class UserError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What the system says is wrong with a file, in words such as "no such file or directory". */
export function systemErrorText(error: unknown): string {
  const { errno, code, message } = error as NodeJS.ErrnoException;
  if (code === 'EISDIR') return 'it is a directory';
  return getSystemErrorMap().get(errno ?? 0)?.[1] ?? code ?? message ?? String(error);
}
