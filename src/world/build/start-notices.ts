/** Says what the start-up check has found, as a card starts: on stderr, a line each, once in a process. */
import type { StartWarning } from '../config/start-check.ts';

const said = new Set<string>();

/** @param write what takes a line; by default stderr does. */
export function sayWarnings(warnings: readonly StartWarning[], write = toStderr): void {
  for (const { text } of warnings) {
    if (said.has(text)) continue;
    said.add(text);
    write(`inic: ${text}\n`);
  }
}

function toStderr(line: string): void {
  process.stderr.write(line);
}
