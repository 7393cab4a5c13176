/** Builds the C++ ring where there is a compiler, and runs it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a native ring does: round trips or a stream, and whether it looks for a wish to be notified. */
export interface NativeRun {
  readonly test: 'MSG_RR' | 'MSG_STREAM';
  readonly hints: boolean;
}

export interface NativeRing {
  /** @returns operations a second. @throws Error when the program fails or a frame was not what was sent. */
  rate(run: NativeRun, seconds: number): number;
  remove(): void;
}

const source = new URL(
  import.meta.url.includes('/dist/') ? '../../../bench/native/ring.cpp' : './ring.cpp',
  import.meta.url,
);

/** @returns undefined where there is no g++. @throws Error when it does not compile. */
export function buildRing(): NativeRing | undefined {
  if (spawnSync('g++', ['--version']).error !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'inic-native-'));
  const program = join(folder, 'ring');
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    execFileSync('g++', ['-O3', '-std=c++17', '-pthread', '-o', program, fileURLToPath(source)]);
  } catch (error) {
    remove();
    throw error;
  }
  return { rate: (run, seconds) => rateOf(program, run, seconds), remove };
}

function rateOf(program: string, { test, hints }: NativeRun, seconds: number): number {
  const name = test === 'MSG_RR' ? 'rr' : 'stream';
  const args = [name, String(seconds), ...(hints ? ['hints'] : [])];
  const text = execFileSync(program, args, { encoding: 'utf8', timeout: seconds * 1000 + 30_000 });
  const { operations, elapsedNs } = JSON.parse(text) as { operations: number; elapsedNs: number };
  return (operations / elapsedNs) * 1e9;
}
