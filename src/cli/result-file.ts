/**
 * A file of results that is whole at every moment: each state is written beside it and takes its place. What
 * is no regular file, such as a device or a pipe, is written once, at the end.
 */
import { existsSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemErrorText, UserError } from './errors.ts';
import { checkWritable } from './writable.ts';

/** About what the results of all tests take. */
const TRIAL_BYTES = 1 << 18;

export class ResultFile {
  private readonly path: string;
  private readonly target: string;
  /** Where a state is written first; undefined: in place. */
  private readonly part: string | undefined;
  private readonly atEnd: boolean;

  /** @throws UserError when the file cannot be written, as far as that can be known beforehand. */
  constructor(path: string) {
    checkWritable(path);
    this.path = path;
    const full = resolve(path);
    this.atEnd = isOther(full);
    this.target = !this.atEnd && existsSync(full) ? realpathSync(full) : full;
    this.part = this.atEnd ? undefined : this.trial();
    if (this.atEnd) this.tryDevice();
  }

  /** A state that more will follow. What goes wrong is told by `finish`, which tries again. */
  keep(text: string): void {
    if (this.atEnd) return;
    try {
      this.put(text);
    } catch {
      // The measurement goes on: its table will be printed, and perhaps there is room by then.
    }
  }

  /** @throws UserError when the last state cannot be written. */
  finish(text: string): void {
    try {
      this.put(text);
    } catch (error) {
      this.clear();
      throw this.refusal(error);
    }
  }

  private put(text: string): void {
    if (this.part === undefined) {
      writeFileSync(this.target, text);
      return;
    }
    writeFileSync(this.part, text);
    renameSync(this.part, this.target);
  }

  /** Whether there is room beside the file. Where its folder takes no other one it is written in place. */
  private trial(): string | undefined {
    const part = `${this.target}.${process.pid}.part`;
    try {
      writeFileSync(part, ' '.repeat(TRIAL_BYTES));
      return part;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code === 'EACCES' || code === 'EROFS' || code === 'EPERM') && existsSync(this.target))
        return undefined;
      throw this.refusal(error);
    } finally {
      rmSync(part, { force: true });
    }
  }

  /** Takes away what was written of a state that did not become whole, if that can still be reached. */
  private clear(): void {
    try {
      if (this.part !== undefined) rmSync(this.part, { force: true });
    } catch {
      // Its folder has gone, and it with it.
    }
  }

  /** A line break before the results is no harm to JSON, and shows whether a device takes anything. */
  private tryDevice(): void {
    if (!existsSync(this.target) || !statSync(this.target).isCharacterDevice()) return;
    try {
      writeFileSync(this.target, '\n');
    } catch (error) {
      throw this.refusal(error);
    }
  }

  private refusal(error: unknown): UserError {
    return new UserError(`cannot write ${this.path}: ${systemErrorText(error)}`);
  }
}

/** What stands for something else is not replaced, `/dev/stdout` not even where that is a file. */
function isOther(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (!found.isFile() || /^\/(dev|proc)\//.test(path));
}
