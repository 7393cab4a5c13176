/** Runs Node and the program's verbs as their user would, each test file in a folder of its own. */
import { type ExecFileException, execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { LONG } from '../long.ts';

export const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/**
 * After this a process that hangs is ended, so that it does not outlive its test. On a busy machine one that
 * works may take a minute.
 */
const TIMEOUT_MS = LONG ? 590_000 : 170_000;

export interface Outcome {
  /** The exit status, or the signal that ended the process. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder for the tests of one file, which is removed after them. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inic-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** @param input what the process reads from its standard input; undefined: nothing, and no end of it. */
export function runNode(folder: string, args: readonly string[], input?: Uint8Array): Promise<Outcome> {
  return new Promise((resolve) => {
    const ended = (error: ExecFileException | null, stdout: string, stderr: string): void => {
      resolve({ code: error?.signal ?? error?.code ?? 0, stdout, stderr });
    };
    const options = { cwd: folder, maxBuffer: 1 << 26, timeout: TIMEOUT_MS };
    const child = execFile(process.execPath, args, options, ended);
    if (input === undefined) return;
    child.stdin?.on('error', () => {}); // the process may end before it has read all
    child.stdin?.end(input);
  });
}
