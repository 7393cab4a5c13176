/**
 * A file of results that is whole at every moment: each state is written beside it and takes its place. What
 * is no regular file, such as a device or a pipe, is written once, at the end.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { cannotWrite } from './errors.ts';
import { checkWritable, partOf } from './writable.ts';

/** About what the results of all tests take. */
const ROOM_BYTES = 1 << 18;

export class ResultFile {
  private readonly path: string;
  private readonly target: string;
  /** Where a state is written first; undefined: in place. */
  private readonly part: string | undefined;
  private readonly atEnd: boolean;

  /** @throws UserError when the file cannot be written, as far as that can be known beforehand. */
  constructor(path: string) {
    const { target, stream, replaceable } = checkWritable(path, ROOM_BYTES);
    this.path = path;
    this.target = target;
    this.atEnd = stream;
    this.part = replaceable ? partOf(target) : undefined;
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
      throw cannotWrite(this.path, error);
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

  /** Takes away what was written of a state that did not become whole, if that can still be reached. */
  private clear(): void {
    try {
      if (this.part !== undefined) rmSync(this.part, { force: true });
    } catch {
      // Its folder has gone, and it with it.
    }
  }
}
