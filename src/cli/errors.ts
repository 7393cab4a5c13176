import { getSystemErrorMap } from 'node:util';

/** An error that the user can correct: it is printed as one line, without a stack trace. */
export class UserError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What Node says of a file in words of its own, which the system does not know. */
const NODE_WORDS: Readonly<Record<string, string>> = {
  EISDIR: 'it is a directory',
  ERR_FS_FILE_TOO_LARGE: 'it is too large',
  ERR_STRING_TOO_LONG: 'it is too large',
};

/** What helps where a file cannot be written and the reason alone does not tell. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: ': make room, or name a file elsewhere',
  EDQUOT: ': make room, or name a file elsewhere',
  EROFS: ': name a file elsewhere',
};

/** What the system says is wrong with a file, in words such as "no such file or directory". */
export function systemErrorText(error: unknown): string {
  const { errno, code, message } = error as NodeJS.ErrnoException;
  const words = NODE_WORDS[code ?? ''] ?? getSystemErrorMap().get(errno ?? 0)?.[1];
  return words ?? code ?? message ?? String(error);
}

/** The same, with what helps. */
export function fileErrorText(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  return `${systemErrorText(error)}${ADVICE[code] ?? ''}`;
}

/** The error of a file that cannot be written, by the name that the user knows. */
export function cannotWrite(path: string, error: unknown): UserError {
  return new UserError(`cannot write ${path}: ${fileErrorText(error)}`);
}
